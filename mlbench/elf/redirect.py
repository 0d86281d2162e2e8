"""An image whose setup() is reached by way of malloc(N): for places where code cannot be stopped and steered.

The calls of ``setup`` are turned to a few instructions of our own in unused flash, which call
``malloc(N)``, and go on to ``setup`` with all arguments and the return address as they were. Where
malloc gives nothing they stay at one address, which can be watched.

Encodings: ARMv7-M Architecture Reference Manual (DDI 0403E), A7.7.12 (B, BL), A7.7.18, A7.7.21.
"""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.elf.image import Image
from mlbench.errors import SketchError

_REACH = 1 << 24
"""BL and B.W reach 16 MiB either way."""
_STUB_BYTES = 24


@dataclass(frozen=True)
class Patch:
    """Bytes to write into memory."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Redirection:
    """An image's calls of setup() turned to malloc(N) first. ``refused`` is where it stays without memory."""

    image: Image
    stub: int
    setup: int
    malloc: int
    calls: tuple[int, ...]

    @property
    def refused(self) -> int:
        """The address of the endless loop that is entered when malloc returned NULL."""
        return self.stub + 18

    def patches(self, size: int) -> tuple[Patch, ...]:
        """What to write for an allocation of ``size`` bytes. The stub takes 8 bytes of stack."""
        at = self.stub
        code = b"".join(
            (
                _half(0xB508),  # push {r3, lr}
                _half(0x4804),  # ldr r0, [pc, #16]: the word at the end
                branch_and_link(at + 4, self.malloc),
                _half(0xB118),  # cbz r0, the endless loop
                _half(0xE8BD) + _half(0x4008),  # pop.w {r3, lr}
                _branch(at + 14, self.setup),
                _half(0xE7FE),  # b .
                size.to_bytes(4, "little"),
            )
        )
        turned = (Patch(call, branch_and_link(call, at)) for call in self.calls)
        return (Patch(at, code), *turned)


def redirect_setup(image: Image, setup: int, malloc: int, flash_end: int) -> Redirection:
    """Find the calls of ``setup`` and room for the stub.

    Args:
        image: the image, with symbols.
        setup: address of the function in whose place malloc is called first.
        malloc: address of malloc.
        flash_end: first address after the board's flash.

    Raises:
        SketchError: setup() is called nowhere by a plain call, or flash is full.
    """
    calls = tuple(find_calls(image, setup))
    if not calls:
        raise SketchError(
            "setup() is not called by name in this image (inlined, or through a pointer)",
            where=str(image.path),
            do="build without link-time optimization, or find its RAM on the embedded emulator",
        )
    top = max(
        (segment.load + len(segment.data) for segment in image.segments if segment.load < flash_end),
        default=0,
    )
    stub = (top + 15) & ~15
    if stub + _STUB_BYTES > flash_end:
        raise SketchError(
            f"flash has no {_STUB_BYTES} bytes left for a probe",
            where=str(image.path),
            do="find its RAM on the embedded emulator",
        )
    return Redirection(image, stub, setup, malloc, calls)


def find_calls(image: Image, target: int) -> list[int]:
    """Addresses of the BL instructions that call ``target``, by the functions' own code."""
    calls = []
    for function in image.functions:
        code = image.read(function.address, function.size)
        offset = 0
        while offset + 2 <= len(code):
            first = int.from_bytes(code[offset : offset + 2], "little")
            if first >> 11 not in (0b11101, 0b11110, 0b11111):
                offset += 2
                continue
            second = int.from_bytes(code[offset + 2 : offset + 4], "little")
            address = function.address + offset
            if (
                first >> 11 == 0b11110
                and second & 0xD000 == 0xD000
                and _target(address, first, second) == target
            ):
                calls.append(address)
            offset += 4
    return sorted(set(calls))


def branch_and_link(address: int, target: int) -> bytes:
    """The BL instruction at ``address`` that calls ``target`` (A7.7.18, encoding T1)."""
    return _encode(address, target, 0xD000)


def _branch(address: int, target: int) -> bytes:
    """B.W (A7.7.12, encoding T4)."""
    return _encode(address, target, 0x9000)


def _encode(address: int, target: int, kind: int) -> bytes:
    offset = (target & ~1) - (address + 4)
    if not -_REACH <= offset < _REACH:
        raise ValueError(f"{target:#x} is out of a branch's reach from {address:#x}")
    sign = offset >> 24 & 1
    j1, j2 = (1 ^ (offset >> 23 & 1) ^ sign), (1 ^ (offset >> 22 & 1) ^ sign)
    first = 0xF000 | sign << 10 | offset >> 12 & 0x3FF
    second = kind | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF
    return _half(first) + _half(second)


def _target(address: int, first: int, second: int) -> int:
    sign = first >> 10 & 1
    i1, i2 = 1 ^ (second >> 13 & 1) ^ sign, 1 ^ (second >> 11 & 1) ^ sign
    offset = (first & 0x3FF) << 12 | (second & 0x7FF) << 1 | i1 << 23 | i2 << 22 | -sign << 24
    return address + 4 + offset & 0xFFFFFFFF


def _half(value: int) -> bytes:
    return value.to_bytes(2, "little")

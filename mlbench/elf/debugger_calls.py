"""Whether firmware asks a debugger for something: semihosting (Arm, "Semihosting for AArch32 and AArch64").

On a Cortex-M the call is the instruction BKPT 0xAB, with the number of the operation in r0.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlbench.elf.image import Image

_CALL = b"\xab\xbe"
_BX_LR = b"\x70\x47"
_OPERATIONS = frozenset({*range(0x01, 0x0A), 0x0A, 0x0C, *range(0x0D, 0x17), 0x18, 0x20, 0x30, 0x31})
_BEFORE = 24
"""Bytes in front of a call in which r0 gets the number of the operation."""


def calls_debugger(image: Image) -> bool:
    """Whether a semihosting call is among the image's instructions.

    With symbols these are known. Without, the bytes may be data as well, such as a model's weights: a call
    counts where r0 is set in front of it, or where it is all that a function does.
    """
    return any(
        _in_function(image, address, code, at) if image.functions else _looks_like_code(code, at)
        for address, code in _code(image)
        for at in _places(code)
    )


def _code(image: Image) -> Iterator[tuple[int, bytes]]:
    sections = [s for s in image.sections if s.allocated and s.executable and s.has_bytes]
    if sections:
        yield from ((section.address, image.contents(section)) for section in sections)
    else:
        yield from image.programmed


def _places(code: bytes) -> Iterator[int]:
    at = code.find(_CALL)
    while at >= 0:
        if at % 2 == 0:
            yield at
        at = code.find(_CALL, at + 1)


def _in_function(image: Image, address: int, code: bytes, at: int) -> bool:
    """Whether the halfword is an instruction of a function, and not the second half of one."""
    function = image.function_at(address + at)
    if function is None or function.address < address:
        return False
    place = function.address - address
    while place < at:
        # Instructions of two halfwords begin with 0b11101, 0b11110 or 0b11111 (DDI 0403E, A5.1).
        place += 4 if code[place + 1] >> 3 >= 0b11101 else 2
    return place == at


def _looks_like_code(code: bytes, at: int) -> bool:
    if code[at + 2 : at + 4] == _BX_LR:
        return True
    halves = (code[n : n + 2] for n in range(max(at % 2, at - _BEFORE), at, 2))
    # MOVS r0, #operation, or MOV r0, rm.
    return any(
        (high == 0x20 and low in _OPERATIONS) or (high == 0x46 and low & 0x87 == 0) for low, high in halves
    )

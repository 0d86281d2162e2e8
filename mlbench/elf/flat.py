"""What is programmed into flash, as the files that tools which program it take: flat, and Intel HEX."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from mlbench.elf.image import Image
from mlbench.errors import SketchError

ERASED = 0xFF
"""What flash holds where nothing was written (nRF52840 Product Specification v1.7, section 4.3)."""
_MOST_BYTES = 64 << 20
_LINE = 16
_DATA, _END, _UPPER, _START = 0, 1, 4, 5
"""Types of records: Intel Hexadecimal Object File Format Specification, revision A."""


class _Flash(Protocol):
    """A range of addresses."""

    def holds(self, address: int) -> bool:
        """Whether an address lies in it."""


def write_artifacts(image: Image, elf: Path, flash: _Flash) -> None:
    """Write what uploaders take beside the ELF file: flat, as far as it goes into ``flash``, and Intel HEX.

    Raises:
        SketchError: as ``flat_binary``.
        OSError: nothing can be written there.
    """
    elf.with_suffix(".bin").write_bytes(flat_binary(image, flash))
    elf.with_suffix(".hex").write_text(intel_hex(image), encoding="ascii")


def flat_binary(image: Image, flash: _Flash | None = None) -> bytes:
    """From the first byte that is programmed to the last, as ``objcopy -O binary --gap-fill 0xff``.

    With ``flash``, of what begins in it alone, where something does: words of UICR lie far away.

    Raises:
        SketchError: nothing is programmed, or it lies too far apart.
    """
    parts = image.programmed
    if flash is not None:
        parts = tuple(part for part in parts if flash.holds(part[0])) or parts
    if not parts:
        raise SketchError("holds nothing to program", where=str(image.path), do="build it anew")
    first = parts[0][0]
    size = max(address + len(data) for address, data in parts) - first
    if size > _MOST_BYTES:
        what = f"what is programmed spans {size:,} bytes from {first:#x}"
        raise SketchError(what, where=str(image.path), do="upload {hex} or {elf} instead of {bin}")
    flat = bytearray([ERASED]) * size
    for address, data in parts:
        flat[address - first : address - first + len(data)] = data
    return bytes(flat)


def intel_hex(image: Image) -> str:
    """The same as lines of Intel HEX, which say where each byte goes; nothing is said of gaps."""
    return "".join(f":{record.hex().upper()}\n" for record in _records(image))


def _records(image: Image) -> Iterator[bytes]:
    upper = 0
    for address, data in image.programmed:
        at = 0
        while at < len(data):
            start = address + at
            if start >> 16 != upper:
                upper = start >> 16
                yield _record(_UPPER, 0, upper.to_bytes(2, "big"))
            # No record runs over the end of its 64 KiB.
            size = min(_LINE, len(data) - at, 0x10000 - (start & 0xFFFF))
            yield _record(_DATA, start & 0xFFFF, data[at : at + size])
            at += size
    yield _record(_START, 0, (image.entry | 1).to_bytes(4, "big"))
    yield _record(_END, 0, b"")


def _record(kind: int, offset: int, data: bytes) -> bytes:
    record = bytes([len(data)]) + offset.to_bytes(2, "big") + bytes([kind]) + data
    return record + bytes([-sum(record) & 0xFF])

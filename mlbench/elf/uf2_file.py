"""UF2, in which bootloaders that are a drive take firmware (microsoft/uf2, README.md, "File format")."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mlbench.elf.pieces import ImagePiece
from mlbench.errors import UsageError

MAGIC = b"UF2\nWQ]\x9e"
_END_MAGIC = 0x0AB16F30
_BLOCK, _MOST_DATA = 512, 476
_HEADER = struct.Struct("<8s6I")
_NOT_FLASH, _CONTAINER, _HAS_FAMILY = 0x1, 0x1000, 0x2000
_NAMES = {
    0x1B57745F: "NRF52",
    0x1C5F21B0: "ESP32",
    0x57755A57: "STM32F4",
    0x55114460: "SAMD51",
    0x621E937A: "NRF52833",
    0x68ED2B88: "SAMD21",
    0x6DB66082: "STM32H7",
    0xADA52840: "NRF52840",
    0xE48BFF56: "RP2040",
}
"""Some families, for messages (microsoft/uf2, utils/uf2families.json)."""
_AGAIN = "copy or build it again"


@dataclass(frozen=True)
class _Block:
    """One block. ``family`` is 0 where it names none; ``stored``: in flash, and not a remark beside it."""

    number: int
    count: int
    family: int
    address: int
    data: bytes
    stored: bool


def read_uf2(data: bytes, file: Path, families: Collection[int] | None = None) -> list[ImagePiece]:
    """What a file programs to a chip.

    Args:
        data: the file's contents.
        file: its name.
        families: those of the chip. A block of another family is for another chip, and passed over, as a
            bootloader does; None takes any, but not two.

    Raises:
        UsageError: a block is damaged or missing, or all are for other chips.
    """
    by_family: dict[int, list[_Block]] = {}
    for block in _blocks(data, file):
        by_family.setdefault(block.family, []).append(block)
    if not by_family:
        raise UsageError("has no block for flash", where=str(file), do=_AGAIN)
    wanted = list(by_family) if families is None else [f for f in by_family if not f or f in families]
    if not wanted:
        others = ", ".join(_name(family) for family in by_family)
        known = " or ".join(_name(family) for family in families or ())
        what = f"is for the UF2 family {others}, which this chip does not belong to"
        raise UsageError(what, where=str(file), do=f"give one for {known}" if known else "name its board")
    if len(wanted) > 1 and families is None:
        what = f"is for several UF2 families ({', '.join(_name(family) for family in wanted)})"
        raise UsageError(what, where=str(file), do="give one for the board's chip")
    pieces = []
    for family in wanted:
        pieces += _whole(by_family[family], file)
    return pieces


def _name(family: int) -> str:
    return f"{family:#010x} ({_NAMES[family]})" if family in _NAMES else f"{family:#010x}"


def _blocks(data: bytes, file: Path) -> Iterator[_Block]:
    if len(data) % _BLOCK:
        what = f"ends within block {len(data) // _BLOCK}: UF2 files have blocks of {_BLOCK} bytes"
        raise UsageError(what, where=str(file), do=_AGAIN)
    for at in range(0, len(data), _BLOCK):
        index = at // _BLOCK
        magic, flags, address, size, number, count, family = _HEADER.unpack_from(data, at)
        if magic != MAGIC or int.from_bytes(data[at + _BLOCK - 4 : at + _BLOCK], "little") != _END_MAGIC:
            raise UsageError(f"block {index} is no UF2 block", where=str(file), do=_AGAIN)
        if flags & _CONTAINER:
            do = "give firmware for the chip's flash"
            raise UsageError(f"block {index} is of a file, not of flash", where=str(file), do=do)
        if size > _MOST_DATA or number >= count or address + size > 1 << 32:
            raise UsageError(f"the header of block {index} is damaged", where=str(file), do=_AGAIN)
        start = at + _HEADER.size
        family = family if flags & _HAS_FAMILY else 0
        content = data[start : start + size]
        yield _Block(number, count, family, address, content, not flags & _NOT_FLASH)


def _whole(blocks: list[_Block], file: Path) -> list[ImagePiece]:
    """The blocks of one family, of which each must be there, once."""
    count = blocks[0].count
    numbers: set[int] = set()
    for block in blocks:
        if block.count != count:
            what = f"some blocks are of {count} and some of {block.count}"
            raise UsageError(what, where=str(file), do=_AGAIN)
        if block.number in numbers:
            raise UsageError(f"block {block.number} of {count} is there twice", where=str(file), do=_AGAIN)
        numbers.add(block.number)
    if len(numbers) < count:
        missing = next(number for number in range(count) if number not in numbers)
        more = count - len(numbers) - 1
        others = f", and {more:,} more" if more else ""
        raise UsageError(f"block {missing} of {count} is missing{others}", where=str(file), do=_AGAIN)
    return [ImagePiece(block.address, block.data, file) for block in blocks if block.stored]

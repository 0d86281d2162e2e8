"""Call frame information: how to find a function's caller from any of its instructions.

Sections .debug_frame and .eh_frame (DWARF 5, section 6.4; Linux Standard Base 5.0, chapter 10.6).
Only the entry that covers an address is ever interpreted; the headers of all are scanned once.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from mlbench.elf.reader import Reader

if TYPE_CHECKING:
    from mlbench.elf.image import Image

_MOST_REGISTERS = 4096
_MOST_REMEMBERED = 64
_MOST_ENTRIES = 200_000


@dataclass
class UnwindRow:
    """How to restore the caller's registers at one address.

    The canonical frame address is ``registers[cfa_register] + cfa_offset``. ``saved`` maps a register
    to the distance of its slot from that address; ``undefined`` are lost (a return address among them
    ends the chain); ``moved`` maps a register to the one that holds it.
    """

    return_register: int = 14
    cfa_register: int = 13
    cfa_offset: int = 0
    saved: dict[int, int] = field(default_factory=dict)
    undefined: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    signal: bool = False

    def copy(self) -> UnwindRow:
        """The same rules, apart from these."""
        return UnwindRow(
            self.return_register,
            self.cfa_register,
            self.cfa_offset,
            dict(self.saved),
            set(self.undefined),
            dict(self.moved),
            self.signal,
        )


@dataclass(frozen=True)
class _Common:
    code_factor: int
    data_factor: int
    return_register: int
    augmentation: str
    encoding: int
    begin: int
    end: int


@dataclass(frozen=True)
class _Entry:
    low: int
    high: int
    common: _Common
    begin: int
    end: int


class Unsupported(Exception):
    """An entry uses an expression or an instruction that gcc does not emit for ARM."""


class FrameInfo:
    """The call frame information of one image."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def row(self, address: int) -> UnwindRow | None:
        """The rules at ``address``; None where the image has none (or none that can be followed)."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self._entries[index][1].high:
            return None
        data, entry = self._entries[index]
        try:
            return _interpret(data, entry, address)
        except (Unsupported, IndexError, struct.error):
            return None

    @cached_property
    def _starts(self) -> list[int]:
        return [entry.low for _, entry in self._entries]

    @cached_property
    def _entries(self) -> list[tuple[bytes, _Entry]]:
        entries: list[tuple[bytes, _Entry]] = []
        for name in (".eh_frame", ".debug_frame"):
            section = self._image.section(name)
            if section is not None:
                data = self._image.contents(section)
                base = section.address if name == ".eh_frame" else None
                entries += [(data, entry) for entry in _scan(data, base) if self._image.is_code(entry.low)]
        # The linker leaves entries of dropped functions at address 0: there only a real function counts.
        real = {function.address for function in self._image.functions[:1]}
        linked = [item for item in entries if item[1].low or 0 in real]
        return sorted(linked, key=lambda item: item[1].low)


def _scan(data: bytes, eh_base: int | None) -> list[_Entry]:
    """The entries of one section; the whole ones before the first damage."""
    commons: dict[int, _Common | None] = {}
    entries: list[_Entry] = []
    at = 0
    cie_id = 0xFFFF_FFFF if eh_base is None else 0
    while at + 8 <= len(data) and len(entries) < _MOST_ENTRIES:
        length, pointer = struct.unpack_from("<II", data, at)
        end = at + 4 + length
        # 0xFFFFFFFF would begin the 64-bit format, which no 32-bit toolchain writes.
        if length == 0 or end > len(data):
            if length == 0 and eh_base is not None:
                at += 4
                continue
            break
        if pointer != cie_id:
            target = pointer if eh_base is None else at + 4 - pointer
            try:
                if target not in commons:
                    commons[target] = _common(data, target, eh_base is not None)
                common = commons[target]
                if common is not None:
                    entries.append(_entry(data, at + 8, end, common, eh_base))
            except (IndexError, struct.error, Unsupported):
                pass
        at = end
    return entries


def _common(data: bytes, at: int, eh: bool) -> _Common | None:
    if not 0 <= at <= len(data) - 9:
        return None
    end = at + 4 + struct.unpack_from("<I", data, at)[0]
    if end > len(data):
        return None
    reader = Reader(data, at + 8, end)
    version = reader.byte()
    augmentation = reader.text()
    if version >= 4 and not eh:
        reader.number(2)  # sizes of an address and of a segment selector
    code_factor, data_factor = reader.uleb(), reader.sleb()
    return_register = reader.byte() if version == 1 else reader.uleb()
    encoding = 0
    if augmentation.startswith("z"):
        after = reader.uleb() + reader.at
        for letter in augmentation[1:]:
            if letter == "R":
                encoding = reader.byte()
            elif letter == "L":
                reader.byte()
            elif letter == "P":
                reader.number(4 if reader.byte() & 0x0F in (0, 3, 0xB) else 8)
        reader.at = after
    elif augmentation:
        raise Unsupported
    return _Common(code_factor, data_factor, return_register, augmentation, encoding, reader.at, end)


def _entry(data: bytes, at: int, end: int, common: _Common, eh_base: int | None) -> _Entry:
    reader = Reader(data, at, end)
    low = reader.number(4)
    size = reader.number(4)
    if eh_base is not None and common.encoding & 0x70 == 0x10:  # relative to the field itself
        low = (low + eh_base + at) & 0xFFFF_FFFF
    elif common.encoding & 0x7F not in (0, 3, 0x0B):
        raise Unsupported
    if common.augmentation.startswith("z"):
        after = reader.uleb()
        reader.at += after
    return _Entry(low & ~1, (low & ~1) + size, common, reader.at, end)


def _interpret(data: bytes, entry: _Entry, address: int) -> UnwindRow:
    common = entry.common
    row = UnwindRow(return_register=common.return_register, signal="S" in common.augmentation)
    _run(Reader(data, common.begin, common.end), common, row, None, 0, (1 << 32))
    initial = row.copy()
    _run(Reader(data, entry.begin, entry.end), common, row, initial, entry.low, address)
    return row


def _run(
    reader: Reader, common: _Common, row: UnwindRow, initial: UnwindRow | None, location: int, address: int
) -> None:
    """Follow instructions until they pass ``address`` (DWARF 5, section 6.4.2)."""
    stack: list[UnwindRow] = []
    while reader.at < reader.end:
        byte = reader.byte()
        operation, operand = byte & 0xC0, byte & 0x3F
        if operation == 0x40 or byte in (0x01, 0x02, 0x03, 0x04):
            if byte == 0x01:  # set_loc
                location = reader.number(4)
            else:
                delta = operand if operation else reader.number(1 << (byte - 2))
                location += delta * common.code_factor
            if location > address:
                return
        elif operation == 0x80:  # offset
            _save(row, operand, reader.uleb() * common.data_factor)
        elif operation == 0xC0 or byte == 0x06:  # restore, restore_extended
            _restore(row, initial, operand if operation else reader.uleb())
        elif byte == 0x0A:  # remember_state
            if len(stack) == _MOST_REMEMBERED:
                raise Unsupported
            stack.append(row.copy())
        elif byte == 0x0B:  # restore_state
            if not stack:
                raise Unsupported
            _become(row, stack.pop())
        else:
            _rule(reader, common, row, byte)


def _rule(reader: Reader, common: _Common, row: UnwindRow, byte: int) -> None:
    if byte == 0x00:  # nop
        return
    if byte == 0x0C:  # def_cfa
        row.cfa_register, row.cfa_offset = reader.uleb(), reader.uleb()
    elif byte == 0x12:  # def_cfa_sf
        row.cfa_register, row.cfa_offset = reader.uleb(), reader.sleb() * common.data_factor
    elif byte == 0x0D:  # def_cfa_register
        row.cfa_register = reader.uleb()
    elif byte == 0x0E:  # def_cfa_offset
        row.cfa_offset = reader.uleb()
    elif byte == 0x13:  # def_cfa_offset_sf
        row.cfa_offset = reader.sleb() * common.data_factor
    elif byte == 0x05:  # offset_extended
        _save(row, reader.uleb(), reader.uleb() * common.data_factor)
    elif byte == 0x11:  # offset_extended_sf
        _save(row, reader.uleb(), reader.sleb() * common.data_factor)
    elif byte == 0x07:  # undefined
        _forget(row, register := reader.uleb())
        row.undefined.add(register)
    elif byte == 0x08:  # same_value
        _forget(row, reader.uleb())
    elif byte == 0x09:  # register
        _forget(row, register := reader.uleb())
        row.moved[register] = reader.uleb()
    elif byte == 0x2E:  # GNU_args_size
        reader.uleb()
    else:  # expressions, and what is not known
        raise Unsupported


def _forget(row: UnwindRow, register: int) -> None:
    if len(row.saved) + len(row.moved) + len(row.undefined) > _MOST_REGISTERS:
        raise Unsupported
    row.saved.pop(register, None)
    row.moved.pop(register, None)
    row.undefined.discard(register)


def _save(row: UnwindRow, register: int, offset: int) -> None:
    _forget(row, register)
    row.saved[register] = offset


def _restore(row: UnwindRow, initial: UnwindRow | None, register: int) -> None:
    _forget(row, register)
    if initial is not None and register in initial.saved:
        row.saved[register] = initial.saved[register]


def _become(row: UnwindRow, other: UnwindRow) -> None:
    row.cfa_register, row.cfa_offset = other.cfa_register, other.cfa_offset
    row.saved, row.undefined, row.moved = other.saved, other.undefined, other.moved

"""A sketch's own ELF file as a loader takes it: relocatable, or linked for fixed addresses.

Layouts are those of ``headers``; relocations are of "ELF for the Arm Architecture" (IHI 0044, section 5.6).
Every offset is checked against the file before it is used.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from mlbench.elf.headers import (
    EM_ARM,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_WRITE,
    SHT_NOBITS,
    SHT_PROGBITS,
    SHT_STRTAB,
    SHT_SYMTAB,
    Strings,
)
from mlbench.elf.symbols import ENTRY, MOST_SYMBOLS
from mlbench.errors import SketchError

SHT_REL = 9
SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY = 14, 15, 16
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
STB_LOCAL, STB_GLOBAL = 0, 1
STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE = 1, 2, 3, 4
R_ARM_NONE, R_ARM_ABS32, R_ARM_TARGET1 = 0, 2, 38
ET_REL, ET_EXEC = 1, 2
_EHDR, _SHDR, _REL = struct.Struct("<16sHHIIIIIHHHHHH"), struct.Struct("<10I"), struct.Struct("<2I")
_MOST_SECTIONS = 4096
_MOST_RELOCATIONS = 2_000_000


@dataclass(frozen=True)
class ObjectSection:
    """One section, as its header has it; ``index`` is its number in the file."""

    index: int
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int

    @property
    def allocated(self) -> bool:
        """Whether it takes memory on the target."""
        return bool(self.flags & SHF_ALLOC) and self.size > 0

    @property
    def has_bytes(self) -> bool:
        """Whether the file holds its contents."""
        return self.type != SHT_NOBITS

    @property
    def executable(self) -> bool:
        """Whether it holds instructions."""
        return bool(self.flags & SHF_EXECINSTR)

    @property
    def writable(self) -> bool:
        """Whether the firmware may write it."""
        return bool(self.flags & SHF_WRITE)


@dataclass(frozen=True)
class ObjectSymbol:
    """One entry of the symbol table. ``section`` is a section's number, or one of the SHN values."""

    name: str
    value: int
    size: int
    info: int
    other: int
    section: int

    @property
    def type(self) -> int:
        """``STT_FUNC`` and its like."""
        return self.info & 15

    @property
    def binding(self) -> int:
        """``STB_LOCAL`` and its like."""
        return self.info >> 4


@dataclass(frozen=True)
class Relocation:
    """A place in a section that a symbol's address goes to; ``symbol`` is its number in the table."""

    offset: int
    type: int
    symbol: int


class ObjectFile:
    """A parsed file.

    Raises:
        SketchError: it is no 32-bit little-endian ARM file, or a table lies outside of it.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self._where = data, where
        if data[:4] != b"\x7fELF" or len(data) < _EHDR.size or data[4:6] != b"\1\1":
            raise SketchError("is not a 32-bit little-endian ELF file", where=where, do="build it again")
        fields = _EHDR.unpack_from(data)
        self.type: int = fields[1]
        machine, shoff = fields[2], fields[6]
        if machine != EM_ARM or self.type not in (ET_REL, ET_EXEC):
            what = f"is neither relocatable nor executable ARM code (type {self.type}, machine {machine})"
            raise SketchError(what, where=where, do="build it again")
        self.sections = self._read_sections(shoff, *fields[11:14])
        table = next((s for s in self.sections if s.type == SHT_SYMTAB), None)
        self.symbols = self._read_symbols(table) if table is not None else ()

    @property
    def relocatable(self) -> bool:
        """Whether a loader gives its sections their addresses."""
        return self.type == ET_REL

    def contents(self, section: ObjectSection) -> bytes:
        """The bytes of a section; none for a section like .bss."""
        return self.data[section.offset : section.offset + section.size] if section.has_bytes else b""

    def section(self, name: str) -> ObjectSection | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    @property
    def allocated(self) -> tuple[ObjectSection, ...]:
        """The sections that take memory."""
        return tuple(section for section in self.sections if section.allocated)

    @cached_property
    def relocations(self) -> dict[int, tuple[Relocation, ...]]:
        """What is to be relocated in each section, by the section's number."""
        known: dict[int, tuple[Relocation, ...]] = {}
        total = 0
        for table in self.sections:
            if table.type != SHT_REL or table.info >= len(self.sections):
                continue
            content = self.contents(table)
            content = content[: len(content) - len(content) % _REL.size]
            total += len(content) // _REL.size
            if total > _MOST_RELOCATIONS:
                raise self._damaged("it has too many relocations")
            entries = tuple(
                Relocation(offset, info & 0xFF, info >> 8) for offset, info in _REL.iter_unpack(content)
            )
            if any(entry.symbol >= len(self.symbols) for entry in entries):
                raise self._damaged(f"{table.name} names a symbol that is not there")
            known[table.info] = known.get(table.info, ()) + entries
        return known

    def undefined(self) -> tuple[str, ...]:
        """Names that relocations of loaded sections need from elsewhere, sorted."""
        names = set()
        for section in self.allocated:
            for entry in self.relocations.get(section.index, ()):
                symbol = self.symbols[entry.symbol]
                if symbol.section == SHN_UNDEF and symbol.name and entry.type != R_ARM_NONE:
                    names.add(symbol.name)
        return tuple(sorted(names))

    def _damaged(self, detail: str) -> SketchError:
        return SketchError(f"is damaged: {detail}", where=self._where, do="build it again")

    def _read_sections(self, offset: int, entry: int, count: int, names: int) -> tuple[ObjectSection, ...]:
        data = self.data
        if count > _MOST_SECTIONS or (count and entry < _SHDR.size) or offset + entry * count > len(data):
            raise self._damaged("its table of sections lies outside of it")
        rows = [_SHDR.unpack_from(data, offset + index * entry) for index in range(count)]
        for row in rows:
            if row[1] not in (0, SHT_NOBITS) and row[4] + row[5] > len(data):
                raise self._damaged("a section lies outside of it")
        table = data[rows[names][4] : rows[names][4] + rows[names][5]] if 0 < names < count else b""
        strings = Strings(table, self._where)
        return tuple(ObjectSection(index, strings.at(row[0]), *row[1:]) for index, row in enumerate(rows))

    def _read_symbols(self, table: ObjectSection) -> tuple[ObjectSymbol, ...]:
        strings = self.sections[table.link] if table.link < len(self.sections) else None
        if strings is None or strings.type != SHT_STRTAB:
            raise self._damaged("its symbols have no names")
        content = self.contents(table)
        if len(content) > MOST_SYMBOLS * ENTRY.size:
            raise self._damaged(f"it has more than {MOST_SYMBOLS:,} symbols")
        names = Strings(self.contents(strings), self._where)
        whole = content[: len(content) - len(content) % ENTRY.size]
        return tuple(
            ObjectSymbol(names.at(name), value, size, info, other, section)
            for name, value, size, info, other, section in ENTRY.iter_unpack(whole)
        )


def is_array(section: ObjectSection) -> bool:
    """Whether it is a table of constructors or destructors."""
    return section.type in (SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY)


def is_plain(section: ObjectSection) -> bool:
    """Whether it holds code or data that the program itself defined."""
    return section.type in (SHT_PROGBITS, SHT_NOBITS)

"""The tables at the front of an ELF file: header, program headers, section headers.

Layouts are those of the System V ABI, edition 4.1, chapters 4 and 5, in their 32-bit little-endian
form, and "ELF for the Arm Architecture" (IHI 0044). They are read here with ``struct``, and not by a
library, because every offset in the file is checked against its length before anything else looks
at it: a damaged file then ends in one SketchError, whatever its bytes are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mlbench.errors import SketchError

PT_LOAD = 1
SHT_PROGBITS = 1
SHT_SYMTAB = 2
SHT_STRTAB = 3
SHT_NOBITS = 8
SHF_WRITE = 1
SHF_ALLOC = 2
SHF_EXECINSTR = 4
SHF_TLS = 0x400
PF_X = 1
PF_W = 2

EM_ARM, EM_AVR, EM_XTENSA, EM_RISCV = 40, 83, 94, 243
_SIZED = (EM_ARM, EM_AVR, EM_XTENSA, EM_RISCV)
"""Machines of boards: of all but ARM only sizes and names are read."""
_ET_EXEC = 2
_EHDR = struct.Struct("<16sHHIIIIIHHHHHH")
_PHDR = struct.Struct("<8I")
_SHDR = struct.Struct("<10I")
_ADDRESS_SPACE = 1 << 32
_LONGEST_NAME = 1 << 16
_MOST_SECTIONS, _MOST_SEGMENTS = 4096, 256
"""Firmware has some dozens, and a handful."""
_MOST_SPARE_TEXT = 16 << 20

_MACHINES = {
    EM_ARM: "ARM",
    EM_AVR: "AVR",
    2: "SPARC",
    3: "x86",
    8: "MIPS",
    20: "PowerPC",
    62: "x86-64",
    EM_XTENSA: "Xtensa",
    105: "MSP430",
    183: "AArch64",
    EM_RISCV: "RISC-V",
    258: "LoongArch",
}
_TYPES = {
    1: ("a relocatable object file", "link it, and give the .elf that the linker wrote"),
    3: ("a shared object", "give a statically linked firmware image"),
    4: ("a core dump", "give the firmware's .elf"),
}
_LOOKALIKES = (
    (b"!<arch>\n", "an archive of object files", "give the .elf that the linker wrote"),
    (b"UF2\n", "a UF2 image", "give the .elf it was made from"),
    (b"\x7fCGC", "a CGC binary", "give the firmware's .elf"),
    (b"MZ", "a Windows program", "give the firmware's .elf"),
    (b"PK\x03\x04", "a zip archive", "unpack it, and give the .elf inside"),
    (b"\x1f\x8b", "gzip data", "unpack it, and give the .elf inside"),
)


@dataclass(frozen=True)
class Section:
    """One section of the image. ``offset`` is where its bytes are in the file (none for NOBITS)."""

    name: str
    address: int
    size: int
    type: int
    flags: int
    offset: int
    link: int = 0

    @property
    def allocated(self) -> bool:
        """Whether it takes memory on the target."""
        return bool(self.flags & SHF_ALLOC)

    @property
    def writable(self) -> bool:
        """Whether the firmware may write it."""
        return bool(self.flags & SHF_WRITE)

    @property
    def executable(self) -> bool:
        """Whether it holds instructions."""
        return bool(self.flags & SHF_EXECINSTR)

    @property
    def thread_local(self) -> bool:
        """Whether it is the template of each thread's variables, and takes no memory where it stands."""
        return bool(self.flags & SHF_TLS)

    @property
    def has_bytes(self) -> bool:
        """Whether the file holds its contents (.bss and its like have none)."""
        return self.type != SHT_NOBITS

    @property
    def end(self) -> int:
        """The address after its last byte."""
        return self.address + self.size


@dataclass(frozen=True)
class ProgramHeader:
    """One PT_LOAD entry, as it stands in the file."""

    offset: int
    address: int
    load: int
    file_size: int
    memory_size: int
    flags: int


@dataclass(frozen=True)
class Tables:
    """What the front of the file says."""

    entry: int
    loads: tuple[ProgramHeader, ...]
    sections: tuple[Section, ...]
    machine: int = EM_ARM


def read_tables(data: bytes, where: str) -> Tables:
    """Check that ``data`` is a whole executable of a board's 32-bit little-endian machine; read its tables.

    Raises:
        SketchError: it is something else, or a table, segment or section lies outside the file.
    """
    if data[:4] != b"\x7fELF":
        raise _not_elf(data, where)
    if len(data) < 20:
        raise _truncated(where, "its header is cut off")
    _check_identity(data, where)
    if len(data) < _EHDR.size:
        raise _truncated(where, "its header is cut off")
    (_, _, _, _, entry, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, shstrndx) = _EHDR.unpack_from(
        data
    )
    loads = _loads(data, where, phoff, phentsize, phnum)
    sections = _sections(data, where, shoff, shentsize, shnum, shstrndx)
    if not loads:
        raise SketchError(
            "has no loadable segment, so there is nothing to run", where=where, do="link it again"
        )
    return Tables(entry, loads, sections, int.from_bytes(data[18:20], "little"))


class Strings:
    """A string table that is asked for many names.

    Names may share their ends, so that a table of a MiB can hold names of many GiB: such a one is refused.
    """

    def __init__(self, table: bytes, where: str) -> None:
        self._table = table
        self._where = where
        self._left = 4 * len(table) + _MOST_SPARE_TEXT
        self._known: dict[int, str] = {}

    def at(self, offset: int) -> str:
        """The text at ``offset``; empty when outside.

        Raises:
            SketchError: all names asked for are longer than a linker makes them.
        """
        text = self._known.get(offset)
        if text is None:
            text = self._known[offset] = string_at(self._table, offset)
            self._left -= len(text)
            if self._left < 0:
                raise _truncated(self._where, "its names are longer than their table")
        return text


def machine_name(machine: int) -> str:
    """What a machine of the ELF header is called."""
    return _MACHINES.get(machine, f"machine number {machine}")


def string_at(table: bytes, offset: int) -> str:
    """The NUL-terminated text at ``offset`` of a string table; empty when outside."""
    end = table.find(b"\0", offset, offset + _LONGEST_NAME)
    return printable(table[offset : end if end >= 0 else offset + _LONGEST_NAME])


def printable(name: bytes) -> str:
    """A name from the file for messages: they stay one line, and no byte of it acts on a terminal."""
    text = name.decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _not_elf(data: bytes, where: str) -> SketchError:
    if not data:
        return SketchError("is empty", where=where, do="build the firmware again")
    for magic, what, do in _LOOKALIKES:
        if data.startswith(magic):
            return SketchError(f"is {what}, not an ELF file", where=where, do=do)
    if data[:1] == b":" and all(byte in b"0123456789ABCDEFabcdef" for byte in data[1:9]):
        return SketchError(
            "is an Intel HEX file, not an ELF file", where=where, do="give the .elf it was made from"
        )
    return SketchError("is not an ELF file", where=where, do="give the .elf that the linker wrote")


def _truncated(where: str, detail: str) -> SketchError:
    return SketchError(f"is truncated or damaged: {detail}", where=where, do="build or copy it again")


def _check_identity(data: bytes, where: str) -> None:
    e_type, machine = struct.unpack_from(">HH" if data[5] == 2 else "<HH", data, 16)
    if machine not in _SIZED:
        raise SketchError(
            f"is built for {machine_name(machine)}, not for a 32-bit ARM",
            where=where,
            do="give an image for the board's Cortex-M",
        )
    if data[4] != 1:
        raise SketchError(
            "is a 64-bit ELF file, a Cortex-M runs 32-bit ones",
            where=where,
            do="give an image for the board's Cortex-M",
        )
    if data[5] != 1:
        raise SketchError(
            "is big-endian, the boards' ARM is little-endian", where=where, do="build it with -mlittle-endian"
        )
    if e_type != _ET_EXEC:
        what, do = _TYPES.get(e_type, (f"an ELF file of type {e_type}", "give the firmware's .elf"))
        raise SketchError(f"is {what}, not an executable image", where=where, do=do)


def _loads(data: bytes, where: str, offset: int, entry_size: int, count: int) -> tuple[ProgramHeader, ...]:
    _check_table(data, where, "program header", offset, entry_size, count, _PHDR.size)
    if count > _MOST_SEGMENTS:
        raise _truncated(where, f"it has {count} segments, more than {_MOST_SEGMENTS}")
    segments = []
    for index in range(count):
        kind, start, address, load, file_size, memory_size, flags, _ = _PHDR.unpack_from(
            data, offset + index * entry_size
        )
        if kind != PT_LOAD or memory_size == 0:
            continue
        if start + file_size > len(data):
            raise _truncated(where, f"segment {index} ends at byte {start + file_size} of {len(data)}")
        if file_size > memory_size:
            raise _truncated(where, f"segment {index} holds more bytes than it has memory")
        if max(address, load) + memory_size > _ADDRESS_SPACE:
            raise _truncated(where, f"segment {index} ends beyond the address space")
        segments.append(ProgramHeader(start, address, load, file_size, memory_size, flags))
    _check_shared(data, where, "segments", sum(load.file_size for load in segments))
    return tuple(segments)


def _sections(
    data: bytes, where: str, offset: int, entry_size: int, count: int, names: int
) -> tuple[Section, ...]:
    _check_table(data, where, "section header", offset, entry_size, count, _SHDR.size)
    if count > _MOST_SECTIONS:
        raise _truncated(where, f"it has {count} sections, more than {_MOST_SECTIONS}")
    rows = [_SHDR.unpack_from(data, offset + index * entry_size) for index in range(count)]
    for index, row in enumerate(rows):
        kind, start, size = row[1], row[4], row[5]
        if kind not in (0, SHT_NOBITS) and start + size > len(data):
            raise _truncated(where, f"section {index} ends at byte {start + size} of {len(data)}")
    table = data[rows[names][4] : rows[names][4] + rows[names][5]] if 0 < names < count else b""
    loaded = sum(row[5] for row in rows if row[2] & SHF_ALLOC and row[1] not in (0, SHT_NOBITS))
    _check_shared(data, where, "sections", loaded)
    strings = Strings(table, where)
    return tuple(
        Section(strings.at(name), address, size, kind, flags, start, link)
        for name, kind, flags, address, start, size, link, _, _, _ in rows
    )


def _check_shared(data: bytes, where: str, what: str, size: int) -> None:
    """Refuse an image whose parts are the same bytes again and again: it would take many times its size."""
    if size > 2 * len(data):
        raise _truncated(where, f"its {what} have {size} bytes together, the file has {len(data)}")


def _check_table(
    data: bytes, where: str, what: str, offset: int, entry_size: int, count: int, least: int
) -> None:
    if count == 0:
        return
    if entry_size < least:
        raise _truncated(where, f"a {what} of {entry_size} bytes is too small")
    if offset + entry_size * count > len(data):
        raise _truncated(where, f"the {what} table ends at byte {offset + entry_size * count} of {len(data)}")

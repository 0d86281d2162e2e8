"""Objects and archives whose functions and data begin on lines of their own when they are linked.

Where a linker puts a section follows from its alignment, which is one number of its header (System V ABI,
"Sections", sh_addralign). To raise it is all that it takes, for any linker, script, and order of files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

LINE_BYTES = 16
"""A line of the instruction cache; no bus and no buffer of flash is wider."""

_WORD = 4
_IN_FLASH = (".text", ".rodata", ".gnu.linkonce.t", ".gnu.linkonce.r")
_IN_RAM = (".data", ".bss", ".gnu.linkonce.d", ".gnu.linkonce.b", ".ramfunc", ".fastrun")
"""Sections of one function or object each. What start-up code or a linker script walks as a table, such as
``.init``, ``.init_array``, ``.ARM.exidx`` and vectors, has a name of its own."""
_LTO = ".gnu.lto_"

_MAGIC, _THIN, _ELF32_LITTLE = b"!<arch>\n", b"!<thin>\n", b"\x7fELF\x01\x01"
_MEMBER = struct.Struct("16s 12s 6s 6s 8s 10s 2s")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
_ALLOCATED, _MERGED, _STRINGS = 0x2, 0x10, 0x20
_SYMTAB, _NOBITS, _FUNCTION, _COMMON = 2, 8, 2, 0xFFF2


class CannotAlign(Exception):
    """An object cannot be laid out anew; says why."""


class _Section(NamedTuple):
    header: int
    name: str
    kind: int
    flags: int
    offset: int
    size: int
    alignment: int


@dataclass(frozen=True)
class ArchivedObject:
    """An object within the bytes of a file: where it begins and ends."""

    start: int
    end: int
    member: str = ""
    """Its name in an archive."""


def aligned(data: bytes, *, members: Collection[str] | None = None, apart: bool = False) -> bytes:
    """An object or an archive with its functions and data on lines of their own.

    Constants that a linker would merge, such as texts, stay apart, so that none of another object moves them.

    Args:
        data: the file.
        members: of an archive, those that are linked; None: all.
        apart: refuse an object that has several functions in one section, which no linker can part.

    Raises:
        CannotAlign: it is thin, compiled for the linker to compile, or as ``apart`` says.
    """
    changed = bytearray(data)
    for item in objects(data):
        if members is None or not item.member or item.member in members:
            _align(changed, item, apart=apart)
    return bytes(changed)


def grown(data: bytes, variables: Collection[str], size: int) -> bytes | None:
    """An object or archive with ``size`` bytes more behind one of these variables; None: it has none.

    Raises:
        CannotAlign: the members of the archive lie elsewhere.
    """
    changed = bytearray(data)
    for item in objects(data):
        for section in _sections(changed, item):
            if section.kind == _NOBITS and section.name.removeprefix(".bss.") in variables:
                struct.pack_into("<I", changed, section.header + 20, section.size + size)
                return bytes(changed)
    return None


def objects(data: bytes) -> tuple[ArchivedObject, ...]:
    """The objects of a file: itself, or the members of an archive.

    Raises:
        CannotAlign: the members of the archive lie elsewhere.
    """
    if data.startswith(_THIN):
        raise CannotAlign("a thin archive")
    if not data.startswith(_MAGIC):
        return (ArchivedObject(0, len(data)),)
    items, at, names = [], len(_MAGIC), b""
    while at + _MEMBER.size <= len(data):
        raw, *_, length, _ = _MEMBER.unpack_from(data, at)
        start = at + _MEMBER.size
        size = int(length)
        if raw.startswith(b"// "):
            names = data[start : start + size]
        elif raw[:1] == b"/" and raw[1:2].isdigit():
            place = int(raw[1:])
            items.append(
                ArchivedObject(start, start + size, names[place : names.index(b"/\n", place)].decode())
            )
        elif raw[:1] != b"/":
            items.append(ArchivedObject(start, start + size, raw.rstrip().removesuffix(b"/").decode()))
        at = start + size + size % 2
    return tuple(items)


def _align(data: bytearray, item: ArchivedObject, *, apart: bool) -> None:
    sections = _sections(data, item)
    if any(section.name.startswith(_LTO) for section in sections):
        raise CannotAlign("compiled for link-time optimization (-flto)")
    shared = _shared(data, item, sections) if apart else None
    if shared is not None:
        raise CannotAlign(f"several functions share the section {shared} (no -ffunction-sections)")
    for section in sections:
        if not section.flags & _ALLOCATED or not section.size:
            continue
        in_flash = _is_of(section.name, _IN_FLASH)
        if not in_flash and not _is_of(section.name, _IN_RAM):
            continue
        # Small variables are reached by themselves: a word is enough for them.
        wanted = LINE_BYTES if in_flash or section.size >= LINE_BYTES else _WORD
        flags = section.flags & ~(_MERGED | _STRINGS)
        struct.pack_into("<I", data, section.header + 8, flags)
        struct.pack_into("<I", data, section.header + 32, max(section.alignment, wanted))

    def spread(at: int, values: tuple[int, ...]) -> None:
        _, alignment, size, _, _, index = values
        if index == _COMMON:  # its value is its alignment
            wanted = LINE_BYTES if size >= LINE_BYTES else _WORD
            struct.pack_into("<I", data, at + 4, max(alignment, wanted))

    _each_symbol(data, item, sections, spread)


def _shared(data: bytearray, item: ArchivedObject, sections: list[_Section]) -> str | None:
    """A section with several functions."""
    places: dict[int, set[int]] = {}

    def note(_at: int, values: tuple[int, ...]) -> None:
        _, value, size, info, _, index = values
        if info & 15 == _FUNCTION and size and 0 < index < len(sections):
            places.setdefault(index, set()).add(value)

    _each_symbol(data, item, sections, note)
    return next((sections[index].name for index, values in places.items() if len(values) > 1), None)


def _each_symbol(
    data: bytearray,
    item: ArchivedObject,
    sections: list[_Section],
    visit: Callable[[int, tuple[int, ...]], None],
) -> None:
    for section in sections:
        if section.kind == _SYMTAB:
            begin = item.start + section.offset
            for at in range(begin, min(begin + section.size, item.end) - _SYMBOL.size + 1, _SYMBOL.size):
                visit(at, _SYMBOL.unpack_from(data, at))


def _sections(data: bytearray, item: ArchivedObject) -> list[_Section]:
    """The sections of an object of 32 bits; nothing of what is none."""
    if data[item.start : item.start + len(_ELF32_LITTLE)] != _ELF32_LITTLE:
        return []
    (table,) = struct.unpack_from("<I", data, item.start + 0x20)
    length, count, names = struct.unpack_from("<HHH", data, item.start + 0x2E)
    if not table or length != _SECTION.size:
        return []
    headers = item.start + table
    if not count:  # more than fit into the header: the first section has them
        count = _SECTION.unpack_from(data, headers)[5]
    if names == 0xFFFF:
        names = _SECTION.unpack_from(data, headers)[6]
    values = [_SECTION.unpack_from(data, headers + n * length) for n in range(count)]
    texts = item.start + values[names][4]
    sections = []
    for number, (name, kind, flags, _, offset, size, _, _, alignment, _) in enumerate(values):
        begin = texts + name
        text = data[begin : data.index(b"\0", begin)].decode("latin-1")
        sections.append(_Section(headers + number * length, text, kind, flags, offset, size, alignment))
    return sections


def _is_of(name: str, families: tuple[str, ...]) -> bool:
    return any(name == family or name.startswith(f"{family}.") for family in families)

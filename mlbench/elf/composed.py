"""Loader and sketch as one image: an ELF file whose parts are those that flash holds on the board.

Whatever reads an image then reads this one. Sections of the sketch stand at the addresses where they run,
and are stored where the upload has them, like .data: a dynamic sketch's code is copied from flash by the
loader. Their addresses are known when it has run (``sketch_places``); until then they stand at ``UNPLACED``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mlbench.core.firmware import MemoryLimit, SketchParts, ThreadRecords
from mlbench.elf.headers import (
    EM_ARM,
    PF_W,
    PF_X,
    PT_LOAD,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_WRITE,
    SHT_NOBITS,
    SHT_PROGBITS,
    SHT_STRTAB,
    SHT_SYMTAB,
)
from mlbench.elf.image import Image
from mlbench.elf.object_file import (
    R_ARM_ABS32,
    SHN_ABS,
    SHN_UNDEF,
    STB_GLOBAL,
    STB_LOCAL,
    STT_FILE,
    STT_FUNC,
    STT_OBJECT,
    STT_SECTION,
    ObjectFile,
    ObjectSection,
)
from mlbench.elf.pieces import ImagePiece, without
from mlbench.elf.sketch_header import HEADER_SIZE, SketchHeader, read_header
from mlbench.elf.sketch_loader import LoaderPart, SketchLoader
from mlbench.elf.symbols import ENTRY, Symbol
from mlbench.errors import SketchError

UNPLACED = 0x3000_0000
"""Where sections of a dynamic sketch stand while nobody knows where the loader puts them: no chip has memory
there, and it counts as RAM."""
PARTS_SECTION, OBJECT_SECTION, EXPORTS_SECTION = ".mlbench.parts", ".mlbench.object", ".mlbench.exports"
_LOADER_PREFIX = "loader"
_EHDR, _PHDR, _SHDR = struct.Struct("<16sHHIIIIIHHHHHH"), struct.Struct("<8I"), struct.Struct("<10I")
_IDENTITY = b"\x7fELF\x01\x01\x01"
_EXECUTABLE, _EABI5_HARD = 2, 0x05000400
_READABLE = 4
_LONGEST_TEXT = 1000
_WORD = struct.Struct("<I")


@dataclass(frozen=True)
class Sketch:
    """A built sketch: what is uploaded, and the ELF file with its names and debug information."""

    upload: bytes
    header: SketchHeader
    object: ObjectFile
    base: int
    """Where its partition begins, and the upload is programmed."""

    @property
    def payload(self) -> int:
        """Where what follows the header is programmed."""
        return self.base + self.header.payload

    def stored(self) -> dict[str, int]:
        """Where each section with bytes is programmed.

        Raises:
            SketchError: the ELF file is not the one that the upload was made from.
        """
        if self.header.linked:
            return self._linked()
        loaded = ObjectFile(self.upload[self.header.payload :], "the upload")
        places = {}
        for section in self.object.allocated:
            if not section.has_bytes:
                continue
            same = loaded.section(section.name)
            if same is None or loaded.contents(same) != self.object.contents(section):
                raise _other(section.name)
            places[section.name] = self.payload + same.offset
        return places

    def _linked(self) -> dict[str, int]:
        image = Image.parse(self.object.data, Path("sketch"))
        places = {}
        for section in image.sections:
            if not (section.allocated and section.size and section.has_bytes):
                continue
            load = places[section.name] = image.load_address(section)
            at = load - self.base
            if at < 0 or self.upload[at : at + section.size] != image.contents(section):
                raise _other(section.name)
        return places


def _other(section: str) -> SketchError:
    what = f"the upload has another {section} than the ELF file with the names"
    return SketchError(what, where="the sketch's build folder", do="build it again")


def compose(
    loader: SketchLoader, sketch: Sketch, parts: SketchParts, places: Mapping[str, int] | None = None
) -> bytes:
    """The ELF file.

    Args:
        loader: what starts the sketch.
        sketch: what it starts.
        parts: what is known of both, which the file keeps.
        places: where sections of a dynamic sketch run, by name, as far as that is known.

    Raises:
        SketchError: the sketch's files do not belong together.
    """
    writer = _Writer()
    loader_indices = {id(part): writer.loader(part) for part in loader.parts}
    stored = sketch.stored()
    addresses = _addresses(sketch.object, places or {})
    indices: dict[int, int] = {}
    pieces = [ImagePiece(sketch.base, sketch.upload, Path("sketch"))]
    for section in sketch.object.allocated:
        load = stored.get(section.name)
        data = sketch.object.contents(section)
        indices[section.index] = writer.placed(section, addresses[section.index], load, data)
        if load is not None:
            pieces = list(without(pieces, [(load, load + section.size)]))
    for piece in pieces:
        name = "sketch header" if piece.address == sketch.base else f"sketch at {piece.address:#x}"
        writer.stored(name, piece.address, piece.data)
    for section in sketch.object.sections:
        if section.name.startswith(".debug") and section.type == SHT_PROGBITS:
            writer.unloaded(section.name, _relocated(sketch.object, section, addresses))
    writer.unloaded(PARTS_SECTION, json.dumps(asdict(parts), sort_keys=True).encode())
    writer.unloaded(OBJECT_SECTION, sketch.object.data)
    listed = "\n".join(f"{address:x} {name}" for name, address in loader.exports.items())
    writer.unloaded(EXPORTS_SECTION, listed.encode())
    writer.symbols(_symbols(loader, loader_indices, sketch.object, addresses, indices))
    entry = _entry(loader)
    return writer.finished(entry)


def read_parts(image: Image) -> SketchParts | None:
    """What a composed image is made of; None for any other image.

    Raises:
        SketchError: the list of its parts is damaged.
    """
    section = image.section(PARTS_SECTION)
    if section is None:
        return None
    try:
        return _parts(json.loads(image.contents(section)))
    except (ValueError, TypeError, LookupError, RecursionError):
        raise _damaged(image, "its list of parts") from None


def _parts(data: dict[str, Any]) -> SketchParts:
    """The parts of plain data, each of its kind: a file may come from anywhere."""
    listed, ram, threads = data["records"], data["loader_ram"], data["threads"]
    return SketchParts(
        loader=_text(data["loader"]),
        loader_bytes=_size(data["loader_bytes"]),
        header_version=_size(data["header_version"]),
        sketch_bytes=_size(data["sketch_bytes"]),
        mode=_text(data["mode"]),
        base=_size(data["base"]),
        loader_ram=None if ram is None else _size(ram),
        limits=tuple(_limit(item) for item in data["limits"]),
        missing=tuple(_text(name) for name in data["missing"]),
        threads=None if threads is None else _thread_records(threads),
        records=None if listed is None else (_size(listed[0], 1 << 32), _size(listed[1])),
    )


def _thread_records(data: dict[str, Any]) -> ThreadRecords:
    offsets = (_size(data[key]) for key in ("name", "stack_start", "stack_size"))
    return ThreadRecords(_size(data["current"], 1 << 32), *offsets)


def _limit(data: dict[str, Any]) -> MemoryLimit:
    limit = data["limit"]
    return MemoryLimit(
        _text(data["name"]),
        _size(data["used"]),
        None if limit is None else _size(limit),
        tuple((_text(name), _size(size)) for name, size in data["parts"]),
        _text(data["unknown"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise TypeError("a text was expected")
    return value


def _size(value: Any, most: int = 64 << 20) -> int:
    if not isinstance(value, int) or not 0 <= value < most:
        raise TypeError("a number of bytes was expected")
    return value


def _damaged(image: Image, what: str) -> SketchError:
    return SketchError(f"is damaged: {what}", where=str(image.path), do="build it again")


def sketch_object(image: Image) -> ObjectFile:
    """The sketch's own ELF file within a composed image. Raises SketchError for any other image."""
    section = image.section(OBJECT_SECTION)
    if section is None:
        raise SketchError("holds no sketch", where=str(image.path), do="build it again")
    return ObjectFile(image.contents(section), str(image.path))


def with_places(image: Image, places: Mapping[str, int]) -> bytes:
    """A composed image with its sketch's sections where they run. Raises SketchError for any other image."""
    parts = read_parts(image)
    if parts is None:
        raise SketchError("holds no sketch", where=str(image.path), do="build it again")
    upload = bytearray(parts.sketch_bytes)
    for address, data in image.programmed:
        offset = address - parts.base
        if 0 <= offset < len(upload):
            upload[offset : offset + len(data)] = data
    header = read_header(bytes(upload), str(image.path))
    sketch = Sketch(bytes(upload), header, sketch_object(image), parts.base)
    return compose(_loader_of(image, parts), sketch, parts, places)


def sketch_sections(image: Image) -> tuple[str, ...]:
    """Names of the sections in a composed image that are the sketch's, tables and header included."""
    return tuple(
        section.name
        for section in image.sections
        if section.allocated and section.size and not section.name.startswith(_LOADER_PREFIX)
    )


def _loader_of(image: Image, parts: SketchParts) -> SketchLoader:
    loader_sections = [s for s in image.sections if s.allocated and s.name.startswith(_LOADER_PREFIX)]
    loader_parts = tuple(
        LoaderPart(s.name, s.address, image.load_address(s), image.contents(s), s.size, s.type, s.flags)
        for s in loader_sections
    )
    section = image.section(EXPORTS_SECTION)
    text = image.contents(section) if section is not None else b""
    lines = text.decode("utf-8", "replace").splitlines()
    try:
        exports = {name: int(address, 16) for address, name in (line.split(" ", 1) for line in lines)}
    except ValueError:
        raise _damaged(image, "its list of names") from None
    own = tuple(
        replace(symbol, local=True)
        for symbol in image.symbols
        if symbol.local and any(s.address <= symbol.address < s.end for s in loader_sections)
    )
    return SketchLoader(parts.loader, loader_parts, exports, own)


def _entry(loader: SketchLoader) -> int:
    stored = sorted((part for part in loader.parts if part.data), key=lambda part: part.load)
    return int.from_bytes(stored[0].data[4:8], "little") if stored else 0


def _addresses(object_file: ObjectFile, places: Mapping[str, int]) -> dict[int, int]:
    """Where each allocated section runs, by its number."""
    if not object_file.relocatable:
        return {section.index: section.address for section in object_file.allocated}
    addresses, free = {}, UNPLACED
    for section in object_file.allocated:
        alignment = max(1, section.alignment)
        free = -(-free // alignment) * alignment
        addresses[section.index] = places.get(section.name, free)
        free += section.size
    return addresses


def _relocated(object_file: ObjectFile, section: ObjectSection, addresses: Mapping[int, int]) -> bytes:
    """A section that is not loaded, with addresses of the sketch in it: debug information."""
    content = bytearray(object_file.contents(section))
    for entry in object_file.relocations.get(section.index, ()):
        if entry.type != R_ARM_ABS32 or entry.offset + _WORD.size > len(content):
            continue
        symbol = object_file.symbols[entry.symbol]
        # Other debug sections begin at 0 here as in the file.
        base = addresses.get(symbol.section, 0)
        (addend,) = _WORD.unpack_from(content, entry.offset)
        value = base + symbol.value if symbol.section != SHN_UNDEF else 0
        _WORD.pack_into(content, entry.offset, (value + addend) & 0xFFFFFFFF)
    return bytes(content)


_Row = tuple[str, int, int, int, int, int]
"""Name, value, size, info, other, section."""


def _symbols(
    loader: SketchLoader,
    loader_indices: Mapping[int, int],
    object_file: ObjectFile,
    addresses: Mapping[int, int],
    indices: Mapping[int, int],
) -> list[_Row]:
    rows: list[_Row] = [_loader_row(symbol, loader, loader_indices) for symbol in loader.symbols]
    defined = set()
    for symbol in object_file.symbols:
        home = indices.get(symbol.section)
        if symbol.type in (STT_SECTION, STT_FILE) or not symbol.name:
            continue
        if home is None and symbol.section != SHN_ABS:
            continue
        if home is None and loader.exports.get(symbol.name) == symbol.value:
            continue  # a linked sketch has the loader's functions as plain numbers
        base = addresses[symbol.section] if home is not None and object_file.relocatable else 0
        if symbol.binding != STB_LOCAL:
            defined.add(symbol.name)
        rows.append(
            (symbol.name, base + symbol.value, symbol.size, symbol.info, symbol.other, home or SHN_ABS)
        )
    for name, address in loader.exports.items():
        if address and name not in defined:
            kind = STT_FUNC if address & 1 else STT_OBJECT
            rows.append((name, address, 0, STB_GLOBAL << 4 | kind, 0, SHN_ABS))
    return rows


def _loader_row(symbol: Symbol, loader: SketchLoader, indices: Mapping[int, int]) -> _Row:
    part = next((p for p in loader.parts if p.address <= symbol.address < p.address + p.size), None)
    kind = {"func": STT_FUNC, "object": STT_OBJECT}.get(symbol.kind, 0)
    value = symbol.address | 1 if symbol.kind == "func" else symbol.address
    # Local: a name of the sketch goes before it.
    return symbol.name, value, symbol.size, kind, 0, indices[id(part)] if part is not None else SHN_ABS


class _Writer:
    """The file as it grows."""

    def __init__(self) -> None:
        self._data = bytearray(_EHDR.size)
        self._segments: list[tuple[int, ...]] = []
        self._sections: list[list[int]] = [[0] * 10]
        self._names = bytearray(b"\0")

    def loader(self, part: LoaderPart) -> int:
        """Add a part of the loader; the number of its section."""
        offset = self._content(part.data)
        if part.data:
            self._segment(offset, part.address, part.load, len(part.data), part.size, part.flags)
        return self._section(part.name, part.type, part.flags, part.address, offset, part.size)

    def placed(self, section: ObjectSection, address: int, load: int | None, data: bytes) -> int:
        """Add a section of the sketch that takes memory; its number."""
        offset = self._content(data)
        kind = SHT_NOBITS if load is None else SHT_PROGBITS
        flags = section.flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR)
        if load is not None:
            self._segment(offset, address, load, len(data), len(data), flags)
        return self._section(section.name, kind, flags, address, offset, section.size)

    def stored(self, name: str, address: int, data: bytes) -> None:
        """Add bytes that are programmed and only read."""
        offset = self._content(data)
        self._segment(offset, address, address, len(data), len(data), SHF_ALLOC)
        self._section(name, SHT_PROGBITS, SHF_ALLOC, address, offset, len(data))

    def unloaded(self, name: str, data: bytes) -> None:
        """Add a section that is not programmed."""
        self._section(name, SHT_PROGBITS, 0, 0, self._content(data), len(data))

    def symbols(self, rows: Sequence[_Row]) -> None:
        """Add the symbol table."""
        ordered = sorted(rows, key=lambda row: row[3] >> 4 != STB_LOCAL)
        names, table = bytearray(b"\0"), bytearray(ENTRY.size)
        for name, value, size, info, other, section in ordered:
            table += ENTRY.pack(len(names), value & 0xFFFFFFFF, size, info, other, section)
            names += name.encode() + b"\0"
        local = 1 + sum(row[3] >> 4 == STB_LOCAL for row in ordered)
        strings = self._section(".strtab", SHT_STRTAB, 0, 0, self._content(bytes(names)), len(names))
        index = self._section(".symtab", SHT_SYMTAB, 0, 0, self._content(bytes(table)), len(table))
        self._sections[index][6:10] = [strings, local, 4, ENTRY.size]

    def finished(self, entry: int) -> bytes:
        """The whole file."""
        name = self._name(".shstrtab")
        offset = self._content(bytes(self._names))
        self._sections.append([name, SHT_STRTAB, 0, 0, offset, len(self._names), 0, 0, 1, 0])
        segments = self._content(b"".join(_PHDR.pack(*row) for row in self._segments))
        sections = self._content(b"".join(_SHDR.pack(*row) for row in self._sections))
        counts = (_PHDR.size, len(self._segments), _SHDR.size, len(self._sections), len(self._sections) - 1)
        header = (_EXECUTABLE, EM_ARM, 1, entry, segments, sections, _EABI5_HARD, _EHDR.size, *counts)
        self._data[: _EHDR.size] = _EHDR.pack(_IDENTITY, *header)
        return bytes(self._data)

    def _segment(self, offset: int, address: int, load: int, stored: int, size: int, flags: int) -> None:
        rights = _READABLE | (PF_W if flags & SHF_WRITE else 0) | (PF_X if flags & SHF_EXECINSTR else 0)
        self._segments.append((PT_LOAD, offset, address, load, stored, size, rights, 4))

    def _section(self, name: str, kind: int, flags: int, address: int, offset: int, size: int) -> int:
        self._sections.append([self._name(name), kind, flags, address, offset, size, 0, 0, 4, 0])
        return len(self._sections) - 1

    def _content(self, data: bytes) -> int:
        self._data += bytes(-len(self._data) % 8)
        self._data += data
        return len(self._data) - len(data)

    def _name(self, name: str) -> int:
        self._names += name.encode() + b"\0"
        return len(self._names) - len(name.encode()) - 1


HEADER_BYTES = HEADER_SIZE

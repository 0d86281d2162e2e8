"""An ELF file put together from pieces, so that whatever reads an image reads one from other files too.

Each piece becomes a segment and a section named after its file. With an ELF file that has the names of the
image, all of it is kept, and what it lacks is added.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path

from mlbench.elf.headers import (
    EM_ARM,
    PF_X,
    PT_LOAD,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHT_NOBITS,
    SHT_PROGBITS,
    SHT_STRTAB,
)
from mlbench.elf.image import BYTES_SECTION, FILES_SECTION, Image
from mlbench.elf.pieces import ImagePiece, within, without
from mlbench.errors import UsageError

_EHDR, _PHDR, _SHDR = struct.Struct("<16sHHIIIIIHHHHHH"), struct.Struct("<8I"), struct.Struct("<10I")
_IDENTITY = b"\x7fELF\x01\x01\x01"
_EXECUTABLE, _EABI5 = 2, 0x05000000
_READABLE = 4
_MOST_PIECES = 200


def assembled(pieces: Sequence[ImagePiece], files: Sequence[Path], names: Image | None = None) -> bytes:
    """The ELF file.

    Args:
        pieces: what is programmed, by address.
        files: what it is called: the files that were given, the one that is meant by "the image" last.
        names: has sections and symbols, and bytes that are those of the pieces as far as both have them.

    Raises:
        UsageError: there are too many pieces.
    """
    extra = list(pieces) if names is None else list(without(pieces, _stored(names)))
    if len(extra) > _MOST_PIECES:
        what = f"lies in {len(extra):,} separate pieces, more than {_MOST_PIECES}"
        raise UsageError(what, where=str(files[-1]), do="give the ELF file instead")
    data, segments, sections, texts = _begun(pieces, names)
    several = {piece.file for piece in extra if sum(other.file == piece.file for other in extra) > 1}
    for piece in extra:
        at = f" at {piece.address:#x}" if piece.file in several else ""
        offset = _appended(data, piece.data)
        size = len(piece.data)
        flags = PF_X | _READABLE
        segments.append([PT_LOAD, offset, piece.address, piece.address, size, size, flags, 4])
        name = _named(texts, os.fsencode(piece.file.name) + at.encode())
        flags = SHF_ALLOC | SHF_EXECINSTR
        sections.append([name, SHT_PROGBITS, flags, piece.address, offset, size, 0, 0, 4, 0])
    kind = BYTES_SECTION if names is None else FILES_SECTION
    listed = b"\0".join(os.fsencode(file) for file in files)
    offset = _appended(data, listed)
    sections.append([_named(texts, kind.encode()), SHT_PROGBITS, 0, 0, offset, len(listed), 0, 0, 1, 0])
    name = _named(texts, b".mlbench.names")
    offset = _appended(data, bytes(texts))
    sections.append([name, SHT_STRTAB, 0, 0, offset, len(texts), 0, 0, 1, 0])
    tables = [
        _appended(data, b"".join(row.pack(*entry) for entry in entries))
        for row, entries in ((_PHDR, segments), (_SHDR, sections))
    ]
    header = list(_EHDR.unpack_from(data))
    header[5:7] = tables
    header[9:14] = [_PHDR.size, len(segments), _SHDR.size, len(sections), len(sections) - 1]
    data[: _EHDR.size] = _EHDR.pack(*header)
    return bytes(data)


_Rows = list[list[int]]


def _begun(pieces: Sequence[ImagePiece], names: Image | None) -> tuple[bytearray, _Rows, _Rows, bytearray]:
    """The file so far, its segments and sections, and the names of these."""
    if names is None:
        entry = int.from_bytes(pieces[0].data[4:8], "little")
        header = (_IDENTITY, _EXECUTABLE, EM_ARM, 1, entry, 0, 0, _EABI5, _EHDR.size, 0, 0, 0, 0, 0)
        return bytearray(_EHDR.pack(*header)), [], [[0] * 10], bytearray(b"\0")
    data = bytearray(names.data)
    header = _EHDR.unpack_from(data)
    segments = _rows(data, _PHDR, header[5], header[9], header[10])
    sections = _rows(data, _SHDR, header[6], header[11], header[12])
    for row, section in zip(sections, names.sections, strict=True):
        stored = section.allocated and section.size and section.has_bytes
        if stored and not within(pieces, names.load_address(section), section.size):
            # The files that are programmed were made without it.
            row[1] = SHT_NOBITS
    table = sections[header[13]] if header[13] < len(sections) else None
    return data, segments, sections, data[table[4] : table[4] + table[5]] if table else bytearray(b"\0")


def _rows(data: bytearray, row: struct.Struct, offset: int, size: int, count: int) -> _Rows:
    return [list(row.unpack_from(data, offset + size * index)) for index in range(count)]


def _stored(names: Image) -> list[tuple[int, int]]:
    return [(address, address + len(data)) for address, data in names.programmed]


def _appended(data: bytearray, content: bytes) -> int:
    """Put content at the end; where it begins there."""
    data += bytes(-len(data) % 4)
    data += content
    return len(data) - len(content)


def _named(texts: bytearray, name: bytes) -> int:
    texts += name.replace(b"\0", b"") + b"\0"
    return len(texts) - len(name) - 1

"""Intel HEX, read strictly (Intel, "Hexadecimal Object File Format Specification", revision A, 1988).

The reader is our own, and not that of the package ``intelhex``: that one takes a file without its end record,
which may be cut off, for a whole one; it does not say of two files which has the byte that both have; and it
keeps a dictionary entry a byte, which takes a second for a megabyte. What is left of the format is a page of
code. ``mlbench.elf.flat`` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlbench.elf.pieces import ImagePiece
from mlbench.errors import UsageError

_DATA, _END, _SEGMENT, _SEGMENT_START, _LINEAR, _START = range(6)
_SIZES = {_END: 0, _SEGMENT: 2, _SEGMENT_START: 4, _LINEAR: 2, _START: 4}
"""Bytes of data that a record of each type has."""
_UNIVERSAL = range(0x0A, 0x0F)
"""Types of the micro:bit's universal HEX, which holds an image for each kind of board."""
_FRAME = 5
"""Bytes of a record beside its data: size, offset, type, checksum."""
_BLOCK = 0x10000
_AGAIN = "copy or build it again"


def is_hex(data: bytes) -> bool:
    """Whether a file begins as one of Intel HEX does."""
    return data[:1] == b":" and all(byte in b"0123456789ABCDEFabcdef" for byte in data[1:9])


def read_hex(data: bytes, file: Path) -> list[ImagePiece]:
    """What a file programs.

    Raises:
        UsageError: a record is damaged, or its end record is missing; says which line.
    """
    pieces = []
    base, wraps, ended = 0, False, False
    for number, (kind, offset, content) in _records(data, file):
        where = f"{file}:{number}"
        if ended:
            raise UsageError("stands behind the end record", where=where, do=_AGAIN)
        if kind == _DATA:
            if wraps and offset + len(content) > _BLOCK:
                raise UsageError("runs over the end of its segment of 64 KiB", where=where, do=_AGAIN)
            if base + offset + len(content) > 1 << 32:
                raise UsageError("runs over the end of the address space", where=where, do=_AGAIN)
            pieces.append(ImagePiece(base + offset, content, file))
        elif kind == _END:
            ended = True
        elif kind in (_SEGMENT, _LINEAR):
            base = int.from_bytes(content, "big") << (16 if kind == _LINEAR else 4)
            wraps = kind == _SEGMENT
    if not ended:
        what = "has no end record (:00000001FF), so a piece may be missing"
        raise UsageError(what, where=str(file), do=_AGAIN)
    return pieces


def _records(data: bytes, file: Path) -> Iterator[tuple[int, tuple[int, int, bytes]]]:
    """Number of the line, and type, offset and data of its record."""
    for number, line in enumerate(data.splitlines(), 1):
        text = line.strip()
        if not text:
            continue
        where = f"{file}:{number}"
        try:
            record = bytes.fromhex(text[1:].decode("ascii")) if text[:1] == b":" else b""
        except ValueError:
            record = b""
        if len(record) < _FRAME or len(text.split()) > 1:
            raise UsageError("is no record of Intel HEX", where=where, do=_AGAIN)
        size, offset, kind, content = record[0], int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        if size != len(content):
            what = f"the record has {len(content)} bytes of data and says {size}"
            raise UsageError(what, where=where, do=_AGAIN)
        checksum = -sum(record[:-1]) & 0xFF
        if record[-1] != checksum:
            what = f"the checksum is {record[-1]:#04x}, that of the record's bytes {checksum:#04x}"
            raise UsageError(what, where=where, do=_AGAIN)
        if kind in _UNIVERSAL:
            what = f"is a universal HEX file for several boards (record type {kind:#04x})"
            raise UsageError(what, where=where, do="give the HEX file of one board")
        if kind != _DATA and _SIZES.get(kind) != size:
            what = f"no record of type {kind:#04x} has {size} bytes of data"
            raise UsageError(what, where=where, do=_AGAIN)
        yield number, (kind, offset, content)

"""Reading a zip that somebody else made: only files that are expected, and never more than is allowed."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection

from mlbench.github.errors import Unexpected

MOST_ENTRIES = 1000

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What GitHub packs artifacts with. bzip2 and LZMA unpack whole blocks, however little is asked for."""


def read_members(content: bytes, members: Collection[str], limit: int, where: str) -> dict[str, bytes]:
    """The files called ``members``, all of them; nothing is written anywhere, other files are not looked at.

    Args:
        content: the zip.
        members: whole names, as they stand in the zip.
        limit: bytes that the files may have together when they are unpacked.
        where: names the zip in messages.

    Raises:
        Unexpected: no zip; one is missing, there twice, no plain file, or they are too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(archive, members, limit, where)
    except (zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise _unusable(f"no sound zip ({error})", where) from None
    except (EOFError, NotImplementedError, RuntimeError, ValueError, OSError, OverflowError) as error:
        raise _unusable(f"a zip that cannot be read ({error})", where) from None


def _read(archive: zipfile.ZipFile, members: Collection[str], limit: int, where: str) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _unusable(f"more than {MOST_ENTRIES} files", where)
    contents: dict[str, bytes] = {}
    for entry in entries:
        if entry.filename not in members:
            continue
        if entry.filename in contents:
            raise _unusable(f"{entry.filename} is there twice", where)
        mode = entry.external_attr >> 16
        if entry.is_dir() or (mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
            raise _unusable(f"{entry.filename} is no plain file", where)
        if entry.compress_type not in _METHODS:
            raise _unusable(f"{entry.filename} is packed by a method that GitHub does not use", where)
        # What the zip says of its size is not believed: no more than that many bytes are unpacked.
        with archive.open(entry) as source:
            data = source.read(limit + 1)
        limit -= len(data)
        if limit < 0:
            raise _unusable("it unpacks to more than is allowed", where)
        contents[entry.filename] = data
    missing = [name for name in members if name not in contents]
    if missing:
        raise _unusable(f"{missing[0]} is missing", where)
    return contents


def _unusable(what: str, where: str) -> Unexpected:
    what = " ".join(what.split())[:200]  # names in the zip may hold anything
    return Unexpected(what, where=where, do="measure again")

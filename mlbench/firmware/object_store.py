"""Compiled objects, kept by what they were compiled from, whichever sketch it was for.

A record is kept under the key of a command: the compiler, its flags, and the source's content. It names all
other files that were read, and where headers were looked for; each is looked at again before the object is
used. Objects lie beside, named by their content. Each file is written beside its place and renamed into it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_MOST_RECORDS = 12
"""Of one command: with other headers each."""
_TOLD_BY = ("read", "found", "called")
"""What tells the records of a command apart."""
_MOST_BYTES = 2 << 30
_PRUNE_SECONDS = 24 * 3600.0
_POLL_SECONDS = 0.01
_MOST_WAITS = 120.0


@dataclass(frozen=True)
class Record:
    """What one compile of a command read, and what it gave. Paths are portable ones."""

    read: tuple[tuple[str, str], ...]
    """Each file with its content's digest."""
    names: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]
    """See ``header_search.Search``."""
    found: str
    """What the search gave."""
    called: str
    """A digest of what debug information and macros call these files."""
    object: str
    """The object's digest; empty for a command that makes none."""
    listing: str
    """The list of dependencies."""
    messages: str
    """What the compiler printed."""
    made: float
    """When, in seconds since 1970."""


@dataclass(frozen=True)
class ObjectStore:
    """The part of the cache folder that objects are kept in."""

    folder: Path
    since: float = 0.0
    """What was made before this time, in seconds since 1970, does not count."""

    def records(self, key: str) -> list[Record]:
        """What is kept under a key, the newest first. Raises nothing."""
        records = []
        for item in self._read(key):
            with suppress(TypeError, KeyError, ValueError):
                pairs = {name: tuple((str(a), str(b)) for a, b in item[name]) for name in ("read", "beside")}
                record = Record(**{**item, **pairs, "names": tuple(item["names"])})
                if record.made >= self.since:
                    records.append(record)
        return records

    def content(self, digest: str) -> bytes | None:
        """An object by its digest; None where it is not there, or damaged."""
        path = self._object(digest)
        with suppress(OSError):
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() == digest:
                os.utime(path)
                return data
        return None

    def keep(self, key: str, record: Record, content: bytes | None) -> None:
        """Keep a record and its object; a disk that is full only costs time later."""
        with suppress(OSError):
            if content is not None:
                self._write(self._object(record.object), content)
            new = _json(record)
            others = [
                item for item in self._read(key) if any(item.get(name) != new[name] for name in _TOLD_BY)
            ]
            items = [new, *others][:_MOST_RECORDS]
            self._write(self._manifest(key), json.dumps(items, separators=(",", ":")).encode())

    @contextmanager
    def turn(self, key: str, seconds: float) -> Iterator[None]:
        """Within the context, nobody else compiles what the key means; who waited finds it in the store.

        It only saves time: what cannot be locked, or not within ``seconds``, everybody compiles.
        """
        path = self.folder / "turns" / key
        handle = None
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            end = time.monotonic() + min(seconds, _MOST_WAITS)
            while time.monotonic() < end:
                with suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            if handle is not None:
                path.unlink(missing_ok=True)
                os.close(handle)

    def prune(self) -> None:
        """Once a day, remove what was not used for the longest time, so that 2 GiB stay. Raises nothing."""
        stamp = self.folder / "pruned"
        with suppress(OSError):
            if stamp.exists() and time.time() - stamp.stat().st_mtime < _PRUNE_SECONDS:
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            stamp.write_text("")
            files = []
            for part in ("objects", "commands"):
                for path in (self.folder / part).glob("*/*"):
                    about = path.stat()
                    files.append((about.st_mtime, about.st_size, path))
            total = sum(size for _, size, _ in files)
            for _, size, path in sorted(files):
                if total <= _MOST_BYTES:
                    break
                path.unlink(missing_ok=True)
                total -= size

    def _object(self, digest: str) -> Path:
        return self.folder / "objects" / digest[:2] / digest

    def _manifest(self, key: str) -> Path:
        return self.folder / "commands" / key[:2] / key

    def _read(self, key: str) -> list[dict[str, Any]]:
        path = self._manifest(key)
        with suppress(OSError, ValueError):
            items = json.loads(path.read_bytes())
            os.utime(path)
            return [item for item in items if isinstance(item, dict)]
        return []

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).rename(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _json(record: Record) -> dict[str, Any]:
    """As JSON gives it back."""
    item: dict[str, Any] = json.loads(json.dumps(asdict(record)))
    return item

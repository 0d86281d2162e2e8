"""Folders that a stranger may have filled: plain files of bounded size are read from them, and nothing else.

A folder is held open, and names are looked up in it (openat(2)) without following links, so that what was
checked is what is read, whatever is done to the folder meanwhile.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.util.text import printable

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,119}")
"""A plain name: no separator, nothing hidden, nothing that a program takes for an option."""
_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True)
class Folder:
    """A folder that is held open. ``shown`` is its name in messages."""

    handle: int
    shown: str

    @classmethod
    @contextmanager
    def at(cls, path: Path) -> Iterator[Folder]:
        """The folder that the user has named; that one may be a link.

        Raises:
            UsageError: there is none.
        """
        shown = printable(str(path))
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        except (OSError, ValueError) as error:
            raise UsageError(f"no folder that can be read ({_said(error)})", where=shown) from None
        try:
            yield cls(handle, shown)
        finally:
            os.close(handle)

    @contextmanager
    def within(self, name: str) -> Iterator[Folder]:
        """A folder in it. Raises UsageError where there is none, or something else of that name."""
        handle = self._opened(name, _READ | os.O_DIRECTORY, "a folder")
        try:
            yield Folder(handle, self._shown(name))
        finally:
            os.close(handle)

    def names(self, most: int) -> tuple[str, ...]:
        """What is in it, by name. Raises UsageError where it is more than ``most``."""
        names = []
        with os.scandir(self.handle) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > most:
                    raise UsageError(f"there is more in it than the {most} that are taken", where=self.shown)
        return tuple(sorted(names))

    def read(self, name: str, most: int) -> bytes:
        """A file's bytes. Raises UsageError where it is no plain file, or larger than ``most``."""
        handle, size = self._file(name)
        with os.fdopen(handle, "rb") as file:
            data = file.read(most + 1) if size <= most else b""
        if size > most or len(data) > most:
            raise UsageError(f"larger than {most:,} bytes", where=self._shown(name))
        return data

    def copy(self, name: str, size: int, sha256: str, target: Path) -> None:
        """Copy a file that has this size and this hash.

        Raises:
            UsageError: it is another, or no plain file. What was copied of it is to be thrown away.
            EnvironmentFault: it cannot be written.
        """
        handle, actual_size = self._file(name)
        with os.fdopen(handle, "rb") as file:
            if actual_size != size:
                raise UsageError(f"has {actual_size:,} bytes, not {size:,}", where=self._shown(name))
            digest, left = hashlib.sha256(), size
            try:
                with target.open("xb") as out:
                    while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                        left -= len(chunk)
                        digest.update(chunk)
                        out.write(chunk)
            except OSError as error:
                raise EnvironmentFault(f"cannot be written ({_said(error)})", where=str(target)) from None
        if digest.hexdigest() != sha256:
            raise UsageError("is not the file that was built: its hash is another", where=self._shown(name))

    def _file(self, name: str) -> tuple[int, int]:
        """A plain file, open, and its size."""
        # A pipe would be waited for.
        handle = self._opened(name, _READ | os.O_NONBLOCK, "a file")
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            os.close(handle)
            raise UsageError("is no plain file", where=self._shown(name))
        return handle, about.st_size

    def _opened(self, name: str, flags: int, what: str) -> int:
        if not NAME.fullmatch(name):
            raise UsageError(f"cannot be the name of {what}", where=self._shown(name))
        try:
            return os.open(name, flags, dir_fd=self.handle)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                problem = "is a link or something else, which is not followed"
            elif error.errno == errno.ENOENT:
                problem = "is not there"
            else:
                problem = f"cannot be read ({_said(error)})"
            raise UsageError(f"{problem}, where {what} belongs", where=self._shown(name)) from None

    def _shown(self, name: str) -> str:
        short = name if len(name) <= 80 else f"{name[:77]}..."
        return f"{self.shown}/{printable(short)}"


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__

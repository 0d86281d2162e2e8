"""Folders of source files as values: which files, with what content."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.host.cache_dir import TAG
from mlbench.util.own_files import OWN_PREFIX, is_own_document

_SKIPPED = frozenset(
    # A work tree of git's, or a submodule, has a file of the first name, which holds a path.
    {".git", ".hg", ".svn", "__pycache__", ".pio", ".vscode", "node_modules"}
)
_MOST_FILES = 40_000
_MOST_BYTES = 1 << 30


class SourceChanged(EnvironmentFault):
    """A file that a build reads is no longer what it was when the build began."""


@dataclass(frozen=True)
class SourceFile:
    """One file: its place in the tree, the file it comes from, and its content's SHA-256.

    ``content`` is there when it differs from the origin's (a template's).
    """

    relative: str
    origin: Path
    digest: str
    content: bytes | None = None
    executable: bool = False

    def read(self) -> bytes:
        """The bytes to build from. Raises SourceChanged when they are others than those of the digest."""
        if self.content is not None:
            return self.content
        try:
            data = self.origin.read_bytes()
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise SourceChanged("changed while it was read", where=str(self.origin))
        return data

    def text(self) -> str:
        """The same as text, whatever does not decode replaced."""
        return self.read().decode("utf-8", "replace")


def read_tree(folder: Path, skip: frozenset[str] = frozenset()) -> dict[str, SourceFile]:
    """All regular files below a folder, by their place in it; links are followed, cycles are not.

    Version control's folders are left out, and those named in ``skip`` at the top. Devices, pipes,
    links that lead nowhere, caches (which ``CACHEDIR.TAG`` marks, as mlbench's own) and results of an
    earlier run are no sources.

    Raises:
        UsageError: there are too many files for sources (a home folder, say).
        EnvironmentFault: a file cannot be read.
    """
    files: dict[str, SourceFile] = {}
    total = 0
    for name, relative, _ in _walk(folder, skip):
        path = Path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # an editor's or a compiler's, gone since the folder was listed
        except OSError as error:
            raise EnvironmentFault(
                f"cannot be read: {error.strerror}", where=str(path), do="check its permissions"
            ) from error
        if is_own_document(data):
            continue
        total += len(data)
        if len(files) >= _MOST_FILES or total > _MOST_BYTES:
            raise UsageError(
                f"holds more than {_MOST_FILES} files or 1 GiB, too much for sources",
                where=str(folder),
                do="give the sketch its own folder",
            )
        digest = hashlib.sha256(data).hexdigest()
        files[relative] = SourceFile(relative, path, digest, executable=os.access(path, os.X_OK))
    return files


def tree_digest(files: dict[str, SourceFile]) -> str:
    """One digest over names, contents, and whether files can be run."""
    digest = hashlib.sha256()
    for relative in sorted(files):
        mark = "x" if files[relative].executable else ""
        text = f"{relative}\0{files[relative].digest}{mark}\n"
        digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def stat_digest(folder: Path) -> str:
    """A digest over names, sizes and times: quick, for folders of a thousand files."""
    lines = [
        f"{relative}\0{about.st_size}\0{about.st_mtime_ns}\n"
        for _, relative, about in _walk(folder, frozenset())
    ]
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def size_of(folder: Path, most_files: int) -> int:
    """Bytes of its first files. Raises EnvironmentFault when a folder cannot be read."""
    return sum(about.st_size for _, _, about in islice(_walk(folder, frozenset()), most_files))


def newest_change(folder: Path) -> float:
    """When a file or a folder below was last changed, in seconds since 1970, whatever its time says."""
    newest = folder.stat().st_ctime
    for name, _, about in _walk(folder, frozenset()):
        newest = max(newest, about.st_ctime, Path(name).parent.stat().st_ctime)
    return newest


def _walk(folder: Path, skip: frozenset[str]) -> Iterator[tuple[str, str, os.stat_result]]:
    def inside(
        directory: str, prefix: str, above: tuple[tuple[int, int], ...]
    ) -> Iterator[tuple[str, str, os.stat_result]]:
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise EnvironmentFault(f"cannot be read: {error.strerror}", where=directory) from error
        if prefix and any(entry.name == TAG for entry in entries):
            return
        for entry in entries:
            try:
                about = entry.stat()
            except OSError:
                continue
            if entry.name.startswith(OWN_PREFIX) or entry.name in _SKIPPED:
                continue
            if stat.S_ISDIR(about.st_mode):
                identity = (about.st_dev, about.st_ino)
                if identity not in above and not (prefix == "" and entry.name in skip):
                    yield from inside(entry.path, f"{prefix}{entry.name}/", (*above, identity))
            elif stat.S_ISREG(about.st_mode):
                yield entry.path, f"{prefix}{entry.name}", about

    try:
        top = folder.stat()
    except OSError as error:
        raise EnvironmentFault(f"cannot be read: {error.strerror}", where=str(folder)) from error
    yield from inside(str(folder), "", ((top.st_dev, top.st_ino),))

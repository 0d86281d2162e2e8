"""Folders of source files as values: which files, with what content."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.util.own_files import OWN_PREFIX, is_own_document

_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "__pycache__", ".pio", ".vscode", "node_modules"})
_MOST_FILES = 40_000
_MOST_BYTES = 1 << 30


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
        """The bytes to build from."""
        return self.origin.read_bytes() if self.content is None else self.content

    def text(self) -> str:
        """The same as text, whatever does not decode replaced."""
        return self.read().decode("utf-8", "replace")


def read_tree(folder: Path, skip: frozenset[str] = frozenset()) -> dict[str, SourceFile]:
    """All regular files below a folder, by their place in it; links are followed, cycles are not.

    Version control's folders are left out, and those named in ``skip`` at the top. Devices, pipes,
    links that lead nowhere, and results of an earlier run are no sources.

    Raises:
        UsageError: there are too many files for sources (a home folder, say).
        EnvironmentFault: a file cannot be read.
    """
    files: dict[str, SourceFile] = {}
    total = 0
    for path, relative in _walk(folder, skip):
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
    digest = hashlib.sha256()
    for path, relative in sorted(_walk(folder, frozenset()), key=lambda item: item[1]):
        try:
            about = path.stat()
        except FileNotFoundError:
            continue
        digest.update(
            f"{relative}\0{about.st_size}\0{about.st_mtime_ns}\n".encode("utf-8", "surrogateescape")
        )
    return digest.hexdigest()


def _walk(folder: Path, skip: frozenset[str]) -> Iterator[tuple[Path, str]]:
    def inside(directory: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
        real = directory.resolve()
        if real in above:
            return
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            raise EnvironmentFault(f"cannot be read: {error.strerror}", where=str(directory)) from error
        for entry in entries:
            try:
                mode = entry.stat().st_mode
            except OSError:
                continue
            if entry.name.startswith(OWN_PREFIX):
                continue
            if stat.S_ISDIR(mode):
                if entry.name not in _SKIPPED_FOLDERS and not (prefix == "" and entry.name in skip):
                    yield from inside(Path(entry.path), f"{prefix}{entry.name}/", (*above, real))
            # A work tree of git's, or a submodule, has a file of that name, which holds a path.
            elif stat.S_ISREG(mode) and entry.name not in _SKIPPED_FOLDERS:
                yield Path(entry.path), f"{prefix}{entry.name}"

    yield from inside(folder, "", ())

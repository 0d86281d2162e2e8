"""The Arduino platform ``mlbench:nrf52840`` and the MLBench library, as files for a sketch compiler.

:func:`install` lays both into a user directory as arduino-cli and arduino-builder read it:
``hardware/mlbench/nrf52840`` and ``libraries/MLBench``. :func:`install_by_content` does so for
builds, where several versions of mlbench may share a cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.util.scratch import ScratchFolder

HERE = Path(__file__).parent
HARDWARE = HERE / "hardware"
"""Folder of platforms in the package: ``mlbench/nrf52840`` below it."""
LIBRARIES = HERE / "libraries"
"""Folder of Arduino libraries in the package: ``MLBench`` below it."""
FQBN = "mlbench:nrf52840:nano33ble"
"""Name of the platform's board."""

_TREES = (Path("hardware/mlbench/nrf52840"), Path("libraries/MLBench"))
_KEY_DIGITS = 16


def install(user_dir: Path) -> Path:
    """Lay the platform and the library into ``user_dir`` and return it.

    What is there already with the same content stays untouched, time stamps included, so that
    sketch compilers find their objects fresh. Other content is replaced as a whole: nothing of an
    older version stays behind. Several processes may install into one directory at once.

    Raises:
        EnvironmentFault: the directory cannot be written.
    """
    return _lay(_package(), user_dir)


def install_by_content(folder: Path) -> Path:
    """Lay the platform and the library into a folder of ``folder`` that is named by their content; return it.

    Versions that differ in a byte never share a folder, and nothing that a build may be reading is
    replaced: what is there is of this content, or is damaged.

    Raises:
        EnvironmentFault: the directory cannot be written.
    """
    # Read once: sources that are edited meanwhile must not get the name of what they were.
    package = _package()
    return _lay(package, folder / _key_of(package)[:_KEY_DIGITS])


def content_key() -> str:
    """SHA-256 of all files of the platform and the library, with their names."""
    return _key_of(_package())


_Package = dict[Path, dict[str, bytes]]
"""The content of each tree's files by their places in it."""


def _package() -> _Package:
    return {tree: _contents(HERE / tree) for tree in _TREES}


def _key_of(package: _Package) -> str:
    digest = hashlib.sha256()
    for tree, files in package.items():
        for name, content in sorted(files.items()):
            digest.update(f"{tree.as_posix()}/{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _lay(package: _Package, user_dir: Path) -> Path:
    try:
        if all(_same(files, user_dir / tree) for tree, files in package.items()):
            return user_dir
        user_dir.mkdir(parents=True, exist_ok=True)
        with _locked(user_dir / ".mlbench-install.lock"):
            for tree, files in package.items():
                if not _same(files, user_dir / tree):
                    _replace(files, user_dir / tree)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot install the Arduino platform: {error.strerror or error}",
            where=str(error.filename or user_dir),
            do="make the folder writable, or choose another",
        ) from error
    return user_dir


def _contents(tree: Path) -> dict[str, bytes]:
    files = (path for path in tree.rglob("*") if path.is_file())
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}


def _same(files: dict[str, bytes], target: Path) -> bool:
    """Whether a tree holds these files. The whole is some 200 kB, read in a millisecond or two."""
    return target.is_dir() and files == _contents(target)


def _replace(files: dict[str, bytes], target: Path) -> None:
    """Put these files in the place of ``target``; what others see is the one or the other."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder that sketch compilers search, so that they never take the copy for a platform.
    with ScratchFolder(".mlbench-new-", _root(target)) as scratch:
        fresh = scratch / "new"
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written, not copied: modes of a read-only installation and time stamps of an archive
            # stay behind. A header older than its objects would leave them stale.
            path.write_bytes(content)
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.exists():
            target.rename(scratch / "old")
        fresh.rename(target)


def _root(target: Path) -> Path:
    """The user directory that ``target`` lies in."""
    tree = next(tree for tree in _TREES if target.parts[-len(tree.parts) :] == tree.parts)
    return target.parents[len(tree.parts) - 1]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

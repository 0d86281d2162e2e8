"""The Arduino platform ``mlbench:nrf52840`` and the MLBench library, as files for a sketch compiler.

:func:`install` lays both into a user directory as arduino-cli and arduino-builder read it:
``hardware/mlbench/nrf52840`` and ``libraries/MLBench``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlbench.errors import EnvironmentFault

HERE = Path(__file__).parent
HARDWARE = HERE / "hardware"
"""Folder of platforms in the package: ``mlbench/nrf52840`` below it."""
LIBRARIES = HERE / "libraries"
"""Folder of Arduino libraries in the package: ``MLBench`` below it."""
FQBN = "mlbench:nrf52840:nano33ble"
"""Name of the platform's board."""

_TREES = (Path("hardware/mlbench/nrf52840"), Path("libraries/MLBench"))


def install(user_dir: Path) -> Path:
    """Lay the platform and the library into ``user_dir`` and return it.

    What is there already with the same content stays untouched, time stamps included, so that
    sketch compilers find their objects fresh. Other content is replaced as a whole: nothing of an
    older version stays behind. Several processes may install into one directory at once.

    Raises:
        EnvironmentFault: the directory cannot be written.
    """
    try:
        if all(_same(HERE / tree, user_dir / tree) for tree in _TREES):
            return user_dir
        user_dir.mkdir(parents=True, exist_ok=True)
        with _locked(user_dir / ".mlbench-install.lock"):
            for tree in _TREES:
                if not _same(HERE / tree, user_dir / tree):
                    _replace(HERE / tree, user_dir / tree)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot install the Arduino platform: {error.strerror or error}",
            where=str(error.filename or user_dir),
            do="make the folder writable, or choose another",
        ) from error
    return user_dir


def content_key() -> str:
    """SHA-256 of all files of the platform and the library, with their names."""
    digest = hashlib.sha256()
    for tree in _TREES:
        for name, content in sorted(_contents(HERE / tree).items()):
            digest.update(f"{tree.as_posix()}/{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _contents(tree: Path) -> dict[str, bytes]:
    files = (path for path in tree.rglob("*") if path.is_file())
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}


def _same(source: Path, target: Path) -> bool:
    """Whether the two trees hold the same files. The whole is some 200 kB, read in a millisecond or two."""
    return target.is_dir() and _contents(source) == _contents(target)


def _replace(source: Path, target: Path) -> None:
    """Put a copy of ``source`` in the place of ``target``; what others see is the one or the other."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder that sketch compilers search, so that they never take the copy for a platform.
    with tempfile.TemporaryDirectory(prefix=".mlbench-", dir=_root(target)) as scratch:
        fresh = Path(scratch) / "new"
        for name, content in _contents(source).items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written, not copied: modes of a read-only installation and time stamps of an archive
            # stay behind. A header older than its objects would leave them stale.
            path.write_bytes(content)
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.exists():
            target.rename(Path(scratch) / "old")
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

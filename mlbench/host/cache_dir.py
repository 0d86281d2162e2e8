"""The one folder of ours on a machine, and locks in it.

``$MLBENCH_HOME``, else ``$XDG_CACHE_HOME/mlbench``, else ``~/.cache/mlbench``. Each kind of thing
has a cache area of its own in it. Only areas named here are ever removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlbench.errors import EnvironmentFault

Say = Callable[[str], None]
"""Prints one line of progress."""

ENVIRONMENTS = "environments"
TOOLS = "tools"
BUILDS = "builds"
CHECKOUTS = "checkouts"
ARDUINO = "arduino"
RESULTS = "results"
BYTECODE = "bytecode"
BOARDS = "boards"
AREAS = {
    ENVIRONMENTS: "Python environments",
    TOOLS: "sketch compilers that were downloaded",
    BUILDS: "built firmware",
    CHECKOUTS: "model projects",
    ARDUINO: "Arduino data: platforms, libraries, indexes",
    RESULTS: "measurements kept for reuse",
    BYTECODE: "compiled Python of checkouts that cannot be written to",
    BOARDS: "locks of boards that are in use",
}
"""Every cache area, with what it holds."""

APT_RECORD = "apt-packages.txt"
APT_LOG = "apt.log"
TAG = "CACHEDIR.TAG"
_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Made by mlbench; see https://bford.info/cachedir/ for what this file tells backup programs.\n"
)


def home_path() -> Path:
    """Where the folder is or would be. Nothing is made.

    Raises:
        EnvironmentFault: there is no home folder to derive it from.
    """
    named = os.environ.get("MLBENCH_HOME", "")
    if named:
        return Path(os.path.abspath(os.path.expanduser(named)))  # noqa: PTH100, PTH111 (links stay as named)
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if cache and os.path.isabs(cache):  # noqa: PTH117 (the XDG specification: relative ones are ignored)
        return Path(cache) / "mlbench"
    try:
        return Path.home() / ".cache" / "mlbench"
    except RuntimeError as error:
        raise EnvironmentFault("no home folder is known", do="set MLBENCH_HOME to a folder") from error


def home() -> Path:
    """The folder, made if it is not there yet.

    Raises:
        EnvironmentFault: it cannot be made, or is a folder with something else in it.
    """
    path = home_path()
    tag = path / TAG
    if tag.is_file():
        return path
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Areas are removed by name later on: a folder that held something else must never become ours.
        # Two first starts may meet here, so what another one has just made is no stranger.
        if strangers := [entry.name for entry in path.iterdir() if entry.name not in {TAG, *AREAS}]:
            raise EnvironmentFault(
                f"not empty, and not made by mlbench ({strangers[0]} is in it)",
                where=str(path),
                do="set MLBENCH_HOME to a new or empty folder",
            )
        tag.write_text(_TAG_TEXT)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def cache_area(name: str) -> Path:
    """One cache area of the folder, made if it is not there yet.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    path = home() / name
    assert name in AREAS, name
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def baseline_trees() -> Path:
    """Where work trees of baselines are checked out; made by whoever checks one out.

    Raises:
        EnvironmentFault: the cache area cannot be made.
    """
    return cache_area(CHECKOUTS) / "baselines"


def unwritable(path: Path, error: OSError) -> EnvironmentFault:
    """The error for a place of ours that cannot be written to."""
    return EnvironmentFault(
        f"cannot be written ({error.strerror or error})",
        where=str(path),
        do="free space there or set MLBENCH_HOME to another folder",
    )


@contextmanager
def locked(path: Path, say: Say, what: str) -> Iterator[int]:
    """Hold a lock file; waits, after saying so, while another process holds it.

    The system lets go of it when the process ends, however it ends. Gives the open file: a child process
    that inherits it (``pass_fds``) holds the lock too, should this process be killed before it.

    Raises:
        EnvironmentFault: the file system has no locks, or the file cannot be made.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        _take(handle, path, say, what)
        yield handle
    finally:
        os.close(handle)


def _take(handle: int, path: Path, say: Say, what: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"waiting for another mlbench, which is {what}")
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        raise EnvironmentFault(
            f"files cannot be locked there ({error.strerror})",
            where=str(path),
            do="set MLBENCH_HOME to a local folder",
        ) from error


def remove_tree(path: Path) -> None:
    """Remove a file or folder of ours, write-protected parts included.

    Raises:
        EnvironmentFault: something in it cannot be removed.
    """
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
        return
    if not path.is_dir():
        return
    try:
        shutil.rmtree(path)
    except OSError:
        # Package managers write-protect what they unpack; the owner may open it again.
        for folder, _, _ in os.walk(path):
            with suppress(OSError):
                Path(folder).chmod(0o700)
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise EnvironmentFault(
                f"cannot be removed ({error.strerror or error})", where=str(error.filename or path)
            ) from error

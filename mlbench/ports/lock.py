"""One board for one run at a time, on a machine where several run.

A file in mlbench's own folder is locked by the system (flock(2)), which lets go of it when the process ends,
however it ends: nothing has to be cleaned up after a crash. What is written in it only says who holds it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import BOARDS, Say, cache_area, unwritable
from mlbench.ports.finding import Port

_POLL_SECONDS = 0.2
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Holder:
    """Who holds a board."""

    pid: int
    host: str
    what: str
    since: str

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host} ({self.what}, since {self.since})"


class BoardLock:
    """A board that is held. Release it, or use it in a ``with`` statement."""

    def __init__(self, port: Port, path: Path, handle: int) -> None:
        self.port = port
        self.path = path
        self._handle = handle

    def __enter__(self) -> BoardLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go of it; may be called again."""
        if self._handle >= 0:
            # Emptied first: who looks at it without a lock must not read of a holder that has gone.
            os.ftruncate(self._handle, 0)
            # Said outright: a process that was forked meanwhile has the file open too, and would keep it.
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = -1


def lock_path(port: Port) -> Path:
    """The file that stands for a board. Raises EnvironmentFault where mlbench's folder cannot be made."""
    key = port.key
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", key).strip("_")[-60:]
    return cache_area(BOARDS) / f"{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.lock"


def try_lock(port: Port, what: str) -> BoardLock | Holder:
    """Take a board, or say who has it.

    Raises:
        EnvironmentFault: the file cannot be made, or its file system has no locks.
    """
    path = lock_path(port)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        same = os.fstat(handle).st_ino == path.stat().st_ino
    except BlockingIOError:
        os.close(handle)
        return holder_of(path) or Holder(0, "this machine", "another run", "a moment ago")
    except FileNotFoundError:
        same = False  # somebody took the folder away meanwhile, and our lock is on nothing
    except OSError as error:
        os.close(handle)
        message = f"files cannot be locked there ({error.strerror})"
        raise EnvironmentFault(message, where=str(path), do="set MLBENCH_HOME to a local folder") from error
    if not same:
        os.close(handle)
        return try_lock(port, what)
    since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    text = json.dumps(
        {"pid": os.getpid(), "host": socket.gethostname(), "what": what, "since": since, "port": str(port)}
    )
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)
    except OSError as error:
        os.close(handle)
        raise unwritable(path, error) from error
    return BoardLock(port, path, handle)


def holder_of(path: Path) -> Holder | None:
    """Who a lock's file says that it is held by; None where it says nothing. The lock itself is not asked."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(_MOST_BYTES))
        return Holder(int(data["pid"]), str(data["host"]), str(data["what"]), str(data["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def held() -> tuple[tuple[Path, Holder], ...]:
    """All boards that are held at the moment, by their files."""
    holders = []
    for path in sorted(cache_area(BOARDS).glob("*.lock")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            holders.append(
                (path, holder_of(path) or Holder(0, "this machine", "another run", "a moment ago"))
            )
        finally:
            os.close(handle)
    return tuple(holders)


def acquire(
    ports: Sequence[Port],
    what: str,
    say: Say,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> BoardLock:
    """Take the first of these boards that is free; waits while none is.

    Args:
        ports: the boards that would do, the best first.
        what: what it is wanted for, told to others.
        say: gets one line before it waits.
        seconds: how long to wait.
        clock: seconds from anywhere.
        sleep: waits for seconds.

    Raises:
        EnvironmentFault: none became free in time; says who holds them.
    """
    assert ports
    deadline, announced = clock() + seconds, False
    while True:
        holders = []
        for port in ports:
            lock = try_lock(port, what)
            if isinstance(lock, BoardLock):
                return lock
            holders.append(f"{port.device} is held by {lock}")
        if clock() >= deadline:
            do = "wait for it, end that process, or connect another board"
            raise EnvironmentFault("; ".join(holders), do=do)
        if not announced:
            say(f"waiting for a board: {'; '.join(holders)}")
            announced = True
        sleep(_POLL_SECONDS)

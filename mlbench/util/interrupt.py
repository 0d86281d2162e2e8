"""Ctrl-C and SIGTERM: a quick and quiet end, also out of native code and with compilers still at work."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mlbench.util.supervisor import end_session

GRACE_SECONDS = 2.0
"""How long the orderly way out may take. An exception that a signal raises within a callback of native
code is lost there, and the emulator is such code."""


_UNDER_WAY = threading.Event()


def is_ending() -> bool:
    """Whether a signal has asked this process to end: what fails from then on says nothing of a sketch."""
    return _UNDER_WAY.is_set()


class Interrupted(BaseException):
    """A signal asks to end; ``status`` is the exit status that says so."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@contextmanager
def interruptible(grace: float = GRACE_SECONDS) -> Iterator[None]:
    """Within the context, SIGINT and SIGTERM raise ``Interrupted``, and end the process if that is lost.

    In other threads than the main one nothing is changed.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        status = 128 + number
        _UNDER_WAY.set()
        end_children()
        watchdog = threading.Timer(grace, leave, (status,))
        watchdog.daemon = True
        watchdog.start()
        raise Interrupted(status)

    _UNDER_WAY.clear()
    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, handle)
    except ValueError:  # not the main thread
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_children() -> None:
    """End the programs that threads wait for, and what they started.

    Each leads a session of its own, so that Ctrl-C misses it; sketch compilers put what they start into
    process groups of their own.
    """
    for task in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                end_session(int(child))


def leave(status: int) -> NoReturn:
    """End this process now, its children first, without waiting for its threads."""
    end_children()
    if sys.stderr.isatty():
        with suppress(OSError):
            sys.stderr.write("\x1b[?25h")  # a live display has hidden the cursor
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)

"""The two ends a person or program may hold of an emulated serial line: a terminal, or a pseudo-terminal."""

from __future__ import annotations

import codecs
import os
import select
import sys
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.util.text import printable

_LEAVE = (b"\x03", b"\x1d")
"""Ctrl-C and Ctrl-]."""
_CHUNK = 4096
_MOST_WAITING = 1 << 20
"""Bytes kept for a program that has the port open and does not read."""


class LineEnd(Protocol):
    """Where text goes and input comes from."""

    def __enter__(self) -> LineEnd:
        """Take hold of it."""

    def __exit__(self, *_: object) -> None:
        """Leave everything as it was."""

    def write(self, data: bytes) -> None:
        """Show what the firmware has sent."""

    def wait(self, seconds: float | None) -> bytes | None:
        """Input that comes within the time (None: however long it takes); None: the person leaves."""

    @property
    def listens(self) -> bool:
        """Whether input can still come."""

    def line(self) -> tuple[bool, int] | None:
        """Whether a program holds the port open, and its baud rate; None where that means nothing."""


class Harmless:
    """Bytes to text a piece at a time, with what steers a terminal written out; line ends and tabs stay."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, data: bytes) -> str:
        """The text of the next piece."""
        return "".join(
            character if character in "\n\r\t" else printable(character)
            for character in self._decoder.decode(data)
        )


class Terminal:
    """Standard input and output. On a terminal keys go to the firmware as they are pressed."""

    def __init__(self, *, raw: bool, source: int = 0, sink: int = 1) -> None:
        self._raw = raw
        self._source, self._sink = source, sink
        self._harmless = Harmless()
        self._before: list[Any] | None = None
        self._open = True

    def __enter__(self) -> Terminal:
        if not os.isatty(self._source):
            return self
        if os.tcgetpgrp(self._source) != os.getpgrp():
            self._open = False  # in the background: reading would stop this process
            return self
        self._before = termios.tcgetattr(self._source)
        mode = termios.tcgetattr(self._source)
        # Keys one by one, without echo, Ctrl-S and Ctrl-Z too; what is shown is still treated as lines.
        mode[0] &= ~termios.IXON
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._source, termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            with suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(self._source, termios.TCSANOW, self._before)

    def write(self, data: bytes) -> None:
        """See ``LineEnd``."""
        if not self._raw:
            data = self._harmless(data).encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._sink, data) :]

    def wait(self, seconds: float | None) -> bytes | None:
        """See ``LineEnd``."""
        ready, _, _ = select.select([self._source] if self._open else [], [], [], seconds)
        if not ready:
            return b""
        try:
            data = os.read(self._source, _CHUNK)
        except OSError:
            data = b""
        if not data:
            self._open = False
        if self._before is not None and any(key in data for key in _LEAVE):
            return None
        return data

    @property
    def listens(self) -> bool:
        """See ``LineEnd``."""
        return self._open

    def line(self) -> None:
        """See ``LineEnd``."""


class PortLink:
    """A pseudo-terminal behind a symbolic link, which any program opens as a serial port."""

    listens = True

    def __init__(self, link: Path) -> None:
        self._link = link
        self._master = -1
        self._waiting = bytearray()
        self._name = ""

    def __enter__(self) -> PortLink:
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave)
            self._name = os.ttyname(slave)
        finally:
            # Held open by nobody: so it can be seen when a program opens and closes it.
            os.close(slave)
        os.set_blocking(self._master, False)
        try:
            if self._link.is_symlink() and not self._link.exists():
                self._link.unlink()  # left by one that was killed
            self._link.symlink_to(self._name)
        except FileExistsError:
            os.close(self._master)
            raise UsageError("there is something at this place already", where=str(self._link),
                             do="name another place for the link") from None  # fmt: skip
        except OSError as error:
            os.close(self._master)
            raise EnvironmentFault(f"no link can be made: {error.strerror}", where=str(self._link)) from None
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            if str(self._link.readlink()) == self._name:
                self._link.unlink()
        os.close(self._master)

    def line(self) -> tuple[bool, int]:
        """See ``LineEnd``."""
        poll = select.poll()
        poll.register(self._master, 0)
        is_open = not any(what & select.POLLHUP for _, what in poll.poll(0))
        speed = termios.tcgetattr(self._master)[5]
        return is_open, _BAUDS.get(speed, 115200)

    def write(self, data: bytes) -> None:
        """See ``LineEnd``; nobody hears it while no program has the port open."""
        if not self.line()[0]:
            self._waiting.clear()
            return
        self._waiting += data
        del self._waiting[:-_MOST_WAITING]
        self._push()

    def _push(self) -> None:
        with suppress(OSError):  # full: the rest waits
            while self._waiting:
                del self._waiting[: os.write(self._master, self._waiting[:_CHUNK])]

    def wait(self, seconds: float | None) -> bytes:
        """See ``LineEnd``; comes back at least every 50 ms to see who opens the port."""
        limit = 0.05 if seconds is None else min(seconds, 0.05)
        readers = [self._master] if self.line()[0] else []
        writers = [self._master] if self._waiting and readers else []
        ready, writable, _ = select.select(readers, writers, [], limit)
        if writable:
            self._push()
        if not ready:
            return b""
        try:
            return os.read(self._master, _CHUNK)
        except OSError:  # closed meanwhile
            return b""


_BAUDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name.startswith("B") and name[1:].isdecimal()
}


def people(text: str) -> None:
    """One line about the monitor itself, apart from what the firmware sends."""
    sys.stderr.write(f"mlbench: {text}\n")
    sys.stderr.flush()

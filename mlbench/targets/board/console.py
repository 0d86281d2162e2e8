"""A board's serial line through resets: opened when there is something to say, found again when it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import Say
from mlbench.ports.finding import Port, list_ports
from mlbench.ports.opening import Line, Times, find_again, open_port
from mlbench.targets.board.line_protocol import CheckedLine, LineReader, write_line

_POLL_SECONDS = 0.005
_LOOK_SECONDS = 0.02
_MOST_AT_ONCE = 4096


class SerialConsole:
    """The line of one board. It may go at any time, and come back under another name.

    Args:
        port: as it was found.
        baud: bits a second.
        say: told why a port that is there cannot be opened.
        list_all: gives the ports that there are.
        times: where time comes from, also for those who talk over it.
    """

    def __init__(
        self,
        port: Port,
        baud: int,
        say: Say,
        list_all: Callable[[], Sequence[Port]] = list_ports,
        times: Times | None = None,
    ) -> None:
        self.port = port
        self.times = times or Times()
        self.reader = LineReader()
        self.opened = 0
        """How often the port was opened."""
        self.heard = 0
        """Bytes that came."""
        self.raw = bytearray()
        """All of them, lines of the protocol included, up to what the reader keeps."""
        self._baud, self._say, self._list_all = baud, say, list_all
        self._line: Line | None = None
        self._number = 0
        self._told = ""

    def lines(self, seconds: float) -> tuple[CheckedLine, ...]:
        """What comes, as soon as there is a whole line; nothing, when the time is over."""
        deadline = self.times.clock() + seconds
        while True:
            data = self._read()
            received = self.reader.feed(data) if data else ()
            if received or self.times.clock() >= deadline:
                return received
            if not data:
                self.times.sleep(_POLL_SECONDS if self._line is not None else _LOOK_SECONDS)

    def listen(self, seconds: float) -> int:
        """Wait for anything at all; gives how many bytes came."""
        deadline, before = self.times.clock() + seconds, self.heard
        while self.heard == before and self.times.clock() < deadline:
            data = self._read()
            self.reader.feed(data)
            if not data:
                self.times.sleep(_POLL_SECONDS if self._line is not None else _LOOK_SECONDS)
        return self.heard - before

    def say(self, words: str) -> bool:
        """Send a line; whether there was a port to send it to. Whether it arrived, only an answer tells."""
        sent = self.send(write_line(words, self._number))
        self._number += sent
        return sent

    def send(self, data: bytes) -> bool:
        """Send bytes as they are; whether there was a port to send them to."""
        if self._line is None and not self._open():
            return False
        assert self._line is not None
        try:
            self._line.write(data)
        except OSError:
            self._lost()
            return False
        return True

    def close(self) -> None:
        """Give the port back, for an upload, or for good."""
        if self._line is not None:
            with suppress(OSError):
                self._line.close()
            self._line = None
        self.reader.restarted()

    def _read(self) -> bytes:
        if self._line is None and not self._open():
            return b""
        assert self._line is not None
        try:
            data = self._line.read(_MOST_AT_ONCE)
        except (OSError, TypeError):  # pyserial trips over a descriptor that another thread has closed
            self._lost()
            return b""
        self.heard += len(data)
        self.raw += data[: max(0, self.reader.most - len(self.raw))]
        return data

    def _open(self) -> bool:
        port = find_again(self.port, self._list_all())
        if port is None:
            return False
        try:
            self._line = open_port(port, self._baud, lambda _: None, tries=1, times=self.times)
        except EnvironmentFault as error:
            if str(error) != self._told:  # it is tried again and again
                self._told = str(error)
                self._say(self._told)
            return False
        self.port = port
        self.opened += 1
        return True

    def _lost(self) -> None:
        self.close()

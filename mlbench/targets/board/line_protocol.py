"""Lines that firmware says of itself on a serial port, each with a number and a checksum.

A line is ``mlbench WORDS #NUMBER *CHECKSUM``: printable ASCII, a decimal number that grows by one with each
line from 0 after a reset, and CRC-32 (IEEE 802.3, as in zlib) in eight hexadecimal digits of all that comes
before the blank in front of the asterisk. Among them may be anything: what a sketch prints, what a bootloader
chatters, halves of lines, noise. A line that lost, doubled or changed a byte fails its checksum and is passed
over; a number that is missing tells that one was.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

_LINE = re.compile(rb"(mlbench ((?:(?!mlbench )[ -~]){1,200}?) #([0-9]{1,10})) \*([0-9a-f]{8})\r?\n")
LIBRARY = ("init_time", "inference_time")
"""First words of the lines of the library MLBench, which counts them for itself."""
_LONGEST = 240
"""Bytes of the longest line with its end."""


@dataclass(frozen=True)
class CheckedLine:
    """One line that came whole: its words, and its number."""

    words: tuple[str, ...]
    number: int


def checksum(text: bytes) -> int:
    """CRC-32 of a line up to the blank in front of its asterisk."""
    return zlib.crc32(text)


def write_line(words: str, number: int) -> bytes:
    """A line, as firmware prints it."""
    text = f"mlbench {words} #{number}".encode("ascii")
    return text + f" *{checksum(text):08x}\n".encode("ascii")


@dataclass
class LineReader:
    """Parts what comes from a port into lines of the protocol and everything else.

    ``rest`` is everything else in its order, a sketch's own prints among it; at most ``most`` bytes of it
    are kept, so that no firmware can fill the memory. ``gaps`` counts numbers that never came, and
    ``spoilt`` pieces that look like a line and fail their checksum.
    """

    most: int = 1 << 20
    rest: bytearray = field(default_factory=bytearray)
    gaps: int = 0
    spoilt: int = 0
    lost: int = 0
    """Bytes of the rest beyond ``most``, which were thrown away."""
    _pending: bytearray = field(default_factory=bytearray)
    _next: dict[bool, int] = field(default_factory=dict)

    def restarted(self) -> None:
        """The board was reset, or its port was opened anew: what is pending is half a line."""
        self._keep(self._pending)
        self._pending.clear()
        self._next = {}

    def feed(self, data: bytes) -> tuple[CheckedLine, ...]:
        """The lines that are whole with this data."""
        self._pending += data
        lines: list[CheckedLine] = []
        done = 0
        for match in _LINE.finditer(self._pending):
            if checksum(match[1]) != int(match[4], 16):
                self.spoilt += 1
                continue
            self._keep(self._pending[done : match.start()])
            done = match.end()
            words, number = tuple(match[2].decode("ascii").split()), int(match[3])
            if not words:
                self.spoilt += 1
                continue
            sender = words[0] in LIBRARY
            expected = self._next.get(sender, number)
            self.gaps += max(0, number - expected)
            self._next[sender] = number + 1
            lines.append(CheckedLine(words, number))
        del self._pending[:done]
        # What can still become a line stays: from the last line's end, or the longest that one can be.
        end = self._pending.rfind(b"\n") + 1
        end = max(end, len(self._pending) - _LONGEST)
        self._keep(self._pending[:end])
        del self._pending[:end]
        return tuple(lines)

    def text(self) -> bytes:
        """Everything else, with what is pending."""
        return bytes(self.rest + self._pending)

    def _keep(self, data: bytes | bytearray) -> None:
        space = max(0, self.most - len(self.rest))
        self.rest += data[:space]
        self.lost += max(0, len(data) - space)

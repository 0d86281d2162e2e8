"""All the serial text of a machine: what firmware sends, by way and time, and what is fed to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mlbench.errors import UsageError

SOURCES = ("usb", "uart0", "uart1", "rtt", "semihosting", "itm")
"""The ways that text can take."""


class Output(NamedTuple):
    """Bytes that left the firmware: at which cycle, on which way."""

    at: int
    source: str
    data: bytes


class _Way(NamedTuple):
    feed: Callable[[bytes], None] | None
    on_its_way: Callable[[], bytes]


class Console:
    """Collects what each source sends, in the order of virtual time, and passes input on."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._ways: dict[str, _Way] = {}
        self.outputs: list[Output] = []
        self.listener: Callable[[Output], None] | None = None
        """Told of each output as it comes; ``keep`` False then saves the memory of a long run."""
        self.keep = True

    def attach(
        self,
        source: str,
        feed: Callable[[bytes], None] | None = None,
        on_its_way: Callable[[], bytes] = lambda: b"",
    ) -> None:
        """Add a source.

        Args:
            source: one of ``SOURCES``.
            feed: takes what the host sends to the firmware; none where there is no such way.
            on_its_way: what hardware has taken from the firmware and not yet put here.
        """
        self._ways[source] = _Way(feed, on_its_way)

    def put(self, source: str, data: bytes) -> None:
        """The firmware has sent something."""
        if not data:
            return
        output = Output(self._now(), source, data)
        if self.keep:
            self.outputs.append(output)
        if self.listener is not None:
            self.listener(output)

    def feed(self, source: str, data: bytes) -> None:
        """Send something to the firmware.

        Raises:
            UsageError: nothing can be sent this way.
        """
        way = self._ways.get(source)
        if way is None or way.feed is None:
            can = ", ".join(name for name, way in self._ways.items() if way.feed is not None)
            raise UsageError(f"nothing can be sent to the firmware over {source!r}", do=f"use one of: {can}")
        way.feed(data)

    def text(self, *sources: str) -> bytes:
        """What the sources (by default all) have sent: one after the other, the first to speak first.

        Each source's text stays in one piece, so that two that speak at a time do not cut each other's lines.
        """
        texts: dict[str, bytearray] = {}
        for output in self.outputs:
            texts.setdefault(output.source, bytearray()).extend(output.data)
        for source, way in self._ways.items():
            rest = way.on_its_way()
            if rest:
                texts.setdefault(source, bytearray()).extend(rest)
        return b"".join(bytes(text) for name, text in texts.items() if not sources or name in sources)

    def save(self) -> object:
        """What a snapshot must hold."""
        return tuple(self.outputs)

    def load(self, saved: tuple[Output, ...]) -> None:
        """Go back to what ``save`` gave."""
        self.outputs = list(saved)

"""A serial dialogue with firmware in virtual time: what every kind of device can do."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from mlbench.elf.image import Image
from mlbench.elf.names import find_functions
from mlbench.errors import UsageError
from mlbench.testing.units import TIME, Quantity, microseconds

_TIME = re.compile(r"[0-9]+(\.[0-9]+)? ?(us|ms|s|min)")


@dataclass(frozen=True)
class Match:
    """What ``expect`` found: the text before it since the last one, and the match."""

    before: str
    match: re.Match[str]

    @property
    def text(self) -> str:
        """The text that matched."""
        return self.match[0]

    def __getitem__(self, group: int | str) -> str:
        return self.match[group]


class Dialogue(ABC):
    """Text both ways. Nothing runs and no time passes but in the methods that say so."""

    image: Image
    """What it runs."""

    _read = 0
    """Characters of the serial text that earlier ``expect`` calls have gone past."""

    @abstractmethod
    def _run_until(self, done: Callable[[bytes], bool], timeout_us: float, what: str) -> None:
        """Run until ``done`` says so of all serial text; DeviceError where it does not come to that."""

    @abstractmethod
    def _run_for(self, us: float) -> None:
        """Let virtual time pass."""

    @abstractmethod
    def _run_to(self, function: str, timeout_us: float) -> None:
        """Run until a function is entered."""

    @abstractmethod
    def _sent(self) -> bytes:
        """All serial text so far; switches the device on."""

    @abstractmethod
    def _us(self) -> float:
        """Virtual time since it was switched on."""

    @abstractmethod
    def _send(self, source: str, data: bytes) -> None:
        """Put bytes on the wire to the firmware."""

    def _is_function(self, name: str) -> bool:
        """Whether the image has a function of that name."""
        try:
            return bool(find_functions(self.image, name))
        except UsageError:
            return False

    @property
    def time(self) -> Quantity:
        """Virtual time since it was switched on."""
        return Quantity(self._us(), TIME)

    @property
    def serial(self) -> str:
        """All that the firmware has sent so far; what is no UTF-8 is replaced."""
        return self._sent().decode("utf-8", "replace")

    def run_for(self, time: str | Quantity) -> str:
        """Let virtual time pass; gives the text that came meanwhile.

        Raises:
            DeviceError: the firmware ended.
        """
        before = len(self.serial)
        self._run_for(microseconds(time))
        return self.serial[before:]

    def run_until(
        self, what: str = "", *, text: str = "", symbol: str = "", timeout: str | Quantity = "10 s"
    ) -> str:
        """Run until a text was sent, a function is entered, or a time has passed; gives the text that came.

        Args:
            what: a time such as ``50 ms``, else the name of a function that the image has, else a text.
            text: a text, whatever it looks like.
            symbol: a function, by name as in mlbench.yml.
            timeout: virtual time that it may take.

        Raises:
            DeviceError: the firmware ended, or the time was over.
            UsageError: there is no such function.
        """
        if what and not (text or symbol):
            if _TIME.fullmatch(what):
                return self.run_for(what)
            text, symbol = ("", what) if self._is_function(what) else (what, "")
        if not (text or symbol):
            raise UsageError("run_until waits for nothing", do="give a text, a function or a time")
        before = len(self.serial)
        if symbol:
            self._run_to(symbol, microseconds(timeout))
        else:
            wanted = text.encode()
            # A text that began to come before may end now.
            start = max(0, len(self._sent()) - len(wanted) + 1)
            self._run_until(lambda sent: wanted in sent[start:], microseconds(timeout), f"the text {text!r}")
        return self.serial[before:]

    def expect(self, pattern: str | re.Pattern[str], timeout: str | Quantity = "1 s") -> Match:
        """Run until the text behind the last ``expect`` matches a regular expression.

        Raises:
            DeviceError: the firmware ended, or the time was over.
        """
        try:
            wanted = re.compile(pattern) if isinstance(pattern, str) else pattern
        except re.error as error:
            what = f"{pattern!r} is no regular expression: {error}"
            raise UsageError(what, do="escape what is meant as it is: re.escape(text)") from None
        self._sent()

        def found(sent: bytes) -> bool:
            return bool(wanted.search(sent.decode("utf-8", "replace"), self._read))

        self._run_until(found, microseconds(timeout), f"a match of {wanted.pattern!r}")
        text = self.serial
        match = wanted.search(text, self._read)
        assert match is not None
        before, self._read = text[self._read : match.start()], match.end()
        return Match(before, match)

    def send(self, data: str | bytes, source: str = "uart0") -> None:
        """Send something to the firmware: by ``uart0``, ``uart1``, ``usb`` or ``rtt``.

        Raises:
            UsageError: nothing can be sent that way.
        """
        self._send(source, data.encode() if isinstance(data, str) else bytes(data))

"""Putting firmware onto a board: into its bootloader, written, and followed to where the sketch runs.

Each try is bounded, and so is their number. Where they all fail, a person is asked once for what no computer
can do, two presses of the board's reset button.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mlbench.boards import Board
from mlbench.errors import EnvironmentFault
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.compiler import PlatformMissing
from mlbench.firmware.upload_answer import UploadRefused
from mlbench.host.cache_dir import Say
from mlbench.ports.finding import Port, list_ports
from mlbench.ports.opening import Times, await_return, pulse_dtr, touch
from mlbench.ports.programmers import Programmer, UploadImage, baud_of, programmer_for

__all__ = ["UploadFailed", "UploadImage", "UploadRefused", "Uploaded", "Uploader"]

PERSON_SECONDS = 60.0
_TRIES = 3
_MOST_HOPS = 3
"""Times that a port may go and come back after an upload: as bootloader, and as sketch."""


@dataclass(frozen=True)
class Uploaded:
    """Firmware that is on a board."""

    port: Port
    """Where the sketch runs now."""
    attempts: int
    """The good one included."""
    reasons: tuple[str, ...] = ()
    """Why the others failed."""
    asked: bool = False
    """Whether a person had to help."""


class UploadFailed(EnvironmentFault):
    """All tries failed."""

    def __init__(self, port: Port, attempts: int, reasons: Sequence[str], do: str) -> None:
        self.attempts = attempts
        self.reasons = tuple(reasons)
        super().__init__(f"the upload failed: {_told(self.reasons)}", where=port.device, do=do)


@dataclass(frozen=True)
class Uploader:
    """Uploads to boards of one kind."""

    board: Board
    cli: ArduinoCli | None
    """What uploads to boards whose definition names no command."""
    say: Say
    """Gets a line for each try that fails, and for what a person is asked for."""
    tries: int = _TRIES
    person_seconds: float = PERSON_SECONDS
    """How long a person is waited for; 0 where there is none."""
    list_all: Callable[[], Sequence[Port]] = list_ports
    times: Times = Times()

    def upload(self, image: UploadImage, port: Port) -> Uploaded:
        """Put an image onto the board at a port.

        Raises:
            UploadFailed: no try was good; has the reason of each.
            UploadRefused: it cannot succeed, so that it was tried once at most.
            EnvironmentFault: the platform is not installed, or a file cannot be written.
            SketchError, UsageError: the image is none, or the platform does not have the board.
        """
        with programmer_for(self.board, image, self.cli) as programmer:
            return _Course(self, programmer, port).run()


class _Course:
    """One upload: where the board is meanwhile, and what has failed so far."""

    def __init__(self, uploader: Uploader, programmer: Programmer, port: Port) -> None:
        self._by, self._programmer, self._port = uploader, programmer, port
        self._board, self._say = uploader.board, uploader.say
        self._attempts = 0
        self._reasons: list[str] = []

    def run(self) -> Uploaded:
        while self._attempts < self._by.tries:
            if self._done(f"try {self._attempts + 1} of {self._by.tries}"):
                return self._uploaded(prompted=False)
        if self._board.reset.double_tap and self._by.person_seconds > 0:
            if self._pressed_twice() and self._done("try in the bootloader", in_bootloader=True):
                return self._uploaded(prompted=True)
            do = "connect it anew, and see that its cable carries data"
        elif self._board.reset.double_tap:
            do = "press its reset button twice, then start again"
        else:
            do = "press its reset button or connect it anew, then start again"
        raise UploadFailed(self._port, self._attempts, self._reasons, do)

    def _uploaded(self, *, prompted: bool) -> Uploaded:
        return Uploaded(self._port, self._attempts, tuple(self._reasons), prompted)

    def _done(self, which: str, *, in_bootloader: bool = False) -> bool:
        self._attempts += 1
        try:
            if self._attempts > 1 and not in_bootloader:
                self._again()
            self._upload(in_bootloader)
        except (UploadRefused, PlatformMissing):
            raise
        except EnvironmentFault as error:
            self._failed(which, error)
            return False
        return True

    def _again(self) -> None:
        """What may help before another try: a bootloader that gave up has gone, and the sketch is back."""
        with suppress(EnvironmentFault):
            self._follow(seconds=0)
        if self._board.reset.by == "dtr":
            pulse_dtr(self._port, baud_of(self._board), self._say, times=self._by.times)

    def _upload(self, in_bootloader: bool) -> None:
        if self._programmer.touches and not in_bootloader:
            siblings = self._siblings()
            touch(self._port, self._say, times=self._by.times)
            # A board that does not go may be in its bootloader already, which heeds no touch.
            in_bootloader = self._to_bootloader(siblings, self._board.reset.seconds)
        siblings = self._siblings()
        self._port = self._at(self._programmer.write(self._port))
        for _ in range(_MOST_HOPS):
            went = self._follow(siblings)
            # From the bootloader it is one way to the sketch. Else what has come may be the bootloader still.
            if in_bootloader or not went:
                break
            siblings = self._siblings()

    def _to_bootloader(self, siblings: Sequence[Port], seconds: float) -> bool:
        """Follow the board into its bootloader; whether it went."""
        try:
            return self._follow(siblings, seconds=seconds)
        except EnvironmentFault:
            if not self._board.upload.raw_usb:
                raise
            return True  # its bootloader is no serial port: that the port has gone is all there is to see

    def _follow(self, siblings: Sequence[Port] = (), *, seconds: float | None = None) -> bool:
        """Wait until the board is there again; whether it was seen to go."""
        returned = await_return(
            self._port,
            self._board.reset.seconds if seconds is None else seconds,
            before=siblings,
            list_all=self._by.list_all,
            times=self._by.times,
        )
        self._port = returned.port
        return returned.went

    def _siblings(self) -> list[Port]:
        """Ports of the same device: they go one after the other, and one that is left is not the one."""
        place = self._port.location
        return [port for port in self._by.list_all() if place and port.location == place]

    def _at(self, device: str) -> Port:
        """The port that an uploader told, unless it cannot be this board's: its place on USB is surer."""
        if not device or device == self._port.device:
            return self._port
        listed = next((port for port in self._by.list_all() if port.device == device), None)
        if self._port.location:
            same = listed is not None and listed.location == self._port.location
            return listed if listed is not None and same else self._port
        return listed or replace(self._port, device=device)

    def _pressed_twice(self) -> bool:
        """Ask for two presses of the button, and wait until the port has gone and come back."""
        seconds, clock = self._by.person_seconds, self._by.times.clock
        self._say(f"{self._port.device}: press the board's reset button twice, within {seconds:.0f} s")
        siblings = self._siblings()
        deadline = clock() + seconds
        while (left := deadline - clock()) > 0:
            try:
                if self._to_bootloader(siblings, left):
                    return True
            except EnvironmentFault as error:
                self._failed("waiting for two presses", error)
                return False
        self._reasons.append(f"nobody pressed its reset button within {seconds:.0f} s")
        return False

    def _failed(self, which: str, error: EnvironmentFault) -> None:
        self._say(f"{which}: {error}")
        self._reasons.append(f"{error.where}: {error.what}" if error.where else error.what)


def _told(reasons: Sequence[str]) -> str:
    """Each reason once, with how often it was met."""
    counts = Counter(reasons)
    return ", then ".join(f"{why} ({count} times)" if count > 1 else why for why, count in counts.items())

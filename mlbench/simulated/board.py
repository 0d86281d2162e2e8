"""The simulated board: its chip, its cable, and the person beside it."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol, TextIO

from mlbench.boards import Board
from mlbench.emulator.peripherals.base import Cause
from mlbench.errors import EnvironmentFault, MLBenchError, UsageError
from mlbench.ports.finding import Port
from mlbench.ports.lock import BoardLock, Holder, holder_of, lock_path, try_lock
from mlbench.ports.opening import TOUCH_BAUD, Times
from mlbench.simulated.bootloader import Bootloader
from mlbench.simulated.chip import ChipState, SimulatedChip
from mlbench.simulated.faults import Faults, Noise
from mlbench.util.scratch import ScratchFolder
from mlbench.util.terminal_link import PortLink, people
from mlbench.util.text import printable

_SLICE_US = 10_000.0
_POLL_SECONDS = 0.01
_FAST_SECONDS = 0.25
"""What passes of the board's time in each poll, where nothing of it lives but the watchdog."""
_ENUMERATION_SECONDS = 0.2
"""From the pull-up to a port that can be opened: 100 ms of debouncing, then resets and requests (USB 2.0,
7.1.7.3)."""
_LATE_SECONDS = 0.2
_GOODBYE_SECONDS = 1.0
_SERIAL_SOURCES = ("usb", "uart0", "uart1")


@dataclass(frozen=True)
class SimulationOptions:
    """How a board is simulated."""

    faults: Faults = Faults()
    seed: int = 0
    speed: float = 1.0
    """Seconds of the chip's in one of ours; 0: as many as can be."""
    log: Path | None = None
    """Where each event goes, as a line of JSON."""
    enumeration: float = _ENUMERATION_SECONDS
    """Seconds from the pull-up to a port that can be opened."""


class Cable(Protocol):
    """The board's end of its line, while it is plugged in; ``PortLink`` is one."""

    def __enter__(self) -> object:
        """Plug it in."""

    def __exit__(self, *_: object) -> None:
        """Pull it."""

    def line(self) -> tuple[bool, int]:
        """Whether a program holds the port open, and its baud rate."""

    def write(self, data: bytes) -> None:
        """Send to whoever has it open."""

    def wait(self, seconds: float) -> bytes:
        """What comes within the time."""


class SimulatedBoard:
    """A board on a cable, from now until somebody ends it.

    Args:
        board: its definition.
        link: where its port appears.
        options: how it behaves.
        times: where time comes from.
        cable: makes its end of the line, each time that it is plugged in.
    """

    def __init__(
        self,
        board: Board,
        link: Path,
        options: SimulationOptions,
        times: Times | None = None,
        cable: Callable[[Path], Cable] = PortLink,
    ) -> None:
        self._times, self._cable = times or Times(), cable
        self.board, self.link, self.options = board, link, options
        self.chip = SimulatedChip(board)
        self.noise = Noise(options.faults, options.seed, self._event)
        self.bootloader = Bootloader(options.faults.upload)
        self.counts: Counter[str] = Counter()
        self.stopping = 0
        self._buttons: list[str] = []
        self._port: Cable | None = None
        self._appears = 0.0
        self._line: tuple[bool, int] = (False, 0)
        self._hung = False
        self._starts: float | None = None
        """When new firmware shows itself at the latest, while the programmer has the port open."""
        self._seen = self._times.clock()
        self._ahead_of = (0.0, 0.0)
        """A time of the wall, and what the chip's clock showed then."""
        self._log: TextIO | None = None
        self._begun = self._times.clock()

    def start(self, firmware: Path | None) -> None:
        """Plug it in, with firmware on it or without.

        Raises:
            SketchError: the firmware is not for its chip.
            EnvironmentFault: the log cannot be written.
        """
        if self.options.log is not None:
            try:
                self._log = self.options.log.open("w", encoding="utf-8", buffering=1)
            except OSError as error:
                what = f"the log cannot be written: {error.strerror}"
                raise EnvironmentFault(what, where=str(self.options.log)) from None
        if firmware is not None:
            self.chip.load(firmware)
        self._plug()

    def close(self) -> None:
        """Pull the cable, for good."""
        self._unplug()
        if self._log is not None:
            self._log.close()

    def step(self) -> None:
        """A little of its life: at most some 50 ms.

        Raises:
            UsageError: there is something at the place of its port that is not its own.
        """
        now = self._times.clock()
        passed, self._seen = now - self._seen, now
        for button in self._buttons:
            self._press(button)
        self._buttons.clear()
        if self._port is None:
            if now < self._appears:
                self._times.sleep(min(_POLL_SECONDS, self._appears - now))
            else:
                self._port = self._cable(self.link)
                self._port.__enter__()
                self._line = (False, self._port.line()[1])
                self._event("port", f"{self.link} as {self.chip.state.value}: {self.chip.why}")
        if self._starts is not None:
            self._start_when_read(self._starts)
        elif self.chip.state is ChipState.SKETCH and not self._hung:
            self._run()
        else:
            self._pause(passed)

    # --- what it does --------------------------------------------------------------------------

    def _run(self) -> None:
        machine = self.chip.machine
        assert machine is not None
        before = machine
        was_reset = self.chip.run(_SLICE_US)
        self._send()
        if was_reset:
            self._was_reset()
            return
        if self.chip.state is ChipState.DEAD:
            self._event("dead", self.chip.why)
            return
        for fault in self.noise.due():
            if fault == "hang":
                self._hung = True
            elif fault == "reset":
                self._press("reset")
            else:
                self._unplug()
                self._plug()
        wait, speed = 0.0, self.options.speed
        # Who is in a hurry does not wait for what does nothing.
        if speed and not (self.chip.idle and speed != 1):
            wall, virtual = self._ahead_of
            passed = (before.clock.us(before.clock.now) / 1e6 - virtual) / speed
            ahead = passed - (self._times.clock() - wall)
            wait = max(0.0, ahead)
            if ahead < -_LATE_SECONDS or not wall:
                self._in_step()
        if self._port is None:
            self._times.sleep(min(wait, _POLL_SECONDS))
            return
        data = self._port.wait(wait)
        if self._touched():
            return
        if data:
            machine.console.feed("usb" if machine.usb is not None and machine.usb.seen else "uart0", data)

    def _pause(self, passed: float) -> None:
        """In the bootloader, dead, hung, or without firmware: only the watchdog and the bootloader live."""
        lifeless = self._hung or self.chip.state is ChipState.DEAD
        if self.chip.wait(_FAST_SECONDS if self.options.speed != 1 and lifeless else passed):
            self._was_reset()
            return
        if self._port is None:
            return
        data = self._port.wait(_POLL_SECONDS)
        self._line = self._port.line()
        if self.chip.state is not ChipState.BOOTLOADER:
            return
        loaded = self.bootloader.feed(data)
        if loaded.answer.startswith(b"error"):
            self._event("upload", printable(loaded.answer.decode("ascii").strip()))
        if loaded.firmware is None:
            self._port.write(loaded.answer)
        elif self._program(loaded.firmware):
            self._port.write(loaded.answer)
            self._starts = self._times.clock() + _GOODBYE_SECONDS
        else:
            self._port.write(b"error not for this chip\n")

    def _start_when_read(self, latest: float) -> None:
        """The programmer reads the answer and closes the port; then the sketch shows itself."""
        if self._port is not None and self._port.line()[0] and self._times.clock() < latest:
            self._port.wait(_POLL_SECONDS)
        else:
            self._was_reset()

    def _program(self, firmware: bytes) -> bool:
        with ScratchFolder("mlbench-board-") as folder:
            elf = folder / "firmware.elf"
            elf.write_bytes(firmware)
            try:
                self.chip.load(elf)
            except MLBenchError as error:
                self._event("refused", error.what)
                return False
        self._event("uploaded", f"{len(firmware)} bytes")
        return True

    def _send(self) -> None:
        """What the chip has sent, as far as the cable lets it through."""
        for output in self.chip.heard:
            # What nobody reads is lost without anybody knowing; faults are for those who read.
            if output.source in _SERIAL_SOURCES and self._port is not None and self._line[0]:
                self._port.write(self.noise.spoil(output.data, self._line[1]))
        self.chip.heard.clear()

    def _touched(self) -> bool:
        """See who opens and closes the port; whether that led to the bootloader."""
        assert self._port is not None
        assert self.chip.machine is not None
        was_open, before = self._line
        self._line = is_open, baud = self._port.line()
        usb = self.chip.machine.usb
        opened, closed = is_open and not was_open, was_open and not is_open
        between = not is_open and not was_open and baud == TOUCH_BAUD != before
        if usb is not None and usb.seen:  # the firmware itself sees it, as on the chip
            if opened or (is_open and baud != before):
                usb.open(baud)
            elif closed:
                usb.close()
            elif between:
                usb.touch()
            return False
        if not ((closed and baud == TOUCH_BAUD) or between):
            return False
        # The project's own core has no USB. Others' answer from an interrupt, whatever the sketch does.
        self.chip.reset(Cause.SOFTWARE, "touched")
        self.chip.enter_bootloader("touched at 1200 baud")
        self._was_reset()
        return True

    def _was_reset(self) -> None:
        """After a reset the chip shows itself on USB anew."""
        self._hung, self._starts = False, None
        self._event("restart", self.chip.why)
        if self.chip.state is ChipState.BOOTLOADER:
            self.bootloader = Bootloader(self.bootloader.failures)
        self._unplug()
        self._plug()

    def _press(self, button: str) -> None:
        self.chip.reset(Cause.POWER_ON, "its button was pressed" if button == "reset" else "pressed twice")
        if button == "double":
            self.chip.enter_bootloader("its button was pressed twice")
        self._was_reset()

    def _plug(self) -> None:
        slow = self.options.faults.slow
        if slow:
            self._event("slow", f"{slow:g} s")
        self._appears = self._times.clock() + self.options.enumeration + slow
        self._in_step()

    def _unplug(self) -> None:
        if self._port is not None:
            self._port.__exit__()
            self._port = None

    def _in_step(self) -> None:
        machine = self.chip.machine
        virtual = machine.clock.us(machine.clock.now) / 1e6 if machine is not None else 0.0
        self._ahead_of = self._times.clock(), virtual

    def _event(self, name: str, detail: str) -> None:
        self.counts[name] += 1
        if self._log is not None:
            at = round(self._times.clock() - self._begun, 3)
            self._log.write(json.dumps({"at": at, "event": name, "detail": detail}) + "\n")

    # --- the person beside it ------------------------------------------------------------------

    @contextmanager
    def attended(self) -> Iterator[None]:
        """Signals are a person: SIGUSR1 presses reset twice, SIGUSR2 once; the others end it."""

        def handle(number: int, _frame: FrameType | None) -> None:
            if number == signal.SIGUSR1:
                self._buttons.append("double")
            elif number == signal.SIGUSR2:
                self._buttons.append("reset")
            else:
                self.stopping = 128 + number

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _place(link: Path) -> BoardLock:
    """Have the place of the port to ourselves, and take away what one that was killed has left there.

    Raises:
        UsageError: another one is there.
    """
    place = Port(f"simulated://{link.absolute()}")
    killed = holder_of(lock_path(place)) is not None  # who ends in order empties the file
    lock = try_lock(place, "simulate-board")
    if isinstance(lock, Holder):
        what = f"a simulated board is there already: {lock}"
        raise UsageError(what, where=str(link), do="end it, or name another place for the link")
    # Its pseudo-terminal may by now be another program's, so that the link seems to be in use.
    if killed and link.is_symlink() and str(link.readlink()).startswith("/dev/pts/"):
        link.unlink()
    return lock


def simulate(board: Board, link: Path, options: SimulationOptions, firmware: Path | None) -> int:
    """Run a simulated board until a signal ends it; returns the exit status.

    Raises:
        UsageError: the place of its port is taken.
        SketchError: the firmware is not for its chip.
    """
    simulated = SimulatedBoard(board, link, options)
    with _place(link), simulated.attended():
        try:
            simulated.start(firmware)
            people(f"{board.name}, simulated, at {link}; Ctrl-C ends it")
            while not simulated.stopping:
                simulated.step()
        finally:
            simulated.close()
    summary = ", ".join(f"{name} {count}" for name, count in sorted(simulated.counts.items()))
    people(f"what happened: {summary or 'nothing'}")
    return 0

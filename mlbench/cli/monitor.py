"""`monitor`: the serial line of an emulated board, live."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from mlbench.boards import Board, board_for, default_board
from mlbench.core.execution import Outcome
from mlbench.elf.given_files import GivenFiles, read_given
from mlbench.emulator.chips import chip_of
from mlbench.emulator.console import Output
from mlbench.emulator.machine import End, Ending, Machine
from mlbench.errors import SketchError
from mlbench.targets.emulator.live import LiveEnd, LiveRun
from mlbench.util.interrupt import Interrupted
from mlbench.util.terminal_link import LineEnd, PortLink, Terminal, people
from mlbench.util.text import printable

SOURCES = ("usb", "uart0", "uart1", "rtt")
_SLICE_US = 10_000.0
"""Virtual time between two looks at the keyboard."""
_IDLE_SECONDS = 0.05
_LATE_SECONDS = 0.2
"""An emulator that falls further behind the clock does not try to make up for it."""
_MOST_RESETS = 100
_SHOWN_NOTES = 5
_MOST_FRAMES = 8


@dataclass(frozen=True)
class MonitorOptions:
    """What is asked of a monitor. ``seconds`` are the board's."""

    source: str | None = None
    fast: bool = False
    seconds: float | None = None
    until: bytes = b""


class Monitor:
    """Runs a machine and carries bytes both ways."""

    def __init__(self, machine: Machine, end: LineEnd, options: MonitorOptions) -> None:
        self.machine, self.end, self.options = machine, end, options
        self._firmware = LiveRun(machine)
        self._heard: list[Output] = []
        self._tail = b""
        self._found = False
        self._speaker = options.source
        self._line: tuple[bool, int] | None = None
        self._resets = 0
        self.stopping: int | None = None
        self.in_machine = False
        machine.console.keep = False
        machine.console.listener = self._heard.append
        if end.line() is not None and machine.usb is not None:
            machine.usb.times = replace(machine.usb.times, open_after=None)

    def run(self) -> None:
        """Until a bound is reached or the person leaves.

        Raises:
            SketchError: the firmware stopped, or never sent what was waited for.
            Interrupted: a signal asks to end.
        """
        clock = self.machine.clock
        limit = None if self.options.seconds is None else clock.cycles(self.options.seconds * 1e6)
        begun, base = time.monotonic(), clock.now
        while not self._found:
            deadline = clock.now + clock.cycles(_SLICE_US)
            ending = self._step(deadline if limit is None else min(deadline, limit))
            if ending is None:
                break
            idle = ending.end is End.IDLE
            self._show()
            if self._found or (limit is not None and clock.now >= limit):
                break
            ahead = (clock.now - base) / clock.hz - (time.monotonic() - begun)
            wait = 0.0 if self.options.fast else max(0.0, ahead)
            if ahead < -_LATE_SECONDS:
                begun, base = time.monotonic(), clock.now
            if idle:
                if self.options.fast and not self.end.listens:
                    clock.sleep_until(limit or clock.now)
                    break
                wait = _IDLE_SECONDS
            data = self.end.wait(wait)
            if data is None:
                return
            if idle and self.options.fast and limit is not None and not data:
                clock.sleep_until(limit)
                break
            if idle and not self.options.fast:
                # Before what is typed comes: the firmware hears each byte of it in its own time.
                passed = int((time.monotonic() - begun) * clock.hz)
                clock.sleep_until(min(base + passed, limit or base + passed))
            self._feed(data)
        self._check_end()

    def _check_end(self) -> None:
        clock = self.machine.clock
        overflow = self._firmware.overflow()
        if overflow:
            raise SketchError(f"fault: {overflow}", where=self.machine.image.path.name)
        if self.options.until and not self._found:
            raise SketchError(
                f'the firmware did not send "{printable(self.options.until.decode("utf-8", "replace"))}"'
                f" in {clock.us(clock.now) / 1e6:.3f} s of the board's time",
                where=self.machine.image.path.name,
            )

    def _step(self, deadline: int) -> Ending | None:
        """Run on; None where the firmware has ended well."""
        self.in_machine = True
        ending = self._firmware.advance(deadline)
        self.in_machine = False
        if self.stopping is not None:
            raise Interrupted(self.stopping)
        if isinstance(ending, LiveEnd):
            self._show()
            if self._found:
                return None
            if ending.outcome is not Outcome.PASSED:
                chain = [printable(str(frame)) for frame in ending.chain[1:_MOST_FRAMES]]
                raise SketchError(
                    "".join(
                        [f"{ending.outcome.value}: {ending.text}", *(f", called from {f}" for f in chain)]
                    ),
                    where=self.machine.image.path.name,
                )
            people(ending.text)
            return None
        if ending.end is End.RESET:
            self._show()
            self._resets += 1
            overflow = self._firmware.overflow()
            people(f"{overflow}, then {ending.text}" if overflow else ending.text)
            if self._resets > _MOST_RESETS:
                raise SketchError(f"{ending.text}, {self._resets} times", where=self.machine.image.path.name)
            self._firmware.restart(ending.cause)
        return ending

    def _show(self) -> None:
        for output in self._heard:
            if self.options.source not in (None, output.source):
                continue
            if self._speaker is None and output.source in SOURCES:
                self._speaker = output.source
            text = self._tail + output.data
            at = text.find(self.options.until) if self.options.until else -1
            if at >= 0:
                self._found = True
            self._tail = text[-len(self.options.until) :] if self.options.until else b""
            self.end.write(output.data)
        self._heard.clear()

    def _feed(self, data: bytes) -> None:
        usb = self.machine.usb
        line = self.end.line()
        if usb is not None and line is not None and line != self._line:
            was_open, before = self._line or (False, 0)
            self._line = line
            is_open, baud = line
            if is_open:
                usb.open(baud)
            elif was_open:
                usb.close()
            elif baud == 1200 != before:
                usb.touch()  # opened and closed between two looks
        if data:
            # Without --source input goes where the firmware speaks, or to USB where it has that.
            plugged = usb is not None and usb.seen
            self.machine.console.feed(self._speaker or ("usb" if plugged else "uart0"), data)


@contextmanager
def _signals(monitor: Monitor) -> Iterator[None]:
    """Signals end the loop between two steps: an exception would be lost in the CPU's native code."""

    def handle(number: int, _frame: FrameType | None) -> None:
        monitor.stopping = 128 + number
        if not monitor.in_machine:
            raise Interrupted(monitor.stopping)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def monitor(
    given: GivenFiles,
    options: MonitorOptions,
    *,
    board: str = "",
    link: Path | None = None,
    raw: bool = False,
) -> int:
    """Show an image's serial output and send it what is typed; returns the exit status.

    Raises:
        UsageError: there is no such file, board, or place for a link, or a file is no firmware.
        SketchError: the firmware stopped, or did not send what was waited for.
    """
    known = _board(board)
    chip = chip_of(known)
    image = read_given(given, chip.uf2_families)
    machine = Machine(image.image, chip)
    for note in image.notes:
        machine.note(note)
    end: LineEnd = PortLink(link) if link is not None else Terminal(raw=raw)
    with end:
        runner = Monitor(machine, end, options)
        with _signals(runner):
            what = f"serial port {link}" if link is not None else "serial output"
            keys = "Ctrl-C" if link else "Ctrl-C or Ctrl-]"
            people(f"{what} of {given.main.name} on {known.name}; {keys} leaves")
            try:
                runner.run()
            except Interrupted as interrupted:
                if interrupted.status != 128 + signal.SIGINT:
                    raise
            finally:
                for note in machine.notes[:_SHOWN_NOTES]:
                    people(printable(note))
    return 0


def _board(name: str) -> Board:
    return board_for(name) if name else default_board()

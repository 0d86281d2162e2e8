"""When a run has seen enough: after the inferences wanted, or when no more come."""

from __future__ import annotations

from mlbench.core.execution import TimedSpan
from mlbench.emulator.machine import Machine
from mlbench.targets.emulator.stable_text import has_spoken
from mlbench.targets.entry import Entry

_AFTER_INFERENCE_US = 1_000_000.0
"""How long to wait for a further inference once one has finished; at least four times its length."""
_WATCHED_LOOPS = 200
"""So many turns of loop() without an inference are looked at; one that polls has millions of them."""


class Waiting:
    """What a run still waits for. ``by_serial``: for text out of loop(), as a template says that it works."""

    def __init__(self, machine: Machine, entry: Entry, *, by_serial: bool) -> None:
        self._machine = machine
        self._loop = entry.loop
        self.by_serial = by_serial
        self.loops = 0
        """Turns of loop() since the last inference began."""
        self.finished = False
        self.before_loop: int | None = None
        """Bytes that had been sent when loop() was entered first, where text out of loop() is waited for."""
        self.deadline = self._latest = 0
        self._wanted = 1

    def start(self, deadline_us: float, inferences: int) -> None:
        """A run begins now."""
        self.loops, self.finished, self._wanted = 0, False, inferences
        self.before_loop = None
        self.watch_loop(True)
        now = self._machine.clock.now
        self.deadline = self._latest = now + self._machine.clock.cycles(deadline_us)

    @property
    def listening(self) -> bool:
        """Nothing is waited for but the deadline."""
        return self._wanted == 0

    def watch_loop(self, on: bool) -> None:
        """Stop, or no longer stop, at loop()."""
        if self._loop is not None:
            self._machine.set_break(self._loop, on)

    def inference_begun(self) -> None:
        """An inference has begun."""
        self.loops = min(self.loops, 1)
        self.watch_loop(True)

    def inference_ended(self, mark: TimedSpan, count: int) -> None:
        """The ``count``-th inference has ended."""
        if self.listening:
            return
        if count >= self._wanted and not self.by_serial:
            self.finished = True
        clock = self._machine.clock
        wait = max(_AFTER_INFERENCE_US, 4 * mark.us)
        self.deadline = min(self._latest, clock.now + clock.cycles(wait))

    def more_time(self) -> bool:
        """At the deadline, within an inference: whether there is time left for it, which it then gets."""
        more = self.deadline < self._latest
        self.deadline = self._latest
        return more

    def loop_entered(self, *, inference_named: bool, in_inference: bool) -> None:
        """loop() is entered."""
        self.loops += 1
        if self.listening:
            self.watch_loop(False)
        elif self.by_serial:
            # The template: setup() is through, and loop() has sent something.
            if self.before_loop is None:
                self.before_loop = len(self._machine.console.text())
            self.finished = self.loops > 1 and has_spoken(self._machine.console)
        elif not inference_named:
            # Nothing to wait for after setup().
            self.finished = True
        elif self.loops > _WATCHED_LOOPS and not in_inference:
            # Until the next inference begins, which is what the deadline is there for.
            self.watch_loop(False)

"""What TIMER and RTC share: a count that is derived from the clock, and compare registers."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import (
    MachineAccess,
    NrfPeripheral,
    PeripheralSlot,
    Reader,
    Register,
    Writer,
    never,
)


class Counter(NrfPeripheral):
    """A counter with compare registers at 0x540.

    The count is computed when it is asked for, so that a running counter costs nothing. While it runs it
    is ``held`` plus what has passed since cycle ``since``.
    """

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, channels: int) -> None:
        self.channels = channels
        self.events = {**self.events, **{0x140 + 4 * n: f"COMPARE{n}" for n in range(channels)}}
        self.running = False
        self.since = 0
        self.held = 0
        self.compare = [0] * channels
        super().__init__(machine, place)

    def compare_registers(self) -> list[Register]:
        """CC[0] and those behind it."""
        return [
            Register(0x540 + 4 * n, f"CC{n}", read=self._reader(n), write=self._writer(n), until=never)
            for n in range(self.channels)
        ]

    def _reader(self, n: int) -> Reader:
        return lambda: self.compare[n]

    def _writer(self, n: int) -> Writer:
        def write(value: int) -> None:
            self.set_compare(n, value)
            self.plan()

        return write

    def count(self) -> int:
        """What the counter holds now."""
        raise NotImplementedError

    def plan(self) -> None:
        """Schedule what comes next."""
        raise NotImplementedError

    def set_compare(self, n: int, value: int) -> None:
        """A compare register is written."""
        raise NotImplementedError

    def _set_inten(self, value: int) -> None:
        super()._set_inten(value)
        self.plan()

    def task_start(self) -> None:
        """Start counting."""
        if not self.running:
            self.running, self.since = True, self.machine.now()
            self.plan()

    def task_stop(self) -> None:
        """Stop counting; the count stays."""
        self.held, self.running = self.count(), False
        self.plan()

    def restart_at(self, count: int) -> None:
        """Set the count."""
        self.held, self.since = count, self.machine.now()
        self.plan()

    def task_clear(self) -> None:
        """Set the count to zero."""
        self.restart_at(0)

    def on_event(self, name: str) -> None:
        """A match, a tick or an overflow."""
        self.event(name)
        self.plan()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "running": self.running,
            "since": self.since,
            "held": self.held,
            "compare": self.compare,
        }

"""RTC0 to RTC2: nRF52840 Product Specification v1.7, section 6.22."""

from __future__ import annotations

from fractions import Fraction

from mlbench.emulator.peripherals.base import Machine, NrfPeripheral, Reader, Register, Writer

LFCLK_HZ = 32768
_WRAP = 1 << 24


class Rtc(NrfPeripheral):
    """A 24-bit counter of 32,768 Hz / (PRESCALER + 1)."""

    def __init__(self, machine: Machine, index: int, base: int, irq: int, channels: int) -> None:
        self.name, self.base, self.irq, self.channels = f"RTC{index}", base, irq, channels
        self.tasks = {0x000: "START", 0x004: "STOP", 0x008: "CLEAR", 0x00C: "TRIGOVRFLW"}
        self.events = {0x100: "TICK", 0x104: "OVRFLW"}
        self.events |= {0x140 + 4 * n: f"COMPARE{n}" for n in range(channels)}
        self.running = False
        self.since = 0
        self.held = 0
        self.evten = 0
        self.compare = [0] * channels
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 6.22.10."""
        table = [
            Register(0x340, "EVTEN", read=lambda: self.evten, write=self._set_evten),
            Register(
                0x344,
                "EVTENSET",
                read=lambda: self.evten,
                write=lambda v: self._set_evten(self.evten | v),
                ones=True,
            ),
            Register(
                0x348,
                "EVTENCLR",
                read=lambda: self.evten,
                write=lambda v: self._set_evten(self.evten & ~v),
                ones=True,
            ),
            Register(0x504, "COUNTER", read=self.count),
            # PRESCALER can be written only while the RTC is stopped (6.22.3).
            Register(0x508, "PRESCALER", write=self._set_prescaler),
        ]
        for n in range(self.channels):
            table.append(Register(0x540 + 4 * n, f"CC{n}", read=self._reader(n), write=self._writer(n)))
        return table

    def _reader(self, n: int) -> Reader:
        return lambda: self.compare[n]

    def _writer(self, n: int) -> Writer:
        def write(value: int) -> None:
            self.compare[n] = value & (_WRAP - 1)
            self._plan()

        return write

    def _set_prescaler(self, value: int) -> None:
        if not self.running:
            self.stored[0x508] = value & 0xFFF

    def _set_evten(self, value: int) -> None:
        self.evten = value
        self._plan()

    def _set_inten(self, value: int) -> None:
        super()._set_inten(value)
        self._plan()

    def _tick(self) -> Fraction:
        """Cycles of the CPU a count takes."""
        return Fraction(self.machine.hz() * (self.stored.get(0x508, 0) + 1), LFCLK_HZ)

    def _elapsed(self) -> int:
        return int((self.machine.now() - self.since) / self._tick()) if self.running else 0

    def count(self) -> int:
        """What the counter holds now."""
        return (self.held + self._elapsed()) % _WRAP

    def _at(self, ticks: int) -> int:
        when = self.since + ticks * self._tick()
        return -int(-when // 1)

    def _plan(self) -> None:
        wanted = self.inten | self.evten
        elapsed = self._elapsed()
        for n in range(self.channels):
            if self.machine.due(self.name, f"COMPARE{n}"):
                continue
            if not self.running or not wanted >> (16 + n) & 1:
                self.machine.cancel(self.name, f"COMPARE{n}")
                continue
            # A match needs CC at least two ahead of COUNTER (6.22.7).
            ahead = (self.compare[n] - (self.held + elapsed)) % _WRAP
            if ahead < 1:
                ahead += _WRAP
            self.machine.schedule_at(self.name, f"COMPARE{n}", self._at(elapsed + ahead))
        for bit, name, ahead in ((0, "TICK", 1), (1, "OVRFLW", _WRAP - self.count())):
            if self.machine.due(self.name, name):
                continue
            if self.running and wanted >> bit & 1:
                self.machine.schedule_at(self.name, name, self._at(elapsed + ahead))
            else:
                self.machine.cancel(self.name, name)

    def task_start(self) -> None:
        """Start counting."""
        if not self.running:
            self.running, self.since = True, self.machine.now()
            self._plan()

    def task_stop(self) -> None:
        """Stop counting."""
        self.held, self.running = self.count(), False
        self._plan()

    def task_clear(self) -> None:
        """Set the count to zero."""
        self.held, self.since = 0, self.machine.now()
        self._plan()

    def task_trigovrflw(self) -> None:
        """Set the count just below its overflow (6.22.5)."""
        self.held, self.since = 0xFFFFF0, self.machine.now()
        self._plan()

    def on_event(self, name: str) -> None:
        """A match, a tick or an overflow."""
        self.event(name)
        self._plan()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "running": self.running,
            "since": self.since,
            "held": self.held,
            "evten": self.evten,
            "compare": self.compare,
        }

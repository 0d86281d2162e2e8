"""RTC0 to RTC2: nRF52840 Product Specification v1.7, section 6.22."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import MachineAccess, PeripheralSlot, Register, never
from mlbench.emulator.peripherals.counter import Counter

LFCLK_HZ = 32768
_WRAP = 1 << 24


class Rtc(Counter):
    """A 24-bit counter of 32,768 Hz / (PRESCALER + 1)."""

    tasks = {0x000: "START", 0x004: "STOP", 0x008: "CLEAR", 0x00C: "TRIGOVRFLW"}  # noqa: RUF012
    events = {0x100: "TICK", 0x104: "OVRFLW"}  # noqa: RUF012

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, channels: int) -> None:
        self.evten = 0
        super().__init__(machine, place, channels)

    def registers(self) -> list[Register]:
        """Registers of section 6.22.10."""
        return [
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
            Register(0x504, "COUNTER", read=self.count, until=self._next_count),
            # PRESCALER can be written only while the RTC is stopped (6.22.3).
            Register(0x508, "PRESCALER", write=self._set_prescaler),
            *self.compare_registers(),
        ]

    def set_compare(self, n: int, value: int) -> None:
        """A compare register is written."""
        self.compare[n] = value & (_WRAP - 1)

    def _set_prescaler(self, value: int) -> None:
        if not self.running:
            self.stored[0x508] = value & 0xFFF

    def _set_evten(self, value: int) -> None:
        self.evten = value
        self.plan()

    def _tick(self) -> int:
        """Cycles of the CPU that LFCLK_HZ counts take: one takes a fraction."""
        return self.machine.hz() * (self.stored.get(0x508, 0) + 1)

    def _elapsed(self) -> int:
        return (self.machine.now() - self.since) * LFCLK_HZ // self._tick() if self.running else 0

    def count(self) -> int:
        """What the counter holds now."""
        return (self.held + self._elapsed()) % _WRAP

    def _next_count(self) -> int:
        return self._at(self._elapsed() + 1) if self.running else never()

    def _at(self, ticks: int) -> int:
        return self.since - (-ticks * self._tick() // LFCLK_HZ)

    def plan(self) -> None:
        """Schedule matches, the next tick and the overflow, as far as somebody looks."""
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

    def task_trigovrflw(self) -> None:
        """Set the count just below its overflow (6.22.5)."""
        self.restart_at(0xFFFFF0)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "evten": self.evten}

"""TIMER0 to TIMER4: nRF52840 Product Specification v1.7, section 6.30."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import MachineAccess, PeripheralSlot, Register, plain
from mlbench.emulator.peripherals.counter import Counter

_WIDTHS = {0: 16, 1: 8, 2: 24, 3: 32}


class Timer(Counter):
    """A timer of 16 MHz / 2^PRESCALER with four or six compare registers."""

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, channels: int) -> None:
        self.tasks = {0x000: "START", 0x004: "STOP", 0x008: "COUNT", 0x00C: "CLEAR", 0x010: "SHUTDOWN"}
        self.tasks |= {0x040 + 4 * n: f"CAPTURE{n}" for n in range(channels)}
        self.shorts = {n: (f"COMPARE{n}", "CLEAR") for n in range(channels)}
        self.shorts |= {8 + n: (f"COMPARE{n}", "STOP") for n in range(channels)}
        self.captured = [False] * channels
        super().__init__(machine, place, channels)

    def registers(self) -> list[Register]:
        """Registers of section 6.30.5."""
        return [
            plain(0x504, "MODE"),
            Register(0x508, "BITMODE", write=lambda v: self._configure(0x508, v)),
            Register(0x510, "PRESCALER", 4, write=lambda v: self._configure(0x510, v)),
            *self.compare_registers(),
        ]

    def set_compare(self, n: int, value: int) -> None:
        """A compare register is written."""
        self.compare[n], self.captured[n] = value & self._mask(), False

    def _configure(self, offset: int, value: int) -> None:
        count = self.count()
        self.stored[offset] = value
        self._restart(count)

    def _mask(self) -> int:
        return (1 << _WIDTHS[self.stored.get(0x508, 0) & 3]) - 1

    def _tick(self) -> int:
        """Cycles of the CPU a count takes, in units of 1/4 timer clock: 64 MHz / 16 MHz = 4."""
        return (self.machine.hz() // 16_000_000) << min(self.stored.get(0x510, 4) & 15, 9)

    def count(self) -> int:
        """What the counter holds now."""
        if not self.running or self.stored.get(0x504, 0):
            return self.held & self._mask()
        return (self.held + (self.machine.now() - self.since) // self._tick()) & self._mask()

    def _restart(self, count: int) -> None:
        # Keep the phase within a tick, so that reconfiguring does not lose time.
        self.held = count
        now = self.machine.now()
        self.since = now - (now - self.since) % self._tick() if self.running else now
        self.plan()

    def plan(self) -> None:
        """Schedule the next match of each compare register."""
        for n in range(self.channels):
            if self.machine.due(self.name, f"COMPARE{n}"):
                continue
            if not self.running or self.stored.get(0x504, 0) or not self._watched(n):
                self.machine.cancel(self.name, f"COMPARE{n}")
                continue
            tick, mask = self._tick(), self._mask()
            elapsed = (self.machine.now() - self.since) // tick
            ahead = (self.compare[n] - (self.held + elapsed)) & mask
            if ahead == 0:
                ahead = mask + 1
            self.machine.schedule_at(self.name, f"COMPARE{n}", self.since + (elapsed + ahead) * tick)

    def _watched(self, n: int) -> bool:
        """Whether a match could be seen before the register is written again.

        A compare register that was never set (0) or holds a capture, and has no interrupt or shortcut,
        matches only when the counter wraps; leaving it out lets an idle machine be seen as idle.
        """
        interrupt = self.inten >> (16 + n) & 1
        short = self.stored.get(0x200, 0) >> n & 0x101
        return bool(interrupt or short or (self.compare[n] and not self.captured[n]))

    def write(self, offset: int, value: int) -> bool:
        """Write a register; shortcuts change what must be watched."""
        done = super().write(offset, value)
        if offset == 0x200:
            self.plan()
        return done

    def task(self, name: str) -> None:
        """Start a task; captures share one method."""
        if name.startswith("CAPTURE"):
            n = int(name[7:])
            self.compare[n], self.captured[n] = self.count(), True
            self.plan()
        else:
            super().task(name)

    def task_shutdown(self) -> None:
        """Deprecated STOP that also clears."""
        self.task_stop()
        self.held = 0

    def task_count(self) -> None:
        """Count one, in counter mode."""
        self.held = (self.held + 1) & self._mask()
        for n in range(self.channels):
            if self.compare[n] == self.held:
                self.event(f"COMPARE{n}")

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "captured": self.captured}

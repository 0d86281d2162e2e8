"""SysTick: the core's own 24-bit timer.

ARMv7-M Architecture Reference Manual (DDI 0403E), B3.3.
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.nvic import SYSTICK
from mlbench.emulator.peripherals.base import MachineAccess, Register, never


class SysTick:
    """The 24-bit down counter, on the CPU's clock.

    One countdown starts at cycle ``since`` and takes ``length`` cycles to come to the next reload. What is
    written to the reload register holds from the next countdown on (B3.3.1).
    """

    def __init__(self, machine: MachineAccess, pend: Callable[[int], None]) -> None:
        self.machine = machine
        self._pend = pend
        self.control = 0
        self.reload = 0
        self.since = 0
        self.length = 0
        self.held = 0
        """The count while it is not enabled."""
        self.wrapped = False

    def registers(self) -> list[Register]:
        """SYST_CSR, RVR, CVR, CALIB."""
        return [
            Register(
                0x010, "SYST_CSR", read=self._read_control, write=self._set_control, until=self._next_wrap
            ),
            Register(0x014, "SYST_RVR", read=lambda: self.reload, write=self._set_reload),
            Register(0x018, "SYST_CVR", read=self._current, write=self._clear),
            # No reference clock, no calibrated 10 ms (B3.3.6).
            Register(0x01C, "SYST_CALIB", reset=0xC0000000, read_only=True),
        ]

    def _settle(self) -> None:
        """Take in the reloads there have been; with the interrupt on there is an event for each."""
        if not self.control & 1 or not self.length:
            return
        elapsed = self.machine.now() - self.since
        if elapsed < self.length:
            return
        self.wrapped = True
        self.since += self.length
        self.length = self.reload + 1 if self.reload else 0
        if self.length:
            self.since += (self.machine.now() - self.since) // self.length * self.length

    def _next_wrap(self) -> int:
        """When COUNTFLAG is set next; a read, which clears it, has just been done."""
        return self.since + self.length if self.control & 1 and self.length else never()

    def _count_down(self, count: int) -> None:
        """Go on from ``count``, which 0 turns into the reload value at the next tick."""
        now = self.machine.now()
        if count:
            self.since, self.length = now, count + 1
        else:
            self.since, self.length = now, self.reload + 1 if self.reload else 0

    def _read_control(self) -> int:
        self._settle()
        value = self.control | (0x10000 if self.wrapped else 0)
        self.wrapped = False
        return value

    def _set_control(self, value: int) -> None:
        self._settle()
        if value & 1 and not self.control & 1:
            self._count_down(self.held)
        elif self.control & 1 and not value & 1:
            self.held = self._current()
        self.control = value & 7
        self._plan()

    def _set_reload(self, value: int) -> None:
        self._settle()
        self.reload = value & 0xFFFFFF
        if self.control & 1 and not self.length:
            self._count_down(0)
            self._plan()

    def _current(self) -> int:
        self._settle()
        if not self.control & 1:
            return self.held
        return max(0, self.length - 1 - (self.machine.now() - self.since)) if self.length else 0

    def _clear(self, _value: int) -> None:
        self.wrapped = False
        self.held = 0
        if self.control & 1:
            self._count_down(0)
            self._plan()

    def _plan(self) -> None:
        if self.control & 3 == 3 and self.length:
            self.machine.schedule_at("SCS", "SYSTICK", self.since + self.length)
        else:
            self.machine.cancel("SCS", "SYSTICK")

    def expired(self) -> None:
        """The counter reached zero with its interrupt on."""
        self._settle()
        self._pend(SYSTICK)
        self._plan()

    def state(self) -> tuple[int, int, int, int, int, bool]:
        """What a snapshot must hold."""
        return (self.control, self.reload, self.since, self.length, self.held, self.wrapped)

    def load(self, saved: tuple[int, int, int, int, int, bool]) -> None:
        """Go back to what ``state`` gave."""
        self.control, self.reload, self.since, self.length, self.held, self.wrapped = saved

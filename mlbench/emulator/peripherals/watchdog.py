"""WDT, the watchdog: nRF52840 Product Specification v1.7, section 6.36."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import LIGHT_RESETS, Cause, NrfPeripheral, Register, Writer, never
from mlbench.emulator.peripherals.rtc import LFCLK_HZ

_RELOAD = 0x6E524635
_CHANNELS = 8
_LAST_CYCLES = 2
"""Cycles of the slow clock from TIMEOUT to the reset (6.36.3)."""


class Watchdog(NrfPeripheral):
    """Counts down from CRV; once it runs it cannot be stopped or set otherwise, but by a reset of its own.

    It counts on while the CPU sleeps: CONFIG.SLEEP is kept and has no effect.
    """

    tasks = {0x000: "START"}  # noqa: RUF012
    events = {0x100: "TIMEOUT"}  # noqa: RUF012

    def registers(self) -> list[Register]:
        """Registers of section 6.36.4."""
        self.running = False
        self.waited_for = 1
        """Reload requests that are still to come, by channel."""
        return [
            Register(0x400, "RUNSTATUS", read=lambda: int(self.running), read_only=True, until=never),
            Register(0x404, "REQSTATUS", read=lambda: self.waited_for, read_only=True, until=never),
            Register(0x504, "CRV", 0xFFFFFFFF, write=self._setting(0x504)),
            Register(0x508, "RREN", 1, write=self._setting(0x508)),
            Register(0x50C, "CONFIG", 1, write=self._setting(0x50C)),
            *(Register(0x600 + 4 * n, f"RR{n}", write=self._reloader(n)) for n in range(_CHANNELS)),
        ]

    def _setting(self, offset: int) -> Writer:
        def write(value: int) -> None:
            if not self.running:
                self.stored[offset] = value

        return write

    def _enabled(self) -> int:
        return self.stored.get(0x508, 1) & 0xFF

    def _reloader(self, n: int) -> Writer:
        def write(value: int) -> None:
            if value != _RELOAD or not self.running:
                return
            self.waited_for &= ~(1 << n)
            if not self.waited_for & self._enabled():
                self._reload()

        return write

    def _reload(self) -> None:
        self.waited_for = self._enabled()
        # CRV is not less than 0xF (6.36.4.4).
        ticks = max(15, self.stored.get(0x504, 0xFFFFFFFF)) + 1
        self.after(ticks * 1e6 / LFCLK_HZ, "TIMEOUT")

    def task_start(self) -> None:
        """Start counting; the slow clock runs by itself for it."""
        if not self.running:
            self.running = True
            self._reload()

    def on_event(self, name: str) -> None:
        """Nobody came: tell, and soon after reset."""
        if name == "TIMEOUT":
            self.event(name)
            self.after(_LAST_CYCLES * 1e6 / LFCLK_HZ, "RESET")
        else:
            self.machine.request_reset(Cause.WATCHDOG)

    def survives(self, cause: Cause) -> bool:
        """Light resets leave it running (5.3, "Reset behavior")."""
        return cause in LIGHT_RESETS

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "running": self.running, "waited_for": self.waited_for}

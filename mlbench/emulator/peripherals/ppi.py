"""PPI, the programmable peripheral interconnect: nRF52840 Product Specification v1.7, section 6.16."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.peripherals.base import Machine, Peripheral, Register, Writer, plain

_PROGRAMMABLE = 20
_CHANNELS = 32
_GROUPS = 6
_DEEPEST = 16
"""Firmware can wire a ring, which on the chip goes on for ever; each round takes it at least a cycle."""
_RADIO, _AAR, _CCM, _TIMER0, _RTC0 = 0x40001000, 0x4000F000, 0x4000F000, 0x40008000, 0x4000B000
_FIXED = {
    20: (_TIMER0 + 0x140, _RADIO + 0x000),
    21: (_TIMER0 + 0x140, _RADIO + 0x004),
    22: (_TIMER0 + 0x144, _RADIO + 0x010),
    23: (_RADIO + 0x128, _AAR + 0x000),
    24: (_RADIO + 0x100, _CCM + 0x000),
    25: (_RADIO + 0x104, _CCM + 0x004),
    26: (_RADIO + 0x104, _TIMER0 + 0x044),
    27: (_RADIO + 0x10C, _TIMER0 + 0x048),
    28: (_RTC0 + 0x140, _RADIO + 0x000),
    29: (_RTC0 + 0x140, _RADIO + 0x004),
    30: (_RTC0 + 0x140, _TIMER0 + 0x00C),
    31: (_RTC0 + 0x140, _TIMER0 + 0x000),
}
"""Channels that are wired already: event and task (6.16.1)."""


class Ppi(Peripheral):
    """Events of one peripheral start tasks of another, at the very cycle."""

    name, base = "PPI", 0x4001F000

    def __init__(self, machine: Machine, start: Callable[[int], None]) -> None:
        self._start = start
        self.enabled = 0
        self._depth = 0
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 6.16.4."""
        table = [
            Register(0x500, "CHEN", read=lambda: self.enabled, write=self._set),
            Register(
                0x504,
                "CHENSET",
                read=lambda: self.enabled,
                write=lambda v: self._set(self.enabled | v),
                ones=True,
            ),
            Register(
                0x508,
                "CHENCLR",
                read=lambda: self.enabled,
                write=lambda v: self._set(self.enabled & ~v),
                ones=True,
            ),
        ]
        for n in range(_PROGRAMMABLE):
            table += [plain(0x510 + 8 * n, f"CH{n}.EEP"), plain(0x514 + 8 * n, f"CH{n}.TEP")]
        table += [plain(0x910 + 4 * n, f"FORK{n}.TEP") for n in range(_CHANNELS)]
        for n in range(_GROUPS):
            table += [
                plain(0x800 + 4 * n, f"CHG{n}"),
                Register(8 * n, f"TASKS_CHG{n}.EN", write=self._switcher(n, True)),
                Register(8 * n + 4, f"TASKS_CHG{n}.DIS", write=self._switcher(n, False)),
            ]
        return table

    def _switcher(self, n: int, on: bool) -> Writer:
        def write(value: int) -> None:
            if value & 1:
                members = self.stored.get(0x800 + 4 * n, 0)
                self._set(self.enabled | members if on else self.enabled & ~members)

        return write

    def _set(self, value: int) -> None:
        self.enabled = value & 0xFFFFFFFF

    def _wired(self, n: int) -> tuple[int, int]:
        if n in _FIXED:
            return _FIXED[n]
        return self.stored.get(0x510 + 8 * n, 0), self.stored.get(0x514 + 8 * n, 0)

    def published(self, event: int) -> None:
        """An event was raised: start the tasks that are wired to it."""
        if self._depth >= _DEEPEST:
            self.machine.note("PPI: channels are wired in a ring; it is cut")
            return
        self._depth += 1
        try:
            enabled = self.enabled
            for n in range(_CHANNELS):
                if enabled >> n & 1:
                    source, task = self._wired(n)
                    if source == event:
                        for target in (task, self.stored.get(0x910 + 4 * n, 0)):
                            if target:
                                self._start(target)
        finally:
            self._depth -= 1

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "enabled": self.enabled}

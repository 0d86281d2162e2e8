"""PPI, the programmable peripheral interconnect: nRF52840 Product Specification v1.7, section 6.16."""

from __future__ import annotations

from collections.abc import Mapping

from mlbench.emulator.peripherals.base import (
    MachineAccess,
    Peripheral,
    PeripheralSlot,
    Register,
    Writer,
    plain,
)

_PROGRAMMABLE = 20
_CHANNELS = 32
_GROUPS = 6
_DEEPEST = 16
"""Firmware can wire a ring, which on the chip goes on for ever; each round takes it at least a cycle."""


class Ppi(Peripheral):
    """Events of one peripheral start tasks of another, at the very cycle."""

    def __init__(
        self, machine: MachineAccess, place: PeripheralSlot, fixed: Mapping[int, tuple[int, int]]
    ) -> None:
        self._fixed = fixed
        """Channels that are wired already: event and task."""
        self.enabled = 0
        self._depth = 0
        super().__init__(machine, place)
        machine.route_events(self.published)

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
        if n in self._fixed:
            return self._fixed[n]
        return self.stored.get(0x510 + 8 * n, 0), self.stored.get(0x514 + 8 * n, 0)

    def published(self, event: int) -> None:
        """An event was raised: start the tasks that are wired to it."""
        if not self.enabled:
            return
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
                                self.machine.start_task(target)
        finally:
            self._depth -= 1

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "enabled": self.enabled}

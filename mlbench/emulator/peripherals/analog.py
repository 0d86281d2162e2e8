"""TEMP and COMP/LPCOMP: nRF52840 Product Specification v1.7, sections 6.29, 6.6 and 6.12."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import NrfPeripheral, Register, never, plain

_COMPARATOR_START_US = 140.0
"""LPCOMP's t_LPCSTARTUP; COMP starts sooner, with its internal reference in 80 us (6.12.2, 6.6.5)."""


_COMPARATOR_KEPT = {
    0x500: "ENABLE",
    0x504: "PSEL",
    0x50C: "EXTREFSEL",
    0x520: "ANADETECT",
    0x530: "TH",
    0x534: "MODE",
    0x538: "HYST",
}


class Temp(NrfPeripheral):
    """The temperature sensor, at 25 degrees Celsius unless ``celsius`` is set."""

    tasks = {0x000: "START", 0x004: "STOP"}  # noqa: RUF012
    events = {0x100: "DATARDY"}  # noqa: RUF012

    def registers(self) -> list[Register]:
        """TEMP counts quarters of a degree (6.29.2.4); the calibration at A0 to T4 is kept."""
        self.celsius = 25.0
        lines = ((0x520, "A", 6), (0x540, "B", 6), (0x560, "T", 5))
        return [
            Register(0x508, "TEMP", read=lambda: round(self.celsius * 4), read_only=True, until=never),
            *(plain(at + 4 * n, f"{name}{n}") for at, name, count in lines for n in range(count)),
        ]

    def task_start(self) -> None:
        """Measure: takes 36 us (6.29.3)."""
        self.after(36.0, "DATARDY")

    def task_stop(self) -> None:
        """Stop."""
        self.machine.cancel(self.name, "DATARDY")

    def on_event(self, name: str) -> None:
        """The measurement has ended."""
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "celsius": self.celsius}


class Comparator(NrfPeripheral):
    """COMP and LPCOMP: the input lies below the reference unless ``drive`` says otherwise."""

    tasks = {0x000: "START", 0x004: "STOP", 0x008: "SAMPLE"}  # noqa: RUF012
    events = {0x100: "READY", 0x104: "DOWN", 0x108: "UP", 0x10C: "CROSS"}  # noqa: RUF012
    shorts = {  # noqa: RUF012
        0: ("READY", "SAMPLE"),
        1: ("READY", "STOP"),
        2: ("DOWN", "STOP"),
        3: ("UP", "STOP"),
        4: ("CROSS", "STOP"),
    }

    def registers(self) -> list[Register]:
        """Registers of sections 6.6.4 and 6.12.1."""
        self.above, self.running = False, False
        return [
            Register(0x400, "RESULT", read_only=True),
            plain(0x508, "REFSEL", 4),
            *(plain(offset, name) for offset, name in _COMPARATOR_KEPT.items()),
        ]

    def drive(self, above: bool) -> None:
        """Put the input above or below the reference."""
        changed, self.above = self.above != above, above
        if changed and self.running:
            self.event("UP" if above else "DOWN")
            self.event("CROSS")

    def task_start(self) -> None:
        """Start; READY comes when the reference has settled."""
        self.after(_COMPARATOR_START_US, "READY")

    def task_stop(self) -> None:
        """Stop."""
        self.running = False
        self.machine.cancel(self.name, "READY")

    def task_sample(self) -> None:
        """Put the comparator's state into RESULT."""
        self.stored[0x400] = int(self.above)

    def on_event(self, name: str) -> None:
        """The reference has settled."""
        self.running = True
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "above": self.above, "running": self.running}

"""SAADC, TEMP and RNG: nRF52840 Product Specification v1.7, sections 6.23, 6.29 and 6.20."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import Machine, NrfPeripheral, Register, plain

_ACQUISITION_US = (3, 5, 10, 15, 20, 40, 20, 20)
"""CH[n].CONFIG.TACQ (6.23.10.22)."""
_CONVERSION_US = 2.0
"""t_CONV, 6.23.11."""


class Saadc(NrfPeripheral):
    """The converter: every enabled channel reads ``values[channel]``, in counts of 12 bits."""

    name, base, irq = "SAADC", 0x40007000, 7
    tasks = {0x000: "START", 0x004: "SAMPLE", 0x008: "STOP", 0x00C: "CALIBRATEOFFSET"}  # noqa: RUF012
    events = {  # noqa: RUF012
        0x100: "STARTED",
        0x104: "END",
        0x108: "DONE",
        0x10C: "RESULTDONE",
        0x110: "CALIBRATEDONE",
        0x114: "STOPPED",
    }

    def registers(self) -> list[Register]:
        """Registers of section 6.23.10."""
        self.values = [0] * 8
        self.amount = 0
        table = [
            Register(0x400, "STATUS"),
            plain(0x500, "ENABLE"),
            plain(0x5F0, "RESOLUTION", 1),
            plain(0x5F4, "OVERSAMPLE"),
            plain(0x5F8, "SAMPLERATE"),
            plain(0x62C, "RESULT.PTR"),
            plain(0x630, "RESULT.MAXCNT"),
            Register(0x634, "RESULT.AMOUNT", read=lambda: self.amount),
        ]
        for n in range(8):
            table += [
                plain(0x510 + 16 * n, f"CH{n}.PSELP"),
                plain(0x514 + 16 * n, f"CH{n}.PSELN"),
                plain(0x518 + 16 * n, f"CH{n}.CONFIG", 0x20000),
                plain(0x51C + 16 * n, f"CH{n}.LIMIT", 0x7FFF8000),
            ]
        return table

    def task_start(self) -> None:
        """Get ready to fill the result buffer."""
        self.amount = 0
        self.event("STARTED")

    def task_sample(self) -> None:
        """Convert every enabled channel once."""
        channels = self._channels()
        acquire = sum(_ACQUISITION_US[self.stored.get(0x518 + 16 * n, 0x20000) >> 16 & 7] for n in channels)
        samples = 1 << (self.stored.get(0x5F4, 0) & 15)
        self.after((acquire + _CONVERSION_US * len(channels)) * samples, "SAMPLED")

    def _channels(self) -> list[int]:
        return [n for n in range(8) if self.stored.get(0x510 + 16 * n, 0)]

    def task_stop(self) -> None:
        """Stop."""
        self.after(_CONVERSION_US, "STOPPED")

    def task_calibrateoffset(self) -> None:
        """Calibrate."""
        self.after(1000.0, "CALIBRATEDONE")

    def on_event(self, name: str) -> None:
        """A conversion has ended."""
        if name != "SAMPLED":
            self.event(name)
            return
        shift = 12 - (8, 10, 12, 14)[self.stored.get(0x5F0, 1) & 3]
        for n in self._channels():
            value = self.values[n] >> shift if shift >= 0 else self.values[n] << -shift
            where = self.stored.get(0x62C, 0) + 2 * self.amount
            self.machine.write_memory(where, (value & 0xFFFF).to_bytes(2, "little"))
            self.amount += 1
            self.event("DONE")
            self.event("RESULTDONE")
        if self.amount >= self.stored.get(0x630, 0):
            self.event("END")

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "values": self.values, "amount": self.amount}


class Temp(NrfPeripheral):
    """The temperature sensor, at 25 degrees Celsius."""

    name, base, irq = "TEMP", 0x4000C000, 12
    tasks = {0x000: "START", 0x004: "STOP"}  # noqa: RUF012
    events = {0x100: "DATARDY"}  # noqa: RUF012

    def registers(self) -> list[Register]:
        """TEMP counts quarters of a degree (6.29.2.4)."""
        return [Register(0x508, "TEMP", reset=25 * 4, read_only=True)]

    def task_start(self) -> None:
        """Measure: takes 36 us (6.29.3)."""
        self.after(36.0, "DATARDY")

    def task_stop(self) -> None:
        """Stop."""
        self.machine.cancel(self.name, "DATARDY")

    def on_event(self, name: str) -> None:
        """The measurement has ended."""
        self.event(name)


class Rng(NrfPeripheral):
    """The random number generator: a fixed sequence, so that runs repeat."""

    name, base, irq = "RNG", 0x4000D000, 13
    tasks = {0x000: "START", 0x004: "STOP"}  # noqa: RUF012
    events = {0x100: "VALRDY"}  # noqa: RUF012
    shorts = {0: ("VALRDY", "STOP")}  # noqa: RUF012

    def __init__(self, machine: Machine) -> None:
        self.value = 0
        self.seed = 0x2545F491
        self.running = False
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 6.20.3."""
        return [plain(0x504, "CONFIG"), Register(0x508, "VALUE", read=lambda: self.value)]

    def task_start(self) -> None:
        """Start: a byte takes 30 us without, 120 us with bias correction (6.20.4)."""
        self.running = True
        self.after(120.0 if self.stored.get(0x504, 0) & 1 else 30.0, "VALRDY")

    def task_stop(self) -> None:
        """Stop."""
        self.running = False
        self.machine.cancel(self.name, "VALRDY")

    def on_event(self, name: str) -> None:
        """A byte is ready (xorshift32: any fixed sequence would do)."""
        self.seed ^= self.seed << 13 & 0xFFFFFFFF
        self.seed ^= self.seed >> 17
        self.seed ^= self.seed << 5 & 0xFFFFFFFF
        self.value = self.seed >> 11 & 0xFF
        self.event(name)
        if self.running:
            self.task_start()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "value": self.value, "seed": self.seed, "running": self.running}

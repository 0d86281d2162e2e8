"""SAADC, the analog-to-digital converter: nRF52840 Product Specification v1.7, section 6.23."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import (
    MachineAccess,
    NrfPeripheral,
    PeripheralSlot,
    Register,
    never,
    plain,
)

_CHANNELS = 8
_ACQUISITION_US = (3, 5, 10, 15, 20, 40, 40, 40)
"""CH[n].CONFIG.TACQ (6.23.10.22)."""
_CONVERSION_US = 2.0
"""t_CONV, 6.23.11."""
_GAINS = (1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2, 1, 2, 4)
_VDD, _VDDH = 9, 0xD
SUPPLY = 3.3
"""Volts the Nano 33 BLE runs its chip on."""


class Saadc(NrfPeripheral):
    """The converter. Pins are at 0 V until ``drive`` sets them."""

    tasks = {0x000: "START", 0x004: "SAMPLE", 0x008: "STOP", 0x00C: "CALIBRATEOFFSET"}  # noqa: RUF012

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, pins: tuple[int, ...]) -> None:
        self._pins = pins  # of port 0, AIN0 first
        self.events = {
            0x100: "STARTED",
            0x104: "END",
            0x108: "DONE",
            0x10C: "RESULTDONE",
            0x110: "CALIBRATEDONE",
            0x114: "STOPPED",
            **{0x118 + 8 * n: f"LIMITH{n}" for n in range(_CHANNELS)},
            **{0x11C + 8 * n: f"LIMITL{n}" for n in range(_CHANNELS)},
        }
        self.volts: dict[int, float] = {}
        self.amount = 0
        self.buffer, self.room = 0, 0
        """Where results go since START, and how many may."""
        self.converting = False
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of section 6.23.10."""
        table = [
            Register(0x400, "STATUS", read=lambda: int(self.converting), until=never),
            Register(0x500, "ENABLE", write=self._set_enable),
            plain(0x5F0, "RESOLUTION", 1),
            plain(0x5F4, "OVERSAMPLE"),
            plain(0x5F8, "SAMPLERATE"),
            plain(0x62C, "RESULT.PTR"),
            plain(0x630, "RESULT.MAXCNT"),
            Register(0x634, "RESULT.AMOUNT", read=lambda: self.amount, until=never),
        ]
        for n in range(_CHANNELS):
            table += [
                plain(0x510 + 16 * n, f"CH{n}.PSELP"),
                plain(0x514 + 16 * n, f"CH{n}.PSELN"),
                plain(0x518 + 16 * n, f"CH{n}.CONFIG", 0x20000),
                plain(0x51C + 16 * n, f"CH{n}.LIMIT", 0x7FFF8000),
            ]
        return table

    def drive(self, pin: int, volts: float) -> None:
        """Set the voltage at a pin of port 0. Raises ValueError where the converter cannot see it."""
        if pin not in self._pins:
            raise ValueError(f"P0.{pin:02} is no analog input")
        self.volts[self._pins.index(pin) + 1] = volts

    def _set_enable(self, value: int) -> None:
        self.stored[0x500] = value
        if not value & 1:
            self.converting = False
            for name in ("SAMPLED", "CALIBRATEDONE", "STOPPED"):
                self.machine.cancel(self.name, name)

    # --- tasks -------------------------------------------------------------------------------

    def task_start(self) -> None:
        """Get ready to fill the result buffer, whose registers may be set anew from now on (6.23.4)."""
        self.amount = 0
        self.buffer, self.room = self.stored.get(0x62C, 0), self.stored.get(0x630, 0) & 0x7FFF
        self.event("STARTED")

    def _channels(self) -> list[int]:
        return [n for n in range(_CHANNELS) if self.stored.get(0x510 + 16 * n, 0)]

    def task_sample(self) -> None:
        """Convert every enabled channel once, or go on at SAMPLERATE's pace."""
        if self.stored.get(0x500, 0) & 1:
            self.converting = True
            self.after(self._scan_us(), "SAMPLED")

    def _scan_us(self) -> float:
        channels = self._channels()
        acquire = sum(_ACQUISITION_US[self._config(n) >> 16 & 7] for n in channels)
        samples = 1
        if self.stored.get(0x5F4, 0) & 15 and any(self._config(n) >> 24 & 1 for n in channels):
            samples = 1 << (self.stored[0x5F4] & 15)  # a burst takes all that is averaged at once
        return max(_CONVERSION_US, (acquire + _CONVERSION_US * len(channels)) * samples)

    def _config(self, n: int) -> int:
        return self.stored.get(0x518 + 16 * n, 0x20000)

    def task_stop(self) -> None:
        """Stop."""
        self.converting = False
        self.machine.cancel(self.name, "SAMPLED")
        self.after(_CONVERSION_US, "STOPPED")

    def task_calibrateoffset(self) -> None:
        """Calibrate: a conversion against ground, with the longest acquisition; no figure is given."""
        self.after(1000.0, "CALIBRATEDONE")

    # --- results -----------------------------------------------------------------------------

    def _input(self, select: int) -> float:
        if select == _VDD:
            return SUPPLY
        return SUPPLY / 5 if select == _VDDH else self.volts.get(select, 0.0)

    def _convert(self, n: int) -> int:
        """(V(P) - V(N)) * gain / reference * 2^(resolution - differential), clipped (6.23.3)."""
        config = self._config(n)
        differential = config >> 20 & 1
        bits = (8, 10, 12, 14)[self.stored.get(0x5F0, 1) & 3]
        reference = SUPPLY / 4 if config >> 12 & 1 else 0.6
        volts = self._input(self.stored.get(0x510 + 16 * n, 0) & 31)
        if differential:
            volts -= self._input(self.stored.get(0x514 + 16 * n, 0) & 31)
        full = 1 << (bits - differential)
        value = round(volts * _GAINS[config >> 8 & 7] / reference * full)
        return max(-full if differential else 0, min(full - 1, value))

    def on_event(self, name: str) -> None:
        """A conversion, a calibration or the way to a stop has ended."""
        if name != "SAMPLED":
            self.event(name)
            return
        rate = self.stored.get(0x5F8, 0)
        self.converting = bool(rate >> 12 & 1)
        if self.converting:
            self.after(max(self._scan_us(), (rate & 0x7FF) / 16), "SAMPLED")
        for n in self._channels():
            value = self._convert(n)
            if self.amount < self.room:
                where = self.buffer + 2 * self.amount
                self.machine.write_memory(where, (value & 0xFFFF).to_bytes(2, "little"))
                self.amount += 1
            self.event("DONE")
            self.event("RESULTDONE")
            limit = self.stored.get(0x51C + 16 * n, 0x7FFF8000)
            if value > _signed(limit >> 16):
                self.event(f"LIMITH{n}")
            elif value < _signed(limit):
                self.event(f"LIMITL{n}")
        if self.amount >= self.room:
            self.room = 0
            self.event("END")

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "volts": self.volts,
            "amount": self.amount,
            "buffer": self.buffer,
            "room": self.room,
            "converting": self.converting,
        }


def _signed(value: int) -> int:
    value &= 0xFFFF
    return value - 0x10000 if value & 0x8000 else value

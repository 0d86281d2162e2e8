"""CLOCK and POWER, which share one address and one interrupt.

nRF52840 Product Specification v1.7, sections 5.3 (POWER) and 5.4 (CLOCK).
"""

from __future__ import annotations

from typing import Any

from mlbench.emulator.peripherals.base import (
    LIGHT_RESETS,
    Cause,
    MachineAccess,
    NrfPeripheral,
    PeripheralSlot,
    Register,
    Writer,
    never,
    plain,
)

# Start-up times of the oscillators: Product Specification v1.7, 5.4.4 (64 MHz crystal: typical
# 360 us; 32.768 kHz crystal: 250 ms typical, the RC oscillator 600 us).
HFXO_START_US = 360.0
LFRC_START_US = 600.0
USB_DETECT_US = 10.0
USB_SUPPLY_US = 1000.0
"""VBUS seen, and the regulator for USB settled. The manual names the events (5.3.3) and no time: assumed."""
_SLOW_CYCLE_US = 1e6 / 32768
_DETECTED, _READY = 1, 2
"""Bits of USBREGSTATUS."""


class ClockPower(NrfPeripheral):
    """CLOCK and POWER. The supply is steady; VBUS is there while a USB cable is plugged in."""

    tasks = {  # noqa: RUF012
        0x000: "HFCLKSTART",
        0x004: "HFCLKSTOP",
        0x008: "LFCLKSTART",
        0x00C: "LFCLKSTOP",
        0x010: "CAL",
        0x014: "CTSTART",
        0x018: "CTSTOP",
        0x078: "CONSTLAT",
        0x07C: "LOWPWR",
    }
    events = {  # noqa: RUF012
        0x100: "HFCLKSTARTED",
        0x104: "LFCLKSTARTED",
        0x108: "POFWARN",
        0x10C: "DONE",
        0x110: "CTTO",
        0x114: "SLEEPENTER",
        0x118: "SLEEPEXIT",
        0x11C: "USBDETECTED",
        0x120: "USBREMOVED",
        0x124: "USBPWRRDY",
        0x128: "CTSTARTED",
        0x12C: "CTSTOPPED",
    }

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, ram_blocks: int) -> None:
        self._ram_blocks = ram_blocks
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of sections 5.3.7 and 5.4.3."""
        self.high, self.low, self.source, self.wanted_source = 0, 0, 0, 0
        self.reset_reason = 0
        self.usb = 0
        self.cable = False
        table = [
            Register(0x400, "RESETREAS", read=lambda: self.reset_reason, write=self._clear_reason, ones=True),
            Register(0x408, "HFCLKRUN", read=lambda: int(self.high > 0), until=never),
            Register(0x40C, "HFCLKSTAT", read=lambda: 0x10001 if self.high == 2 else 0x10000, until=never),
            Register(0x414, "LFCLKRUN", read=lambda: int(self.low > 0), until=never),
            Register(
                0x418, "LFCLKSTAT", read=lambda: 0x10000 | self.source if self.low == 2 else 0, until=never
            ),
            Register(0x41C, "LFCLKSRCCOPY", read=lambda: self.wanted_source, until=never),
            Register(0x428, "RAMSTATUS", reset=0xF, read_only=True),
            Register(0x438, "USBREGSTATUS", read=lambda: self.usb, read_only=True, until=never),
            Register(0x500, "SYSTEMOFF", write=self._system_off),
            plain(0x510, "POFCON"),
            plain(0x518, "LFCLKSRC"),
            Register(0x51C, "GPREGRET", write=lambda v: self._retain(0x51C, v)),
            Register(0x520, "GPREGRET2", write=lambda v: self._retain(0x520, v)),
            plain(0x528, "HFXODEBOUNCE", 0x10),
            plain(0x538, "CTIV"),
            plain(0x55C, "TRACECONFIG"),
            plain(0x578, "DCDCEN"),
            plain(0x580, "DCDCEN0"),
            plain(0x5B4, "LFRCMODE"),
            Register(0x640, "MAINREGSTATUS", read_only=True),
        ]
        for n in range(self._ram_blocks):
            at = 0x900 + 16 * n
            table += [
                plain(at, f"RAM{n}.POWER", 0xFFFF),
                Register(at + 4, f"RAM{n}.POWERSET", write=self._ram_power(at, True), ones=True),
                Register(at + 8, f"RAM{n}.POWERCLR", write=self._ram_power(at, False), ones=True),
            ]
        return table

    def _clear_reason(self, value: int) -> None:
        self.reset_reason &= ~value

    def _retain(self, offset: int, value: int) -> None:
        self.stored[offset] = value & 0xFF  # 8 bits are there (5.3.7)

    def _ram_power(self, at: int, on: bool) -> Writer:
        """Sections are noted as off; what RAM holds is left alone, which the manual does not promise."""

        def write(value: int) -> None:
            now = self.stored.get(at, 0xFFFF)
            self.stored[at] = now | value if on else now & ~value

        return write

    def _system_off(self, value: int) -> None:
        if value & 1:
            self.machine.request_reset(Cause.WAKE_BY_PIN)

    # --- USB's supply ------------------------------------------------------------------------

    def plug(self, in_place: bool) -> None:
        """A USB cable is plugged in or pulled (5.3.3)."""
        self.cable = in_place
        if in_place:
            self.after(USB_DETECT_US, "USBDETECTED")
            return
        self.machine.cancel(self.name, "USBDETECTED")
        self.machine.cancel(self.name, "USBPWRRDY")
        if self.usb:
            self.usb = 0
            self.event("USBREMOVED")

    # --- oscillators -------------------------------------------------------------------------

    def task_hfclkstart(self) -> None:
        """Start the crystal oscillator."""
        if self.high == 0:
            self.high = 1
            self.after(HFXO_START_US, "HFCLKSTARTED")
        elif self.high == 2:
            self.event("HFCLKSTARTED")

    def task_hfclkstop(self) -> None:
        """Stop the crystal oscillator; the CPU goes on with the internal one."""
        self.high = 0
        self.machine.cancel(self.name, "HFCLKSTARTED")

    def task_lfclkstart(self) -> None:
        """Start the low-frequency clock, or change what it runs from.

        Its consumers run from the RC oscillator within 600 us even where the crystal is asked for
        (5.4.2.3), and the event is raised then. The task copies LFCLKSRC (5.4.3, LFCLKSRCCOPY), also
        while the clock runs: LFCLKSTAT names the old source until the new one has started.
        """
        self.wanted_source = self.stored.get(0x518, 0) & 3
        if self.low == 2 and self.wanted_source == self.source:
            self.machine.cancel(self.name, "LFCLKSTARTED")  # back to it before the other one had started
            self.event("LFCLKSTARTED")
        elif self.low != 1:
            self.low = self.low or 1
            self.after(LFRC_START_US, "LFCLKSTARTED")

    def task_lfclkstop(self) -> None:
        """Stop the low-frequency clock."""
        self.low = 0
        self.machine.cancel(self.name, "LFCLKSTARTED")

    def task_cal(self) -> None:
        """Calibrate the RC oscillator: takes 17 ms (5.4.2.1)."""
        self.after(17_000.0, "DONE")

    def task_ctstart(self) -> None:
        """Start the calibration timer, in steps of 0.25 s."""
        self.after(_SLOW_CYCLE_US, "CTSTARTED")
        self.after(250_000.0 * max(1, self.stored.get(0x538, 0)), "CTTO")

    def task_ctstop(self) -> None:
        """Stop the calibration timer."""
        self.machine.cancel(self.name, "CTTO")
        self.after(_SLOW_CYCLE_US, "CTSTOPPED")

    def task_constlat(self) -> None:
        """Constant latency mode: no effect on what is modelled."""

    def task_lowpwr(self) -> None:
        """Low power mode: no effect on what is modelled."""

    def on_event(self, name: str) -> None:
        """An oscillator has started, a measurement has ended, a supply is there."""
        if name == "HFCLKSTARTED":
            self.high = 2
        elif name == "LFCLKSTARTED":
            self.low, self.source = 2, self.wanted_source
        elif name == "USBDETECTED":
            self.usb = _DETECTED
            self.after(USB_SUPPLY_US, "USBPWRRDY")
        elif name == "USBPWRRDY":
            self.usb = _DETECTED | _READY
        self.event(name)

    def reset(self, cause: Cause, fresh: dict[str, Any]) -> None:
        """RESETREAS is kept, and GPREGRET by light resets; a cable that is in place is seen again."""
        reasons, cable = self.reset_reason | cause, self.cable
        retained = {at: value for at, value in self.stored.items() if at in (0x51C, 0x520)}
        super().reset(cause, fresh)
        self.reset_reason = int(reasons)
        if cause in LIGHT_RESETS or cause is Cause.WAKE_BY_PIN:
            self.stored.update(retained)
        if cable:
            self.plug(True)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "high": self.high,
            "low": self.low,
            "source": self.source,
            "wanted_source": self.wanted_source,
            "reset_reason": self.reset_reason,
            "usb": self.usb,
            "cable": self.cable,
        }

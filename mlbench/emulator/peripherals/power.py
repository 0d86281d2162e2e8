"""CLOCK and POWER, which share one address and one interrupt.

nRF52840 Product Specification v1.7, sections 5.3 (POWER) and 5.4 (CLOCK).
"""

from __future__ import annotations

from mlbench.emulator.peripherals.base import NrfPeripheral, Register, plain

# Start-up times of the oscillators: Product Specification v1.7, 5.4.4 (64 MHz crystal: typical
# 360 us; 32.768 kHz crystal: 250 ms typical, the RC oscillator 600 us).
HFXO_START_US = 360.0
LFXO_START_US = 250_000.0
LFRC_START_US = 600.0


class ClockPower(NrfPeripheral):
    """CLOCK and POWER. The supply is steady, USB is unplugged."""

    name, base, irq = "CLOCK", 0x40000000, 0
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

    def registers(self) -> list[Register]:
        """Registers of sections 5.3.7 and 5.4.3."""
        self.high, self.low, self.source = 0, 0, 0
        self.reset_reason = 0
        return [
            Register(0x400, "RESETREAS", read=lambda: self.reset_reason, write=self._clear_reason),
            Register(0x408, "HFCLKRUN", read=lambda: self.high),
            Register(0x40C, "HFCLKSTAT", read=lambda: 0x10001 if self.high == 2 else 0x10000),
            Register(0x414, "LFCLKRUN", read=lambda: int(self.low > 0)),
            Register(0x418, "LFCLKSTAT", read=lambda: 0x10000 | self.source if self.low == 2 else 0),
            Register(0x41C, "LFCLKSRCCOPY", read=lambda: self.source),
            Register(0x428, "RAMSTATUS", reset=0xF),
            # No USB cable: VBUS is absent.
            Register(0x438, "USBREGSTATUS", read_only=True),
            plain(0x500, "SYSTEMOFF"),
            plain(0x510, "POFCON"),
            plain(0x518, "LFCLKSRC"),
            plain(0x51C, "GPREGRET"),
            plain(0x520, "GPREGRET2"),
            plain(0x528, "HFXODEBOUNCE", 0x10),
            plain(0x538, "CTIV"),
            plain(0x55C, "TRACECONFIG"),
            plain(0x578, "DCDCEN"),
            plain(0x580, "DCDCEN0"),
            Register(0x640, "MAINREGSTATUS", read_only=True),
        ]

    def _clear_reason(self, value: int) -> None:
        self.reset_reason &= ~value

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
        """Start the low-frequency clock.

        Its consumers run from the RC oscillator within 600 us even where the crystal is asked for
        (5.4.2.3), and the event is raised then.
        """
        if self.low == 0:
            self.low = 1
            self.source = self.stored.get(0x518, 0) & 3
            self.after(LFRC_START_US, "LFCLKSTARTED")
        elif self.low == 2:
            self.event("LFCLKSTARTED")

    def task_lfclkstop(self) -> None:
        """Stop the low-frequency clock."""
        self.low = 0
        self.machine.cancel(self.name, "LFCLKSTARTED")

    def task_cal(self) -> None:
        """Calibrate the RC oscillator: takes 17 ms (5.4.2.1)."""
        self.after(17_000.0, "DONE")

    def task_ctstart(self) -> None:
        """Start the calibration timer, in steps of 0.25 s."""
        self.event("CTSTARTED")
        self.after(250_000.0 * max(1, self.stored.get(0x538, 0)), "CTTO")

    def task_ctstop(self) -> None:
        """Stop the calibration timer."""
        self.machine.cancel(self.name, "CTTO")
        self.event("CTSTOPPED")

    def task_constlat(self) -> None:
        """Constant latency mode: no effect on what is modelled."""

    def task_lowpwr(self) -> None:
        """Low power mode: no effect on what is modelled."""

    def on_event(self, name: str) -> None:
        """An oscillator has started or a measurement has ended."""
        if name == "HFCLKSTARTED":
            self.high = 2
        elif name == "LFCLKSTARTED":
            self.low = 2
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "high": self.high,
            "low": self.low,
            "source": self.source,
            "reset_reason": self.reset_reason,
        }

"""TWIM, TWI, SPIM and SPI: nRF52840 Product Specification v1.7, sections 6.31, 6.32, 6.25 and 6.24.

Where no device answers, an I2C address is not acknowledged; on SPI nobody does, and a line that nobody
drives reads as ones. Both take the time of the wire: firmware that looks for a device finds none and goes on.
"""

from __future__ import annotations

from typing import Any

from mlbench.emulator.peripherals.base import MachineAccess, NrfPeripheral, PeripheralSlot, Register, plain
from mlbench.emulator.peripherals.two_wires import TwoWires

# FREQUENCY is the rate times 2^32 / 16 MHz, but for SPI's two fastest (tables 6.25.8 and 6.31.9).
_STEP = 16_000_000 / 2**32
_FAST = {0x0A000000: 16e6, 0x14000000: 32e6}
_SPI, _SPIS, _TWI, _TWIM, _SPIM, _TWIS = 1, 2, 5, 6, 7, 9
"""Values of ENABLE: who of those that share the address answers (4.2.4)."""
_NOBODY = 0xFF
"""What is read off a line that is pulled up and driven by none."""


class SpimTwim(NrfPeripheral):
    """A serial box: what it is, its ENABLE register says."""

    tasks = {  # noqa: RUF012
        0x000: "STARTRX",
        0x008: "STARTTX",
        0x010: "START",
        0x014: "STOP",
        0x01C: "SUSPEND",
        0x020: "RESUME",
    }
    events = {  # noqa: RUF012
        0x104: "STOPPED",
        0x108: "READY",
        0x110: "ENDRX",
        0x118: "END",
        0x11C: "TXDSENT",
        0x120: "ENDTX",
        0x124: "ERROR",
        0x138: "BB",
        0x148: "SUSPENDED",
        0x14C: "RXSTARTED",
        0x150: "TXSTARTED",
        0x15C: "LASTRX",
        0x160: "LASTTX",
    }
    shorts = {  # noqa: RUF012
        7: ("LASTTX", "STARTRX"),
        8: ("LASTTX", "SUSPEND"),
        9: ("LASTTX", "STOP"),
        10: ("LASTRX", "STARTTX"),
        11: ("LASTRX", "SUSPEND"),
        12: ("LASTRX", "STOP"),
        17: ("END", "START"),
    }
    """TWI's two, from the end of a byte, are in ``TwoWires``."""

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, count_bits: int = 16) -> None:
        self._count_bits = count_bits  # of RXD.MAXCNT and TXD.MAXCNT
        self.busy = False
        """A byte or a transfer is on the wire."""
        self.began = 0
        """The cycle at which SPIM's transfer began."""
        self.two_wires = TwoWires(self)
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of sections 6.31.9, 6.32.8, 6.25.8 and 6.24.6."""
        pin_registers = (
            (0x508, "PSEL.SCK"),
            (0x50C, "PSEL.MOSI"),
            (0x510, "PSEL.MISO"),
            (0x514, "PSEL.CSN"),
            (0x56C, "PSELDCX"),
        )
        plain_registers = (
            *((0x400, "STALLSTAT"), (0x534, "RXD.PTR"), (0x540, "RXD.LIST")),
            *((0x544, "TXD.PTR"), (0x550, "TXD.LIST"), (0x554, "CONFIG")),
            *((0x568, "CSNPOL"), (0x570, "DCXCNT"), (0x588, "ADDRESS"), (0x5C0, "ORC")),
        )
        return [
            Register(0x4C4, "ERRORSRC", write=self._clear_error, ones=True),
            Register(0x500, "ENABLE", write=self._set_enable),
            *(plain(offset, name, 0xFFFFFFFF) for offset, name in pin_registers),
            Register(0x518, "RXD", read=self._read_byte),
            Register(0x51C, "TXD", write=self._write_byte),
            plain(0x524, "FREQUENCY", 0x04000000),
            *(plain(offset, name) for offset, name in plain_registers),
            Register(0x538, "RXD.MAXCNT", write=self.keep(0x538, self._count_bits)),
            Register(0x548, "TXD.MAXCNT", write=self.keep(0x548, self._count_bits)),
            Register(0x53C, "RXD.AMOUNT", read_only=True),
            Register(0x54C, "TXD.AMOUNT", read_only=True),
            plain(0x560, "IFTIMING.RXDELAY", 2),
            plain(0x564, "IFTIMING.CSNDUR", 2),
        ]

    def _mode(self) -> int:
        return self.stored.get(0x500, 0) & 15

    def _clear_error(self, value: int) -> None:
        self.stored[0x4C4] = self.stored.get(0x4C4, 0) & ~value

    def _set_enable(self, value: int) -> None:
        self.stored[0x500] = value
        if value & 15 in (_SPIS, _TWIS):
            self.machine.note(f"{self.name}: a slave that no master ever addresses")
        if not value & 15:
            self.busy = False
            self.two_wires.cut()
            for name in ("STOPPED", "END", "ENDTX", "ENDRX", "READY"):
                self.machine.cancel(self.name, name)

    @property
    def by_bytes(self) -> bool:
        """Whether it is TWI, which the CPU feeds byte by byte."""
        return self._mode() == _TWI

    def bits_us(self, bits: int) -> float:
        """The time of so many bits on the wire."""
        frequency = self.stored.get(0x524, 0x04000000)
        hertz = (
            _FAST.get(frequency, frequency * _STEP) if self._mode() in (_SPI, _SPIM) else frequency * _STEP
        )
        return bits * 1e6 / max(1.0, hertz)

    # --- TWI and TWIM ------------------------------------------------------------------------

    def task_startrx(self) -> None:
        """Read from the device at ADDRESS."""
        if self._mode() == _TWIM:
            self.event("RXSTARTED")
        if self._mode() in (_TWI, _TWIM):
            self.two_wires.start(reading=True)

    def task_starttx(self) -> None:
        """Write to the device at ADDRESS."""
        if self._mode() == _TWIM:
            self.event("TXSTARTED")
        if self._mode() in (_TWI, _TWIM):
            self.two_wires.start(reading=False)

    def task_stop(self) -> None:
        """A stop condition; with SPIM the end of the byte that is under way."""
        if self._mode() in (_TWI, _TWIM):
            self.two_wires.stop()
            return
        if self._mode() == _SPIM and self.busy:
            us = (self.machine.now() - self.began) * 1e6 / self.machine.hz()
            done = int(us / self.bits_us(8)) + 1
            self._received(min(self.stored.get(0x538, 0), done))
            self.stored[0x54C] = min(self.stored.get(0x548, 0), done)
            self._end_transfer(stopped=True)
        self.busy = False
        self.after(self.bits_us(2), "STOPPED")

    def task_suspend(self) -> None:
        """Suspended between two bytes."""
        if self._mode() in (_TWI, _TWIM):
            self.two_wires.suspend()
        else:
            self.after(self.bits_us(1), "SUSPENDED")

    def task_resume(self) -> None:
        """Go on."""
        if self._mode() in (_TWI, _TWIM):
            self.two_wires.resume()

    # --- SPIM and SPI ------------------------------------------------------------------------

    def task_start(self) -> None:
        """A transfer of SPIM: as many bytes as the longer buffer has (6.25.2)."""
        if self._mode() != _SPIM or self.busy:
            return
        send, receive = self.stored.get(0x548, 0), self.stored.get(0x538, 0)
        if send and len(self.machine.read_memory(self.stored.get(0x544, 0), send)) < send:
            pointer = self.stored.get(0x544, 0)
            self.machine.note(f"{self.name}: EasyDMA cannot read {pointer:#010x}, which is not in RAM")
        self.busy, self.began = True, self.machine.now()
        self.event("RXSTARTED")  # SPIM's STARTED has the same place
        self.after(self.bits_us(8 * send), "ENDTX")
        self.after(self.bits_us(8 * receive), "ENDRX")
        self.after(self.bits_us(8 * max(send, receive)), "END")

    def _received(self, count: int) -> None:
        self.machine.write_memory(self.stored.get(0x534, 0), bytes([_NOBODY]) * count)
        self.stored[0x53C] = count

    def _end_transfer(self, *, stopped: bool = False) -> None:
        self.busy = False
        if stopped:
            for name in ("ENDTX", "ENDRX", "END"):
                self.machine.cancel(self.name, name)

    def _write_byte(self, value: int) -> None:
        self.stored[0x51C] = value & 0xFF
        if self._mode() == _TWI:
            self.two_wires.write_byte(value & 0xFF)
        elif self._mode() == _SPI:
            self.after(self.bits_us(8), "READY")

    def _read_byte(self) -> int:
        if self._mode() != _TWI:
            return _NOBODY
        byte = self.stored.get(0x518, _NOBODY)
        self.two_wires.byte_read()
        return byte

    # --- time --------------------------------------------------------------------------------

    def on_event(self, name: str) -> None:
        """Time on the wire has passed."""
        if self.two_wires.on_event(name):
            return
        if name == "ENDRX":
            self._received(self.stored.get(0x538, 0))
        elif name == "ENDTX":
            self.stored[0x54C] = self.stored.get(0x548, 0)
        elif name == "END":
            self._end_transfer()
        self.event(name)

    def state(self) -> dict[str, Any]:
        """The attributes that a snapshot must hold."""
        wires = self.two_wires.state()
        return {**super().state(), "busy": self.busy, "began": self.began, "wires": wires}

    def load(self, saved: dict[str, Any]) -> None:
        """Go back to what ``save`` gave."""
        own = dict(saved)
        self.two_wires.load(own.pop("wires"))
        super().load(own)

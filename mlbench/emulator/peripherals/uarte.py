"""UARTE0 and UARTE1: nRF52840 Product Specification v1.7, section 6.34."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import Machine, NrfPeripheral, Register, plain

# BAUDRATE is the rate times 2^32 / 16 MHz, rounded to the values of table 6.34.9.25.
_BAUD_STEP = 16_000_000 / 2**32
_DEFAULT_BAUD = 0x04000000


class Uarte(NrfPeripheral):
    """A UART with EasyDMA both ways. What it sends is kept, what is fed to it is received."""

    tasks = {0x000: "STARTRX", 0x004: "STOPRX", 0x008: "STARTTX", 0x00C: "STOPTX", 0x02C: "FLUSHRX"}  # noqa: RUF012
    events = {  # noqa: RUF012
        0x100: "CTS",
        0x104: "NCTS",
        0x108: "RXDRDY",
        0x110: "ENDRX",
        0x11C: "TXDRDY",
        0x120: "ENDTX",
        0x124: "ERROR",
        0x144: "RXTO",
        0x14C: "RXSTARTED",
        0x150: "TXSTARTED",
        0x158: "TXSTOPPED",
    }
    shorts = {5: ("ENDRX", "STARTRX"), 6: ("ENDRX", "STOPRX")}  # noqa: RUF012

    def __init__(self, machine: Machine, index: int, base: int, irq: int) -> None:
        self.name, self.base, self.irq = f"UARTE{index}", base, irq
        self.sent = bytearray()
        self.incoming = bytearray()
        self.receiving = False
        self.byte_coming = False
        self.sending = False
        self.rx_count = 0
        self.tx_amount = 0
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 6.34.9."""
        return [
            plain(0x480, "ERRORSRC"),
            plain(0x500, "ENABLE"),
            *(plain(0x508 + 4 * n, f"PSEL{n}", 0xFFFFFFFF) for n in range(4)),
            plain(0x524, "BAUDRATE", _DEFAULT_BAUD),
            plain(0x534, "RXD.PTR"),
            plain(0x538, "RXD.MAXCNT"),
            Register(0x53C, "RXD.AMOUNT", read=lambda: self.rx_count),
            plain(0x544, "TXD.PTR"),
            plain(0x548, "TXD.MAXCNT"),
            Register(0x54C, "TXD.AMOUNT", read=lambda: self.tx_amount),
            plain(0x56C, "CONFIG"),
        ]

    def byte_us(self) -> float:
        """Time of one byte on the wire: start bit, 8 bits, parity where on, 1 or 2 stop bits."""
        baud = max(1.0, self.stored.get(0x524, _DEFAULT_BAUD) * _BAUD_STEP)
        config = self.stored.get(0x56C, 0)
        bits = 10 + (1 if config & 0x0E else 0) + (1 if config & 0x10 else 0)
        return bits * 1e6 / baud

    def task_starttx(self) -> None:
        """Send TXD.MAXCNT bytes from TXD.PTR; ENDTX comes when the last has left the wire."""
        if self.stored.get(0x500, 0) != 8:
            return
        count = self.stored.get(0x548, 0) & 0xFFFF
        data = self.machine.read_memory(self.stored.get(0x544, 0), count)
        if len(data) < count:
            self.machine.note(
                f"{self.name}: EasyDMA cannot read {self.stored.get(0x544, 0):#010x}, which is not in RAM"
            )
            data = data.ljust(count, b"\0")
        self.sent += data
        self.tx_amount = count
        self.sending = True
        self.event("TXSTARTED")
        self.after(self.byte_us() * count, "ENDTX")

    def task_stoptx(self) -> None:
        """Stop sending."""
        self.sending = False
        self.machine.cancel(self.name, "ENDTX")
        self.after(self.byte_us(), "TXSTOPPED")

    def task_startrx(self) -> None:
        """Receive up to RXD.MAXCNT bytes to RXD.PTR."""
        if self.stored.get(0x500, 0) != 8:
            return
        self.receiving = True
        self.rx_count = 0
        self.event("RXSTARTED")
        self._expect_byte()

    def task_stoprx(self) -> None:
        """Stop receiving: ENDRX at once if a transfer is open, RXTO when the line was idle a while."""
        if self.receiving:
            self.receiving = False
            self.event("ENDRX")
        # RXTO comes after the time of four bytes (6.34.4).
        self.after(4 * self.byte_us(), "RXTO")

    def task_flushrx(self) -> None:
        """Empty the receiver's FIFO: nothing is kept in it here."""
        self.event("ENDRX")

    def feed(self, data: bytes) -> None:
        """Put bytes on the receiving wire."""
        self.incoming += data
        self._expect_byte()

    def _expect_byte(self) -> None:
        if self.receiving and self.incoming and not self.byte_coming:
            self.byte_coming = True
            self.after(self.byte_us(), "BYTE")

    def on_event(self, name: str) -> None:
        """Time on the wire has passed."""
        if name == "BYTE":
            self._receive()
            return
        if name == "ENDTX":
            self.sending = False
            # TXDRDY is raised with each byte; its last one is what is left to be seen.
            self.event("TXDRDY")
        self.event(name)

    def _receive(self) -> None:
        self.byte_coming = False
        if not (self.receiving and self.incoming):
            return
        self.machine.write_memory(self.stored.get(0x534, 0) + self.rx_count, bytes(self.incoming[:1]))
        del self.incoming[:1]
        self.rx_count += 1
        self.event("RXDRDY")
        if self.rx_count >= self.stored.get(0x538, 0):
            self.receiving = False
            self.event("ENDRX")
        self._expect_byte()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "sent": self.sent,
            "incoming": self.incoming,
            "receiving": self.receiving,
            "byte_coming": self.byte_coming,
            "sending": self.sending,
            "rx_count": self.rx_count,
            "tx_amount": self.tx_amount,
        }

"""UARTE0, UARTE1 and the older UART0: nRF52840 Product Specification v1.7, sections 6.34 and 6.33."""

from __future__ import annotations

from typing import Any

from mlbench.emulator.peripherals.base import (
    Cause,
    MachineAccess,
    NrfPeripheral,
    PeripheralSlot,
    Register,
    never,
    plain,
)

# BAUDRATE is the rate times 2^32 / 16 MHz, rounded to the values of table 6.34.9.25.
_BAUD_STEP = 16_000_000 / 2**32
_DEFAULT_BAUD = 0x04000000
_UART, _UARTE = 4, 8
"""ENABLE chooses who answers at the shared address (6.33.10, 6.34.9)."""
_FIFO = 6
"""Bytes the older UART holds (6.33.5)."""


class Uarte(NrfPeripheral):
    """A UART, with EasyDMA both ways or, as UART0, byte by byte.

    The other end of the wire waits until reception is open, as with flow control: input is never lost
    because firmware is slow. Framing errors, parity and the RTS and CTS lines are not modelled.
    """

    tasks = {  # noqa: RUF012
        0x000: "STARTRX",
        0x004: "STOPRX",
        0x008: "STARTTX",
        0x00C: "STOPTX",
        0x01C: "SUSPEND",
        0x02C: "FLUSHRX",
    }
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

    def __init__(
        self, machine: MachineAccess, place: PeripheralSlot, source: str, count_bits: int = 16
    ) -> None:
        self.source, self._count_bits = source, count_bits
        self.incoming = bytearray()
        self.fifo = bytearray()
        """Received, and not yet in RAM or read by the CPU."""
        self.receiving = False
        self.byte_coming = False
        self.sending = bytearray()
        """The transfer that is on the wire since cycle ``sent_from``."""
        self.sent_from = 0
        self.rx_count = 0
        """Bytes of the transfer that is open."""
        self.rx_amount, self.tx_amount = 0, 0
        """Bytes of the last transfer that has ended (6.34.9): the start of another one leaves them alone."""
        self.tx_open = False
        """Of the older UART: STARTTX has been given."""
        super().__init__(machine, place)
        machine.console.attach(self.source, self.feed, lambda: bytes(self.sending))

    def registers(self) -> list[Register]:
        """Registers of sections 6.34.9 and 6.33.10."""
        return [
            Register(0x480, "ERRORSRC", write=lambda v: self._clear_error(v), ones=True),
            Register(0x500, "ENABLE", write=self._set_enable),
            *(
                plain(0x508 + 4 * n, f"PSEL.{name}", 0xFFFFFFFF)
                for n, name in enumerate(("RTS", "TXD", "CTS", "RXD"))
            ),
            Register(0x518, "RXD", read=self._read_byte, read_only=True),
            Register(0x51C, "TXD", write=self._write_byte),
            plain(0x524, "BAUDRATE", _DEFAULT_BAUD),
            plain(0x534, "RXD.PTR"),
            Register(0x538, "RXD.MAXCNT", write=self.keep(0x538, self._count_bits)),
            Register(0x53C, "RXD.AMOUNT", read=lambda: self.rx_amount, until=never),
            plain(0x544, "TXD.PTR"),
            Register(0x548, "TXD.MAXCNT", write=self.keep(0x548, self._count_bits)),
            Register(0x54C, "TXD.AMOUNT", read=lambda: self.tx_amount, until=never),
            plain(0x56C, "CONFIG"),
        ]

    def _mode(self) -> int:
        return self.stored.get(0x500, 0) & 15

    def _clear_error(self, value: int) -> None:
        self.stored[0x480] = self.stored.get(0x480, 0) & ~value

    def _set_enable(self, value: int) -> None:
        self.stored[0x500] = value
        if self._mode() not in (_UART, _UARTE):
            self._cut()
            self.receiving = self.byte_coming = self.tx_open = False
            self.fifo.clear()
            for name in ("ENDTX", "TXDRDY", "TXSTOPPED", "BYTE", "RXTO"):
                self.machine.cancel(self.name, name)

    def byte_us(self) -> float:
        """Time of one byte on the wire: start bit, 8 bits, parity where on, 1 or 2 stop bits."""
        baud = max(1.0, self.stored.get(0x524, _DEFAULT_BAUD) * _BAUD_STEP)
        config = self.stored.get(0x56C, 0)
        bits = 10 + (1 if config & 0x0E else 0) + (1 if config & 0x10 else 0)
        return bits * 1e6 / baud

    # --- sending -----------------------------------------------------------------------------

    def task_starttx(self) -> None:
        """Send TXD.MAXCNT bytes from TXD.PTR; ENDTX comes when the last has left the wire."""
        if self._mode() == _UART:
            self.tx_open = True
        if self._mode() != _UARTE:
            return
        count = self.stored.get(0x548, 0)
        data = self.machine.read_memory(self.stored.get(0x544, 0), count)
        if len(data) < count:
            self.machine.note(
                f"{self.name}: EasyDMA cannot read {self.stored.get(0x544, 0):#010x}, which is not in RAM"
            )
            data = data.ljust(count, b"\0")
        self._cut()
        self.sending, self.sent_from = bytearray(data), self.machine.now()
        self.event("TXSTARTED")
        self.after(self.byte_us() * count, "ENDTX")
        if count:
            self.after(self.byte_us(), "TXDRDY")

    def _bytes_out(self) -> int:
        """How many bytes of the transfer have begun to leave."""
        us = (self.machine.now() - self.sent_from) * 1e6 / self.machine.hz()
        return min(len(self.sending), int(us / self.byte_us()) + 1)

    def _cut(self) -> None:
        if self.sending:
            self._put_sent(self._bytes_out())

    def _put_sent(self, count: int) -> None:
        self.tx_amount = count
        self.machine.console.put(self.source, bytes(self.sending[:count]))
        self.sending = bytearray()

    def task_stoptx(self) -> None:
        """Stop sending: the byte that is on the wire goes out, the rest is not sent.

        ENDTX is raised all the same where a transfer was open (6.34.2).
        """
        self.tx_open = False
        self.machine.cancel(self.name, "TXDRDY")
        rest = 0.1
        if self.sending and not self.machine.due(self.name, "ENDTX"):
            self.sending = self.sending[: self._bytes_out()]
            spent = (self.machine.now() - self.sent_from) * 1e6 / self.machine.hz()
            rest = max(rest, len(self.sending) * self.byte_us() - spent)
            self.after(rest, "ENDTX")
        self.after(rest, "TXSTOPPED")

    def _write_byte(self, value: int) -> None:
        """TXD of the older UART."""
        if self._mode() == _UART and self.tx_open:
            self.machine.console.put(self.source, bytes([value & 0xFF]))
            self.after(self.byte_us(), "TXDRDY")

    def task_suspend(self) -> None:
        """Stop the older UART both ways (6.33.6)."""
        self.task_stoptx()
        self.task_stoprx()

    # --- receiving ---------------------------------------------------------------------------

    def task_startrx(self) -> None:
        """Receive up to RXD.MAXCNT bytes to RXD.PTR."""
        if self._mode() not in (_UART, _UARTE):
            return
        self.receiving = True
        self.machine.cancel(self.name, "RXTO")
        if self._mode() == _UARTE:
            self.rx_count = 0
            self.event("RXSTARTED")
            self._to_memory()
        self._expect_byte()

    def task_stoprx(self) -> None:
        """Stop receiving: ENDRX at once if a transfer is open, RXTO when the line was idle a while."""
        if self.receiving:
            self.receiving = False
            if self._mode() == _UARTE:
                self._end_reception()
        # RXTO comes after the time of four bytes (6.34.4).
        self.after(4 * self.byte_us(), "RXTO")

    def task_flushrx(self) -> None:
        """Empty what came after STOPRX into the buffer; ENDRX comes in any case (6.34.4).

        Where nothing came, RXD.AMOUNT stays what it was: drivers of Nordic and Zephyr reckon with that.
        """
        self.rx_count = 0
        self._to_memory()
        self.rx_amount = self.rx_count or self.rx_amount
        self.after(0.1, "ENDRX")

    def feed(self, data: bytes) -> None:
        """Put bytes on the receiving wire."""
        self.incoming += data
        self._expect_byte()

    def _expect_byte(self) -> None:
        has_space = self._mode() == _UARTE or len(self.fifo) < _FIFO
        if self.receiving and self.incoming and not self.byte_coming and has_space:
            self.byte_coming = True
            self.after(self.byte_us(), "BYTE")

    def _receive(self) -> None:
        self.byte_coming = False
        if not self.incoming or not self._mode():
            return
        self.fifo += self.incoming[:1]
        del self.incoming[:1]
        self.event("RXDRDY")
        if self._mode() == _UARTE and self.receiving:
            self._to_memory()
        self._expect_byte()

    def _to_memory(self) -> None:
        limit = self.stored.get(0x538, 0)
        moved = bytes(self.fifo[: max(0, limit - self.rx_count)])
        if moved:
            self.machine.write_memory(self.stored.get(0x534, 0) + self.rx_count, moved)
            del self.fifo[: len(moved)]
            self.rx_count += len(moved)
        if moved and self.receiving and self.rx_count >= limit:
            self.receiving = False
            self._end_reception()

    def _end_reception(self) -> None:
        # First the count: a shortcut of the event may start the next transfer.
        self.rx_amount = self.rx_count
        self.event("ENDRX")

    def _read_byte(self) -> int:
        """RXD of the older UART: takes the byte; the next one raises RXDRDY again (6.33.5)."""
        if not self.fifo:
            return 0
        value = self.fifo.pop(0)
        if self.fifo:
            self.event("RXDRDY")
        self._expect_byte()
        return value

    # --- time --------------------------------------------------------------------------------

    def on_event(self, name: str) -> None:
        """Time on the wire has passed."""
        if name == "BYTE":
            self._receive()
            return
        if name == "ENDTX":
            self.machine.cancel(self.name, "TXDRDY")
            self._put_sent(len(self.sending))
            self.event("TXDRDY")
        elif name == "TXDRDY" and self._mode() == _UARTE and self.inten >> 7 & 1:
            # One for each byte. Where nobody listens, the first and the last are all that can be seen.
            self.after(self.byte_us(), "TXDRDY")
        self.event(name)

    def reset(self, cause: Cause, fresh: dict[str, Any]) -> None:
        """What the other end has not sent yet is still to come."""
        waiting = self.incoming
        self._cut()
        super().reset(cause, fresh)
        self.incoming = waiting

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "incoming": self.incoming,
            "fifo": self.fifo,
            "receiving": self.receiving,
            "byte_coming": self.byte_coming,
            "sending": self.sending,
            "sent_from": self.sent_from,
            "rx_count": self.rx_count,
            "rx_amount": self.rx_amount,
            "tx_amount": self.tx_amount,
            "tx_open": self.tx_open,
        }

"""SEGGER's Real Time Transfer, as a debug probe does it: text is read out of RAM while the firmware runs.

SEGGER Wiki, "RTT": a control block begins with an identifier of 16 bytes, then the number of up- and
down-buffers, then a descriptor of six words for each: name, buffer, size, write offset, read offset, flags.
"""

from __future__ import annotations

from typing import Any

from mlbench.emulator.cpu import MemoryRegion
from mlbench.emulator.peripherals.base import Cause, MachineAccess, Peripheral

_ID = b"SEGGER RTT".ljust(16, b"\0")
_DESCRIPTOR = 24
_MOST_BUFFERS = 16
SEARCH_US = 10_000.0
POLL_US = 1_000.0
"""How often a probe looks, in virtual time: for a control block, and for text once some has come."""


class Rtt(Peripheral):
    """Finds the control block without symbols, empties up-buffer 0 and fills down-buffer 0."""

    name = "RTT"

    def __init__(self, machine: MachineAccess, ram: MemoryRegion) -> None:
        self.ram = ram
        self.block: int | None = None
        """Offset of the control block in RAM."""
        self.searched = -1
        self.outgoing = bytearray()
        super().__init__(machine)
        machine.console.attach("rtt", self.send, self._waiting)

    def send(self, data: bytes) -> None:
        """Send to the firmware; what does not fit its buffer yet waits."""
        self.outgoing += data
        self.machine.schedule(self.name, "POLL", POLL_US)

    def on_event(self, _name: str) -> None:
        """It is time to look again."""
        self.searched = -1
        self.poll()

    def poll(self) -> None:
        """Look for text, and for room for input; come back soon where there was some."""
        if not self._find():
            return
        moved = self._drain() or self._fill()
        if moved or self.outgoing:
            self.machine.schedule(self.name, "POLL", POLL_US)

    def _word(self, offset: int) -> int:
        return int.from_bytes(self.ram.data[offset : offset + 4], "little")

    def _find(self) -> bool:
        data = self.ram.data
        if self.block is not None:
            if data[self.block : self.block + 16] == _ID:
                return True
            self.block = None
        now = self.machine.now()
        if self.searched >= 0 and now - self.searched < SEARCH_US * self.machine.hz() / 1e6:
            return False
        self.searched = now
        at = data.find(_ID)
        while at >= 0:
            if self._is_block(at):
                self.block = at
                return True
            at = data.find(_ID, at + 1)
        return False

    def _is_block(self, at: int) -> bool:
        """Whether the identifier is a control block's, and not a copy of its text."""
        if at % 4 or at + 24 + _DESCRIPTOR > self.ram.size:
            return False
        ups, downs = self._word(at + 16), self._word(at + 20)
        if not (1 <= ups <= _MOST_BUFFERS and downs <= _MOST_BUFFERS):
            return False
        return self._buffer(at + 24) is not None

    def _buffer(self, at: int) -> tuple[int, int, int, int] | None:
        """A descriptor as offset in RAM, size, write and read offset; None: it is not set up."""
        if at + _DESCRIPTOR > self.ram.size:
            return None
        buffer, size, write, read = (self._word(at + n) for n in (4, 8, 12, 16))
        start = buffer - self.ram.start
        if not (start >= 0 and 0 < size <= self.ram.size - start and write < size and read < size):
            return None
        return start, size, write, read

    def _up(self) -> tuple[int, tuple[int, int, int, int]] | None:
        if self.block is None:
            return None
        up = self._buffer(self.block + 24)
        return None if up is None else (self.block + 24, up)

    def _waiting(self) -> bytes:
        """What stands in the up-buffer and has not been taken yet."""
        up_buffer = self._up() if self._find() else None
        if up_buffer is None:
            return b""
        start, size, write, read = up_buffer[1]
        data = self.ram.data
        if read <= write:
            return data[start + read : start + write]
        return data[start + read : start + size] + data[start : start + write]

    def _drain(self) -> bool:
        up_buffer, text = self._up(), self._waiting()
        if up_buffer is None or not text:
            return False
        at, (_, _, write, _) = up_buffer
        self.ram.data[at + 16 : at + 20] = write.to_bytes(4, "little")
        self.machine.console.put("rtt", text)
        return True

    def _fill(self) -> bool:
        if self.block is None or not self.outgoing or not self._word(self.block + 20):
            return False
        at = self.block + 24 + _DESCRIPTOR * self._word(self.block + 16)
        down = self._buffer(at)
        if down is None:
            return False
        start, size, write, read = down
        space = (read - write - 1) % size
        for value in self.outgoing[:space]:
            self.ram.data[start + write] = value
            write = (write + 1) % size
        del self.outgoing[:space]
        self.ram.data[at + 12 : at + 16] = write.to_bytes(4, "little")
        return space > 0

    def survives(self, _cause: Cause) -> bool:
        """A probe does not mind the chip's resets."""
        return True

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {"block": self.block, "outgoing": self.outgoing}

    def load(self, saved: dict[str, Any]) -> None:
        """Go back to what ``save`` gave, and look anew: time has gone back too."""
        super().load(saved)
        self.searched = -1

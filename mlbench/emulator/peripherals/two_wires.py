"""TWIM and TWI as controllers: nRF52840 Product Specification v1.7, sections 6.31 and 6.32.

A device on the wires answers for its address, takes bytes and gives bytes; each has the time of the wire.
What firmware asks for while a byte is on the wire (a stop, to suspend, a repeated start) happens when the
byte is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlbench.emulator.peripherals.spim_twim import SpimTwim

_ANACK, _DNACK = 1 << 1, 1 << 2
_ADDRESS_BITS, _BYTE_BITS, _STOP_BITS = 10, 9, 2
"""A start condition with the address and its acknowledge, a byte with its own, a stop condition."""
EVENTS = ("ADDRESSED", "LAST", "WHOLE", "BYTE", "STOPPED", "SUSPENDED")
"""What a transfer waits for, of this module's own or as an event of the peripheral."""
_BB_SUSPEND, _BB_STOP = 1 << 0, 1 << 1
"""TWI's shortcuts from the end of a byte (6.32.8)."""


class TwoWireDevice(Protocol):
    """A device that controllers talk to over SCL and SDA."""

    addresses: tuple[int, ...]

    def begin(self, address: int, *, reading: bool) -> bool:
        """A start condition with its address; whether it answers."""

    def take(self, byte: int) -> bool:
        """A byte from the controller; whether it is acknowledged."""

    def give(self) -> int:
        """The next byte for the controller."""

    def end(self) -> None:
        """A stop condition."""


class TwoWires:
    """The state of one controller. Its registers and its time are those of its peripheral."""

    def __init__(self, box: SpimTwim) -> None:
        self._box = box
        self.transfer = ""
        """``read`` or ``write`` once a device has answered; ``asked`` until then."""
        self.reading = False
        self.began = 0
        """The cycle at which the first byte began."""
        self.moving = False
        """A byte is on the wire."""
        self.wanted = ""
        """The task that follows on the byte that is on the wire."""
        self.byte = -1
        """Of TWI: the byte that waits to be sent."""
        self.suspended = False

    def state(self) -> dict[str, object]:
        """What a snapshot must hold."""
        names = ("transfer", "reading", "began", "moving", "wanted", "byte", "suspended")
        return {name: getattr(self, name) for name in names}

    def load(self, saved: dict[str, object]) -> None:
        """Go back to what ``state`` gave."""
        for name, value in saved.items():
            setattr(self, name, value)

    def cut(self) -> None:
        """The peripheral is switched off."""
        for name in EVENTS:
            self._box.machine.cancel(self._box.name, name)
        self.transfer, self.moving, self.wanted, self.byte, self.suspended = "", False, "", -1, False

    # --- tasks -------------------------------------------------------------------------------

    def start(self, *, reading: bool) -> None:
        """A start condition, repeated where a transfer is open."""
        if self.moving:
            self.wanted = "STARTRX" if reading else "STARTTX"
            return
        self.transfer, self.reading, self.suspended = "asked", reading, False
        self._after(_ADDRESS_BITS, "ADDRESSED")

    def stop(self) -> None:
        """A stop condition, at the end of the byte that is on the wire."""
        box = self._box
        if self.moving and (self.transfer == "read" or not box.by_bytes) and self._at_last():
            self.wanted = "STOP"
            return
        if self.moving and not box.by_bytes:
            us = (box.machine.now() - self.began) * 1e6 / box.machine.hz()
            self._exchange(min(self._count(), int(us / box.bits_us(_BYTE_BITS)) + 1))
        for name in ("ADDRESSED", "LAST", "WHOLE", "BYTE", "SUSPENDED"):
            box.machine.cancel(box.name, name)
        self._close()

    def _close(self) -> None:
        device = self._device()
        if device is not None and self.transfer in ("read", "write"):
            device.end()
        self.transfer, self.moving, self.wanted, self.byte, self.suspended = "", False, "", -1, False
        self._after(_STOP_BITS, "STOPPED")

    def suspend(self) -> None:
        """Suspend between two bytes."""
        if self.moving:
            self.wanted = "SUSPEND"
        else:
            self.suspended = True
            self._after(1, "SUSPENDED")

    def resume(self) -> None:
        """Go on: of TWI, the next byte of a read."""
        was, self.suspended = self.suspended, False
        if was and self._box.by_bytes and self.transfer == "read" and not self.moving:
            self._next_byte()

    def write_byte(self, byte: int) -> None:
        """TXD of TWI."""
        self.byte = byte
        if self.transfer == "write" and not self.moving:
            self._next_byte()

    def byte_read(self) -> None:
        """RXD of TWI was read: without a shortcut that suspends it, the next byte comes."""
        if self.transfer == "read" and not self.moving and not self.suspended:
            self._next_byte()

    # --- time --------------------------------------------------------------------------------

    def on_event(self, name: str) -> bool:
        """Time on the wire has passed; whether the event was one of a transfer."""
        if name == "ADDRESSED":
            self._addressed()
        elif name == "LAST":
            # Its shortcuts ask for what follows on the last byte.
            self._after(_BYTE_BITS, "WHOLE")
            self._box.event("LASTRX" if self.transfer == "read" else "LASTTX")
        elif name == "WHOLE":
            self._exchange(self._count())
            self._follow()
        elif name == "BYTE":
            self._byte_over()
        else:
            return False
        return True

    def _addressed(self) -> None:
        box, device = self._box, self._device()
        address = box.stored.get(0x588, 0) & 0x7F
        if device is None or not device.begin(address, reading=self.reading):
            self.transfer = ""
            box.stored[0x53C] = box.stored[0x54C] = 0
            self._refused(_ANACK)
            return
        self.transfer = "read" if self.reading else "write"
        self.began = box.machine.now()
        if box.by_bytes:
            if self.reading or self.byte >= 0:
                self._next_byte()
            return
        count = self._count()
        if count:
            self.moving = True
            self._after(_BYTE_BITS * (count - 1), "LAST")

    def _exchange(self, count: int) -> None:
        """Of TWIM: the bytes of a transfer, between the device and RAM."""
        box, device = self._box, self._device()
        self.moving = False
        if device is None:
            return
        if self.transfer == "read":
            box.machine.write_memory(
                box.stored.get(0x534, 0), bytes(device.give() & 0xFF for _ in range(count))
            )
            box.stored[0x53C] = count
            return
        sent = box.machine.read_memory(box.stored.get(0x544, 0), count)
        taken = 0
        for byte in sent:
            taken += 1
            if not device.take(byte):
                self._refused(_DNACK)
                break
        box.stored[0x54C] = taken

    def _follow(self) -> None:
        wanted, self.wanted = self.wanted, ""
        if wanted == "STOP":
            self._close()
        elif wanted == "SUSPEND":
            self.suspend()
        elif wanted:
            self._box.task(wanted)

    def _next_byte(self) -> None:
        self.moving = True
        self._after(_BYTE_BITS, "BYTE")

    def _byte_over(self) -> None:
        """Of TWI: a byte has come or gone (6.32.4, 6.32.5)."""
        box, device = self._box, self._device()
        self.moving = False
        if device is None:
            return
        if self.transfer == "write":
            byte, self.byte = self.byte, -1
            if not device.take(byte):
                self._refused(_DNACK)
                return
            box.event("TXDSENT")
        else:
            box.stored[0x518] = device.give() & 0xFF
            shorts = box.stored.get(0x200, 0)
            if shorts & _BB_STOP:
                self._close()
            elif shorts & _BB_SUSPEND:
                self.suspended = True
                self._after(1, "SUSPENDED")
            box.event("READY")
        box.event("BB")
        self._follow()

    # --- what all of it needs ----------------------------------------------------------------

    def _refused(self, source: int) -> None:
        box = self._box
        box.stored[0x4C4] = box.stored.get(0x4C4, 0) | source
        box.event("ERROR")

    def _count(self) -> int:
        return self._box.stored.get(0x538 if self.reading else 0x548, 0)

    def _at_last(self) -> bool:
        box = self._box
        us = (box.machine.now() - self.began) * 1e6 / box.machine.hz()
        return box.by_bytes or us >= box.bits_us(_BYTE_BITS) * (self._count() - 1) - 0.1

    def _device(self) -> TwoWireDevice | None:
        stored = self._box.stored
        scl, sda = stored.get(0x508, 0xFFFFFFFF), stored.get(0x50C, 0xFFFFFFFF)
        return self._box.machine.two_wire_device(scl, sda, stored.get(0x588, 0) & 0x7F)

    def _after(self, bits: int, name: str) -> None:
        self._box.after(self._box.bits_us(bits), name)

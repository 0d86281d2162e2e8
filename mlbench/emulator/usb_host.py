"""A computer at the other end of the USB cable, as far as a CDC ACM port or a driver of a test needs one.

Universal Serial Bus Specification 2.0, chapters 5, 8 and 9 (times: 7.1.7 and 9.2.6); Class Definitions for
Communication Devices 1.2, with the PSTN subclass 1.2 (line coding, control line state). It does what Linux
does when such a device is plugged in and its port opened, one packet at a time, each with its time on the
wire.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mlbench.emulator.peripherals.base import Cause, MachineAccess, Peripheral
from mlbench.emulator.peripherals.power import ClockPower
from mlbench.emulator.peripherals.usbd import FRAME_US, Usbd
from mlbench.emulator.usb_cdc import Cdc, find_cdc

_GET_DESCRIPTOR, _SET_ADDRESS, _SET_CONFIGURATION = (0x80, 6), (0x00, 5), (0x00, 9)
_SET_LINE_CODING, _SET_CONTROL_LINE_STATE = (0x21, 0x20), (0x21, 0x22)
_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_ENGLISH = 0x0409
_OVERHEAD = 13
"""Bytes on the wire around a bulk packet's data (USB 2.0, 5.8.4: 19 packets of 64 bytes a frame)."""
_ADDRESS = 1


@dataclass(frozen=True)
class UsbTimes:
    """What the host waits for, in microseconds: minima of USB 2.0, 7.1.7.3, 7.1.7.5 and 9.2.6."""

    debounce: float = 100_000.0
    reset: float = 50_000.0
    recovery: float = 10_000.0
    address: float = 2_000.0
    timeout: float = 5_000_000.0
    open_after: float | None = 10_000.0
    """From the configured device to a program that opens the port; None: nobody does."""


class UsbHost(Peripheral):
    """The host. ``attach``, ``open``, ``close``, ``touch`` and ``detach`` are what a person may do."""

    name = "USBHOST"

    def __init__(
        self, machine: MachineAccess, device: Usbd, power: ClockPower, times: UsbTimes | None = None
    ) -> None:
        self.device, self.power = device, power
        self.times = times or UsbTimes()
        self.cable = False
        self.seen = False
        """The device's pull-up has been seen."""
        self.step = 0
        self.queue: list[tuple[bytes, bytes]] = []
        """Control transfers to come: SETUP packet, and data to send with it."""
        self.current: tuple[bytes, bytes] | None = None
        self.stage = ""
        self.data = bytearray()
        self.packet_size = 64
        self.strings: dict[int, str] = {}
        self.port: Cdc | None = None
        self.configured = False
        self.is_open = False
        self.wanted_open: bool | None = None
        """What the port was last asked to be, once it is there."""
        self.baud = 115200
        self.outgoing = bytearray()
        self.polled: dict[int, int] = {}
        """Interrupt IN endpoints that a driver reads, and every how many frames."""
        self.read_packets: list[tuple[int, bytes]] = []
        """What those gave: endpoint and packet."""
        self.replies: list[bytes | None] = []
        """What a driver's control transfers brought, in turn; None for one that was refused."""
        self.under_way: set[str] = set()
        self.bus_free = 0
        super().__init__(machine)
        device.bus = self
        machine.console.attach("usb", self.send)

    # --- what a person may do ----------------------------------------------------------------

    def attach(self) -> None:
        """Plug the cable in."""
        self.cable = True
        self.power.plug(True)
        self.look()

    def detach(self) -> None:
        """Pull the cable."""
        self.cable = False
        self.power.plug(False)
        self.look()

    def open(self, baud: int = 115200) -> None:
        """A program opens the port, now or as soon as there is one."""
        self.wanted_open, self.baud = True, baud
        if self.configured:
            self._open()

    def close(self) -> None:
        """The program closes the port."""
        self.wanted_open = False
        if self.is_open:
            self.is_open = False
            self._line_state(0)

    def touch(self) -> None:
        """Open at 1200 baud and close: asks Arduino's boards for their bootloader."""
        self.open(1200)
        self.close()

    def send(self, data: bytes) -> None:
        """Write to the port; the data waits until it is open."""
        self.outgoing += data
        self.look()

    # --- what a driver on the host may do ----------------------------------------------------

    def transfer(self, setup: bytes, data: bytes = b"") -> None:
        """A control transfer to the configured device; ``replies`` gets its data, none if it is sent.

        Args:
            setup: its SETUP packet of eight bytes (USB 2.0, 9.3).
            data: what is sent with it.
        """
        value, index, length = struct.unpack("<HHH", setup[2:])
        self._request((setup[0], setup[1]), value, index, length, data)

    def poll(self, endpoint: int, interval: int) -> None:
        """Read an interrupt IN endpoint from now on, every so many frames, into ``read_packets``."""
        self.polled[endpoint] = interval
        self.look()

    # --- the bus -----------------------------------------------------------------------------

    def look(self) -> None:
        """See ``BusSide``: start what can be started."""
        if not (self.cable and self.device.connected):
            if self.seen:
                self._lost()
            return
        if not self.seen:
            self.seen = True
            self._after(self.times.debounce, "RESET")
            return
        if self.current is not None and self._can_go_on():
            self._transact("CONTROL", self._control_bytes())
        if not self.configured:
            return
        port, device = self.port, self.device
        for endpoint, interval in self.polled.items():
            if device.sends(endpoint):
                self._wait_for_turn(f"POLL{endpoint}", interval)
        if port is None:
            return
        if self.is_open and device.sends(port.bulk_in):
            self._transact("BULKIN", len(device.to_host[port.bulk_in]))
        if self.is_open and self.outgoing and device.takes(port.bulk_out):
            self._transact("BULKOUT", min(len(self.outgoing), port.out_size))
        if port.notify and device.sends(port.notify):
            self._wait_for_turn("NOTIFY", port.interval)

    def _wait_for_turn(self, name: str, interval: int) -> None:
        if name not in self.under_way:
            self.under_way.add(name)
            self._after(FRAME_US * max(1, interval), name)

    def _lost(self) -> None:
        """The device has gone."""
        for name in ("RESET", "RECOVER", "START", "NEXT", "TIMEOUT", "OPEN", *self.under_way):
            self.machine.cancel(self.name, name)
        self.under_way.clear()
        self.queue.clear()
        self.polled.clear()
        self.seen = self.configured = self.is_open = False
        self.current, self.stage, self.step, self.port = None, "", 0, None

    def _after(self, us: float, name: str) -> None:
        self.machine.schedule(self.name, name, us)

    def _transact(self, name: str, data_bytes: int) -> None:
        """Put a transaction on the bus behind the one that has it now."""
        if name in self.under_way:
            return
        self.under_way.add(name)
        cycles = int((data_bytes + _OVERHEAD) * 8 / 12e6 * self.machine.hz())
        self.bus_free = max(self.machine.now(), self.bus_free) + cycles
        self.machine.schedule_at(self.name, name, self.bus_free)

    def on_event(self, name: str) -> None:
        """Time on the bus, or between two things to do, has passed."""
        self.under_way.discard(name)
        if name.startswith("POLL"):
            self._on_poll(int(name[4:]))
        else:
            getattr(self, f"_on_{name.lower()}")()
        self.look()

    def _on_reset(self) -> None:
        self.device.bus_reset()
        self._after(self.times.reset, "RECOVER")

    def _on_recover(self) -> None:
        self.device.send_frames(True)
        self._after(self.times.recovery, "START")

    def _on_start(self) -> None:
        self.packet_size = 64 if self.step == 0 else self.packet_size
        self._ask()

    # --- control transfers -------------------------------------------------------------------

    def _request(self, kind: tuple[int, int], value: int, index: int, length: int, data: bytes = b"") -> None:
        self.queue.append((struct.pack("<BBHHH", *kind, value, index, length), data))
        if self.current is None and "NEXT" not in self.under_way:
            self.under_way.add("NEXT")
            self._after(FRAME_US, "NEXT")

    def _on_next(self) -> None:
        if self.current is None and self.queue:
            self.current = self.queue.pop(0)
            self.stage, self.data = "setup", bytearray()
            self._after(self.times.timeout, "TIMEOUT")

    @property
    def _length(self) -> int:
        assert self.current is not None
        return int.from_bytes(self.current[0][6:8], "little")

    def _can_go_on(self) -> bool:
        device = self.device
        if self.stage == "setup" or (device.stalled and self.stage):
            return True
        if self.stage == "in":
            # The device may end the data stage early by allowing the status stage.
            return device.sends(0)
        return device.takes(0) if self.stage == "out" else device.status

    def _control_bytes(self) -> int:
        if self.stage == "setup":
            return 8
        if self.stage == "in":
            return len(self.device.to_host.get(0, b""))
        return min(self.packet_size, self._length - len(self.data)) if self.stage == "out" else 0

    def _on_control(self) -> None:
        if self.current is None:
            return
        packet, out = self.current
        device = self.device
        if self.stage == "setup":
            self.stage = ("in" if packet[0] & 0x80 else "out") if self._length else "status"
            device.setup(packet)
        elif device.stalled:
            self._stalled(packet)
        elif self.stage == "in":
            if not device.sends(0):
                return
            data = device.take(0)
            self.data += data
            if len(data) < self.packet_size or len(self.data) >= self._length:
                self.stage = "status"
        elif self.stage == "out":
            if not device.takes(0):
                return
            part = out[len(self.data) : len(self.data) + self.packet_size]
            self.data += part
            if len(self.data) >= len(out):
                self.stage = "status"
            device.give(0, part)
        elif device.status:
            device.status_done()
            self._finished(packet)

    def _over(self) -> None:
        self.machine.cancel(self.name, "TIMEOUT")
        self.current, self.stage = None, ""

    def _stalled(self, packet: bytes) -> None:
        self._over()
        self.device.stalled = False
        if packet[1] == _GET_DESCRIPTOR[1] and packet[3] == _STRING:
            self._advance()  # a device need not have names
        elif not self.configured:
            self._give_up("refused", packet)
        else:
            self._replied(packet, None)
            self._go_on()

    def _replied(self, packet: bytes, reply: bytes | None) -> None:
        """A driver's transfer is over; those of the port are the host's own."""
        if (packet[0], packet[1]) not in (_SET_LINE_CODING, _SET_CONTROL_LINE_STATE):
            self.replies.append(reply)

    def _on_timeout(self) -> None:
        if self.current is not None:
            packet = self.current[0]
            self._over()
            self._give_up("did not answer", packet)

    def _give_up(self, what: str, packet: bytes) -> None:
        self.queue.clear()
        self.machine.note(f"USB: the firmware {what} the host's request {packet.hex()}")

    def _go_on(self) -> None:
        if self.queue and "NEXT" not in self.under_way:
            self.under_way.add("NEXT")
            self._after(FRAME_US, "NEXT")

    # --- enumeration -------------------------------------------------------------------------

    def _ask(self) -> None:
        """The next request of an enumeration, in Linux's order."""
        (
            lambda: self._descriptor(_DEVICE, 0, 64),
            lambda: self._request(_SET_ADDRESS, _ADDRESS, 0, 0),
            lambda: self._descriptor(_DEVICE, 0, 18),
            lambda: self._descriptor(_CONFIGURATION, 0, 9),
            lambda: self._descriptor(_CONFIGURATION, 0, int.from_bytes(self.data[2:4], "little")),
            lambda: self._descriptor(_STRING, 0, 255),
            lambda: self._descriptor(_STRING, 2, 255, _ENGLISH),
            self._configure,
        )[self.step]()

    def _descriptor(self, kind: int, index: int, length: int, language: int = 0) -> None:
        self._request(_GET_DESCRIPTOR, kind << 8 | index, language, length)

    def _configure(self) -> None:
        self._request(_SET_CONFIGURATION, self.port.configuration if self.port else 1, 0, 0)

    def _advance(self) -> None:
        self.step += 1
        self._ask()

    def _finished(self, packet: bytes) -> None:
        self._over()
        data = bytes(self.data)
        if self.configured:
            self._replied(packet, data if packet[0] & 0x80 else b"")
            self._go_on()
        elif self.step == 0:
            # Linux resets once more, now that it knows the size of the control endpoint's packets.
            self.packet_size = data[7] if len(data) >= 8 and data[7] in (8, 16, 32, 64) else 64
            self.step = 1
            self._after(FRAME_US, "RESET")
        elif packet[1] == _SET_ADDRESS[1]:
            self.step += 1
            self._after(self.times.address, "START")
        elif packet[1] == _SET_CONFIGURATION[1]:
            self._is_configured()
        else:
            if packet[3] == _CONFIGURATION and self._length_asked(packet) > 9:
                self.port = find_cdc(data)
            elif packet[3] == _STRING and packet[2]:
                self.strings[packet[2]] = data[2:].decode("utf-16-le", "replace")
            self._advance()

    @staticmethod
    def _length_asked(packet: bytes) -> int:
        return int.from_bytes(packet[6:8], "little")

    def _is_configured(self) -> None:
        self.configured = True
        if self.port is None:
            self.machine.note("USB: the firmware's device has no CDC ACM port")
        elif self.wanted_open or (self.wanted_open is None and self.times.open_after is not None):
            self._after(self.times.open_after or FRAME_US, "OPEN")

    def _on_open(self) -> None:
        if self.wanted_open is not False:
            self._open()

    def _open(self) -> None:
        if self.port is None:
            return
        self.is_open = True
        self._line_state(3)
        coding = struct.pack("<IBBB", self.baud, 0, 0, 8)
        self._request(_SET_LINE_CODING, 0, self.port.interface, len(coding), coding)

    def _line_state(self, state: int) -> None:
        if self.port is not None:
            self._request(_SET_CONTROL_LINE_STATE, state, self.port.interface, 0)

    # --- the port ----------------------------------------------------------------------------

    def _on_bulkin(self) -> None:
        assert self.port is not None
        if self.device.sends(self.port.bulk_in):
            self.machine.console.put("usb", self.device.take(self.port.bulk_in))

    def _on_bulkout(self) -> None:
        assert self.port is not None
        if self.device.takes(self.port.bulk_out):
            data = bytes(self.outgoing[: self.port.out_size])
            del self.outgoing[: self.port.out_size]
            self.device.give(self.port.bulk_out, data)

    def _on_notify(self) -> None:
        assert self.port is not None
        if self.device.sends(self.port.notify):
            self.device.take(self.port.notify)

    def _on_poll(self, endpoint: int) -> None:
        if self.device.sends(endpoint):
            self.read_packets.append((endpoint, self.device.take(endpoint)))

    # --- the machine's side ------------------------------------------------------------------

    def survives(self, _cause: Cause) -> bool:
        """A computer does not mind the chip's resets."""
        return True

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        names = ("cable", "seen", "step", "queue", "current", "stage", "data", "packet_size", "strings",
                 "port", "configured", "is_open", "wanted_open", "baud", "outgoing", "polled",
                 "read_packets", "replies", "under_way", "bus_free")  # fmt: skip
        return {name: getattr(self, name) for name in names}

"""USBD, the USB device controller: nRF52840 Product Specification v1.7, section 6.35.

What a host does with it is in ``mlbench.emulator.usb_host``. Isochronous endpoints, suspend and resume are
not modelled: their registers are there, and the transfers end.
"""

from __future__ import annotations

from typing import Any, Protocol

from mlbench.emulator.peripherals.base import (
    Cause,
    MachineAccess,
    NrfPeripheral,
    PeripheralSlot,
    Reader,
    Register,
    Writer,
    never,
    plain,
)

ENDPOINTS = 8
PACKET = 64
"""Most bytes a control, bulk or interrupt endpoint holds (6.35.3)."""
READY_US = 5.0
"""From ENABLE to EVENTCAUSE.READY: a few microseconds; the manual gives no figure."""
FRAME_US = 1000.0
_READY_CAUSE = 1 << 11
_SOF_BIT = 21

_SETUP = ("BMREQUESTTYPE", "BREQUEST", "WVALUEL", "WVALUEH", "WINDEXL", "WINDEXH", "WLENGTHL", "WLENGTHH")
_BUFFER = ("PTR", "MAXCNT", "AMOUNT")


class BusSide(Protocol):
    """What is at the other end of the cable."""

    def look(self) -> None:
        """Something has changed that the host may act on."""


class Usbd(NrfPeripheral):
    """The controller: registers and EasyDMA to the one side, packets to the other."""

    shorts = {  # noqa: RUF012
        0: ("EP0DATADONE", "STARTEPIN0"),
        1: ("EP0DATADONE", "STARTEPOUT0"),
        2: ("EP0DATADONE", "EP0STATUS"),
        3: ("ENDEPOUT0", "EP0STATUS"),
        4: ("ENDEPOUT0", "EP0RCVOUT"),
    }

    def __init__(self, machine: MachineAccess, place: PeripheralSlot) -> None:
        each = range(ENDPOINTS)
        self.tasks = {
            **{0x004 + 4 * n: f"STARTEPIN{n}" for n in each},
            0x024: "STARTISOIN",
            **{0x028 + 4 * n: f"STARTEPOUT{n}" for n in each},
            0x048: "STARTISOOUT",
            0x04C: "EP0RCVOUT",
            0x050: "EP0STATUS",
            0x054: "EP0STALL",
            0x058: "DPDMDRIVE",
            0x05C: "DPDMNODRIVE",
        }
        self.events = {
            0x100: "USBRESET",
            0x104: "STARTED",
            **{0x108 + 4 * n: f"ENDEPIN{n}" for n in each},
            0x128: "EP0DATADONE",
            0x12C: "ENDISOIN",
            **{0x130 + 4 * n: f"ENDEPOUT{n}" for n in each},
            0x150: "ENDISOOUT",
            0x154: "SOF",
            0x158: "USBEVENT",
            0x15C: "EP0SETUP",
            0x160: "EPDATA",
        }
        self.bus: BusSide | None = None
        self.enabled = False
        self.pullup = 0
        self.cause = 0
        self.address = 0
        self.packet = bytes(8)
        """The last SETUP packet."""
        self.to_host: dict[int, bytes] = {}
        """Packets that wait for the host, by endpoint."""
        self.moving: dict[int, bytes] = {}
        """Packets that EasyDMA takes from RAM."""
        self.from_host: dict[int, bytes] = {}
        """Packets that wait for EasyDMA."""
        self.open_out: set[int] = set()
        """Endpoints that take the host's next packet."""
        self.halted_in: set[int] = set()
        self.halted_out: set[int] = set()
        self.status = False
        """EP0STATUS: the status stage may happen."""
        self.stalled = False
        self.frames_from: int | None = None
        """Cycle at which the host began to send frames."""
        self.sof_cleared = 0
        self.toggles: set[int] = set()
        """Endpoints (0x80 for IN) whose next packet is DATA1."""
        super().__init__(machine, place)
        self.table[0x154] = Register(
            0x154, "EVENTS_SOF", read=self._read_sof, write=self._write_sof, until=self._next_frame
        )

    def registers(self) -> list[Register]:
        """Registers of section 6.35.13."""
        table = [
            Register(
                0x400, "EVENTCAUSE", read=lambda: self.cause, write=self._clear_cause, ones=True, until=never
            ),
            Register(0x468, "EPSTATUS", write=self._clearer(0x468), ones=True),
            Register(0x46C, "EPDATASTATUS", write=self._clearer(0x46C), ones=True),
            Register(0x470, "USBADDR", read=lambda: self.address, read_only=True),
            *(
                Register(0x480 + 4 * n, name, read=self._setup_byte(n), read_only=True)
                for n, name in enumerate(_SETUP)
            ),
            Register(0x4C0, "SIZE.ISOOUT", reset=0x10000, read_only=True),
            Register(0x500, "ENABLE", read=lambda: int(self.enabled), write=self._set_enable),
            Register(0x504, "USBPULLUP", read=lambda: self.pullup, write=self._set_pullup),
            plain(0x508, "DPDMVALUE"),
            Register(0x50C, "DTOGGLE", read=self._read_toggle, write=self._set_toggle),
            Register(0x510, "EPINEN", 1, write=self._storer(0x510)),
            Register(0x514, "EPOUTEN", 1, write=self._storer(0x514)),
            Register(0x518, "EPSTALL", write=self._set_stall),
            plain(0x51C, "ISOSPLIT"),
            Register(
                0x520, "FRAMECNTR", read=lambda: self._frame() & 0x7FF, read_only=True, until=self._next_frame
            ),
            plain(0x52C, "LOWPOWER"),
            plain(0x530, "ISOINCONFIG"),
            *(plain(0x6A0 + 4 * n, f"ISOIN.{name}") for n, name in enumerate(_BUFFER)),
            *(plain(0x7A0 + 4 * n, f"ISOOUT.{name}") for n, name in enumerate(_BUFFER)),
            # Undocumented; drivers write them to get around anomalies 166 and 199.
            *(plain(offset, "") for offset in (0x800, 0x804, 0xC1C)),
        ]
        for n in range(ENDPOINTS):
            table += [
                Register(0x420 + 4 * n, f"HALTED.EPIN{n}", read=self._halted("halted_in", n)),
                Register(0x444 + 4 * n, f"HALTED.EPOUT{n}", read=self._halted("halted_out", n)),
                Register(0x4A0 + 4 * n, f"SIZE.EPOUT{n}", write=self._opener(n)),
            ]
            for way, at in (("EPIN", 0x600), ("EPOUT", 0x700)):
                at += 20 * n
                table += [plain(at, f"{way}{n}.PTR"), plain(at + 4, f"{way}{n}.MAXCNT")]
                table += [Register(at + 8, f"{way}{n}.AMOUNT", read_only=True)]
        return table

    # --- registers ---------------------------------------------------------------------------

    def _clear_cause(self, value: int) -> None:
        self.cause &= ~value

    def _clearer(self, offset: int) -> Writer:
        def write(value: int) -> None:
            self.stored[offset] = self.stored.get(offset, 0) & ~value

        return write

    def _storer(self, offset: int) -> Writer:
        def write(value: int) -> None:
            self.stored[offset] = value
            self._tell_host()

        return write

    def _setup_byte(self, n: int) -> Reader:
        return lambda: self.packet[n]

    def _halted(self, which: str, n: int) -> Reader:
        return lambda: int(n in getattr(self, which))

    def _set_enable(self, value: int) -> None:
        if value & 1 and not self.enabled:
            self.enabled = True
            self.after(READY_US, "READY")
        elif not value & 1 and self.enabled:
            self.enabled, self.pullup = False, 0
            self._forget()
            self._tell_host()

    def _set_pullup(self, value: int) -> None:
        self.pullup = value & 1
        self._tell_host()

    def _opener(self, n: int) -> Writer:
        """Any write to SIZE.EPOUT lets the endpoint take the next packet (6.35.10)."""

        def write(_value: int) -> None:
            self.from_host.pop(n, None)
            self.open_out.add(n)
            self._tell_host()

        return write

    def _set_stall(self, value: int) -> None:
        endpoints = self.halted_in if value & 0x80 else self.halted_out
        if value & 0x100:
            endpoints.add(value & 7)
        else:
            endpoints.discard(value & 7)
        self._tell_host()

    def _set_toggle(self, value: int) -> None:
        self.stored[0x50C] = value & 0x87
        if value >> 8 & 3 == 1:
            self.toggles.discard(value & 0x87)
        elif value >> 8 & 3 == 2:
            self.toggles.add(value & 0x87)

    def _read_toggle(self) -> int:
        endpoint = self.stored.get(0x50C, 0)
        return endpoint | (0x200 if endpoint in self.toggles else 0x100)

    # --- tasks -------------------------------------------------------------------------------

    def task(self, name: str) -> None:
        """Start a task; those of the endpoints share their methods."""
        if not self.enabled:
            return
        if name.startswith("STARTEPIN"):
            self._send(int(name[-1]))
        elif name.startswith("STARTEPOUT"):
            self._fetch(int(name[-1]))
        elif name in ("STARTISOIN", "STARTISOOUT"):
            self.machine.note("USBD: isochronous transfers are not modelled")
            self.after(1.0, f"END{name[5:]}")
        elif name == "EP0RCVOUT":
            self.open_out.add(0)
            self._tell_host()
        elif name == "EP0STATUS":
            self.status = True
            self._tell_host()
        elif name == "EP0STALL":
            self.stalled = True
            self._tell_host()
        # DPDMDRIVE and DPDMNODRIVE wake a host that sleeps: this one never does.

    def _dma_us(self, count: int) -> float:
        """EasyDMA moves a word in a cycle of the 16 MHz bus: assumed, the manual gives no figure."""
        return 0.5 + (count + 3) // 4 / 16

    def _send(self, n: int) -> None:
        """EasyDMA from RAM to an IN endpoint, which then answers the host."""
        at = 0x600 + 20 * n
        pointer, count = self.stored.get(at, 0), min(self.stored.get(at + 4, 0), PACKET)
        data = self.machine.read_memory(pointer, count)
        if len(data) < count:
            self.machine.note(f"USBD: EasyDMA cannot read {pointer:#010x}, which is not in RAM")
            data = data.ljust(count, b"\0")
        self.stored[at + 8] = count
        self._captured(n)
        self.moving[n] = data
        self.after(self._dma_us(count), f"ENDEPIN{n}")

    def _fetch(self, n: int) -> None:
        """EasyDMA from an OUT endpoint to RAM; the endpoint then takes the next packet."""
        at = 0x700 + 20 * n
        data = self.from_host.pop(n, b"")[: self.stored.get(at + 4, 0)]
        self.machine.write_memory(self.stored.get(at, 0), data)
        self.stored[at + 8] = len(data)
        self._captured(16 + n)
        self.after(self._dma_us(len(data)), f"ENDEPOUT{n}")

    def _captured(self, bit: int) -> None:
        self.stored[0x468] = self.stored.get(0x468, 0) | 1 << bit
        self.event("STARTED")

    def on_event(self, name: str) -> None:
        """EasyDMA is through, a frame begins, or the controller is ready."""
        if name == "READY":
            self.cause |= _READY_CAUSE
            self.event("USBEVENT")
            self._tell_host()
            return
        if name.startswith("ENDEPIN"):
            n = int(name[-1])
            self.to_host[n] = self.moving.pop(n, b"")
        elif name.startswith("ENDEPOUT") and name != "ENDEPOUT0":
            self.open_out.add(int(name[-1]))
        self.event(name)
        if name == "SOF":
            self._plan_sof()
        else:
            self._tell_host()

    # --- frames ------------------------------------------------------------------------------

    def _frame_cycles(self) -> int:
        return int(self.machine.hz() * FRAME_US / 1e6)

    def _frame(self) -> int:
        """Frames the host has begun so far."""
        if self.frames_from is None:
            return 0
        return max(0, self.machine.now() - self.frames_from) // self._frame_cycles()

    def _next_frame(self) -> int:
        """When the next frame begins."""
        if self.frames_from is None:
            return never()
        return self.frames_from + (self._frame() + 1) * self._frame_cycles()

    def _plan_sof(self) -> None:
        """Schedule the next SOF event, only where it interrupts: else it is derived when it is read."""
        if self.frames_from is not None and self.inten >> _SOF_BIT & 1:
            at = self.frames_from + (self._frame() + 1) * self._frame_cycles()
            self.machine.schedule_at(self.name, "SOF", at)
        else:
            self.machine.cancel(self.name, "SOF")

    def _set_inten(self, value: int) -> None:
        super()._set_inten(value)
        self._plan_sof()

    def _read_sof(self) -> int:
        return int("SOF" in self.raised or self._frame() > self.sof_cleared)

    def _write_sof(self, value: int) -> None:
        self.sof_cleared = self._frame()
        self._event_writer("SOF")(value)

    # --- the side of the bus -----------------------------------------------------------------

    def _tell_host(self) -> None:
        if self.bus is not None:
            self.bus.look()

    @property
    def connected(self) -> bool:
        """Whether the pull-up tells a host that a device is there (6.35.5)."""
        return self.enabled and bool(self.pullup)

    def _forget(self) -> None:
        for held in (self.to_host, self.moving, self.from_host, self.open_out, self.halted_in,
                     self.halted_out, self.toggles):  # fmt: skip
            held.clear()
        self.status = self.stalled = False
        self.address = 0
        self.send_frames(False)

    def bus_reset(self) -> None:
        """The host resets the bus: only endpoint 0 is left enabled, the address is 0 (6.35.6)."""
        self._forget()
        self.stored[0x510] = self.stored[0x514] = 1
        self.event("USBRESET")

    def send_frames(self, on: bool) -> None:
        """The host begins, or ceases, to send frames."""
        self.frames_from = self.machine.now() if on else None
        self.sof_cleared = 0
        self._plan_sof()

    def setup(self, packet: bytes) -> None:
        """A SETUP packet, which is always taken. SET_ADDRESS is answered without the firmware (6.35.9)."""
        self.packet = packet
        self.to_host.pop(0, None)
        self.from_host.pop(0, None)
        self.open_out.discard(0)
        self.status = self.stalled = False
        if packet[0] == 0 and packet[1] == 5:
            self.status = True
        self.event("EP0SETUP")

    def sends(self, n: int) -> bool:
        """Whether IN endpoint ``n`` has a packet for the host."""
        enabled = self.stored.get(0x510, 1) >> n & 1
        return bool(enabled) and n in self.to_host and n not in self.halted_in

    def take(self, n: int) -> bytes:
        """The host has read a packet."""
        data = self.to_host.pop(n)
        self.toggles ^= {0x80 | n}
        if n == 0:
            self.event("EP0DATADONE")
        else:
            self._data_done(n)
        return data

    def takes(self, n: int) -> bool:
        """Whether OUT endpoint ``n`` takes a packet now."""
        enabled = self.stored.get(0x514, 1) >> n & 1
        return bool(enabled) and n in self.open_out and n not in self.halted_out

    def give(self, n: int, data: bytes) -> None:
        """The host has written a packet."""
        self.from_host[n] = data
        self.open_out.discard(n)
        self.toggles ^= {n}
        self.stored[0x4A0 + 4 * n] = len(data)
        if n == 0:
            self.event("EP0DATADONE")
        else:
            self._data_done(16 + n)

    def _data_done(self, bit: int) -> None:
        self.stored[0x46C] = self.stored.get(0x46C, 0) | 1 << bit
        self.event("EPDATA")

    def status_done(self) -> None:
        """The status stage has happened."""
        self.status = False
        if self.packet[0] == 0 and self.packet[1] == 5:
            self.address = self.packet[2] & 0x7F

    def reset(self, cause: Cause, fresh: dict[str, Any]) -> None:
        """The host sees the pull-up go."""
        super().reset(cause, fresh)
        self._tell_host()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        names = ("enabled", "pullup", "cause", "address", "packet", "to_host", "moving", "from_host",
                 "open_out", "halted_in", "halted_out", "status", "stalled", "frames_from", "sof_cleared",
                 "toggles")  # fmt: skip
        return {**super().state(), **{name: getattr(self, name) for name in names}}

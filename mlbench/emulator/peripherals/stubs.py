"""Parts that are there with nothing behind them: QSPI without a memory, MWU, CryptoCell.

nRF52840 Product Specification v1.7, sections 6.21 (QSPI), 6.13 (MWU) and 6.5 (CRYPTOCELL).
"""

from __future__ import annotations

from mlbench.emulator.peripherals.base import (
    MachineAccess,
    NrfPeripheral,
    Peripheral,
    PeripheralSlot,
    Register,
    plain,
)

_QSPI_KEPT = {
    0x500: "ENABLE",
    0x504: "READ.SRC",
    0x508: "READ.DST",
    0x50C: "READ.CNT",
    0x510: "WRITE.DST",
    0x514: "WRITE.SRC",
    0x518: "WRITE.CNT",
    0x51C: "ERASE.PTR",
    0x520: "ERASE.LEN",
    0x540: "XIPOFFSET",
    0x544: "IFCONFIG0",
    0x638: "CINSTRDAT0",
    0x63C: "CINSTRDAT1",
}
_MWU_KEPT = {
    0x320: "NMIEN",
    0x324: "NMIENSET",
    0x328: "NMIENCLR",
    **{0x400 + 8 * n: f"PERREGION{n}.SUBSTATWA" for n in range(2)},
    **{0x404 + 8 * n: f"PERREGION{n}.SUBSTATRA" for n in range(2)},
    **{0x600 + 16 * n: f"REGION{n}.START" for n in range(4)},
    **{0x604 + 16 * n: f"REGION{n}.END" for n in range(4)},
    **{at: "" for n in range(4) for at in (0x608 + 16 * n, 0x60C + 16 * n)},
    **{0x6C8 + 16 * n: f"PREGION{n}.SUBS" for n in range(2)},
}


class Qspi(NrfPeripheral):
    """The controller of an external flash memory that the board has not got.

    Reads of memory give erased bytes, what is written or erased is lost, and instructions read zeros: an
    identifier of 0, and a memory that is not busy, so that drivers see that there is none.
    """

    tasks = {  # noqa: RUF012
        0x000: "ACTIVATE",
        0x004: "READSTART",
        0x008: "WRITESTART",
        0x00C: "ERASESTART",
        0x010: "DEACTIVATE",
    }
    events = {0x100: "READY"}  # noqa: RUF012
    _ACTIVATE_US = 10.0
    """Assumed: the manual gives no figure."""

    def registers(self) -> list[Register]:
        """Registers of section 6.21.9."""
        self.reading = False
        pins = {0x524: "SCK", 0x528: "CSN", 0x530: "IO0", 0x534: "IO1", 0x538: "IO2", 0x53C: "IO3"}
        return [
            *(plain(offset, name) for offset, name in _QSPI_KEPT.items()),
            *(plain(offset, f"PSEL.{name}", 0xFFFFFFFF) for offset, name in pins.items()),
            plain(0x600, "IFCONFIG1", 0x40480),
            Register(0x604, "STATUS", reset=1 << 3, read_only=True),
            plain(0x614, "DPMDUR", 0xFFFFFFFF),
            plain(0x624, "ADDRCONF", 0xB7),
            Register(0x634, "CINSTRCONF", 0x2000, write=self._instruct),
            plain(0x640, "IFTIMING", 0x200),
        ]

    def _byte_us(self, wires: int = 1) -> float:
        """SCK is 32 MHz / (SCKFREQ + 1)."""
        return 8 / wires * ((self.stored.get(0x600, 0x40480) >> 28 & 15) + 1) / 32

    def _instruct(self, value: int) -> None:
        """An instruction of CINSTRCONF.LENGTH bytes, opcode included."""
        self.stored[0x634] = value
        self.stored[0x638] = self.stored[0x63C] = 0
        self.after(self._byte_us() * max(1, value >> 8 & 15), "READY")

    def task(self, name: str) -> None:
        """READY comes after the time on the wires."""
        if name == "DEACTIVATE":
            self.machine.cancel(self.name, "READY")
            return
        us = self._ACTIVATE_US
        if name == "READSTART":
            self.machine.note("QSPI: there is no external flash memory; reads give erased bytes")
            us = self._byte_us() * (4 + (self.stored.get(0x50C, 0) & 0x1FFFFF))
        elif name == "WRITESTART":
            us = self._byte_us() * (4 + (self.stored.get(0x518, 0) & 0x1FFFFF))
        elif name == "ERASESTART":
            us = self._byte_us() * 4
        self.reading = name == "READSTART"
        self.after(us, "READY")

    def on_event(self, name: str) -> None:
        """It is through."""
        if self.reading:
            self.reading = False
            count = self.stored.get(0x50C, 0) & 0x1FFFFF
            self.machine.write_memory(self.stored.get(0x508, 0), b"\xff" * count)
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "reading": self.reading}


class Mwu(NrfPeripheral):
    """The memory watch unit: keeps what it is to watch, and sees nothing."""

    events = {  # noqa: RUF012
        **{0x100 + 8 * n: f"REGION{n}.WA" for n in range(4)},
        **{0x104 + 8 * n: f"REGION{n}.RA" for n in range(4)},
        **{0x160 + 8 * n: f"PREGION{n}.WA" for n in range(2)},
        **{0x164 + 8 * n: f"PREGION{n}.RA" for n in range(2)},
    }

    def __init__(
        self, machine: MachineAccess, place: PeripheralSlot, regions: tuple[tuple[int, int], ...]
    ) -> None:
        self._regions = regions  # of peripherals, first and last address
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of section 6.13.1."""
        return [
            *(plain(offset, name) for offset, name in _MWU_KEPT.items()),
            plain(0x510, "REGIONEN"),
            Register(0x514, "REGIONENSET", write=self._watch, ones=True),
            plain(0x518, "REGIONENCLR"),
            *(
                Register(0x6C0 + 16 * n + 4 * m, f"PREGION{n}.{name}", reset=bounds[m], read_only=True)
                for n, bounds in enumerate(self._regions)
                for m, name in enumerate(("START", "END"))
            ),
        ]

    def _watch(self, value: int) -> None:
        self.stored[0x514] = value
        self.machine.note("MWU is not modelled: it watches nothing")


class CryptoCell(Peripheral):
    """CRYPTOCELL's switch. What it would switch on is not modelled: its registers read as 0."""

    def registers(self) -> list[Register]:
        """Register of section 6.5.6."""
        return [Register(0x500, "ENABLE", write=self._enable)]

    def _enable(self, value: int) -> None:
        self.stored[0x500] = value
        if value & 1:
            self.machine.note("CRYPTOCELL is not modelled: what it works out reads as 0")

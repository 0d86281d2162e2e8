"""FICR, UICR, NVMC and PPI: nRF52840 Product Specification v1.7, sections 4.4, 4.5, 4.3 and 6.16."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.peripherals.base import Machine, Peripheral, Register, plain


class Ficr(Peripheral):
    """Factory information: the identity of a made-up but well-formed chip."""

    name, base = "FICR", 0x10000000

    def registers(self) -> list[Register]:
        """Registers of section 4.4.1; all else reads as erased flash."""
        values = {
            0x010: ("CODEPAGESIZE", 4096),
            0x014: ("CODESIZE", 256),
            0x060: ("DEVICEID0", 0x6D6C6265),
            0x064: ("DEVICEID1", 0x6E636821),
            0x0A0: ("DEVICEADDRTYPE", 1),
            0x0A4: ("DEVICEADDR0", 0x12345678),
            0x0A8: ("DEVICEADDR1", 0x0000C0DE),
            0x100: ("INFO.PART", 0x00052840),
            0x104: ("INFO.VARIANT", 0x41414430),
            0x108: ("INFO.PACKAGE", 0x2004),
            0x10C: ("INFO.RAM", 0x100),
            0x110: ("INFO.FLASH", 0x400),
            # Undocumented; Nordic's start-up code tells chips and their revisions apart by them.
            0x130: ("INFO.PARTFAMILY", 8),
            0x134: ("INFO.REVISION", 3),
            0x350: ("PRODTEST0", 0xBB42319F),
        }
        return [Register(o, n, reset=v, read_only=True) for o, (n, v) in values.items()]

    def read(self, offset: int) -> int | None:
        """Reads never fail here."""
        value = super().read(offset)
        return 0xFFFFFFFF if value is None else value


class Uicr(Peripheral):
    """User information: flash, erased but for the reset pin, as on the Nano 33 BLE."""

    name, base = "UICR", 0x10001000

    def registers(self) -> list[Register]:
        """PSELRESET names P0.18 (section 4.5.1)."""
        return [
            Register(0x200, "PSELRESET0", reset=18, read_only=True),
            Register(0x204, "PSELRESET1", reset=18, read_only=True),
        ]

    def read(self, offset: int) -> int | None:
        """Reads never fail here."""
        value = super().read(offset)
        return 0xFFFFFFFF if value is None else value


class Trim(Peripheral):
    """Undocumented trims that drivers write to get around anomalies 171 and 187 of USBD; they do nothing."""

    name, base = "TRIM", 0x4006E000

    def registers(self) -> list[Register]:
        """The first is a lock, which reads as 0 while it is closed."""
        return [Register(0xC00, "LOCK", read_only=True), plain(0xC14, "TRIM"), plain(0xD14, "TRIM")]


class Nvmc(Peripheral):
    """The flash controller: ready at once, instruction cache switched by ICACHECNF."""

    name, base = "NVMC", 0x4001E000

    def __init__(self, machine: Machine, cache_switch: Callable[[bool], None]) -> None:
        self._cache_switch = cache_switch
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 4.3.9."""
        return [
            Register(0x400, "READY", reset=1, read_only=True),
            Register(0x408, "READYNEXT", reset=1, read_only=True),
            plain(0x504, "CONFIG"),
            Register(0x540, "ICACHECNF", write=self._set_cache),
            plain(0x548, "IHIT"),
            plain(0x54C, "IMISS"),
        ]

    def _set_cache(self, value: int) -> None:
        self.stored[0x540] = value & 0x101
        self._cache_switch(bool(value & 1))


class Ppi(Peripheral):
    """Programmable peripheral interconnect: events of one peripheral start tasks of another."""

    name, base = "PPI", 0x4001F000

    def __init__(self, machine: Machine, start: Callable[[int], None]) -> None:
        self._start = start
        self.enabled = 0
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 6.16.4: 20 programmable channels."""
        table = [
            Register(0x500, "CHEN", read=lambda: self.enabled, write=self._set),
            Register(
                0x504,
                "CHENSET",
                read=lambda: self.enabled,
                write=lambda v: self._set(self.enabled | v),
                ones=True,
            ),
            Register(
                0x508,
                "CHENCLR",
                read=lambda: self.enabled,
                write=lambda v: self._set(self.enabled & ~v),
                ones=True,
            ),
        ]
        for n in range(20):
            table += [plain(0x510 + 8 * n, f"CH{n}.EEP"), plain(0x514 + 8 * n, f"CH{n}.TEP")]
        table += [plain(0x910 + 4 * n, f"FORK{n}.TEP") for n in range(32)]
        table += [plain(0x800 + 4 * n, f"CHG{n}") for n in range(6)]
        return table

    def _set(self, value: int) -> None:
        self.enabled = value & 0xFFFFFFFF

    def published(self, event: int) -> None:
        """An event was raised: start the tasks that are wired to it."""
        for n in range(20):
            if self.enabled >> n & 1 and self.stored.get(0x510 + 8 * n) == event:
                for task in (self.stored.get(0x514 + 8 * n, 0), self.stored.get(0x910 + 4 * n, 0)):
                    if task:
                        self._start(task)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "enabled": self.enabled}

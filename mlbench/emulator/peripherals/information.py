"""FICR, UICR, the ROM table, and trims: nRF52840 Product Specification v1.7, sections 4.4 and 4.5."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.peripherals.base import Cause, Machine, Peripheral, Register, plain


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

    def __init__(self, machine: Machine) -> None:
        self.program: Callable[[], bool] = lambda: False
        """Whether the flash controller lets a word be written now; it takes the time."""
        super().__init__(machine)
        self.stored.update({0x200: 18, 0x204: 18})

    def read(self, offset: int) -> int | None:
        """Words that were never written are erased."""
        return self.stored.get(offset, 0xFFFFFFFF)

    def write(self, offset: int, value: int) -> bool:
        """Bits are written from 1 to 0 (4.3.3); what they set takes effect after a reset only."""
        if self.program():
            self.stored[offset] = self.stored.get(offset, 0xFFFFFFFF) & value
        else:
            self.machine.note("UICR was written while NVMC did not let it: nothing is changed")
        return True

    def erase(self) -> None:
        """Set all bits."""
        self.stored.clear()

    def survives(self, _cause: Cause) -> bool:
        """It is flash."""
        return True


class Trim(Peripheral):
    """Undocumented trims that drivers write to get around anomalies 171 and 187 of USBD; they do nothing."""

    name, base = "TRIM", 0x4006E000

    def registers(self) -> list[Register]:
        """The first is a lock, which reads as 0 while it is closed."""
        return [Register(0xC00, "LOCK", read_only=True), plain(0xC14, "TRIM"), plain(0xD14, "TRIM")]


class RomTable(Peripheral):
    """The component identification at the end of the ROM table, by which drivers tell revisions apart."""

    name, base = "ROM", 0xF0000000

    def registers(self) -> list[Register]:
        """Part 8, third revision: what belongs to the FICR's variant AAD0."""
        values = {0xFE0: 0x08, 0xFE4: 0x00, 0xFE8: 0x30, 0xFEC: 0x00}
        return [Register(offset, "ID", reset=value, read_only=True) for offset, value in values.items()]

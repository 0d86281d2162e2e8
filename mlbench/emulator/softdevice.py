"""Nordic's SoftDevice, which stands in front of firmware that calls it by SVC: what is told without it.

The facts are those of its public headers (nrf_sdm.h, nrf_mbr.h, nrf_soc.h, ble_ranges.h of S140 6.1.1): flash
begins with an MBR of 4 KiB, then comes the SoftDevice with its information 8 KiB on; numbers of SVC from 0x10
on are theirs, those below are the firmware's own.
"""

from __future__ import annotations

from collections.abc import Callable

_MBR_SIZE = 0x1000
_INFORMATION = _MBR_SIZE + 0x2000
"""Offset in flash of a SoftDevice's information."""
_SMALLEST_END = 0x18000
"""No known SoftDevice of the nRF52 ends below: the smallest, S112, ends at 0x19000."""
FIRST_CALL = 0x10
"""SVC of this number and above are for the MBR and the SoftDevice."""
_MBR_CALL = 0x18
_DISABLE, _IS_ENABLED = 0x11, 0x12
_NAMES = {
    0x10: "sd_softdevice_enable",
    0x11: "sd_softdevice_disable",
    0x12: "sd_softdevice_is_enabled",
    0x13: "sd_softdevice_vector_table_base_set",
    0x18: "sd_mbr_command",
}
_RANGES = ((0x20, 0x5F, "its SoC library"), (0x60, 0xBF, "Bluetooth"))
_ERASED_POINTERS = 0xFFFFFF00
"""Addresses from here on are words of erased flash that were taken for pointers."""


class InFront:
    """What belongs in front of an image, by where it begins, and whether it is there."""

    def __init__(self, read: Callable[[int, int], bytes], flash: int, begins: int) -> None:
        self._read, self._flash, self._begins = read, flash, begins
        """Reads memory; where flash begins; and where the image does."""

    def _erased(self, start: int, end: int) -> bool:
        return not self._read(self._flash + start, end - start).strip(b"\xff")

    def missing(self) -> str:
        """The name of what belongs in front and is not there; empty: all is, or nothing belongs there."""
        offset = self._begins - self._flash
        if offset >= _SMALLEST_END and self._erased(_MBR_SIZE, _INFORMATION + 4):
            return "SoftDevice"
        if offset >= _MBR_SIZE and self._is_behind_mbr(offset) and self._erased(0, _MBR_SIZE):
            return "MBR"
        return ""

    @staticmethod
    def _is_behind_mbr(offset: int) -> bool:
        return offset == _MBR_SIZE or offset >= _SMALLEST_END

    def missed_call(self, number: int) -> str:
        """What to say of an SVC that nobody answers; empty: it is not for what is missing."""
        if number < FIRST_CALL:
            return ""
        missing = self.missing()
        if not missing or (missing == "MBR" and number != _MBR_CALL):
            return ""
        kind = next((kind for first, last, kind in _RANGES if first <= number <= last), "")
        name = _NAMES.get(number, kind)
        call = f"SVC {number:#x}, {name}" if name else f"SVC {number:#x}"
        article = "an" if missing == "MBR" else "a"
        return (
            f"the firmware calls {article} {missing} ({call}), which is not in the image; give its file too"
        )

    def explain(self, address: int, *, executed: bool) -> str:
        """More on an address that a fault is about, in parentheses; empty: it has nothing to do with it.

        Below the image that is so of code alone: a store there is one by a null pointer.
        """
        inside = executed and self._flash <= address < self._begins
        if not inside and address < _ERASED_POINTERS:
            return ""
        missing = self.missing()
        if not missing:
            return ""
        if inside:
            return f" (the {missing} that belongs there is not in the image)"
        return f" (from erased flash: the {missing} that belongs in front of the image is not in it)"


def answer_of(number: int) -> bytes | None:
    """What a SoftDevice that is not enabled writes to the address in R0, and returns 0; None: it does more.

    Cores ask whether it is enabled before every sleep, also where a sketch never uses Bluetooth.
    """
    return {_DISABLE: b"", _IS_ENABLED: b"\0"}.get(number)

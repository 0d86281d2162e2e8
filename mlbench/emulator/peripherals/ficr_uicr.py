"""Words that are only read (FICR, ROM table), UICR, and trims: nRF52840 Product Specification v1.7, sections
4.4 and 4.5."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlbench.emulator.peripherals.base import (
    Cause,
    MachineAccess,
    Peripheral,
    PeripheralSlot,
    Register,
    plain,
)


class Words(Peripheral):
    """Words that are only read: the identity of a chip, say."""

    def __init__(
        self,
        machine: MachineAccess,
        place: PeripheralSlot,
        words: Mapping[int, tuple[str, int]],
        rest: int | None = None,
    ) -> None:
        self._words, self._rest = words, rest
        """By offset; what the others read as, None where there are none."""
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """A register a word."""
        return [
            Register(offset, name, reset=value, read_only=True)
            for offset, (name, value) in self._words.items()
        ]

    def read(self, offset: int) -> int | None:
        """Read a word."""
        value = super().read(offset)
        return self._rest if value is None else value


class Uicr(Peripheral):
    """User information: flash, erased but for what a programmer has put there."""

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, words: Mapping[int, int]) -> None:
        self.program: Callable[[], bool] = lambda: False
        """Whether the flash controller lets a word be written now; it takes the time."""
        super().__init__(machine, place)
        self.stored.update(words)

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

    def burn(self, offset: int, data: bytes) -> None:
        """Put bytes there from outside, as a programmer would; they replace the words that a board has."""
        for at in range(offset & ~3, offset + len(data), 4):
            word = bytearray(b"\xff" * 4)
            for place in range(max(at, offset), min(at + 4, offset + len(data))):
                word[place - at] = data[place - offset]
            self.stored[at] = int.from_bytes(word, "little")

    def erase(self) -> None:
        """Set all bits."""
        self.stored.clear()

    def survives(self, _cause: Cause) -> bool:
        """It is flash."""
        return True


class Trim(Peripheral):
    """Undocumented trims that drivers write to get around anomalies 171 and 187 of USBD; they do nothing."""

    def registers(self) -> list[Register]:
        """The first is a lock, which reads as 0 while it is closed."""
        return [Register(0xC00, "LOCK", read_only=True), plain(0xC14, "TRIM"), plain(0xD14, "TRIM")]

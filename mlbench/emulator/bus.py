"""The bus: which peripheral answers at an address, and what happens where none does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from mlbench.emulator.peripherals.base import Cause, Peripheral
from mlbench.emulator.peripherals.trace import Itm


class Bus:
    """Routes accesses of the CPU to peripherals.

    A register that nobody models reads as 0; the first access to each is told to ``unknown``.
    """

    def __init__(self, unknown: Callable[[int, bool], None]) -> None:
        self._unknown = unknown
        self._starts: list[int] = []
        self._peripherals: list[Peripheral] = []
        self.by_name: dict[str, Peripheral] = {}

    def add(self, peripheral: Peripheral) -> None:
        """Put a peripheral on the bus."""
        start = peripheral.base + peripheral.first
        index = bisect_right(self._starts, start)
        self._starts.insert(index, start)
        self._peripherals.insert(index, peripheral)
        self.by_name[peripheral.name] = peripheral

    def add_outside(self, part: Peripheral) -> None:
        """Add something that has no registers, but waits for events and has a state."""
        self.by_name[part.name] = part

    def find(self, address: int) -> Peripheral | None:
        """The peripheral whose registers hold ``address``."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        peripheral = self._peripherals[index]
        return peripheral if address < peripheral.base + peripheral.size else None

    def steady(self, address: int) -> Callable[[], int] | None:
        """See ``Peripheral.steady``."""
        peripheral = self.find(address)
        return peripheral.steady((address & ~3) - peripheral.base) if peripheral is not None else None

    def read(self, address: int, size: int) -> int:
        """Read 1, 2 or 4 bytes of a register."""
        peripheral = self.find(address)
        word = address & ~3
        value = peripheral.read(word - peripheral.base) if peripheral is not None else None
        if value is None:
            self._unknown(address, False)
            return 0
        return value >> 8 * (address & 3) & (1 << 8 * size) - 1

    def write(self, address: int, size: int, value: int) -> None:
        """Write 1, 2 or 4 bytes of a register; parts are merged with the rest."""
        peripheral = self.find(address)
        if peripheral is None:
            self._unknown(address, True)
            return
        if isinstance(peripheral, Itm) and peripheral.write_narrow(address - peripheral.base, size, value):
            return
        offset = (address & ~3) - peripheral.base
        if size < 4:
            shift = 8 * (address & 3)
            mask = (1 << 8 * size) - 1 << shift
            register = peripheral.table.get(offset)
            rest = 0 if register is None or register.ones else peripheral.read(offset) or 0
            value = rest & ~mask | value << shift & mask
        if not peripheral.write(offset, value):
            self._unknown(address, True)

    def start_task(self, address: int) -> None:
        """Write 1 to a task register, as PPI does."""
        self.write(address, 4, 1)

    def reset(self, cause: Cause, fresh: dict[str, dict[str, Any]], forget: Callable[[str], None]) -> None:
        """Reset the chip's parts; ``fresh`` is what ``save`` gave at power-on.

        ``forget`` drops what a part has waited for.
        """
        for name, part in self.by_name.items():
            if not part.survives(cause):
                forget(name)
                part.reset(cause, fresh[name])

    def save(self) -> dict[str, dict[str, Any]]:
        """What a snapshot must hold."""
        return {name: peripheral.save() for name, peripheral in self.by_name.items()}

    def load(self, saved: dict[str, dict[str, Any]]) -> None:
        """Go back to what ``save`` gave."""
        for name, state in saved.items():
            self.by_name[name].load(state)

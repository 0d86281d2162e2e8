"""How much of the time firmware only waited, and for whom.

Two ways are seen: the CPU sleeps (WFI, WFE, or a branch to itself) until an event of a peripheral, or code
reads one register over and over, which gives the same value at the same distance in time. Code that
waits for a variable that a handler changes is taken for work.
"""

from __future__ import annotations

import ctypes
from collections import Counter

from mlbench.emulator.core_record import LastRead

_ICSR = 0xE000ED04
"""The register that is read in C."""

Waited = tuple[Counter[str], Counter[int], bytes]
"""A state of ``WaitCount``, to count from or to go back to."""


class WaitCount:
    """Cycles that were waited since power-on, by peripheral."""

    def __init__(self) -> None:
        self._slept: Counter[str] = Counter()
        self._polled: Counter[int] = Counter()
        self.last = LastRead()
        """The last read of a register, shared with the block hook in C."""

    def slept(self, owner: str, cycles: int) -> None:
        """The CPU slept until an event of ``owner``; empty: until the run's end."""
        self._slept[owner] += cycles

    def read(self, address: int, value: int, cycles: int) -> None:
        """``value`` was read from the register at ``address``, at ``cycles`` of the clock."""
        last = self.last
        distance = cycles - last.cycles
        if (address, value, distance) == (last.address, last.value, last.distance):
            self._polled[address] += distance
        last.cycles, last.distance, last.address, last.value = cycles, distance, address, value

    def skipped(self, cycles: int, polled: dict[int, int]) -> None:
        """So long the same reads went on, and were not run; ``polled`` is what of it each register gets."""
        self.last.cycles += cycles
        self._polled.update(polled)

    def save(self) -> Waited:
        """What a snapshot must hold; also what ``since`` counts from."""
        self._take_in()
        return self._slept.copy(), self._polled.copy(), bytes(self.last)

    def load(self, saved: Waited) -> None:
        """Go back to what ``save`` gave."""
        slept, polled, last = saved
        ctypes.memmove(ctypes.addressof(self.last), last, len(last))
        self._slept, self._polled = slept.copy(), polled.copy()

    def since(self, saved: Waited) -> tuple[Counter[str], Counter[int]]:
        """Cycles slept by owner of the event, and cycles of polling by register, since ``save`` gave that."""
        self._take_in()
        return self._slept - saved[0], self._polled - saved[1]

    def _take_in(self) -> None:
        """Count what was read in C."""
        if self.last.waited:
            self._polled[_ICSR] += self.last.waited
            self.last.waited = 0

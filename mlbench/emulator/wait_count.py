"""How much of the time firmware only waited, and for whom.

Two ways are seen: the CPU sleeps (WFI, WFE, or a branch to itself) until an event of a peripheral, or code
reads one register over and over, which gives the same value at the same distance in time. Code that
waits for a variable that a handler changes is taken for work.
"""

from __future__ import annotations

from collections import Counter

Waited = tuple[Counter[str], Counter[int], tuple[int, int, int], int]
"""A state of ``WaitCount``, to count from or to go back to."""


class WaitCount:
    """Cycles that were waited since power-on, by peripheral."""

    def __init__(self) -> None:
        self._slept: Counter[str] = Counter()
        self._polled: Counter[int] = Counter()
        self._last = (0, 0, 0)
        self._cycles = 0

    def slept(self, owner: str, cycles: int) -> None:
        """The CPU slept until an event of ``owner``; empty: until the run's end."""
        self._slept[owner] += cycles

    def read(self, address: int, value: int, cycles: int) -> None:
        """``value`` was read from the register at ``address``, at ``cycles`` of the clock."""
        turn = (address, value, cycles - self._cycles)
        self._cycles = cycles
        if turn == self._last:
            self._polled[address] += turn[2]
        self._last = turn

    def skipped(self, address: int, cycles: int) -> None:
        """So long the same reads went on, and were not run."""
        self._cycles += cycles
        self._polled[address] += cycles

    def save(self) -> Waited:
        """What a snapshot must hold; also what ``since`` counts from."""
        return self._slept.copy(), self._polled.copy(), self._last, self._cycles

    def load(self, saved: Waited) -> None:
        """Go back to what ``save`` gave."""
        slept, polled, self._last, self._cycles = saved
        self._slept, self._polled = slept.copy(), polled.copy()

    def since(self, saved: Waited) -> tuple[Counter[str], Counter[int]]:
        """Cycles slept by owner of the event, and cycles of polling by register, since ``save`` gave that."""
        return self._slept - saved[0], self._polled - saved[1]

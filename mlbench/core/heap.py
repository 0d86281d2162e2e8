"""Calls of an allocator, and how much memory they have asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Operation(Enum):
    """The reentrant functions of newlib that everything else goes through."""

    MALLOC = "_malloc_r"
    FREE = "_free_r"
    REALLOC = "_realloc_r"
    CALLOC = "_calloc_r"
    MEMALIGN = "_memalign_r"


@dataclass(frozen=True)
class HeapCall:
    """One call. ``first`` and ``second`` are its arguments after the reentrancy pointer."""

    operation: Operation
    reent: int
    first: int
    second: int
    result: int

    @property
    def requested(self) -> int:
        """Bytes asked for."""
        if self.operation is Operation.MALLOC:
            return self.first
        if self.operation is Operation.CALLOC:
            return self.first * self.second
        return 0 if self.operation is Operation.FREE else self.second


def requested(calls: list[HeapCall], counts: list[int]) -> tuple[int, tuple[int, ...]]:
    """Bytes that were asked for and not yet given back.

    Returns the most at any moment, and those after the first calls of each number in ``counts``.
    """
    live: dict[int, int] = {}
    now = peak = 0
    after = {0: 0}
    for number, call in enumerate(calls):
        after[number] = now
        if call.operation is Operation.FREE:
            now -= live.pop(call.first, 0)
            continue
        if not call.result:
            continue
        if call.operation is Operation.REALLOC:
            now -= live.pop(call.first, 0)
        live[call.result] = call.requested
        now += call.requested
        peak = max(peak, now)
    after[len(calls)] = now
    return peak, tuple(after[count] for count in counts)

"""The first limit of N, from a replay of the allocator: pure search, no firmware in sight.

newlib's allocator asks for more heap in pages and serves requests from what it has, so whether a first
allocation of N bytes leaves enough for the rest is not monotone in N. But a first allocation that comes
from the top of the heap moves everything after it by a fixed amount: N + 4,096 bytes below a limit of
L + 4,096 does exactly what N does below L. So one period of 4,096 sizes, each tried below limits that are
whole pages lower, tells all larger ones, and the first N that fails is found without trying each. What
the reasoning rests on is checked on the allocator itself; where it does not hold, every size is replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlbench.core.execution import Allocator

PERIOD = 4096
"""newlib's page: what sbrk is asked for is a multiple of it (newlib 3.3, _malloc_r)."""
GRAIN = 4
"""Sizes within one grain are served alike but for its edge; edges are then found byte by byte."""
_SPOT_CHECKS = 48


@dataclass(frozen=True)
class Prediction:
    """What the replay says.

    ``limit`` is the first limit: every M up to it passes, ``limit`` + 1 fails; None where N = 0 fails.
    ``islands`` are the later ranges that pass, both ends included. ``exhaustive`` tells that every
    grain was replayed, because sizes did not repeat by pages.
    """

    limit: int | None
    islands: tuple[tuple[int, int], ...]
    exhaustive: bool


def predict(allocator: Allocator) -> Prediction:
    """Find the first limit and the later ranges that pass.

    Sizes that may be served from heap that was in use before are replayed one by one.
    """
    if not allocator.passes(0):
        return Prediction(None, (), exhaustive=False)
    # Sizes above all that a free chunk could hold come from the top of the heap.
    base = -(-(allocator.heap_in_use + PERIOD) // PERIOD) * PERIOD
    capacity = allocator.capacity
    if base + PERIOD < capacity:
        by_period = _by_period(allocator, base, capacity)
        if by_period is not None:
            return by_period
    return _from_grid(
        [allocator.passes(size) for size in range(0, capacity + 2 * GRAIN, GRAIN)],
        allocator.passes,
        exhaustive=True,
    )


def _by_period(allocator: Allocator, base: int, capacity: int) -> Prediction | None:
    spare: list[int] = []
    guess = (capacity - base) // PERIOD
    for offset in range(0, PERIOD, GRAIN):
        guess = _spare_pages(allocator, base + offset, guess)
        spare.append(guess)
    small = [allocator.passes(size) for size in range(0, base, GRAIN)]
    # No size of any residue passes beyond the most pages that one can spare.
    sizes = range(base, base + (max(spare) + 2) * PERIOD, GRAIN)
    grid = small + [(size - base) // PERIOD <= spare[(size - base) % PERIOD // GRAIN] for size in sizes]
    if not _confirmed(allocator, grid, base):
        return None
    return _from_grid(grid, allocator.passes, exhaustive=False)


def _spare_pages(allocator: Allocator, size: int, guess: int) -> int:
    """By how many pages the heap can be shorter with ``size`` still passing; -1 where it does not."""

    def passes(pages: int) -> bool:
        return allocator.passes(size, pages * PERIOD)

    pages = max(0, guess)
    if passes(pages):
        # An allocator that asks nothing of the heap's end would never fail.
        while pages * PERIOD <= allocator.capacity and passes(pages + 1):
            pages += 1
        return pages
    while pages > 0:
        pages -= 1
        if passes(pages):
            return pages
    return -1


def _confirmed(allocator: Allocator, grid: list[bool], base: int) -> bool:
    """Replay the sizes around every edge of ``grid``, and some in between, with the true limit."""
    indices = {0, len(grid) - 1, base // GRAIN}
    for index in range(1, len(grid)):
        if grid[index] != grid[index - 1]:
            indices |= {index - 1, index}
    step = max(1, len(grid) // _SPOT_CHECKS)
    # An odd stride meets every residue of the period sooner or later.
    indices |= set(range(base // GRAIN, len(grid), step | 1))
    return all(allocator.passes(index * GRAIN) == grid[index] for index in indices)


def _from_grid(grid: list[bool], passes: Callable[[int], bool], *, exhaustive: bool) -> Prediction:
    """Ranges of passing sizes from a grid of ``GRAIN`` bytes, with their edges found byte by byte."""
    ranges: list[tuple[int, int]] = []
    start: int | None = 0 if grid[0] else None
    for index in range(1, len(grid)):
        if grid[index] == grid[index - 1]:
            continue
        edge = _edge(passes, (index - 1) * GRAIN, grid[index - 1])
        if grid[index]:
            start = edge
        elif start is not None:
            ranges.append((start, edge - 1))
            start = None
    if start is not None:
        ranges.append((start, (len(grid) - 1) * GRAIN))
    if not ranges or ranges[0][0] != 0:
        return Prediction(None, tuple(ranges), exhaustive)
    return Prediction(ranges[0][1], tuple(ranges[1:]), exhaustive)


def _edge(passes: Callable[[int], bool], known: int, value: bool) -> int:
    """The first size after ``known``, within one grain, that does not answer ``value``."""
    for size in range(known + 1, known + GRAIN):
        if passes(size) != value:
            return size
    return known + GRAIN


def bisect(passes: Callable[[int], bool], low: int, high: int) -> int | None:
    """Plain bisection: an N that passes with N + 1 failing, between ``low`` and ``high``.

    Which of several edges it meets is a matter of luck. None where ``low`` fails; ``high`` where that
    passes too.
    """
    if not passes(low):
        return None
    return high if passes(high) else between(passes, low, high)


def between(passes: Callable[[int], bool], low: int, high: int) -> int:
    """The same by halves, where ``low`` is known to pass and ``high`` to fail."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low

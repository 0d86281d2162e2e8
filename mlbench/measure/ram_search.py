"""The first limit of N, from a replay of the allocator: pure search, no firmware in sight.

newlib's allocator asks for more heap in pages and serves requests from what it has, so whether a first
allocation of N bytes leaves enough for the rest is not monotone in N. But a first allocation that comes
from the top of the heap moves everything after it by a fixed amount: N + 4,096 bytes below a limit of
L + 4,096 does exactly what N does below L. So one period of 4,096 sizes, each tried below limits that are
whole pages lower, tells all larger ones.

Within the period, how the heap grows tells more. Whether a request fits what is left of the top depends on N
monotonically as long as all earlier requests did the same. So where two sizes move the end of the heap to the
same pages by the same calls, all sizes between them do, if alignments put them alike. Only sizes that differ
in that have others tried between them. Where the calls are too many for that, the pages that are left over
have to do: then the limit rests on samples, which is said.

What the reasoning rests on is checked on the allocator itself. Where it does not hold, every size is
replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from mlbench.core.execution import Allocator, ReplayError

PERIOD = 4096
"""newlib's page: what sbrk is asked for is a multiple of it (newlib 3.3, _malloc_r)."""
GRAIN = 4
"""Sizes within one grain are served alike but for its edge; edges are then found byte by byte."""
_LEAST = 32
"""Blocks are no smaller than 16 bytes, whatever size is asked for (newlib 3.3, MINSIZE)."""
_SPOT_CHECKS = 48
_MOST_REPLAYED = 60_000_000
"""Heap calls that are replayed at most; a million take about a second."""
_MOST_PROVEN = 8_000_000
"""Heap calls that may be replayed to try each size of a period."""
_SAMPLES = 32
_SHIFTS = (0, 36, 212, 1028)
"""Sizes that are no whole pages apart, to see whether the heap grows by pages."""
_FIRST_STEP, _FACTOR = 16, 4
"""Bytes of the first step away from a wrong guess, and by how much each further one is longer."""


@dataclass(frozen=True)
class Prediction:
    """What the replay says.

    ``limit`` is the first limit: every M up to it passes, ``limit`` + 1 fails; None where N = 0 fails.
    ``islands`` are the later ranges that pass, both ends included. ``exhaustive`` tells that every
    grain was replayed, because sizes did not repeat by pages. ``replays`` counts what was replayed.
    ``sampled`` tells that sizes between samples were not replayed.
    """

    limit: int | None
    islands: tuple[tuple[int, int], ...]
    exhaustive: bool
    replays: int = 0
    sampled: bool = False
    complete: bool = True
    """Whether all heap calls were replayed, and not the first ones only."""

    def passes(self, size: int) -> bool:
        """Whether every request is granted beside ``size`` bytes."""
        if self.limit is None:
            return False
        return size <= self.limit or any(first <= size <= last for first, last in self.islands)


def predict(allocator: Allocator) -> Prediction:
    """Find the first limit and the later ranges that pass.

    Raises:
        ReplayError: the allocator does not come back, or there is too much to replay.
    """
    prediction = _predict(allocator)
    return replace(prediction, replays=allocator.count, complete=allocator.complete)


def _predict(allocator: Allocator) -> Prediction:
    if not allocator.passes(0):
        return Prediction(None, (), exhaustive=False)
    if allocator.unit is not None:
        # All that a size decides is how many units it takes: each number of them is tried.
        return _every_size(allocator)
    base = _from_top(allocator)
    if base + PERIOD < allocator.capacity:
        by_period = _by_period(allocator, base)
        if by_period is not None:
            return by_period
    return _every_size(allocator)


def _every_size(allocator: Allocator) -> Prediction:
    sizes = range(0, allocator.capacity + 2 * GRAIN, GRAIN)
    if len(sizes) * max(1, allocator.calls) > _MOST_REPLAYED:
        raise ReplayError(f"its {allocator.calls:,} heap calls are too many to be replayed for every size")
    first = _first_of_pairs(allocator)
    if first is None:
        return _from_grid([allocator.passes(size) for size in sizes], allocator.passes, exhaustive=True)
    grid: list[bool] = []
    for size in sizes:
        # The second of a pair takes as many units as the first, so it leaves the heap as that does.
        second = grid and size % (2 * GRAIN) != first
        grid.append(grid[-1] if second else allocator.passes(size))
    return _from_grid(grid, allocator.passes, exhaustive=True)


def _first_of_pairs(allocator: Allocator) -> int | None:
    """The remainder by two grains of sizes that leave the heap as the next grain does; None: no such.

    It depends on what an allocator writes in front of each block.
    """
    if allocator.unit != 2 * GRAIN:
        return None
    step = max(2 * GRAIN, allocator.capacity // _SAMPLES // (2 * GRAIN) * (2 * GRAIN))
    sizes = range(2 * GRAIN, allocator.capacity - 2 * GRAIN, step)
    for first in (0, GRAIN):
        pairs = [(allocator.place(s + first).state, allocator.place(s + first + GRAIN).state) for s in sizes]
        if pairs and all(one == other for one, other in pairs):
            return first
    return None


def _from_top(allocator: Allocator) -> int:
    """The size from which on a first allocation makes the heap grow as its size does."""
    bound = -(-(allocator.heap_in_use + PERIOD) // PERIOD) * PERIOD
    places = {size: allocator.place(size) for size in range(bound, bound + PERIOD, GRAIN)}
    top = places[bound].address
    size = bound
    while size >= _LEAST + GRAIN and top:
        # Smaller ones may have room in what was freed before, or in what is left at the heap's end.
        place = places[size - GRAIN] = allocator.place(size - GRAIN)
        if place.address != top or places[size - GRAIN + PERIOD].end != place.end + PERIOD:
            break
        size -= GRAIN
    return size


def _by_period(allocator: Allocator, base: int) -> Prediction | None:
    sampled = PERIOD // GRAIN // 2 * allocator.calls > _MOST_PROVEN
    spare = _Period(allocator, base, sampled=sampled).spare()
    small = _one_by_one(allocator, base)
    # No size of any residue passes beyond the most pages that one can spare.
    sizes = range(base, base + (max(spare) + 2) * PERIOD, GRAIN)
    grid = small + [(size - base) // PERIOD <= spare[(size - base) % PERIOD // GRAIN] for size in sizes]
    if not _confirmed(allocator, grid, base):
        return None
    return replace(_from_grid(grid, allocator.passes, exhaustive=False), sampled=sampled)


def _one_by_one(allocator: Allocator, base: int) -> list[bool]:
    """Whether each size below ``base`` passes. Those that leave the heap in the same state do the same."""
    by_state: dict[int, bool] = {}
    grid = []
    for size in range(0, base, GRAIN):
        state = allocator.place(size).state
        if state not in by_state:
            by_state[state] = allocator.passes(size)
        grid.append(by_state[state])
    return grid


class _Period:
    """One period of sizes: by how many pages the heap can be shorter with each of them still passing.

    Args:
        allocator: the replay.
        base: the first size.
        sampled: whether sizes between two that spare as many pages are taken to do so too.
    """

    def __init__(self, allocator: Allocator, base: int, *, sampled: bool) -> None:
        self._allocator = allocator
        self._base = base
        self._sampled = sampled
        ends = [allocator.spare % PERIOD for shift in _SHIFTS if allocator.passes(base + shift)]
        self._paged = len(ends) > 1 and len(set(ends)) == 1
        """Whether the heap grows by pages, as with newlib, or by what is asked for, as with newlib-nano."""
        self._known: dict[int, tuple[int, int]] = {}
        self._states: dict[int, tuple[int, int]] = {}

    def spare(self) -> list[int]:
        """Pages to spare for each grain of the period; -1 where the size does not pass."""
        count = PERIOD // GRAIN
        # What is moved by less than an alignment may lie another way: only sizes of one class are alike.
        step = min(self._allocator.alignment, PERIOD) // GRAIN
        pages = [0] * count
        for offset in range(step):
            self._fill(range(offset, count, step), pages)
        return pages

    def _fill(self, indices: range, pages: list[int]) -> None:
        """Fill in what sizes of one class spare; ``indices`` are theirs."""
        last = len(indices) - 1
        parts = min(_SAMPLES, max(1, last)) if self._sampled else 1
        marks = [last * part // parts for part in range(parts + 1)]
        open_ranges = list(pairwise(marks))
        while open_ranges:
            first, end = open_ranges.pop()
            low, high = self._at(indices[first]), self._at(indices[end])
            if low == high or end - first <= 1:
                for at in range(first, end):
                    pages[indices[at]] = low[0]
                pages[indices[end]] = high[0]
                continue
            middle = (first + end) // 2
            open_ranges += [(first, middle), (middle, end)]

    def _at(self, index: int) -> tuple[int, int]:
        """Pages to spare, and a digest of how the heap grows."""
        if index not in self._known:
            size = self._base + index * GRAIN
            state = self._allocator.place(size).state
            if state not in self._states:
                self._states[state] = self._tried(size)
            self._known[index] = self._states[state]
        return self._known[index]

    def _tried(self, size: int) -> tuple[int, int]:
        if not self._allocator.passes(size):
            return -1, 0 if self._sampled else self._allocator.growth
        pages = self._allocator.spare // PERIOD
        growth = 0 if self._sampled else self._allocator.growth
        # Where sbrk refuses, newlib-nano (4.5, _malloc_r) asks again for less, and may be granted that.
        most = 0 if self._paged else self._allocator.capacity // PERIOD
        while pages < most and self._allocator.passes(size, (pages + 1) * PERIOD):
            pages += 1
        return pages, growth


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


def near(passes: Callable[[int], bool], guess: int | None, low: int, high: int) -> int | None:
    """A size that passes with the next one failing, by steps away from a guess that grow, then by halves.

    None where ``low`` fails, ``high`` where that passes.
    """
    if guess is None:
        return bisect(passes, low, high)
    start = min(max(guess, low), high - 1) if high > low else low
    if not passes(start):
        return _down(passes, start, low)
    if start == high:
        return high
    if not passes(start + 1):
        return start
    step, bottom = _FIRST_STEP, start + 1
    while bottom < high:
        top = min(bottom + step, high)
        if not passes(top):
            return between(passes, bottom, top)
        bottom, step = top, step * _FACTOR
    return high


def _down(passes: Callable[[int], bool], top: int, low: int) -> int | None:
    step = _FIRST_STEP
    while top > low:
        bottom = max(top - step, low)
        if passes(bottom):
            return between(passes, bottom, top)
        top, step = bottom, step * _FACTOR
    return None

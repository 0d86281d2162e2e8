"""Where cycles go, in Python: which function called which, and what was spent in each.

The same as ``_call_paths.h``, for the block hook in Python. What both give is read by ``path_times``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

ENTERS = 0x80000000
"""Of a block's function: the block begins it. Shared with ``_call_paths.h``."""
ORDERED = 0x40000000
"""Of a function: each of its calls is a path of its own."""
NO_FUNCTION = 0x3FFFFFFF
MOST_PATHS, MOST_CALLS, MOST_SUSPENDED, MOST_DEEP = 1 << 14, 1 << 15, 64, 64
_NEAR_CALLS = 32

Numbers = Callable[[int], int]
"""The number of the function that holds an address, with ``ENTERS`` where it begins there."""


@dataclass(slots=True)
class Path:
    """A function as called by its parent's; the first of all is the root."""

    parent: int
    function: int
    cycles: int = 0
    calls: int = 0


class DeepCall(NamedTuple):
    """A call that was open where a stack was deepest: its function, and SP at its entry."""

    function: int
    sp: int


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that has not returned: with which SP it was entered, and where it returns to."""

    path: int
    sp: int
    back: int


class CallPaths:
    """Charges cycles to paths of calls, and to blocks."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.counts_blocks = False
        self.paths = [Path(0, NO_FUNCTION)]
        self.spent: Counter[tuple[int, int]] = Counter()
        self.lost = False
        self._children: dict[tuple[int, int], int] = {}
        self._suspended: dict[int, list[OpenCall]] = {}
        self.begin(0)

    def begin(self, cycles: int) -> None:
        """Nothing is known of who called whom before."""
        self._open: list[OpenCall] = []
        self._suspended.clear()
        self._mark = self._block_mark = cycles
        self._block: tuple[int, int] | None = None
        self._deep: tuple[int, tuple[DeepCall, ...]] = (0, ())

    def mark(self, cycles: int) -> None:
        """All that was spent has been charged; cycles are counted another way from now on."""
        self._mark = self._block_mark = cycles

    def save(self) -> Any:
        """What a snapshot must hold: what was charged, and which calls are open."""
        return (
            [replace(path) for path in self.paths],
            dict(self._children),
            list(self._open),
            {frame: list(calls) for frame, calls in self._suspended.items()},
            self.spent.copy(),
            (self._mark, self._block_mark, self._block, self.lost, self._deep),
        )

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        paths, children, calls, suspended, spent, rest = saved
        self.paths = [replace(path) for path in paths]
        self._children, self._open, self.spent = dict(children), list(calls), spent.copy()
        self._suspended = {frame: list(each) for frame, each in suspended.items()}
        self._mark, self._block_mark, self._block, self.lost, self._deep = rest

    def note_depth(self, low: int) -> None:
        """SP is lower than it was since ``deepest`` was last asked for."""
        calls = self._open[: -MOST_DEEP - 1 : -1]
        self._deep = low, tuple(DeepCall(self.paths[call.path].function, call.sp) for call in calls)

    def deepest(self, low: int) -> tuple[DeepCall, ...]:
        """The calls that were open where SP was ``low``, innermost first; nothing where that is not known."""
        return self._deep[1] if self._deep[0] == low else ()

    def charge(self, cycles: int) -> None:
        """Charge the time up to now. Where no call is open yet, the first one that opens pays."""
        if self._open:
            self.paths[self._open[-1].path].cycles += cycles - self._mark
            self._mark = cycles
        if self._block is not None:
            self.spent[self._block] += cycles - self._block_mark
            self._block_mark = cycles

    def block(
        self, key: tuple[int, int], function: int, cycles: int, registers: Callable[[], tuple[int, int]]
    ) -> None:
        """A block begins: its address and size, its function, the time; ``registers`` gives SP and LR."""
        top = self._open[-1] if self._open else None
        if top is None or function != self.paths[top.path].function or key[0] == top.back:
            self._follow(key[0], function, cycles, *registers())
        if self.counts_blocks:
            self.charge(cycles)
            self._block_mark = cycles
            self._block = key

    def _follow(self, address: int, function: int, cycles: int, sp: int, lr: int) -> None:
        self.charge(cycles)
        calls, enters = self._open, function & ENTERS
        function &= ~ENTERS
        while calls and (sp > calls[-1].sp or (sp == calls[-1].sp and address == calls[-1].back)):
            calls.pop()
        current = self.paths[calls[-1].path].function if calls else NO_FUNCTION
        if enters:
            # Back to its own beginning, with nothing on the stack: a loop.
            if current != function or sp != calls[-1].sp:
                self._call(function, sp, lr & ~1)
        elif current != function:
            below = self.paths[calls[-2].path].function if len(calls) > 1 else NO_FUNCTION
            # Some return elsewhere than behind their call.
            if below == function and sp == calls[-1].sp:
                calls.pop()
            elif calls:
                self._call(function, calls[-1].sp, calls[-1].back)
            else:
                self._call(function, sp, 1)

    def _call(self, function: int, sp: int, back: int) -> None:
        calls = self._open
        # A tail call that comes back to a function left by tail calls.
        for distance, call in enumerate(reversed(calls[-_NEAR_CALLS:])):
            if (call.sp, call.back) != (sp, back):
                break
            if self.paths[call.path].function == function:
                del calls[len(calls) - distance :]
                self.paths[call.path].calls += 1
                return
        path = self._path(calls[-1].path if calls else 0, function)
        self.paths[path].calls += 1
        if len(calls) + sum(map(len, self._suspended.values())) < MOST_CALLS - 1:
            calls.append(OpenCall(path, sp, back))
        else:
            self.lost = True

    def _path(self, parent: int, function: int) -> int:
        if parent and self.paths[parent].function == function:
            return parent  # recursion
        number = self._children.get((parent, function))
        if self.paths[parent].function & ORDERED and len(self.paths) < MOST_PATHS // 4:
            number = None
        if number is None:
            if len(self.paths) == MOST_PATHS:
                self.lost = True
                return parent
            if parent and len(self.paths) >= MOST_PATHS // 2:
                # The last part of the room is for paths of one function alone.
                self.lost = True
                return self._path(0, function)
            number = self._children[parent, function] = len(self.paths)
            self.paths.append(Path(parent, function))
        return number

    def enter(self, frame: int, chained: bool, cycles: int) -> None:
        """An exception is entered; ``chained``: from another one, whose frame stays."""
        self.charge(cycles)
        self._block = None
        if not chained:
            self._suspended.pop(frame, None)
            if len(self._suspended) == MOST_SUSPENDED:
                # The one that has been away longest does not come back.
                del self._suspended[next(iter(self._suspended))]
            self._suspended[frame] = self._open
        self._open = []

    def leave(self, frame: int, cycles: int) -> None:
        """An exception has returned by a frame, to whatever was suspended with it, or to a new thread."""
        self.charge(cycles)
        self._block = None
        self._open = self._suspended.pop(frame, [])

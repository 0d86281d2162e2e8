"""Where a time goes: a tree of calls, with the cycles that were spent in each function itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

SMALLER = "(smaller ones)"
"""Stands for paths that are too small and too many to be listed."""


@dataclass(frozen=True, slots=True)
class CallPath:
    """A function as it was called by the one at ``parent`` (-1: by nobody).

    ``cycles`` were spent in it itself, over ``calls`` calls. A function that calls itself is one path.
    """

    parent: int
    function: str
    cycles: int
    calls: int


@dataclass(frozen=True, slots=True)
class FunctionCycles:
    """What one function took: itself, and with all that it called."""

    name: str
    cycles: int
    inclusive: int
    calls: int


@dataclass(frozen=True)
class CallTree:
    """Paths of calls; each comes behind its parent.

    Several may have no parent: what interrupted the one that is looked at, and other threads.
    """

    paths: tuple[CallPath, ...]
    sources: tuple[tuple[str, str, int], ...] = ()
    """Where functions begin, as far as that is known: name, file, line."""

    @cached_property
    def total(self) -> int:
        """Cycles of all paths."""
        return sum(path.cycles for path in self.paths)

    @cached_property
    def inclusive(self) -> tuple[int, ...]:
        """The cycles of each path with all paths below it."""
        sums = [path.cycles for path in self.paths]
        for index in range(len(self.paths) - 1, -1, -1):
            parent = self.paths[index].parent
            if parent >= 0:
                sums[parent] += sums[index]
        return tuple(sums)

    @cached_property
    def functions(self) -> tuple[FunctionCycles, ...]:
        """All functions, most cycles of their own first; what a function calls itself counts once."""
        own: dict[str, int] = {}
        calls: dict[str, int] = {}
        inclusive: dict[str, int] = {}
        for index, path in enumerate(self.paths):
            own[path.function] = own.get(path.function, 0) + path.cycles
            calls[path.function] = calls.get(path.function, 0) + path.calls
            if not any(above.function == path.function for above in self.above(index)):
                inclusive[path.function] = inclusive.get(path.function, 0) + self.inclusive[index]
        functions = (FunctionCycles(name, own[name], inclusive[name], calls[name]) for name in own)
        return tuple(sorted(functions, key=lambda each: (-each.cycles, -each.inclusive, each.name)))

    def function(self, name: str) -> FunctionCycles | None:
        """What a function took; None: it was not called."""
        return next((function for function in self.functions if function.name == name), None)

    def trimmed(self, most: int) -> CallTree:
        """The tree with at most ``most`` paths: those with the fewest cycles are put together.

        They are told as ``SMALLER``, below the path that they were called from.
        """
        if len(self.paths) <= most:
            return self
        order = sorted(range(len(self.paths)), key=lambda index: (-self.inclusive[index], index))
        listed = set(order[: most // 2])
        numbers: dict[int, int] = {}
        smaller: dict[int, list[int]] = {}
        paths: list[CallPath] = []
        for index, path in enumerate(self.paths):
            if index in listed:
                numbers[index] = len(paths)
                paths.append(CallPath(numbers.get(path.parent, -1), path.function, path.cycles, path.calls))
            elif path.parent in listed or path.parent < 0:
                sums = smaller.setdefault(path.parent, [0, 0])
                sums[0] += self.inclusive[index]
                sums[1] += path.calls
        for parent, (cycles, calls) in smaller.items():
            paths.append(CallPath(numbers.get(parent, -1), SMALLER, cycles, calls))
        return CallTree(tuple(paths), self.sources)

    def above(self, index: int) -> Iterator[CallPath]:
        """The callers of a path, the nearest first."""
        index = self.paths[index].parent
        while index >= 0:
            yield self.paths[index]
            index = self.paths[index].parent

    def stack(self, index: int) -> tuple[str, ...]:
        """The functions of a path, the outermost first."""
        callers = [path.function for path in self.above(index)]
        return (*callers[::-1], self.paths[index].function)

    def children(self, index: int) -> tuple[int, ...]:
        """The paths right below one; of -1, those that have no parent."""
        return self._children.get(index, ())

    @cached_property
    def _children(self) -> dict[int, tuple[int, ...]]:
        children: dict[int, tuple[int, ...]] = {}
        for index, path in enumerate(self.paths):
            children[path.parent] = (*children.get(path.parent, ()), index)
        return children

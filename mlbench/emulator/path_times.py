"""The functions that cycles are charged to, and what was charged between two moments of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mlbench.core.call_tree import CallPath, CallTree
from mlbench.core.operators import is_sequencer
from mlbench.elf.functions import fragment, plain_name, split_suffixes
from mlbench.elf.image import Image, Symbol
from mlbench.emulator.call_paths import ENTERS, ORDERED
from mlbench.util.text import elide

NAMELESS = "code without a name"
_NAME = 300
"""Characters of a name at most: instances of templates have names of thousands."""


class PathTime(NamedTuple):
    """What has been charged to a path: the number of its caller's, of its function, cycles and calls."""

    parent: int
    function: int
    cycles: int
    calls: int


class FunctionNumbers:
    """Numbers for the functions of an image, in the order in which they are first run.

    The pieces that a compiler makes of one function have one number.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._symbols: list[Symbol | None] = [None]
        self._sources: dict[int, tuple[str, int] | None] = {}

    def __call__(self, address: int) -> int:
        """See ``call_paths.Numbers``; 0: no function is known to lie there."""
        symbol = self._image.function_at(address)
        if symbol is None:
            return 0
        base = split_suffixes(symbol.name)[0]
        # A local name may stand for several functions of one file name; their clones cannot be told apart.
        repeated = symbol.local and base == symbol.name
        key = base, symbol.file, symbol.address if repeated and self._is_repeated(symbol) else 0
        number = self._numbers.get(key)
        if number is None:
            number = len(self._symbols) | (ORDERED if is_sequencer(plain_name(symbol)) else 0)
            self._numbers[key] = number
            self._symbols.append(symbol)
        begins = symbol.address == address and fragment(symbol.name) != "cold"
        return number | (ENTERS if begins else 0)

    def _is_repeated(self, symbol: Symbol) -> bool:
        return any(
            other.address != symbol.address and other.name == symbol.name and other.file == symbol.file
            for other in self._image.functions
        )

    def source(self, number: int) -> tuple[str, int] | None:
        """File and line where a function begins; None where that is not known."""
        if number not in self._sources:
            symbol = self._symbols[number]
            self._sources[number] = None if symbol is None else self._image.debug.line(symbol.address)
        return self._sources[number]

    def names(self) -> list[str]:
        """A name for each number: unlike any other's, and the same in another build of the same sources."""
        plain = [NAMELESS, *(elide(plain_name(symbol), _NAME) for symbol in self._symbols if symbol)]
        names: list[str] = []
        for name, symbol in zip(plain, self._symbols, strict=True):
            if symbol is not None and plain.count(name) > 1:
                if symbol.file:
                    name = f"{symbol.file}:{name}"
                if name in names:
                    name = f"{name} #{sum(other.partition(' #')[0] == name for other in names) + 1}"
            names.append(name)
        return names


def difference(before: list[PathTime], after: list[PathTime], functions: FunctionNumbers) -> CallTree:
    """What was charged between two moments, as a tree of calls."""
    names = functions.names()
    earlier = {number: (path.cycles, path.calls) for number, path in enumerate(before)}
    own = [
        (path.cycles - cycles, path.calls - calls)
        for number, path in enumerate(after)
        for cycles, calls in [earlier.get(number, (0, 0))]
    ]
    is_part = [cycles > 0 or calls > 0 for cycles, calls in own]
    # A path's number is greater than its caller's.
    for number in range(len(after) - 1, 0, -1):
        is_part[after[number].parent] |= is_part[number]
    children: dict[int, list[int]] = {}
    for number in range(1, len(after)):
        if is_part[number]:
            children.setdefault(after[number].parent, []).append(number)
    paths: list[CallPath] = []
    for root in children.get(0, ()):
        # Who called what is looked at, up to its only part, says nothing.
        while own[root] == (0, 0) and len(children.get(root, ())) == 1:
            (root,) = children[root]
        _collect(root, -1, own, after, children, names, paths)
    numbers = sorted(
        {after[number].function & ~ORDERED for number in range(1, len(after)) if is_part[number]}
    )
    sources = [(names[number], *source) for number in numbers if (source := functions.source(number))]
    return CallTree(tuple(paths), tuple(sources))


def _collect(
    root: int,
    parent: int,
    own: list[tuple[int, int]],
    after: list[PathTime],
    children: dict[int, list[int]],
    names: list[str],
    paths: list[CallPath],
) -> None:
    waiting: list[tuple[int, int]] = [(root, parent)]
    while waiting:
        number, above = waiting.pop()
        cycles, calls = own[number]
        paths.append(CallPath(above, names[after[number].function & ~ORDERED], cycles, calls))
        index = len(paths) - 1
        waiting.extend((child, index) for child in _reversed(children.get(number, ())))


def _reversed(numbers: Iterable[int]) -> list[int]:
    return list(numbers)[::-1]

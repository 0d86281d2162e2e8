"""Which functions and objects grew or shrank in flash."""

from __future__ import annotations

from mlbench.results.comparison import SymbolChange
from mlbench.results.values import Flash, Result

MOST_SYMBOLS = 200
"""So many are kept, those with the largest change: a new compiler changes nearly all of thousands."""


def symbol_changes(base: Result | None, head: Result | None) -> tuple[SymbolChange, ...]:
    """Symbols whose size differs, largest change first; nothing where a side does not know its own.

    A side that lists only its largest says nothing of a name that it does not list.
    """
    before, after = _symbols(base), _symbols(head)
    if not before or not after:
        return ()
    names = before.keys() | after.keys()
    for side, result in ((before, base), (after, head)):
        if _cut(result):
            names &= side.keys()
    changed = [SymbolChange(name, before.get(name, 0), after.get(name, 0)) for name in names]
    changed = [symbol for symbol in changed if symbol.base != symbol.head]
    changed.sort(key=lambda symbol: (-abs(symbol.head - symbol.base), symbol.name))
    return tuple(changed[:MOST_SYMBOLS])


def _cut(result: Result | None) -> bool:
    flash = result.measures.flash if result is not None else None
    return isinstance(flash, Flash) and flash.unlisted > 0


def _symbols(result: Result | None) -> dict[str, int]:
    flash = result.measures.flash if result is not None else None
    sizes: dict[str, int] = {}
    if isinstance(flash, Flash):
        for name, size in flash.symbols:
            sizes[name] = sizes.get(name, 0) + size
    return sizes

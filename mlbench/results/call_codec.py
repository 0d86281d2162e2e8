"""Trees of calls as plain JSON data.

The largest functions come first, for people and simple tools; the whole tree follows in a short form.
"""

from __future__ import annotations

from typing import Any

from mlbench.core.call_tree import CallPath, CallTree
from mlbench.core.operators import operators_of

MOST_FUNCTIONS, MOST_PATHS = 20, 600
"""So many functions are listed with their figures, and so many paths are written."""
_MOST_READ = 5_000
"""A file with more paths in a tree was not written here: work on a tree grows with its depth."""


def encode_calls(tree: CallTree) -> dict[str, Any]:
    """Plain data of a tree; what is too much to write is put together."""
    written = tree.trimmed(MOST_PATHS)
    names = list(dict.fromkeys(path.function for path in written.paths))
    numbers = {name: number for number, name in enumerate(names)}
    sources = {name: (file, line) for name, file, line in written.sources}
    return {
        "largest": [
            {
                "name": function.name,
                "cycles": function.cycles,
                "inclusive": function.inclusive,
                "percent": round(100 * function.cycles / tree.total, 2) if tree.total else 0.0,
                "calls": function.calls,
            }
            for function in tree.functions[:MOST_FUNCTIONS]
        ],
        "operators": [
            {
                "index": operator.index,
                "name": operator.name,
                "function": operator.function,
                "cycles": operator.cycles,
                "percent": round(100 * operator.cycles / tree.total, 2) if tree.total else 0.0,
            }
            for operator in operators_of(tree)
        ],
        "functions": names,
        "sources": [f"{sources[name][0]}:{sources[name][1]}" if name in sources else "" for name in names],
        "paths": [
            f"{path.parent} {numbers[path.function]} {path.cycles} {path.calls}" for path in written.paths
        ],
    }


def decode_calls(data: Any) -> CallTree:
    """The tree that ``data`` stands for.

    Raises:
        LookupError, TypeError, ValueError: it stands for none.
    """
    names: list[str] = data["functions"]
    paths: list[CallPath] = []
    if len(data["paths"]) > _MOST_READ:
        raise ValueError(f"a tree of more than {_MOST_READ:,} calls")
    for index, text in enumerate(data["paths"]):
        parent, function, cycles, calls = map(int, text.split(" "))
        if not -1 <= parent < index or function < 0 or cycles < 0 or calls < 0:
            raise ValueError("not a tree of calls")
        if not isinstance(names[function], str):
            raise TypeError("the name of a function is no text")
        paths.append(CallPath(parent, names[function], cycles, calls))
    return CallTree(tuple(paths), _sources(names, data.get("sources", [])))


def _sources(names: list[str], texts: list[str]) -> tuple[tuple[str, str, int], ...]:
    sources = []
    for name, text in zip(names, texts, strict=False):
        file, colon, line = text.rpartition(":")
        if colon:
            sources.append((name, file, int(line)))
    return tuple(sources)

"""Where RAM changed, as rows of a table, and a stack at its deepest in one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlbench.compare.ram import RamChange, RamPart, ram_changes
from mlbench.core.execution import StackUse
from mlbench.core.measures import RAM_NEED
from mlbench.reports.digest import MOVED
from mlbench.reports.escaping import code
from mlbench.reports.rows import Name, Rows, row, table
from mlbench.reports.wording import plural, short_name, signed
from mlbench.results.comparison import JobChange
from mlbench.util.text import count

_FRAMES = 12
_NO_NAME = "what came before"


def ram_rows(jobs: Sequence[JobChange], name: Name, most: int) -> Rows:
    """What made RAM need grow or shrink, of each sketch whose RAM need moved."""
    rows = [line for job in jobs for line in _rows(job, name, most)]
    return table(("Sketch", "Variable, heap or stack", "Base", "Head", "Change"), "llrrr"), tuple(rows)


def _rows(job: JobChange, name: Name, most: int) -> Iterable[str]:
    delta = next(delta for delta in job.deltas if delta.measure == RAM_NEED)
    changes = ram_changes(job) if delta.verdict in MOVED else ()
    named = name(job)
    for part in RamPart:
        of_part = [change for change in changes if change.part is part]
        for change in of_part[:most]:
            sides = (count(value) if value else "-" for value in (change.base, change.head))
            yield row((named, _what(change), *sides, signed(RAM_NEED, change.head - change.base)))
            named = ""
        rest = of_part[most:]
        if rest:
            moved = sum(change.head - change.base for change in rest)
            yield row(("", plural(len(rest), f"more {part.value}"), "", "", signed(RAM_NEED, moved)))


def _what(change: RamChange) -> str:
    if change.part is RamPart.VARIABLE:
        return code(change.name)
    if change.part is RamPart.FRAME:
        return f"↳ {code(short_name(change.name)) if change.name else _NO_NAME}"
    return str(change.part.value)


def deepest_stack(stack: StackUse) -> str:
    """The call chain at the deepest point of a stack, outermost first; empty where it is not known."""
    frames = stack.frames[::-1]
    parts = [
        f"{code(short_name(frame.function), 80) if frame.function else _NO_NAME} {count(frame.bytes)}"
        for frame in frames
    ]
    more = len(parts) - _FRAMES
    if more > 0:
        rest = sum(frame.bytes for frame in frames[_FRAMES // 2 : len(frames) - _FRAMES // 2])
        parts[_FRAMES // 2 : len(parts) - _FRAMES // 2] = [f"{plural(more, 'more call')} {count(rest)}"]
    return " → ".join(parts)

"""Where times changed: the function that moved one most, and the rows of all that moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mlbench.compare.functions import FunctionChange, TimeChange, time_change
from mlbench.core import measures
from mlbench.core.measures import MeasureKind
from mlbench.reports.escaping import code
from mlbench.reports.wording import own_name, short_name, shown, signed, with_unit
from mlbench.results.comparison import Delta, JobChange, Verdict
from mlbench.util.text import count

TITLES = ("Sketch", "Time", "Function", "Calls", "Base, ms", "Head, ms", "Change, ms")
SIDES = "lllrrrr"
_LEAST_SHARE = 0.2
"""A function that makes out less of a change does not explain it."""
_ALIGNMENT = 0.5
"""Where more of a change comes from alignment cycles, which are not judged, no function explains it."""
_LEAST_PERCENT = 0.05
"""A time that changed by less, and is within its limits, is not explained."""
_SMALLEST_SHARE = 0.01
"""Of the largest change: what is smaller is not listed."""
_CALLERS = 3
_QUIET = frozenset({Verdict.NOT_COMPARED, Verdict.UNCHANGED, Verdict.NOISE})


def moved_most(job: JobChange, delta: Delta) -> str:
    """The function that moved a time most, and by how much of it; empty where none stands out."""
    moved = moved_most_plain(job, delta)
    return f"{code(moved[0], 60)} {moved[1]}" if moved else ""


def moved_most_plain(job: JobChange, delta: Delta) -> tuple[str, str] | None:
    """The same for a terminal: the function and its part of the change."""
    change = _change(job, delta)
    main = change.main if change is not None else None
    if change is None or main is None or abs(main.change) < _LEAST_SHARE * abs(change.total):
        return None
    if delta.change is None or abs(change.us(change.total) - delta.change) > _ALIGNMENT * abs(delta.change):
        return None
    part, whole = (
        signed(delta.measure, change.us(cycles), modelled=True) for cycles in (main.change, change.total)
    )
    return own_name(main.name), f"{part} of {with_unit(whole, delta.measure)}{_calls(main)}"


def time_rows(
    jobs: Sequence[JobChange], name: Callable[[JobChange], str], most: int
) -> tuple[tuple[str, ...], ...]:
    """Cells of rows under ``TITLES``: functions by the change of their own cycles, with their callers."""
    rows: list[tuple[str, ...]] = []
    for job in jobs:
        named = name(job)
        for delta in job.deltas:
            change = _change(job, delta)
            if change is None or not change.functions:
                continue
            first = measures.row(delta.measure).name
            for cells in _function_rows(change, most):
                rows.append((named, first, *cells))
                named = first = ""
    return tuple(rows)


def main_movers(jobs: Sequence[JobChange], most: int) -> str:
    """The functions that moved times most, in one line."""
    movers: dict[str, float] = {}
    for job in jobs:
        for delta in job.deltas:
            change = _change(job, delta)
            if change is not None and change.main is not None:
                moved = change.us(change.main.change)
                if abs(moved) > abs(movers.get(change.main.name, 0)):
                    movers[change.main.name] = moved
    first = sorted(movers, key=lambda each: (-abs(movers[each]), each))[:most]
    time = measures.INFERENCE_TIME
    return ", ".join(
        f"{code(own_name(each), 60)} {with_unit(signed(time, movers[each], modelled=True), time)}"
        for each in first
    )


def _change(job: JobChange, delta: Delta) -> TimeChange | None:
    """Where a time changed; None where it did not, or it is not known."""
    if measures.row(delta.measure).kind is not MeasureKind.TIME or delta.verdict in _QUIET:
        return None
    small = delta.percent is not None and abs(delta.percent) < _LEAST_PERCENT
    if small and delta.verdict in (Verdict.WORSE, Verdict.BETTER):
        return None
    return time_change(job, delta.measure)


def _calls(function: FunctionChange) -> str:
    if not function.base_calls:
        return ", not called before"
    if not function.head_calls:
        return ", no longer called"
    if function.base_calls == function.head_calls:
        return ""
    return f", {count(function.head_calls)} calls instead of {count(function.base_calls)}"


def _function_rows(change: TimeChange, most: int) -> Iterable[tuple[str, ...]]:
    least = _SMALLEST_SHARE * abs(change.functions[0].change)
    listed = [each for each in change.functions[:most] if abs(each.change) >= least]
    for function in listed:
        calls = _both(function.base_calls, function.head_calls)
        yield (code(short_name(function.name)), calls, *_times(change, function.base, function.head))
        callers = [each for each in function.callers if each.base != each.head]
        if len(function.callers) > 1 or (callers and callers[0].base_calls != callers[0].head_calls):
            for caller in callers[:_CALLERS]:
                by = f"by {code(short_name(caller.caller))}" if caller.caller else "by nobody"
                calls = _both(caller.base_calls, caller.head_calls)
                yield (f"↳ {by}", calls, *_times(change, caller.base, caller.head))
    rest = change.total - sum(each.change for each in listed)
    if rest:
        yield ("all others", "", "", "", signed(change.measure, change.us(rest), modelled=True))
    for operator in change.operators[:most]:
        if abs(operator.head - operator.base) >= least:
            name = f"operator {operator.index}: {code(operator.name, 80)}"
            yield (name, "", *_times(change, operator.base, operator.head))


def _both(base: int, head: int) -> str:
    return count(head) if base == head else f"{count(base)} → {count(head)}"


def _times(change: TimeChange, base: int, head: int) -> tuple[str, str, str]:
    before, after = (
        shown(change.measure, change.us(side), modelled=True) if side else "-" for side in (base, head)
    )
    return before, after, signed(change.measure, change.us(head - base), modelled=True)

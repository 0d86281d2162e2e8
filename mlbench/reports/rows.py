"""The rows of the tables and lists in a comment and a summary, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mlbench.core import measures
from mlbench.core.measures import FLASH
from mlbench.reports.digest import Changed
from mlbench.reports.escaping import code, fence, prose
from mlbench.reports.last_lines import HEADING, last_line, last_lines
from mlbench.reports.time_rows import moved_most
from mlbench.reports.wording import (
    band_of,
    change,
    columns,
    figure,
    icon,
    name_and_unit,
    raw_change,
    short_name,
    signed,
    sketches,
    unit_and_band,
    verdict,
)
from mlbench.results.comparison import Delta, JobChange, KeyChange, Verdict
from mlbench.results.values import Result
from mlbench.util.text import count, elide

Name = Callable[[JobChange], str]
"""How a job is called."""

Rows = tuple[str, tuple[str, ...]]
"""The head of a table, and its rows."""

_CHAIN = 12
_DIAGNOSTICS = 8
_LINE = 300
_JOBS_NAMED = 3
_SYMBOLS_NAMED = 2


def table(titles: Sequence[str], sides: str) -> str:
    """The head of a table; ``sides`` says ``l`` or ``r`` for each column."""
    rules = ["---:" if side == "r" else "---" for side in sides]
    return f"| {' | '.join(titles)} |\n| {' | '.join(rules)} |"


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def change_rows(changes: Sequence[Changed], name: Name) -> Rows:
    """Base, head and change of measures that are compared. The rows of one sketch stand together."""
    rows = []
    for one in changes:
        named = name(one.job)
        for delta in one.deltas:
            raw = raw_change(delta)
            moved = _unbroken(change(delta))
            if delta.verdict is Verdict.FAIL and moved:
                moved = f"**{moved}**"
            if raw:
                moved += f"<br><sub>{_unbroken(f'with alignment {raw}')}</sub>"
            mover = moved_most(one.job, delta)
            if mover:
                moved += f"<br><sub>{mover}</sub>"
            note = _note(delta)
            verdict_cell = f"{icon(delta)} {verdict(delta)}{f'<br><sub>{prose(note)}</sub>' if note else ''}"
            rows.append(row((named, *_sides(delta), moved, verdict_cell)))
            named = ""
    return table(("Sketch", "Measure", "Base", "Head", "Change", "Verdict"), "llrrrl"), tuple(rows)


def apart_rows(changes: Sequence[Changed], name: Name) -> Rows:
    """Base and head of measures that are not compared, and why not."""
    rows = []
    for one in changes:
        named, previous = name(one.job), ""
        for delta in one.deltas:
            why = "" if delta.note == previous else prose(delta.note)
            rows.append(row((named, *_sides(delta), why)))
            named, previous = "", delta.note
    return table(("Sketch", "Measure", "Base", "Head", "Why not subtracted"), "llrrl"), tuple(rows)


def figure_rows(jobs: Sequence[JobChange], name: Name) -> Rows:
    """The head's figures, a row a sketch."""
    known = columns(
        ((job.board, job.backend), delta.measure)
        for job in jobs
        for delta in job.deltas
        if delta.head is not None and delta.head.value is not None
    )
    sides = [{delta.measure: delta.head for delta in job.deltas} for job in jobs]
    bands = {measure.key: band_of(side.get(measure.key) for side in sides) for measure in known}
    titles = (
        ", ".join(filter(None, (measure.title, unit_and_band(measure.key, bands[measure.key]))))
        for measure in known
    )
    lines = (
        row((name(job), *(figure(key, side.get(key), percent) for key, percent in bands.items())))
        for job, side in zip(jobs, sides, strict=True)
    )
    return table(("Sketch", *titles), "l" + "r" * len(known)), tuple(lines)


def symbol_rows(jobs: Sequence[JobChange], name: Name, most: int) -> Rows:
    """The functions and objects of each sketch that changed most, and the rest of the change in flash."""
    rows = [line for job in jobs for line in _symbols(job, name, most)]
    return table(("Sketch", "Function or object", "Base", "Head", "Change"), "llrrr"), tuple(rows)


def key_rows(jobs: Sequence[JobChange], name: Name) -> tuple[str, ...]:
    """What one side was built or measured with and the other was not."""
    instruments = ((job, job.instrument_changes) for job in jobs)
    builds = ((job, job.build_changes) for job in jobs)
    return (
        *_key_rows("Measured with another", instruments, name, len(jobs)),
        *_key_rows("Built with another", builds, name, len(jobs)),
    )


def largest(jobs: Sequence[JobChange]) -> str:
    """The symbols that changed most, each over all sketches, in one line."""
    moved: dict[str, list[int]] = {}
    for job in jobs:
        for symbol in job.symbols:
            moved.setdefault(symbol.name, []).append(symbol.head - symbol.base)
    first = sorted(moved, key=lambda name: (-max(map(abs, moved[name])), name))[:_SYMBOLS_NAMED]
    named = []
    for name in first:
        low, high = signed(FLASH, min(moved[name])), signed(FLASH, max(moved[name]))
        size = high if low == high else f"{low} to {high}"
        where = f" in {sketches(len(moved[name]))}" if len(moved[name]) > 1 else ""
        named.append(f"{code(short_name(name), 60)} {size}{where}")
    more = len(moved) - len(first)
    return ", ".join(named) + (f" and {more:,} more" if more else "")


def failure_line(result: Result | None) -> str:
    """Why a sketch failed and what it printed last, in one line."""
    if result is None or result.failure is None:
        return "no reason is known"
    printed = last_line(result)
    outcome = f"{prose(result.failure.outcome)}: " if result.failure.outcome else ""
    return (
        f"{outcome}{prose(result.failure.message)}{f'; it printed last: {code(printed)}' if printed else ''}"
    )


def failure_detail(result: Result) -> str:
    """Calls, compiler messages and last words of a failure, as blocks; empty where there are none."""
    failure = result.failure
    if failure is None:
        return ""
    lines = [f"{'in' if not level else 'called from'} {frame}" for level, frame in enumerate(failure.chain)]
    more = len(lines) - _CHAIN
    lines[_CHAIN:] = [f"... {more} more"] if more > 0 else []
    errors = [item for item in failure.diagnostics if "error" in item.severity] or list(failure.diagnostics)
    lines += [str(item) for item in errors[:_DIAGNOSTICS]]
    lines += [f"... {len(errors) - _DIAGNOSTICS} more"] if len(errors) > _DIAGNOSTICS else []
    parts = [fence("\n".join(elide(line, _LINE) for line in lines))] if lines else []
    printed = last_lines(result)
    parts += [f"{HEADING[0].upper()}{HEADING[1:]}\n\n{fence(chr(10).join(printed))}"] if printed else []
    return "\n\n".join(parts)


def _sides(delta: Delta) -> tuple[str, str, str]:
    percent = band_of((delta.base, delta.head))
    before, after = (figure(delta.measure, side, percent) for side in (delta.base, delta.head))
    return _unbroken(name_and_unit(delta.measure, percent)), before, after


def _unbroken(text: str) -> str:
    """Our own text on one line however narrow the table is."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _note(delta: Delta) -> str:
    """What a delta's note adds to its table, where the measure beside it has the row below."""
    beside = measures.row(delta.measure).beside
    prefix = f"{measures.row(beside).name} " if beside else None
    return "; ".join(part for part in delta.note.split("; ") if prefix is None or not part.startswith(prefix))


def _symbols(job: JobChange, name: Name, most: int) -> Iterable[str]:
    flash = next(delta for delta in job.deltas if delta.measure == FLASH)
    shown = job.symbols[:most]
    named = name(job)
    for symbol in shown:
        base, head = (count(value) if value else "-" for value in (symbol.base, symbol.head))
        moved = signed(FLASH, symbol.head - symbol.base)
        yield row((named, code(symbol.name), base, head, moved))
        named = ""
    if flash.change is not None:
        rest = flash.change - sum(symbol.head - symbol.base for symbol in shown)
        if rest:
            yield row(("", "all others, and padding", "", "", signed(FLASH, rest)))


def _key_rows(
    title: str, jobs: Iterable[tuple[JobChange, tuple[KeyChange, ...]]], name: Name, everything: int
) -> Iterable[str]:
    by_change: dict[KeyChange, list[JobChange]] = {}
    for job, changes in jobs:
        for one in changes:
            by_change.setdefault(one, []).append(job)
    for one, where in by_change.items():
        before, after = (code(side) if side else "none" for side in (one.base, one.head))
        named = ", ".join(name(job) for job in where[:_JOBS_NAMED])
        more = len(where) - _JOBS_NAMED
        who = f" ({named}{f' and {more:,} more' if more > 0 else ''})" if len(where) < everything else ""
        yield f"{title} {prose(one.key)}: {before} → {after}{who}"

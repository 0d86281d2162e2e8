"""A comparison as a table for terminals: a row for each measure that moved, everything else below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from mlbench.core.measures import row
from mlbench.reports.table import Cell, Column, Problem, Row, Table
from mlbench.reports.time_rows import moved_most_plain
from mlbench.reports.wording import (
    band_of,
    figure,
    is_modelled,
    percent,
    raw_change,
    signed,
    sketches,
    unit_and_band,
    with_unit,
)
from mlbench.results.comparison import Comparison, Delta, Figure, JobChange, JobState, Verdict
from mlbench.util.text import printable

_MOST_SYMBOLS = 5
_SHOWN = frozenset({Verdict.BETTER, Verdict.WORSE, Verdict.WARN, Verdict.FAIL, Verdict.ACCEPTED})
_WORDS = {Verdict.FAIL: "FAIL", Verdict.WARN: "warn"}
_STATES = {
    JobState.NEW: "new",
    JobState.REMOVED: "removed",
    JobState.BROKEN: "broken: it worked at the base",
    JobState.FIXED: "fixed: it failed at the base",
    JobState.FAILED: "failed, as it did at the base",
    JobState.SKIPPED: "skipped: not touched by the change",
}


def change_table(comparison: Comparison) -> Table:
    """What the table of this comparison says."""
    boards = len({job.board for job in comparison.jobs}) > 1
    backends = len({job.backend for job in comparison.jobs}) > 1
    columns = [Column("Sketch", figures=False)]
    columns += [Column("Board", figures=False)] if boards else []
    columns += [Column("Backend", figures=False)] if backends else []
    columns += [Column("Measure", figures=False), Column("Unit", figures=False)]
    columns += [Column("Base"), Column("Head"), Column("Change"), Column("%"), Column("", figures=False)]
    rows = []
    for job in comparison.jobs:
        names = [Cell(printable(job.sketch))]
        names += [Cell(printable(job.board))] if boards else []
        names += [Cell(printable(job.backend))] if backends else []
        rows += [_row(names, delta) for delta in job.shown_deltas if _is_shown(delta, job)]
    return Table(
        title=_title(comparison),
        columns=tuple(columns) if rows else (),
        rows=tuple(rows),
        remarks=tuple(printable(line) for line in _remarks(comparison)),
        problems=tuple(_problem(job) for job in comparison.jobs if job.state is JobState.BROKEN),
    )


def _title(comparison: Comparison) -> str:
    if comparison.base is None:
        return "no baseline"
    base = comparison.base
    named = " ".join(part for part in (base.label, base.commit[:12]) if part) or "the base"
    return printable(f"change against {named}")


def _is_shown(delta: Delta, job: JobChange) -> bool:
    if delta.verdict in _SHOWN:
        return True
    if delta.verdict is Verdict.NOT_COMPARED:
        return _on_both(delta)
    # What explains the steps of another measure stands beside it.
    return any(
        row(other.measure).steps and row(other.measure).beside == delta.measure and other.verdict in _SHOWN
        for other in job.shown_deltas
    )


def _row(names: list[Cell], delta: Delta) -> Row:
    percent_band = band_of((delta.base, delta.head))
    cells = [
        *names,
        Cell(row(delta.measure).name),
        Cell(unit_and_band(delta.measure, percent_band)),
        _side(delta, delta.base, percent_band),
        _side(delta, delta.head, percent_band),
        Cell(
            "-" if delta.change is None else signed(delta.measure, delta.change, modelled=is_modelled(delta))
        ),
        Cell("-" if delta.percent is None else percent(delta.percent)),
        Cell(_WORDS.get(delta.verdict, delta.verdict.value)),
    ]
    return Row(tuple(cells), delta.verdict is Verdict.FAIL)


def _side(delta: Delta, side: Figure | None, percent_band: int | None) -> Cell:
    if side is None or side.value is None:
        return Cell("-")
    text = figure(delta.measure, replace(side, starred=False), percent_band)
    return Cell(text, starred=side.starred)


def _remarks(comparison: Comparison) -> Iterable[str]:
    yield from comparison.notes
    quiet = []
    for job in comparison.jobs:
        if job.state in _STATES:
            yield f"{_name(job)}: {_STATES[job.state]}"
        elif comparison.base is not None and all(_is_quiet(delta) for delta in job.shown_deltas):
            quiet.append(_name(job))
        elif comparison.base is not None and not any(_is_shown(delta, job) for delta in job.shown_deltas):
            yield f"{_name(job)}: nothing that is on both sides has changed"
        for change in (*job.instrument_changes, *job.build_changes):
            yield f"{_name(job)}: {change.key}: {change.base or 'none'} -> {change.head or 'none'}"
        for delta in job.shown_deltas:
            raw = raw_change(delta)
            if raw and _is_shown(delta, job):
                placed = f"{with_unit(raw, delta.measure)} with alignment cycles, which are not judged"
                yield f"{_name(job)}: {row(delta.measure).name}: {placed}"
            if delta.note:
                yield f"{_name(job)}: {row(delta.measure).name}: {delta.note}"
            moved = moved_most_plain(job, delta)
            if moved:
                yield f"{_name(job)}: {row(delta.measure).name}: {moved[0]} {moved[1]}"
        for symbol in job.symbols[:_MOST_SYMBOLS]:
            yield f"{_name(job)}: {symbol.head - symbol.base:+,} bytes in {symbol.name}"
        if len(job.symbols) > _MOST_SYMBOLS:
            yield f"{_name(job)}: and {len(job.symbols) - _MOST_SYMBOLS} more functions and objects changed"
        yield from (f"{_name(job)}: {note}" for note in job.notes)
    if quiet:
        yield f"unchanged: {', '.join(quiet)}"
    if comparison.base is not None:
        yield _compared(comparison)
    if comparison.accepted:
        yield f"accepted: {comparison.accepted}"


def _compared(comparison: Comparison) -> str:
    """How many figures of which measures were held against each other, also where none has changed."""
    counts = Counter(
        delta.measure
        for job in comparison.jobs
        for delta in job.deltas
        if delta.verdict is not Verdict.NOT_COMPARED and _on_both(delta)
    )
    if not counts:
        return "compared: nothing, as no figure is on both sides"
    parts = (f"{row(measure).name} of {sketches(count)}" for measure, count in counts.items())
    return f"compared: {', '.join(parts)}"


def _on_both(delta: Delta) -> bool:
    return all(side is not None and side.value is not None for side in (delta.base, delta.head))


def _is_quiet(delta: Delta) -> bool:
    absent = all(side is None or side.value is None for side in (delta.base, delta.head))
    return absent or delta.verdict in (Verdict.UNCHANGED, Verdict.NOISE)


def _problem(job: JobChange) -> Problem:
    failure = job.head.failure if job.head else None
    word = failure.word if failure is not None else "failed"
    return Problem(
        printable(f"{_name(job)}: {failure.message if failure else 'failed'}"), word=printable(word)
    )


def _name(job: JobChange) -> str:
    return job.sketch

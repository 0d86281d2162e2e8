"""Base and head paired job by job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlbench.compare.judging import ALLOCATOR_STEP, Judged, judge
from mlbench.compare.keys import build_changes, instrument_changes
from mlbench.compare.symbols import symbol_changes
from mlbench.core.measures import keys, row
from mlbench.results.comparison import (
    Comparison,
    Delta,
    JobChange,
    JobState,
    Side,
    Verdict,
)
from mlbench.results.values import Result, Status
from mlbench.suite.thresholds import Thresholds

Key = tuple[str, str, str]

NO_THRESHOLDS = Thresholds()
_UNNAMED = Side()


def compare(
    base: Sequence[Result] | None,
    head: Sequence[Result],
    thresholds: Thresholds = NO_THRESHOLDS,
    *,
    base_side: Side | None = None,
    head_side: Side = _UNNAMED,
    notes: Sequence[str] = (),
) -> Comparison:
    """What changed from ``base`` to ``head``.

    Jobs come in the head's order, those that are gone behind them in the base's.

    Args:
        base: results of the baseline; None: there is none, and ``notes`` should say why. Then jobs are
            COMPARED (or FAILED, SKIPPED) with nothing to be held against.
        head: results of what is judged.
        thresholds: how far measures may get worse: those of the base's suite.
        base_side: what was measured as the base.
        head_side: what was measured as the head.
        notes: lines for the reader.
    """
    all_notes = list(notes)
    before, after = _by_key(base or (), "base", all_notes), _by_key(head, "head", all_notes)
    keys = dict.fromkeys((*after, *before))
    jobs = tuple(_job(key, before.get(key), after.get(key), thresholds, base is None) for key in keys)
    side = None if base is None else base_side or Side()
    return Comparison(jobs, head_side, side, tuple(dict.fromkeys(all_notes)))


def accepted(comparison: Comparison, by: str) -> Comparison:
    """The same with every failed threshold accepted; ``by`` says by whom or what, and why."""
    judged = with_verdicts(comparison, Verdict.FAIL, Verdict.ACCEPTED)
    return replace(judged, accepted=by if comparison.regressed else comparison.accepted)


def with_verdicts(comparison: Comparison, old: Verdict, new: Verdict) -> Comparison:
    """The same with every verdict ``old`` made ``new``."""
    jobs = tuple(
        replace(
            job,
            deltas=tuple(
                replace(delta, verdict=new) if delta.verdict is old else delta for delta in job.deltas
            ),
        )
        for job in comparison.jobs
    )
    return replace(comparison, jobs=jobs)


def _by_key(results: Iterable[Result], side: str, notes: list[str]) -> dict[Key, Result]:
    """Results by job. Of two that differ the first counts, and a note says so."""
    by_key: dict[Key, Result] = {}
    for result in results:
        key = (result.sketch, result.board, result.backend)
        first = by_key.setdefault(key, result)
        if first is not result and first != result:
            notes.append(f"{' on '.join(key[:2])} ({key[2]}) is twice in the {side}; the first one counts")
    return by_key


def _job(
    key: Key, base: Result | None, head: Result | None, thresholds: Thresholds, no_base: bool
) -> JobChange:
    sketch, board, backend = key
    instruments = instrument_changes(base.instrument, head.instrument) if base and head else ()
    deltas = tuple(
        judge(Judged(measure, base, head, thresholds.of(sketch, measure), instruments))
        for measure in (*keys(), *thresholds.functions_of(sketch))
    )
    return JobChange(
        sketch,
        board,
        backend,
        _state(base, head, no_base),
        _with_step(deltas),
        build_changes=build_changes(base.build, head.build) if base and head else (),
        # Where one side was not measured at all, its instrument says nothing about the other's.
        instrument_changes=instruments if base and head and base.instrument and head.instrument else (),
        symbols=symbol_changes(base, head),
        base=base,
        head=head,
    )


def _state(base: Result | None, head: Result | None, no_base: bool) -> JobState:
    if head is None:
        return JobState.REMOVED
    if head.status is Status.SKIPPED:
        return JobState.SKIPPED
    failed = head.status is Status.FAILED
    if base is None:
        if no_base:
            return JobState.FAILED if failed else JobState.COMPARED
        return JobState.NEW
    if base.status is Status.FAILED:
        return JobState.FAILED if failed else JobState.FIXED
    return JobState.BROKEN if failed else JobState.COMPARED


def _with_step(deltas: tuple[Delta, ...]) -> tuple[Delta, ...]:
    """Changes that come in the allocator's steps, explained by the measure beside, which moves by bytes."""
    by_key = {delta.measure: delta for delta in deltas}
    return tuple(
        _explained(delta, by_key[row(delta.measure).beside])
        if row(delta.measure).steps and delta.change
        else delta
        for delta in deltas
    )


def _explained(delta: Delta, beside: Delta) -> Delta:
    return replace(delta, note="; ".join(filter(None, [delta.note, _step(delta, beside)])))


def _step(stepping: Delta, beside: Delta) -> str:
    name = row(beside.measure).name
    moved = f"{name} {beside.change:+,.0f} bytes" if beside.change is not None else ""
    if beside.change is not None and stepping.change == -beside.change:
        return moved
    step = f"the allocator takes memory in steps of {ALLOCATOR_STEP:,} bytes"
    return f"{step}; {moved}" if moved else step

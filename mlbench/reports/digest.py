"""A comparison sorted by what a reader wants to know first, before it is drawn in any way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mlbench.core.measures import row
from mlbench.reports.wording import change, plural, sketches, unit, verdict
from mlbench.results.comparison import Comparison, Delta, JobChange, JobState, Verdict

GRAVITY = (
    Verdict.FAIL,
    Verdict.ACCEPTED,
    Verdict.WARN,
    Verdict.WORSE,
    Verdict.BETTER,
    Verdict.NOT_COMPARED,
    Verdict.NOISE,
    Verdict.UNCHANGED,
)
"""Verdicts, the one to be read first in front."""
BAD = frozenset({Verdict.FAIL, Verdict.ACCEPTED, Verdict.WARN, Verdict.WORSE})
MOVED = BAD | {Verdict.BETTER}


@dataclass(frozen=True)
class Changed:
    """One job and those of its measures that a table shows."""

    job: JobChange
    deltas: tuple[Delta, ...]


@dataclass(frozen=True)
class Digest:
    """The jobs of a comparison by their place in a report. A job may have several places."""

    comparison: Comparison
    broken: tuple[JobChange, ...] = ()
    worse: tuple[Changed, ...] = ()
    better: tuple[Changed, ...] = ()
    apart: tuple[Changed, ...] = ()
    """Measures whose sides are shown beside each other and not subtracted."""
    noise: tuple[Changed, ...] = ()
    new: tuple[JobChange, ...] = ()
    fixed: tuple[JobChange, ...] = ()
    removed: tuple[JobChange, ...] = ()
    failed: tuple[JobChange, ...] = ()
    skipped: tuple[JobChange, ...] = ()
    unchanged: tuple[JobChange, ...] = ()
    """Nothing about them but noise moved."""
    measured: tuple[JobChange, ...] = ()
    """Without a baseline: all that was measured."""
    verdicts: Counter[Verdict] = field(default_factory=Counter)

    @property
    def jobs(self) -> tuple[JobChange, ...]:
        """All jobs."""
        return self.comparison.jobs


def digest(comparison: Comparison) -> Digest:
    """Sort a comparison."""
    by_state: dict[JobState, list[JobChange]] = {state: [] for state in JobState}
    for job in comparison.jobs:
        by_state[job.state].append(job)
    compared = by_state[JobState.COMPARED]
    held = [] if comparison.base is None else compared
    # A sketch that broke has its flash all the same, and that may be over a limit.
    moved = [changed for job in comparison.jobs if (changed := _moved(job))]
    return Digest(
        comparison=comparison,
        broken=tuple(by_state[JobState.BROKEN]),
        worse=tuple(
            sorted((one for one in moved if _gravity(one) < GRAVITY.index(Verdict.BETTER)), key=_gravity)
        ),
        better=tuple(one for one in moved if _gravity(one) == GRAVITY.index(Verdict.BETTER)),
        apart=_with(held, Verdict.NOT_COMPARED),
        noise=_with(held, Verdict.NOISE),
        new=tuple(by_state[JobState.NEW]),
        fixed=tuple(by_state[JobState.FIXED]),
        removed=tuple(by_state[JobState.REMOVED]),
        failed=tuple(by_state[JobState.FAILED]),
        skipped=tuple(by_state[JobState.SKIPPED]),
        unchanged=tuple(job for job in held if not _tells(job)),
        measured=tuple(compared) if comparison.base is None else (),
        verdicts=Counter(delta.verdict for job in comparison.jobs for delta in job.shown_deltas),
    )


def headline(overview: Digest, missing: int = 0) -> tuple[str, str]:
    """The outcome: an icon, and one line that says it."""
    verdicts = overview.verdicts
    parts = [f"{sketches(len(overview.broken))} broke"] if overview.broken else []
    for kind, one, many in (
        (Verdict.FAIL, "measure over its limit", "measures over their limits"),
        (Verdict.WARN, "warning", "warnings"),
        (Verdict.WORSE, "measure worse", "measures worse"),
        (Verdict.ACCEPTED, "accepted over its limit", "accepted over their limits"),
        (Verdict.BETTER, "measure better", "measures better"),
    ):
        if verdicts[kind]:
            parts.append(plural(verdicts[kind], one, many))
    if len(parts) == 1:
        parts = [_only(overview) or parts[0]]
    if missing:
        parts.append(f"{plural(missing, 'job')} without results")
    return _icon(overview, missing), ", ".join(parts) or _nothing_moved(overview)


def _only(overview: Digest) -> str:
    """The one measure that moved, in full; empty where there are more."""
    moved = [delta for job in overview.jobs for delta in job.shown_deltas if delta.verdict in MOVED]
    if len(moved) != 1 or moved[0].change is None:
        return ""
    (delta,) = moved
    of = f" {unit(delta.measure)}".rstrip()
    return f"{row(delta.measure).name} {change(delta).replace(' (', f'{of} (')} in 1 sketch, {verdict(delta)}"


def also(overview: Digest) -> str:
    """What became of the other sketches, in one line; may be empty."""
    parts = [plural(len(overview.new), "new sketch", "new sketches")] if overview.new else []
    failed = "failed" if overview.comparison.base is None else "failed before and after"
    for jobs, word in (
        (overview.fixed, "fixed"),
        (overview.removed, "removed"),
        (overview.failed, failed),
        (overview.skipped, "not measured"),
        (overview.unchanged, "unchanged"),
    ):
        if jobs:
            parts.append(f"{sketches(len(jobs))} {word}")
    return ", ".join(parts)


def _nothing_moved(overview: Digest) -> str:
    if overview.comparison.base is None:
        # A badge says nothing else.
        failed = f"{sketches(len(overview.failed))} failed, " if overview.failed else ""
        return f"{failed}{sketches(len(overview.measured))} measured, nothing to compare with"
    if overview.unchanged:
        beyond = " beyond noise" if overview.noise else ""
        return f"no change in {sketches(len(overview.unchanged))}{beyond}"
    if overview.apart:
        return f"{sketches(len(overview.apart))} side by side, not comparable"
    return also(overview) or "no sketch was measured"


def _icon(overview: Digest, missing: int) -> str:
    verdicts = overview.verdicts
    if overview.broken or verdicts[Verdict.FAIL]:
        return "❌"
    if verdicts[Verdict.WARN] or missing or overview.failed or not overview.jobs:
        return "⚠️"
    if verdicts[Verdict.WORSE]:
        return "🔺"
    if verdicts[Verdict.ACCEPTED]:
        return "☑️"
    if overview.comparison.base is None or (
        overview.apart and not overview.unchanged and not overview.better
    ):
        return "📏"
    return "✅"


def _moved(job: JobChange) -> Changed | None:
    """A job's measures that moved, and those that are shown beside them."""
    names = {delta.measure for delta in job.shown_deltas if delta.verdict in MOVED}
    if not names:
        return None
    names |= {row(name).beside for name in names}
    moved = (
        delta
        for delta in job.shown_deltas
        if delta.verdict in MOVED or (delta.measure in names and _known(delta))
    )
    return Changed(job, tuple(delta for delta in moved if delta.verdict is not Verdict.NOT_COMPARED))


def _with(jobs: list[JobChange], verdict: Verdict) -> tuple[Changed, ...]:
    chosen = [
        Changed(job, tuple(delta for delta in job.shown_deltas if delta.verdict is verdict and _known(delta)))
        for job in jobs
    ]
    return tuple(one for one in chosen if one.deltas)


def _tells(job: JobChange) -> bool:
    return any(
        _known(delta) and delta.verdict not in (Verdict.NOISE, Verdict.UNCHANGED)
        for delta in job.shown_deltas
    )


def _known(delta: Delta) -> bool:
    """Whether at least one side has a figure."""
    return any(side is not None and side.value is not None for side in (delta.base, delta.head))


def _gravity(one: Changed) -> int:
    return min(GRAVITY.index(delta.verdict) for delta in one.deltas)

"""When a comment is worth making. One that is there is edited in any mode but ``never``."""

from __future__ import annotations

from collections.abc import Sequence

from mlbench.results.comparison import Comparison, Delta, JobState, Threshold, Verdict

MODES = ("always", "changes", "regressions", "never")

_MOVED = frozenset({Verdict.BETTER, Verdict.WORSE, Verdict.WARN, Verdict.FAIL, Verdict.ACCEPTED})
_OVER = frozenset({Verdict.WARN, Verdict.FAIL, Verdict.ACCEPTED})
_WITHOUT_NEWS = frozenset({JobState.COMPARED, JobState.FAILED, JobState.SKIPPED})


def worth_a_comment(mode: str, comparison: Comparison, missing: Sequence[str] = ()) -> bool:
    """Whether a comment is to be made where there is none.

    ``changes``: a figure moved by more than noise, or a sketch came, went, broke or was mended; without a
    baseline all are new. ``regressions``: a sketch broke, a figure passed a threshold, or, where none is
    set for it, got worse. ``missing``: what should have been measured and was not is always worth one.
    """
    if mode == "never":
        return False
    if mode == "always" or missing:
        return True
    deltas = [delta for job in comparison.jobs for delta in job.deltas]
    states = {job.state for job in comparison.jobs}
    if mode == "changes":
        return bool(states - _WITHOUT_NEWS) or any(delta.verdict in _MOVED for delta in deltas)
    return JobState.BROKEN in states or any(map(_regressed, deltas))


def _regressed(delta: Delta) -> bool:
    return delta.verdict in _OVER or (delta.verdict is Verdict.WORSE and delta.threshold == Threshold())

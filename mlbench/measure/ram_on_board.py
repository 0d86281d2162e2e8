"""Unused RAM where runs are dear and may go wrong: a search from a good guess, and every limit confirmed.

On a board nothing of the heap is seen, so no replay can tell all sizes below the limit at once; and a run may
fail for what has nothing to do with the firmware. So the search begins where the limit is expected, and both
sides of what it finds are tried once more: where the second answers differ, all answers are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.core.execution import PredictedLimit, Session
from mlbench.measure.ram import Prober, RamOptions, no_limit
from mlbench.measure.ram_search import between, bisect
from mlbench.measure.reference import Reference
from mlbench.results.values import Absent, UnusedRam

_MOST_SEARCHES = 3
_FIRST_STEP, _FACTOR = 16, 4
"""Bytes of the first step away from a wrong guess, and by how much each further one is longer."""


def measure_confirmed(session: Session, reference: Reference, options: RamOptions) -> UnusedRam | Absent:
    """Find a limit N: N passes and N + 1 does not, each twice.

    Args:
        session: where to try; says what it expects.
        reference: the run without a probe.
        options: see ``RamOptions``. ``replay`` begins at the predicted limit, the others bisect.
    """
    prober = Prober(session, reference)
    predicted_limit = session.predicted_limit() if options.search == "replay" else None
    runs = 0
    for _ in range(_MOST_SEARCHES):
        edge = near(
            prober.passes,
            predicted_limit.limit if predicted_limit else None,
            options.minimum,
            options.maximum,
        )
        if edge is None or edge == options.maximum:
            return no_limit(prober, options, edge)
        reason = prober.reason(edge + 1)
        again = Prober(session, reference)
        agreed = again.passes(edge) and not again.passes(edge + 1)
        runs += again.runs
        if agreed:
            return _confirmed(session, predicted_limit, edge, reason, runs + prober.runs + 1)
        doubted = edge + 1 if again.passes(edge) else edge
        runs, prober = runs + prober.runs, Prober(session, reference)
    what = f"malloc({doubted}) gave now one outcome, now another in {runs} runs"
    return Absent(f"{what}; look at the board's power and cable")


def near(passes: Callable[[int], bool], guess: int | None, low: int, high: int) -> int | None:
    """A size that passes with the next one failing, by steps away from a guess that grow, then by halves.

    None where ``low`` fails, ``high`` where that passes.
    """
    if guess is None:
        return bisect(passes, low, high)
    here = min(max(guess, low), high - 1) if high > low else low
    if not passes(here):
        return _down(passes, here, low)
    if here == high:
        return high
    if not passes(here + 1):
        return here
    step, bottom = _FIRST_STEP, here + 1
    while bottom < high:
        top = min(bottom + step, high)
        if not passes(top):
            return between(passes, bottom, top)
        bottom, step = top, step * _FACTOR
    return high


def _down(passes: Callable[[int], bool], top: int, low: int) -> int | None:
    step = _FIRST_STEP
    while top > low:
        bottom = max(top - step, low)
        if passes(bottom):
            return between(passes, bottom, top)
        top, step = bottom, step * _FACTOR
    return None


def _confirmed(
    session: Session, predicted_limit: PredictedLimit | None, limit: int, reason: str, runs: int
) -> UnusedRam:
    # That nothing below fails only a replay of all sizes can tell: the emulator's, where it found the same.
    same = predicted_limit is not None and predicted_limit.certified and predicted_limit.limit == limit
    islands = predicted_limit.islands if same and predicted_limit is not None else ()
    by = "template" if session.method == "template" else "injected"
    return UnusedRam(limit, "board", same, runs, 0, islands, len(islands), reason, 0, by)

"""Unused RAM where runs are dear and may go wrong: a search from a good guess, and every limit confirmed.

On a board nothing of the heap is seen, so no replay can tell all sizes below the limit at once; and a run may
fail for what has nothing to do with the firmware. So the search begins where the limit is expected, and both
sides of what it finds are tried once more: where the second answers differ, all answers are forgotten.
"""

from __future__ import annotations

from mlbench.core.execution import PredictedLimit, Session
from mlbench.measure.ram import Prober, RamOptions, no_limit
from mlbench.measure.ram_search import near
from mlbench.measure.reference import Reference
from mlbench.results.values import Absent, UnusedRam

_MOST_SEARCHES = 3


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


def _confirmed(
    session: Session, predicted_limit: PredictedLimit | None, limit: int, reason: str, runs: int
) -> UnusedRam:
    # That nothing below fails only a replay of all sizes can tell: the emulator's, where it found the same.
    same = predicted_limit is not None and predicted_limit.certified and predicted_limit.limit == limit
    islands = predicted_limit.islands if same and predicted_limit is not None else ()
    by = "template" if session.method == "template" else "injected"
    return UnusedRam(limit, "board", same, runs, 0, islands, len(islands), reason, 0, by)

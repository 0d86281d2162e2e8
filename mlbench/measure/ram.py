"""Unused RAM: the first limit of N for which malloc(N) at the start leaves the model working."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.core.execution import Allocator, Outcome, Probe, ReplayError, RunResult, Session
from mlbench.measure.ram_search import Prediction, bisect, predict
from mlbench.measure.reference import Reference
from mlbench.results.values import Absent, UnusedRam

_DEADLINE_FACTOR = 4
_DEADLINE_EXTRA_US = 1_000_000.0
"""A probe may take four times the run without one, and a second: then it hangs."""
MAX_CERTIFIED_ISLANDS = 8
"""Later passing ranges beyond these are listed as predicted, not certified by full runs."""


@dataclass(frozen=True)
class RamOptions:
    """How to search (``replay``, ``bisect``, ``faithful``), for N between ``minimum`` and ``maximum``."""

    search: str
    minimum: int
    maximum: int


class Prober:
    """Full runs with a probe, each asked once."""

    def __init__(self, session: Session, reference: Reference) -> None:
        self._session = session
        self._reference = reference
        self._deadline = _DEADLINE_FACTOR * reference.result.virtual_us + _DEADLINE_EXTRA_US
        self._results: dict[int, tuple[Outcome, str, RunResult]] = {}

    @property
    def runs(self) -> int:
        """Full runs made so far."""
        return len(self._results)

    def run(self, size: int) -> tuple[Outcome, str, RunResult]:
        """Outcome, reason and result of a probe with ``size`` bytes."""
        if size not in self._results:
            result = self._session.run(
                Probe(alloc=size, inferences=self._reference.inferences), self._deadline
            )
            outcome, reason = result.outcome, result.reason
            if outcome is Outcome.PASSED:
                reason = self._reference.difference(result)
                outcome = Outcome.CORRUPTED if reason else outcome
            self._results[size] = outcome, reason, result
        return self._results[size]

    def reason(self, size: int) -> str:
        """How a probe ended, in one line."""
        outcome, reason, _ = self.run(size)
        return f"{outcome.value}: {reason}"

    def passes(self, size: int) -> bool:
        """Whether the sketch works beside an allocation of ``size`` bytes."""
        return self.run(size)[0] is Outcome.PASSED


def measure_unused_ram(session: Session, reference: Reference, options: RamOptions) -> UnusedRam | Absent:
    """Find and certify the limit.

    Args:
        session: a session whose last run with ``record`` was the reference.
        reference: the run without a probe, on the image of the probes.
        options: see ``RamOptions``.
    """
    prober = Prober(session, reference)
    allocator = session.replay() if options.search == "replay" and options.minimum == 0 else None
    if allocator is not None:
        prediction = _predict(allocator)
        found = _certify(prober, prediction, options) if prediction is not None else None
        if found is not None:
            limit, islands, uncertified = found
            return _result(prober, session, limit, "replay", True, allocator.count, islands, uncertified)
    edge = bisect(prober.passes, options.minimum, options.maximum)
    if edge is None or edge == options.maximum:
        return no_limit(prober, options, edge)
    return _result(prober, session, edge, "bisect", False, 0, (), 0)


def no_limit(prober: Prober, options: RamOptions, edge: int | None) -> Absent:
    """Why there is no limit: where the least probe fails (``edge`` None), or the greatest passes."""
    if edge is not None:
        return Absent(f"even N = {edge}, the most that was tried, passes")
    outcome, reason, _ = prober.run(options.minimum)
    # Where even the least probe does it, the text as a rule differs by itself.
    hint = "; where its text may differ, say `serial: ignore`" if "serial text differs" in reason else ""
    return Absent(f"with N = {options.minimum} already: {outcome.value} ({reason}){hint}")


def _predict(allocator: Allocator) -> Prediction | None:
    try:
        return predict(allocator)
    except ReplayError:
        return None


def _certify(
    prober: Prober, prediction: Prediction, options: RamOptions
) -> tuple[int, tuple[tuple[int, int], ...], int] | None:
    """Full runs at the predicted limit and edges; None where the firmware does not do as predicted."""
    limit = prediction.limit
    if limit is None or limit > options.maximum:
        return None
    if not prober.passes(limit) or prober.passes(limit + 1):
        return None
    islands: list[tuple[int, int]] = []
    for first, last in prediction.islands[:MAX_CERTIFIED_ISLANDS]:
        inside = prober.passes(first) and prober.passes(last)
        outside = prober.passes(first - 1) or prober.passes(last + 1)
        if inside and not outside:
            islands.append((first, last))
    rest = prediction.islands[MAX_CERTIFIED_ISLANDS:]
    return limit, (*islands, *rest), len(rest)


def _result(
    prober: Prober,
    session: Session,
    limit: int,
    method: str,
    certified: bool,
    replays: int,
    islands: tuple[tuple[int, int], ...],
    uncertified: int,
) -> UnusedRam:
    return UnusedRam(
        limit,
        method,
        certified,
        prober.runs + 1,  # the run that recorded the heap's calls
        replays,
        islands,
        uncertified,
        prober.reason(limit + 1),
        prober.run(limit)[2].overlap or 0,
        "template" if session.method == "template" else "injected",
    )

"""Unused RAM: the first limit of N for which malloc(N) at the start leaves the model working."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlbench.core.execution import Allocator, Outcome, Probe, ReplayError, RunResult, Session
from mlbench.measure.ram_search import Prediction, near, predict
from mlbench.measure.reference import Reference
from mlbench.measure.variation import Difference
from mlbench.results.values import Absent, UnusedRam

_DEADLINE_FACTOR = 4
_DEADLINE_EXTRA_US = 1_000_000.0
"""A probe may take four times the run without one, and a second: then it hangs."""
_SMALL = (16, 272, 1040, 4112, 12_304)
"""Sizes that take little memory away; they differ in bytes, in pages, and in digits of addresses.

Beside these, half of what a replay grants is tried.
"""


@dataclass(frozen=True)
class RamOptions:
    """How to search (``replay``, ``bisect``, ``faithful``), for N between ``minimum`` and ``maximum``."""

    search: str
    minimum: int
    maximum: int


class Prober:
    """Full runs with a probe, each asked once.

    Args:
        session: where to run.
        reference: the run without a probe.
        learns: whether small allocations may show what text and outputs vary with memory that is there.
    """

    def __init__(self, session: Session, reference: Reference, *, learns: bool = False) -> None:
        self._session = session
        self._reference = reference
        self._deadline = _DEADLINE_FACTOR * reference.result.virtual_us + _DEADLINE_EXTRA_US
        self._runs: dict[int, RunResult] = {}
        self._learns = learns
        self.proven: int | None = None
        """Up to here the sketch is known to get all memory that it asks for."""

    @property
    def runs(self) -> int:
        """Full runs made so far."""
        return len(self._runs)

    def run(self, size: int) -> tuple[Outcome, str, RunResult]:
        """Outcome, reason and result of a probe with ``size`` bytes."""
        result = self._run(size)
        difference = self.difference(size)
        if difference is not None:
            return Outcome.CORRUPTED, difference.reason, result
        return result.outcome, result.reason, result

    def difference(self, size: int) -> Difference | None:
        """How a probe that finished differs from the run without one."""
        result = self._run(size)
        if result.outcome is not Outcome.PASSED:
            return None
        difference = self._reference.difference(result)
        if difference is None or not self._learns:
            return difference
        self._learns = False
        # Where the outputs tell that the answer is right, what else is printed may vary with more memory.
        unproven = _SMALL[-1] if self._reference.result.outputs else _SMALL[2]
        for small in (*_SMALL, max(self.proven or 0, _SMALL[-1])):
            proven = self.proven is not None and small <= self.proven
            if not proven and small > unproven:
                break
            beside = self._run(small)
            if beside.outcome is Outcome.PASSED:
                self._reference.learn_memory(beside, small, proven=proven)
        return self._reference.difference(result)

    def reason(self, size: int) -> str:
        """How a probe ended, in one line."""
        outcome, reason, _ = self.run(size)
        return f"{outcome.value}: {reason}"

    def passes(self, size: int) -> bool:
        """Whether the sketch works beside an allocation of ``size`` bytes."""
        return self.run(size)[0] is Outcome.PASSED

    def _run(self, size: int) -> RunResult:
        if size not in self._runs:
            probe = Probe(alloc=size, inferences=self._reference.inferences)
            self._runs[size] = self._session.run(probe, self._deadline)
        return self._runs[size]


def measure_unused_ram(session: Session, reference: Reference, options: RamOptions) -> UnusedRam | Absent:
    """Find and certify the limit.

    Args:
        session: a session whose last run with ``record`` was the reference.
        reference: the run without a probe, on the image of the probes.
        options: see ``RamOptions``.
    """
    prober = Prober(session, reference, learns=True)
    fallback, refused, guess, prediction = "", None, None, None
    if options.search == "replay" and options.minimum == 0:
        prediction, fallback = _predict(session)
        limit = prediction.limit if prediction is not None else None
        if prediction is not None and limit is not None:
            prober.proven = limit // 2 if prediction.complete else None
            islands = session.most_islands
            certified = _certify(prober, prediction, options, islands) if prediction.complete else None
            if certified is not None:
                return _result(prober, session, certified.limit, certified)
            if prediction.complete:
                refused = limit + 1
                fallback = "the firmware does not do as the replay of its heap calls predicts"
            else:
                guess = limit
    edge = near(prober.passes, guess, options.minimum, options.maximum)
    if edge is None or edge == options.maximum:
        return no_limit(prober, options, edge)
    result = replace(_result(prober, session, edge), fallback=fallback)
    if result.observed and prediction is not None and prediction.complete and prediction.passes(edge + 1):
        hint = _hint(prober.difference(edge + 1))
        return Absent(f"at N = {edge + 1} memory does not run out, but {result.observed}{hint}")
    if refused is not None and refused <= edge and prober.passes(refused):
        return replace(result, refused_from=refused)
    return result


def ram_notes(unused: UnusedRam) -> tuple[str, ...]:
    """What a reader of the limit has to know, beside the limit itself."""
    notes = []
    if unused.observed:
        notes.append(f"unused RAM: the limit is where {unused.observed}")
    if unused.method == "replay" and not unused.certified:
        notes.append("unused RAM: its heap calls are many, so that sizes were sampled and not all replayed")
    if unused.fallback:
        notes.append(f"unused RAM: found by bisection, because {unused.fallback}")
    if unused.refused_from is not None:
        notes.append(
            f"unused RAM: from N = {unused.refused_from:,} the sketch gets less memory than it asks for"
        )
    return tuple(notes)


def no_limit(prober: Prober, options: RamOptions, edge: int | None) -> Absent:
    """Why there is no limit: where the least probe fails (``edge`` None), or the greatest passes."""
    if edge is not None:
        return Absent(f"even N = {edge}, the most that was tried, passes")
    outcome, reason, _ = prober.run(options.minimum)
    hint = _hint(prober.difference(options.minimum))
    return Absent(f"with N = {options.minimum} already: {outcome.value} ({reason}){hint}")


def _hint(difference: Difference | None) -> str:
    hints = {
        "text": "; where its text may differ, say `serial: ignore`",
        "output": "; where its outputs may differ, leave them out of `output`, or say `returns: ignore`",
    }
    return hints.get(difference.what, "") if difference is not None else ""


def _predict(session: Session) -> tuple[Prediction | None, str]:
    """What a replay says; else why there is none."""
    allocator: Allocator | None
    try:
        allocator = session.replay()
        if allocator is None:
            return None, "its heap calls cannot be replayed"
        prediction = predict(allocator)
        return (
            prediction,
            "" if prediction.complete else f"its first {allocator.calls:,} heap calls alone are followed",
        )
    except ReplayError as error:
        return None, f"its heap calls cannot be replayed: {error}"


@dataclass(frozen=True)
class _Certified:
    """What full runs have confirmed of a prediction."""

    limit: int
    islands: tuple[tuple[int, int], ...]
    uncertified: int
    sampled: bool
    replays: int


def _certify(
    prober: Prober, prediction: Prediction, options: RamOptions, most_islands: int
) -> _Certified | None:
    """Full runs at the predicted limit and edges; None where the firmware does not do as predicted.

    Later passing ranges beyond ``most_islands`` are listed as predicted.
    """
    limit = prediction.limit
    if limit is None or limit > options.maximum:
        return None
    if not prober.passes(limit) or prober.passes(limit + 1):
        return None
    islands: list[tuple[int, int]] = []
    for first, last in prediction.islands[:most_islands]:
        inside = prober.passes(first) and prober.passes(last)
        outside = prober.passes(first - 1) or prober.passes(last + 1)
        if inside and not outside:
            islands.append((first, last))
    rest = prediction.islands[most_islands:]
    return _Certified(limit, (*islands, *rest), len(rest), prediction.sampled, prediction.replays)


def _result(
    prober: Prober,
    session: Session,
    limit: int,
    certified: _Certified | None = None,
) -> UnusedRam:
    # Where a replay says so too, memory is what runs out, whatever shows it.
    difference = prober.difference(limit + 1) if certified is None else None
    return UnusedRam(
        limit,
        "bisect" if certified is None else "replay",
        certified is not None and not certified.sampled,
        prober.runs + 1,  # the run that recorded the heap's calls
        0 if certified is None else certified.replays,
        () if certified is None else certified.islands,
        0 if certified is None else certified.uncertified,
        prober.reason(limit + 1),
        prober.run(limit)[2].overlap or 0,
        "template" if session.method == "template" else "injected",
        observed=difference.reason if difference is not None and difference.what != "work" else "",
    )

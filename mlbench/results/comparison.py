"""What a comparison says: two sets of results held against each other, as frozen values.

Made by ``mlbench.compare``, read by the reports and by whoever decides on an exit status.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mlbench.core import measures
from mlbench.results.values import Result


class Verdict(Enum):
    """What is thought of one measure's change."""

    UNCHANGED = "unchanged"
    NOISE = "noise"
    """It moved, but only by alignment cycles, or within the spread of a board."""
    BETTER = "better"
    WORSE = "worse"
    """Worse, below every threshold."""
    WARN = "warn"
    FAIL = "fail"
    ACCEPTED = "accepted"
    """Over the threshold for failing, and somebody who may has accepted it."""
    NOT_COMPARED = "not compared"
    """One side is absent, or the instruments differ: figures stand side by side."""


class JobState(Enum):
    """What became of one job (sketch x board x backend) between the two sides."""

    COMPARED = "compared"
    NEW = "new"
    REMOVED = "removed"
    BROKEN = "broken"
    """It failed at the head and did not at the base."""
    FIXED = "fixed"
    """It failed at the base and does no longer."""
    FAILED = "failed"
    """It failed on both sides."""
    SKIPPED = "skipped"
    """It was not measured at the head, and why is said: nothing it depends on was changed."""


@dataclass(frozen=True)
class Limit:
    """How far a measure may get worse: by an amount in the measure's unit, or by a percentage of the base.

    Where both are given, the one that is passed first counts. None: no such limit.
    """

    amount: float | None = None
    percent: float | None = None


@dataclass(frozen=True)
class Threshold:
    """The two limits of one measure."""

    warn: Limit = Limit()
    fail: Limit = Limit()


@dataclass(frozen=True)
class Figure:
    """One side of a measure: its value, how far it spreads, and what marks it."""

    value: float | None
    """Bytes or microseconds; None: absent."""
    low: float | None = None
    high: float | None = None
    starred: bool = False
    """Measured with enlarged memory regions."""
    steady: float | None = None
    """Emulated times: without alignment cycles, in microseconds. The verdict uses it."""
    absent: str = ""
    """Why there is no value."""
    error_percent: int | None = None
    """Modelled times: how far boards were found from such times, in percent; None: a clock took it."""
    rough: bool = False
    """Modelled times: too many cycles rest on assumptions (``CycleBasis.is_rough``)."""


@dataclass(frozen=True)
class Delta:
    """One measure of one job on both sides."""

    measure: str
    base: Figure | None
    head: Figure | None
    change: float | None = None
    """Head - base of what is judged (``steady`` where both have it), in its unit; None: not comparable."""
    percent: float | None = None
    """The change in per cent of the base; None where the base is 0 or nothing is compared."""
    verdict: Verdict = Verdict.NOT_COMPARED
    threshold: Threshold = Threshold()
    note: str = ""
    """Why it was judged so, in one line, where the figures alone do not say it."""


@dataclass(frozen=True)
class KeyChange:
    """One key of instrument or build that differs between the sides."""

    key: str
    """``compiler``, ``platform``, ``library Name``, ``cost table``, ..."""
    base: str
    head: str


@dataclass(frozen=True)
class SymbolChange:
    """A symbol whose size in flash changed; 0 on the side where it is not."""

    name: str
    base: int
    head: int


@dataclass(frozen=True)
class JobChange:
    """One job on both sides."""

    sketch: str
    board: str
    backend: str
    state: JobState
    deltas: tuple[Delta, ...]
    """One for each measure, in the order of ``core.measures``; then one for each function with a limit."""
    build_changes: tuple[KeyChange, ...] = ()
    instrument_changes: tuple[KeyChange, ...] = ()
    """Where there is one, times and RAM are not subtracted."""
    symbols: tuple[SymbolChange, ...] = ()
    """Largest change first."""
    base: Result | None = None
    head: Result | None = None
    notes: tuple[str, ...] = ()

    @property
    def shown_deltas(self) -> tuple[Delta, ...]:
        """The deltas that people read: a part without a limit is left out where the whole is compared."""
        compared = {delta.measure for delta in self.deltas if delta.change is not None}
        return tuple(
            delta
            for delta in self.deltas
            if measures.row(delta.measure).part_of not in compared or delta.threshold != Threshold()
        )


@dataclass(frozen=True)
class Side:
    """What was measured on one side: ``commit`` and ``ref`` may be empty (files given by path)."""

    commit: str = ""
    ref: str = ""
    label: str = ""
    """For people: ``merge base of main``, ``base.json``."""


@dataclass(frozen=True)
class Comparison:
    """Everything a report of a change shows. ``base`` None: there is no baseline, and ``notes`` say why."""

    jobs: tuple[JobChange, ...]
    head: Side
    base: Side | None = None
    notes: tuple[str, ...] = ()
    accepted: str = ""
    """Who or what accepted failing thresholds, with the reason given; empty: nobody."""

    @property
    def regressed(self) -> bool:
        """Whether a threshold for failing is passed and not accepted."""
        return any(delta.verdict is Verdict.FAIL for job in self.jobs for delta in job.deltas)

"""Figures of results under names that stay the same, for tools that keep them over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlbench.core.measures import MeasureKind
from mlbench.results.values import Absent, Flash, Result, Time
from mlbench.util.text import printable

_UNITS = {MeasureKind.BYTES: "bytes", MeasureKind.TIME: "us", MeasureKind.COUNT: "count"}


@dataclass(frozen=True)
class Point:
    """One figure: bytes, a count, or microseconds with their spread."""

    job: str
    """Sketch, board and backend: a board that is added must not rename what is there."""
    measure: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    detail: str = ""


def points(results: Sequence[Result]) -> Iterable[Point]:
    """All figures that are there. Of two results of one job the first counts."""
    seen: set[str] = set()
    for result in results:
        job = printable(f"{result.sketch} / {result.board} / {result.backend}")
        if job in seen:
            continue
        seen.add(job)
        for measure, value in result.measures.items():
            if isinstance(value, Absent):
                continue
            if isinstance(value, Time):
                cycles = f", {value.cycles} cycles" if value.cycles is not None else ""
                deviation = f", MAD {value.mad_us:.3f} us" if value.mad_us is not None else ""
                detail = f"median of {value.count}{deviation}{cycles}"
                span = value.minimum_us, value.maximum_us
                yield Point(job, measure.key, value.amount, _UNITS[MeasureKind.TIME], *span, detail)
            else:
                starred = isinstance(value, Flash) and value.starred
                detail = "does not fit the board" if starred else ""
                yield Point(job, measure.key, value.amount, _UNITS[measure.kind], detail=detail)

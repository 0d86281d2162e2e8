"""Times from marks."""

from __future__ import annotations

from statistics import median_low

from mlbench.results.values import Absent, Time
from mlbench.targets.protocol import Mark, MarkKind


def time_of(marks: tuple[Mark, ...], kind: MarkKind, absent: str) -> Time | Absent:
    """The time of all spans of a kind; ``absent`` is the reason where there is none.

    The median is one of the spans, so that its cycles and instructions belong to it.
    """
    spans = [mark for mark in marks if mark.kind is kind]
    if not spans:
        return Absent(absent)
    middle_us = median_low([mark.us for mark in spans])
    middle = next(mark for mark in spans if mark.us == middle_us)
    return Time(
        middle.us,
        min(mark.us for mark in spans),
        max(mark.us for mark in spans),
        len(spans),
        middle.cycles,
        middle.instructions,
        middle.placement,
        middle.method,
    )

"""Times from marks."""

from __future__ import annotations

from statistics import median, median_low

from mlbench.core.execution import SpanKind, TimedSpan
from mlbench.results.values import Absent, Time


def time_of(
    marks: tuple[TimedSpan, ...], kind: SpanKind, absent: str, resolution_us: float | None = None
) -> Time | Absent:
    """The time of all spans of a kind; ``absent`` is the reason where there is none.

    The median is one of the spans, so that its cycles and instructions belong to it.

    Args:
        marks: the spans, in the order in which they were run.
        kind: which of them.
        absent: why there is none.
        resolution_us: the step of the board's clock; None: the times are counted, not taken by a clock.
            A clock's times spread: how far is said, and the first inference of several, which fills
            caches and does what is done once, is told apart.
    """
    spans = [mark for mark in marks if mark.kind is kind]
    if not spans:
        return Absent(absent)
    on_board = resolution_us is not None
    first_us = None
    if on_board and kind is SpanKind.INFERENCE and len(spans) > 1:
        first_us = spans.pop(0).us
    times = [mark.us for mark in spans]
    middle_us = median_low(times)
    middle = next(mark for mark in spans if mark.us == middle_us)
    return Time(
        middle.us,
        min(times),
        max(times),
        len(spans),
        middle.cycles,
        middle.instructions,
        middle.placement,
        middle.method,
        first_us,
        median(abs(us - middle_us) for us in times) if on_board and len(times) > 1 else None,
        resolution_us,
    )

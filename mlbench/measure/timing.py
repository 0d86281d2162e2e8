"""Times from spans."""

from __future__ import annotations

from statistics import median, median_low

from mlbench.core.execution import SpanKind, TimedSpan
from mlbench.results.values import Absent, Time


def time_of(
    spans: tuple[TimedSpan, ...], kind: SpanKind, absent: str, resolution_us: float | None = None
) -> Time | Absent:
    """The time of all spans of a kind; ``absent`` is the reason where there is none.

    The median is one of the spans, so that its cycles and instructions belong to it.

    Args:
        spans: the spans, in the order in which they were run.
        kind: which of them.
        absent: why there is none.
        resolution_us: the step of the board's clock; None: the times are counted, not taken by a clock.
            A clock's times spread: how far is said, and the first inference of several, which fills
            caches and does what is done once, is told apart.
    """
    chosen = [span for span in spans if span.kind is kind]
    if not chosen:
        return Absent(absent)
    on_board = resolution_us is not None
    first_us = None
    if on_board and kind is SpanKind.INFERENCE and len(chosen) > 1:
        first_us = chosen.pop(0).us
    times = [span.us for span in chosen]
    middle_us = median_low(times)
    middle = next(span for span in chosen if span.us == middle_us)
    return Time(
        middle.us,
        min(times),
        max(times),
        len(chosen),
        middle.cycles,
        middle.instructions,
        middle.placement,
        middle.method,
        first_us,
        median(abs(us - middle_us) for us in times) if on_board and len(times) > 1 else None,
        resolution_us,
    )

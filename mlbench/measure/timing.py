"""Times from spans."""

from __future__ import annotations

from collections import Counter
from statistics import median, median_low

from mlbench.core.execution import SpanKind, TimedSpan
from mlbench.results.values import Absent, Time

_MOSTLY, _TOLD = 0.5, 0.05
"""Shares of a span's time: from which on its waits are told, and for whom."""


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
        middle.calls,
        middle.basis,
        data_placement=middle.data_placement,
    )


def waits(spans: tuple[TimedSpan, ...]) -> tuple[str, ...]:
    """A note for each kind of span whose time is mostly waiting; of inferences, the one of the median."""
    return tuple(note for kind in SpanKind if (note := _waits([span for span in spans if span.kind is kind])))


def _waits(spans: list[TimedSpan]) -> str:
    if not spans:
        return ""
    middle_us = median_low([span.us for span in spans])
    span = next(span for span in spans if span.us == middle_us)
    waited = sum(cycles for _, cycles in span.waits)
    if not span.cycles or waited < _MOSTLY * span.cycles:
        return ""
    shares: Counter[str] = Counter()
    for name, cycles in span.waits:
        shares["asleep, as in delay()" if _is_timer(name) else f"waiting for {name}"] += cycles
    parts = [
        f"{100 * cycles / span.cycles:.0f} % {what}"
        for what, cycles in shares.most_common()
        if cycles >= _TOLD * span.cycles
    ]
    return f"{span.kind.value} spends its time waiting: {', '.join(parts)}"


def _is_timer(name: str) -> bool:
    return name.startswith(("TIMER", "RTC", "SCS")) or not name

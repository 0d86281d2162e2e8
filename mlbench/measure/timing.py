"""Times from spans."""

from __future__ import annotations

from collections import Counter
from statistics import median

from mlbench.core.execution import SpanKind, TimedSpan
from mlbench.results.values import Absent, Time

_MOSTLY, _TOLD = 0.5, 0.05
"""Shares of a span's time: from which on its waits are told, and for whom."""


def time_of(
    spans: tuple[TimedSpan, ...], kind: SpanKind, absent: str, resolution_us: float | None = None
) -> Time | Absent:
    """The time of all spans of a kind; ``absent`` is the reason where there is none.

    The median of an even count is the mean of the middle two, in microseconds, cycles and instructions alike;
    where its cycles went is told of the lower one.

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
    middle_us = median(times)
    ordered = sorted(chosen, key=lambda span: span.us)
    middle, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return Time(
        middle_us,
        min(times),
        max(times),
        len(chosen),
        _mean(middle.cycles, upper.cycles),
        _mean(middle.instructions, upper.instructions),
        _mean(middle.placement, upper.placement),
        middle.method,
        first_us,
        median(abs(us - middle_us) for us in times) if on_board and len(times) > 1 else None,
        resolution_us,
        middle.calls,
        middle.basis,
        data_placement=_mean(middle.data_placement, upper.data_placement),
    )


def _mean(lower: int | None, upper: int | None) -> int | None:
    """Of whole numbers, a whole one: half a one is rounded up."""
    return None if lower is None or upper is None else (lower + upper + 1) // 2


def waits(spans: tuple[TimedSpan, ...]) -> tuple[str, ...]:
    """A note for each kind of span whose time is mostly waiting; of inferences, the one of the median."""
    return tuple(note for kind in SpanKind if (note := _waits([span for span in spans if span.kind is kind])))


def _waits(spans: list[TimedSpan]) -> str:
    if not spans:
        return ""
    span = sorted(spans, key=lambda one: one.us)[(len(spans) - 1) // 2]
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

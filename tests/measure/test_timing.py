"""Statistics of spans: laws that hold for any of them."""

from __future__ import annotations

from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.execution import SpanKind, TimedSpan
from mlbench.measure.timing import time_of, waits
from mlbench.results.values import Absent, Time

INFERENCE, INIT = SpanKind.INFERENCE, SpanKind.INIT
us = st.integers(0, 2**32 - 1).map(float)
spans = st.lists(us, min_size=1, max_size=40)
kinds = st.sampled_from([INFERENCE, INIT])


def timed(values: list[float], resolution_us: float | None = None, kind: SpanKind = INFERENCE) -> Time:
    # Cycles tell spans of equal length apart; the other kind's must not get in.
    marks = [TimedSpan(kind, value, cycles=index) for index, value in enumerate(values)]
    others = [TimedSpan(INIT if kind is INFERENCE else INFERENCE, 1e15)]
    found = time_of((*others, *marks, *others), kind, "", resolution_us)
    assert isinstance(found, Time)
    return found


def test_without_a_span_the_reason_is_given() -> None:
    for resolution in (None, 1.0):
        assert time_of((TimedSpan(INIT, 3.0),), INFERENCE, "was not called", resolution) == Absent(
            "was not called"
        )


@given(spans, kinds)
def test_counted_times_have_nothing_of_a_clock(values: list[float], kind: SpanKind) -> None:
    found = timed(values, None, kind)
    assert (found.first_us, found.mad_us, found.resolution_us) == (None, None, None)
    assert found.count == found.runs == len(values)
    assert (found.minimum_us, found.maximum_us) == (min(values), max(values))


@given(spans, kinds, st.sampled_from([None, 1.0, 4.0]))
def test_the_median_is_that_of_all_spans_and_its_cycles_are_of_the_middle(
    values: list[float], kind: SpanKind, resolution: float | None
) -> None:
    timed_spans = timed(values, resolution, kind)
    chosen = values if timed_spans.first_us is None else values[1:]
    assert timed_spans.median_us == median(chosen)
    assert timed_spans.cycles is not None
    if len(chosen) % 2:
        assert values[timed_spans.cycles] == timed_spans.median_us


def test_an_even_count_has_the_mean_of_the_middle_two_in_cycles_too() -> None:
    marks = [TimedSpan(INFERENCE, us, cycles=cycles) for us, cycles in ((4.0, 256), (2.0, 128), (1.0, 64))]
    even = time_of((*marks, TimedSpan(INFERENCE, 9.0, cycles=577)), INFERENCE, "")
    assert isinstance(even, Time)
    assert (even.median_us, even.cycles, even.instructions) == (3.0, 192, None)


@given(st.lists(us, min_size=2, max_size=40))
def test_of_several_inferences_on_a_board_the_first_is_told_apart(values: list[float]) -> None:
    first, *rest = values
    found = timed(values, 1.0)
    assert (found.first_us, found.count, found.runs) == (first, len(rest), len(values))
    alone = timed(rest)
    assert (found.median_us, found.minimum_us, found.maximum_us) == (
        (alone.median_us, alone.minimum_us, alone.maximum_us)
    )


@pytest.mark.parametrize("kind", [INFERENCE, INIT])
@given(us)
def test_a_single_span_is_the_median_itself(kind: SpanKind, value: float) -> None:
    found = timed([value], 1.0, kind)
    assert (found.median_us, found.count, found.runs) == (value, 1, 1)
    assert found.first_us is None
    assert found.mad_us is None, "how far it spreads is not known, which is not 0"


@given(spans)
def test_no_initialization_is_told_apart(values: list[float]) -> None:
    found = timed(values, 1.0, INIT)
    assert (found.first_us, found.count) == (None, len(values))


@given(st.lists(us, min_size=3, max_size=40))
def test_half_of_the_spans_lie_within_the_deviation(values: list[float]) -> None:
    found, rest = timed(values, 1.0), values[1:]
    assert found.mad_us is not None
    assert found.mad_us == median(abs(value - found.median_us) for value in rest)
    assert 0 <= found.mad_us <= found.maximum_us - found.minimum_us
    distances = [abs(value - found.median_us) for value in rest]
    assert 2 * sum(distance <= found.mad_us for distance in distances) >= len(rest)
    assert 2 * sum(distance >= found.mad_us for distance in distances) >= len(rest)


@given(st.lists(us, min_size=3, max_size=40), st.integers(0, 10**6), st.integers(1, 1000))
def test_statistics_move_and_scale_with_the_spans(values: list[float], shift: int, factor: int) -> None:
    one, other = timed(values, 1.0), timed([value * factor + shift for value in values], 1.0)
    assert one.mad_us is not None
    assert other.median_us == one.median_us * factor + shift
    assert other.mad_us == one.mad_us * factor


@given(st.lists(us, min_size=3, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_the_rest_is_no_matter(values: list[float], random: Random) -> None:
    mixed = values[1:]
    random.shuffle(mixed)
    one, other = timed(values, 1.0), timed([values[0], *mixed], 1.0)
    for name in ("median_us", "minimum_us", "maximum_us", "count", "first_us", "mad_us"):
        assert getattr(one, name) == getattr(other, name)


@given(us, us, st.integers(3, 12))
def test_one_outlier_does_not_move_the_deviation(value: float, outlier: float, many: int) -> None:
    """Which is why this, and not the range, says how far a board's times spread."""
    assert timed([value] * many, 1.0).mad_us == 0
    assert timed([*[value] * many, outlier], 1.0).mad_us == 0


def waiting(kind: SpanKind, us: float, **cycles: int) -> TimedSpan:
    return TimedSpan(kind, us, cycles=1000, waits=tuple(cycles.items()))


def test_waits_are_told_of_the_inference_that_is_the_median() -> None:
    spans = (
        waiting(INIT, 1.0, UARTE0=499),
        waiting(INFERENCE, 1.0),
        waiting(INFERENCE, 9.0, UARTE0=1000),
        waiting(INFERENCE, 5.0, SAADC=300, TIMER1=200, RTC1=300, GPIOTE=49),
    )
    assert waits(spans) == (
        "inference spends its time waiting: 50 % asleep, as in delay(), 30 % waiting for SAADC",
    )


@given(st.lists(st.tuples(kinds, us), max_size=9))
def test_times_without_cycles_tell_of_no_waiting(values: list[tuple[SpanKind, float]]) -> None:
    assert waits(tuple(TimedSpan(kind, value) for kind, value in values)) == ()

"""Emulated times are judged in the canonical layout where both sides were measured in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from comparables import MHZ, emulated, result
from hypothesis import given
from hypothesis import strategies as st

from mlbench.compare import compare
from mlbench.core.call_tree import CallPath, CallTree
from mlbench.core.measures import FUNCTION, INFERENCE_TIME
from mlbench.results.comparison import Delta, Limit, Threshold, Verdict
from mlbench.results.values import CanonicalTime, Time
from mlbench.suite.thresholds import Thresholds

LIMITS = Thresholds(((INFERENCE_TIME, Threshold(Limit(percent=1), Limit(percent=5))),))
BAND = 16
"""Cycles that say nothing."""


def canonical(shipped: int, cycles: int, placement: int = 0) -> Time:
    return replace(emulated(shipped), canonical=CanonicalTime(cycles, placement))


def judged(base: Time, head: Time, thresholds: Thresholds = LIMITS) -> Delta:
    sides = [result(inference_time=time) for time in (base, head)]
    deltas = compare(sides[:1], sides[1:], thresholds).jobs[0].deltas
    return next(delta for delta in deltas if delta.measure == INFERENCE_TIME)


def test_figures_are_those_of_the_shipped_layout_and_the_verdict_is_that_of_the_canonical_one():
    delta = judged(canonical(64_000, 70_400, 6_400), canonical(63_360, 77_440, 6_400))
    assert delta.base is not None
    assert delta.head is not None
    assert (delta.base.value, delta.head.value) == (1000, 990)
    assert (delta.change, delta.percent) == (110, pytest.approx(11.0))
    assert delta.verdict is Verdict.FAIL


def test_a_limit_that_only_the_shipped_layout_exceeds_is_told_and_does_not_warn():
    delta = judged(canonical(64_000, 64_000), canonical(70_400, 64_000))
    assert (delta.verdict, delta.change) == (Verdict.NOISE, 0)
    assert "over the limit for failing in the shipped layout" in delta.note
    # Without a canonical layout, nothing tells that the layout alone did it.
    assert judged(replace(emulated(64_000, 640)), emulated(70_400, 7_040)).verdict is Verdict.WARN


def test_a_side_without_it_has_both_judged_as_they_were_shipped():
    base, head = canonical(64_000, 1_000), emulated(67_200)
    assert judged(base, head).change == 50
    assert judged(head, base).change == -50


def test_as_shipped_data_that_lie_elsewhere_say_nothing_either():
    base, head = (replace(emulated(64_000 + more), data_placement=8_000 + more) for more in (0, 480))
    assert judged(base, head).verdict is Verdict.NOISE
    assert judged(base, replace(head, data_placement=8_000)).verdict is Verdict.WORSE


def test_a_function_is_judged_in_the_canonical_layout_too():
    """Calls of the shipped layout say what it takes there; what is judged is what it takes in the other."""

    def time(shipped: int, judged_cycles: int) -> Time:
        tree = CallTree((CallPath(-1, "infer", 1000, 1), CallPath(0, "dot", shipped, 10)))
        layout = CanonicalTime(90_000, 0, (("infer", 1000 + judged_cycles), ("dot", judged_cycles)))
        return replace(emulated(100_000), calls=tree, canonical=layout)

    key = f"{FUNCTION}dot"
    limits = Thresholds(((key, Threshold(fail=Limit(percent=5))),))

    def delta(base: Time, head: Time) -> Delta:
        sides = [result(inference_time=each) for each in (base, head)]
        deltas = compare(sides[:1], sides[1:], limits).jobs[0].deltas
        return next(each for each in deltas if each.measure == key)

    found = delta(time(6400, 6400), time(7040, 6400))
    assert (found.verdict, found.change) == (Verdict.NOISE, 0)
    assert found.head is not None
    assert found.head.value == 110
    assert delta(time(6400, 6400), time(6400, 7040)).verdict is Verdict.FAIL
    assert delta(time(6400, 6400), time(6400, 6416)).verdict is Verdict.NOISE


@given(st.integers(100, 10_000_000), st.integers(-100, 100))
def test_so_many_cycles_say_nothing_and_more_do(cycles: int, moved: int) -> None:
    delta = judged(emulated(cycles), emulated(cycles + moved), Thresholds())
    quiet = (Verdict.UNCHANGED, Verdict.NOISE)
    assert (delta.verdict in quiet) == (abs(moved) <= BAND)
    assert delta.change == pytest.approx(moved / MHZ)


@given(*[st.integers(100, 10_000_000)] * 4, st.integers(-1000, 1000))
def test_swapped_sides_negate_the_change(a: int, b: int, c: int, d: int, placement: int) -> None:
    base, head = canonical(a, b, placement), canonical(c, d)
    there, back = judged(base, head).change, judged(head, base).change
    assert there is not None
    assert back == pytest.approx(-there)

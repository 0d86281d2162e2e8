"""Modelled times are shown with the digits that count, and with how far a board may be from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import samples

from mlbench.compare import compare
from mlbench.core.execution import CycleBasis
from mlbench.core.measures import INFERENCE_TIME
from mlbench.reports.wording import change, sides_text, time_text
from mlbench.results.values import Time


def _time(us: float, basis: CycleBasis | None) -> Time:
    return Time(us, us, us, 1, cycles=round(64 * us), basis=basis)


def _basis(cycles: int, assumed: int, percent: int) -> CycleBasis:
    return CycleBasis(cycles - assumed, 0, 0, assumed, percent)


@pytest.mark.parametrize(
    ("us", "text"),
    [(41.4, "0.041"), (595.0, "0.595"), (1191.2, "1.19"), (91515.0, "91.5"), (635955.0, "636"),
     (1675691.0, "1,680"),
     (0.2, "0.0002")],
)  # fmt: skip
def test_three_digits_are_shown(us: float, text: str) -> None:
    time = _time(us, _basis(100, 0, 10))
    assert time_text(time, 10) == text
    assert time_text(time) == f"{text} ±10 %", "the band is told where the column does not"


def test_a_clocks_time_keeps_its_digits() -> None:
    assert time_text(_time(91515.1, None), 10) == "91.515"


@pytest.mark.parametrize(("assumed", "text"), [(10, "91.5 ±10 %"), (11, "~91.5 ±16 %")])
def test_a_time_that_rests_on_an_assumption_is_marked(assumed: int, text: str) -> None:
    """From more than a tenth of its cycles on."""
    assert time_text(_time(91515.0, _basis(100, assumed, 10 if assumed == 10 else 16))) == text


def test_a_change_says_how_far_a_board_may_be() -> None:
    """The unit has the band where one fits both sides; else each figure has its own."""
    base, head = (
        replace(samples.result("kws"), measures=replace(samples.result("kws").measures, inference_time=time))
        for time in (_time(91515.0, _basis(100, 0, 10)), _time(87157.0, _basis(100, 50, 16)))
    )
    alike, apart = (
        next(delta for delta in compare([base], [other]).jobs[0].deltas if delta.measure == INFERENCE_TIME)
        for other in (base, head)
    )
    assert sides_text(alike, " -> ") == "91.5 -> 91.5 ms ±10 %"
    assert sides_text(apart, " -> ") == "91.5 ±10 % -> ~87.2 ±16 % ms"
    assert change(apart).startswith("−4.36 ("), "a change has as many digits as its sides"

"""Modelled times are shown with the digits that count, and with how far a board may be from them."""

from __future__ import annotations

import pytest

from mlbench.core.execution import CycleBasis
from mlbench.reports.wording import time_text
from mlbench.results.values import Time


def _time(us: float, basis: CycleBasis | None) -> Time:
    return Time(us, us, us, 1, cycles=round(64 * us), basis=basis)


def _basis(cycles: int, assumed: int, percent: int) -> CycleBasis:
    return CycleBasis(cycles - assumed, 0, 0, assumed, percent)


@pytest.mark.parametrize(
    ("us", "text"),
    [(41.4, "0.041"), (595.0, "0.595"), (1191.2, "1.19"), (91515.0, "91.5"), (635955.0, "636"),
     (1675691.0, "1,680"),
     (0.2, "0.000")],
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

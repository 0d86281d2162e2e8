"""The search for a limit where runs are dear and one of them may lie."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.execution import Outcome, PredictedLimit, Probe, RunResult
from mlbench.measure.ram import RamOptions
from mlbench.measure.ram_on_board import measure_confirmed
from mlbench.measure.ram_search import near
from mlbench.measure.reference import Reference
from mlbench.results.values import Absent, UnusedRam

SIZES = st.integers(0, 262_144)


def passed(outcome: Outcome = Outcome.PASSED) -> RunResult:
    return RunResult(outcome, "" if outcome is Outcome.PASSED else "it hung", b"", (), 1000.0, lines=())


class Board:
    """A board with a limit, whose ``lie``-th run says the opposite."""

    exact, resolution_us, method = False, 1.0, "functions"

    def __init__(self, limit: int, predicted_limit: PredictedLimit | None = None, lie: int = -1) -> None:
        self.limit, self._predicted_limit, self._lie, self.tried = limit, predicted_limit, lie, []

    def run(self, probe: Probe, deadline_us: float) -> RunResult:
        assert probe.alloc is not None
        assert deadline_us > 0
        good = (probe.alloc <= self.limit) != (len(self.tried) == self._lie)
        self.tried.append(probe.alloc)
        return passed(Outcome.PASSED if good else Outcome.HUNG)

    def predicted_limit(self) -> PredictedLimit | None:
        return self._predicted_limit

    def replay(self) -> None:
        return None

    def remarks(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        pass


def measured(board: Board, search: str = "replay", low: int = 0, high: int = 262_144) -> UnusedRam | Absent:
    reference = Reference(passed(), lambda _: passed())
    return measure_confirmed(board, reference, RamOptions(search, low, high))


@given(limit=SIZES, guess=st.none() | st.integers(-5, 300_000), low=SIZES, high=SIZES)
def test_the_edge_is_found_from_any_guess(limit: int, guess: int | None, low: int, high: int) -> None:
    low, high = min(low, high), max(low, high)
    asked = []
    edge = near(lambda size: not asked.append(size) and size <= limit, guess, low, high)
    assert edge == (None if limit < low else min(limit, high))
    assert all(low <= size <= high for size in asked)
    assert len(asked) <= 40


@given(st.integers(0, 262_142))
def test_where_the_guess_is_right_four_probes_settle_it(limit: int) -> None:
    board = Board(limit, PredictedLimit(limit, ((limit + 5, limit + 9),), certified=True))
    found = measured(board)
    assert isinstance(found, UnusedRam)
    assert (found.bytes, found.certified, found.full_runs) == (limit, True, 5)
    assert found.islands == ((limit + 5, limit + 9),)
    assert board.tried == [limit, limit + 1, limit, limit + 1]


@given(limit=st.integers(0, 262_142), off=st.integers(-9000, 9000).filter(bool))
def test_what_was_foretold_wrongly_certifies_nothing(limit: int, off: int) -> None:
    found = measured(Board(limit, PredictedLimit(max(0, limit + off), certified=True)))
    assert isinstance(found, UnusedRam)
    assert found.bytes == limit
    assert found.certified == (max(0, limit + off) == limit)


@given(limit=st.integers(0, 262_142), lie=st.integers(0, 30), off=st.sampled_from([0, 0, -16, 900]))
def test_one_run_that_lies_changes_no_limit(limit: int, lie: int, off: int) -> None:
    board = Board(limit, PredictedLimit(max(0, limit + off)), lie)
    found = measured(board)
    if isinstance(found, Absent):
        # Only what is tried once: that nothing fits at all, or all does.
        assert "already" in found.reason or "the most that was tried" in found.reason
    else:
        assert found.bytes == limit


def test_a_board_that_cannot_decide_has_no_limit() -> None:
    class Fickle(Board):
        def run(self, probe: Probe, deadline_us: float) -> RunResult:
            good = len(self.tried) % 3 == 0
            self.tried.append(probe.alloc)
            return passed(Outcome.PASSED if good else Outcome.HUNG)

    found = measured(Fickle(1000, PredictedLimit(1000)))
    assert isinstance(found, Absent)
    assert "malloc(1000) gave now one outcome, now another in 9 runs" in found.reason


def test_bisection_asks_nobody_for_a_guess() -> None:
    board = Board(5000, PredictedLimit(5000))
    found = measured(board, "faithful", 4000, 6000)
    assert isinstance(found, UnusedRam)
    assert found.bytes == 5000
    assert board.tried[:2] == [4000, 6000]

"""Whatever goes wrong between a board and its computer: the right figures, or a clear word."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import in_process
import pytest
from board_sketches import Measured, Sketch

from mlbench.errors import EnvironmentFault
from mlbench.results.values import Absent
from mlbench.simulated.faults import Faults
from mlbench.targets.board.records import SPARE_SECONDS

CLOSE_US = 3.0
"""Times of one image on one board differ by the phase of its clock."""


def check(sketch: Sketch, found: Measured) -> str:
    """Hold figures against the emulator's; what became of the run, in a word."""
    measures = found.profile.measures
    if found.profile.failure is not None:
        assert found.profile.failure.message
        return "failed"
    assert measures.flash == sketch.emulated.measures.flash
    words = []
    if isinstance(measures.unused_ram, Absent):
        words += ["no limit"] * (measures.unused_ram.reason != "not asked for")
    else:
        assert measures.unused_ram.bytes == sketch.limit, found.profile.notes
    for name in ("init_time", "inference_time"):
        mine, its = getattr(measures, name), getattr(sketch.emulated.measures, name)
        if isinstance(mine, Absent):
            words += ["no time"] * (not isinstance(its, Absent))
        else:
            assert mine.median_us == pytest.approx(its.median_us, rel=0.02, abs=CLOSE_US), name
    return " and ".join(words) or "right"


@pytest.mark.parametrize(
    ("faults", "happens"),
    [
        (Faults(), ""),
        (Faults(drop=0.004), "drop"),
        (Faults(double=0.004), "double"),
        (Faults(garbage=0.004), "garbage"),
        (Faults(reset=700), "reset"),
        (Faults(reset=2500), "reset"),
        (Faults(gone=700), "gone"),
        (Faults(gone=2500), "gone"),
        (Faults(upload=2), "upload"),
        (Faults(slow=0.5), "slow"),
    ],
    ids=str,
)
def test_one_fault_changes_nothing(
    small: Sketch, on_board: Callable[..., Measured], faults: Faults, happens: str
) -> None:
    found = on_board(small, faults, seed=3)
    assert check(small, found) == "right"
    assert not happens or found.board.simulated.counts[happens]


def test_a_board_that_hangs_before_its_watchdog_runs_needs_a_person(
    small: Sketch, on_board: Callable[..., Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_process, "TRIES", 1)
    with pytest.raises(EnvironmentFault) as caught:
        on_board(small, Faults(hang=70))
    assert caught.value.do


@pytest.mark.parametrize("after", [1500, 2500, 4000])
def test_a_hang_later_on_is_ended_by_the_watchdog_or_told(
    static: Sketch, on_board: Callable[..., Measured], after: int
) -> None:
    try:
        found = on_board(static, Faults(hang=after))
    except EnvironmentFault:
        return  # it came while no watchdog was awake
    assert check(static, found) == "right"


def test_a_wrong_rate_is_named(small: Sketch, on_board: Callable[..., Measured]) -> None:
    with pytest.raises(EnvironmentFault, match="is its baud rate right"):
        on_board(small, Faults(baud=9600))


MIXTURES, IN_ONE_TEST = 200, 10
KINDS = ("drop", "double", "garbage", "hang", "reset", "gone", "upload", "slow")


def mixture(source: random.Random) -> Faults:
    """Two or three faults, each strong enough to happen in most runs."""
    amounts = {
        "drop": source.uniform(0.001, 0.01),
        "double": source.uniform(0.001, 0.01),
        "garbage": source.uniform(0.001, 0.01),
        "hang": source.randrange(100, 2500),
        "reset": source.randrange(100, 2500),
        "gone": source.randrange(100, 2500),
        "upload": source.randrange(1, 3),
        "slow": source.uniform(0.05, 0.2),
    }
    return Faults(**{name: amounts[name] for name in source.sample(KINDS, source.choice((2, 3)))})


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, MIXTURES, IN_ONE_TEST))
def test_random_mixtures_give_the_right_figures_or_none(
    static: Sketch, on_board: Callable[..., Measured], first: int
) -> None:
    def one(seed: int) -> tuple[str, Counter[str]]:
        faults, search = mixture(random.Random(seed)), "replay" if seed % 2 else "none"
        try:
            # A line on which every hundredth byte is lost takes its time.
            found = on_board(static, faults, seed, spare=SPARE_SECONDS, ram_search=search)
        except EnvironmentFault as error:
            return f"seed {seed}: {faults}, --ram-search {search}: error: {error}", Counter()
        word, counts = check(static, found), found.board.simulated.counts
        return f"seed {seed}: {faults}, --ram-search {search}: {word}", counts

    became = [one(seed) for seed in range(first, first + IN_ONE_TEST)]
    print(*(text for text, _ in became), sep="\n")
    # Without a hang they come through; a hung board that heeds no touch needs a person.
    through = [counts for text, counts in became if "error:" not in text]
    assert sum("error:" in text and "hang=0," in text for text, _ in became) <= 1
    assert sum(any(counts[name] for name in KINDS) for counts in through) >= 0.5 * len(through)


@pytest.mark.parametrize("kind", KINDS)
def test_mixtures_have_every_kind(kind: str) -> None:
    """So that none of the faults is left out of what the test above has tried."""
    assert sum(bool(getattr(mixture(random.Random(seed)), kind)) for seed in range(MIXTURES)) > 30

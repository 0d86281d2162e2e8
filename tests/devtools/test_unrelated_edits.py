"""Edits that change nothing of what is measured lead to no verdict; small real changes are seen."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mlbench.devtools.unrelated_edits import SKETCHES, EditTrial
from mlbench.results.comparison import Verdict
from mlbench.util.settings import Settings

SAMPLES = Path(__file__).parents[2] / "sketches"
QUICK = tuple(name for name in SKETCHES if name.startswith("keyword"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> EditTrial:
    return EditTrial(SAMPLES, tmp_path_factory.mktemp("edits"), QUICK, Settings())


def test_unrelated_edits_lead_to_no_verdict(trial: EditTrial) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    outcomes = list(trial.unrelated(seed, range(20)))
    assert len(outcomes) == 20
    assert [str(outcome) for outcome in outcomes if outcome.error or outcome.verdicts] == []


def test_a_kernel_that_is_a_thousandth_slower_is_seen(trial: EditTrial) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    for outcome in trial.slowed(seed, range(1000, 1003)):
        assert not outcome.error
        slower = outcome.deltas[1]
        assert slower.verdict is Verdict.WORSE, str(outcome)
        # The compiler may make more of the kernel than was meant.
        assert slower.percent is not None
        assert slower.percent > 0.05


def test_a_loop_is_judged_with_the_sign_of_its_time(trial: EditTrial) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    for name, delta, moved in trial.loops(seed, 6):
        assert (delta.change or 0) * moved > 0, name

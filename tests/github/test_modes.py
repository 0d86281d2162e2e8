from __future__ import annotations

import pytest

from mlbench.github.modes import MODES, worth_a_comment
from mlbench.results.comparison import Comparison, Delta, JobChange, JobState, Limit, Side, Threshold, Verdict

LIMIT = Threshold(fail=Limit(percent=5))


def comparison(
    verdict: Verdict, state: JobState = JobState.COMPARED, threshold: Threshold = LIMIT
) -> Comparison:
    delta = Delta("flash", None, None, verdict=verdict, threshold=threshold)
    job = JobChange("kws", "nano33ble", "emulator", state, (delta,))
    return Comparison((job,), head=Side(), base=Side())


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (comparison(Verdict.UNCHANGED), "100"),
        (comparison(Verdict.NOISE), "100"),
        (comparison(Verdict.BETTER), "110"),
        (comparison(Verdict.WORSE), "110"),
        (comparison(Verdict.WORSE, threshold=Threshold()), "111"),
        (comparison(Verdict.WARN), "111"),
        (comparison(Verdict.FAIL), "111"),
        (comparison(Verdict.ACCEPTED), "111"),
        (comparison(Verdict.NOT_COMPARED, JobState.NEW), "110"),
        (comparison(Verdict.NOT_COMPARED, JobState.REMOVED), "110"),
        (comparison(Verdict.NOT_COMPARED, JobState.FIXED), "110"),
        (comparison(Verdict.NOT_COMPARED, JobState.BROKEN), "111"),
        (comparison(Verdict.NOT_COMPARED, JobState.FAILED), "100"),
        (comparison(Verdict.NOT_COMPARED, JobState.SKIPPED), "100"),
        (comparison(Verdict.WORSE, JobState.FAILED), "110"),
    ],
)
def test_each_mode_makes_a_comment_for_what_it_says(made: Comparison, expected: str) -> None:
    assert MODES == ("always", "changes", "regressions", "never")
    assert "".join(str(int(worth_a_comment(mode, made))) for mode in MODES) == f"{expected}0"


def test_what_is_missing_is_worth_one() -> None:
    assert [worth_a_comment(mode, comparison(Verdict.UNCHANGED), ["a job"]) for mode in MODES] == [
        *(True, True, True, False)
    ]

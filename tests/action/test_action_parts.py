"""Parts of a report: read from artifacts that anybody may have written, and put together."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from mlbench.action.figures import measures_json
from mlbench.action.partial_report import (
    ARTIFACT,
    PartialReport,
    absent_jobs,
    artifact_name,
    from_json,
    merged,
    newest,
    shown_key,
    to_json,
)
from mlbench.action.report import worth_a_comment
from mlbench.compare import compare
from mlbench.errors import UsageError
from mlbench.reports.formats import FORMATS, Heading
from mlbench.results.comparison import Comparison, Delta, JobChange, JobState, Side, Verdict
from mlbench.results.values import Absent, Flash, Measures, Result, Status

PART = PartialReport(key='{"b":"x"}', job="measure", run_id=5, run_attempt=1, head_sha="a" * 40, status=0)


def result(sketch: str, flash: int) -> Result:
    absent = Absent("not asked for")
    measures = Measures(Flash(flash, ()), absent, absent, absent, absent)
    return Result(sketch, "a:b:c", "emulator", Status.OK, measures)


def comparison(sketch: str = "blink", change: int = 0, notes: tuple[str, ...] = ()) -> Comparison:
    base, head = [result(sketch, 100)], [result(sketch, 100 + change)]
    return compare(base, head, base_side=Side("b" * 40), head_side=Side("a" * 40), notes=notes)


def test_a_part_comes_through() -> None:
    part = replace(PART, comparison=comparison(change=3), index=1, total=2, pull=9)
    assert from_json(to_json(part), "x") == part
    assert from_json(to_json(PART), "x") == PART


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "mlbench/part/2"},
        {"run_id": "5"},
        {"run_id": 10**40},
        {"head_sha": "not one"},
        {"status": 99},
        {"key": "x" * 5000},
        {"comparison": {"schema": "mlbench/comparison/1"}},
        {"comparison": []},
        {"index": -1},
    ],
)
def test_what_is_no_part_is_refused(change: dict[str, object]) -> None:
    data = {**json.loads(to_json(PART)), **change}
    with pytest.raises(UsageError, match="artifact x"):
        from_json(json.dumps(data), "artifact x")


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"schema": "mlbench/part/1"}'])
def test_neither_is_any_other_text(text: str) -> None:
    with pytest.raises(UsageError):
        from_json(text, "x")


@given(st.text(max_size=50), st.text(max_size=50), st.integers(1, 99999))
def test_names_of_artifacts_fit_what_is_looked_for(key: str, job: str, attempt: int) -> None:
    name = artifact_name(key, job, attempt)
    assert ARTIFACT.fullmatch(name)
    assert name != artifact_name(key, job, attempt + 1)
    assert name != artifact_name(key + "x", job, attempt)


def test_the_newest_attempt_of_each_leg() -> None:
    parts = [
        replace(PART, key="a", index=1, run_attempt=1, error="first"),
        replace(PART, key="b", index=0, run_attempt=1),
        replace(PART, key="a", index=1, run_attempt=3),
        replace(PART, key="a", index=1, run_attempt=2, error="second"),
    ]
    assert [(part.key, part.run_attempt, part.error) for part in newest(parts)] == [
        ("b", 1, ""),
        ("a", 3, ""),
    ]


def test_jobs_that_uploaded_nothing_are_named() -> None:
    parts = [replace(PART, key=str(index), index=index, total=4) for index in (0, 2)]
    assert absent_jobs(parts) == ("job 2 of 4 of measure", "job 4 of 4 of measure")
    assert absent_jobs([PART]) == ()


def test_legs_become_one_comparison() -> None:
    one = replace(PART, key='{"b":"x"}', comparison=comparison("blink", 1, ("same", "of one")))
    two = replace(PART, key='{"b":"y"}', comparison=comparison("glow", 0, ("same",)))
    failed = replace(PART, key='{"b":"z"}', error="no compiler", status=4)
    both = merged([one, two, failed])
    assert both is not None
    assert [job.sketch for job in both.jobs] == ["blink", "glow"]
    assert both.notes == ("same", "x: of one")
    assert merged([failed]) is None
    # Jobs that measured the same sketch on the same board differ in something the results do not hold.
    twice = merged([one, replace(two, comparison=comparison("blink", 2))])
    assert twice is not None
    assert [job.sketch for job in twice.jobs] == ["blink (x)", "blink (y)"]


def test_keys_for_people() -> None:
    assert shown_key('{"board":"nano","version":1.5,"none":""}') == "nano, 1.5"
    assert shown_key("plain\n::error::") == "plain\\n::error::"
    assert shown_key("") == ""
    assert shown_key('["a"]') == '["a"]'


def job(verdict: Verdict, state: JobState = JobState.COMPARED) -> Comparison:
    deltas = (Delta("flash", None, None, verdict=verdict),)
    return Comparison((JobChange("blink", "b", "emulator", state, deltas),), Side())


@pytest.mark.parametrize(
    ("comparison", "changes", "regressions"),
    [
        (job(Verdict.UNCHANGED), False, False),
        (job(Verdict.NOISE), False, False),
        (job(Verdict.NOT_COMPARED), False, False),
        (job(Verdict.BETTER), True, False),
        (job(Verdict.WORSE), True, True),
        (job(Verdict.FAIL), True, True),
        (job(Verdict.ACCEPTED), True, True),
        (job(Verdict.NOT_COMPARED, JobState.NEW), True, False),
        (job(Verdict.NOT_COMPARED, JobState.BROKEN), True, True),
        (job(Verdict.NOT_COMPARED, JobState.FAILED), False, False),
    ],
)
def test_when_there_is_enough_to_say(comparison: Comparison, changes: bool, regressions: bool) -> None:
    assert worth_a_comment("changes", comparison) is changes
    assert worth_a_comment("regressions", comparison) is regressions
    assert worth_a_comment("always", comparison)
    assert worth_a_comment("regressions", comparison, ["a job"])


def test_figures_are_json_of_bounded_length() -> None:
    several = merged([replace(PART, key=str(n), comparison=comparison(f"s{n}", 1)) for n in range(30)])
    whole = json.loads(measures_json(several))
    assert len(whole) == 30
    assert whole[0]["flash"] == {"base": 100, "head": 101, "change": 1, "percent": 1, "verdict": "worse"}
    short = measures_json(several, limit=2000)
    assert len(short) <= 2000
    assert 0 < len(json.loads(short)) < 30
    assert measures_json(None) == "[]"


STRANGE = (
    None,
    True,
    -1,
    -1.5,
    1.0,
    3.5,
    2**53,
    "",
    "x",
    [],
    [[]],
    [1, 2],
    ["a", "b"],
    [["a", "b"]],
    {},
    {"absent": 3},
)


def spots(data: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in plain data: what holds it, and its key there."""
    for key in data if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], (dict, list)):
            yield from spots(data[key])


def test_no_part_raises_anything_else() -> None:
    """A part with anything in any place is read and reported, or refused in one line."""
    seed = 20261130
    print(f"seed {seed}")
    choice = random.Random(seed)
    text = to_json(replace(PART, comparison=samples.everything(), index=1, total=2, pull=9))
    count = len(list(spots(json.loads(text))))
    refused = 0
    for number in range(600):
        data = json.loads(text)
        holder, key = list(spots(data))[choice.randrange(count)]
        holder[key] = strange = choice.choice(STRANGE)
        try:
            part = from_json(json.dumps(data), "x")
        except UsageError as error:
            refused += len(str(error).splitlines())
            continue
        except Exception as error:
            raise AssertionError(f"{number}: {key} = {strange!r}") from error
        if part.comparison is None:
            continue
        try:
            measures_json(part.comparison)
            for form in FORMATS:
                form.write(part.comparison, Heading())
            assert from_json(to_json(part), "x") == part
        except Exception as error:
            raise AssertionError(f"{number}: {key} = {strange!r}") from error
    assert 300 < refused < 600

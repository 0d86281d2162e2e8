"""What the job that reports posts, and what it does where GitHub does not do as it should: run by act."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from act_bench import TOKEN, Stage
from fake_faults import Fault, Reply
from fake_state import READ_ONLY, Run
from scenes import REPORT, Scene, workflow_run
from stand_ins import REPOSITORY, ROOT


def reported(scene: Scene, part: dict[str, Any], **more: Any) -> tuple[Run, Any]:
    run = scene.new_run()
    scene.hand_in(run, part)
    return run, scene.report(run, **more)


def test_a_report_job_is_as_red_as_its_legs(scene: Scene, part: dict[str, Any]) -> None:
    """It is the one that people require: a job's failure must not hide behind it."""
    _, done = reported(scene, part)
    assert done.jobs == {"mlbench": "failure"}, done.log
    assert len(scene.bodies) == 1
    assert done.output("regressed") == "true"


def test_a_run_is_reported_by_its_newest_attempts_and_missing_legs_are_named(
    scene: Scene, part: dict[str, Any]
) -> None:
    run = scene.new_run()
    scene.hand_in(run, part, key="x", index=0, total=3)
    scene.hand_in(
        run, {**part, "comparison": None}, key="y", index=1, total=3, status=4, error="no @compiler"
    )
    run.attempt = 2
    scene.hand_in(run, part, key="y", index=1, total=3)
    done = scene.report(run)
    assert done.jobs == {"mlbench": "failure"}, done.log
    (body,) = scene.bodies
    assert "job 3 of 3 of measure" in body
    assert "compiler" not in body
    assert any("job 3 of 3" in line for line in done.errors())


LOST = (
    """{"measure": {"result": "failure"}, "boards": {"result": "cancelled", "outputs": {"a": "b"}},"""
    """ "lint": {"result": "success"}, "docs": {"result": "skipped"}}"""
)


def test_a_job_that_handed_nothing_in_is_named_by_what_the_report_needs(
    scene: Scene, part: dict[str, Any]
) -> None:
    run = scene.new_run()
    scene.hand_in(run, {**part, "status": 0}, job="measure")
    workflow = REPORT.replace("{mode: report}", f"{{mode: report, fail-on: nothing, needs: '{LOST}'}}")
    done = scene.report(run, workflow=workflow)
    assert done.jobs == {"mlbench": "failure"}, done.log
    (body,) = scene.bodies
    assert "boards (cancelled)" in body
    assert "measure (failure)" not in body, "it has handed in; whether all of it did, the matrix tells"
    assert "lint" not in body
    assert any("without results: boards (cancelled)" in line for line in done.errors())


def test_of_two_racing_creators_one_comment_stays(scene: Scene, part: dict[str, Any]) -> None:
    """Both have found no comment before either has written one."""
    first, second = scene.new_run(), scene.new_run()
    for run in (first, second):
        scene.hand_in(run, part)
    scene.stage.fake.hold("GET", "/issues/1/comments", 2, seconds=60)
    checkouts = [scene.checkout(), scene.checkout()]
    done: list[Any] = [None, None]

    def post(index: int, run: Run) -> None:
        done[index] = scene.report(run, checkout=checkouts[index])

    threads = [threading.Thread(target=post, args=pair) for pair in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert all("comment" in ran.log for ran in done)
    (body,) = scene.bodies
    assert f"run={second.id} " in body


def test_an_older_run_that_finishes_last_changes_nothing(scene: Scene, part: dict[str, Any]) -> None:
    old = scene.new_run()
    scene.hand_in(old, part)
    newer, _ = reported(scene, part)
    (body,) = scene.bodies
    late = scene.report(old)
    assert scene.bodies == [body]
    assert f"run {newer.id} is newer" in late.summary
    # Neither does one whose commit is the pull request's no more.
    scene.stage.fake.repository(REPOSITORY).pulls[1].head_sha = "9" * 40
    gone = scene.report(scene_run := scene.new_run(), payload=scene.payload(head=head_of(scene)))
    assert "every job that measures" in names(gone.errors()), scene_run
    assert scene.bodies == [body]
    scene.hand_in(scene_run, part)
    gone = scene.report(scene_run, payload=scene.payload(head=head_of(scene)))
    assert scene.bodies == [body]
    assert "moved on" in gone.summary


def head_of(scene: Scene) -> dict[str, Any]:
    """The pull request's head as an event told it that is older than the fake's state."""
    found: dict[str, Any] = scene.payload()["pull_request"]["head"]
    return {**found, "sha": scene.head}


def names(lines: list[str]) -> str:
    return "\n".join(lines)


BROKEN: dict[str, Callable[[Stage], str]] = {}


def breaks(name: str) -> Callable[[Callable[[Stage], str]], Callable[[Stage], str]]:
    def keep(function: Callable[[Stage], str]) -> Callable[[Stage], str]:
        BROKEN[name] = function
        return function

    return keep


@breaks("a token that may only read")
def _read_only(stage: Stage) -> str:
    stage.fake.tokens[TOKEN].rights = READ_ONLY
    return "pull-requests: write"


@breaks("a conversation that is locked")
def _locked(stage: Stage) -> str:
    stage.fake.repository(REPOSITORY).pulls[1].locked = True
    return "locked"


@breaks("an answer of 422")
def _unprocessable(stage: Stage) -> str:
    stage.fake.fault(Fault("POST", "/comments", times=-1, reply=Reply.error(422, "Validation Failed")))
    return "422"


@breaks("comments that cannot be listed")
def _down(stage: Stage) -> str:
    stage.fake.fault(Fault("", "/comments", times=-1, reply=Reply.error(503, "Unavailable")))
    return "503"


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_posted_stands_in_the_summary(scene: Scene, part: dict[str, Any], name: str) -> None:
    part["comparison"]["accepted"] = "a test"
    for job in part["comparison"]["jobs"]:
        for delta in job["deltas"]:
            delta["verdict"] = delta["verdict"].replace("fail", "worse")
    part["comparison"]["regressed"] = False
    said = BROKEN[name](scene.stage)
    _, done = reported(scene, part)
    assert done.jobs == {"mlbench": "success"}, done.log
    assert scene.bodies == []
    assert "no comment" in done.summary
    assert said in done.summary
    assert "blink" in done.summary


def test_a_report_without_the_right_to_read_parts_says_which(scene: Scene, part: dict[str, Any]) -> None:
    private = scene.stage.fake.repository(REPOSITORY)
    private.private = True
    scene.stage.fake.tokens[TOKEN].rights = {"contents": "read", "pull-requests": "write"}
    _, done = reported(scene, part)
    assert done.jobs == {"mlbench": "failure"}, done.log
    (line,) = done.errors()
    assert "actions: read" in line


def test_a_stranger_cannot_choose_the_pull_request(scene: Scene, part: dict[str, Any]) -> None:
    """The part names another one, another head, somebody who accepted; the event says whose it was."""
    scene.stage.fake.pull(REPOSITORY, 2, head_sha="2" * 40)
    pull = scene.stage.fake.repository(REPOSITORY).pulls[1]
    pull.head_repository = scene.stage.fake.repository("stranger/demo", fork_of=REPOSITORY)
    run = scene.new_run(fork="stranger/demo")
    part["comparison"] |= {"accepted": "the maintainer said so", "regressed": False}
    part["comparison"]["head"]["commit"] = "c" * 40
    for job in part["comparison"]["jobs"]:
        for delta in job["deltas"]:
            delta["verdict"] = delta["verdict"].replace("fail", "accepted")
    scene.hand_in(run, part, pull=2)
    scene.hand_in(run, part, key="forged", run_id=1)
    posting = shown_workflow()
    payload = workflow_run(scene.stage, run)
    done = scene.report(
        scene.new_run("workflow_run"), event="workflow_run", payload=payload, workflow=posting
    )
    assert done.jobs == {"post": "success"}, done.log
    (body,) = scene.bodies
    assert "said so" not in body
    assert "c" * 7 not in body
    assert done.output("regressed") == "true"
    assert scene.stage.fake.bodies(REPOSITORY, 2) == []
    pull.state = "closed"
    again = scene.report(
        scene.new_run("workflow_run"), event="workflow_run", payload=payload, workflow=posting
    )
    assert "no open pull request" in again.summary
    # A run that was cancelled has uploaded nothing; one of our own branch posts itself.
    empty = scene.report(
        scene.new_run("workflow_run"),
        event="workflow_run",
        payload=workflow_run(scene.stage, scene.new_run(fork="stranger/demo")),
        workflow=posting,
    )
    assert empty.jobs == {"post": "success"}, empty.log
    assert len(scene.bodies) == 1
    own = workflow_run(scene.stage, scene.new_run())
    skipped = scene.report(scene.new_run("workflow_run"), event="workflow_run", payload=own, workflow=posting)
    assert "post" not in skipped.jobs or skipped.jobs["post"] == "skipped"


def test_dependabot_has_a_token_that_may_only_read(scene: Scene, part: dict[str, Any]) -> None:
    """Its branches are our own, so its runs are told by who started them."""
    scene.stage.fake.tokens[TOKEN].rights = READ_ONLY
    run, measured = reported(scene, part)
    assert scene.bodies == []
    assert "Dependabot" in measured.summary
    scene.stage.fake.token(TOKEN, repository=REPOSITORY)
    payload = workflow_run(scene.stage, run)
    payload["workflow_run"]["actor"] = {"login": "dependabot[bot]"}
    posted = scene.report(
        scene.new_run("workflow_run"), event="workflow_run", payload=payload, workflow=shown_workflow()
    )
    assert posted.jobs == {"post": "success"}, posted.log
    assert len(scene.bodies) == 1


def shown_workflow() -> str:
    """The workflow that posts as the documentation shows it, word for word."""
    text = (ROOT / "docs" / "action.md").read_text()
    (found,) = re.findall(r"```yaml\n(name: mlbench-post\n.*?)```", text, re.DOTALL)
    return str(found)

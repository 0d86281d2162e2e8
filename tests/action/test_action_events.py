"""The action under other events than a pull request's: run by act."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from act_bench import sketch
from scenes import LIMITS, Scene, one_job
from stand_ins import REPOSITORY


def test_without_a_token_or_a_github_the_job_that_measures_is_green(scene: Scene) -> None:
    scene.opened()
    done = scene.run(one_job(given="token: ''"), api="http://127.0.0.1:9")
    assert done.jobs == {"mlbench": "success"}, done.log
    assert "there is no token" in done.summary
    assert scene.stage.fake.seen == []


def test_a_merge_queue_gates_and_writes_no_comment(scene: Scene) -> None:
    scene.origin.commit("limits", {"mlbench.yml": LIMITS})
    scene.opened()
    group = {
        "head_sha": scene.merge,
        "base_sha": scene.base,
        "base_ref": "refs/heads/main",
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-1-{scene.base}",
        "head_commit": {"message": "Merge"},
    }
    payload = {"merge_group": group, "ref": group["head_ref"]}
    done = scene.run(one_job("merge_group"), event="merge_group", payload=payload)
    assert done.jobs == {"mlbench": "failure"}, done.log
    assert done.output("regressed") == "true"
    assert "blink" in done.summary
    assert scene.bodies == []
    group["head_commit"] = {"message": "Merge\n\nIt is worth it.\n\nMlbench-accept: twice as accurate"}
    again = scene.run(one_job("merge_group"), event="merge_group", payload=payload)
    assert again.jobs == {"mlbench": "success"}, again.log
    assert "twice as accurate" in again.summary


def test_a_push_keeps_its_results_and_a_pull_request_can_take_them(scene: Scene) -> None:
    before = scene.origin.head
    pushed = scene.origin.commit("slower", {"blink/blink.ino": sketch(3000)})
    run = scene.stage.fake.run(REPOSITORY, "push", pushed)
    scene.stage.fake.commits(REPOSITORY, before, pushed)
    payload = {"before": before, "after": pushed, "ref": "refs/heads/main", "commits": []}
    done = scene.run(one_job("push"), run=run, event="push", payload=payload, checkout=scene.checkout(pushed))
    assert done.jobs == {"mlbench": "success"}, done.log
    (found,) = json.loads(done.output("measures"))
    assert found["inference_time"]["change"] > 0
    (artifact,) = scene.stage.fake.repository(REPOSITORY).artifacts.values()
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        kept = set(archive.namelist())
        badge = json.loads(archive.read("badge.json"))
    assert {
        "part.json",
        "mlbench-result.json",
        "comparison.json",
        "junit.xml",
        "benchmark-smaller.json",
    } <= kept
    assert badge["schemaVersion"] == 1
    scene.opened({"blink/blink.ino": sketch(6000)})
    taken = scene.run(one_job(given="baseline: artifact"))
    assert taken.jobs == {"mlbench": "success"}, taken.log
    (body,) = scene.bodies
    (compared,) = json.loads(taken.output("measures"))
    assert compared["inference_time"]["base"] == found["inference_time"]["head"]
    assert f"measured by run {run.id}" in body
    assert sum("compile blink" in line for line in taken.raw) <= 1


def test_labels_are_read_when_they_are_needed(scene: Scene) -> None:
    scene.opened()
    payload = scene.payload()
    scene.stage.fake.label(REPOSITORY, 1, "mlbench:skip")
    done = scene.run(one_job(), payload=payload)
    assert done.jobs == {"mlbench": "success"}, done.log
    assert scene.bodies == []
    assert "mlbench:skip" in done.summary
    assert not any("measuring" in line for line in done.raw)


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_nothing_is_built_with_a_token_that_may_write(scene: Scene, event: str) -> None:
    scene.opened()
    done = scene.run(one_job(event), event=event)
    assert done.jobs == {"mlbench": "failure"}, done.log
    assert any(event in line for line in done.errors())
    assert not any("measuring" in line for line in done.raw)

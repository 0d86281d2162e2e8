"""The action in a pull request, run by act from its real action.yml."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from act_bench import BENCH, TOKEN, sketch
from fake_state import READ_ONLY
from scenes import LIMITS, MATRIX, Scene, one_job, workflow_run
from stand_ins import REPOSITORY, ROOT

TWO = """\
defaults: {ram: {search: none}, inference: infer}
sketches: [{path: blink}, {path: glow}]
"""


def test_the_first_run_comments_and_the_second_edits(scene: Scene) -> None:
    pull = scene.opened()
    first = scene.run(one_job())
    assert first.jobs == {"mlbench": "success"}, first.log
    (body,) = scene.bodies
    assert "blink" in body
    assert scene.head[:7] in body
    assert first.output("regressed") == "false"
    (figures,) = json.loads(first.output("measures"))
    assert figures["inference_time"]["verdict"] == "worse"
    assert figures["inference_time"]["percent"] == pytest.approx(100, rel=0.02)
    assert figures["flash"]["change"] == 0
    assert "blink" in first.summary
    # The base branch has moved on meanwhile: what happened there is not the author's doing.
    scene.base = scene.origin.commit("theirs", {"blink/more.h": "", "other/other.ino": sketch(9000)})
    scene.pushed(pull, {"blink/blink.ino": sketch(500)}, base=scene.base)
    second = scene.run(one_job())
    assert second.jobs == {"mlbench": "success"}, second.log
    (edited,) = scene.bodies
    assert edited != body
    before = figures["inference_time"]["base"]
    (figures,) = json.loads(second.output("measures"))
    assert figures["inference_time"]["change"] == pytest.approx(-before / 2, rel=0.02)
    assert scene.base[:7] in edited
    assert "other" not in edited


def test_what_a_change_does_not_touch_is_left_out(scene: Scene) -> None:
    """Inside the action: a workflow that is filtered by paths leaves a required check pending."""
    scene.origin.commit("two", {"mlbench.yml": TWO, "glow/glow.ino": sketch(100)})
    pull = scene.opened({"README.md": "words", "blink/blink.ino": sketch(2000)})
    done = scene.run(one_job())
    assert done.jobs == {"mlbench": "success"}, done.log
    states = {entry["sketch"]: entry["state"] for entry in json.loads(done.output("measures"))}
    assert states == {"blink": "compared", "glow": "skipped"}
    scene.pushed(pull, {"README.md": "other words"})
    every = scene.run(one_job(given="skip-unchanged: false"))
    assert {entry["state"] for entry in json.loads(every.output("measures"))} == {"compared"}
    assert len(scene.bodies) == 1


def test_two_legs_and_the_job_that_reports(scene: Scene) -> None:
    scene.origin.commit("two", {"mlbench.yml": TWO, "glow/glow.ino": sketch(100)})
    scene.opened({"blink/blink.ino": sketch(2000), "glow/glow.ino": sketch(300)})
    run = scene.new_run()
    done = scene.run(MATRIX, run=run)
    assert done.jobs == {"measure-1": "success", "measure-2": "success", "report": "success"}, done.log
    (body,) = scene.bodies
    assert "blink" in body
    assert "glow" in body
    kept = [item.name for item in scene.stage.fake.repository(REPOSITORY).artifacts.values()]
    assert len(set(kept)) == 2
    assert all(name.startswith("mlbench-part-") and name.endswith("-1") for name in kept)
    # Posting is the report's: measuring jobs neither read comments nor write any.
    assert sum(1 for seen in scene.stage.fake.writes()) == 1


def test_a_failed_threshold_fails_last(scene: Scene) -> None:
    scene.origin.commit("limits", {"mlbench.yml": LIMITS})
    pull = scene.opened()
    failed = scene.run(one_job())
    assert failed.jobs == {"mlbench": "failure"}, failed.log
    assert failed.output("regressed") == "true"
    (body,) = scene.bodies
    assert "blink" in body
    assert scene.stage.fake.repository(REPOSITORY).artifacts
    assert "blink" in failed.summary
    assert any("threshold" in line for line in failed.errors())
    # A maintainer accepts it, and the run is started again: the payload is the old one, without the label.
    payload = scene.payload()
    scene.stage.fake.label(REPOSITORY, 1, "mlbench:accept", "maintainer")
    again = scene.run(one_job(), payload=payload)
    assert again.jobs == {"mlbench": "success"}, again.log
    assert again.output("regressed") == "false"
    (accepted,) = scene.bodies
    assert "maintainer" in accepted
    # What fails is the user's choice, and thresholds are those of the base: a change of them is told.
    pull.labels.clear()
    loose = LIMITS.replace("10 %", "900 %")
    scene.pushed(pull, {"mlbench.yml": loose})
    told = scene.run(one_job(given="fail-on: failures"))
    assert told.jobs == {"mlbench": "success"}, told.log
    assert told.output("regressed") == "true"
    (body,) = scene.bodies
    assert "900" in body


def test_a_fork_measures_without_rights_and_another_workflow_posts(scene: Scene) -> None:
    scene.opened(fork="stranger/demo")
    scene.stage.fake.tokens[TOKEN].rights = READ_ONLY
    run = scene.new_run(fork="stranger/demo")
    measured = scene.run(one_job(), run=run)
    assert measured.jobs == {"mlbench": "success"}, measured.log
    assert scene.bodies == []
    assert "workflow_run" in measured.summary
    scene.stage.fake.token(TOKEN, repository=REPOSITORY)
    posted = scene.report(
        scene.new_run("workflow_run"), event="workflow_run", payload=workflow_run(scene.stage, run)
    )
    assert posted.jobs == {"mlbench": "success"}, posted.log
    (body,) = scene.bodies
    assert "blink" in body
    assert f"actions/runs/{run.id}" in body


def test_builds_see_neither_tokens_nor_inputs_nor_command_files(scene: Scene) -> None:
    """And what they print is no command."""
    look = "grep -E 'ghs_|a-token|TOKEN|INPUT|^GITHUB_(ENV|PATH|OUTPUT|STATE|STEP_SUMMARY)='"
    parent = "tr '\\0' '\\n' < /proc/$PPID/environ | grep -E 'ghs_|a-token'"
    spy = f"echo '::error::from a build'; env | {look}; {parent}; echo all; false"
    suite = f"sketches: [{{path: blink, prepare: [sh, -c, {json.dumps(spy)}]}}]\n"
    scene.opened({"mlbench.yml": suite})
    secret = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-token-of-the-job", "GITHUB_TOKEN": TOKEN}
    done = scene.run(one_job(), environ=secret)
    assert done.jobs == {"mlbench": "failure"}, done.log
    (artifact,) = scene.stage.fake.repository(REPOSITORY).artifacts.values()
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        text = archive.read("part.json").decode()
    (failed,) = json.loads(text)["comparison"]["jobs"]
    printed = [item["message"] for item in failed["head"]["failure"]["diagnostics"]]
    assert printed == ["::error::from a build", "all"]
    assert "from a build" not in done.errors()


def test_the_reusable_workflow_as_a_user_calls_it(scene: Scene) -> None:
    """bench.yml as it stands: a job for each board, and the report. act knows no other repository."""
    scene.opened()
    checkout = scene.checkout()
    (checkout / BENCH).parent.mkdir(parents=True)
    (checkout / BENCH).write_text((ROOT / BENCH).read_text())
    boards = json.dumps(["mlbench:nrf52840:nano33ble", ""])
    calling = f"""\
on: pull_request
jobs:
  mlbench:
    uses: ./{BENCH}
    with: {{boards: {json.dumps(boards)}, comment: changes}}
"""
    done = scene.run(calling, checkout=checkout)
    assert set(done.jobs.values()) == {"success"}, done.log
    assert len(done.jobs) == 3, done.jobs
    (body,) = scene.bodies
    assert "blink (mlbench:nrf52840:nano33ble)" in body.replace("<!-- -->", "")

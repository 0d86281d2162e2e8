"""The action under other events, and where GitHub does not do as it should: run by act."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import subprocess
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from act_bench import REPOSITORY, ROOT, SUITE, TOKEN, Stage, sketch
from fake_faults import Fault, Reply
from fake_state import READ_ONLY, Run
from scenes import Scene, one_job, part_of, workflow_run

from mlbench.action.inputs import variable
from mlbench.action.prepare import prepare
from mlbench.errors import UsageError

LIMITS = SUITE + "thresholds: {inference_time: {fail: 10 %}}\n"


@pytest.fixture
def part(scene: Scene, shared: Path) -> dict[str, Any]:
    """A part of a leg whose threshold is passed, measured once for all tests."""
    from filelock_lite import held

    kept = shared / "part.json"
    with held(shared / "part.lock"):
        if not kept.is_file():
            scene.origin.commit("limits", {"mlbench.yml": LIMITS})
            scene.opened()
            run = scene.new_run()
            done = scene.run(one_job(given="mode: measure"), run=run)
            # Each leg is red by itself for its own thresholds; nothing is posted by it.
            assert done.jobs == {"mlbench": "failure"}, done.log
            assert scene.bodies == []
            kept.write_text(json.dumps(part_of(scene.stage, run)))
        else:
            scene.opened()
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def reported(scene: Scene, part: dict[str, Any], **more: Any) -> tuple[Run, Any]:
    run = scene.new_run()
    scene.hand_in(run, part)
    return run, scene.report(run, **more)


def test_a_report_job_is_as_red_as_its_legs(scene: Scene, part: dict[str, Any]) -> None:
    """It is the one that people require: a leg's failure must not hide behind it."""
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
    assert "leg 3 of 3 of job measure" in body
    assert "compiler" not in body
    assert any("leg 3 of 3" in line for line in done.errors())


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


def test_without_a_token_or_a_github_the_job_that_measures_is_green(scene: Scene) -> None:
    scene.opened()
    done = scene.run(one_job(given="token: ''"), api="http://127.0.0.1:9")
    assert done.jobs == {"mlbench": "success"}, done.log
    assert "there is no token" in done.summary
    assert scene.stage.fake.seen == []


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
    # A run that was cancelled has handed in nothing; one of our own branch posts itself.
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


def test_a_wrong_input_is_told_in_one_line(scene: Scene) -> None:
    scene.opened()
    wrong = scene.run(one_job(given="mode: sometimes"))
    assert wrong.jobs == {"mlbench": "failure"}
    (line,) = wrong.errors()
    assert line.startswith("input mode: cannot be 'sometimes'")


@pytest.mark.parametrize(("system", "python"), [("macOS", True), ("Windows", True), ("Linux", False)])
def test_elsewhere_there_is_one_clear_error(
    tmp_path: Path, runner_path: str, system: str, python: bool
) -> None:
    """The first step of action.yml as it stands; the runner's bash is the one thing it needs."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    environ = {
        "PATH": runner_path if python else str(tmp_path),
        "RUNNER_OS": system,
        "GITHUB_ACTION_PATH": str(ROOT),
    }
    words = [
        shutil.which("bash") or "bash",
        "--noprofile",
        "--norc",
        "-e",
        "-o",
        "pipefail",
        "-c",
        steps[0]["run"],
    ]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 4
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error title=mlbench::needs a Linux machine with python3")


@pytest.mark.parametrize("step", ["prepare", "plan", "measure", "report"])
def test_cancelling_reaches_the_code(tmp_path: Path, runner_path: str, step: str) -> None:
    """The runner signals the shell of a step, and no other process of it."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (script,) = (item["run"] for item in steps if item.get("id") == step)
    (tmp_path / "entrypoint.py").write_text("import os\nprint(os.getpid(), flush=True)\ninput()\n")
    shell = subprocess.Popen(
        [shutil.which("bash") or "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        env={"PATH": runner_path, "RUNNER_OS": "Linux", "GITHUB_ACTION_PATH": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with shell:
        assert shell.stdout is not None
        assert int(shell.stdout.readline()) == shell.pid
        shell.send_signal(signal.SIGINT)
        assert shell.wait(30) != 0


def test_what_is_wrong_is_said_where_people_look(scene: Scene) -> None:
    pull = scene.opened({"mlbench.yml": "sketches: [{path: blink, infer: x}]\n"})
    wrong = scene.run(one_job())
    assert wrong.jobs == {"mlbench": "failure"}
    (line,) = wrong.errors()
    assert line.startswith("mlbench.yml:1: unknown key 'infer'")
    (body,) = scene.bodies
    assert "gave no results" in body
    assert "unknown key" in body
    # A sketch that does not build is annotated where it is wrong; nothing tells of the runner's folders.
    scene.pushed(
        pull, {"mlbench.yml": SUITE, "blink/blink.ino": "void setup() { nonsense; }\nvoid loop() {}\n"}
    )
    broken = scene.run(one_job())
    assert broken.jobs == {"mlbench": "failure"}
    (places,) = (line["kvPairs"] for line in broken.commands if "nonsense" in str(line.get("arg")))
    assert places["file"] == "blink/blink.ino"
    assert places["line"] == "1"
    (body,) = scene.bodies
    assert "nonsense" in body
    assert "hostexecutor" not in body


def test_caches_are_used_on_githubs_machines_alone(scene: Scene) -> None:
    scene.opened()
    hosted = scene.run(one_job(given="mode: measure"), environ={"RUNNER_ENVIRONMENT": "github-hosted"})
    assert hosted.jobs == {"mlbench": "success"}, hosted.log
    seen = [line.split()[1:] for line in hosted.raw if line.startswith("cache ")]
    assert [what for what, _ in seen] == ["restored"] * 3 + ["saved"] * 3
    keys = [key for _, key in seen]
    assert keys[:3] == keys[3:]
    assert str(scene.stage.home / "environments") in hosted.raw


@pytest.mark.parametrize(
    ("given", "environment", "cached", "install"),
    [
        ({}, "github-hosted", True, "true"),
        ({"cache": "false", "install": "false"}, "github-hosted", False, "false"),
        ({}, "self-hosted", False, ""),
        ({"install": "true"}, "self-hosted", False, "true"),
    ],
)
def test_what_is_cached_and_installed_where(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    environment: str,
    cached: bool,
    install: str,
) -> None:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))

    def outputs(**more: str) -> dict[str, str]:
        path = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        environ = {
            **{variable(name): text for name, text in {**given, **more}.items()},
            "RUNNER_ENVIRONMENT": environment,
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "GITHUB_WORKSPACE": str(tmp_path),
            "GITHUB_OUTPUT": str(path),
            "GITHUB_RUN_ID": "7",
        }
        prepare(environ)
        return dict(re.findall(r"^(.+)<<(?:mlbench-\w+)\n(.*)\nmlbench-", path.read_text(), re.MULTILINE))

    found = outputs()
    assert (found.get("python") == found.get("tools") == "true") is cached
    assert found["install"] == install
    if cached:
        # The suite decides on boards, and those on what is installed; tools alone are shared.
        (tmp_path / "mlbench.yml").write_text("sketches: [{path: x, board: a:b:c}]")
        other = outputs()
        assert other["tools-key"] != found["tools-key"]
        assert other["tools-restore"] == found["tools-restore"]
        assert other["python-key"] == found["python-key"]
        assert outputs(key="another")["results-key"] != found["results-key"]
        # What only reports builds nothing, and needs the Python packages all the same.
        reporting = outputs(mode="report")
        assert reporting["python-key"] == found["python-key"]
        assert "tools" not in reporting
    with pytest.raises(UsageError, match="working-directory"):
        outputs(**{"working-directory": "missing"})

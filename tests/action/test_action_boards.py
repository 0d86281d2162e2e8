"""The two workflows for boards of one's own, word for word as the documentation shows them, run by act."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from act_bench import TOKEN, Stage, sketch
from fake_state import READ_ONLY, Run
from scenes import Scene, workflow_run
from simulated_boards import Simulated, boards_in, defined_for
from stand_ins import REPOSITORY, ROOT

from mlbench.action.partial_report import SCHEMA

OWN_BOARD = "mlbench:nrf52840:nano33ble"
MODEL = """\
volatile int sum;
extern "C" void infer() { for (int i = 0; i < ROUNDS; i++) sum += i; }
"""
SKETCH = (
    'extern "C" void infer();\nvoid setup() { Serial.begin(115200); }\nvoid loop() { infer(); delay(1); }\n'
)
SUITE = "defaults: {ram: {search: none}, inference: infer}\nsketches: [{path: kws}, {path: broken}]\n"


def shown(name: str) -> str:
    """A workflow of the documentation, for the platform that needs no download."""
    text = (ROOT / "docs" / "self-hosted.md").read_text()
    (found,) = re.findall(rf"```yaml\n(name: {name}\non:\n.*?)```", text, re.DOTALL)
    return str(found).replace("arduino:mbed_nano:nano33ble", OWN_BOARD)


def files(rounds: int) -> dict[str, str]:
    return {"kws/kws.ino": SKETCH, "kws/model.cpp": MODEL.replace("ROUNDS", str(rounds))}


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Simulated]:
    with boards_in(tmp_path) as start:
        simulated = start("--fast")
        simulated.wait_for(simulated.link.exists)
        yield simulated


def machine(tmp_path: Path, board: Simulated) -> dict[str, str]:
    """What the machine's owner has set up: which board, and how it is uploaded to."""
    defined_for(tmp_path, name="nano.yml")
    return {"MLBENCH_BOARDS": str(tmp_path / "nano.yml"), "MLBENCH_PORT": str(board.link)}


def taken_over(stage: Stage, run: Run) -> Path:
    """The artifacts of a run where the stand-in of download-artifact finds them."""
    place = stage.folder / "downloads" / str(run.id)
    for artifact in stage.fake.repository(REPOSITORY).artifacts.values():
        if artifact.run.id == run.id:
            with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
                archive.extractall(place / artifact.name)
    return place


def test_from_a_forks_code_to_a_comment_on_its_figures_of_a_board(
    scene: Scene, tmp_path: Path, board: Simulated
) -> None:
    kept, known = tmp_path / "var" / "nano33ble.json", tmp_path / "known"
    kept.parent.mkdir()
    text = shown("boards").replace("/var/lib/mlbench/nano33ble.json", str(kept))
    text = text.replace("$HOME/known", str(known))
    owners = machine(tmp_path, board)
    broken = {"broken/broken.ino": "void setup() {}\nvoid loop() { nonsense(); }\n"}
    scene.origin.commit("for boards", {"mlbench.yml": SUITE, **files(1000), **broken})
    scene.opened({**files(2000), "mlbench.yml": f"{SUITE}thresholds: {{inference_time: {{fail: 900 %}}}}\n"},
                 fork="stranger/demo")  # fmt: skip
    fake = scene.stage.fake

    # What main has comes first: it is the baseline.
    base = fake.run(REPOSITORY, "push", scene.base, head_branch="main", head_repository=REPOSITORY)
    built = scene.run(
        shown("boards-build"), run=base, event="push", checkout=scene.checkout(scene.base),
        payload={"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}},
    )  # fmt: skip
    assert built.jobs == {"build": "failure"}, built.log
    assert any("nonsense" in line for line in built.errors())
    place = taken_over(scene.stage, base)
    known.mkdir()
    (entry,) = place.glob("firmware-1/*-kws")
    (known / "empty.elf").write_bytes((entry / "kws.elf").read_bytes())
    first = scene.run(
        text, event="workflow_run", payload=workflow_run(scene.stage, base), environ=owners,
        run=scene.new_run("workflow_run"), checkout=scene.checkout(scene.base),
    )  # fmt: skip
    assert "nano33ble" in first.jobs, first.log
    assert scene.bodies == []
    if not kept.is_file():
        pytest.fail(first.log)
    result = json.loads(kept.read_text())
    assert {item["sketch"]: item["status"] for item in result["results"]} == {"kws": "ok", "broken": "failed"}

    # A fork's pull request: it is built without rights, on a machine that has no board.
    fake.tokens[TOKEN].rights = READ_ONLY
    run = scene.new_run(fork="stranger/demo")
    built = scene.run(shown("boards-build"), run=run)
    assert built.jobs == {"build": "failure"}, built.log
    assert scene.bodies == []
    taken_over(scene.stage, run)
    # What such a run says of itself counts no more where the board has measured.
    forged = {"schema": SCHEMA, "key": "", "status": 0, "comparison": None, "error": "forged", "skipped": ""}
    scene.hand_in(run, forged)
    fake.token(TOKEN, repository=REPOSITORY)
    own = scene.new_run("workflow_run")
    done = scene.run(
        text, event="workflow_run", payload=workflow_run(scene.stage, run), environ=owners,
        run=own, checkout=scene.checkout(scene.base),
    )  # fmt: skip
    (body,) = scene.bodies
    assert "kws" in body
    assert "forged" not in body
    assert scene.head[:7] in body
    assert f"actions/runs/{own.id}" in body
    assert "nonsense" in body
    (figures,) = [entry for entry in json.loads(done.output("measures")) if entry["sketch"] == "kws"]
    assert figures["backend"] == "board"
    assert figures["inference_time"]["percent"] == pytest.approx(100, rel=0.1)
    # Known firmware, the sketch, and known firmware again; twice.
    assert len(board.events("uploaded")) == 6


def test_where_the_board_has_measured_nothing_nothing_is_posted(scene: Scene) -> None:
    """A reviewer has refused, or the board has gone: what a build calls figures is a stranger's word."""
    scene.opened({"blink/blink.ino": sketch(2000)}, fork="stranger/demo")
    run = scene.new_run(fork="stranger/demo")
    forged = {"schema": SCHEMA, "key": "", "status": 0, "comparison": None, "error": "forged", "skipped": ""}
    scene.hand_in(run, forged)
    text = shown("boards")
    refused = "    runs-on: nano33ble\n    steps:\n      - run: exit 1\n"
    text = re.sub(r"    if: contains.*?(?=  report:)", refused, text, flags=re.DOTALL)
    payload = workflow_run(scene.stage, run)
    done = scene.run(text, event="workflow_run", payload=payload, run=scene.new_run("workflow_run"))
    assert done.jobs == {"nano33ble": "failure", "report": "success"}, done.log
    assert scene.bodies == []
    assert "forged" not in done.summary
    # Without the input it is the report of a workflow that follows, as ever.
    text = text.replace(", firmware-dir: firmware", "")
    scene.run(text, event="workflow_run", payload=payload, run=scene.new_run("workflow_run"))
    assert len(scene.bodies) == 1


def test_nothing_is_built_by_the_job_of_the_board(scene: Scene) -> None:
    """Without a folder of firmware, the event is refused as ever."""
    scene.opened({"blink/blink.ino": sketch(2000)})
    payload: dict[str, Any] = workflow_run(scene.stage, scene.new_run())
    text = shown("boards").split("  report:")[0]
    text = re.sub(r"firmware-dir: .*", "sketches: blink", text)
    text = re.sub(r"      - name: Flash known firmware first\n.*\n", "", text)
    text = re.sub(
        r"      - uses: actions/download-artifact.*?(?=      - id: mlbench)", "", text, flags=re.DOTALL
    )
    text = re.sub(r"      - name: Remove the measured firmware.*", "", text, flags=re.DOTALL)
    done = scene.run(text, event="workflow_run", payload=payload, run=scene.new_run("workflow_run"))
    assert done.jobs == {"nano33ble": "failure"}, done.log
    assert any("nothing is built here" in line for line in done.errors())

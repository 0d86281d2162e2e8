"""A job that is cancelled while it measures: what it had finished is kept, for the step that uploads it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from waiting_suite import WAITING_SKETCH

from mlbench.action.inputs import ActionInputs
from mlbench.action.partial_report import ARTIFACT, artifact_name, unfinished_name
from mlbench.action.plan import ActionPlan
from mlbench.action.state import WORK, ActionFolder
from mlbench.results.result_file import read

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_finished_is_kept(tmp_path: Path, number: signal.Signals) -> None:
    """The runner sends SIGINT, then SIGTERM, and kills at last."""
    project, outputs = tmp_path / "project", tmp_path / "outputs"
    project.mkdir()
    (project / "mlbench.yml").write_text(f"sketches:\n- path: gone\n{WAITING_SKETCH}")
    work = ActionFolder.make(tmp_path / "runner")
    work.settings.write_text(ActionInputs(suite="mlbench.yml").to_json())
    work.plan.write_text(ActionPlan().to_json())
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
        **{WORK: str(work.folder), "MLBENCH_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        **{"GITHUB_WORKSPACE": str(project), "GITHUB_OUTPUT": str(outputs), "GITHUB_JOB": "measure"},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mlbench", "--action", "measure"],
        cwd=project,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    result, pid = work.upload / "mlbench-result.json", project / "pid"
    until = time.monotonic() + 60
    while not (result.exists() and pid.exists() and pid.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=30)
    document = read(result)
    assert [result.sketch for result in document.results] == ["gone"]
    assert not document.run.complete
    assert not work.part.exists()
    told = outputs.read_text().splitlines()
    assert told[told.index(str(result)) - 1].startswith("unfinished-path<<")
    name = unfinished_name(artifact_name("", "measure", 1))
    assert told[told.index(name) - 1].startswith("unfinished<<")
    assert not any(line.startswith("artifact<<") for line in told)


def test_no_report_takes_it_for_a_part() -> None:
    name = artifact_name("", "measure", 2)
    assert ARTIFACT.fullmatch(name)
    assert not ARTIFACT.fullmatch(unfinished_name(name))
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (step,) = (step for step in steps if step["name"] == "Keep unfinished results")
    assert step["if"].startswith("cancelled() && ")
    assert step["with"]["path"] == "${{ steps.measure.outputs.unfinished-path }}"

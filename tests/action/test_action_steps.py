"""The steps of action.yml by themselves: errors of one line, signals, caches."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from act_bench import OURS, SUITE
from scenes import Scene, one_job
from stand_ins import ROOT

from mlbench.action.inputs import variable
from mlbench.action.prepare import prepare
from mlbench.errors import UsageError


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


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("step", ["prepare", "setup", "plan", "measure", "report"])
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


def test_caches_are_used_on_githubs_machines_alone(scene: Scene, tmp_path: Path) -> None:
    """And packages are kept before anything is built, what is built after it."""
    scene.opened()
    home = tmp_path / "home"
    machine = {"RUNNER_ENVIRONMENT": "github-hosted", "MLBENCH_HOME": str(home)}
    twice = f"      - uses: {OURS}\n        with: {{mode: measure, key: again}}\n"
    hosted = scene.run(one_job(given="mode: measure") + twice, environ=machine)
    assert hosted.jobs == {"mlbench": "success"}, hosted.log
    seen = [line.removeprefix("cache ") for line in hosted.raw if line.startswith("cache ")]
    keys = dict.fromkeys(line.split()[1] for line in seen)
    python, tools, builds, results, again = keys
    first = [f"restored {python}", f"restored {tools}", f"saved {python}"]
    first += [f"restored {builds}", f"restored {results}", f"saved {builds}", f"saved {results}"]
    # The second use finds the environment in which the first one has built: it is nothing to keep.
    second = [f"restored {tools}", f"restored {builds}", f"restored {again}", f"saved {again}"]
    assert seen == [*first, *second]
    assert str(home / "environments") in hosted.raw


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
        pattern = r"^([\w-]+)<<(mlbench-\w+)\n(.*?)\n\2$"
        found = re.findall(pattern, path.read_text(), re.MULTILINE | re.DOTALL)
        return {name: value for name, _, value in found}

    found = outputs()
    kinds = {"python", "tools", "builds"}
    assert {name for name in kinds if found.get(name) == "true"} == (kinds if cached else set())
    assert found["install"] == install
    if cached:
        # The suite decides on boards, and those on what is built; tools are what the inputs name.
        (tmp_path / "mlbench.yml").write_text("sketches: [{path: x, board: a:b:c}]")
        other = outputs()
        assert other["builds-key"] != found["builds-key"]
        assert other["builds-restore"] == found["builds-restore"]
        assert other["tools-key"] == found["tools-key"]
        assert outputs(platforms="a:b@1")["tools-key"] != found["tools-key"]
        assert outputs(key="another")["results-key"] != found["results-key"]
        # No two kinds share a folder, so none can be unpacked over another.
        paths = [found[f"{kind}-path"].split() for kind in ("python", "tools", "builds", "results")]
        rooms = [[Path(path).name for path in each] for each in paths]
        assert rooms == [["environments"], ["tools", "arduino"], ["builds"], ["results"]]
        # What an earlier step of the job has left is no cache's: that step may have built something.
        for room, kind in (("environments", "python"), ("tools", "tools")):
            (tmp_path / "home" / room).mkdir()
            assert kind not in outputs()
    # A job that only reports takes over nothing of another one, and has an environment to itself.
    reporting = outputs(mode="report")
    assert set(reporting) == {"work", "mode", "install"}
    own = Path(reporting["work"], "home")
    assert own.stat().st_mode & 0o777 == 0o700
    assert not Path(found["work"], "home").exists()
    with pytest.raises(UsageError, match="working-directory"):
        outputs(**{"working-directory": "missing"})

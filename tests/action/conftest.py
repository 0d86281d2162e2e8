from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from act_bench import TOKEN, Origin, Stage
from api_description import ApiDescription
from fake_api import FakeGitHub
from filelock_lite import held
from scenes import LIMITS, Scene, one_job, part_of
from stand_ins import REPOSITORY, Taker, lay_out, make_path

from mlbench.firmware.install_tools import find_toolchain


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share: what one has built, the others need not."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def action_home(shared: Path) -> Path:
    """MLBENCH_HOME of the action's runs; the first of them makes the environment."""
    return shared / "action-home"


@pytest.fixture(scope="session")
def runner_path(shared: Path) -> str:
    """PATH of the runner: python3 is the one that the environment is made for."""
    return make_path(shared / f"bin-{os.getpid()}")


@pytest.fixture
def stage(tmp_path: Path, action_home: Path, runner_path: str) -> Iterator[Stage]:
    """A GitHub with one repository, and a runner for its workflows."""
    if shutil.which("act") is None:
        pytest.skip("act is not installed: it has no release for this machine")
    if find_toolchain().builder is None:
        pytest.skip("no sketch compiler on PATH")
    with FakeGitHub(description=ApiDescription.load()) as fake:
        fake.repository(REPOSITORY)
        fake.token(TOKEN, repository=REPOSITORY)
        made = Stage(tmp_path / "stage", fake, action_home, runner_path)
        taker = Taker(made)
        try:
            lay_out(made.folder, taker.url)
            yield made
        finally:
            taker.close()
        assert not fake.violations


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """The repository as the server has it, with one commit on main."""
    return Origin.make(tmp_path / "server" / "demo")


@pytest.fixture
def scene(stage: Stage, origin: Origin, tmp_path: Path) -> Scene:
    """A repository, and a pull request that can be opened."""
    return Scene(stage, origin, tmp_path / "runner")


@pytest.fixture
def part(scene: Scene, shared: Path) -> dict[str, Any]:
    """The partial report of a matrix job whose threshold is passed, measured once for all tests."""
    kept = shared / "part.json"
    with held(shared / "part.lock"):
        if not kept.is_file():
            scene.origin.commit("limits", {"mlbench.yml": LIMITS})
            scene.opened()
            run = scene.new_run()
            done = scene.run(one_job(given="mode: measure"), run=run)
            # Each job is red by itself for its own thresholds; nothing is posted by it.
            assert done.jobs == {"mlbench": "failure"}, done.log
            assert scene.bodies == []
            kept.write_text(json.dumps(part_of(scene.stage, run)))
        else:
            scene.opened()
    found: dict[str, Any] = json.loads(kept.read_text())
    return found

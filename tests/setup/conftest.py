from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_project import Project, make_project


@pytest.fixture
def new_project(tmp_path: Path) -> Project:
    """Nothing was started in it yet."""
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def ready_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """It was started once. Shared: leave it as it is."""
    project = make_project(tmp_path_factory.mktemp("ready"))
    first = project.start("boards")
    assert first.returncode == 0, first.stderr
    project.environ["FIRST_STDERR"] = first.stderr
    return project


@pytest.fixture
def warm_project(tmp_path: Path, ready_project: Project) -> Project:
    """A checkout of its own, for which the environment is there already."""
    project = make_project(tmp_path)
    project.home = ready_project.home
    project.environ["MLBENCH_HOME"] = str(project.home)
    return project


Program = Callable[..., Path]


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with the few tools that scripts in it need."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "cat", "chmod", "cp", "rm", "mkdir"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CC", raising=False)
    return folder


@pytest.fixture
def program(bin_folder: Path) -> Program:
    """Puts a shell script on PATH."""

    def put(name: str, body: str, folder: Path = bin_folder) -> Path:
        path = folder / name
        path.write_text(f"#!{bin_folder}/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MLBENCH_HOME, not made yet."""
    home = tmp_path / "own home"
    monkeypatch.setenv("MLBENCH_HOME", str(home))
    for name in ("MLBENCH_OFFLINE", "MLBENCH_INSTALL", "INPUT_INSTALL", "RUNNER_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def said() -> list[str]:
    """Collects progress: hand on ``said.append``."""
    return []

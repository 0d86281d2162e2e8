from __future__ import annotations

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

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))

from bare_image import Compiler


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """Compiles bare images."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    return Compiler(tmp_path_factory.mktemp("bare"))


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks of simulated boards lie in a folder of the test's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("MLBENCH_HOME", str(home))
    return home

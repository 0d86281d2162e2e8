from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

for room in ("build", "emulator", "simulated"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

from bare_image import Compiler  # noqa: E402


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """Compiles bare images."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    return Compiler(tmp_path_factory.mktemp("bare"))

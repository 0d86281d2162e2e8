"""Builds sketches that a test writes down, with the compilers of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.firmware import build
from mlbench.firmware.toolchain import Toolchain
from mlbench.util.progress import Silent

OWN_BOARD = "mlbench:nrf52840:nano33ble"


def compiler_or_skip() -> None:
    """Pass over a test that compiles bare images where there is no compiler for them."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc on PATH")


def tools_or_skip() -> Toolchain:
    """The tools on PATH, without arduino-cli; a test without them is passed over."""
    builder, gcc = shutil.which("arduino-builder"), shutil.which("arm-none-eabi-gcc")
    ctags = shutil.which("arduino-ctags")
    if not builder or not gcc:
        pytest.skip("needs arduino-builder and arm-none-eabi-gcc on PATH")
    return Toolchain(
        arduino_builder=Path(builder), gcc_bin=Path(gcc).parent, ctags=Path(ctags) if ctags else None
    )


def run_on_sketch(
    module: str, folder: Path, text: str, *options: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Start a command of the project, ``python -m MODULE SUITE``, on a suite of one sketch, named small."""
    (folder / "small").mkdir()
    (folder / "small" / "small.ino").write_text(text)
    suite = folder / "mlbench.yml"
    suite.write_text(f"sketches:\n- {{path: small, board: '{OWN_BOARD}', inference: infer}}\n")
    return subprocess.run(
        [sys.executable, "-m", module, str(suite), *options],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MLBENCH_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@dataclass(frozen=True)
class Workshop:
    """A folder for sketches, and one cache for all that is built from them."""

    tools: Toolchain
    folder: Path

    def build(
        self, name: str, files: Mapping[str, str], *properties: str, board: str = OWN_BOARD
    ) -> Firmware:
        """A sketch of these files, by name; written again, it is another sketch of the same name."""
        sketch = self.folder / name
        sketch.mkdir(exist_ok=True)
        for file, text in files.items():
            (sketch / file).write_text(text)
        request = BuildRequest(sketch, board, properties)
        return build(request, self.tools, self.folder / "cache", Silent())

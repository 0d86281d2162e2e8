"""The bench of this room, one a session: the core is compiled once for each set of flags."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from arduino_bench import Bench

from mlbench.firmware.toolchain import Toolchain


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The tools of this machine; arduino-builder first, as it is the one that Debian has."""
    builder, cli, gcc = (
        shutil.which(name) for name in ("arduino-builder", "arduino-cli", "arm-none-eabi-gcc")
    )
    ctags = shutil.which("arduino-ctags")
    if not gcc or not (builder or cli):
        pytest.skip("needs arduino-builder or arduino-cli, and arm-none-eabi-gcc, on PATH")
    return Toolchain(
        arduino_cli=Path(cli) if cli and not builder else None,
        arduino_builder=Path(builder) if builder else None,
        ctags=Path(ctags) if ctags else None,
        gcc_bin=Path(gcc).parent,
    )


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Bench:
    return Bench(tmp_path_factory.mktemp("arduino"), tools)


@pytest.fixture(scope="session", autouse=True)
def _own_variables() -> Iterator[None]:
    """No sketchbook of the machine's user takes part."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ARDUINO_")]:
            patch.delenv(name)
        yield

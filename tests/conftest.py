from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from workshop import tools_or_skip

from mlbench.firmware.toolchain import Toolchain

# How long one example takes says nothing on a machine that runs other things too. On CI the examples are
# the same each time, so that a red run is about the change; elsewhere they wander, and find what is new.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("wander", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "wander")


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The tools of this machine, without arduino-cli."""
    return tools_or_skip()


@pytest.fixture
def interrupts() -> Iterator[None]:
    """What the test starts ends by SIGINT, though shells let their background jobs ignore that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a stand-in for Renode where it is found; arguments are how it misbehaves."""

    def make(**quirks: Any) -> Path:
        program = tmp_path / "renode"
        fake = Path(__file__).parent / "renode" / "fake_renode.py"
        variables = {
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "MLBENCH_HOTPATH": os.environ.get("MLBENCH_HOTPATH", ""),
            "FAKE_RENODE": json.dumps(quirks),
        }
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items() if value)
        program.write_text(f'#!/bin/sh\nexec env {settings} {shlex.quote(sys.executable)} {fake} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("MLBENCH_RENODE", str(program))
        return program

    return make

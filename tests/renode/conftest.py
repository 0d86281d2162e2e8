"""A stand-in for Renode on disk, and firmware for it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAKE = Path(__file__).with_name("fake_renode.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a stand-in for Renode where it is found; arguments are how it misbehaves."""

    def make(**quirks: Any) -> Path:
        program = tmp_path / "renode"
        variables = {
            "PYTHONPATH": str(ROOT),
            "MLBENCH_HOTPATH": os.environ.get("MLBENCH_HOTPATH", ""),
            "FAKE_RENODE": json.dumps(quirks),
        }
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items() if value)
        program.write_text(f'#!/bin/sh\nexec env {settings} {shlex.quote(sys.executable)} {FAKE} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("MLBENCH_RENODE", str(program))
        return program

    return make

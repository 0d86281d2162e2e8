"""A real board, where MLBENCH_PORT names one: the sample suite, and its limits against the emulator's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOARD = os.environ.get("MLBENCH_REAL_BOARD", "arduino:mbed_nano:nano33ble")


@pytest.mark.board
@pytest.mark.skipif(not os.environ.get("MLBENCH_PORT"), reason="no real board: MLBENCH_PORT names none")
def test_the_sample_suite_on_a_real_board(tmp_path: Path) -> None:
    results = {}
    for backend in ("board", "emulator"):
        out = tmp_path / f"{backend}.json"
        command = [sys.executable, "-m", "mlbench", "run", str(ROOT / "sketches"), "--board", BOARD]
        done = subprocess.run(
            [*command, "--backend", backend, "--json", str(out)], cwd=ROOT, timeout=3600, check=False
        )
        assert done.returncode == 0
        results[backend] = {found["sketch"]: found for found in json.loads(out.read_text())["results"]}
    for name, found in results["board"].items():
        mine, its = found["measures"], results["emulator"][name]["measures"]
        assert mine["flash"] == its["flash"], name
        if "bytes" in mine["unused_ram"]:
            assert mine["unused_ram"]["bytes"] == its["unused_ram"]["bytes"], name
            assert mine["inference_time"]["median_us"] == pytest.approx(
                its["inference_time"]["median_us"], rel=0.10
            ), name

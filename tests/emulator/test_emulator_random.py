"""Random code must neither crash the host nor outlive its deadline."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from bare_image import ROOT
from random_code import image_of, outcome, system_code

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine


def test_native_and_python_agree_on_a_system_gone_mad() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    for n in range(25):
        draw = random.Random(f"{seed} {n}")
        image = image_of(system_code(draw, draw.choice((30, 150))))
        results = [outcome(Machine(image, NRF52840, force_python=python), 20_000) for python in (False, True)]
        assert results[0] == results[1], f"seed {seed}, number {n}"


def test_random_code_is_survived() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("random_code.py")), str(seed), "150"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    last = done.stdout.splitlines()[-1] if done.stdout else "nothing"
    assert done.returncode == 0, f"seed and number: {last}\n{done.stderr[-3000:]}"
    assert last == f"{seed} 149"

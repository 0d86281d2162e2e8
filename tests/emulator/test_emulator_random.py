"""Random code must neither crash the host nor outlive its deadline."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from bare_image import ROOT


def test_random_code_is_survived() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("random_code.py")), str(seed), "200"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    last = done.stdout.splitlines()[-1] if done.stdout else "nothing"
    assert done.returncode == 0, f"seed and number: {last}\n{done.stderr[-3000:]}"
    assert last == f"{seed} 199"

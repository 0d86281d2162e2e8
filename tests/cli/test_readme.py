"""What the README shows is what its first command prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def shown_table() -> list[str]:
    """The lines of figures in the README's block."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split("mlbench:nrf52840:nano33ble, emulator\n", 1)[1].split("```", 1)[0]
    return [line.rstrip() for line in block.splitlines() if line.strip()]


@pytest.mark.usefixtures("tools")
def test_readme_shows_what_the_first_command_prints(tmp_path: Path) -> None:
    result = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-m", "mlbench", "run", "sketches/mlbench.yml", "--json", str(result)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(result.read_text())
    keys = document["results"][0]["build"]
    if "12.2.1 20221205" not in keys["compiler"] or "arduino-builder" not in keys["builder"]:
        pytest.skip(f"the README's figures are of Debian 12's compilers, not of {keys['compiler']}")
    printed = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
    shown = shown_table()
    assert printed[1 : 1 + len(shown)] == shown

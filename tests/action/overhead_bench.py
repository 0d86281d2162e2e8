"""How long the action takes beyond compiling and measuring: its steps in a run that finds both done.

Run as ``make bench-action``. act runs the real action.yml several times, against a fake of GitHub on this
machine; from the second run on every build and measurement is there. What it takes to transfer caches and
artifacts is not in the figure.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from act_bench import TOKEN, Origin, Ran, Stage
from fake_api import FakeGitHub
from scenes import Scene, one_job
from stand_ins import REPOSITORY, Taker, lay_out, make_path

AIM = 5.0
"""Seconds, at most."""


def seconds(ran: Ran) -> dict[str, float]:
    """Seconds of each step of the action, and of the whole."""
    found = {}
    for line in ran.lines:
        if (
            line.get("stage") == "Main"
            and "executionTime" in line
            and "mlbench-action" in str(line.get("step"))
        ):
            name = str(line["msg"]).partition(" - Main ")[2].rpartition(" [")[0]
            if "\n" not in name and "import os" not in name:
                found[name] = line["executionTime"] / 1e9
    return found


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch, FakeGitHub() as fake:
        folder = Path(scratch)
        fake.repository(REPOSITORY)
        fake.token(TOKEN, repository=REPOSITORY)
        stage = Stage(folder / "stage", fake, folder / "home", make_path(folder / "bin"))
        taker = Taker(stage)
        lay_out(stage.folder, taker.url)
        scene = Scene(stage, Origin.make(folder / "server" / "demo"), folder / "runner")
        scene.opened()
        runs = [seconds(scene.run(one_job())) for _ in range(4)]
        taker.close()
    warm = min(runs[1:], key=lambda run: sum(run.values()))
    whole = next(reversed(warm.values()))
    print(f"{'step':24}{'first run':>12}{'warm':>8}   seconds")
    for name, value in warm.items():
        print(f"{name[:24]:24}{runs[0].get(name, 0):12.2f}{value:8.2f}")
    print(f"the action's own overhead when warm: {whole:.2f} s (aim: at most {AIM:g} s)")
    return 0 if whole <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())

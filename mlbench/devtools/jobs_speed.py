"""How much faster a suite is on all cores: ``python -m mlbench.devtools.jobs_speed`` in a checkout.

Whole runs of sketches that nothing is known of, with their cores compiled: on one core (as ``taskset``
gives it) and on all, in pairs. What counts are the ratios of a pair; the machine has to be idle.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

_ROOT = Path(__file__).parents[2]
_SUITE = _ROOT / "sketches"
_MODEL = "keyword_spotting"


def main() -> int:
    """Print the seconds of each pair, and the median of the ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.jobs_speed", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--sketches", type=int, default=12, help="copies of sample sketches in the suite")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    print(f"{options.sketches} sketches, on 1 and on {len(cores)} cores")
    ratios = []
    with tempfile.TemporaryDirectory(prefix="mlbench-jobs-") as folder:
        suite = _suite(Path(folder), options.sketches)
        _seconds(suite, cores)  # bytecode is written, tools are found
        for pair in range(options.pairs):
            one, all_cores = _seconds(suite, cores[:1]), _seconds(suite, cores)
            ratios.append(one / all_cores)
            print(f"pair {pair + 1}: {one:.1f} s and {all_cores:.1f} s, {ratios[-1]:.2f} times as fast")
    print(f"median {median(ratios):.2f}")
    return 0


def _suite(folder: Path, count: int) -> Path:
    """Copies of the small model's sample sketches, each with a name of its own."""
    shutil.copytree(_SUITE / "libraries", folder / "libraries")
    data = yaml.safe_load((_SUITE / "mlbench.yml").read_text())
    entries = [entry for entry in data["sketches"] if entry["path"].startswith(_MODEL)]
    copies = []
    for number in range(count):
        entry = entries[number % len(entries)]
        origin, name = entry["path"], f"{entry['path']}_{number}"
        shutil.copytree(_SUITE / origin, folder / name)
        (folder / name / f"{origin}.ino").rename(folder / name / f"{name}.ino")
        copies.append({**entry, "name": name, "path": name})
    (folder / "mlbench.yml").write_text(yaml.safe_dump({**data, "sketches": copies}))
    return folder


def _seconds(suite: Path, cores: list[int]) -> float:
    """Wall time of a run of the suite by a process that may use these cores."""
    begin = time.monotonic()
    words = [sys.executable, "-m", "mlbench", "run", "--no-cache", "--json", str(suite / "results.json")]
    subprocess.run(
        words,
        cwd=suite,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return time.monotonic() - begin


if __name__ == "__main__":
    sys.exit(main())

"""How long mlbench takes to start: ``python -m mlbench.devtools.start_speed`` in a checkout.

CPU time of whole processes, so that a busy machine disturbs little; the least of some rounds. What counts are
the ratios to an interpreter that does nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_ROWS = (
    ("an interpreter alone", ("-c", "pass")),
    ("mlbench boards", ("-m", "mlbench", "boards")),
    ("entrypoint.py boards", (str(_ROOT / "entrypoint.py"), "boards")),
    ("mlbench run --help", ("-m", "mlbench", "run", "--help")),
)


def seconds(arguments: Sequence[str], rounds: int) -> float:
    """The least CPU time that Python takes with these arguments."""
    # The first round is for the bytecode to be written.
    return min([_once(arguments) for _ in range(rounds + 1)][1:])


def _once(arguments: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print a table of times and ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.start_speed", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=9, help="repetitions; the least counts")
    options = parser.parse_args()
    print(f"{'start':28}{'CPU ms':>8}{'of bare':>9}")
    bare = 0.0
    for name, arguments in _ROWS:
        took = seconds(arguments, options.rounds)
        bare = bare or took
        print(f"{name:28}{1e3 * took:8.0f}{took / bare:9.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

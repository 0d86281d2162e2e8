"""How long the parts of a profile take: parsing an image, booting it to setup(), and one probe.

``python -m mlbench.devtools.probe_speed FIRMWARE.elf --init NAME --inference NAME``: the least of some
rounds, in the process's own time, so that a busy machine disturbs less. Inference itself is told apart, as it
is the firmware's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mlbench.boards import board_for
from mlbench.boards.catalog import DEFAULT
from mlbench.core.execution import Functions, Outcome, Probe
from mlbench.elf.image import Image
from mlbench.errors import MLBenchError
from mlbench.pipeline.prebuilt import firmware_of
from mlbench.targets.emulator.run import RunSnapshot
from mlbench.targets.emulator.target import EmulatorTarget

_DEADLINE_US = 60e6
_T = TypeVar("_T")


def least(action: Callable[[], _T], rounds: int) -> tuple[float, _T]:
    """Least seconds of some rounds, and what the last one gave."""
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        given = action()
        seconds.append(time.process_time() - begin)
    return min(seconds), given


def measure(elf: Path, functions: Functions, board: str, rounds: int) -> list[tuple[str, float]]:
    """Seconds by part."""
    firmware = firmware_of(elf)
    target = EmulatorTarget(board_for(board))
    parsing, _ = least(lambda: len(Image.parse(elf.read_bytes(), elf).symbols), rounds)
    opening, session = least(lambda: target.open(firmware, functions), rounds)

    def boot() -> RunSnapshot:
        start = session.emulated(probe=True).boot(_DEADLINE_US)
        if not isinstance(start, RunSnapshot):
            raise MLBenchError(f"did not reach setup(): {start.reason}", where=elf.name)
        return start

    first, _ = least(boot, 1)
    again, _ = least(boot, rounds)
    begin = session.run(Probe(alloc=0), _DEADLINE_US)
    if begin.outcome is not Outcome.PASSED:
        raise MLBenchError(f"{begin.outcome.value}: {begin.reason}", where=elf.name)
    probing, _ = least(lambda: session.run(Probe(alloc=0), _DEADLINE_US), rounds)
    # The first inference with nothing around it but the probe's own end: what is left is the probe's cost.
    failing, _ = least(lambda: session.run(Probe(alloc=1 << 30), _DEADLINE_US), rounds)
    return [
        ("parse the symbols", parsing),
        ("open a session", opening),
        ("boot to setup(), the first time", first),
        ("boot to setup(), code known", again),
        ("probe that passes", probing),
        ("probe refused at once", failing),
    ]


def main() -> int:
    """Print a table of milliseconds."""
    parser = argparse.ArgumentParser(prog="python -m mlbench.devtools.probe_speed", description=__doc__)
    parser.add_argument("elf", type=Path)
    parser.add_argument("--init")
    parser.add_argument("--inference")
    parser.add_argument("--board", default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=5, help="repetitions; the quickest counts")
    options = parser.parse_args()
    functions = Functions(options.init, options.inference)
    try:
        parts = measure(options.elf, functions, options.board, options.rounds)
    except MLBenchError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    for name, seconds in parts:
        print(f"{name:34}{1e3 * seconds:9.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())

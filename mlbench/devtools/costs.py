"""What instructions cost, one by one: on the emulator, and beside it on a board.

``python -m mlbench.devtools.costs`` builds a sketch of some seventy loops, runs it on the emulated board, and
prints the cycles of each loop's body. ``--sketch FOLDER`` writes it there to be uploaded, and ``--log FILE``
puts what the board printed beside the emulator's cycles. ``mlbench board-check`` does all of that by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from mlbench.board_check import costs
from mlbench.errors import MLBenchError
from mlbench.testing.building import build
from mlbench.testing.device import Device

BOARD = "mlbench:nrf52840:nano33ble"


def emulate(sketch: Path, board: str) -> str:
    """What the sketch prints on an emulated board."""
    return Device(build(sketch, board), board=board).run_until(costs.DONE, timeout="20 s")


def main(arguments: list[str] | None = None) -> int:
    """Print the costs."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.costs", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--board", default=BOARD, help=f"FQBN of the emulated board; default: {BOARD}")
    parser.add_argument(
        "--sketch", type=Path, metavar="FOLDER", help="write the sketch there, and measure nothing"
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="what a board with the sketch has printed")
    given = parser.parse_args(arguments)
    every = costs.benches()
    try:
        if given.sketch is not None:
            costs.write_sketch(given.sketch / costs.NAME, every)
            print(
                f"wrote {given.sketch / costs.NAME}: upload it, and give what the board prints as --log FILE"
            )
            return 0
        board = (
            costs.costs_of(given.log.read_text(encoding="utf-8", errors="replace"), every)
            if given.log
            else None
        )
        with tempfile.TemporaryDirectory() as scratch:
            emulated = costs.costs_of(
                emulate(costs.write_sketch(Path(scratch) / costs.NAME, every), given.board), every
            )
    except OSError as error:
        print(f"mlbench: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except MLBenchError as error:
        print(f"mlbench: {error}", file=sys.stderr)
        return error.exit_status
    print(costs.table_text(emulated, board))
    return 0


if __name__ == "__main__":
    sys.exit(main())

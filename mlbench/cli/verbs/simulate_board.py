"""The verb ``simulate-board``: a board to test against."""

from __future__ import annotations

import argparse
from pathlib import Path

from mlbench.cli.parser import Parser, whole_number
from mlbench.errors import UsageError

NAME = "simulate-board"
HELP = "a simulated board behind a serial port, with faults on demand"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("elf", nargs="?", metavar="FIRMWARE.elf", help="what is on it at first")
    parser.add_argument("--board", metavar="BOARD", default="nano33ble", help="FQBN or short name")
    parser.add_argument("--link", metavar="PATH", required=True, help="where its serial port is to be")
    parser.add_argument(
        "--fault",
        metavar="NAME=N",
        action="append",
        default=[],
        help="what goes wrong, see docs/boards.md; may be repeated",
    )
    parser.add_argument(
        "--seed", metavar="N", type=whole_number, default=0, help="which bytes it goes wrong with"
    )
    parser.add_argument("--fast", action="store_true", help="as fast as possible, not in real time")
    parser.add_argument("--log", metavar="FILE", help="write what happens there, as lines of JSON")


def run(options: argparse.Namespace) -> int:
    """Be a board."""
    from mlbench.boards import board_for
    from mlbench.simulated.board import SimulationOptions, simulate
    from mlbench.simulated.faults import parse_faults

    board = board_for(options.board)
    if board.emulator is None:
        raise UsageError(f"board {board.id} has no emulator", do="name a board that has one: mlbench boards")
    log = Path(options.log) if options.log else None
    simulation = SimulationOptions(
        parse_faults(options.fault), options.seed, 0.0 if options.fast else 1.0, log
    )
    elf = Path(options.elf) if options.elf else None
    if elf is not None and not elf.is_file():
        raise UsageError("there is no such file", where=str(elf), do="name an ELF file")
    return simulate(board, Path(options.link), simulation, elf)

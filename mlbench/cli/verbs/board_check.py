"""The verb ``board-check``: a real board held against the emulator."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlbench.cli.options import settings_of
from mlbench.cli.parser import Parser

NAME = "board-check"
HELP = "hold a real board against the emulator: uploads, records, watchdog, RAM, times, costs"
_FILE = "board-check.json"
_DIFFERS = 1


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("--board", metavar="FQBN", required=True, help="the board, by FQBN or short name")
    parser.add_argument("--port", metavar="P", help="its serial port; default: the one that looks like it")
    parser.add_argument(
        "--json", metavar="FILE", default=_FILE, help=f"where the findings go, to be sent; default: {_FILE}"
    )


def run(options: argparse.Namespace) -> int:
    """Check a board; 1 where something differs."""
    from mlbench.board_check.check import check_board
    from mlbench.board_check.findings import to_json, to_text
    from mlbench.boards import board_for
    from mlbench.results.result_file import write_text
    from mlbench.util.progress import make_progress

    board = board_for(options.board)
    fqbn = options.board if ":" in options.board else board.fqbns[0]
    settings = settings_of(options)
    findings = check_board(board, fqbn, settings, make_progress(sys.stderr))
    write_text(to_json(findings), str(Path(options.json)))
    print(f"{board.name} ({findings.port}), {findings.keys['compiler']}, in {findings.seconds:,.0f} s\n")
    print(to_text(findings))
    print(f'\nwrote {options.json}: send it with the issue form "Board check", also where all agrees')
    return 0 if findings.agrees else _DIFFERS

"""The verb ``flash``: firmware onto a board."""

from __future__ import annotations

import argparse

from mlbench.cli.options import settings_of
from mlbench.cli.parser import Parser

NAME = "flash"
HELP = "put firmware onto a board; without one, the empty sketch"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument(
        "elf", nargs="?", metavar="FIRMWARE.elf", help="what is put onto it; default: the empty sketch"
    )
    parser.add_argument("--board", metavar="FQBN", required=True, help="the board, by FQBN or short name")
    parser.add_argument("--port", metavar="P", help="its serial port; default: the one that looks like it")


def run(options: argparse.Namespace) -> int:
    """Put it onto a board that is free, and end."""
    from mlbench.cli.firmware import flash

    return flash(options, settings_of(options))

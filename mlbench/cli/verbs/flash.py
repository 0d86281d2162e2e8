"""The verb ``flash``: firmware onto a board."""

from __future__ import annotations

import argparse

from mlbench.cli.options import add_image, given_files, settings_of
from mlbench.cli.parser import Parser

NAME = "flash"
HELP = "put firmware onto a board; without one, the empty sketch"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_image(parser, "what is put onto it: ELF, HEX, UF2, or BIN; default: the empty sketch", optional=True)
    parser.add_argument("--board", metavar="FQBN", required=True, help="the board, by FQBN or short name")
    parser.add_argument("--port", metavar="P", help="its serial port; default: the one that looks like it")


def run(options: argparse.Namespace) -> int:
    """Put it onto a board that is free, and end."""
    from mlbench.cli.firmware import flash

    given = given_files(options) if options.elf else None
    return flash(given, options, settings_of(options))

"""The verb ``elf``: profile a firmware image."""

from __future__ import annotations

import argparse
from dataclasses import replace

from mlbench.cli.options import (
    add_cross_check,
    add_image,
    add_measuring,
    add_outputs,
    given_files,
    measuring_options,
    settings_of,
)
from mlbench.cli.parser import Parser
from mlbench.core import backends

NAME = "elf"
HELP = "profile a firmware image, without a compiler"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_measuring(parser)
    add_outputs(parser)
    add_image(parser, "an image for a supported board: ELF, HEX, UF2, or BIN; several are one image together")
    parser.add_argument(
        "--board", metavar="BOARD", default="", help="FQBN or short name of the board; default: nano33ble"
    )
    parser.add_argument(
        "--backend",
        choices=tuple(backend.name for backend in backends.rows() if not backend.on_port),
        help="where it runs",
    )
    add_cross_check(parser)
    parser.add_argument("--ram", action="store_true", help="search the limit of unused RAM too")
    parser.add_argument("--serial", action="store_true", help="show what the firmware prints")


def run(options: argparse.Namespace) -> int:
    """Profile a given image."""
    from mlbench.cli.run import elf

    wanted = replace(measuring_options(options), backend=options.backend or "")
    return elf(given_files(options), options, wanted, settings_of(options))

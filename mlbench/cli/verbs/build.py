"""The verb ``build``: firmware for boards, to be measured on another machine."""

from __future__ import annotations

import argparse
from dataclasses import replace

from mlbench.cli.options import add_measuring, add_sketches, settings_of, sketch_options
from mlbench.cli.parser import Parser
from mlbench.core import backends

NAME = "build"
HELP = "build sketches for boards, to be measured on another machine"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_measuring(parser)
    add_sketches(parser)
    parser.add_argument(
        "--firmware-dir",
        metavar="DIR",
        required=True,
        help="write firmware to this new folder, for `run --firmware-dir`",
    )


def run(options: argparse.Namespace) -> int:
    """Build what is meant, and write it into a folder."""
    from mlbench.cli.firmware import build
    from mlbench.cli.verbs import names

    run_options = replace(
        sketch_options(options), backend=backends.of_boards(), firmware_dir=options.firmware_dir
    )
    return build(run_options, settings_of(options), names())

"""The verb ``compare``: two result files held against each other."""

from __future__ import annotations

import argparse

from mlbench.cli.options import add_outputs, settings_of
from mlbench.cli.parser import Parser

NAME = "compare"
HELP = "compare two result files"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_outputs(parser)
    parser.add_argument("base", metavar="BASE.json", help="results to compare with")
    parser.add_argument("head", metavar="HEAD.json", help="results to judge")
    parser.add_argument(
        "--thresholds",
        metavar="FILE",
        default="",
        help="the mlbench.yml that says how far each measure may get worse; default: the project's",
    )


def run(options: argparse.Namespace) -> int:
    """Compare two result files."""
    from mlbench.cli.compare import compare_files

    return compare_files(options, settings_of(options))

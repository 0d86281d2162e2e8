"""The verb ``history``: the figures of a project's commits."""

from __future__ import annotations

import argparse
from pathlib import Path

from mlbench.cli.options import add_measuring, add_sketches, settings_of, sketch_options
from mlbench.cli.parser import Parser, whole_number

NAME = "history"
HELP = "measure commits of the past, and draw each measure"
_LAST = 50


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_measuring(parser)
    add_sketches(parser)
    parser.add_argument(
        "--last", metavar="COUNT", type=whole_number, default=_LAST, help="so many commits (default: 50)"
    )
    parser.add_argument(
        "--commits",
        metavar="REVISIONS",
        default="HEAD",
        help="of this branch, or of a range as v1.0..main (default: HEAD)",
    )
    parser.add_argument(
        "--page",
        metavar="FILE",
        default="mlbench-history.html",
        help="the page to write; the file beside it ends in .json (default: mlbench-history.html)",
    )


def run(options: argparse.Namespace) -> int:
    """Measure commits of the past."""
    from mlbench.cli.history import HistoryOptions, history

    which = HistoryOptions(options.commits, max(1, options.last), Path(options.page))
    return history(which, sketch_options(options), settings_of(options))

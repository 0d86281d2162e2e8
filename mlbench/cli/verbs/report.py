"""The verb ``report``: a file of results in another form."""

from __future__ import annotations

import argparse

from mlbench.cli.parser import Parser
from mlbench.reports import formats

NAME = "report"
HELP = "write a report of a result or a comparison file"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("file", metavar="FILE.json", help="what --json or --comparison wrote")
    parser.add_argument("--format", choices=formats.names(), default="comment", help="what it becomes")
    parser.add_argument(
        "--output",
        metavar="FILE",
        default="",
        help="where it goes, standard output by default; for sketches-report, a folder",
    )
    parser.add_argument("--title", metavar="TEXT", default="mlbench", help="its heading")
    parser.add_argument("--run-url", metavar="URL", default="", help="address of the run, to be linked")


def run(options: argparse.Namespace) -> int:
    """Write one report."""
    from mlbench.cli.report import report

    return report(options)

"""The verb ``comment``: comparisons into a comment of a pull request."""

from __future__ import annotations

import argparse

from mlbench.cli.options import settings_of
from mlbench.cli.parser import Parser, whole_number

NAME = "comment"
HELP = "write comparisons into a comment of a pull request"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("files", metavar="COMPARISON.json", nargs="+", help="what --comparison wrote")
    parser.add_argument("--pr", metavar="N", type=_number, required=True, help="number of the pull request")
    parser.add_argument(
        "--repo", metavar="OWNER/NAME", default="", help="the repository; default: $GITHUB_REPOSITORY"
    )
    parser.add_argument("--key", metavar="K", default="mlbench", help="tells several comments apart")
    parser.add_argument("--commit", metavar="SHA", default="", help="the head that was measured")
    parser.add_argument("--title", metavar="TEXT", default="mlbench", help="its heading")
    parser.add_argument("--run-url", metavar="URL", default="", help="address of the run, to be linked")
    parser.add_argument(
        "--when",
        choices=("always", "changes", "regressions"),
        default="always",
        help="when a comment is made where there is none",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the comment, write nothing")


def run(options: argparse.Namespace) -> int:
    """Write comparisons into a comment of a pull request."""
    from mlbench.cli.report import comment

    return comment(options, settings_of(options))


def _number(text: str) -> int:
    number = whole_number(text)
    if not 1 <= number < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a pull request")
    return number

"""The verb ``init``: what a project needs to be measured."""

from __future__ import annotations

import argparse
from pathlib import Path

from mlbench.cli.parser import Parser

NAME = "init"
HELP = "write mlbench.yml and workflows for the sketches found here"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("--force", action="store_true", help="write files anew that are there")


def run(options: argparse.Namespace) -> int:
    """Write what the project that the current folder is in needs to be measured."""
    from mlbench.suite.starter import init

    for line in init(Path.cwd(), force=options.force):
        print(line)
    return 0

"""The verb ``uninstall``: take all of mlbench off this machine."""

from __future__ import annotations

import argparse

from mlbench.cli.output import say
from mlbench.cli.parser import Parser

NAME = "uninstall"
HELP = "remove all that mlbench made on this machine"


def arguments(_parser: Parser) -> None:
    """It takes nothing."""


def run(_options: argparse.Namespace) -> int:
    """Remove all that mlbench made here."""
    from mlbench.host.cache import uninstall

    uninstall(say)
    return 0

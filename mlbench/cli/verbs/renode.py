"""The verb ``renode``: fetch Renode."""

from __future__ import annotations

import argparse

from mlbench.cli.options import settings_of
from mlbench.cli.output import say
from mlbench.cli.parser import Parser
from mlbench.errors import EnvironmentFault

NAME = "renode"
HELP = "fetch Renode, for `backend: renode`"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("action", choices=("install",), help="what to do")
    parser.add_argument(
        "version",
        nargs="?",
        metavar="VERSION",
        default="",
        help="the release; default: the tested one",
    )


def run(options: argparse.Namespace) -> int:
    """Fetch a release of Renode into mlbench's own folder.

    Raises:
        EnvironmentFault: it cannot be had, or may not be fetched.
    """
    from mlbench.renode.install import default_release, install

    policy = settings_of(options).policy
    if policy.offline or not policy.install:
        word = "--offline" if policy.offline else "--no-install"
        raise EnvironmentFault(f"Renode is not fetched: {word}", do="leave it out, or set MLBENCH_RENODE")
    print(install(options.version or default_release(), say))
    return 0

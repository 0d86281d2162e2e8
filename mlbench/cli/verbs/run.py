"""The verb ``run``: profile sketches."""

from __future__ import annotations

import argparse
from dataclasses import replace

from mlbench.cli.bisect import BISECT
from mlbench.cli.options import (
    add_cross_check,
    add_measuring,
    add_outputs,
    add_sketches,
    settings_of,
    sketch_options,
)
from mlbench.cli.parser import Parser
from mlbench.core import backends
from mlbench.suite.options import RunOptions

NAME = "run"
HELP = "profile sketches (the default)"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    add_measuring(parser)
    add_sketches(parser)
    add_outputs(parser)
    parser.add_argument("--backend", choices=backends.names(), help="where firmware runs")
    add_cross_check(parser)
    parser.add_argument("--port", metavar="P", help="serial port of a real board")
    parser.add_argument(
        "--skip-unchanged",
        action="store_true",
        help="leave out sketches that are the same at the baseline, which must be a branch or a commit",
    )
    parser.add_argument(
        "--baseline", metavar="REF|FILE", default="", help="compare with a branch, a commit or a result file"
    )
    parser.add_argument(
        "--canonical",
        action="store_true",
        help="measure times in the canonical layout as well, for results to be compared; --baseline does so",
    )
    parser.add_argument(
        BISECT,
        action="store_true",
        help="exit statuses for `git bisect run`: 125 where a sketch fails, 128 and above where it must stop",
    )
    parser.add_argument(
        "--comparison",
        metavar="FILE",
        default="",
        help="write the comparison to this file as JSON; - is standard output",
    )
    parser.add_argument(
        "--firmware-dir",
        metavar="DIR",
        default="",
        help="measure what `build` wrote there, and build nothing",
    )
    parser.add_argument(
        "--thresholds", metavar="FILE", default="", help="with --firmware-dir: the mlbench.yml that has them"
    )


def options_of(options: argparse.Namespace) -> RunOptions:
    """What its options ask for."""
    return replace(
        sketch_options(options),
        backend=options.backend or "",
        port=options.port or "",
        firmware_dir=options.firmware_dir,
        thresholds=options.thresholds,
        baseline=options.baseline,
        comparison=options.comparison,
        skip_unchanged=options.skip_unchanged,
    )


def run(options: argparse.Namespace) -> int:
    """Profile a suite, one sketch, or what is found."""
    from mlbench.cli.run import run as profile
    from mlbench.cli.verbs import names

    return profile(options_of(options), settings_of(options), names())

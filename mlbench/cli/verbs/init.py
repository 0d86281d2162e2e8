"""The verb ``init``: what a project needs to be measured."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.cli.parser import Parser

if TYPE_CHECKING:
    from mlbench.suite.suggestions import Suggestion
    from mlbench.suite.suite_file import SketchSpec

NAME = "init"
HELP = "write mlbench.yml and workflows for the sketches found here"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("--force", action="store_true", help="write files anew that are there")
    parser.add_argument(
        "--no-run", action="store_true", help="build and run no sketch, so name no functions in mlbench.yml"
    )


def run(options: argparse.Namespace) -> int:
    """Write what the project that the current folder is in needs to be measured."""
    from mlbench.firmware.loaded_sketch import installed_core
    from mlbench.host.cache_dir import BUILDS, cache_area
    from mlbench.suite.starter import init

    def suggest(specs: Sequence[SketchSpec]) -> Sequence[Suggestion]:
        from mlbench.cli.options import settings_of
        from mlbench.errors import EnvironmentFault
        from mlbench.pipeline.services import make_services
        from mlbench.pipeline.suggesting import suggest
        from mlbench.suite.selection import settled
        from mlbench.util.progress import make_progress

        progress = make_progress(sys.stderr)
        services = make_services(settings_of(options), progress)
        try:
            return suggest([settled(spec) for spec in specs], services, progress)
        except EnvironmentFault as error:
            progress.note(f"the sketches were not run, so no functions are named: {error}")
            return ()
        finally:
            services.release()

    for line in init(Path.cwd(), force=options.force, suggest=None if options.no_run else suggest):
        print(line)
    core = installed_core(cache_area(BUILDS))
    if core:
        print(
            f"{core} is installed: add it as `board`, with `link_modes: [dynamic, static]` (docs/zephyr.md)"
        )
    return 0

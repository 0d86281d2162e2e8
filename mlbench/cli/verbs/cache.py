"""The verb ``cache``: what mlbench keeps on this machine."""

from __future__ import annotations

import argparse

from mlbench.cli.output import say
from mlbench.cli.parser import Parser
from mlbench.errors import UsageError

NAME = "cache"
HELP = "list or clean what mlbench keeps"


def arguments(parser: Parser) -> None:
    """Add what it takes."""
    parser.add_argument("action", choices=("list", "clean"), help="what to do")
    parser.add_argument("area", nargs="*", metavar="AREA", help="only these areas; default: all")


def run(options: argparse.Namespace) -> int:
    """List or clean what is kept, in these areas or in all.

    Raises:
        UsageError: there is no such area.
    """
    from mlbench.host.cache import clean, entries
    from mlbench.host.cache_dir import AREAS, home_path
    from mlbench.util.schema import suggestion

    for name in options.area:
        if name not in AREAS:
            raise UsageError(f"there is no cache area {name!r}", do=suggestion(name, AREAS))
    if options.action == "clean":
        print(f"freed {_megabytes(clean(say, options.area))} of {home_path()}")
        return 0
    all_entries = entries(options.area)
    print(f"{home_path()}: {_megabytes(sum(entry.bytes for entry in all_entries))}")
    for name, meaning in AREAS.items():
        area_entries = [entry for entry in all_entries if entry.area == name]
        if area_entries:
            print(f"{name} ({meaning}): {_megabytes(sum(entry.bytes for entry in area_entries))}")
        for entry in area_entries:
            print(f"    {_megabytes(entry.bytes):>10}  {entry.name}{' (in use)' if entry.in_use else ''}")
    return 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"

"""The verb ``doctor``: what this machine has, and what it lacks."""

from __future__ import annotations

import argparse

from mlbench.cli.parser import Parser

NAME = "doctor"
HELP = "check this machine's setup"


def arguments(_parser: Parser) -> None:
    """It takes nothing."""


def run(_options: argparse.Namespace) -> int:
    """Check this machine's setup; status 4 when something that is needed is missing."""
    from mlbench.cli.doctor import checks

    all_checks = checks()
    for check in all_checks:
        mark = "ok" if check.ok else "missing" if check.needed else "without"
        print(f"{mark:8}{check.name}: {check.detail}")
        if check.do and not check.ok:
            print(f"        {check.do}")
    return 4 if any(check.needed and not check.ok for check in all_checks) else 0

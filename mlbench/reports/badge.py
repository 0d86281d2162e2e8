"""A badge: JSON for the endpoint of shields.io."""

from __future__ import annotations

import json

from mlbench.reports.digest import Digest, digest, headline
from mlbench.results.comparison import Comparison, Verdict


def to_badge(comparison: Comparison) -> str:
    """The outcome in some words and a colour."""
    overview = digest(comparison)
    broken = bool(overview.broken or overview.failed)
    data = {
        "schemaVersion": 1,
        "label": "mlbench",
        "message": headline(overview)[1],
        "color": _color(overview, broken),
        "isError": broken,
    }
    return json.dumps(data, indent=2) + "\n"


def _color(overview: Digest, broken: bool) -> str:
    verdicts = overview.verdicts
    if broken or verdicts[Verdict.FAIL]:
        return "red"
    if verdicts[Verdict.WARN]:
        return "orange"
    if verdicts[Verdict.WORSE] or verdicts[Verdict.ACCEPTED]:
        return "yellow"
    if not overview.jobs:
        return "lightgrey"
    return "blue" if overview.comparison.base is None else "brightgreen"

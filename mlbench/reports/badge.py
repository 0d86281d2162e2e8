"""A badge: JSON for the endpoint of shields.io."""

from __future__ import annotations

import json

from mlbench.reports.digest import Digest, digest, headline
from mlbench.results.comparison import Comparison, Verdict


def to_badge(comparison: Comparison) -> str:
    """The outcome in some words and a colour."""
    found = digest(comparison)
    broken = bool(found.broken or found.failed)
    data = {
        "schemaVersion": 1,
        "label": "mlbench",
        "message": headline(found)[1],
        "color": _color(found, broken),
        "isError": broken,
    }
    return json.dumps(data, indent=2) + "\n"


def _color(found: Digest, broken: bool) -> str:
    verdicts = found.verdicts
    if broken or verdicts[Verdict.FAIL]:
        return "red"
    if verdicts[Verdict.WARN]:
        return "orange"
    if verdicts[Verdict.WORSE] or verdicts[Verdict.ACCEPTED]:
        return "yellow"
    if not found.jobs:
        return "lightgrey"
    return "blue" if found.comparison.base is None else "brightgreen"

"""JSON for benchmark-action/github-action-benchmark: tools customSmallerIsBetter and customBiggerIsBetter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mlbench.core.measures import row
from mlbench.reports.history import Point, points
from mlbench.results.values import Result


def to_benchmark_json(results: Sequence[Result]) -> tuple[str, str]:
    """The files of measures of which less, and of which more is better: one file has one direction."""
    smaller: list[dict[str, Any]] = []
    bigger: list[dict[str, Any]] = []
    for point in points(results):
        (bigger if row(point.measure).more_is_better else smaller).append(_entry(point))
    return json.dumps(smaller, indent=2) + "\n", json.dumps(bigger, indent=2) + "\n"


def _entry(point: Point) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"{point.job}: {point.measure}",
        "unit": point.unit,
        "value": point.value,
    }
    if point.low is not None and point.high is not None:
        entry["range"] = f"± {(point.high - point.low) / 2:.3f}"
    if point.detail:
        entry["extra"] = point.detail
    return entry

"""Bencher Metric Format, for ``bencher run --adapter json``.

Measures are named by slugs, which are in kebab case (bencher.dev, reference of the format). Bytes and
microseconds, as in results.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from mlbench.reports.history import points
from mlbench.results.values import Result
from mlbench.util.text import elide

_NAME = 1024
"""Characters that a benchmark's name may have."""


def to_bencher(results: Sequence[Result]) -> str:
    """A metric for each figure that is there; times with their spread as lower and upper value."""
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for point in points(results):
        metric: dict[str, float] = {"value": point.value}
        if point.low is not None and point.high is not None:
            metric |= {"lower_value": point.low, "upper_value": point.high}
        metrics.setdefault(elide(point.job, _NAME), {})[point.measure.replace("_", "-")] = metric
    return json.dumps(metrics, indent=2) + "\n"

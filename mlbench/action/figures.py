"""The output ``measures``: figures as JSON text for the steps that follow."""

from __future__ import annotations

import json
from typing import Any

from mlbench.results.comparison import Comparison, Delta, Figure, JobChange

LIMIT = 500_000
"""Characters at most: GitHub takes outputs of 1 MB a job."""


def measures_json(comparison: Comparison | None, limit: int = LIMIT) -> str:
    """One entry a sketch, board and backend, with its figures; ``[]`` where nothing was measured."""
    entries: list[dict[str, Any]] = []
    length = 2
    for job in comparison.jobs if comparison else ():
        entry = _entry(job)
        length += len(json.dumps(entry)) + 2
        if length > limit:
            break
        entries.append(entry)
    return json.dumps(entries)


def _entry(job: JobChange) -> dict[str, Any]:
    measures = {delta.measure: _delta(delta) for delta in job.deltas}
    return {
        "sketch": job.sketch,
        "board": job.board,
        "backend": job.backend,
        "state": job.state.value,
        **measures,
    }


def _delta(delta: Delta) -> dict[str, Any]:
    return {
        "base": _value(delta.base),
        "head": _value(delta.head),
        "change": delta.change,
        "percent": delta.percent,
        "verdict": delta.verdict.value,
    }


def _value(figure: Figure | None) -> float | None:
    return figure.value if figure else None

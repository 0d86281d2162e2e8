"""The figures of a project's commits, one after the other, and their file ``mlbench/history/1``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlbench.results.codec import decode, encode
from mlbench.results.values import Absent, Result, Time

SCHEMA = "mlbench/history/1"


@dataclass(frozen=True)
class HistoryFigure:
    """One figure of one commit, in bytes or microseconds.

    ``judged`` is what changes are judged on: of an emulated time, that in the canonical layout without
    alignment cycles. Its changes add up, so that many small ones show.
    """

    sketch: str
    board: str
    backend: str
    measure: str
    value: float
    judged: float

    @property
    def job(self) -> tuple[str, str, str]:
        """Sketch, board and backend."""
        return self.sketch, self.board, self.backend


@dataclass(frozen=True)
class HistoryCommit:
    """What was measured of a commit. ``time`` is that of the commit, in seconds since 1970."""

    commit: str
    time: int
    subject: str
    figures: tuple[HistoryFigure, ...] = ()
    tools: tuple[str, ...] = ()
    """What built and measured: compiler, platform, cost table, board."""
    notes: tuple[str, ...] = ()
    """Why there is no figure, or not of all."""


def figures_of(results: Sequence[Result]) -> tuple[HistoryFigure, ...]:
    """The figures of results that are there."""
    figures = []
    for result in results:
        for measure, value in result.measures.items():
            if not isinstance(value, Absent):
                judged = _judged_us(value) if isinstance(value, Time) else value.amount
                job = result.sketch, result.board, result.backend
                figures.append(HistoryFigure(*job, measure.key, value.amount, judged))
    return tuple(figures)


def tools_of(results: Sequence[Result]) -> tuple[str, ...]:
    """What built and measured them."""
    tools: dict[str, None] = {}
    for result in results:
        if result.build is not None:
            tools |= {f"compiler {result.build.compiler}": None, f"platform {result.build.platform}": None}
        if result.instrument is not None:
            tools |= {f"cost table {result.instrument.cost_table}": None, f"board {result.board}": None}
    return tuple(sorted(tools))


def to_json(commits: Sequence[HistoryCommit]) -> str:
    """The text of a history file."""
    data = {"schema": SCHEMA, "commits": [encode(commit) for commit in commits]}
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def commit_of(data: Any) -> HistoryCommit:
    """The commit that was encoded. Raises UsageError for what is none."""
    return decode(data, HistoryCommit)


def _judged_us(time: Time) -> float:
    if not time.cycles or time.placement is None:
        return time.median_us
    cycles, placement = time.cycles, time.placement
    if time.canonical is not None:
        cycles, placement = time.canonical.cycles, time.canonical.placement
    return (cycles - placement) * time.median_us / time.cycles

"""The forms that a comparison can be written in, a row each: for ``report``, and for the action's artifacts.

Each writer imports what it needs when it is called: other verbs must not wait for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlbench.results.comparison import Comparison
    from mlbench.results.values import Result


@dataclass(frozen=True)
class Heading:
    """What a report is called, and the run that it links to; empty: none."""

    title: str = "mlbench"
    run_url: str = ""


Writer = Callable[["Comparison", Heading], "str | Mapping[str, str]"]
"""Gives a text, or several by the names of their files."""


@dataclass(frozen=True)
class Format:
    """One form."""

    name: str
    write: Writer
    artifact: str = ""
    """Its file among the action's artifacts, a folder where it has several; empty: it is not among them."""


def _markdown(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.markdown import to_markdown

    return to_markdown(_heads(comparison))


def _comment(comparison: Comparison, heading: Heading) -> str:
    from mlbench.reports.comment import comment_markdown

    return comment_markdown(comparison, title=heading.title, run_url=heading.run_url)


def _summary(comparison: Comparison, heading: Heading) -> str:
    from mlbench.reports.summary import summary_markdown

    return summary_markdown(comparison, title=heading.title, run_url=heading.run_url)


def _html(comparison: Comparison, heading: Heading) -> str:
    from mlbench.reports.flame_graph import STYLE, flame_graphs
    from mlbench.reports.page import to_page

    graphs = flame_graphs(comparison)
    return to_page(_summary(comparison, heading), heading.title, more=graphs, style=STYLE if graphs else "")


def _junit(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.junit import to_junit

    return to_junit(comparison)


def _annotations(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.annotations import annotations_of

    return json.dumps([asdict(item) for item in annotations_of(comparison, Path.cwd())], indent=2) + "\n"


def _sketches_report(comparison: Comparison, _heading: Heading) -> Mapping[str, str]:
    from mlbench.reports.sketches_report import to_sketches_report

    return to_sketches_report(comparison)


def _benchmark_smaller(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.benchmark_action import to_benchmark_json

    return to_benchmark_json(_heads(comparison))[0]


def _benchmark_bigger(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.benchmark_action import to_benchmark_json

    return to_benchmark_json(_heads(comparison))[1]


def _bencher(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.bencher import to_bencher

    return to_bencher(_heads(comparison))


def _badge(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.badge import to_badge

    return to_badge(comparison)


def _speedscope(comparison: Comparison, _heading: Heading) -> str:
    from mlbench.reports.profiles import to_speedscope

    return to_speedscope(comparison)


def _collapsed(comparison: Comparison, _heading: Heading) -> Mapping[str, str]:
    from mlbench.reports.profiles import to_collapsed

    return to_collapsed(comparison)


def _callgrind(comparison: Comparison, _heading: Heading) -> Mapping[str, str]:
    from mlbench.reports.profiles import to_callgrind

    return to_callgrind(comparison)


def _heads(comparison: Comparison) -> list[Result]:
    return [job.head for job in comparison.jobs if job.head is not None]


FORMATS = (
    Format("markdown", _markdown),
    Format("comment", _comment),
    Format("summary", _summary),
    Format("html", _html),
    Format("junit", _junit, "junit.xml"),
    Format("annotations", _annotations),
    Format("sketches-report", _sketches_report, "sketches-report"),
    Format("benchmark-smaller", _benchmark_smaller, "benchmark-smaller.json"),
    Format("benchmark-bigger", _benchmark_bigger, "benchmark-bigger.json"),
    Format("bencher", _bencher, "bencher.json"),
    Format("badge", _badge, "badge.json"),
    Format("speedscope", _speedscope, "profiles.speedscope.json"),
    Format("collapsed", _collapsed, "profiles"),
    Format("callgrind", _callgrind, "profiles"),
)


def rows() -> tuple[Format, ...]:
    """All forms."""
    return FORMATS


def names() -> tuple[str, ...]:
    """Their names."""
    return tuple(form.name for form in FORMATS)


def find(name: str) -> Format:
    """The form of a name. Raises KeyError where there is none."""
    for form in FORMATS:
        if form.name == name:
            return form
    raise KeyError(name)

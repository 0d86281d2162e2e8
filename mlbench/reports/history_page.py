"""The history of a project's figures as one HTML page with a chart a measure; it needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime, timezone

from mlbench.core.measures import row
from mlbench.reports.page import to_page
from mlbench.reports.wording import shown, unit
from mlbench.results.history import HistoryCommit, HistoryFigure
from mlbench.util.text import printable

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 860, 200, 90, 12, 12, 22
_ROOM = 0.08
"""Of the range of figures, above and below."""
_STYLE = """\
svg.chart { width: 100%; height: auto; background: var(--soft); border-radius: 6px; margin: 0 0 18px; }
svg.chart text { fill: var(--text); font: 11px system-ui, "DejaVu Sans", sans-serif; }
svg.chart .line { fill: none; stroke: var(--link); stroke-width: 1.6; }
svg.chart .point { fill: var(--link); }
svg.chart .point:hover { r: 5; }
svg.chart .grid { stroke: var(--line); }
svg.chart .mark { stroke: #c2410c; stroke-dasharray: 4 3; }
svg.chart .gap { fill: #c2410c; }
"""

Series = dict[tuple[str, str, str], dict[str, dict[int, HistoryFigure]]]


def history_page(commits: Sequence[HistoryCommit], title: str) -> str:
    """The page: a chart of each measure of each sketch, and what changed between commits.

    Args:
        commits: oldest first.
        title: of the page, from outside.
    """
    series: Series = {}
    for number, commit in enumerate(commits):
        for figure in commit.figures:
            series.setdefault(figure.job, {}).setdefault(figure.measure, {})[number] = figure
    marks = _marks(commits)
    body = [f"<p>{html.escape(_span(commits))}</p>"]
    for (sketch, board, backend), measures in series.items():
        body.append(f"<h3>{_text(sketch)}</h3><p>{_text(board)}, {_text(backend)}</p>")
        for measure, figures in measures.items():
            body.append(_chart(commits, measure, figures, marks))
    notes = [
        f"<li>{_about(commit)}: {_text('; '.join(commit.notes))}</li>" for commit in commits if commit.notes
    ]
    body += [f"<h4>Not measured</h4><ul>{''.join(notes)}</ul>"] if notes else []
    rows = [f"<li>{_text(text)}</li>" for text in marks.values()]
    body += [f"<h4>Tools</h4><ul>{''.join(rows)}</ul>"] if rows else []
    return to_page("", printable(title), more="\n".join(body), style=_STYLE)


def _marks(commits: Sequence[HistoryCommit]) -> dict[int, str]:
    """Where other tools built or measured, by commit: what came and what went."""
    marks = {}
    before: tuple[str, ...] = ()
    for number, commit in enumerate(commits):
        if commit.tools and before and commit.tools != before:
            came = [tool for tool in commit.tools if tool not in before]
            went = [tool for tool in before if tool not in commit.tools]
            marks[number] = f"{commit.commit[:12]}: {', '.join(went) or 'nothing'} → {', '.join(came)}"
        before = commit.tools or before
    return marks


def _chart(
    commits: Sequence[HistoryCommit], measure: str, figures: dict[int, HistoryFigure], marks: dict[int, str]
) -> str:
    values = [figure.judged for figure in figures.values()]
    low, high = min(values), max(values)
    room = _ROOM * (high - low) or max(abs(high), 1) * _ROOM
    low, high = low - room, high + room
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(number: int) -> float:
        return round(_LEFT + wide * (number + 0.5) / len(commits), 1)

    def y(value: float) -> float:
        return round(_TOP + tall * (high - value) / (high - low), 1)

    parts = []
    for value in (max(values), min(values)):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value)}" y2="{y(value)}"/>'
        )
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{shown(measure, value)}</text>'
        )
    for number, text in marks.items():
        line = f'<line class="mark" x1="{x(number)}" x2="{x(number)}" y1="{_TOP}" y2="{_TOP + tall}"/>'
        parts.append(f"<g><title>{_text(text)}</title>{line}</g>")
    path = " ".join(f"{x(number)},{y(figure.judged)}" for number, figure in sorted(figures.items()))
    parts.append(f'<polyline class="line" points="{path}"/>')
    previous: HistoryFigure | None = None
    for number, commit in enumerate(commits):
        known = figures.get(number)
        if known is None:
            at = f'cx="{x(number)}" cy="{_TOP + tall}"'
            parts.append(
                f'<circle class="gap" {at} r="2.5"><title>{_about(commit)}: no figure</title></circle>'
            )
            continue
        about = f"{_about(commit)}: {_figure(measure, known, previous)}"
        at = f'cx="{x(number)}" cy="{y(known.judged)}"'
        parts.append(f'<circle class="point" {at} r="3"><title>{about}</title></circle>')
        previous = known
    for number, anchor in ((0, "start"), (len(commits) - 1, "end")):
        place = _LEFT if anchor == "start" else _WIDTH - _RIGHT
        text = f"{commits[number].commit[:10]} {_day(commits[number])}"
        parts.append(f'<text x="{place}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{text}</text>')
    name = f"{row(measure).name}, {unit(measure)}"
    body = "".join(parts)
    return f'<h4>{_text(name)}</h4><svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}">{body}</svg>'


def _figure(measure: str, figure: HistoryFigure, previous: HistoryFigure | None) -> str:
    text = f"{shown(measure, figure.value)} {unit(measure)}".rstrip()
    if previous is None or previous.judged == figure.judged:
        return _text(text)
    change = figure.judged - previous.judged
    percent = f" ({100 * change / previous.judged:+.2f} %)" if previous.judged else ""
    return _text(f"{text}, {'+' if change > 0 else ''}{shown(measure, change)}{percent}")


def _about(commit: HistoryCommit) -> str:
    return _text(f"{commit.commit[:12]} {_day(commit)} {commit.subject}")


def _day(commit: HistoryCommit) -> str:
    return datetime.fromtimestamp(commit.time, timezone.utc).strftime("%Y-%m-%d")


def _span(commits: Sequence[HistoryCommit]) -> str:
    if not commits:
        return "no commits"
    return (
        f"{len(commits)} commits, from {_day(commits[0])} to {_day(commits[-1])}. Times are those that "
        "changes are judged on; a dashed line marks other tools."
    )


def _text(text: str) -> str:
    return html.escape(printable(text))

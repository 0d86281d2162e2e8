"""Flame graphs of times as SVG: a bar for each path of calls, as wide as its cycles, callees below callers.

Plain SVG without scripts. Bars have their figures as tooltips. In a differential graph bars are as wide as at
the head, red where a path takes longer than at the base and blue where it takes less.
"""

from __future__ import annotations

import html
import zlib
from collections.abc import Callable, Iterable

from mlbench.core import measures
from mlbench.core.call_tree import CallTree
from mlbench.reports.wording import own_name, short_name, shown, signed, with_unit
from mlbench.results.comparison import Comparison, JobChange
from mlbench.results.values import Result, Time
from mlbench.util.text import count, printable

STYLE = """\
.flame { display: block; width: 100%; margin: 4px 0 14px; font: 11px ui-monospace, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; }
.flame rect { stroke: var(--back); stroke-width: 1px; }
.flame text { fill: #14181d; pointer-events: none; }
"""

_ROW = 18
_LEAST_PERCENT = 0.15
"""Narrower bars are left out: they could not be seen."""
_READABLE_PERCENT = 2.5
_LEAST_CHANGE = 0.0005
"""Smaller changes of a time, as a share of it, are not drawn."""
_MOST_GRAPHS = 24

_Colour = Callable[[int], str]
_Tooltip = Callable[[int], str]


def flame_graphs(comparison: Comparison) -> str:
    """The graphs of all times of the head, as HTML; empty where nothing is known of where time went."""
    parts = []
    for job in comparison.jobs:
        for measure in measures.rows():
            head, base = _time(job.head, measure.key), _time(job.base, measure.key)
            if head is not None and head.calls is not None and head.calls.total:
                parts.append(_graphs(job, measure.key, head, head.calls, base))
    if not parts:
        return ""
    more = len(parts) - _MOST_GRAPHS
    rest = f"<p>{count(more)} more are in the result file.</p>\n" if more > 0 else ""
    return f"<h4>Where the time goes</h4>\n{''.join(parts[:_MOST_GRAPHS])}{rest}"


def _time(result: Result | None, measure: str) -> Time | None:
    value = result.measures.of(measure) if result is not None else None
    return value if isinstance(value, Time) else None


def _graphs(job: JobChange, measure: str, head: Time, tree: CallTree, base: Time | None) -> str:
    us_per_cycle = head.median_us / tree.total

    def text(cycles: int, *, sign: bool = False) -> str:
        write = signed if sign else shown
        return with_unit(write(measure, cycles * us_per_cycle), measure)

    def tooltip(index: int) -> str:
        path, inclusive = tree.paths[index], tree.inclusive[index]
        own = f", {text(path.cycles)} in itself" if path.cycles != inclusive else ""
        percent = 100 * inclusive / tree.total
        return f"{path.function}: {text(inclusive)} ({percent:.1f} %){own}, {count(path.calls)} calls"

    place = f"{html.escape(printable(job.board))}, {html.escape(printable(job.backend))}"
    title = (
        f"<code>{html.escape(printable(job.sketch))}</code>: {measures.row(measure).name}, {text(tree.total)}"
    )
    graphs = _svg(tree, lambda index: _warm(tree.paths[index].function), tooltip)
    if base is not None and base.calls is not None and _moved(base.calls.total, tree.total):
        before = _by_stack(base.calls)
        after = _by_stack(tree)
        changes = {stack: after[stack] - before.get(stack, 0) for stack in after}
        most = max(map(abs, changes.values()), default=0) or 1

        def change(index: int) -> int:
            return changes[tree.stack(index)]

        graphs += (
            f"<p>Change: {text(tree.total - base.calls.total, sign=True)}; red takes longer, blue less</p>\n"
        )
        graphs += _svg(
            tree,
            lambda index: _by_change(change(index) / most),
            lambda index: f"{tooltip(index)}; {text(change(index), sign=True)}",
        )
    return f"<details><summary>{title} <sub>{place}</sub></summary>\n{graphs}</details>\n"


def _moved(base: int, head: int) -> bool:
    return abs(head - base) >= _LEAST_CHANGE * base


def _by_stack(tree: CallTree) -> dict[tuple[str, ...], int]:
    """Inclusive cycles by path; what a graph calls several times, such as an operator, together."""
    cycles: dict[tuple[str, ...], int] = {}
    for index in range(len(tree.paths)):
        stack = tree.stack(index)
        cycles[stack] = cycles.get(stack, 0) + tree.inclusive[index]
    return cycles


def _svg(tree: CallTree, colour: _Colour, tooltip: _Tooltip) -> str:
    bars: list[str] = []
    depth = 0
    waiting = [(index, 0, left) for index, left in _beside(tree, -1, 0)]
    while waiting:
        index, level, left = waiting.pop()
        width = 100 * tree.inclusive[index] / tree.total
        if width < _LEAST_PERCENT:
            continue
        depth = max(depth, level + 1)
        name = printable(short_name(tree.paths[index].function))
        label = own_name(name) if width < 5 * _READABLE_PERCENT else name
        words = f'<text x="4" y="13">{html.escape(label)}</text>' if width >= _READABLE_PERCENT else ""
        place = f'x="{100 * left / tree.total:.3f}%" y="{level * _ROW}"'
        bars.append(
            f'<svg {place} width="{width:.3f}%" height="{_ROW}">'
            f"<title>{html.escape(printable(tooltip(index)))}</title>"
            f'<rect width="100%" height="100%" rx="2" fill="{colour(index)}"/>{words}</svg>\n'
        )
        waiting += [(child, level + 1, at) for child, at in _beside(tree, index, left)]
    return f'<svg class="flame" role="img" height="{depth * _ROW}">\n{"".join(bars)}</svg>\n'


def _beside(tree: CallTree, parent: int, left: int) -> Iterable[tuple[int, int]]:
    """The paths below one, the widest first, and where each begins."""
    for child in sorted(tree.children(parent), key=lambda index: (-tree.inclusive[index], index)):
        yield child, left
        left += tree.inclusive[child]


def _warm(name: str) -> str:
    """A colour between red and yellow, the same for a name each time."""
    digest = zlib.crc32(name.encode("utf-8", "replace"))
    return f"hsl({20 + digest % 36} {70 + digest // 64 % 20}% {62 + digest // 4096 % 12}%)"


def _by_change(share: float) -> str:
    """Red for what takes longer, blue for what takes less; the stronger, the more."""
    strength = min(1.0, abs(share)) ** 0.5
    if strength < 0.02:
        return "hsl(0 0% 86%)"
    return f"hsl({0 if share > 0 else 215} 85% {90 - 32 * strength:.0f}%)"

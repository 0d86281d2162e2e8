"""The Markdown table: one a board, in the columns that readers of such comparisons know."""

from __future__ import annotations

from collections.abc import Sequence

from mlbench.reports.text import count, markdown, milliseconds
from mlbench.results.values import Absent, Result

_HEAD = (
    "Implementation",
    "Flash usage (bytes)",
    "Unused RAM (bytes)",
    "Initialization speed (ms)",
    "Inference speed (ms)",
)


def to_markdown(results: Sequence[Result]) -> str:
    """Markdown of these results, one section for each board and backend."""
    places = dict.fromkeys((result.board, result.backend) for result in results)
    return "\n".join(_section(board, backend, results) for board, backend in places)


def _section(board: str, backend: str, results: Sequence[Result]) -> str:
    here = [result for result in results if (result.board, result.backend) == (board, backend)]
    reasons: list[str] = []
    lines = [f"### {markdown(board)} ({markdown(backend)})", ""]
    lines += [f"| {' | '.join(_HEAD)} |", f"| {' | '.join(['---'] + ['---:'] * 4)} |"]
    starred = False
    for result in here:
        measures = result.measures
        told = result.failure is not None
        cells = [markdown(result.sketch)]
        flash = measures.flash
        if isinstance(flash, Absent):
            cells.append(_absent(flash, reasons, told))
        else:
            starred |= flash.starred
            cells.append(count(flash.bytes) + ("\\*" if flash.starred else ""))
        ram = measures.unused_ram
        cells.append(_absent(ram, reasons, told) if isinstance(ram, Absent) else count(ram.bytes))
        for time in (measures.init_time, measures.inference_time):
            cells.append(
                _absent(time, reasons, told) if isinstance(time, Absent) else milliseconds(time.median_us)
            )
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"<sup>{number}</sup> {markdown(text)}" for number, text in enumerate(reasons, 1)]
    if starred:
        notes.insert(0, "\\* Does not fit the board; measured by linking again with larger memory regions.")
    notes += [
        f"**{markdown(result.sketch)}** failed: {markdown(result.failure.message)}"
        for result in here
        if result.failure
    ]
    if notes:
        lines += ["", "<br>\n".join(notes)]
    return "\n".join(lines) + "\n"


def _absent(measure: Absent, reasons: list[str], told: bool) -> str:
    if told:
        return ""
    if measure.reason not in reasons:
        reasons.append(measure.reason)
    return f"<sup>{reasons.index(measure.reason) + 1}</sup>"

"""The Markdown table: one a board, in the columns that readers of such comparisons know, and two more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlbench.core.measures import FLASH, Measure, MeasureKind
from mlbench.reports.escaping import code, prose
from mlbench.reports.rows import failure_line
from mlbench.reports.wording import clocks, columns_of, proposed, shown, spread, time_text, unit
from mlbench.results.values import Absent, Flash, Result, Time, UnusedRam
from mlbench.util.text import count


def to_markdown(results: Sequence[Result]) -> str:
    """Markdown of these results, one section for each board and backend."""
    places = dict.fromkeys((result.board, result.backend) for result in results)
    return "\n".join(_section(board, backend, results) for board, backend in places)


def _section(board: str, backend: str, results: Sequence[Result]) -> str:
    group = [result for result in results if (result.board, result.backend) == (board, backend)]
    footnotes: list[str] = []
    known = columns_of(group)
    lines_of = [
        f"| {' | '.join((code(result.sketch), *_cells(result, known, footnotes)))} |" for result in group
    ]
    head = list(_head(known))
    lines = [f"### {code(board)}, {prose(backend)}", "", f"| {' | '.join(head)} |"]
    lines += [f"| {' | '.join(['---'] + ['---:'] * (len(head) - 1))} |", *lines_of]
    notes = [f"<sup>{number}</sup> {prose(text)}" for number, text in enumerate(footnotes, 1)]
    notes += [f"Times by {clock}." for _, _, clock in clocks(group)]
    if any(isinstance(one.measures.flash, Flash) and one.measures.flash.starred for one in group):
        notes.insert(0, "\\* Does not fit the board; measured by linking again with larger memory regions.")
    for result in group:
        if result.failure is not None:
            failed = "" if result.failure.outcome else " failed:"
            notes.append(f"{code(result.sketch)}{failed} {failure_line(result)}")
    if notes:
        lines += ["", "<br>\n".join(notes)]
    return "\n".join(lines) + "\n"


def _head(known: Iterable[Measure]) -> Iterable[str]:
    """The heading of each column, in the words of the comparisons that such tables are from."""
    yield "Implementation"
    for measure in known:
        word = {FLASH: " usage"}.get(measure.key, " speed" if measure.kind is MeasureKind.TIME else "")
        of = f" ({unit(measure.key)})" if unit(measure.key) else ""
        yield f"{measure.title}{word}{of}"
        if measure.key == FLASH:
            yield f"Overhead{of}"


def _cells(result: Result, known: Iterable[Measure], footnotes: list[str]) -> Iterable[str]:
    for measure in known:
        value = result.measures.of(measure.key)
        if isinstance(value, Absent):
            yield _absent(value, footnotes, result)
        elif isinstance(value, Time):
            marks = [_mark(text, footnotes) for text in (proposed(value), spread(value)) if text]
            yield time_text(value) + "".join(marks)
        else:
            starred = isinstance(value, Flash) and value.starred
            mark = (
                _mark(proposed(value), footnotes) if isinstance(value, UnusedRam) and value.proposed else ""
            )
            yield shown(measure.key, value.amount) + ("\\*" if starred else "") + mark
        if measure.key == FLASH:
            overhead = value.overhead if isinstance(value, Flash) else None
            yield "-" if overhead is None else count(overhead)


def _absent(measure: Absent, footnotes: list[str], result: Result) -> str:
    # Why a sketch failed is said below.
    return (
        prose(result.failure.word) if result.failure is not None else f"-{_mark(measure.reason, footnotes)}"
    )


def _mark(text: str, footnotes: list[str]) -> str:
    """The number of a note; one text has one number."""
    if text not in footnotes:
        footnotes.append(text)
    return f" <sup>{footnotes.index(text) + 1}</sup>"

"""The table of a run: what it says, apart from how it is drawn, and its plain drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlbench.core.measures import FLASH, Measure
from mlbench.reports.last_lines import HEADING, last_lines
from mlbench.reports.memories import memory_line
from mlbench.reports.wording import (
    band,
    clocks,
    columns_of,
    proposed,
    shown,
    spread,
    time_text,
    unit,
    unit_and_band,
)
from mlbench.results.values import Absent, Flash, Result, Status, Time, UnusedRam, Value
from mlbench.util.text import count, milliseconds, printable

_MAX_CHAIN = 12
_MAX_DIAGNOSTICS = 5
_MAX_ISLANDS = 4
_TELLING_SPREAD = 0.005
"""Times that differ by less than this part are shown by their median alone; the result file has all."""


@dataclass(frozen=True)
class Cell:
    """One figure as text; ``notes`` are numbers of footnotes."""

    text: str
    notes: tuple[int, ...] = ()
    starred: bool = False

    def __str__(self) -> str:
        marks = "".join(f" [{number}]" for number in self.notes)
        return f"{self.text}{'*' if self.starred else ''}{marks}"


@dataclass(frozen=True)
class Column:
    """A column's heading and unit; figures stand at its right edge."""

    name: str
    unit: str = ""
    figures: bool = True


@dataclass(frozen=True)
class Row:
    """One job's row. ``failed`` rows are drawn apart."""

    cells: tuple[Cell, ...]
    failed: bool = False


@dataclass(frozen=True)
class Problem:
    """A failure in full: one line, and lines that belong to it."""

    title: str
    lines: tuple[str, ...] = ()
    word: str = "failed"
    """What became of the sketch: ``failed`` or ``not started``."""


@dataclass(frozen=True)
class Table:
    """All that a report of a run shows, as harmless text."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()
    star: str = ""
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


class _Footnotes:
    """Numbers footnotes in the order they come; one text has one number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, text: str) -> int:
        text = printable(text)
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def make_table(results: Sequence[Result]) -> Table:
    """What the table of these results says."""
    boards = list(dict.fromkeys(result.board for result in results))
    backends = list(dict.fromkeys(result.backend for result in results))
    columns = [Column("Sketch", figures=False)]
    columns += [Column("Board", figures=False)] if len(boards) > 1 else []
    columns += [Column("Backend", figures=False)] if len(backends) > 1 else []
    shown_measures = columns_of(results)
    bands = {measure.key: band(results, measure.key) for measure in shown_measures}
    for measure in shown_measures:
        columns.append(Column(measure.column, unit_and_band(measure.key, bands[measure.key])))
        columns += [Column("Overhead", unit(measure.key))] if measure.key == FLASH else []
    notes = _Footnotes()
    lines = []
    for result in results:
        names = [Cell(printable(result.sketch))]
        names += [Cell(printable(result.board))] if len(boards) > 1 else []
        names += [Cell(printable(result.backend))] if len(backends) > 1 else []
        failed = result.status is Status.FAILED
        lines.append(Row((*names, *_figures(result, shown_measures, bands, notes)), failed))
    starred = [one for one, row in zip(results, lines, strict=True) if any(c.starred for c in row.cells)]
    # What a loader starts is linked once, however large it is.
    again = any(not result.memories for result in starred)
    star = "does not fit the board" if starred else ""
    star += "; measured by linking again with larger memory regions" if again else ""
    title = ", ".join(printable(name) for name in (*boards[:1], *backends[:1])) if len(boards) == 1 else ""
    return Table(
        title=title,
        columns=tuple(columns),
        rows=tuple(lines),
        footnotes=tuple(notes.texts),
        star=star,
        problems=tuple(_problem(result) for result in results if result.failure),
        remarks=tuple(_remarks(results)),
    )


def _figures(
    result: Result, shown_measures: Iterable[Measure], bands: dict[str, int | None], notes: _Footnotes
) -> Iterable[Cell]:
    # Why a failed sketch has no figures is said in full below the table.
    explained = result.failure is not None
    for measure in shown_measures:
        value = result.measures.of(measure.key)
        if isinstance(value, Time):
            yield _time_cell(value, bands[measure.key], notes)
        else:
            yield _cell(measure.key, value, notes, explained)
        if measure.key == FLASH:
            overhead = value.overhead if isinstance(value, Flash) else None
            yield Cell("-" if overhead is None else count(overhead))


def _time_cell(time: Time, percent: int | None, notes: _Footnotes) -> Cell:
    footnotes = filter(None, (proposed(time), spread(time) or _telling_range(time), _assumption(time)))
    return Cell(time_text(time, percent), tuple(notes.number(text) for text in footnotes))


def _assumption(time: Time) -> str:
    """Why a time is rough, where it is."""
    if time.basis is None or not time.basis.is_rough or not time.cycles:
        return ""
    share = 100 * time.basis.assumed / time.cycles
    return f"rough: {share:.0f} % of its cycles rest on a cost that no source gives, that of code in RAM"


def _cell(measure: str, value: Value, notes: _Footnotes, explained: bool) -> Cell:
    if isinstance(value, Absent):
        return Cell("-") if explained else Cell("-", (notes.number(value.reason),))
    text = shown(measure, value.amount)
    if isinstance(value, UnusedRam):
        return Cell(text, tuple(notes.number(about) for about in _about(value)))
    return Cell(text, starred=isinstance(value, Flash) and value.starred)


def _telling_range(time: Time) -> str:
    low, high = milliseconds(time.minimum_us), milliseconds(time.maximum_us)
    telling = low != high and time.maximum_us - time.minimum_us > _TELLING_SPREAD * time.median_us
    return f"{time.count} times: {low} to {high} ms" if telling else ""


def _about(ram: UnusedRam) -> Iterable[str]:
    if ram.proposed:
        yield proposed(ram)
    if ram.overlap:
        yield f"stack and heap silently overlap by {count(ram.overlap)} bytes at this limit"
    if ram.islands:
        ranges = ", ".join(f"{count(low)}-{count(high)}" for low, high in ram.islands[:_MAX_ISLANDS])
        more = f" and {len(ram.islands) - _MAX_ISLANDS} more" if len(ram.islands) > _MAX_ISLANDS else ""
        yield f"larger sizes that work again: {ranges}{more}"
    if not ram.certified:
        yield "found by bisection or prediction, not certified by full runs"


def _problem(result: Result) -> Problem:
    failure = result.failure
    assert failure is not None
    title = f"{result.sketch} on {result.board} ({result.backend}): {failure.message}"
    lines = [f"{'in' if index == 0 else 'called from'} {frame}" for index, frame in enumerate(failure.chain)]
    if len(lines) > _MAX_CHAIN:
        lines[_MAX_CHAIN:] = [f"... {len(failure.chain) - _MAX_CHAIN} more"]
    errors = [item for item in failure.diagnostics if "error" in item.severity] or list(failure.diagnostics)
    lines += [str(item) for item in errors[:_MAX_DIAGNOSTICS]]
    if len(errors) > _MAX_DIAGNOSTICS:
        lines.append(f"... {len(errors) - _MAX_DIAGNOSTICS} more")
    printed = last_lines(result)
    lines += [HEADING, *(f"    {line}" for line in printed)] if printed else []
    return Problem(printable(title), tuple(printable(line) for line in lines), printable(failure.word))


def _remarks(results: Sequence[Result]) -> Iterable[str]:
    for result in results:
        for overflow in result.overflows:
            yield printable(f"{result.sketch}: {overflow.region} overflows by {count(overflow.bytes)} bytes")
        for note in (memory_line(result), *result.notes):
            if note:
                yield printable(f"{result.sketch}: {note}")
    places = {(result.board, result.backend) for result in results}
    for board, backend, clock in clocks(results):
        where = f" of {board} ({backend})" if len(places) > 1 else ""
        yield printable(f"times{where} by {clock}")


def plain(table: Table) -> str:
    """The table as text for files, logs and pipes."""
    heads = [column.name for column in table.columns]
    units = [column.unit for column in table.columns]
    body = [[str(cell) for cell in row.cells] for row in table.rows]
    grid = [heads, units, *body]
    widths = [max(len(line[index]) for line in grid) for index in range(len(heads))]

    def draw(line: Sequence[str]) -> str:
        parts = [
            text.rjust(width) if column.figures else text.ljust(width)
            for text, width, column in zip(line, widths, table.columns, strict=True)
        ]
        return "  ".join(parts).rstrip()

    lines = [table.title] if table.title else []
    if heads:
        rule = ["-" * width for width in widths]
        lines += [draw(heads), *([draw(units)] if any(units) else []), draw(rule)]
    lines += [draw(line) for line in body]
    lines += [""] if below(table) else []
    lines += below(table)
    return "\n".join(lines) + "\n"


def below(table: Table) -> list[str]:
    """The lines that stand below the table: star, footnotes, remarks and failures."""
    lines = [f"* {table.star}"] if table.star else []
    lines += [f"[{number}] {text}" for number, text in enumerate(table.footnotes, 1)]
    lines += [f"note: {text}" for text in table.remarks]
    for problem in table.problems:
        lines.append(f"{problem.word}: {problem.title}")
        lines += [f"    {line}" for line in problem.lines]
    return lines

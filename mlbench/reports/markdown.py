"""The Markdown table: one a board, in the columns that readers of such comparisons know, and two more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlbench.reports.escaping import code, prose
from mlbench.reports.wording import clocks, spread
from mlbench.results.values import Absent, Flash, Result, Time
from mlbench.util.text import count, milliseconds

_HEAD = (
    "Implementation",
    "Flash usage (bytes)",
    "Overhead (bytes)",
    "Unused RAM (bytes)",
    "RAM need (bytes)",
    "Initialization speed (ms)",
    "Inference speed (ms)",
)


def to_markdown(results: Sequence[Result]) -> str:
    """Markdown of these results, one section for each board and backend."""
    places = dict.fromkeys((result.board, result.backend) for result in results)
    return "\n".join(_section(board, backend, results) for board, backend in places)


def _section(board: str, backend: str, results: Sequence[Result]) -> str:
    here = [result for result in results if (result.board, result.backend) == (board, backend)]
    said: list[str] = []
    rows = [f"| {' | '.join((code(result.sketch), *_cells(result, said)))} |" for result in here]
    lines = [f"### {code(board)}, {prose(backend)}", "", f"| {' | '.join(_HEAD)} |"]
    lines += [f"| {' | '.join(['---'] + ['---:'] * (len(_HEAD) - 1))} |", *rows]
    notes = [f"<sup>{number}</sup> {prose(text)}" for number, text in enumerate(said, 1)]
    notes += [f"Times by {clock}." for _, _, clock in clocks(here)]
    if any(isinstance(one.measures.flash, Flash) and one.measures.flash.starred for one in here):
        notes.insert(0, "\\* Does not fit the board; measured by linking again with larger memory regions.")
    notes += [
        f"{code(result.sketch)} failed: {prose(result.failure.message)}" for result in here if result.failure
    ]
    if notes:
        lines += ["", "<br>\n".join(notes)]
    return "\n".join(lines) + "\n"


def _cells(result: Result, said: list[str]) -> Iterable[str]:
    measures = result.measures
    flash = measures.flash
    if isinstance(flash, Flash):
        yield count(flash.bytes) + ("\\*" if flash.starred else "")
        yield "-" if flash.overhead is None else count(flash.overhead)
    else:
        yield _absent(flash, said, result)
        yield "-"
    for value in (measures.unused_ram, measures.ram_need):
        yield _absent(value, said, result) if isinstance(value, Absent) else count(value.bytes)
    for time in (measures.init_time, measures.inference_time):
        if isinstance(time, Time):
            spreads = spread(time)
            yield milliseconds(time.median_us) + (_mark(spreads, said) if spreads else "")
        else:
            yield _absent(time, said, result)


def _absent(measure: Absent, said: list[str], result: Result) -> str:
    # Why a sketch failed is said below.
    return "failed" if result.failure is not None else f"-{_mark(measure.reason, said)}"


def _mark(text: str, said: list[str]) -> str:
    """The number of a note; one text has one number."""
    if text not in said:
        said.append(text)
    return f" <sup>{said.index(text) + 1}</sup>"

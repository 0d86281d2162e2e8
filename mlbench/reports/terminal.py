"""The table on a terminal, drawn by rich. Colours go where NO_COLOR is set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from mlbench.util.text import is_terminal

if TYPE_CHECKING:
    from mlbench.reports.table import Table


def show(table: Table, out: TextIO) -> None:
    """Draw the table for where it goes: with lines and colours on a terminal, else as plain text."""
    from mlbench.reports.table import plain

    if is_terminal(out):
        _draw(table, out)
    else:
        out.write(plain(table))
    out.flush()


_LEAST_NAME = 10


def _draw(table: Table, out: TextIO) -> None:
    from rich import box  # late: rich is needed on terminals only
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    from mlbench.reports.table import below, plain

    console = Console(file=out, highlight=False)
    grid = Grid(title=Text(table.title) if table.title else None, box=box.ROUNDED, title_justify="left")
    for column in table.columns:
        head = Text(f"{column.name}\n{column.unit}" if column.unit else column.name)
        # Names may be folded; half a figure would be another figure.
        if column.figures:
            grid.add_column(head, justify="right", no_wrap=True)
        else:
            grid.add_column(head, justify="left", overflow="fold", min_width=_LEAST_NAME)
    for row in table.rows:
        grid.add_row(*(Text(str(cell)) for cell in row.cells), style="red" if row.failed else "")
    if not table.columns or console.measure(grid).minimum > console.width:
        # Nothing for a grid, or too narrow for one: lines that the terminal breaks by itself lose nothing.
        console.print(
            Text(plain(replace(table, footnotes=(), star="", problems=(), remarks=()))), soft_wrap=True
        )
    else:
        console.print(grid)
    for line in below(table):
        style = (
            "red"
            if line.startswith(("failed: ", "not started: "))
            else "yellow"
            if line.startswith("* ")
            else "dim"
        )
        console.print(Text(line, style=style), soft_wrap=True)

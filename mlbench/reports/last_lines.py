"""The end of what firmware printed: it often says why the firmware failed."""

from __future__ import annotations

from mlbench.results.values import Result
from mlbench.util.text import printable

HEADING = "the last lines that it printed:"
"""Stands above the lines."""

_LINES = 10
_CHARACTERS = 1_000
_ELLIPSIS = "…"


def last_lines(result: Result | None) -> tuple[str, ...]:
    """The last lines of a failed sketch's serial text; empty where it printed nothing, or did not fail.

    At most 10 lines and 1,000 characters, each line printable. What is cut is marked: by a line of its own
    where whole lines are missing, within a line where it lost its beginning.
    """
    if result is None or result.failure is None:
        return ()
    lines = result.serial.replace("\r\n", "\n").rstrip().split("\n")
    shown: list[str] = []
    space = _CHARACTERS
    for line in reversed(lines):
        text = printable(line.rstrip())
        if len(shown) == _LINES or space < len(_ELLIPSIS):
            shown.append(_ELLIPSIS)
            break
        if len(text) > space:
            text = f"{_ELLIPSIS}{text[len(text) - space + len(_ELLIPSIS) :]}"
        space -= len(text)
        shown.append(text)
    return tuple(reversed(shown)) if any(shown) else ()


def last_line(result: Result | None) -> str:
    """The last line that is not empty, printable; empty where there is none."""
    return next((line for line in reversed(last_lines(result)) if line.strip()), "")

"""What verbs print and write: progress, tracebacks, the table and files of results."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TextIO

from mlbench.errors import MLBenchError
from mlbench.util.progress import Progress
from mlbench.util.settings import Settings
from mlbench.version import __version__

if TYPE_CHECKING:
    from mlbench.results.values import Result


def say(text: str) -> None:
    """One line for people that is no output."""
    from mlbench.util.text import printable

    sys.stderr.write(f"mlbench: {printable(text)}\n")
    sys.stderr.flush()


def report(
    results: Sequence[Result], settings: Settings, progress: Progress, begin: float, default_json: str = ""
) -> int:
    """Show the table and write the files; returns an exit status, so that a full disk hides no table."""
    from mlbench.reports.markdown import to_markdown
    from mlbench.reports.table import make_table
    from mlbench.reports.terminal import show
    from mlbench.results.result_file import Document, RunInfo, write, write_text

    show(make_table(results), people_of(settings))
    seconds = time.monotonic() - begin
    started = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    info = RunInfo(__version__, started.strftime("%Y-%m-%dT%H:%M:%SZ"), round(seconds, 3))
    status = 0
    document = Document(tuple(results), info)
    writers: list[tuple[str, Callable[[], None]]] = []
    json = settings.json or default_json
    if not settings.json and json and not os.access(".", os.W_OK):
        progress.note("results are not kept: this folder cannot be written to, and --json names no other")
    elif json:
        writers.append((json, lambda: write(document, json)))
    if settings.markdown:
        writers.append((settings.markdown, lambda: write_text(to_markdown(results), settings.markdown)))
    for place, action in writers:
        try:
            action()
            if place != "-":
                progress.note(f"wrote {place}")
        except MLBenchError as error:
            say(str(error))
            status = error.exit_status
    return status


def people_of(settings: Settings, *places: str) -> TextIO:
    """Where text for people goes, when files go to these places as well."""
    return sys.stderr if "-" in places or settings.pure_stdout else sys.stdout


def trace(text: str) -> None:
    """Show a traceback."""
    sys.stderr.write(text)
    sys.stderr.flush()

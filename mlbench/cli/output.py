"""What verbs print and write: progress, tracebacks, the table and files of results."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mlbench.errors import MLBenchError
from mlbench.host.streams import for_people
from mlbench.util.progress import Progress
from mlbench.util.settings import Settings
from mlbench.version import __version__

if TYPE_CHECKING:
    from mlbench.pipeline.run import Finished
    from mlbench.results.result_file import RunInfo
    from mlbench.results.values import Result


def say(text: str) -> None:
    """One line for people that is no output."""
    from mlbench.util.text import printable

    sys.stderr.write(f"mlbench: {printable(text)}\n")
    sys.stderr.flush()


def report(
    results: Sequence[Result], settings: Settings, progress: Progress, begin: float, default_json: str = ""
) -> int:
    """Write the files and show the table; returns an exit status, so that a full disk hides no table."""
    from mlbench.reports.markdown import to_markdown
    from mlbench.reports.table import make_table
    from mlbench.reports.terminal import show
    from mlbench.results.result_file import Document, write, write_text

    status = 0
    document = Document(tuple(results), _run_info(begin))
    writers: list[tuple[str, Callable[[], None]]] = []
    json = _json_place(settings, default_json)
    if json:
        writers.append((json, lambda: write(document, json)))
    elif default_json:
        progress.note("results are not kept: this folder cannot be written to, and --json names no other")
    if settings.markdown:
        writers.append((settings.markdown, lambda: write_text(to_markdown(results), settings.markdown)))
    lines = []
    for place, action in writers:
        try:
            action()
            if place != "-":
                lines.append(f"wrote {place}")
        except MLBenchError as error:
            say(str(error))
            status = error.exit_status
    # Behind the files: whoever reads the table may be slow, or stop.
    out = people_of(settings)
    with for_people(out):
        show(make_table(results), out)
    for line in lines:
        progress.note(line)
    return status


@contextmanager
def kept_results(settings: Settings, begin: float, default_json: str) -> Iterator[Finished | None]:
    """Within the context, gives what to tell of each finished result, so that none is lost with the run.

    Standard output gets all results at the end, and no others.
    """
    from mlbench.results.result_file import PartialFile

    place = _json_place(settings, default_json)
    if place in ("", "-") or (Path(place).exists() and not Path(place).is_file()):
        yield None
        return
    partial = PartialFile(place, lambda: _run_info(begin))
    try:
        yield partial.add
    finally:
        partial.close()


def _json_place(settings: Settings, default_json: str) -> str:
    """Where results go; empty: nowhere."""
    return settings.json or (default_json if os.access(".", os.W_OK) else "")


def _run_info(begin: float) -> RunInfo:
    from mlbench.results.result_file import RunInfo

    seconds = time.monotonic() - begin
    started = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    return RunInfo(__version__, started.strftime("%Y-%m-%dT%H:%M:%SZ"), round(seconds, 3))


def people_of(settings: Settings, *places: str) -> TextIO:
    """Where text for people goes, when files go to these places as well."""
    return sys.stderr if "-" in places or settings.pure_stdout else sys.stdout


def trace(text: str) -> None:
    """Show a traceback."""
    sys.stderr.write(text)
    sys.stderr.flush()

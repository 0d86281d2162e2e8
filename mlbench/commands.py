"""What each verb does: takes parsed options, gives an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mlbench import __version__
from mlbench.errors import MLBenchError, UsageError, worst_status
from mlbench.maintenance import say
from mlbench.progress import Progress, make_progress
from mlbench.settings import DEFAULT_RESULTS, Settings

if TYPE_CHECKING:
    from mlbench.results.values import Result


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Profile a suite, one sketch, or what is found."""
    from mlbench.baseline.measuring import UNTOUCHED, measured_but
    from mlbench.compare_commands import Baseline, compare_run
    from mlbench.run import exit_status, profile_all
    from mlbench.selection import select
    from mlbench.wiring import wire

    if options.firmware_dir:
        from mlbench.firmware_commands import run_handed

        return run_handed(options, settings)
    if options.thresholds:
        do = "thresholds are those of the suite and of the baseline"
        raise UsageError("--thresholds goes with --firmware-dir", do=do)
    begin = time.monotonic()
    selection = select(options)
    if options.skip_unchanged and not options.baseline:
        raise UsageError("--skip-unchanged needs to know since when", do="add --baseline REF")
    baseline = Baseline(options) if options.baseline else None
    progress = make_progress(sys.stderr)
    rooms = wire(settings, progress, named=selection.named)
    skip = baseline.untouched(selection, rooms, progress) if baseline is not None else frozenset()
    results = measured_but(
        selection.specs,
        dict.fromkeys(skip, UNTOUCHED),
        lambda specs: profile_all(specs, rooms, progress, debug=trace if settings.debug else None),
    )
    base = baseline.measure(selection, skip, rooms, progress) if baseline is not None else None
    statuses = [exit_status(results), report(results, settings, progress, begin, DEFAULT_RESULTS)]
    if base is not None:
        statuses.append(compare_run(base, results, selection, options, settings))
    return worst_status(statuses)


def elf(options: argparse.Namespace, settings: Settings) -> int:
    """Profile a given image."""
    from mlbench.given_image import firmware_of, listen, spec_of
    from mlbench.reports.text import printable
    from mlbench.run import exit_status, profile_one
    from mlbench.selection import with_options
    from mlbench.wiring import wire

    begin = time.monotonic()
    path = Path(options.elf)
    progress = make_progress(sys.stderr)
    firmware = firmware_of(path)
    spec = with_options(spec_of(firmware, options.board, ram=options.ram), options)
    rooms = wire(settings, progress, named=True)
    result = profile_one(spec, firmware, rooms, progress, debug=trace if settings.debug else None)
    if options.serial:
        text = result.serial
        if not text and result.failure is None:
            # Nothing is named in it, so it has not run yet.
            sent, ended = listen(firmware, rooms.target(spec))
            text = sent.decode("utf-8", "replace")
            progress.note(ended or "ran for a second of the board's time, for what it sends")
        for line in text.splitlines():
            _people(settings).write(f"{printable(line)}\n")
    return worst_status([exit_status([result]), report([result], settings, progress, begin)])


def monitor(options: argparse.Namespace) -> int:
    """Show an image's serial line, live."""
    from mlbench.monitor import Wish, monitor

    wish = Wish(options.source, options.fast, options.seconds, options.until.encode())
    link = Path(options.pty) if options.pty else None
    return monitor(Path(options.elf), wish, board=options.board, link=link, raw=options.raw)


def simulate_board(options: argparse.Namespace) -> int:
    """Be a board."""
    from mlbench.boards import board_for
    from mlbench.simulated.board import Manner, simulate
    from mlbench.simulated.faults import parse_faults

    board = board_for(options.board)
    if board.emulator is None:
        raise UsageError(f"board {board.id} has no emulator", do="name a board that has one: mlbench boards")
    log = Path(options.log) if options.log else None
    manner = Manner(parse_faults(options.fault), options.seed, 0.0 if options.fast else 1.0, log)
    elf = Path(options.elf) if options.elf else None
    if elf is not None and not elf.is_file():
        raise UsageError("there is no such file", where=str(elf), do="name an ELF file")
    return simulate(board, Path(options.link), manner, elf)


def report(
    results: Sequence[Result], settings: Settings, progress: Progress, begin: float, default_json: str = ""
) -> int:
    """Show the table and write the files; returns an exit status, so that a full disk hides no table."""
    from mlbench.reports.markdown import to_markdown
    from mlbench.reports.table import make_table
    from mlbench.reports.terminal import show
    from mlbench.results.document import Document, RunInfo, write, write_text

    show(make_table(results), _people(settings))
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


def _people(settings: Settings) -> TextIO:
    """Where text for people goes."""
    return sys.stderr if settings.pure_stdout else sys.stdout


def trace(text: str) -> None:
    """Show a traceback."""
    sys.stderr.write(text)
    sys.stderr.flush()

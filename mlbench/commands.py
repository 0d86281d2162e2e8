"""What each verb does: takes parsed options, gives an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
    from mlbench.run import Rooms
    from mlbench.suite import SketchSpec

Wire = Callable[[Settings, Progress, bool], "Rooms"]
"""Makes the rooms; the flag says that the sketch was named on the command line."""


def run(options: argparse.Namespace, settings: Settings, wire: Wire | None = None) -> int:
    """Profile a suite, one sketch, or what is found."""
    from mlbench.run import exit_status, profile_all

    begin = time.monotonic()
    specs, named = _entries(options)
    progress = make_progress(sys.stderr)
    rooms = (wire or _wire)(settings, progress, named)
    results = profile_all(specs, rooms, progress, debug=_trace if settings.debug else None)
    reported = _report(results, settings, progress, begin, DEFAULT_RESULTS)
    return worst_status([exit_status(results), reported])


def elf(options: argparse.Namespace, settings: Settings) -> int:
    """Profile a given image."""
    from mlbench.given_image import firmware_of, spec_of
    from mlbench.reports.text import printable
    from mlbench.run import exit_status, profile_one
    from mlbench.wiring import wire

    begin = time.monotonic()
    path = Path(options.elf)
    progress = make_progress(sys.stderr)
    firmware = firmware_of(path)
    spec = _with_options(spec_of(firmware, options.board, ram=options.ram), options)
    rooms = wire(settings, progress, named=True)
    result = profile_one(spec, firmware, rooms, progress, debug=_trace if settings.debug else None)
    if options.serial:
        for line in result.serial.splitlines():
            _people(settings).write(f"{printable(line)}\n")
    return worst_status([exit_status([result]), _report([result], settings, progress, begin)])


def _wire(settings: Settings, progress: Progress, named: bool) -> Rooms:
    from mlbench.wiring import wire

    return wire(settings, progress, named=named)


def _entries(options: argparse.Namespace) -> tuple[tuple[SketchSpec, ...], bool]:
    """The entries to profile, and whether a sketch was named on the command line."""
    from mlbench.discovery import discover, find_suite
    from mlbench.suite import load_suite

    named = False
    path = Path(options.sketch) if options.sketch else None
    suite = find_suite(Path.cwd()) if path is None else _suite_at(path)
    if suite is not None:
        specs = load_suite(suite).sketches
    elif path is None:
        specs = discover(Path.cwd())
    else:
        specs, named = _one(path, options), True
    specs = _only(specs, options.only)
    if len({spec.name for spec in specs}) > 1:
        _refuse_names(options)
    if options.board:
        specs = tuple(dict.fromkeys(replace(spec, board=board) for spec in specs for board in options.board))
    backend = options.backend or ("board" if options.port else "")
    if backend:
        specs = tuple(dict.fromkeys(replace(spec, backend=backend) for spec in specs))
    specs = tuple(_with_build_options(spec, options) for spec in specs)
    return tuple(_with_options(spec, options) for spec in specs), named


def _suite_at(path: Path) -> Path | None:
    """The suite that a path names: the file itself, or one in a folder that is no sketch."""
    from mlbench.suite import SUITE_NAMES

    if path.suffix in (".yml", ".yaml"):
        return path
    if path.is_dir() and not (path / f"{path.resolve().name}.ino").is_file():
        return next((path / name for name in SUITE_NAMES if (path / name).is_file()), None)
    return None


def _one(path: Path, options: argparse.Namespace) -> tuple[SketchSpec, ...]:
    from mlbench.cli import VERBS
    from mlbench.discovery import default_board, discover
    from mlbench.schema import nearest
    from mlbench.suite import SketchSpec, Source

    if not path.exists():
        close = nearest(str(path), VERBS)
        do = f"did you mean `mlbench {close}`?" if close else "name a sketch's folder, an .ino or a suite"
        raise UsageError("there is no such sketch", where=str(path), do=do)
    is_file = path.is_file()
    folder = path.parent if is_file else path
    if not is_file and not list(path.glob("*.ino")):
        return discover(path, whole_project=False)
    return (
        SketchSpec(
            name=path.stem if is_file else path.resolve().name,
            sketch=path.absolute(),
            board=options.board[0] if options.board else default_board(folder),
            source=Source(folder=folder.absolute()),
            own_folder=Path.cwd(),
        ),
    )


def _only(specs: tuple[SketchSpec, ...], names: Sequence[str]) -> tuple[SketchSpec, ...]:
    from mlbench.schema import suggestion

    known = {spec.name for spec in specs}
    for name in names:
        if name not in known:
            raise UsageError(f"no sketch is named {name!r}", do=suggestion(name, known))
    return tuple(spec for spec in specs if not names or spec.name in names)


def _refuse_names(options: argparse.Namespace) -> None:
    """Names of functions belong to one sketch; for a suite they would be applied to all."""
    for key in ("init", "inference", "output"):
        if getattr(options, key):
            do = "choose one with --only, or write it into mlbench.yml"
            raise UsageError(f"--{key} is for one sketch, and here are several", do=do)


def _with_build_options(spec: SketchSpec, options: argparse.Namespace) -> SketchSpec:
    for item in options.build_property:
        if "=" not in item:
            raise UsageError(f"--build-property {item!r} is not KEY=VALUE", do="write KEY=VALUE")
    libraries = tuple(Path(folder).absolute() for folder in options.library)
    return replace(
        spec,
        libraries=(*spec.libraries, *libraries),
        build_properties=(*spec.build_properties, *options.build_property),
    )


def _with_options(spec: SketchSpec, options: argparse.Namespace) -> SketchSpec:
    """The entry with what the command line says of it."""
    from mlbench.suite import virtual_us
    from mlbench.targets.protocol import OutputBuffer

    outputs = tuple(OutputBuffer(arg, size) for arg, size in options.output)
    functions = replace(
        spec.functions,
        init=options.init or spec.functions.init,
        inference=options.inference or spec.functions.inference,
        outputs=outputs or spec.functions.outputs,
    )
    low = spec.ram_min if options.min is None else options.min
    high = spec.ram_max if options.max is None else options.max
    if high is not None and high < low:
        raise UsageError(f"--max {high} is below --min {low}", do="swap them")
    return replace(
        spec,
        functions=functions,
        ram_min=low,
        ram_max=high,
        ram_search=options.ram_search or spec.ram_search,
        inferences=max(1, options.inferences or spec.inferences),
        timeout_us=virtual_us(options.timeout) if options.timeout else spec.timeout_us,
    )


def _report(
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


def _trace(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()

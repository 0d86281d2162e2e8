"""Verbs for boards on another machine than the compilers: ``build``, ``run --firmware-dir`` and ``flash``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.commands import report, trace
from mlbench.errors import EnvironmentFault, UsageError, worst_status
from mlbench.maintenance import say
from mlbench.progress import Progress, make_progress
from mlbench.settings import DEFAULT_RESULTS, Settings
from mlbench.setup.home import unwritable

if TYPE_CHECKING:
    from mlbench.boards import Board
    from mlbench.build.firmware import BoardImage
    from mlbench.firmware_dir import Found
    from mlbench.results.values import Failure, Result
    from mlbench.run import Rooms
    from mlbench.selection import Selection

MEASURED_BY = ("--min", "--max", "--ram-search", "--inferences", "--timeout")
"""Options that say how it is measured, and hold for firmware that is built already."""


def build(options: argparse.Namespace, settings: Settings) -> int:
    """Build what a command line means for boards, and write it into a folder."""
    from mlbench.selection import select
    from mlbench.wiring import wire

    selection = select(options)
    progress = make_progress(sys.stderr)
    rooms = wire(settings, progress, named=selection.named)
    failures = build_folder(selection, Path(options.firmware_dir), rooms, progress, debug=settings.debug)
    return worst_status([failure.exit_status for failure in failures])


def build_folder(
    selection: Selection, path: Path, rooms: Rooms, progress: Progress, *, debug: bool = False
) -> list[Failure]:
    """Build what is selected, and write it into a new folder. Gives what failed, which is told too.

    Raises:
        UsageError: it is more than a folder takes, or there is something in it.
        EnvironmentFault: it cannot be written.
    """
    from mlbench.firmware_dir import MOST_ENTRIES, new_folder, write_entry
    from mlbench.run import build_all

    if len(selection.specs) > MOST_ENTRIES:
        do = "choose some with --only"
        raise UsageError(
            f"{len(selection.specs)} sketches are more than the {MOST_ENTRIES} of a folder", do=do
        )
    failures = []
    with new_folder(path) as folder:
        made = build_all(selection.specs, rooms, debug=trace if debug else None)
        for number, outcome in enumerate(made, 1):
            if outcome.firmware is not None and outcome.firmware.board is not None:
                # Who measures it runs nothing of it but on the board: where to begin is told along.
                expected = rooms.expect(outcome.spec, outcome.firmware)
                outcome = replace(outcome, spec=replace(outcome.spec, ram_expected=expected))
            failure = write_entry(folder, number, outcome)
            if failure is not None:
                say(f"{outcome.spec.name} on {outcome.spec.board}: {failure.message}")
                failures.append(failure)
        progress.note(f"wrote {len(made)} sketches to {folder}, {len(failures)} of them not built")
    return failures


def run_handed(options: argparse.Namespace, settings: Settings) -> int:
    """Measure what was built elsewhere. Nothing is built, and nothing but firmware is run."""
    from mlbench.compare_commands import Baseline, compare_run
    from mlbench.run import exit_status
    from mlbench.wiring import wire

    _refuse(options)
    begin = time.monotonic()
    if options.baseline and not Path(options.baseline).is_file():
        what = f"--baseline {options.baseline!r} is no result file"
        raise UsageError(what, do="nothing is built here: name what an earlier run wrote with --json")
    baseline = Baseline(options) if options.baseline else None
    progress = make_progress(sys.stderr)
    rooms = wire(settings, progress, handed=True)
    selection, results = measure_folder(options, Path.cwd(), rooms, progress, debug=settings.debug)
    base = baseline.measure(selection, frozenset(), rooms, progress) if baseline is not None else None
    statuses = [exit_status(results), report(results, settings, progress, begin, DEFAULT_RESULTS)]
    if base is not None:
        statuses.append(compare_run(base, results, selection, options, settings))
    return worst_status(statuses)


def measure_folder(
    options: argparse.Namespace, start: Path, rooms: Rooms, progress: Progress, *, debug: bool = False
) -> tuple[Selection, tuple[Result, ...]]:
    """Measure the entries of a folder.

    Args:
        options: the command line's.
        start: the folder whose suite has the thresholds, where ``--thresholds`` names none.
        rooms: what measures.
        progress: told of what takes long.
        debug: whether tracebacks are shown.

    Raises:
        UsageError: there is no such folder, nothing in it that is asked for, or the suite is wrong.
    """
    from mlbench.discovery import find_suite
    from mlbench.firmware_dir import read_folder, take
    from mlbench.run import Handed, profile_handed
    from mlbench.selection import Selection
    from mlbench.suite import load_suite

    path = start / options.firmware_dir
    own = start / options.thresholds if options.thresholds else find_suite(start)
    suite = load_suite(own) if own is not None else None
    found = _asked(read_folder(path), options)
    with _place() as folder:
        place = Path(folder)
        handed = [
            Handed(entry.spec, partial(take, path, entry, place), entry.overhead, entry.note)
            for entry in found
        ]
        results = profile_handed(handed, rooms, progress, debug=trace if debug else None)
    return Selection(tuple(entry.spec for entry in found), suite=suite), results


def _refuse(options: argparse.Namespace) -> None:
    """Options that only a build could heed."""
    given = {
        "a sketch": options.sketch,
        "--board": options.board,
        "--library": options.library,
        "--build-property": options.build_property,
        "--init": options.init,
        "--inference": options.inference,
        "--output": options.output,
        "--skip-unchanged": options.skip_unchanged,
    }
    for name, value in given.items():
        if value:
            do = "name it where the firmware is built: `mlbench build`"
            raise UsageError(f"{name} and --firmware-dir exclude each other", do=do)


def _asked(found: Sequence[Found], options: argparse.Namespace) -> tuple[Found, ...]:
    """The entries that are asked for, measured as the command line has it."""
    from mlbench.selection import only, with_options

    chosen = {id(spec) for spec in only(tuple(entry.spec for entry in found), options.only)}
    backend = options.backend or "board"
    return tuple(
        replace(entry, spec=with_options(replace(entry.spec, backend=backend), options))
        for entry in found
        if id(entry.spec) in chosen
    )


def flash(options: argparse.Namespace, settings: Settings) -> int:
    """Put an image onto a board that is free, and end. Without one it is the empty sketch, built here."""
    from mlbench.boards import board_for
    from mlbench.targets.board_claim import Claims
    from mlbench.wiring import arduino_cli, build_empty

    board = board_for(options.board)
    if board.serial is None:
        raise UsageError(f"board {board.id} has no serial port", do="name another: mlbench boards")
    fqbn = options.board if ":" in options.board else board.fqbns[0]
    progress = make_progress(sys.stderr)
    with _place() as folder:
        if options.elf:
            image = _image(Path(options.elf), board, Path(folder))
        else:
            image = build_empty(settings, progress, fqbn)
        claims = Claims(
            board,
            fqbn,
            settings.port,
            lambda: arduino_cli(settings, progress, fqbn),
            progress.note,
            "mlbench flash",
            settings.person_seconds,
        )
        lock, held = claims()
        with lock, progress.step(f"upload {image.elf.name} to {lock.port}"):
            held.upload(image)
        progress.note(f"{image.elf.name} is on {held.console.port.device}, by try {held.attempts}")
    return 0


def _image(elf: Path, board: Board, folder: Path) -> BoardImage:
    """A given image with what its platform made of it, which lies beside it, or is made now."""
    from mlbench.build.firmware import BoardImage
    from mlbench.build.harness import artifacts
    from mlbench.build.room import safe_name
    from mlbench.elf.flat import flat_binary, intel_hex
    from mlbench.elf.image import Image
    from mlbench.errors import SketchError

    try:
        loaded = Image.load(elf)
        name = elf.name.removesuffix(".elf").removesuffix(".ino")
        beside = artifacts(elf.parent, name) if elf.name == f"{name}.ino.elf" else ()
        own = safe_name(name).lstrip(".-+") or "firmware"
        made = folder / f"{own}.ino.elf"
        try:
            shutil.copyfile(elf, made)
            for path in beside:
                shutil.copyfile(path, folder / f"{own}{path.name.removeprefix(name)}")
            if not beside or {path.suffix for path in beside} == {".elf"}:
                made.with_suffix(".bin").write_bytes(flat_binary(loaded))
                made.with_suffix(".hex").write_text(intel_hex(loaded), encoding="ascii")
        except OSError as error:
            raise unwritable(folder, error) from error
    except SketchError as error:
        # It was not built here: what is wrong is what was named.
        raise UsageError(error.what, where=error.where, do=error.do) from None
    start = board.flash.start
    if not any(start <= address < start + board.flash.size for address, _ in loaded.programmed):
        do = "name an image that was built for it"
        raise UsageError(f"holds nothing for the flash of board {board.id}", where=str(elf), do=do)
    return BoardImage(folder, made)


def _place() -> tempfile.TemporaryDirectory[str]:
    """A folder of our own, while it is needed."""
    try:
        return tempfile.TemporaryDirectory(prefix="mlbench-firmware-", ignore_cleanup_errors=True)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise EnvironmentFault(f"cannot be written ({said})", where=tempfile.gettempdir()) from error

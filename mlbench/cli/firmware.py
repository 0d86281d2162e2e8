"""Verbs for boards on another machine than the compilers: ``build``, ``run --firmware-dir`` and ``flash``."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.cli.output import kept_results, report, trace
from mlbench.errors import UsageError, worst_status
from mlbench.host.cache_dir import unwritable
from mlbench.util.progress import make_progress
from mlbench.util.settings import DEFAULT_RESULTS, Settings

if TYPE_CHECKING:
    from mlbench.boards import Board
    from mlbench.core.firmware import BoardImage
    from mlbench.elf.given_files import GivenFiles
    from mlbench.suite.options import RunOptions


def build(options: RunOptions, settings: Settings, verbs: Collection[str] = ()) -> int:
    """Build what a command line means for boards, and write it into a folder.

    ``verbs`` may have been meant by a name that nothing has.
    """
    from mlbench.pipeline.firmware_jobs import build_folder
    from mlbench.pipeline.services import make_services
    from mlbench.suite.selection import select

    selection = select(options, verbs=verbs)
    progress = make_progress(sys.stderr)
    for note in selection.notes:
        progress.note(note)
    services = make_services(settings, progress, named=selection.named)
    failures = build_folder(selection, Path(options.firmware_dir), services, progress, debug=_debug(settings))
    return worst_status([failure.exit_status for failure in failures])


def run_prebuilt(options: RunOptions, settings: Settings) -> int:
    """Measure what was built elsewhere. Nothing is built, and nothing but firmware is run."""
    from mlbench.cli.compare import BaselineSelector, compare_run
    from mlbench.pipeline.firmware_jobs import measure_folder
    from mlbench.pipeline.run import exit_status
    from mlbench.pipeline.services import make_services

    _refuse(options)
    begin = time.monotonic()
    if options.baseline and not Path(options.baseline).is_file():
        what = f"--baseline {options.baseline!r} is no result file"
        raise UsageError(what, do="nothing is built here: name what an earlier run wrote with --json")
    baseline = BaselineSelector(options) if options.baseline else None
    progress = make_progress(sys.stderr)
    services = make_services(settings, progress, prebuilt=True)
    with kept_results(settings, begin, DEFAULT_RESULTS) as finished:
        selection, results = measure_folder(
            options, Path.cwd(), services, progress, debug=_debug(settings), finished=finished
        )
    base = baseline.measure(selection, frozenset(), services, progress) if baseline is not None else None
    statuses = [exit_status(results), report(results, settings, progress, begin, DEFAULT_RESULTS)]
    if base is not None:
        statuses.append(compare_run(base, results, selection, options, settings))
    return worst_status(statuses)


def _refuse(options: RunOptions) -> None:
    """Options that only a build could heed."""
    given = {
        "a sketch": options.sketch,
        "--board": options.boards,
        "--library": options.libraries,
        "--build-property": options.build_properties,
        "--init": options.init,
        "--inference": options.inference,
        "--output": options.outputs,
        "--skip-unchanged": options.skip_unchanged,
    }
    for name, value in given.items():
        if value:
            do = "name it where the firmware is built: `mlbench build`"
            raise UsageError(f"{name} and --firmware-dir exclude each other", do=do)


def _debug(settings: Settings) -> Callable[[str], None] | None:
    return trace if settings.debug else None


def flash(given: GivenFiles | None, options: argparse.Namespace, settings: Settings) -> int:
    """Put an image onto a board that is free, and end. Without one it is the empty sketch, built here."""
    from mlbench.boards import board_for
    from mlbench.pipeline.firmware_jobs import temporary_folder
    from mlbench.pipeline.services import board_request, build_empty

    board = board_for(options.board)
    fqbn = options.board if ":" in options.board else board.fqbns[0]
    progress = make_progress(sys.stderr)
    request = board_request(board, fqbn, settings, progress, "mlbench flash")
    with temporary_folder() as folder:
        image = _image(given, board, folder) if given is not None else build_empty(settings, progress, fqbn)
        lock, held = request()
        with lock, progress.step(f"upload {image.elf.name} to {lock.port}"):
            held.upload(image)
        progress.note(f"{image.elf.name} is on {held.console.port.device}, by try {held.attempts}")
    return 0


def _image(given: GivenFiles, board: Board, folder: Path) -> BoardImage:
    """A given image with what its platform made of it, which lies beside it, or is made now."""
    from mlbench.core.firmware import BoardImage
    from mlbench.elf.composed import read_parts
    from mlbench.elf.flat import write_artifacts
    from mlbench.elf.given_files import read_given
    from mlbench.errors import SketchError
    from mlbench.firmware.board_harness import artifacts
    from mlbench.firmware.workspace import safe_name
    from mlbench.pipeline.prebuilt import families_of

    image = read_given(given, families_of(board))
    loaded, file = image.image, given.main
    if read_parts(loaded) is not None:
        what = "is a sketch together with its loader, which is on the board already"
        raise UsageError(what, where=str(file), do="upload the sketch with arduino-cli, as its platform does")
    name = (file.name if image.whole else file.stem).removesuffix(".elf").removesuffix(".ino")
    beside = artifacts(file.parent, name) if image.whole and file.name == f"{name}.ino.elf" else ()
    own = safe_name(name).lstrip(".-+") or "firmware"
    copy = folder / f"{own}.ino.elf"
    try:
        copy.write_bytes(loaded.data)
        for path in beside:
            shutil.copyfile(path, folder / f"{own}{path.name.removeprefix(name)}")
        if not beside or {path.suffix for path in beside} == {".elf"}:
            write_artifacts(loaded, copy, board.flash)
        if len(given.files) == 1 and file.suffix.lower() == ".uf2":
            shutil.copyfile(file, copy.with_suffix(".uf2"))
    except OSError as error:
        raise unwritable(folder, error) from error
    except SketchError as error:
        # It was not built here: what is wrong is what was named.
        raise UsageError(error.what, where=error.where, do=error.do) from None
    if not any(board.flash.holds(address) for address, _ in loaded.programmed):
        do = "name an image that was built for it"
        raise UsageError(f"holds nothing for the flash of board {board.id}", where=str(file), do=do)
    return BoardImage(folder, copy)

"""Firmware bundles: the jobs of a suite built into one, and the entries of one measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mlbench.core import backends
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.pipeline.firmware_dir import MOST_ENTRIES, Found, new_folder, read_folder, take, write_entry
from mlbench.pipeline.run import Finished, Prebuilt, Services, build_all, profile_prebuilt
from mlbench.results.values import Failure, Result
from mlbench.suite.discovery import find_suite
from mlbench.suite.options import RunOptions
from mlbench.suite.selection import Selection, only, settled, with_options
from mlbench.suite.suite_file import SketchSpec, load_suite
from mlbench.util.progress import Progress
from mlbench.util.scratch import ScratchFolder

Debug = Callable[[str], None]


def build_folder(
    selection: Selection, path: Path, services: Services, progress: Progress, *, debug: Debug | None = None
) -> list[Failure]:
    """Build what is selected, and write it into a new folder. Gives what failed, which is told too.

    Raises:
        UsageError: it is more than a folder takes, or there is something in it.
        EnvironmentFault: it cannot be written.
    """
    if len(selection.specs) > MOST_ENTRIES:
        do = "choose some with --only"
        raise UsageError(
            f"{len(selection.specs)} sketches are more than the {MOST_ENTRIES} of a folder", do=do
        )
    failures = []
    with new_folder(path) as folder:
        outcomes = build_all(selection.specs, services, debug=debug)
        for number, outcome in enumerate(outcomes, 1):
            if outcome.firmware is not None and outcome.firmware.board is not None:
                # Who measures it runs nothing of it but on the board: where to begin is told along.
                expected = services.expect(outcome.spec, outcome.firmware)
                outcome = replace(outcome, spec=replace(outcome.spec, ram_expected=expected))
            failure = write_entry(folder, number, outcome)
            if failure is not None:
                progress.note(f"{outcome.spec.name} on {outcome.spec.board}: {failure.message}")
                failures.append(failure)
        progress.note(f"wrote {len(outcomes)} sketches to {folder}, {len(failures)} of them not built")
    return failures


def measure_folder(
    options: RunOptions,
    start: Path,
    services: Services,
    progress: Progress,
    *,
    debug: Debug | None = None,
    finished: Finished | None = None,
) -> tuple[Selection, tuple[Result, ...]]:
    """Measure the entries of a folder.

    Args:
        options: what is asked for.
        start: the folder whose suite has the thresholds, where ``--thresholds`` names none.
        services: what measures.
        progress: told of what takes long.
        debug: gets the traceback of each error, when there is one to ask for it.
        finished: gets each result at once.

    Raises:
        UsageError: there is no such folder, nothing in it that is asked for, or the suite is wrong.
    """
    path = start / options.firmware_dir
    own = start / options.thresholds if options.thresholds else find_suite(start)
    suite = load_suite(own) if own is not None else None
    entries = _asked(read_folder(path), options)
    with temporary_folder() as folder:
        prebuilt = [
            Prebuilt(entry.spec, partial(take, path, entry, folder), entry.overhead, entry.note)
            for entry in entries
        ]
        results = profile_prebuilt(prebuilt, services, progress, debug=debug, finished=finished)
    return Selection(tuple(entry.spec for entry in entries), suite=suite), results


def _asked(entries: Sequence[Found], options: RunOptions) -> tuple[Found, ...]:
    """The entries that are asked for, measured as the options have it."""
    chosen = {id(spec) for spec in only(tuple(entry.spec for entry in entries), options.only)}
    backend = options.backend or backends.of_boards()

    def asked(spec: SketchSpec) -> SketchSpec:
        return with_options(settled(replace(spec, backend=backend), chosen=bool(options.backend)), options)

    return tuple(replace(entry, spec=asked(entry.spec)) for entry in entries if id(entry.spec) in chosen)


def temporary_folder() -> ScratchFolder:
    """A folder of our own, while it is needed."""
    try:
        return ScratchFolder("mlbench-firmware-")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvironmentFault(f"cannot be written ({reason})", where=tempfile.gettempdir()) from error

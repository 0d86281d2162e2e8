"""What each verb does: takes parsed options, gives an exit status."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from mlbench.cli.output import kept_results, people_of, report, say, trace
from mlbench.errors import MLBenchError, SketchError, UsageError, worst_status
from mlbench.host.streams import for_people
from mlbench.util.progress import make_progress
from mlbench.util.settings import DEFAULT_RESULTS, Settings

if TYPE_CHECKING:
    from mlbench.core.firmware import Firmware
    from mlbench.elf.given_files import GivenFiles
    from mlbench.suite.options import RunOptions


def run(options: RunOptions, settings: Settings, verbs: Collection[str] = ()) -> int:
    """Profile a suite, one sketch, or what is found.

    ``verbs`` may have been meant by a name that nothing has.
    """
    from mlbench.baseline.measuring import UNCHANGED, measured_but
    from mlbench.cli.compare import BaselineSelector, compare_run
    from mlbench.pipeline.run import exit_status, profile_all
    from mlbench.pipeline.services import make_services
    from mlbench.suite.selection import select

    if options.firmware_dir:
        from mlbench.cli.firmware import run_prebuilt

        return run_prebuilt(options, settings)
    if options.thresholds:
        do = "thresholds are those of the suite and of the baseline"
        raise UsageError("--thresholds goes with --firmware-dir", do=do)
    begin = time.monotonic()
    selection = select(options, verbs=verbs)
    if options.skip_unchanged and not options.baseline:
        raise UsageError("--skip-unchanged needs to know since when", do="add --baseline REF")
    baseline = BaselineSelector(options) if options.baseline else None
    progress = make_progress(sys.stderr)
    for note in selection.notes:
        progress.note(note)
    settings = replace(settings, canonical=settings.canonical or baseline is not None)
    services = make_services(settings, progress, named=selection.named)
    for spec in selection.specs:
        services.check_board(spec)
    skip = baseline.untouched(selection, services, progress) if baseline is not None else frozenset()
    debug = trace if settings.debug else None
    with kept_results(settings, begin, DEFAULT_RESULTS) as finished:
        results = measured_but(
            selection.specs,
            dict.fromkeys(skip, UNCHANGED),
            lambda specs: profile_all(specs, services, progress, debug=debug, finished=finished),
        )
    base = baseline.measure(selection, skip, services, progress) if baseline is not None else None
    statuses = [exit_status(results), report(results, settings, progress, begin, DEFAULT_RESULTS)]
    if base is not None:
        statuses.append(compare_run(base, results, selection, options, settings))
    return worst_status(statuses)


def elf(given: GivenFiles, image: argparse.Namespace, options: RunOptions, settings: Settings) -> int:
    """Profile a given image; ``image`` is what the verb's own options say of it."""
    from mlbench.pipeline.firmware_jobs import temporary_folder
    from mlbench.pipeline.prebuilt import firmware_of_files

    begin = time.monotonic()
    with temporary_folder() as folder:
        firmware = firmware_of_files(given, image.board, folder)
        return _profile_image(firmware, image, options, settings, begin)


def _profile_image(
    firmware: Firmware,
    image: argparse.Namespace,
    options: RunOptions,
    settings: Settings,
    begin: float,
) -> int:
    from mlbench.pipeline.prebuilt import listen, spec_of
    from mlbench.pipeline.run import exit_status, profile_one
    from mlbench.pipeline.services import make_services
    from mlbench.suite.selection import with_options
    from mlbench.util.text import printable

    progress = make_progress(sys.stderr)
    spec = with_options(spec_of(firmware, image.board, ram=image.ram), options)
    spec = replace(spec, backend=options.backend or spec.backend)
    services = make_services(settings, progress, named=True)
    result = profile_one(spec, firmware, services, progress, debug=trace if settings.debug else None)
    statuses = [exit_status([result]), report([result], settings, progress, begin)]
    if image.serial:
        text = result.serial
        if not text and result.failure is None:
            # Nothing is named in it, so it has not run yet.
            try:
                sent, ended = listen(firmware, services.target(spec))
                text = sent.decode("utf-8", "replace")
                progress.note(ended or "ran for up to a second of the board's time, for what it sends")
                statuses.append(SketchError.exit_status if ended else 0)
            except MLBenchError as error:
                say(str(error))
                statuses.append(error.exit_status)
        out = people_of(settings)
        with for_people(out):
            out.writelines(f"{printable(line)}\n" for line in text.splitlines())
    return worst_status(statuses)

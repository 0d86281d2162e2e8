"""The verb ``compare``, and ``run`` with a baseline: what is shown, written and given as exit status."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.cli.output import people_of, say
from mlbench.errors import MLBenchError, UsageError, worst_status
from mlbench.host.cache_dir import baseline_trees
from mlbench.host.streams import for_people
from mlbench.util.progress import Progress
from mlbench.util.settings import Settings

if TYPE_CHECKING:
    from mlbench.baseline import Base
    from mlbench.baseline.measuring import Job
    from mlbench.compare import Thresholds
    from mlbench.pipeline.run import Services
    from mlbench.results.comparison import Comparison
    from mlbench.results.result_file import Document
    from mlbench.results.values import Result
    from mlbench.suite.options import RunOptions
    from mlbench.suite.selection import Selection


def compare_files(options: argparse.Namespace, settings: Settings) -> int:
    """Compare two result files.

    Raises:
        UsageError: one is no result file, or the suite that has the thresholds is wrong.
    """
    from mlbench.compare import compare
    from mlbench.results.comparison import Side
    from mlbench.results.result_file import read

    base, head = read(Path(options.base)), read(Path(options.head))
    comparison = compare(
        base.results,
        head.results,
        _thresholds(options.thresholds),
        base_side=Side(label=options.base),
        head_side=Side(label=options.head),
    )
    return worst_status(
        [status_of(comparison), show_and_write(comparison, settings.json, settings.markdown, settings)]
    )


class BaselineSelector:
    """What ``--baseline`` names: a result file, or a branch, tag or commit.

    What is wrong with the name is told at once, before anything is measured.

    Raises:
        UsageError: it is neither, or the file is no result file.
    """

    def __init__(self, options: RunOptions) -> None:
        from mlbench.baseline import BaseCommit, NoRepository, Repository, base_commit_of_ref
        from mlbench.results.result_file import read

        self._options = options
        self._document: Document | None = None
        self._found = BaseCommit()
        name = options.baseline
        if Path(name).is_file():
            if options.skip_unchanged:
                do = "name a branch or a commit as the baseline"
                raise UsageError("a result file does not say what was changed since", where=name, do=do)
            self._document = read(Path(name))
            return
        try:
            self._repository = Repository(Path.cwd())
        except NoRepository as error:
            raise UsageError(f"--baseline {name!r} is no result file, and here is {error.what}") from None
        self._found = base_commit_of_ref(name, self._repository)

    def untouched(self, head: Selection, services: Services, progress: Progress) -> frozenset[Job]:
        """The jobs that need not be measured, where that is asked for."""
        from mlbench.baseline.same_run import chooser
        from mlbench.baseline.unchanged import find_unchanged

        if not self._options.skip_unchanged:
            return frozenset()
        choose = chooser(self._repository, head, self._options)
        return find_unchanged(
            self._found, self._repository, baseline_trees(), choose, head.specs, services, progress
        )

    def measure(self, head: Selection, skip: Set[Job], services: Services, progress: Progress) -> Base:
        """The baseline's results."""
        from mlbench.baseline import base_of_document
        from mlbench.baseline.same_run import measure_base_commit

        if self._document is not None:
            return base_of_document(self._document, self._options.baseline)
        return measure_base_commit(
            self._found,
            self._repository,
            head,
            self._options,
            services,
            progress,
            baseline_trees(),
            skip=skip,
        )


def compare_run(
    base: Base, head: Sequence[Result], selection: Selection, options: RunOptions, settings: Settings
) -> int:
    """Hold a run's results against its baseline, show that, and give the exit status."""
    from mlbench.baseline import against
    from mlbench.compare import Thresholds, thresholds_of
    from mlbench.results.comparison import Side

    own = thresholds_of(selection.suite) if selection.suite is not None else Thresholds()
    comparison = against(base, head, own, Side(label="work tree"))
    out = people_of(settings, options.comparison)
    with for_people(out):
        out.write("\n")
    return worst_status([status_of(comparison), show_and_write(comparison, options.comparison, "", settings)])


def status_of(comparison: Comparison) -> int:
    """1 where a threshold for failing is passed; where a sketch failed at the head, what that calls for."""
    statuses = [1] if comparison.regressed else []
    heads = [job.head for job in comparison.jobs if job.head is not None]
    statuses += [head.failure.exit_status for head in heads if head.failure is not None]
    return worst_status(statuses)


def show_and_write(comparison: Comparison, json: str, markdown: str, settings: Settings) -> int:
    """Write the files and show the table; returns an exit status, so that a full disk hides no table."""
    from mlbench.reports.comparison_table import change_table
    from mlbench.reports.terminal import show
    from mlbench.results.comparison_file import write
    from mlbench.results.result_file import write_text

    writers: list[tuple[str, Callable[[], None]]] = [
        (json, lambda: write(comparison, json)),
        (markdown, lambda: write_text(_markdown(comparison), markdown)),
    ]
    status = 0
    for place, action in writers:
        if not place:
            continue
        try:
            action()
        except MLBenchError as error:
            say(str(error))
            status = error.exit_status
    out = people_of(settings, json, markdown)
    with for_people(out):
        show(change_table(comparison), out)
    return status


def _markdown(comparison: Comparison) -> str:
    from mlbench.reports.summary import summary_markdown

    return summary_markdown(comparison)


def _thresholds(path: str) -> Thresholds:
    from mlbench.compare import Thresholds, thresholds_of
    from mlbench.suite.discovery import find_suite
    from mlbench.suite.suite_file import load_suite

    suite = Path(path) if path else find_suite(Path.cwd())
    return thresholds_of(load_suite(suite)) if suite is not None else Thresholds()

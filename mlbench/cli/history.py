"""The verb ``history``: measures commits of the past, and writes a page and a file of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.cli.output import say
from mlbench.host.cache_dir import RESULTS, baseline_trees, cache_area
from mlbench.suite.options import RunOptions
from mlbench.util.progress import make_progress
from mlbench.util.settings import Settings


@dataclass(frozen=True)
class HistoryOptions:
    """Which commits, and where the page goes; ``page`` without its suffix is the file beside it."""

    revisions: str
    last: int
    page: Path


def history(which: HistoryOptions, options: RunOptions, settings: Settings) -> int:
    """Measure commits, oldest first. One that cannot be measured is told, and is no error.

    Raises:
        UsageError: there are no such commits.
        EnvironmentFault: git, a tool, or the disk.
    """
    from mlbench.baseline import Repository
    from mlbench.baseline.history import commits_of, measure_history
    from mlbench.baseline.same_run import measure_base_commit
    from mlbench.pipeline.services import make_services
    from mlbench.reports.history_page import history_page
    from mlbench.results.history import to_json
    from mlbench.results.result_file import write_text
    from mlbench.suite.selection import select

    progress = make_progress(sys.stderr)
    repository = Repository(Path.cwd())
    commits = commits_of(repository, which.revisions, which.last)
    head = select(options)
    services = make_services(replace(settings, canonical=True), progress, named=head.named)
    store = cache_area(RESULTS) if settings.cache else None
    measured = measure_history(
        commits,
        lambda commit: measure_base_commit(
            commit, repository, head, options, services, progress, baseline_trees()
        ),
        options,
        store,
        progress,
    )
    beside = which.page.with_suffix(".json")
    write_text(to_json(measured), str(beside))
    write_text(history_page(measured, f"History of {repository.root.resolve().name}"), str(which.page))
    for commit in measured:
        for note in commit.notes:
            say(f"{commit.commit[:12]}: {note}")
    progress.note(f"wrote {which.page} and {beside}: {len(measured)} commits")
    return 0

"""The verbs ``report`` and ``comment``: files of results written in another form, or into a pull request."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.errors import UsageError

if TYPE_CHECKING:
    from mlbench.results.comparison import Comparison
    from mlbench.results.values import Result
    from mlbench.util.settings import Settings

FORMATS = (
    "markdown",
    "comment",
    "summary",
    "html",
    "junit",
    "annotations",
    "sketches-report",
    "benchmark-smaller",
    "benchmark-bigger",
    "bencher",
    "badge",
)
_SCHEMA = re.compile(r'"schema"\s*:\s*"mlbench/(\w+)/')


def report(options: argparse.Namespace) -> int:
    """Write one report; returns the exit status, which says nothing about what is in the report.

    Raises:
        UsageError: the file is neither of results nor of a comparison.
        EnvironmentFault: the report cannot be written.
    """
    from mlbench.results.result_file import write_text

    comparison = read(Path(options.file))
    if options.format == "sketches-report":
        return _sketches_reports(comparison, options.output)
    write_text(_writers(options)[options.format](comparison), options.output or "-")
    return 0


def comment(options: argparse.Namespace, settings: Settings) -> int:
    """Write comparisons into a comment of a pull request.

    Raises:
        UsageError: a file is no comparison, or there is no repository or token.
        EnvironmentFault: the comment cannot be written.
    """
    from mlbench.cli.output import say
    from mlbench.github.command import Request, post

    comparisons = [read(Path(file)) for file in options.files]
    if settings.policy.offline and not options.dry_run:
        raise UsageError("a comment needs the network", do="leave out --offline, or add --dry-run")
    request = Request(
        pull=options.pr,
        repository=options.repo,
        key=options.key,
        commit=options.commit.lower(),
        title=options.title,
        run_url=options.run_url,
        when=options.when,
        dry_run=options.dry_run,
    )
    say(post(comparisons, request, os.environ))
    return 0


def read(path: Path) -> Comparison:
    """The comparison in a file; of a result file one without a baseline.

    Raises:
        UsageError: it cannot be read, or is neither.
    """
    from mlbench.compare import compare
    from mlbench.results import comparison_file as comparison_document
    from mlbench.results import result_file as document
    from mlbench.results.comparison import Side

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise UsageError(what, where=str(path), do="name a file that exists") from None
    except UnicodeDecodeError:
        text = ""
    found = _SCHEMA.search(text)
    if found and found[1] == "comparison":
        return comparison_document.from_json(text, str(path))
    if found and found[1] == "result":
        return compare(None, document.from_json(text, str(path)).results, head_side=Side(label=path.name))
    do = "give what `run --json` or `compare --json` wrote"
    raise UsageError("neither a result file nor a comparison", where=str(path), do=do)


def _writers(options: argparse.Namespace) -> Mapping[str, Callable[[Comparison], str]]:
    """By format. Each imports what it needs: other verbs must not wait for it."""

    def markdown(comparison: Comparison) -> str:
        from mlbench.reports.markdown import to_markdown

        return to_markdown(_heads(comparison))

    def comment(comparison: Comparison) -> str:
        from mlbench.reports.comment import comment_markdown

        return comment_markdown(comparison, title=options.title, run_url=options.run_url)

    def summary(comparison: Comparison) -> str:
        from mlbench.reports.summary import summary_markdown

        return summary_markdown(comparison, title=options.title, run_url=options.run_url)

    def html(comparison: Comparison) -> str:
        from mlbench.reports.page import to_page

        return to_page(summary(comparison), options.title)

    def junit(comparison: Comparison) -> str:
        from mlbench.reports.junit import to_junit

        return to_junit(comparison)

    def annotations(comparison: Comparison) -> str:
        import json

        from mlbench.reports.annotations import annotations_of

        return json.dumps([asdict(item) for item in annotations_of(comparison, Path.cwd())], indent=2) + "\n"

    def benchmark(comparison: Comparison) -> tuple[str, str]:
        from mlbench.reports.benchmark_action import to_benchmark_json

        return to_benchmark_json(_heads(comparison))

    def bencher(comparison: Comparison) -> str:
        from mlbench.reports.bencher import to_bencher

        return to_bencher(_heads(comparison))

    def badge(comparison: Comparison) -> str:
        from mlbench.reports.badge import to_badge

        return to_badge(comparison)

    return {
        "markdown": markdown,
        "comment": comment,
        "summary": summary,
        "html": html,
        "junit": junit,
        "annotations": annotations,
        "benchmark-smaller": lambda comparison: benchmark(comparison)[0],
        "benchmark-bigger": lambda comparison: benchmark(comparison)[1],
        "bencher": bencher,
        "badge": badge,
    }


def _sketches_reports(comparison: Comparison, folder: str) -> int:
    """One file a board, in a folder; a single board's may go to standard output."""
    from mlbench.reports.sketches_report import to_sketches_report
    from mlbench.results.result_file import write_text

    files = to_sketches_report(comparison)
    if folder in ("", "-"):
        if len(files) > 1:
            raise UsageError(
                f"there is one report a board, and here are {len(files)}", do="name a folder with --output"
            )
        write_text("".join(files.values()), "-")
        return 0
    for name, text in files.items():
        write_text(text, str(Path(folder) / name))
    return 0


def _heads(comparison: Comparison) -> list[Result]:
    return [job.head for job in comparison.jobs if job.head is not None]

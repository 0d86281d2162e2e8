"""The verbs ``report`` and ``comment``: files of results written in another form, or into a pull request."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.errors import UsageError

if TYPE_CHECKING:
    from mlbench.results.comparison import Comparison
    from mlbench.util.settings import Settings

_SCHEMA = re.compile(r'"schema"\s*:\s*"mlbench/(\w+)/')


def report(options: argparse.Namespace) -> int:
    """Write one report; returns the exit status, which says nothing about what is in the report.

    Raises:
        UsageError: the file is neither of results nor of a comparison.
        EnvironmentFault: the report cannot be written.
    """
    from mlbench.reports import formats
    from mlbench.results.result_file import write_text

    written = formats.find(options.format).write(
        read(Path(options.file)), formats.Heading(options.title, options.run_url)
    )
    if not isinstance(written, str):
        return _several(written, options.output)
    write_text(written, options.output or "-")
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
    schema = _SCHEMA.search(text)
    if schema and schema[1] == "comparison":
        return comparison_document.from_json(text, str(path))
    if schema and schema[1] == "result":
        return compare(None, document.from_json(text, str(path)).results, head_side=Side(label=path.name))
    do = "give what `run --json` or `compare --json` wrote"
    raise UsageError("neither a result file nor a comparison", where=str(path), do=do)


def _several(files: Mapping[str, str], folder: str) -> int:
    """Reports in several files, in a folder; a single one may go to standard output."""
    from mlbench.results.result_file import write_text

    if folder in ("", "-"):
        if len(files) > 1:
            raise UsageError(f"this report is {len(files)} files", do="name a folder with --output")
        write_text("".join(files.values()), "-")
        return 0
    for name, text in files.items():
        write_text(text, str(Path(folder) / name))
    return 0

"""Measures commits of the past, each once."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mlbench.baseline.base_commit import BaseCommit
from mlbench.baseline.measuring import Base
from mlbench.baseline.repository import Repository
from mlbench.errors import MLBenchError, UsageError
from mlbench.measure.cache import instrument_digest
from mlbench.results.codec import encode
from mlbench.results.history import HistoryCommit, commit_of, figures_of, tools_of
from mlbench.suite.options import RunOptions
from mlbench.util.progress import Progress

_MOST_COMMITS = 2000
_RANGE = re.compile(r"[\w./@^~{}-]+")
_COMPILERS = ("arm-none-eabi-gcc", "arduino-cli", "arduino-builder")

Measure = Callable[[BaseCommit], Base]


def commits_of(repository: Repository, revisions: str, last: int) -> list[HistoryCommit]:
    """The commits of a branch or a range (``A..B``), oldest first, ``last`` at most; nothing measured yet.

    Raises:
        UsageError: git does not know them.
    """
    if not _RANGE.fullmatch(revisions) or revisions.startswith("-"):
        raise UsageError(f"{revisions!r} names no commits", do="write a branch, or a range as v1..main")
    count = f"--max-count={min(last, _MOST_COMMITS)}"
    done = repository.run("log", "--first-parent", count, "--format=%H %ct %s", revisions, "--")
    if done.status:
        raise UsageError(f"git has no commits {revisions!r}: {repository.said(done)}", do="name others")
    lines = (line.split(" ", 2) for line in done.stdout.splitlines() if line.count(" ") >= 1)
    commits = [HistoryCommit(words[0], int(words[1]), "".join(words[2:])) for words in lines]
    return commits[::-1]


def measure_history(
    commits: Sequence[HistoryCommit],
    measure: Measure,
    options: RunOptions,
    store: Path | None,
    progress: Progress,
) -> list[HistoryCommit]:
    """The commits with their figures; one that cannot be measured says why, and is no error.

    Args:
        commits: which.
        measure: gives the results of one.
        options: what is measured; part of what figures are kept under.
        store: a folder of figures that were measured before; None: all are measured anew.
        progress: told of each.
    """
    key = _key(options)
    measured = []
    for number, commit in enumerate(commits, 1):
        path = None if store is None else store / f"history-{commit.commit}-{key}.json"
        known = _load(path)
        if known is None:
            with progress.step(f"{number}/{len(commits)} {commit.commit[:12]} {commit.subject[:50]}"):
                known, keeps = _measured(commit, measure)
            if keeps:
                _save(path, known)
        measured.append(known)
    return measured


def _measured(commit: HistoryCommit, measure: Measure) -> tuple[HistoryCommit, bool]:
    """The commit with its figures, and whether they are the same the next time."""
    try:
        base = measure(BaseCommit(commit.commit, "history"))
    except MLBenchError as error:
        return _with(commit, Base(notes=(str(error),))), False
    failures = [result.failure for result in base.results or () if result.failure is not None]
    stable = base.results is not None and all(failure.exit_status != 4 for failure in failures)
    return _with(commit, base), stable


def _with(commit: HistoryCommit, base: Base) -> HistoryCommit:
    results = base.results or ()
    notes = tuple(note.replace(" at the base:", ":") for note in base.notes)
    about = commit.commit, commit.time, commit.subject
    return HistoryCommit(*about, figures_of(results), tools_of(results), notes)


def _key(options: RunOptions) -> str:
    """All that figures depend on besides the commit: what is asked for, and what builds and measures."""
    stamps = []
    for name in _COMPILERS:
        program = shutil.which(name)
        with suppress(OSError):
            about = Path(program or name).stat()
            stamps.append(f"{program} {about.st_size} {about.st_mtime_ns}")
    data = os.environ.get("ARDUINO_DIRECTORIES_DATA", "")
    text = json.dumps([repr(options), str(Path.cwd()), instrument_digest(), data, *stamps])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _load(path: Path | None) -> HistoryCommit | None:
    if path is not None:
        with suppress(OSError, ValueError, UsageError):
            return commit_of(json.loads(path.read_text(encoding="ascii")))
    return None


def _save(path: Path | None, commit: HistoryCommit) -> None:
    if path is not None:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps(encode(commit)), encoding="ascii")
            part.replace(path)

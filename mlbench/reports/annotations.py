"""Annotations on files and lines of a repository, as values: whoever speaks to the runner prints them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.measures import row
from mlbench.core.sketch_files import is_tab
from mlbench.errors import MLBenchError
from mlbench.reports.last_lines import HEADING, last_lines
from mlbench.reports.wording import change, sides_text, verdict
from mlbench.results.comparison import Comparison, Delta, JobChange, JobState, Verdict
from mlbench.util.text import printable

_LEVELS = {Verdict.FAIL: "error", Verdict.WARN: "warning", Verdict.ACCEPTED: "notice"}
_ORDER = ("error", "warning", "notice")


@dataclass(frozen=True)
class Annotation:
    """One remark on a line. ``file`` is relative to the repository, empty where there is none."""

    level: str
    """``error``, ``warning`` or ``notice``."""
    file: str
    line: int
    """From 1; 0: the file as a whole."""
    title: str
    message: str


def annotations_of(comparison: Comparison, root: str | os.PathLike[str]) -> tuple[Annotation, ...]:
    """Compiler messages where they belong, other failures and thresholds at the sketch; gravest first.

    A file is only named if ``root`` has it. Titles and messages are printable; a message may have lines.
    """
    places = _Places(Path(root))
    entries = [
        item for job in comparison.jobs for item in (*_failures(job, places), *_thresholds(job, places))
    ]
    return tuple(sorted(dict.fromkeys(entries), key=lambda item: _ORDER.index(item.level)))


def _failures(job: JobChange, places: _Places) -> Iterable[Annotation]:
    failure = job.head.failure if job.head is not None else None
    if job.state not in (JobState.BROKEN, JobState.FAILED) or failure is None:
        return
    title = printable(f"{job.sketch} {failure.word}")
    located = False
    for item in failure.diagnostics:
        level = "error" if "error" in item.severity else "warning" if item.severity == "warning" else "notice"
        file = places.file(item.file)
        located |= bool(file) and level == "error"
        if file:
            yield Annotation(level, file, item.line, title, printable(item.message))
    if not located:
        frames = ((places.file(frame.file), frame.line) for frame in failure.chain)
        file, line = next((place for place in frames if place[0]), places.sketch(job.sketch))
        chain = [
            f"in {frame}" if not level else f"called from {frame}"
            for level, frame in enumerate(failure.chain)
        ]
        errors = [str(item) for item in failure.diagnostics if "error" in item.severity]
        printed = last_lines(job.head)
        words = (HEADING, *printed) if printed else ()
        message = "\n".join(printable(text) for text in (failure.message, *chain, *errors, *words))
        yield Annotation("error", file, line, title, message)


def _thresholds(job: JobChange, places: _Places) -> Iterable[Annotation]:
    for delta in job.deltas:
        level = _LEVELS.get(delta.verdict)
        if level is not None:
            title = printable(f"{job.sketch}: {row(delta.measure).name}")
            yield Annotation(level, *places.sketch(job.sketch), title, _message(delta))


def _message(delta: Delta) -> str:
    sides = sides_text(delta, " → ").replace("\\", "")
    moved = f", {change(delta)}" if delta.change is not None else ""
    note = f" ({printable(delta.note)})" if delta.note else ""
    return f"{sides}{moved}: {verdict(delta)}{note}"


class _Places:
    """Where things of results are in the repository."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._sketches: dict[str, tuple[str, int]] | None = None

    def file(self, name: str) -> str:
        """A file's path in the repository; empty where it has no such file."""
        if not name:
            return ""
        try:
            path = (self._root / name).resolve()
            inside = path.is_relative_to(self._root) and path.is_file()
        except (OSError, RuntimeError, ValueError):  # too long, links in a circle, no name for a file
            return ""
        return path.relative_to(self._root).as_posix() if inside else ""

    def sketch(self, name: str) -> tuple[str, int]:
        """The sketch's own file, else the line of the suite that names it."""
        if self._sketches is None:
            self._sketches = dict(self._of_suite())
        return self._sketches.get(name, ("", 0))

    def _of_suite(self) -> Iterable[tuple[str, tuple[str, int]]]:
        from mlbench.suite.suite_file import (  # late: needs YAML, and few reports have failures
            SUITE_NAMES,
            load_suite,
        )

        suite = next((self._root / name for name in SUITE_NAMES if (self._root / name).is_file()), None)
        if suite is None:
            return
        try:
            specs = load_suite(suite).sketches
        except MLBenchError:
            return  # told elsewhere
        for spec in specs:
            place = spec.source.folder / spec.sketch
            own = place if is_tab(place) else place / f"{place.name}.ino"
            file = "" if spec.source.url else self.file(str(own))
            if file:
                yield spec.name, (file, 1)
            else:
                named, _, line = spec.where.rpartition(":")
                yield spec.name, (self.file(named), int(line) if line.isdecimal() else 0)

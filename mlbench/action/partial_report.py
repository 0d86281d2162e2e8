"""What a matrix job tells the reporting job: partial reports, and how they become one comparison."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlbench.errors import UsageError
from mlbench.results import comparison_file as comparison_document
from mlbench.results.comparison import Comparison, JobChange, Side
from mlbench.util.schema import load_schema, violations
from mlbench.util.strict_json import load
from mlbench.util.text import printable

SCHEMA = "mlbench/part/1"
FILE = "part.json"
PREFIX = "mlbench-part-"
ARTIFACT = re.compile(r"mlbench-part-[0-9a-f]{16}-[0-9]{1,5}")
"""Names of artifacts that hold a part."""


@dataclass(frozen=True)
class PartialReport:
    """What one matrix job reports. Read from an artifact, so nothing in it is to be trusted but its form."""

    key: str
    """What tells the job from the others; empty where there is no matrix."""
    job: str
    run_id: int
    run_attempt: int
    head_sha: str
    """The commit that was asked about: a pull request's head, not its test merge."""
    status: int
    """The exit status its results call for, thresholds apart."""
    comparison: Comparison | None = None
    error: str = ""
    """Why there is no comparison, in one line."""
    skipped: str = ""
    """Why nothing was to be measured, in one line."""
    pull: int | None = None
    index: int | None = None
    """Number of the job in its matrix, from 0."""
    total: int | None = None
    """How many jobs the matrix has."""

    @property
    def name(self) -> str:
        """The matrix job, for people."""
        return shown_key(self.key) or self.job or "the job"


def artifact_name(key: str, job: str, attempt: int) -> str:
    """The artifact of a matrix job: two jobs never share one, nor do two attempts at the same job."""
    digest = hashlib.sha256(f"{job}\0{key}".encode()).hexdigest()[:16]
    return f"{PREFIX}{digest}-{attempt}"


def unfinished_name(artifact: str) -> str:
    """The artifact of a matrix job that was cancelled: another name, for no report takes it."""
    return f"mlbench-unfinished-{artifact.removeprefix(PREFIX)}"


def shown_key(key: str) -> str:
    """A matrix job's key for people: ``nano33ble, 1.5`` for a matrix's values, else as it is given."""
    try:
        values = json.loads(key)
    except ValueError:
        return printable(key)
    if not isinstance(values, dict):
        return printable(key)
    texts = (value if isinstance(value, str) else json.dumps(value) for value in values.values())
    return ", ".join(printable(text) for text in texts if text)


def to_json(part: PartialReport) -> str:
    """The text of a part file."""
    data: dict[str, Any] = {"schema": SCHEMA, **vars(part)}
    data["comparison"] = comparison_document.to_data(part.comparison) if part.comparison else None
    return json.dumps(data, allow_nan=False) + "\n"


def from_json(text: str, where: str) -> PartialReport:
    """Read a part file's text. ``where`` names it in messages.

    Raises:
        UsageError: it is none, or of a newer format.
    """
    if len(text) > comparison_document.MOST_BYTES:
        raise UsageError("too large for a part", where=where, do="measure again")
    data = load(text, where, "measure again")
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise UsageError(
            f"no part of the format {SCHEMA!r}", where=where, do="use one version of the action in all jobs"
        )
    for violation in violations(data, load_schema("mlbench.action", "partial_report.schema.json")):
        raise UsageError(f"not a valid part: {violation.what}", where=where, do="measure again")
    comparison = data.get("comparison")
    known = {key: value for key, value in data.items() if key in PartialReport.__dataclass_fields__}
    decoded = comparison_document.from_data(comparison, where) if comparison is not None else None
    return PartialReport(**{**known, "comparison": decoded})


def newest(parts: Iterable[PartialReport]) -> tuple[PartialReport, ...]:
    """One partial report per matrix job: that of its newest attempt. In the order of the matrix."""
    latest: dict[tuple[str, str], PartialReport] = {}
    for part in parts:
        known = latest.get((part.job, part.key))
        if known is None or part.run_attempt > known.run_attempt:
            latest[part.job, part.key] = part
    return tuple(
        sorted(
            latest.values(), key=lambda part: (part.job, -1 if part.index is None else part.index, part.key)
        )
    )


def absent_jobs(parts: Sequence[PartialReport]) -> tuple[str, ...]:
    """Jobs of the same matrices that uploaded nothing: ``job 2 of 3 of measure``."""
    missing = []
    for job in dict.fromkeys(part.job for part in parts):
        uploaded = [part for part in parts if part.job == job]
        total = max((part.total or 0 for part in uploaded), default=0)
        seen = {part.index for part in uploaded}
        missing += [
            f"job {index + 1} of {total} of {printable(job)}" for index in range(total) if index not in seen
        ]
    return tuple(missing[:100])


def merged(parts: Sequence[PartialReport]) -> Comparison | None:
    """All matrix jobs' figures as one comparison; None: no job measured anything."""
    with_figures = [part for part in parts if part.comparison is not None]
    if not with_figures:
        return None
    several = len(parts) > 1
    comparisons = [part.comparison for part in with_figures if part.comparison is not None]
    notes = [
        f"{part.name}: {note}" if several else note
        for part in with_figures
        for note in (part.comparison.notes if part.comparison else ())
    ]
    bases = [comparison.base for comparison in comparisons if comparison.base is not None]
    first = comparisons[0]
    return replace(
        first,
        jobs=_jobs(with_figures),
        base=_one(bases),
        notes=_common(notes, with_figures) if several else tuple(notes),
        accepted=next((comparison.accepted for comparison in comparisons if comparison.accepted), ""),
    )


def _jobs(parts: Sequence[PartialReport]) -> tuple[JobChange, ...]:
    """All figures. Where two matrix jobs measured the same sketch, the job's name tells them apart."""
    listed = [(part, job) for part in parts if part.comparison is not None for job in part.comparison.jobs]
    times = Counter((job.sketch, job.board, job.backend) for _, job in listed)
    return tuple(
        replace(job, sketch=f"{job.sketch} ({part.name})")
        if times[job.sketch, job.board, job.backend] > 1
        else job
        for part, job in listed
    )


def _one(sides: Sequence[Side]) -> Side | None:
    return sides[0] if sides else None


def _common(notes: Sequence[str], parts: Sequence[PartialReport]) -> tuple[str, ...]:
    """Notes that every matrix job made, once, without the jobs' names; the others as they are."""
    every = [set(part.comparison.notes) for part in parts if part.comparison is not None]
    shared = set.intersection(*every) if every else set()
    first = parts[0].comparison
    common = [note for note in (first.notes if first else ()) if note in shared]
    return (*common, *(note for note in notes if not any(note.endswith(f": {text}") for text in shared)))

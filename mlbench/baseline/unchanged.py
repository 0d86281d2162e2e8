"""Sketches that a change does not touch: nothing that they are made of differs between the two sides."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from mlbench.baseline.base_commit import BaseCommit
from mlbench.baseline.measuring import Job, Selected, job_of, sketchbooks_within
from mlbench.baseline.repository import Repository
from mlbench.baseline.worktree import worktree
from mlbench.errors import MLBenchError
from mlbench.firmware.dependencies import embedded, named_by
from mlbench.firmware.sketch_source import SketchSource, read_source
from mlbench.pipeline.run import Services
from mlbench.suite.suite_file import SketchSpec
from mlbench.util.progress import Progress

ASKED = (
    *("board", "backend", "build_properties", "functions", "marks", "inferences", "timeout_us", "serial"),
    *("ram_search", "ram_min", "ram_max", "trace_limit", "asks_for"),
)
"""What an entry says that is not in the files it leads to."""

_ELSEWHERE = re.compile(rb"""^[ \t]*#[ \t]*include[ \t]*["<](?:/|[^">\n]*\.\./)""", re.MULTILINE)


def inputs_digest(spec: SketchSpec, services: Services) -> str:
    """All that the result depends on, but for the tools, which are the same on both sides of one run.

    Empty where that cannot be known before it is compiled, or where something is wrong with the
    sketch, which measuring has to say.
    """
    try:
        project = services.obtain(spec)
        request = services.locate(project, spec)
        source = read_source(request)
        inputs = spec.inputs.read(spec.own_folder).digest
        if named_by(request.build_properties) or embedded(source) or _leads_elsewhere(source):
            return ""
    except MLBenchError:
        return ""
    options = [repr(getattr(spec, name)) for name in ASKED]
    return hashlib.sha256(json.dumps([source.digest, inputs, *options]).encode()).hexdigest()


def find_unchanged(
    base_commit: BaseCommit,
    repository: Repository,
    folder: Path,
    select: Callable[[Path], Selected],
    head: Sequence[SketchSpec],
    services: Services,
    progress: Progress,
) -> frozenset[Job]:
    """The head's jobs that the change since the base commit does not affect. Arguments as ``measure_base``.

    None where anything about the base commit is wrong, which measuring it will say.
    """
    # A change to a sketchbook that is part of the repository may reach any sketch.
    if not base_commit.commit or sketchbooks_within(repository.root) or repository.obtain(base_commit.commit):
        return frozenset()
    try:
        with worktree(repository, base_commit.commit, folder, progress) as tree:
            return frozenset() if tree.notes else unchanged_jobs(head, select(tree.path).specs, services)
    except MLBenchError:
        return frozenset()


def unchanged_jobs(
    head: Sequence[SketchSpec], base: Sequence[SketchSpec], services: Services
) -> frozenset[Job]:
    """The jobs whose inputs are the same on both sides."""
    before = {job_of(spec): spec for spec in base}
    jobs = set()
    for spec in head:
        other = before.get(job_of(spec))
        digest = inputs_digest(spec, services) if other is not None else ""
        if digest and other is not None and digest == inputs_digest(other, services):
            jobs.add(job_of(spec))
    return frozenset(jobs)


def _leads_elsewhere(source: SketchSource) -> bool:
    files = [source.files, *(library.files for library in source.libraries)]
    return any(_ELSEWHERE.search(file.read()) for tree in files for file in tree.values())

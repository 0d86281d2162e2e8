"""The baseline's results: measured in this very run, or read from a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.baseline.base_commit import BaseCommit
from mlbench.baseline.repository import Repository
from mlbench.baseline.worktree import worktree
from mlbench.compare import Thresholds, changed_thresholds, compare, thresholds_of
from mlbench.errors import MLBenchError, UsageError
from mlbench.results.comparison import Comparison, Side
from mlbench.results.result_file import Document
from mlbench.results.values import Absent, Failure, Measures, Result, Status
from mlbench.suite.suite_file import SketchSpec, suite_of
from mlbench.util.progress import Progress

Job = tuple[str, str, str]
"""Sketch, board and backend."""

UNCHANGED = "not measured: nothing that the sketch is made of was changed"


def job_of(spec: SketchSpec) -> Job:
    """What a result of this entry is known by."""
    return spec.name, spec.board, spec.backend


@dataclass(frozen=True)
class Selected:
    """Which sketches are measured, and how far they may get worse."""

    specs: tuple[SketchSpec, ...]
    thresholds: Thresholds = Thresholds()
    has_suite: bool = True
    """Whether a suite file says so, or they were found by looking for sketches."""

    @property
    def jobs(self) -> frozenset[Job]:
        """Sketch, board and backend of each."""
        return frozenset(job_of(spec) for spec in self.specs)


@dataclass(frozen=True)
class Base:
    """A baseline. ``results`` None: there is none, and ``notes`` say why."""

    results: tuple[Result, ...] | None = None
    side: Side | None = None
    thresholds: Thresholds | None = None
    """Those of the base's suite; None: it has none to go by, so that the head's count."""
    notes: tuple[str, ...] = ()


def measure_base(
    base_commit: BaseCommit,
    repository: Repository,
    folder: Path,
    select: Callable[[Path], Selected],
    measure: Callable[[Sequence[SketchSpec]], tuple[Result, ...]],
    progress: Progress,
    *,
    head: Selected | None = None,
    skip: Set[Job] = frozenset(),
) -> Base:
    """Fetch the base commit, lay out its files in a work tree, and measure its sketches there.

    Nothing that goes wrong with the base is an error of what is judged: it becomes a note.

    Args:
        base_commit: what ``base_commit_of`` found.
        repository: the checkout.
        folder: where work trees may be made.
        select: the base's own sketches; gets the folder that stands for the repository's top.
        measure: measures them.
        progress: told of what takes long.
        head: what is measured of the head. Of a sketch that it has no more is only said that it is gone.
        skip: what the change does not touch, and is not to be measured.
    """
    notes = (base_commit.note,) if base_commit.note else ()
    if not base_commit.commit:
        return Base(notes=notes)
    side = Side(commit=base_commit.commit, label=base_commit.how)
    short = base_commit.commit[:12]
    try:
        reason = ""
        if not repository.has(base_commit.commit):
            with progress.step(f"fetching the base {short}"):
                reason = repository.obtain(base_commit.commit)
        if reason:
            return Base(notes=(*notes, f"the base {short} cannot be fetched ({reason})"))
        with worktree(repository, base_commit.commit, folder, progress) as tree:
            notes = (*notes, *tree.notes)
            if tree.notes:
                return Base(notes=notes)
            try:
                selected = select(tree.path)
                if head is not None and head.has_suite and not selected.has_suite:
                    raise UsageError("it has no mlbench.yml yet")
            except UsageError as error:
                what = _here(str(error), tree.path)
                return Base(
                    (), side, Thresholds(), (*notes, f"the base {short} has nothing to measure: {what}")
                )
            with sketchbook_of(tree.path, repository.root):
                results = _measured(selected, head, skip, measure, tree.path)
    except MLBenchError as error:
        return Base(notes=(*notes, f"the base {short} cannot be measured: {error}"))
    failed = [result for result in results if result.status is Status.FAILED]
    notes = (*notes, *(_failed(result) for result in failed))
    return Base(results, side, selected.thresholds, notes)


SKETCHBOOKS = (
    "ARDUINO_DIRECTORIES_USER",
    "ARDUINO_DIRECTORIES_DATA",
    "ARDUINO_SKETCHBOOK_DIR",
    "ARDUINO_DATA_DIR",
    "ARDUINO_CONFIG_FILE",
)
"""Variables that say where a user's platforms and libraries are."""


@contextmanager
def sketchbook_of(tree: Path, root: Path) -> Iterator[None]:
    """Within the context, a sketchbook that is part of the repository is the work tree's.

    Nothing of the head is built meanwhile: the variables are those of the whole process.
    """
    before = {name: os.environ[name] for name in sketchbooks_within(root)}
    for name, value in before.items():
        os.environ[name] = str(tree / Path(value).resolve().relative_to(root.resolve()))
    try:
        yield
    finally:
        os.environ.update(before)


def sketchbooks_within(root: Path) -> tuple[str, ...]:
    """The variables that name a folder of the repository."""
    named = {name: os.environ.get(name, "") for name in SKETCHBOOKS}
    return tuple(
        name
        for name, value in named.items()
        if value and Path(value).resolve().is_relative_to(root.resolve())
    )


def base_of_document(
    document: Document, label: str, commit: str = "", thresholds: Thresholds | None = None
) -> Base:
    """The baseline that a result file holds; ``thresholds`` are those of its commit, where it has one."""
    return Base(document.results, Side(commit=commit, label=label), thresholds)


def thresholds_at(repository: Repository, commit: str, suite: Path) -> Thresholds:
    """The thresholds that a commit's own suite has; none where it has no such suite, or a wrong one.

    Args:
        repository: has the commit.
        commit: which.
        suite: the suite's file, in the checkout.
    """
    try:
        place = suite.resolve().relative_to(repository.root.resolve())
        text = repository.show(commit, place.as_posix())
        return (
            Thresholds() if text is None else thresholds_of(suite_of(text, f"{commit[:12]}:{place}", suite))
        )
    except (ValueError, MLBenchError):
        return Thresholds()


def against(
    base: Base, head: Sequence[Result], thresholds: Thresholds, head_side: Side, notes: Sequence[str] = ()
) -> Comparison:
    """The head's results held against a baseline, by the base's thresholds where it has a suite.

    Args:
        base: the baseline.
        head: results of what is judged.
        thresholds: those of the head's suite.
        head_side: what was measured.
        notes: lines for the reader.
    """
    judged_by, changed = thresholds, tuple[str, ...]()
    if base.thresholds is not None:
        judged_by = base.thresholds
        # A base without any sketch and threshold judges nothing: that a first suite brings some is no change.
        if base.results or base.thresholds:
            changed = changed_thresholds(base.thresholds, thresholds)
    threshold_notes = tuple(f"{line}; the base's counts here" for line in changed)
    return compare(
        base.results,
        head,
        judged_by,
        base_side=base.side,
        head_side=head_side,
        notes=(*notes, *base.notes, *threshold_notes),
    )


def _measured(
    base: Selected,
    head: Selected | None,
    skip: Set[Job],
    measure: Callable[[Sequence[SketchSpec]], tuple[Result, ...]],
    tree: Path,
) -> tuple[Result, ...]:
    gone = frozenset() if head is None else base.jobs - head.jobs
    left_out = {
        **dict.fromkeys(skip, UNCHANGED),
        **dict.fromkeys(gone, "not measured, as the sketch is gone"),
    }
    return tuple(placed(result, tree) for result in measured_but(base.specs, left_out, measure))


def measured_but(
    specs: Sequence[SketchSpec],
    left_out: Mapping[Job, str],
    measure: Callable[[Sequence[SketchSpec]], tuple[Result, ...]],
) -> tuple[Result, ...]:
    """Results of all entries in their order, those that are left out with the reason for it."""
    stays = [spec for spec in specs if job_of(spec) not in left_out]
    measured = iter(measure(stays) if stays else ())
    return tuple(
        _skipped(spec, left_out[job_of(spec)]) if job_of(spec) in left_out else next(measured)
        for spec in specs
    )


def _skipped(spec: SketchSpec, reason: str) -> Result:
    absent = Absent(reason)
    measures = Measures.none(absent)
    return Result(spec.name, spec.board, spec.backend, Status.SKIPPED, measures)


def _failed(result: Result) -> str:
    why = result.failure.message if result.failure else "failed"
    return f"{result.sketch} fails at the base: {why}"


def placed(result: Result, tree: Path) -> Result:
    """The result with files named as in the project: the tree is gone when somebody reads it."""
    failure = result.failure
    if failure is None:
        return result
    return replace(
        result,
        failure=Failure(
            _here(failure.message, tree),
            tuple(replace(frame, file=_here(frame.file, tree)) for frame in failure.chain),
            tuple(
                replace(item, file=_here(item.file, tree), message=_here(item.message, tree))
                for item in failure.diagnostics
            ),
            failure.exit_status,
        ),
    )


def _here(text: str, tree: Path) -> str:
    return text.replace(f"{tree}/", "").replace(str(tree), ".")

"""The step that builds other people's code, and therefore has no token: measures, compares, writes files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mlbench.action.commands import SHOWN, Commands
from mlbench.action.events import WorkflowEvent
from mlbench.action.exports import export
from mlbench.action.files import set_outputs
from mlbench.action.inputs import ActionInputs
from mlbench.action.packages import Packages, install
from mlbench.action.partial_report import PartialReport, artifact_name, to_json, unfinished_name
from mlbench.action.plan import ActionPlan
from mlbench.action.state import COMPARISON, RESULT, ActionFolder
from mlbench.baseline import Base, BaseCommit, Repository, against, base_of_document, thresholds_at
from mlbench.baseline.measuring import UNCHANGED, Job, measured_but, placed
from mlbench.baseline.same_run import chooser, measure_base_commit
from mlbench.baseline.unchanged import find_unchanged
from mlbench.compare import Thresholds, thresholds_of
from mlbench.core import backends
from mlbench.errors import MLBenchError, worst_status
from mlbench.firmware.install_tools import ensure_toolchain
from mlbench.host.cache_dir import baseline_trees
from mlbench.host.policy import Policy
from mlbench.pipeline.firmware_jobs import build_folder, measure_folder
from mlbench.pipeline.run import Finished, exit_status, profile_all
from mlbench.pipeline.services import make_services
from mlbench.renode.install import install as install_renode
from mlbench.results import comparison_file as comparison_document
from mlbench.results.comparison import Comparison, Side
from mlbench.results.result_file import Document, PartialFile, RunInfo, read, write
from mlbench.results.values import Result
from mlbench.suite.options import RunOptions
from mlbench.suite.selection import Selection, select
from mlbench.util.progress import Progress
from mlbench.util.settings import Settings
from mlbench.version import __version__


def measure(environ: Mapping[str, str], progress: Progress, commands: Commands) -> None:
    """Measure what is checked out and what it is compared with, and write this job's partial report.

    What sketches do wrong is written into the part; the job turns red for it in its last step.

    Args:
        environ: the environment as the runner gave it; this process's own has been cleaned.
        progress: told of what takes long.
        commands: writes workflow commands.
    """
    work = ActionFolder.of(environ)
    settings = ActionInputs.from_json(work.settings.read_text(encoding="utf-8"))
    plan = ActionPlan.from_json(work.plan.read_text(encoding="utf-8"))
    event = WorkflowEvent.read(environ)
    part = PartialReport(
        key=settings.key,
        job=event.job,
        run_id=event.run_id,
        run_attempt=event.run_attempt,
        head_sha=event.head_sha,
        status=0,
        skipped=plan.skip,
        pull=event.pull_number,
        index=_number(environ.get("MLBENCH_JOB_INDEX", "")),
        total=_number(environ.get("MLBENCH_JOB_TOTAL", "")) or None,
    )
    outputs = {
        "artifact": artifact_name(settings.key, event.job, event.run_attempt),
        "upload": str(work.upload),
    }
    unfinished = {
        "unfinished": unfinished_name(outputs["artifact"]),
        "unfinished-path": str(work.upload / RESULT),
    }
    measured = _prebuilt if settings.prebuilt else _compared
    if settings.mode == "build":
        part, outputs = _build(settings, plan, part, environ, progress, commands), {}
    elif not plan.skip:
        # Told before: of a job that is cancelled, the next step keeps what is there.
        set_outputs(environ, unfinished)
        # Whatever compilers and firmware print lies between two markers, and is no command to the runner.
        try:
            with commands.group("Compiling and measuring"), commands.stopped():
                results, comparison = measured(settings, plan, event, environ, work, progress)
            with commands.stopped():
                _show(results)
            part = replace(part, status=exit_status(results), comparison=comparison)
        except MLBenchError as error:
            part = replace(part, status=error.exit_status, error=str(error))
    if part.comparison is not None:
        outputs |= {"measured": "true", "result": str(work.upload / RESULT)}
        outputs["comparison"] = str(work.upload / COMPARISON)
        comparison_document.write(part.comparison, outputs["comparison"])
    work.part.write_text(to_json(part), encoding="utf-8")
    if part.comparison is not None:
        export(part.comparison, work.upload)
    set_outputs(environ, outputs)


def run_options(settings: ActionInputs, packages: Packages) -> RunOptions:
    """What the inputs ask for, as a command line would."""
    options = RunOptions(
        only=tuple(settings.sketches),
        boards=tuple(settings.board),
        libraries=tuple(str(folder) for folder in packages.libraries),
        # What is only built is for boards, whose backend says where it is measured later.
        backend=settings.backend if settings.mode != "build" else backends.of_boards(),
    )
    if settings.prebuilt:
        return replace(options, firmware_dir=settings.firmware_dir, thresholds=settings.suite)
    return replace(
        options,
        sketch=settings.suite,
        firmware_dir=settings.firmware_dir if settings.mode == "build" else "",
    )


def _packages(settings: ActionInputs, policy: Policy, progress: Progress) -> Packages:
    if not (settings.platforms or settings.libraries):
        return Packages()
    packages = install(settings, ensure_toolchain(policy, progress.note, arm=False), progress)
    if packages.data is not None:
        os.environ["ARDUINO_DIRECTORIES_DATA"] = str(packages.data)  # where builds look for platforms
    return packages


def _build(
    settings: ActionInputs,
    plan: ActionPlan,
    part: PartialReport,
    environ: Mapping[str, str],
    progress: Progress,
    commands: Commands,
) -> PartialReport:
    """Build for boards on other machines; the part that it gives only says how that ended."""
    if plan.skip:
        return part
    folder = _folder(settings, environ)
    own = _options(environ)
    try:
        with commands.group("Compiling"), commands.stopped():
            options = run_options(settings, _packages(settings, own.policy, progress))
            selection = select(options, folder)
            for note in selection.notes:
                progress.note(note)
            path = folder / options.firmware_dir
            failures = build_folder(selection, path, make_services(own, progress), progress)
    except MLBenchError as error:
        return replace(part, status=error.exit_status, error=str(error))
    for failure in failures[:SHOWN]:
        commands.annotate("error", failure.message, title="mlbench")
    return replace(part, status=worst_status([failure.exit_status for failure in failures]))


def _prebuilt(
    settings: ActionInputs,
    plan: ActionPlan,
    event: WorkflowEvent,
    environ: Mapping[str, str],
    work: ActionFolder,
    progress: Progress,
) -> tuple[tuple[Result, ...], Comparison]:
    """Firmware that was built elsewhere, measured; thresholds are those of what is checked out here."""
    begin, started = time.monotonic(), _now()
    folder = _folder(settings, environ)
    services = make_services(_options(environ), progress, prebuilt=True)
    options = run_options(settings, Packages())
    with _kept(started, begin, work, folder) as finished:
        selection, measured = measure_folder(options, folder, services, progress, finished=finished)
    results = tuple(placed(result, folder) for result in measured)
    _keep(results, started, begin, work)
    thresholds = thresholds_of(selection.suite) if selection.suite else Thresholds()
    base = _given(plan, selection, folder)
    return results, against(base, results, thresholds, _head(event), plan.notes)


def _compared(
    settings: ActionInputs,
    plan: ActionPlan,
    event: WorkflowEvent,
    environ: Mapping[str, str],
    work: ActionFolder,
    progress: Progress,
) -> tuple[tuple[Result, ...], Comparison]:
    begin, started = time.monotonic(), _now()
    folder = _folder(settings, environ)
    own = replace(_options(environ), canonical=True)
    services = make_services(own, progress)

    if settings.renode_version:
        install_renode(settings.renode_version, progress.note)
    options = run_options(settings, _packages(settings, own.policy, progress))
    selection = select(options, folder)
    for note in selection.notes:
        progress.note(note)
    trees = baseline_trees()
    base_commit = BaseCommit(plan.commit, plan.how)
    measures_base = plan.commit and not plan.document
    skip = frozenset[Job]()
    if measures_base and settings.skip_unchanged and event.name in ("pull_request", "merge_group"):
        repository = Repository(folder)
        choose = chooser(repository, selection, options, folder)
        skip = find_unchanged(base_commit, repository, trees, choose, selection.specs, services, progress)
    with _kept(started, begin, work, folder) as finished:
        results = measured_but(
            selection.specs,
            dict.fromkeys(skip, UNCHANGED),
            lambda specs: tuple(
                placed(result, folder) for result in profile_all(specs, services, progress, finished=finished)
            ),
        )
    _keep(results, started, begin, work)
    if measures_base:
        base = measure_base_commit(
            base_commit,
            Repository(folder),
            selection,
            options,
            services,
            progress,
            trees,
            start=folder,
            skip=skip,
        )
    else:
        base = _given(plan, selection, folder)
    thresholds = thresholds_of(selection.suite) if selection.suite else Thresholds()
    return results, against(base, results, thresholds, _head(event), plan.notes)


def _folder(settings: ActionInputs, environ: Mapping[str, str]) -> Path:
    """Where the project is."""
    return Path(environ.get("GITHUB_WORKSPACE") or ".").resolve() / settings.working_directory


def _options(environ: Mapping[str, str]) -> Settings:
    return Settings(policy=Policy.read([], environ), port=environ.get("MLBENCH_PORT", ""))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@contextmanager
def _kept(started: str, begin: float, work: ActionFolder, folder: Path) -> Iterator[Finished]:
    """Within the context, gives what to tell of each finished result, which is written at once."""
    partial = PartialFile(str(work.upload / RESULT), lambda: _info(started, begin))
    try:
        yield lambda number, result: partial.add(number, placed(result, folder))
    finally:
        partial.close()


def _info(started: str, begin: float) -> RunInfo:
    return RunInfo(__version__, started, round(time.monotonic() - begin, 3))


def _keep(results: tuple[Result, ...], started: str, begin: float, work: ActionFolder) -> None:
    write(Document(results, _info(started, begin)), str(work.upload / RESULT))


def _given(plan: ActionPlan, selection: Selection, folder: Path) -> Base:
    """The baseline of a result file, judged by the thresholds of the commit that it stands for."""
    if not plan.document:
        return Base()
    judged_by = None
    if plan.judged_by and selection.suite is not None:
        judged_by = thresholds_at(Repository(folder), plan.judged_by, selection.suite.path)
    return base_of_document(read(Path(plan.document)), plan.label, plan.commit, judged_by)


def _show(results: Sequence[Result]) -> None:
    from mlbench.reports.table import make_table
    from mlbench.reports.terminal import show

    show(make_table(results), sys.stdout)


def _head(event: WorkflowEvent) -> Side:
    merged = event.head_sha != event.sha
    return Side(
        event.head_sha, event.head_ref, f"merged with {event.base_ref}" if merged and event.base_ref else ""
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None

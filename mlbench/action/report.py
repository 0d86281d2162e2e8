"""The last step: tells what was found, in summary and comment, and decides whether the job is red."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.action.collecting import MeasuredRun, collected, source_of, with_pull
from mlbench.action.commands import SHOWN, Commands
from mlbench.action.events import WorkflowEvent
from mlbench.action.figures import measures_json
from mlbench.action.files import add_summary, set_outputs
from mlbench.action.inputs import ActionInputs
from mlbench.action.partial_report import FILE, PartialReport, from_json, merged, shown_key
from mlbench.action.plan import client
from mlbench.action.scrub import TOKEN
from mlbench.action.state import ActionFolder
from mlbench.action.verdicts import acceptance
from mlbench.compare import accepted
from mlbench.errors import worst_status
from mlbench.github.client import GitHub
from mlbench.github.comment import publish
from mlbench.github.marker import Stamp
from mlbench.github.modes import worth_a_comment
from mlbench.results.comparison import Comparison, Side, Verdict
from mlbench.results.values import Status
from mlbench.util.progress import Progress

EVERY_LEG = "every job that measures"
NEEDED = "this job has to need those that measure, and they have to use `mode: measure`"


@dataclass(frozen=True)
class ReportOutcome:
    """What all matrix jobs together report."""

    comparison: Comparison
    parts: tuple[PartialReport, ...]
    missing: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether there is any figure."""
        return any(part.comparison for part in self.parts)

    @property
    def without(self) -> tuple[str, ...]:
        """Matrix jobs that have no figures and should have some."""
        return (*self.missing, *(part.name for part in self.parts if part.error))

    @property
    def skipped(self) -> str:
        """Why nothing was measured at all; empty: something was, or was to be."""
        reasons = [part.skipped for part in self.parts]
        return reasons[0] if reasons and all(reasons) and not self.missing else ""


def report(environ: Mapping[str, str], progress: Progress, commands: Commands) -> int:
    """Report, and return the exit status that this run deserves."""
    work = ActionFolder.of(environ)
    settings = ActionInputs.from_json(work.settings.read_text(encoding="utf-8"))
    if settings.mode == "build":
        return _after_build(settings, work, commands)
    event = WorkflowEvent.read(environ)
    github = client(event, environ.get(TOKEN, ""))
    source = source_of(event, own=settings.prebuilt)
    posts = event.name == "workflow_run" and settings.mode == "report"
    parts, missing = collected(settings, github, source, work)
    if not parts and not missing:
        if posts:  # it was cancelled, or is no run of ours
            progress.note(f"run {source.run_id} uploaded no results: there is nothing to post")
            return 0
        missing = (EVERY_LEG,)
    if settings.mode != "measure":
        source = with_pull(source, parts, github)
    outcome = _outcome(event, github, source, parts, missing)
    set_outputs(
        environ,
        {
            "regressed": "true" if outcome.comparison.regressed else "false",
            "measures": measures_json(outcome.comparison if outcome.measured else None),
        },
    )
    with commands.stopped():
        unsaid = _comment(settings, github, source, outcome, progress)
    _summarize(environ, _title(settings), source, outcome, unsaid)
    if settings.mode != "report":
        _annotate(outcome.comparison, settings, Path(environ.get("GITHUB_WORKSPACE") or "."), commands)
    status = _status(settings, outcome)
    for part in outcome.parts:
        if part.error:
            commands.annotate("error", part.error, title=f"mlbench {shown_key(part.key)}".strip())
    for line in _reasons(settings, outcome):
        commands.annotate("error", line, title="mlbench")
    # A workflow that only posts says nothing about the change: the run that measured does.
    return 0 if posts else status


def _after_build(settings: ActionInputs, work: ActionFolder, commands: Commands) -> int:
    """The exit status of a job that only builds; nothing is measured yet."""
    part = from_json(work.part.read_text(encoding="utf-8"), FILE)
    if part.error:
        commands.annotate("error", part.error, title="mlbench")
    return _status(settings, ReportOutcome(Comparison((), Side(part.head_sha)), (part,)))


def _outcome(
    event: WorkflowEvent,
    github: GitHub,
    source: MeasuredRun,
    parts: Sequence[PartialReport],
    missing: Sequence[str],
) -> ReportOutcome:
    comparison = merged(parts)
    if comparison is None:
        notes = [part.error or part.skipped for part in parts if part.error or part.skipped]
        notes += [NEEDED] if not parts else []
        comparison = Comparison((), Side(source.head_sha), notes=tuple(dict.fromkeys(notes)))
    elif any(part.error for part in parts):
        errors = [f"{part.name}: {part.error}" for part in parts if part.error]
        comparison = replace(comparison, notes=(*comparison.notes, *errors))
    if comparison.regressed and (by := acceptance(event, github, source.pull)):
        comparison = accepted(comparison, by)
    return ReportOutcome(comparison, tuple(parts), tuple(missing))


def _status(settings: ActionInputs, outcome: ReportOutcome) -> int:
    """The exit status: that of the settings and the environment always, of results as ``fail-on`` has it."""
    statuses = [4] if outcome.missing else []
    for part in outcome.parts:
        of_results = part.status == 3 or (part.status == 4 and part.comparison is not None)
        if not of_results or "failures" in settings.fail_on:
            statuses.append(part.status)
    if outcome.comparison.regressed and "thresholds" in settings.fail_on:
        statuses.append(1)
    return worst_status(statuses)


def _reasons(settings: ActionInputs, outcome: ReportOutcome) -> Iterator[str]:
    """Why the job is red, in a line each, where no part says so itself."""
    jobs = outcome.comparison.jobs
    failed = [job.sketch for job in jobs if job.head and job.head.status is Status.FAILED]
    if failed and "failures" in settings.fail_on:
        yield f"sketches that failed: {_some(failed)}; see the summary"
    if outcome.comparison.regressed and "thresholds" in settings.fail_on:
        over = [job.sketch for job in jobs if any(delta.verdict is Verdict.FAIL for delta in job.deltas)]
        yield f"over a threshold for failing: {_some(over)}; see the summary"
    if outcome.missing:
        yield f"without results: {_some(outcome.missing)}; see the jobs that measure"


def _some(names: Sequence[str], most: int = 10) -> str:
    each = tuple(dict.fromkeys(names))
    more = f" and {len(each) - most} more" if len(each) > most else ""
    return ", ".join(each[:most]) + more


def _title(settings: ActionInputs) -> str:
    shown = shown_key(settings.key) if settings.mode != "report" else ""
    return f"mlbench ({shown})" if shown else "mlbench"


def _comment(
    settings: ActionInputs, github: GitHub, source: MeasuredRun, outcome: ReportOutcome, progress: Progress
) -> str:
    """Write the comment if there is to be one. Returns why there is none, where there should have been."""
    if settings.mode == "measure" or settings.comment == "never" or outcome.skipped:
        return ""
    if source.pull is None:
        return source.note
    from mlbench.reports.comment import comment_markdown

    body = comment_markdown(
        outcome.comparison, title=_title(settings), run_url=source.run_url, missing=outcome.without
    )
    key = settings.key if settings.mode == "all" else ""
    published = publish(
        github,
        source.pull,
        body,
        key=f"{source.workflow}\n{key}",
        stamp=Stamp(source.head_sha, source.run_id, source.run_attempt),
        create=worth_a_comment(settings.comment, outcome.comparison, outcome.without),
    )
    progress.note(": ".join(filter(None, [f"comment {published.what}", published.reason, published.url])))
    return published.reason if published.what == "skipped" else ""


def _summarize(
    environ: Mapping[str, str], title: str, source: MeasuredRun, outcome: ReportOutcome, unsaid: str
) -> None:
    from mlbench.reports.escaping import prose
    from mlbench.reports.summary import summary_markdown

    text = summary_markdown(outcome.comparison, title=title, run_url=source.run_url, missing=outcome.without)
    add_summary(environ, f"{text}\n{prose(unsaid)}" if unsaid else text)


def _annotate(comparison: Comparison, settings: ActionInputs, workspace: Path, commands: Commands) -> None:
    from mlbench.reports.annotations import annotations_of

    beside = Path(settings.working_directory)
    shown: dict[str, int] = {}
    for item in annotations_of(comparison, workspace / beside):
        shown[item.level] = shown.get(item.level, 0) + 1
        if shown[item.level] <= SHOWN:
            file = str(beside / item.file) if item.file else ""
            commands.annotate(item.level, item.message, title=item.title, file=file, line=item.line)

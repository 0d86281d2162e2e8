"""Where the parts of a report come from: this job's own, or the artifacts of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlbench.action.events import WorkflowEvent
from mlbench.action.inputs import ActionInputs
from mlbench.action.partial_report import ARTIFACT, FILE, PartialReport, absent_jobs, from_json, newest
from mlbench.action.state import ActionFolder
from mlbench.compare.comparing import with_verdicts
from mlbench.errors import EnvironmentFault, MLBenchError
from mlbench.github.artifacts import artifacts_of_run, download, newest_attempts
from mlbench.github.client import GitHub
from mlbench.github.errors import Forbidden, GitHubError, NotFound
from mlbench.github.pulls import pull_of_workflow_run
from mlbench.results.comparison import Verdict
from mlbench.util.text import printable


@dataclass(frozen=True)
class MeasuredRun:
    """The run that measured, and its pull request: all from the event, nothing from an artifact."""

    run_id: int
    run_attempt: int
    head_sha: str
    workflow: str
    """Path of the measuring workflow's file."""
    run_url: str
    pull: int | None = None
    note: str = ""
    """Why there is no pull request, where one was to be found."""
    payload: Mapping[str, Any] | None = None
    """Of a ``workflow_run`` event, whose pull request is found with the help of what the parts say."""


def source_of(event: WorkflowEvent, *, own: bool = False) -> MeasuredRun:
    """The run that a report is about: this one, or the one that ``workflow_run`` follows.

    Args:
        event: what started this run.
        own: this run has measured what the other one has built, so that what that one says of itself does
            not count; only its commit is the one in question.

    Raises:
        EnvironmentFault: the event does not name it.
    """
    if event.name != "workflow_run":
        pull = event.pull_number if event.comments else None
        return MeasuredRun(
            event.run_id, event.run_attempt, event.head_sha, event.workflow, event.run_url, pull
        )
    run = event.payload.get("workflow_run")
    if not isinstance(run, dict) or not isinstance(run.get("id"), int):
        raise EnvironmentFault("names no run", where="the event workflow_run", do="look at the event file")
    measured_run = MeasuredRun(
        run["id"],
        int(run.get("run_attempt") or 1),
        str(run.get("head_sha") or ""),
        str(run.get("path") or "").partition("@")[0],
        f"{event.server_url}/{event.repository}/actions/runs/{run['id']}",
        payload=event.payload,
    )
    if not own:
        return measured_run
    return replace(measured_run, run_id=event.run_id, run_attempt=event.run_attempt, run_url=event.run_url)


def with_pull(source: MeasuredRun, parts: list[PartialReport], github: GitHub) -> MeasuredRun:
    """The source with its pull request; what parts say of it only chooses among several."""
    if source.payload is None:
        return source
    run = source.payload["workflow_run"]
    if run.get("event") != "pull_request":
        return source
    stated_number = next((part.pull for part in parts if part.pull), None)
    try:
        pull = pull_of_workflow_run(github, source.payload, stated_number)
    except GitHubError as error:
        return replace(source, note=f"no comment: its pull request cannot be found ({error})")
    if pull is None:
        return replace(source, note="no comment: no open pull request has the commit that was measured")
    return replace(source, pull=pull.number)


def collected(
    settings: ActionInputs, github: GitHub, source: MeasuredRun, work: ActionFolder
) -> tuple[list[PartialReport], tuple[str, ...]]:
    """One partial report per matrix job, and the names of jobs without one.

    Both are empty if no job uploaded one.

    Raises:
        MLBenchError: they cannot be read.
    """
    if settings.mode != "report":
        if not work.part.is_file():
            raise EnvironmentFault("nothing was measured", do="see the step Measure")
        return [from_json(work.part.read_text(encoding="utf-8"), FILE)], ()
    try:
        artifacts = newest_attempts(artifacts_of_run(github, source.run_id, ARTIFACT))
    except (Forbidden, NotFound) as error:
        do = "give this job `actions: read`"
        raise EnvironmentFault(f"the parts of this report cannot be read ({error.what})", do=do) from error
    parts, unreadable = [], []
    for artifact in artifacts:
        try:
            text = download(github, artifact, (FILE,))[FILE].decode("utf-8", "replace")
            part = from_json(text, f"artifact {artifact.name}")
        except MLBenchError as error:
            unreadable.append(f"{artifact.name}: {printable(str(error))}")
            continue
        if part.run_id == source.run_id:
            parts.append(sanitized(part, source))
    jobs = newest(parts)
    handed_in = {part.job for part in jobs}
    lost = [job for job in settings.needs if job.rpartition(" ")[0] not in handed_in]
    return list(jobs), (*absent_jobs(jobs), *map(printable, lost), *unreadable)


def sanitized(part: PartialReport, source: MeasuredRun) -> PartialReport:
    """A part without what only a report may say: that somebody has accepted it, and what its commit is."""
    if part.comparison is None:
        return part
    comparison = with_verdicts(part.comparison, Verdict.ACCEPTED, Verdict.FAIL)
    head = replace(comparison.head, commit=source.head_sha)
    return replace(part, comparison=replace(comparison, head=head, accepted=""))

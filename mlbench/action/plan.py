"""The step that has a token and builds nothing: what is to be compared with what, and whether at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.action.events import WorkflowEvent
from mlbench.action.inputs import BASELINES, ActionInputs
from mlbench.action.scrub import TOKEN
from mlbench.action.state import ActionFolder
from mlbench.action.verdicts import labels_of
from mlbench.github.client import GitHub
from mlbench.github.errors import GitHubError
from mlbench.github.history import merge_base
from mlbench.github.labels import SKIP
from mlbench.util.progress import Progress

if TYPE_CHECKING:
    from mlbench.baseline import Repository


@dataclass(frozen=True)
class ActionPlan:
    """What the next step is to do."""

    commit: str = ""
    """The commit to compare with, which is in the repository now; empty: there is none."""
    how: str = ""
    """What it is, for people."""
    document: str = ""
    """Path of a result file to compare with instead."""
    judged_by: str = ""
    """The commit whose thresholds count where a result file is compared with; empty: those checked out."""
    label: str = ""
    notes: tuple[str, ...] = ()
    skip: str = ""
    """Why nothing is to be measured; empty: all is."""

    def to_json(self) -> str:
        """For the next step."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ActionPlan:
        """What ``to_json`` gave."""
        data = json.loads(text)
        return cls(**{**data, "notes": tuple(data["notes"])})


def plan(environ: Mapping[str, str], progress: Progress) -> None:
    """Decide, fetch, and write it down.

    Raises:
        UsageError: the event is one under which nothing may be built.
    """
    work = ActionFolder.of(environ)
    settings = ActionInputs.from_json(work.settings.read_text(encoding="utf-8"))
    event = WorkflowEvent.read(environ)
    if not settings.prebuilt:
        event.check_may_build()
    token = environ.get(TOKEN, "")
    github = client(event, token)
    labels, notes = labels_of(event, github)
    if SKIP in labels:
        decision = ActionPlan(skip=f"the pull request has the label {SKIP}")
    else:
        folder = Path(environ.get("GITHUB_WORKSPACE") or ".") / settings.working_directory
        decision = _baseline(settings, event, github, token, folder, work, progress)
        decision = ActionPlan(**{**asdict(decision), "notes": (*notes, *decision.notes)})
    work.plan.write_text(decision.to_json(), encoding="utf-8")
    for line in (decision.skip, *decision.notes):
        if line:
            progress.note(line)


def client(event: WorkflowEvent, token: str) -> GitHub:
    """The client for the repository of the event."""
    return GitHub(event.api_url, event.repository, token)


def _baseline(
    settings: ActionInputs,
    event: WorkflowEvent,
    github: GitHub,
    token: str,
    folder: Path,
    work: ActionFolder,
    progress: Progress,
) -> ActionPlan:
    from mlbench import baseline
    from mlbench.action.base_artifact import fetched_baseline

    if settings.baseline == "none":
        return ActionPlan(notes=("nothing is compared: the input baseline is none",))
    by_file = ActionPlan(document=str(folder / settings.baseline), label=settings.baseline)
    if settings.mode == "build":
        return ActionPlan()
    if settings.prebuilt:
        # Nothing is built here, a counterpart neither; and no history of what is checked out is asked.
        why = "nothing is compared: firmware from elsewhere needs a result file as the input baseline"
        return ActionPlan(notes=(why,)) if settings.baseline in BASELINES else by_file
    try:
        repository = baseline.Repository(folder, token=token, server_url=event.server_url)
    except baseline.NoRepository as error:
        if settings.baseline not in BASELINES:
            return by_file
        return ActionPlan(notes=(f"nothing is compared: {error}",))
    trigger = baseline.Event(event.name, event.payload)
    base_commit = baseline.base_commit_of(trigger, repository, _asking(github))
    notes = (base_commit.note,) if base_commit.note else ()
    if settings.baseline not in BASELINES:
        return replace(by_file, judged_by=_obtained(repository, base_commit.commit))
    if not base_commit.commit:
        return ActionPlan(notes=notes)
    if settings.baseline == "artifact":
        given, note = fetched_baseline(github, base_commit.commit, settings, event, work)
        if given:
            judged_by = _obtained(repository, base_commit.commit)
            return ActionPlan(given.commit, "", str(given.path), judged_by, given.label, notes)
        notes = (*notes, f"{note}; the base is measured in this run instead")
    with progress.step(f"fetching the base {base_commit.commit[:12]}"):
        reason = repository.obtain(base_commit.commit)
    if reason:
        return ActionPlan(notes=(*notes, f"the base {base_commit.commit[:12]} cannot be fetched ({reason})"))
    return ActionPlan(commit=base_commit.commit, how=base_commit.how, notes=notes)


def _obtained(repository: Repository, commit: str) -> str:
    """The commit once it is in the repository; empty where there is none."""
    return commit if commit and not repository.obtain(commit) else ""


def _asking(github: GitHub) -> Callable[[str, str], str]:
    """Asks GitHub for a merge base; empty where it does not say."""

    def ask(base: str, head: str) -> str:
        try:
            return merge_base(github, base, head)
        except GitHubError:
            return ""

    return ask

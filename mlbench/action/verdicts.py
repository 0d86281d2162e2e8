"""What people have decided about a change: labels, read live, and trailers of commit messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlbench.action.events import WorkflowEvent
from mlbench.github.client import GitHub
from mlbench.github.errors import GitHubError
from mlbench.github.history import messages_between
from mlbench.github.labels import ACCEPT, TRAILER, accept_reason, label_setter, labels

LABEL_SECONDS = 30.0
"""How long reading labels may take; then those of when the run began count."""


def labels_of(
    event: WorkflowEvent, github: GitHub, pull: int | None = None
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Labels of the pull request that a run is about, and notes where they are not today's."""
    number = pull or event.pull_number
    if number is None:
        return frozenset(), ()
    if not github.has_token:  # who asks without one soon waits for an hour
        return frozenset(event.labels), ()
    try:
        return labels(github.within(LABEL_SECONDS), number), ()
    except GitHubError as error:
        known = frozenset(event.labels)
        if not known:
            return known, ()
        return known, (f"labels are those of when the run began ({error})",)


def acceptance(event: WorkflowEvent, github: GitHub, pull: int | None = None) -> str:
    """Who or what accepts that thresholds are passed, with the reason; empty: nobody does.

    A trailer counts only where the commit has been reviewed: in a merge queue, and in a push.
    """
    number = pull or event.pull_number
    if ACCEPT in labels_of(event, github, pull)[0] and number is not None:
        who = _setter(github, number)
        return f"label {ACCEPT}{f' set by {who}' if who else ''}"
    if event.name in ("merge_group", "push"):
        reason = accept_reason(_messages(event, github))
        if reason:
            return f"{TRAILER}: {reason}"
    return ""


def _setter(github: GitHub, pull: int) -> str:
    try:
        return label_setter(github, pull, ACCEPT)
    except GitHubError:
        return ""


def _messages(event: WorkflowEvent, github: GitHub) -> Iterable[str]:
    if event.message:
        yield event.message
    commits: Any = event.payload.get("commits")
    for commit in commits if isinstance(commits, list) else ():
        if isinstance(commit, dict):
            yield str(commit.get("message", ""))
    if event.name == "merge_group" and event.base_sha:
        try:
            yield from messages_between(github, event.base_sha, event.head_sha)
        except GitHubError:
            return

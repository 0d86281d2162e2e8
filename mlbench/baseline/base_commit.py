"""Which commit a checkout is to be held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlbench.baseline.repository import Repository
from mlbench.errors import UsageError
from mlbench.util.schema import suggestion

DEPTHS = (50, 250, 1000)
"""How far a shallow clone is deepened, step by step, to find a merge base."""

MergeBase = Callable[[str, str], str]
"""Asks a server for the merge base of two commits; empty where it does not know."""


@dataclass(frozen=True)
class Event:
    """What started a run: the name of GitHub's event, and what it said."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)

    def text(self, *path: str) -> str:
        """A text in the payload; empty where it is not there, or is no text."""
        value: Any = self.payload
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class BaseCommit:
    """The commit to hold against; ``commit`` empty: there is none, and ``note`` says why."""

    commit: str = ""
    how: str = ""
    """What it is: ``first parent of the test merge``."""
    note: str = ""


def base_commit_of(event: Event, repository: Repository, merge_base: MergeBase | None = None) -> BaseCommit:
    """The commit to compare what is checked out with. It is not fetched yet.

    Args:
        event: what started the run.
        repository: the checkout.
        merge_base: asked at shallow clones, before history is fetched; None: history is fetched.
    """
    if event.name in ("pull_request", "pull_request_target"):
        return _of_pull_request(event, repository, merge_base)
    if event.name == "merge_group":
        return _known(event.text("merge_group", "base_sha"), "the merge queue's base")
    if event.name == "push":
        return _of_push(event)
    return BaseCommit(note=f"nothing to compare with: {event.name or 'no event'} has no base commit")


def base_commit_of_ref(ref: str, repository: Repository) -> BaseCommit:
    """The base commit of the work tree when somebody names a branch, a tag or a commit.

    It is the merge base: what else happened on that branch is not this change's doing.

    Raises:
        UsageError: there is no such commit.
    """
    commit = repository.commit(ref) or repository.commit(f"{repository.remote}/{ref}")
    if not commit:
        names = repository.output("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
        do = suggestion(ref, names.splitlines()[:20]) if names else "name a branch, a tag or a commit"
        raise UsageError(f"there is no result file and no commit {ref!r}", where="--baseline", do=do)
    common = repository.merge_base("HEAD", commit)
    if not common:
        return BaseCommit(commit, ref, f"{ref} has no known ancestor in common with what is checked out")
    return BaseCommit(common, ref if common == commit else f"merge base with {ref}")


def _of_pull_request(event: Event, repository: Repository, merge_base: MergeBase | None) -> BaseCommit:
    checked_out = repository.head
    head, base = event.text("pull_request", "head", "sha"), event.text("pull_request", "base", "sha")
    branch = event.text("pull_request", "base", "ref") or "the base branch"
    if not checked_out:
        return BaseCommit(note="nothing to compare with: no commit is checked out")
    if checked_out == base:
        return BaseCommit(note=f"nothing to compare with: {branch} itself is checked out")
    if checked_out != head:
        parents = repository.parents(checked_out)
        if len(parents) == 2:
            return BaseCommit(parents[0], f"{branch} as the test merge has it")
    if not base:
        return BaseCommit(note="nothing to compare with: the event names no base")
    return _merge_base(checked_out, base, branch, repository, merge_base)


def _merge_base(
    head: str, base: str, branch: str, repository: Repository, ask: MergeBase | None
) -> BaseCommit:
    how = f"merge base with {branch}"
    if not repository.shallow:
        reason = repository.obtain(base)
        ancestor = repository.merge_base(head, base)
        if ancestor:
            return BaseCommit(ancestor, how)
        return BaseCommit(
            note=f"nothing to compare with: no {how} ({reason or 'histories have no common commit'})"
        )
    if ask is not None:
        ancestor = ask(base, head)
        if ancestor:
            return BaseCommit(ancestor, f"{how}, as the server says")
    ancestor = reason = ""
    for depth in DEPTHS:
        reason = repository.fetch(head, base, depth=depth)
        if reason:
            break
        before, ancestor = ancestor, repository.merge_base(head, base)
        # Where history is cut, an older common commit may come into sight first: it has to stay the same.
        if ancestor and (ancestor == before or not repository.shallow):
            return BaseCommit(ancestor, how)
    if ancestor:
        return BaseCommit(ancestor, how, f"history was fetched to a depth of {DEPTHS[-1]:,} commits only")
    do = "check out with fetch-depth: 0, or check out the test merge"
    reason = reason or f"not within {DEPTHS[-1]:,} commits"
    return BaseCommit(note=f"nothing to compare with: no {how} ({reason}); {do}")


def _of_push(event: Event) -> BaseCommit:
    before = event.text("before")
    if event.payload.get("deleted") is True:
        return BaseCommit(note="nothing to compare with: the branch was deleted")
    if not before.strip("0"):
        return BaseCommit(note="nothing to compare with: the branch is new")
    if event.payload.get("forced") is True:
        return BaseCommit(note="nothing to compare with: the push replaced the branch's history")
    return _known(before, "before the push")


def _known(commit: str, how: str) -> BaseCommit:
    if not commit.strip("0"):
        return BaseCommit(note=f"nothing to compare with: the event does not name the commit {how}")
    return BaseCommit(commit, how)

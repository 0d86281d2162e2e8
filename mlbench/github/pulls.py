"""Pull requests: one by its number, and the one that a finished run was for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlbench.github.client import GitHub
from mlbench.github.shape import commit, mapping, number, text


@dataclass(frozen=True)
class Pull:
    """A pull request as far as it matters here."""

    number: int
    head_sha: str
    head_ref: str
    head_repository: int
    """Number of the repository that its head lies in; 0: it was removed."""
    base_sha: str
    """Where its base branch stood when it was last pushed to; no merge base."""
    base_ref: str
    base_repository: int
    state: str
    """``open`` or ``closed``."""
    locked: bool
    from_fork: bool


def pull_by_number(github: GitHub, pull: int) -> Pull:
    """Read one pull request.

    Raises:
        GitHubError: it cannot be read; NotFound where there is none with that number.
    """
    return pull_of(github.get(github.path("pulls", pull)))


def pull_of_event(event: Mapping[str, Any]) -> Pull | None:
    """The pull request that the payload of an event names itself (``pull_request`` events).

    Raises:
        GitHubError: the payload has another shape than GitHub documents.
    """
    payload = event.get("pull_request")
    return None if payload is None else pull_of(payload)


def pull_of_workflow_run(
    github: GitHub, event: Mapping[str, Any], named_number: int | None = None
) -> Pull | None:
    """The open pull request that a finished run was for; None: there is none (any more).

    The payload lists none for forks. So the open ones with the run's branch as their head are listed, and
    those stay whose head is the commit that ran, in the repository that it ran for. What the run itself
    says is not trusted: its number only chooses among several.

    Args:
        github: the client.
        event: payload of a ``workflow_run`` event.
        named_number: the number that an artifact of the run names.

    Raises:
        GitHubError: they cannot be listed, or the payload has another shape than GitHub documents.
    """
    run = mapping(event.get("workflow_run"), "workflow_run")
    head_sha = text(run, "head_sha", "workflow_run")
    branch = run.get("head_branch")
    head = run.get("head_repository")
    if not isinstance(head, dict) or not isinstance(branch, str) or not branch:
        return None  # the fork or the branch was removed: no open pull request can have it
    owner = text(mapping(head.get("owner"), "head_repository.owner"), "login", "head_repository.owner")
    repository = number(head, "id", "head_repository")
    listed = github.pages(github.path("pulls"), state="open", head=f"{owner}:{branch}")
    pulls = [
        pull
        for pull in map(pull_of, listed)
        if pull.head_sha == head_sha and pull.head_repository == repository and pull.state == "open"
    ]
    if len(pulls) > 1:
        # The same commit against several branches: only the run knows which one it was for.
        pulls = [pull for pull in pulls if pull.number == named_number]
    return pulls[0] if pulls else None


def pull_of(value: Any) -> Pull:
    """Read a pull request from an answer or a payload."""
    data = mapping(value, "pull request")
    head = mapping(data.get("head"), "pull request.head")
    base = mapping(data.get("base"), "pull request.base")
    base_repository = number(mapping(base.get("repo"), "base.repo"), "id", "base.repo")
    source = head.get("repo")
    head_repository = number(source, "id", "head.repo") if isinstance(source, dict) else 0
    # Anything but a commit would be taken for a newer one, and this run's figures would go unreported.
    head_sha = commit(head, "sha", "pull request.head")
    return Pull(
        number=number(data, "number", "pull request"),
        head_sha=head_sha,
        head_ref=text(head, "ref", "pull request.head"),
        head_repository=head_repository,
        base_sha=text(base, "sha", "pull request.base"),
        base_ref=text(base, "ref", "pull request.base"),
        base_repository=base_repository,
        state=text(data, "state", "pull request"),
        locked=data.get("locked") is True,
        from_fork=head_repository != base_repository,
    )

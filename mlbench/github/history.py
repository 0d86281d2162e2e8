"""What GitHub knows of a repository's history, for clones that hold little of it."""

from __future__ import annotations

from mlbench.github.client import GitHub
from mlbench.github.errors import NotFound
from mlbench.github.shape import items, mapping, text

MOST_ANCESTORS = 100


def merge_base(github: GitHub, base: str, head: str) -> str:
    """SHA of the commit at which two commits' histories met last; empty where they never did.

    Raises:
        GitHubError: it cannot be read.
    """
    try:
        comparison = mapping(github.get(github.path("compare", f"{base}...{head}"), per_page=1), "comparison")
    except NotFound:
        return ""
    return text(mapping(comparison.get("merge_base_commit"), "merge_base_commit"), "sha", "merge_base_commit")


def messages_between(github: GitHub, base: str, head: str) -> list[str]:
    """Messages of the commits in ``head`` that are not in ``base``. GitHub tells of the first 250.

    Raises:
        GitHubError: they cannot be read.
    """
    try:
        comparison = mapping(github.get(github.path("compare", f"{base}...{head}")), "comparison")
    except NotFound:  # a push that replaced the history: its own last commit is all there is to read
        return [_message(github.get(github.path("commits", head)))]
    return [_message(commit) for commit in items(comparison.get("commits"), "commits")]


def ancestors(github: GitHub, commit: str) -> list[str]:
    """SHAs of a commit and those before it, nearest first, ``MOST_ANCESTORS`` at most.

    Raises:
        GitHubError: they cannot be read.
    """
    listed = github.get(github.path("commits"), sha=commit, per_page=MOST_ANCESTORS)
    return [text(mapping(entry, "commit"), "sha", "commit") for entry in items(listed, "commits")]


def _message(commit: object) -> str:
    return text(mapping(mapping(commit, "commit").get("commit"), "commit"), "message", "commit")

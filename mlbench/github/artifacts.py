"""Artifacts of runs: what its matrix jobs uploaded, and what a run on the base branch has measured."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mlbench.github.archive import read_members
from mlbench.github.client import GitHub
from mlbench.github.errors import NotFound, Unexpected
from mlbench.github.history import ancestors
from mlbench.github.shape import items, mapping, number, optional_text, text

MOST_BYTES = 32 << 20
"""Of a zip, and again of what is in it."""
MOST_NAMED = 300
"""Artifacts of one run; a matrix has at most 256 jobs."""
_PAGES_OF_RUNS = 3
_RUNS_LOOKED_INTO = 10
_MEASURED = ("success", "failure")
"""A run that failed may have measured all the same: its artifact shows it."""
_NAME_AND_ATTEMPT = re.compile(r"(?P<name>.*)-(?P<attempt>[0-9]{1,6})")


@dataclass(frozen=True)
class Artifact:
    """An artifact that GitHub keeps."""

    id: int
    name: str
    size: int
    """Bytes, zipped."""
    expired: bool


@dataclass(frozen=True)
class Baseline:
    """What a push run measured at ``commit``, ``distance`` commits before the one that was asked for."""

    commit: str
    distance: int
    run_id: int
    artifacts: tuple[Artifact, ...]


def artifacts_of_run(github: GitHub, run_id: int, pattern: re.Pattern[str]) -> tuple[Artifact, ...]:
    """The artifacts of a run whose whole name fits ``pattern``, oldest first; not those that have expired.

    Raises:
        GitHubError: they cannot be listed.
    """
    artifacts = []
    for item in github.pages(github.path("actions", "runs", run_id, "artifacts"), "artifacts"):
        data = mapping(item, "artifact")
        name = text(data, "name", "artifact")
        if not pattern.fullmatch(name) or data.get("expired") is True:
            continue
        size = number(data, "size_in_bytes", "artifact")
        artifacts.append(Artifact(number(data, "id", "artifact"), name, size, expired=False))
        if len(artifacts) > MOST_NAMED:
            raise Unexpected(f"run {run_id} has more than {MOST_NAMED} artifacts of ours")
    return tuple(sorted(artifacts, key=lambda artifact: artifact.id))


def newest_attempts(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Of artifacts that are called alike up to a number at their end, the one with the greatest number."""
    newest: dict[str, tuple[int, int, Artifact]] = {}
    for artifact in artifacts:
        matched = _NAME_AND_ATTEMPT.fullmatch(artifact.name)
        name, attempt = (matched["name"], int(matched["attempt"])) if matched else (artifact.name, 0)
        rank = (attempt, artifact.id, artifact)
        if name not in newest or rank[:2] > newest[name][:2]:
            newest[name] = rank
    return tuple(artifact for _, _, artifact in newest.values())


def download(
    github: GitHub, artifact: Artifact, members: Collection[str], *, limit: int = MOST_BYTES
) -> dict[str, bytes]:
    """The files called ``members`` in an artifact. Nothing is written to disk.

    Raises:
        GitHubError: it cannot be had (NotFound: it has expired), is too large, or no sound zip with these.
    """
    if artifact.size > limit:
        raise Unexpected(f"larger than {limit} bytes", where=f"artifact {artifact.name}", do="measure again")
    content = github.download(github.path("actions", "artifacts", artifact.id, "zip"), limit)
    return read_members(content, members, limit, f"artifact {artifact.name}")


def baseline_artifact(
    github: GitHub, commit: str, pattern: re.Pattern[str], *, branch: str = ""
) -> Baseline | None:
    """What a push to our own repository has measured at ``commit``, or at its nearest ancestor that was.

    A fork's runs never count, whatever its branch is called: runs of pull requests are listed among ours.

    Args:
        github: the client.
        commit: what to hold against.
        pattern: fits the whole names of artifacts with results.
        branch: only pushes to it, where ancestors are looked for.

    Returns:
        None: neither it nor one of its last ``MOST_ANCESTORS`` ancestors was measured and is still kept.

    Raises:
        GitHubError: they cannot be listed.
    """
    own = _own_repository(github)
    looked = 0
    exact = _runs(github, own, head_sha=commit)
    for run in exact:
        if artifacts := newest_attempts(artifacts_of_run(github, run, pattern)):
            return Baseline(commit, 0, run, artifacts)
    try:
        line = ancestors(github, commit)
    except NotFound:
        return None
    by_commit = _runs_by_commit(github, own, branch)
    for distance, sha in enumerate(line):
        for run in by_commit.get(sha, ()):
            if run in exact:
                continue
            if looked == _RUNS_LOOKED_INTO:
                return None
            looked += 1
            if artifacts := newest_attempts(artifacts_of_run(github, run, pattern)):
                return Baseline(sha, distance, run, artifacts)
    return None


def _own_repository(github: GitHub) -> int:
    known = github.cache.get("repository")
    if not isinstance(known, int):
        known = number(mapping(github.get(github.path()), "repository"), "id", "repository")
        github.cache["repository"] = known
    return known


def _runs(github: GitHub, own: int, **query: object) -> list[int]:
    return [run for run, _ in _listed(github, own, 1, query)]


def _runs_by_commit(github: GitHub, own: int, branch: str) -> dict[str, list[int]]:
    runs: dict[str, list[int]] = {}
    for run, sha in _listed(github, own, _PAGES_OF_RUNS, {"branch": branch or None}):
        runs.setdefault(sha, []).append(run)
    return runs


def _listed(github: GitHub, own: int, pages: int, query: dict[str, object]) -> Iterator[tuple[int, str]]:
    """Finished push runs of our own repository with their commits, newest first."""
    for page in range(1, pages + 1):
        parameters = {"event": "push", "status": "completed", "per_page": 100, "page": page, **query}
        listed = mapping(github.get(github.path("actions", "runs"), **parameters), "runs")
        runs = items(listed.get("workflow_runs"), "workflow_runs")
        for item in runs:
            data = mapping(item, "run")
            if _counts(data, own):
                yield number(data, "id", "run"), text(data, "head_sha", "run")
        if len(runs) < 100:
            return


def _counts(run: dict[str, Any], own: int) -> bool:
    head = run.get("head_repository")
    return (
        optional_text(run, "event") == "push"
        and optional_text(run, "conclusion") in _MEASURED
        and isinstance(head, dict)
        and head.get("id") == own
    )

"""The verb ``comment``: comparison files to a comment in a pull request, without the action."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.github.client import DEFAULT_API, GitHub
from mlbench.github.comment import publish
from mlbench.github.errors import GitHubError
from mlbench.github.marker import Stamp
from mlbench.github.modes import worth_a_comment
from mlbench.github.pulls import pull_by_number
from mlbench.reports.comment import comment_markdown
from mlbench.results.comparison import Comparison
from mlbench.util.git import FULL_COMMIT


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    pull: int
    repository: str = ""
    """``owner/name``; empty: $GITHUB_REPOSITORY."""
    key: str = "mlbench"
    commit: str = ""
    """The head that was measured; empty: as the comparison has it, else what the pull request has now."""
    title: str = "mlbench"
    run_url: str = ""
    when: str = "always"
    dry_run: bool = False


def post(comparisons: Sequence[Comparison], request: Request, environ: Mapping[str, str]) -> str:
    """Write the comment; returns one line that says what became of it.

    A token is taken from $GITHUB_TOKEN or $GH_TOKEN, never from the command line, where others on the
    machine can read it.

    Raises:
        UsageError: no repository, no token, or one that cannot be one.
        EnvironmentFault: the comment cannot be written.
    """
    comparison = together(comparisons)
    body = comment_markdown(comparison, title=request.title, run_url=request.run_url)
    if request.dry_run:
        sys.stdout.write(body)
        return "nothing was written: --dry-run"
    github = _client(request, environ)
    try:
        commit = request.commit or comparison.head.commit or pull_by_number(github, request.pull).head_sha
    except GitHubError as error:
        raise EnvironmentFault(f"pull request {request.pull} cannot be read", where=str(error)) from None
    if not FULL_COMMIT.fullmatch(commit):
        raise UsageError(f"{commit[:100]!r} is no whole SHA of a commit", do="name it with --commit")
    published = publish(
        github,
        request.pull,
        body,
        key=request.key,
        stamp=Stamp(commit, *_run(environ)),
        create=worth_a_comment(request.when, comparison),
    )
    if published.failed:
        raise EnvironmentFault(published.reason)
    if published.what == "skipped":
        return published.reason or f"no comment: --when {request.when}, and there is nothing of the kind"
    return f"comment {published.what}: {published.url}"


def together(comparisons: Sequence[Comparison]) -> Comparison:
    """All jobs in one comparison, which names the sides of the first."""
    first = comparisons[0]
    return replace(
        first,
        jobs=tuple(job for one in comparisons for job in one.jobs),
        base=next((one.base for one in comparisons if one.base is not None), None),
        notes=tuple(dict.fromkeys(note for one in comparisons for note in one.notes)),
        accepted=next((one.accepted for one in comparisons if one.accepted), ""),
    )


def _client(request: Request, environ: Mapping[str, str]) -> GitHub:
    repository = request.repository or environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise UsageError("no repository", do="name it with --repo owner/name")
    token = environ.get("GITHUB_TOKEN", "") or environ.get("GH_TOKEN", "")
    if not token.strip():
        raise UsageError("no token", do="set GITHUB_TOKEN or GH_TOKEN to one that may write comments")
    return GitHub(environ.get("GITHUB_API_URL", "") or DEFAULT_API, repository, token)


def _run(environ: Mapping[str, str]) -> tuple[int, int]:
    """Number and attempt of the run; outside of GitHub Actions the time, which grows as well."""
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    if re.fullmatch(r"[0-9]{1,18}", run) and re.fullmatch(r"[0-9]{1,6}", attempt):
        return int(run), int(attempt)
    return int(time.time()), 1

"""What started the workflow: the event, as far as measuring and reporting need it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlbench.errors import EnvironmentFault, UsageError

_QUEUE = re.compile(r"gh-readonly-queue/.+/pr-([0-9]{1,10})-[0-9a-f]{7,64}$")
_ZEROS = re.compile(r"0*$")
_MOST_BYTES = 30_000_000
"""GitHub's own limit of an event is 25 MB."""

FORBIDDEN = {
    "pull_request_target": "it runs with a token that may write, and what is built is a stranger's: "
    "use `on: pull_request`",
    "workflow_run": "it runs with a token that may write: measure in the workflow that it follows, "
    "and set `mode: report` here; firmware that was built there is measured with `firmware-dir`",
}
"""Events under which nothing is built, and why."""


@dataclass(frozen=True)
class WorkflowEvent:
    """The event of a workflow run. Texts are empty and numbers None where the event has none."""

    name: str
    payload: Mapping[str, Any]
    repository: str = ""
    """``owner/name`` of the repository whose workflow runs."""
    sha: str = ""
    """What is checked out: a test merge, a branch's tip, a tag."""
    ref: str = ""
    run_id: int = 0
    run_attempt: int = 1
    job: str = ""
    """The id of the job in its workflow."""
    workflow: str = ""
    """Path of the workflow's file: what stays the same when it is renamed."""
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> WorkflowEvent:
        """From the runner's variables and its event file.

        Raises:
            EnvironmentFault: the event file cannot be read.
        """
        repository = environ.get("GITHUB_REPOSITORY", "")
        return cls(
            name=environ.get("GITHUB_EVENT_NAME", ""),
            payload=_payload(environ.get("GITHUB_EVENT_PATH", "")),
            repository=repository,
            sha=environ.get("GITHUB_SHA", ""),
            ref=environ.get("GITHUB_REF", ""),
            run_id=_number(environ.get("GITHUB_RUN_ID", "")) or 0,
            run_attempt=_number(environ.get("GITHUB_RUN_ATTEMPT", "")) or 1,
            job=environ.get("GITHUB_JOB", ""),
            workflow=_workflow(environ, repository),
            server_url=environ.get("GITHUB_SERVER_URL", "").rstrip("/") or "https://github.com",
            api_url=environ.get("GITHUB_API_URL", "").rstrip("/") or "https://api.github.com",
        )

    @property
    def pull_number(self) -> int | None:
        """The pull request this is about: of the event, or the one that a merge queue tries."""
        number = _at(self.payload, "pull_request", "number")
        if isinstance(number, int):
            return number
        match = _QUEUE.search(str(_at(self.payload, "merge_group", "head_ref") or ""))
        return int(match[1]) if match else None

    @property
    def comments(self) -> bool:
        """Whether it is a pull request's own run: a merge queue gates, and writes no comment."""
        return self.name in ("pull_request", "pull_request_target")

    @property
    def head_sha(self) -> str:
        """The commit whose author asks: a pull request's head, not its test merge."""
        paths = (("pull_request", "head", "sha"), ("merge_group", "head_sha"), ("workflow_run", "head_sha"))
        for path in paths:
            sha = _at(self.payload, *path)
            if isinstance(sha, str) and sha:
                return sha
        return self.sha

    @property
    def head_ref(self) -> str:
        """The branch or other ref of that commit."""
        return str(_at(self.payload, "workflow_run", "head_branch") or self.ref)

    @property
    def base_ref(self) -> str:
        """The branch it is to be merged into."""
        ref = _at(self.payload, "pull_request", "base", "ref") or _at(self.payload, "merge_group", "base_ref")
        return str(ref or "").removeprefix("refs/heads/")

    @property
    def base_sha(self) -> str:
        """What the event itself names as the other side: ``base_sha`` of a queue, ``before`` of a push."""
        sha = _at(self.payload, "merge_group", "base_sha") or _at(self.payload, "before") or ""
        return "" if _ZEROS.match(str(sha)) else str(sha)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels as they were when the event happened; they may have changed since."""
        entries = _at(self.payload, "pull_request", "labels")
        return tuple(str(item.get("name", "")) for item in entries or () if isinstance(item, dict))

    @property
    def message(self) -> str:
        """The message of the commit that a merge queue would merge."""
        return str(_at(self.payload, "merge_group", "head_commit", "message") or "")

    @property
    def run_url(self) -> str:
        """Where this run can be seen."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"

    def check_may_build(self) -> None:
        """Refuse to build where a stranger's code would meet a token that may write.

        Raises:
            UsageError: says what to use instead.
        """
        if self.name in FORBIDDEN:
            raise UsageError("nothing is built here", where=f"on: {self.name}", do=FORBIDDEN[self.name])


def _payload(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        if Path(path).stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            f"cannot be read ({error})", where="the event file", do="look at GITHUB_EVENT_PATH"
        ) from None
    return data if isinstance(data, dict) else {}


def _workflow(environ: Mapping[str, str], repository: str) -> str:
    path = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].removeprefix(f"{repository}/")
    return path or environ.get("GITHUB_WORKFLOW", "")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _at(data: Any, *path: str) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data

"""What the fake of GitHub holds: people, tokens, repositories and all that is in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

BOT = "github-actions[bot]"
READ_ONLY: Mapping[str, str] = {"contents": "read", "actions": "read", "pull-requests": "read"}
"""What GITHUB_TOKEN may do in a run for a fork's or Dependabot's pull request."""
REPORTING: Mapping[str, str] = {"contents": "read", "actions": "read", "pull-requests": "write"}
"""What a job that posts asks for."""


@dataclass(frozen=True)
class User:
    """An account. Apps act as one of type ``Bot``, whose login ends in ``[bot]``."""

    login: str
    id: int

    @property
    def type(self) -> str:
        return "Bot" if self.login.endswith("[bot]") else "User"


@dataclass
class Token:
    """Who calls, and what they may do there. ``app``: an installation token, as GITHUB_TOKEN is."""

    value: str
    user: User
    repository: str = ""
    """The one repository it is for; empty: all."""
    rights: Mapping[str, str] = field(default_factory=lambda: REPORTING)
    app: bool = True
    remaining: int = 5000
    reset: int = 0
    """When ``remaining`` is filled up again, in seconds since 1970."""

    def may(self, right: str, level: str) -> bool:
        has = self.rights.get(right, "none")
        return has == "write" or (has == "read" and level == "read")


@dataclass
class Comment:
    """A comment in a conversation."""

    id: int
    number: int
    user: User | None
    """None: the account was removed."""
    body: str
    created: int
    updated: int
    minimized: bool = False


@dataclass
class Event:
    """A label put on or taken off."""

    id: int
    name: str
    label: str
    user: User


@dataclass
class Pull:
    """A pull request. ``head_repository`` None: the fork was removed."""

    number: int
    head_sha: str
    base_sha: str
    head_ref: str
    base_ref: str
    head_repository: Repository | None
    user: User
    state: str = "open"
    locked: bool = False
    labels: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass
class Commit:
    """A commit, with its parents' SHAs."""

    sha: str
    parents: tuple[str, ...] = ()
    message: str = ""


@dataclass
class Artifact:
    """A zip that a run kept."""

    id: int
    run: Run
    name: str
    content: bytes
    expired: bool = False
    created: int = 0


@dataclass
class Run:
    """A run of a workflow."""

    id: int
    event: str
    head_sha: str
    head_branch: str
    head_repository: Repository
    attempt: int = 1
    status: str = "completed"
    conclusion: str | None = "success"
    workflow: str = ".github/workflows/bench.yml"
    created: int = 0
    pulls: tuple[int, ...] = ()
    """Empty for a fork's, as on GitHub."""


@dataclass
class Repository:
    """A repository and what is in it."""

    id: int
    name: str
    owner: User
    private: bool = False
    parent: Repository | None = None
    """What it is a fork of."""
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    artifacts: dict[int, Artifact] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    moved_to: str = ""
    """The name it has now; requests for this one are redirected."""

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip as an artifact is one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()

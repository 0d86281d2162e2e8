"""Who we are to GitHub: whose comments are ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlbench.github.client import GitHub
from mlbench.github.errors import Forbidden, GitHubError, NotFound, RateLimited
from mlbench.github.shape import mapping, number, text

ACTIONS_BOT = "github-actions[bot]"


@dataclass(frozen=True)
class Viewer:
    """An account. ``id`` 0: only its name is known."""

    login: str
    id: int = 0

    def wrote(self, user: Any) -> bool:
        """Whether ``user``, as a comment names its author, is this account."""
        if not isinstance(user, dict):  # the account was removed
            return False
        # Either will do: an account that was renamed keeps its number, and nobody else can have its name.
        return (self.id != 0 and user.get("id") == self.id) or user.get("login") == self.login


def viewer(github: GitHub) -> Viewer:
    """The account that the token acts as; asked once.

    ``GET /user`` is refused to the tokens of apps, GITHUB_TOKEN among them; GraphQL tells theirs too. Where
    neither does, the token is taken for GITHUB_TOKEN: the answer to the first comment shows the rest.

    Raises:
        GitHubError: GitHub is out of reach.
    """
    known = github.cache.get("viewer")
    if not isinstance(known, Viewer):
        known = _asked(github)
        remember(github, known)
    return known


def remember(github: GitHub, account: Viewer) -> None:
    """Set who we are, as an answer of GitHub has shown it."""
    github.cache["viewer"] = account


def viewer_of(user: Any) -> Viewer:
    """The account that an answer of GitHub names."""
    data = mapping(user, "user")
    return Viewer(text(data, "login", "user"), number(data, "id", "user"))


def _asked(github: GitHub) -> Viewer:
    try:
        login = mapping(github.graphql("query { viewer { login databaseId } }").get("viewer"), "viewer")
        identity = login.get("databaseId")
        return Viewer(text(login, "login", "viewer"), identity if isinstance(identity, int) else 0)
    except RateLimited:
        raise
    except GitHubError:
        # Some proxies and servers have no GraphQL; what is really out of reach shows in the next request.
        pass
    try:
        return viewer_of(github.get("/user"))
    except (Forbidden, NotFound):
        return Viewer(ACTIONS_BOT)

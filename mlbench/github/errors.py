"""What can go wrong with GitHub's API, split by what can be done about it.

A message never holds a token: what a server says is cut and cleaned before it becomes part of one.
"""

from __future__ import annotations

from mlbench.errors import EnvironmentFault


class GitHubError(EnvironmentFault):
    """The API did not do what it was asked for."""


class Forbidden(GitHubError):
    """The token may not do this, or is none (401, 403)."""


class NotFound(GitHubError):
    """There is no such thing, or it is hidden from this token (404, 410)."""


class Unprocessable(GitHubError):
    """The request was understood and refused (400, 422 and other 4xx)."""


class RateLimited(GitHubError):
    """Too many requests. ``seconds``: how long to wait before the next."""

    def __init__(self, what: str, *, seconds: float, where: str = "", do: str = "") -> None:
        super().__init__(what, where=where, do=do)
        self.seconds = seconds


class Unavailable(GitHubError):
    """No answer, none in time, or a server's own error (5xx). The request may have been carried out."""


class Unexpected(GitHubError):
    """An answer of another shape than GitHub documents: too long, not JSON, or a value is missing."""

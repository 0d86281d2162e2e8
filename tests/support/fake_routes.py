"""Finds the endpoint of a request to the fake, after all that GitHub looks at before any endpoint."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import fake_actions as actions
import fake_conversations as conversations
from fake_call import Call, Refused, Request
from fake_faults import Reply
from fake_state import Token

if TYPE_CHECKING:
    from fake_api import FakeGitHub

_VERSIONS = ("2022-11-28",)


Endpoint = Callable[..., Reply]


class Routes:
    """Finds the endpoint of a request, after all that comes before any endpoint."""

    def __init__(self, fake: FakeGitHub) -> None:
        self._fake = fake
        repo = r"/repos/([^/]+)/([^/]+)"
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/user", conversations.user),
            ("POST", "/graphql", conversations.graphql),
            ("POST", "/api/graphql", conversations.graphql),
            ("GET", repo, conversations.repository),
            ("GET", rf"{repo}/issues/(\d+)/comments", conversations.list_comments),
            ("POST", rf"{repo}/issues/(\d+)/comments", conversations.create_comment),
            ("GET", rf"{repo}/issues/comments/(\d+)", conversations.get_comment),
            ("PATCH", rf"{repo}/issues/comments/(\d+)", conversations.update_comment),
            ("DELETE", rf"{repo}/issues/comments/(\d+)", conversations.delete_comment),
            ("GET", rf"{repo}/issues/(\d+)/labels", conversations.labels),
            ("GET", rf"{repo}/issues/(\d+)/events", conversations.events),
            ("GET", rf"{repo}/pulls", conversations.list_pulls),
            ("GET", rf"{repo}/pulls/(\d+)", conversations.get_pull),
            ("GET", rf"{repo}/commits", actions.list_commits),
            ("GET", rf"{repo}/commits/([0-9a-f]+)", actions.get_commit),
            ("GET", rf"{repo}/compare/([^/]+)", actions.compare),
            ("GET", rf"{repo}/actions/runs", actions.list_runs),
            ("GET", rf"{repo}/actions/runs/(\d+)", actions.get_run),
            ("GET", rf"{repo}/actions/runs/(\d+)/artifacts", actions.run_artifacts),
            ("GET", rf"{repo}/actions/artifacts", actions.list_artifacts),
            ("GET", rf"{repo}/actions/artifacts/(\d+)/zip", actions.download),
        ]
        self._table = [(method, re.compile(pattern), endpoint) for method, pattern, endpoint in table]

    def answer(self, request: Request) -> Reply:
        """The answer, with the headers that all have."""
        token = self._fake.tokens.get(request.token)
        limits: dict[str, str] = {}
        try:
            if "user-agent" not in request.headers:
                raise Refused(403, "Request forbidden by administrative rules.")
            if request.headers.get("x-github-api-version", _VERSIONS[0]) not in _VERSIONS:
                raise Refused(400, "The API version is not supported")
            if request.token and token is None:
                raise Refused(401, "Bad credentials")
            if token:
                limits = _count(token)
            reply = self._endpoint(request, token)
        except Refused as refused:
            reply = refused.reply
        reply.headers.update(limits)
        return reply

    def _endpoint(self, request: Request, token: Token | None) -> Reply:
        for method, pattern, endpoint in self._table:
            found = pattern.fullmatch(request.plain_path)
            if found and method == request.method:
                return endpoint(Call(self._fake, request, token), *found.groups())
        raise Refused(404, "Not Found")


def _count(token: Token) -> dict[str, str]:
    """Count a request towards the token's limit."""
    now = int(time.time())
    if token.reset and now >= token.reset:
        token.remaining, token.reset = 5000, 0
    reset = token.reset or now + 3600
    spent = token.remaining <= 0
    token.remaining = max(0, token.remaining - 1)
    limits = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": str(token.remaining),
        "X-RateLimit-Reset": str(reset),
    }
    if spent:
        refused = Refused(403, f"API rate limit exceeded for user ID {token.user.id}.")
        refused.reply.headers.update(limits)
        raise refused
    return limits

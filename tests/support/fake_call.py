"""One request to the fake on its way: who asks, for what, and how answers are made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fake_faults import Reply
from fake_shapes import Shapes
from fake_state import Repository, Token

if TYPE_CHECKING:
    from fake_api import FakeGitHub

PREFIX = "/api/v3"
"""What GitHub Enterprise Server has before all paths."""


@dataclass(frozen=True)
class Request:
    """One request. Names of headers are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if scheme.lower() in ("bearer", "token") else ""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    @property
    def plain_path(self) -> str:
        """The path as the description writes it: without GitHub Enterprise's prefix."""
        path = urlsplit(self.path).path
        return path.removeprefix(PREFIX)


class Refused(Exception):
    """Ends a request with an error."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.reply = Reply.error(status, message, **more)


class Call:
    """One request on its way, with who asks."""

    def __init__(self, fake: FakeGitHub, request: Request, token: Token | None) -> None:
        self.fake = fake
        self.request = request
        self.token = token
        self.root = fake.url + (PREFIX if urlsplit(request.path).path.startswith(f"{PREFIX}/") else "")
        self.shapes = Shapes(self.root)

    def repository(self, owner: str, name: str, level: str, *rights: str) -> Repository:
        """The repository, where one of ``rights`` is had on that level."""
        found = self.fake.repositories.get(f"{owner}/{name}")
        token = self.token
        inside = token is not None and token.repository in ("", f"{owner}/{name}")
        allowed = token is not None and inside and any(token.may(right, level) for right in rights)
        if found is None or (found.private and not (inside and token and token.may("contents", "read"))):
            raise Refused(404, "Not Found")
        if found.moved_to:
            moved = self.request.path.replace(f"{owner}/{name}", found.moved_to)
            raise Moved(self.request.method, self.fake.url + moved)
        if allowed or (level == "read" and not found.private):
            return found
        if token is None:
            raise Refused(401, "Requires authentication")
        kind = "integration" if token.app else "personal access token"
        raise Refused(403, f"Resource not accessible by {kind}")

    def json(self) -> dict[str, Any]:
        try:
            data = json.loads(self.request.body)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if not isinstance(data, dict):
            raise Refused(400, "Body should be a JSON object")
        return data

    def page(self, items: Sequence[Any], name: str = "") -> Reply:
        """One page of a list; ``name``: where the list lies in an object with its total."""
        query = self.request.query
        size = max(1, min(100, int(query.get("per_page", 30))))
        page = max(1, int(query.get("page", 1)))
        last = max(1, -(-len(items) // size))
        chosen = list(items[(page - 1) * size : page * size])
        path = urlsplit(self.request.path).path
        links = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
        if page == 1:
            del links["prev"], links["first"]
        if page >= last:
            del links["next"], links["last"]
        header = ", ".join(
            f'<{self.fake.url}{path}?{urlencode({**query, "page": number})}>; rel="{relation}"'
            for relation, number in links.items()
        )
        data = {"total_count": len(items), name: chosen} if name else chosen
        return Reply.json(200, data, {"Link": header} if header else {})


class Moved(Refused):
    def __init__(self, method: str, location: str) -> None:
        super().__init__(301 if method == "GET" else 307, "Moved Permanently", url=location)
        self.reply.headers["Location"] = location

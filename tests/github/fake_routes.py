"""The endpoints of the fake: who may do what, and what comes of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fake_faults import Reply
from fake_shapes import Shapes
from fake_state import Comment, Pull, Repository, Token

if TYPE_CHECKING:
    from fake_api import FakeGitHub

LONGEST_COMMENT = 65_536
_VERSIONS = ("2022-11-28",)
_PREFIX = "/api/v3"


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
        return path.removeprefix(_PREFIX)


class Refused(Exception):
    """Ends a request with an error."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.reply = Reply.error(status, message, **more)


class _Call:
    """One request on its way, with who asks."""

    def __init__(self, fake: FakeGitHub, request: Request, token: Token | None) -> None:
        self.fake = fake
        self.request = request
        self.token = token
        self.root = fake.url + (_PREFIX if urlsplit(request.path).path.startswith(f"{_PREFIX}/") else "")
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
            raise _Moved(self.request.method, self.fake.url + moved)
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


class _Moved(Refused):
    def __init__(self, method: str, location: str) -> None:
        super().__init__(301 if method == "GET" else 307, "Moved Permanently", url=location)
        self.reply.headers["Location"] = location


Endpoint = Callable[..., Reply]


class Routes:
    """Finds the endpoint of a request, after all that comes before any endpoint."""

    def __init__(self, fake: FakeGitHub) -> None:
        self._fake = fake
        repo = r"/repos/([^/]+)/([^/]+)"
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/user", _user),
            ("POST", "/graphql", _graphql),
            ("POST", "/api/graphql", _graphql),
            ("GET", repo, _repository),
            ("GET", rf"{repo}/issues/(\d+)/comments", _list_comments),
            ("POST", rf"{repo}/issues/(\d+)/comments", _create_comment),
            ("GET", rf"{repo}/issues/comments/(\d+)", _get_comment),
            ("PATCH", rf"{repo}/issues/comments/(\d+)", _update_comment),
            ("DELETE", rf"{repo}/issues/comments/(\d+)", _delete_comment),
            ("GET", rf"{repo}/issues/(\d+)/labels", _labels),
            ("GET", rf"{repo}/issues/(\d+)/events", _events),
            ("GET", rf"{repo}/pulls", _list_pulls),
            ("GET", rf"{repo}/pulls/(\d+)", _get_pull),
            ("GET", rf"{repo}/commits", _list_commits),
            ("GET", rf"{repo}/commits/([0-9a-f]+)", _get_commit),
            ("GET", rf"{repo}/compare/([^/]+)", _compare),
            ("GET", rf"{repo}/actions/runs", _list_runs),
            ("GET", rf"{repo}/actions/runs/(\d+)", _get_run),
            ("GET", rf"{repo}/actions/runs/(\d+)/artifacts", _run_artifacts),
            ("GET", rf"{repo}/actions/artifacts", _list_artifacts),
            ("GET", rf"{repo}/actions/artifacts/(\d+)/zip", _download),
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
                return endpoint(_Call(self._fake, request, token), *found.groups())
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


def _user(call: _Call) -> Reply:
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.app:
        raise Refused(403, "Resource not accessible by integration")
    return Reply.json(200, call.shapes.public_user(call.token.user))


def _graphql(call: _Call) -> Reply:
    if call.token is None:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    query = "".join(str(call.json().get("query", "")).split())
    if query not in ("query{viewer{logindatabaseId}}", "{viewer{logindatabaseId}}"):
        return Reply.json(200, {"errors": [{"message": f"the fake knows no such query: {query}"}]})
    user = call.token.user
    return Reply.json(200, {"data": {"viewer": {"login": user.login, "databaseId": user.id}}})


def _repository(call: _Call, owner: str, name: str) -> Reply:
    found = call.repository(owner, name, "read", "contents")
    data = call.shapes.repository(found)
    return Reply.json(200, {**data, "network_count": 0, "subscribers_count": 0})


def _pull(call: _Call, repository: Repository, number: str) -> Pull:
    found = repository.pulls.get(int(number))
    if found is None:
        raise Refused(404, "Not Found")
    if found.state == "deleted":
        raise Refused(410, "This issue was deleted")
    return found


def _list_comments(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    found = sorted(repository.comments.values(), key=lambda comment: comment.id)
    return call.page(
        [call.shapes.comment(repository, comment) for comment in found if comment.number == pull.number]
    )


def _create_comment(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "write", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    body = _body(call)
    if pull.locked:
        raise Refused(403, "Unable to create comment because issue is locked.")
    assert call.token
    made = call.fake.comment(repository.full_name, pull.number, body, call.token.user.login)
    data = call.shapes.comment(repository, made)
    return Reply.json(201, data, {"Location": data["url"]})


def _body(call: _Call) -> str:
    body = call.json().get("body")
    problem = ""
    if not isinstance(body, str) or not body.strip():
        problem = "Body can't be blank"
    elif len(body) > LONGEST_COMMENT:
        problem = f"Body is too long (maximum is {LONGEST_COMMENT} characters)"
    if problem:
        error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": problem}
        raise Refused(422, "Validation Failed", errors=[error])
    return str(body)


def _comment(call: _Call, repository: Repository, number: str) -> Comment:
    found = repository.comments.get(int(number))
    if found is None:
        raise Refused(404, "Not Found")
    return found


def _get_comment(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    return Reply.json(200, call.shapes.comment(repository, _comment(call, repository, number)))


def _update_comment(call: _Call, owner: str, name: str, number: str) -> Reply:
    # With the right to write, anybody's comment can be changed: that ours leaves them alone is to be shown.
    repository = call.repository(owner, name, "write", "issues", "pull-requests")
    found = _comment(call, repository, number)
    found.body = _body(call)
    found.updated = call.fake.next_id()
    return Reply.json(200, call.shapes.comment(repository, found))


def _delete_comment(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "write", "issues", "pull-requests")
    del repository.comments[_comment(call, repository, number).id]
    return Reply(204)


def _labels(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    return call.page([call.shapes.label(repository, label) for label in pull.labels])


def _events(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    return call.page([call.shapes.event(repository, event) for event in pull.events])


def _list_pulls(call: _Call, owner: str, name: str) -> Reply:
    repository = call.repository(owner, name, "read", "pull-requests")
    query = call.request.query
    state = query.get("state", "open")
    head = query.get("head", "")
    found = []
    for pull in sorted(repository.pulls.values(), key=lambda pull: -pull.number):
        whose = pull.head_repository.owner if pull.head_repository else pull.user
        # A filter without an owner is ignored, as on GitHub.
        fits = ":" not in head or head == f"{whose.login}:{pull.head_ref}"
        if state in ("all", pull.state) and fits:
            found.append(call.shapes.pull_simple(repository, pull))
    return call.page(found)


def _get_pull(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "pull-requests")
    return Reply.json(200, call.shapes.pull(repository, _pull(call, repository, number)))


def _list_commits(call: _Call, owner: str, name: str) -> Reply:
    repository = call.repository(owner, name, "read", "contents")
    order = _history(repository, call.request.query.get("sha", ""))
    return call.page([call.shapes.commit(repository, repository.commits[sha]) for sha in order])


def _history(repository: Repository, first: str) -> list[str]:
    if first not in repository.commits:
        raise Refused(404, "Not Found")
    order: list[str] = []
    waiting = [first]
    while waiting:
        sha = waiting.pop(0)
        if sha not in order and sha in repository.commits:
            order.append(sha)
            waiting += repository.commits[sha].parents
    return order


def _compare(call: _Call, owner: str, name: str, both: str) -> Reply:
    repository = call.repository(owner, name, "read", "contents")
    base, _, head = both.partition("...")
    before = _history(repository, base)
    after = _history(repository, head)
    merge_base = next((sha for sha in after if sha in before), None)
    if merge_base is None:
        raise Refused(404, f"No common ancestor between {base} and {head}.")
    ahead = [sha for sha in reversed(after) if sha not in before]
    return Reply.json(
        200, call.shapes.comparison(repository, base, merge_base, ahead, len(set(before) - set(after)))
    )


def _get_commit(call: _Call, owner: str, name: str, sha: str) -> Reply:
    repository = call.repository(owner, name, "read", "contents")
    if sha not in repository.commits:
        raise Refused(422, f"No commit found for SHA: {sha}")
    return Reply.json(200, call.shapes.commit(repository, repository.commits[sha]))


def _list_runs(call: _Call, owner: str, name: str) -> Reply:
    repository = call.repository(owner, name, "read", "actions")
    query = call.request.query
    found = []
    for run in sorted(repository.runs.values(), key=lambda run: -run.id):
        wanted = (
            query.get("event", run.event) == run.event
            and query.get("branch", run.head_branch) == run.head_branch
            and query.get("head_sha", run.head_sha) == run.head_sha
            and query.get("status", run.status) in (run.status, run.conclusion)
        )
        if wanted:
            found.append(call.shapes.run(repository, run))
    return call.page(found, "workflow_runs")


def _get_run(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "actions")
    if int(number) not in repository.runs:
        raise Refused(404, "Not Found")
    return Reply.json(200, call.shapes.run(repository, repository.runs[int(number)]))


def _run_artifacts(call: _Call, owner: str, name: str, number: str) -> Reply:
    return _artifacts(call, owner, name, int(number))


def _list_artifacts(call: _Call, owner: str, name: str) -> Reply:
    return _artifacts(call, owner, name, None)


def _artifacts(call: _Call, owner: str, name: str, run: int | None) -> Reply:
    repository = call.repository(owner, name, "read", "actions")
    if run is not None and run not in repository.runs:
        raise Refused(404, "Not Found")
    wanted = call.request.query.get("name")
    found = [
        call.shapes.artifact(repository, artifact)
        for artifact in sorted(repository.artifacts.values(), key=lambda artifact: -artifact.id)
        if run in (None, artifact.run.id) and wanted in (None, artifact.name)
    ]
    return call.page(found, "artifacts")


def _download(call: _Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "actions")
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if not call.token.may("actions", "read"):
        raise Refused(403, "Resource not accessible by integration")
    found = repository.artifacts.get(int(number))
    if found is None:
        raise Refused(404, "Not Found")
    if found.expired:
        raise Refused(410, "Artifact has expired")
    return Reply(302, b"", {"Location": f"{call.fake.storage}/signed/{found.id}?sig=secret"})

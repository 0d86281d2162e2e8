"""Endpoints of the fake: accounts, pull requests, comments and labels."""

from __future__ import annotations

from fake_call import Call, Refused
from fake_faults import Reply
from fake_state import Comment, Pull, Repository

LONGEST_COMMENT = 65_536


def user(call: Call) -> Reply:
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.app:
        raise Refused(403, "Resource not accessible by integration")
    return Reply.json(200, call.shapes.public_user(call.token.user))


def graphql(call: Call) -> Reply:
    if call.token is None:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    query = "".join(str(call.json().get("query", "")).split())
    if query not in ("query{viewer{logindatabaseId}}", "{viewer{logindatabaseId}}"):
        return Reply.json(200, {"errors": [{"message": f"the fake knows no such query: {query}"}]})
    user = call.token.user
    return Reply.json(200, {"data": {"viewer": {"login": user.login, "databaseId": user.id}}})


def repository(call: Call, owner: str, name: str) -> Reply:
    found = call.repository(owner, name, "read", "contents")
    data = call.shapes.repository(found)
    return Reply.json(200, {**data, "network_count": 0, "subscribers_count": 0})


def _pull(call: Call, repository: Repository, number: str) -> Pull:
    found = repository.pulls.get(int(number))
    if found is None:
        raise Refused(404, "Not Found")
    if found.state == "deleted":
        raise Refused(410, "This issue was deleted")
    return found


def list_comments(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    found = sorted(repository.comments.values(), key=lambda comment: comment.id)
    return call.page(
        [call.shapes.comment(repository, comment) for comment in found if comment.number == pull.number]
    )


def create_comment(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "write", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    body = _body(call)
    if pull.locked:
        raise Refused(403, "Unable to create comment because issue is locked.")
    assert call.token
    made = call.fake.comment(repository.full_name, pull.number, body, call.token.user.login)
    data = call.shapes.comment(repository, made)
    return Reply.json(201, data, {"Location": data["url"]})


def _body(call: Call) -> str:
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


def _comment(call: Call, repository: Repository, number: str) -> Comment:
    found = repository.comments.get(int(number))
    if found is None:
        raise Refused(404, "Not Found")
    return found


def get_comment(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    return Reply.json(200, call.shapes.comment(repository, _comment(call, repository, number)))


def update_comment(call: Call, owner: str, name: str, number: str) -> Reply:
    # With the right to write, anybody's comment can be changed: that ours leaves them alone is to be shown.
    repository = call.repository(owner, name, "write", "issues", "pull-requests")
    found = _comment(call, repository, number)
    found.body = _body(call)
    found.updated = call.fake.next_id()
    return Reply.json(200, call.shapes.comment(repository, found))


def delete_comment(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "write", "issues", "pull-requests")
    del repository.comments[_comment(call, repository, number).id]
    return Reply(204)


def labels(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    return call.page([call.shapes.label(repository, label) for label in pull.labels])


def events(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "issues", "pull-requests")
    pull = _pull(call, repository, number)
    return call.page([call.shapes.event(repository, event) for event in pull.events])


def list_pulls(call: Call, owner: str, name: str) -> Reply:
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


def get_pull(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "pull-requests")
    return Reply.json(200, call.shapes.pull(repository, _pull(call, repository, number)))

"""Endpoints of the fake: commits, runs of workflows and their artifacts."""

from __future__ import annotations

from fake_call import Call, Refused
from fake_faults import Reply
from fake_state import Repository


def list_commits(call: Call, owner: str, name: str) -> Reply:
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


def compare(call: Call, owner: str, name: str, both: str) -> Reply:
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


def get_commit(call: Call, owner: str, name: str, sha: str) -> Reply:
    repository = call.repository(owner, name, "read", "contents")
    if sha not in repository.commits:
        raise Refused(422, f"No commit found for SHA: {sha}")
    return Reply.json(200, call.shapes.commit(repository, repository.commits[sha]))


def list_runs(call: Call, owner: str, name: str) -> Reply:
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


def get_run(call: Call, owner: str, name: str, number: str) -> Reply:
    repository = call.repository(owner, name, "read", "actions")
    if int(number) not in repository.runs:
        raise Refused(404, "Not Found")
    return Reply.json(200, call.shapes.run(repository, repository.runs[int(number)]))


def run_artifacts(call: Call, owner: str, name: str, number: str) -> Reply:
    return _artifacts(call, owner, name, int(number))


def list_artifacts(call: Call, owner: str, name: str) -> Reply:
    return _artifacts(call, owner, name, None)


def _artifacts(call: Call, owner: str, name: str, run: int | None) -> Reply:
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


def download(call: Call, owner: str, name: str, number: str) -> Reply:
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

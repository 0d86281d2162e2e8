"""The fake itself: that it is held against GitHub's description, and enforces what that does not say."""

from __future__ import annotations

import time

import pytest
import requests
from api_description import ApiDescription, stored
from fake_api import FakeGitHub
from fake_call import Request
from fake_faults import Fault, Reply
from fake_state import READ_ONLY

REPOSITORY = "owner/demo"
TOKEN = {"Authorization": "Bearer ghs_aTokenThatNobodyMaySee"}
COMMENTS = f"/repos/{REPOSITORY}/issues/1/comments"


@pytest.fixture
def described(api_description: ApiDescription | None) -> ApiDescription:
    if api_description is None:
        pytest.skip(
            f"GitHub's description of its API is not there ({stored().name}): `make tools` fetches it"
        )
    return api_description


def test_every_kind_of_answer_is_as_described(fake: FakeGitHub, described: ApiDescription) -> None:
    comment = fake.comment(REPOSITORY, 1, "text")
    fake.comment(REPOSITORY, 1, "text").user = None
    fake.label(REPOSITORY, 1, "mlbench:skip")
    fake.commits(REPOSITORY, "a" * 40, "b" * 40, "c" * 40)
    run = fake.run(REPOSITORY, "pull_request", "1" * 40, pulls=(1,))
    artifact = fake.artifact(REPOSITORY, run, "part", {"part.json": "{}"})
    fake.pull(REPOSITORY, 2, head_sha="2" * 40, head_repository="fork/demo").head_repository = None
    before = described.checked
    paths = (
        *("", "/issues/1/comments?per_page=1", f"/issues/comments/{comment.id}", "/issues/1/labels"),
        *("/issues/1/events", "/pulls?state=open&head=owner:change", "/pulls/1", "/pulls?state=all"),
        *(f"/commits?sha={'c' * 40}", f"/commits/{'b' * 40}", f"/compare/{'a' * 40}...{'c' * 40}?per_page=1"),
        *("/actions/runs?event=push&status=completed", f"/actions/runs/{run.id}", "/actions/runs"),
        *(f"/actions/runs/{run.id}/artifacts", "/actions/artifacts?name=part"),
    )
    for path in paths:
        answer = requests.get(f"{fake.url}/repos/{REPOSITORY}{path}", headers=TOKEN, timeout=5)
        assert answer.status_code == 200, path
    url = f"{fake.url}/repos/{REPOSITORY}/actions/artifacts/{artifact.id}/zip"
    assert requests.get(url, headers=TOKEN, timeout=5, allow_redirects=False).status_code == 302
    fake.token("ghp_person", "maintainer", app=False)
    person = {"Authorization": "token ghp_person"}
    assert requests.get(f"{fake.url}/user", headers=person, timeout=5).json()["login"] == "maintainer"
    assert described.checked == before + len(paths) + 2


@pytest.mark.parametrize(
    ("method", "path", "body", "reply", "problem"),
    [
        ("GET", "/pulls/one", b"", Reply.json(200, {}), "pull_number"),
        ("GET", "/pulls?stat=open", b"", Reply.json(200, []), "no parameter 'stat'"),
        ("GET", "/pulls?state=opened", b"", Reply.json(200, []), "parameter 'state'"),
        ("GET", "/nothing", b"", Reply.json(200, []), "no such endpoint"),
        ("POST", "/issues/1/comments", b'{"text": "a"}', Reply.error(403, "No"), "body"),
        ("POST", "/issues/1/comments", b"", Reply.error(403, "No"), "the body is missing"),
        ("GET", "/issues/1/comments", b"", Reply.json(200, [{"id": "1"}]), "the answer"),
        ("GET", "/issues/1/comments", b"", Reply.json(202, []), "no answer 202"),
        ("GET", "/issues/1/comments", b"{}", Reply.json(200, []), "a body where none belongs"),
    ],
)
def test_what_is_not_as_described_is_noticed(
    described: ApiDescription, method: str, path: str, body: bytes, reply: Reply, problem: str
) -> None:
    request = Request(method, f"/repos/{REPOSITORY}{path}", {"content-type": "application/json"}, body)
    assert any(problem in line for line in described.check(request, reply))


def test_an_address_that_is_not_escaped_is_noticed(described: ApiDescription, fake: FakeGitHub) -> None:
    comment = fake.comment(REPOSITORY, 1, "text", "some[bot]")
    url = f"{fake.url}/repos/{REPOSITORY}/issues/comments/{comment.id}"
    data = requests.get(url, headers=TOKEN, timeout=5).json()
    data["user"]["url"] = f"{fake.url}/users/some[bot]"
    request = Request("GET", f"/repos/{REPOSITORY}/issues/comments/{comment.id}", {}, b"")
    assert described.check(request, Reply.json(200, data))


def test_a_comment_is_kept_and_given_back(fake: FakeGitHub) -> None:
    url = f"{fake.url}{COMMENTS}"
    made = requests.post(url, json={"body": "text"}, headers=TOKEN, timeout=5)
    assert made.status_code == 201
    assert [comment["body"] for comment in requests.get(url, timeout=5).json()] == ["text"]
    assert fake.bodies(REPOSITORY, 1, "github-actions[bot]") == ["text"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (TOKEN, "x" * 65_536, 201),
        (TOKEN, "x" * 65_537, 422),
        (TOKEN, " ", 422),
        ({}, "text", 401),
        ({"Authorization": "Bearer wrong"}, "text", 401),
        ({"Authorization": "Bearer reader"}, "text", 403),
        ({"Authorization": "Bearer elsewhere"}, "text", 403),
        ({**TOKEN, "X-GitHub-Api-Version": "1999-01-01"}, "text", 400),
        ({**TOKEN, "User-Agent": None}, "text", 403),
    ],
)
def test_who_may_write_what(fake: FakeGitHub, headers: dict[str, str], body: str, status: int) -> None:
    fake.token("reader", repository=REPOSITORY, rights=READ_ONLY)
    fake.token("elsewhere", repository="owner/other")
    with requests.Session() as session:
        if "User-Agent" in headers:
            session.headers["User-Agent"] = None  # type: ignore[assignment]
            import urllib3

            headers = {**headers, "User-Agent": urllib3.util.SKIP_HEADER}
        answer = session.post(f"{fake.url}{COMMENTS}", json={"body": body}, headers=headers, timeout=5)
    assert answer.status_code == status
    assert len(fake.bodies(REPOSITORY, 1)) == (status == 201)


def test_private_repositories_are_hidden(fake: FakeGitHub) -> None:
    fake.repository("owner/secret", private=True)
    fake.token("inside", repository="owner/secret")
    url = f"{fake.url}/repos/owner/secret"
    assert requests.get(url, headers=TOKEN, timeout=5).status_code == 404
    assert requests.get(url, headers={"Authorization": "Bearer inside"}, timeout=5).status_code == 200


def test_pages_are_linked(fake: FakeGitHub) -> None:
    for index in range(7):
        fake.comment(REPOSITORY, 1, str(index))
    url: str | None = f"{fake.url}{COMMENTS}?per_page=3"
    seen = []
    while url:
        answer = requests.get(url, timeout=5)
        seen.append([comment["body"] for comment in answer.json()])
        url = answer.links.get("next", {}).get("url")
    assert seen == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_the_primary_limit_counts_down_and_is_filled_up_again(fake: FakeGitHub) -> None:
    token = fake.tokens["ghs_aTokenThatNobodyMaySee"]
    token.remaining, token.reset = 1, int(time.time()) + 3600
    url = f"{fake.url}{COMMENTS}"
    assert requests.get(url, headers=TOKEN, timeout=5).headers["X-RateLimit-Remaining"] == "0"
    refused = requests.get(url, headers=TOKEN, timeout=5)
    assert refused.status_code == 403
    assert refused.headers["X-RateLimit-Reset"] == str(token.reset)
    token.reset = int(time.time()) - 1
    assert requests.get(url, headers=TOKEN, timeout=5).status_code == 200


def test_faults_come_in_turn(fake: FakeGitHub) -> None:
    fake.fault(Fault("GET", "comments", skip=1, reply=Reply.error(502, "Bad Gateway")))
    url = f"{fake.url}{COMMENTS}"
    assert [requests.get(url, timeout=5).status_code for _ in range(3)] == [200, 502, 200]


def test_a_fault_after_the_fact_loses_only_the_answer(fake: FakeGitHub) -> None:
    fake.fault(Fault("POST", after=True))
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{fake.url}{COMMENTS}", json={"body": "text"}, headers=TOKEN, timeout=5)
    assert fake.bodies(REPOSITORY, 1) == ["text"]


def test_silence_lasts_as_long_as_it_is_told_to(fake: FakeGitHub) -> None:
    fake.fault(Fault("GET", hang=30))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{fake.url}{COMMENTS}", timeout=0.2)

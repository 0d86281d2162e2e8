from __future__ import annotations

import gzip
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from fake_api import FakeGitHub
from fake_faults import Fault, Reply, secondary_limit

from mlbench.errors import UsageError
from mlbench.github import client as module
from mlbench.github.client import GitHub
from mlbench.github.errors import (
    Forbidden,
    GitHubError,
    NotFound,
    RateLimited,
    Unavailable,
    Unexpected,
    Unprocessable,
)

REPOSITORY = "owner/demo"
SECRET = "ghs_aTokenThatNobodyMaySee"
Connect = Callable[..., GitHub]


def comments(github: GitHub) -> list[str]:
    return [item["body"] for item in github.pages(github.path("issues", 1, "comments"))]


@pytest.mark.parametrize("form", ["url", "enterprise_url"])
def test_pages_and_graphql_lie_where_each_server_has_them(
    fake: FakeGitHub, connect: Connect, form: str
) -> None:
    for index in range(230):
        fake.comment(REPOSITORY, 1, str(index))
    github = connect(url=getattr(fake, form))
    assert comments(github) == [str(index) for index in range(230)]
    assert github.graphql("query { viewer { login databaseId } }")["viewer"]["databaseId"] == 41898282
    prefix = "" if form == "url" else "/api"
    assert {seen.path.split("/repos")[0].split("/graphql")[0] for seen in fake.seen} <= {
        prefix,
        f"{prefix}/v3",
    }


def test_pages_have_a_bound(fake: FakeGitHub, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAGES", 2)
    for _ in range(201):
        fake.comment(REPOSITORY, 1, "talk")
    with pytest.raises(Unexpected, match="more than 2 pages"):
        comments(connect())


@pytest.mark.parametrize(
    "address", ["{fake.storage}/page2", "https://elsewhere.invalid/", "http://[", "//a:b"]
)
def test_a_next_page_on_another_host_is_not_followed(
    fake: FakeGitHub, connect: Connect, address: str
) -> None:
    link = {"Link": f'<{address.format(fake=fake)}>; rel="next"'}
    fake.fault(Fault("GET", reply=Reply.json(200, [], link)))
    with pytest.raises(Unexpected, match=r"another host|no address"):
        comments(connect())


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply.error(401, "Bad credentials"), Forbidden),
        (Reply.error(403, "Resource not accessible by integration"), Forbidden),
        (Reply.error(404, "Not Found"), NotFound),
        (Reply.error(410, "Gone"), NotFound),
        (
            Reply.error(422, "Validation Failed", errors=[{"message": "too long", "code": "custom"}]),
            Unprocessable,
        ),
        (Reply.error(451, "Unavailable for legal reasons"), Unprocessable),
        (Reply.error(500, "Server Error"), Unavailable),
        (Reply(502, b"<html>Unicorn!</html>"), Unavailable),
        (Reply(200, b"<html>proxy</html>"), Unexpected),
        (Reply(200, b"[" * 100_000), Unexpected),
        (Reply(200, b'"text"'), Unexpected),
        (Reply(403, b'{"message": 3}'), Forbidden),
        (Reply(302, b"", {"Location": "https://elsewhere.invalid/"}), NotFound),
        (Reply(302, b""), Unprocessable),
        (secondary_limit(300), RateLimited),
        (secondary_limit(300, 429), RateLimited),
    ],
)
def test_each_answer_has_its_error_in_one_line(
    fake: FakeGitHub, connect: Connect, reply: Reply, kind: type[GitHubError]
) -> None:
    fake.fault(Fault(times=-1, reply=reply))
    with pytest.raises(GitHubError) as raised:
        comments(connect())
    assert type(raised.value) is kind
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500
    assert raised.value.exit_status == 4


def test_reading_is_tried_again_and_writing_is_not(
    fake: FakeGitHub, connect: Connect, naps: list[float]
) -> None:
    fake.fault(Fault(times=3, reply=Reply.error(503, "Service Unavailable")))
    assert comments(connect()) == []
    assert naps == sorted(naps)
    assert len(naps) == 3
    fake.fault(Fault(reply=Reply.error(503, "Service Unavailable")))
    with pytest.raises(Unavailable):
        connect().post("/repos/owner/demo/issues/1/comments", {"body": "text"})
    assert fake.bodies(REPOSITORY, 1) == []


@pytest.mark.parametrize("reply", [secondary_limit(7), secondary_limit(None), secondary_limit(7, 429)])
def test_a_limit_is_waited_for_as_long_as_it_says(
    fake: FakeGitHub, connect: Connect, naps: list[float], reply: Reply
) -> None:
    fake.fault(Fault(reply=reply))
    assert comments(connect()) == []
    assert naps == [7 if "Retry-After" in reply.headers else 60]


def test_the_primary_limit_is_waited_for_by_the_clock_of_the_server(
    fake: FakeGitHub, connect: Connect, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000000020"}
    fake.fault(Fault(reply=Reply.error(403, "API rate limit exceeded", limits)))
    then = "Sun, 09 Sep 2001 01:46:40 GMT"  # 1,000,000,000 s after 1970
    monkeypatch.setattr("fake_api._Handler.date_time_string", lambda *_: then)
    assert comments(connect()) == []
    assert naps == [21]


def test_a_limit_beyond_the_deadline_is_not_waited_for(
    fake: FakeGitHub, connect: Connect, naps: list[float]
) -> None:
    fake.fault(Fault(reply=secondary_limit(30)))
    with pytest.raises(RateLimited, match="try again in 30 s"):
        comments(connect(seconds=10))
    assert naps == []


@pytest.mark.parametrize("fault", [Fault(times=-1, hang=60), Fault(times=-1, drip=0.05)])
def test_silence_and_a_trickle_end_at_the_deadline(fake: FakeGitHub, connect: Connect, fault: Fault) -> None:
    for index in range(20):
        fake.comment(REPOSITORY, 1, f"{index}" * 100)
    fake.fault(fault)
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"in time|used up"):
        comments(connect(seconds=0.5))
    assert time.monotonic() - began < 5


def test_an_answer_that_is_too_long_is_dropped(
    fake: FakeGitHub, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BODY_BYTES", 1 << 20)
    for method in (GitHub._read, GitHub._send):  # it is the default of a parameter there
        monkeypatch.setitem(method.__kwdefaults__, "limit", 1 << 20)
    packed = gzip.compress(b"[" + b" " * (50 << 20) + b"]")
    assert len(packed) < 1 << 20
    for reply in (Reply(200, b" " * (2 << 20)), Reply(200, packed, {"Content-Encoding": "gzip"})):
        fake.fault(Fault(reply=reply))
        with pytest.raises(Unexpected, match="longer than 1048576 bytes"):
            comments(connect())


def test_a_renamed_repository_is_found(fake: FakeGitHub, connect: Connect) -> None:
    fake.repository("owner/old").moved_to = REPOSITORY
    fake.comment(REPOSITORY, 1, "here")
    fake.tokens[SECRET].repository = ""
    github = connect(repository="owner/old")
    assert comments(github) == ["here"]
    github.post(github.path("issues", 1, "comments"), {"body": "text"})
    assert comments(github) == ["here", "text"]
    # Of this kind a redirect may turn POST into GET: better said than done wrongly.
    fake.fault(Fault("POST", reply=Reply(302, b"", {"Location": f"{fake.url}/repos/{REPOSITORY}"})))
    with pytest.raises(NotFound, match="name the repository"):
        github.post(github.path("issues", 1, "comments"), {"body": "text"})


def test_the_token_goes_to_the_api_alone(
    fake: FakeGitHub, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    run = fake.run(REPOSITORY, "push", "1" * 40)
    artifact = fake.artifact(REPOSITORY, run, "part", {"part.json": "{}"})
    content = connect().download(f"/repos/{REPOSITORY}/actions/artifacts/{artifact.id}/zip", 1000)
    assert content == artifact.content
    assert [seen.token for seen in fake.seen] == [SECRET, ""]
    assert comments(connect("")) == []  # a .netrc is no token of ours
    assert fake.seen[-1].token == ""


@pytest.mark.parametrize(
    "location", ["", "ftp://elsewhere.invalid/", "file:///etc/passwd", "http://[", "//127.0.0.1:1/"]
)
def test_a_download_that_leads_nowhere_is_told_of(fake: FakeGitHub, connect: Connect, location: str) -> None:
    fake.fault(Fault(times=-1, reply=Reply(302, b"", {"Location": location})))
    with pytest.raises(GitHubError):
        connect().download(f"/repos/{REPOSITORY}/actions/artifacts/1/zip", 1000)


def test_nothing_shows_the_token(fake: FakeGitHub, connect: Connect) -> None:
    github = connect()
    assert SECRET not in repr(github) + repr(vars(github)) + str(github)
    fake.fault(Fault(reply=Reply.error(403, f"you sent {SECRET}\nfool\x1b[31m")))
    fake.fault(Fault(times=-1))
    for _ in range(2):
        try:
            comments(github)
        except GitHubError as error:
            shown = "".join(traceback.format_exception(error))
            assert SECRET not in shown
            assert "\x1b" not in shown
            assert "***" in shown or "broke off" in shown
        else:
            pytest.fail("no error")


@pytest.mark.parametrize("token", ["ghs_a\nb", "ghs_a b", "ghs_\u00e9", "ghs_\x7f"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(UsageError) as raised:
        GitHub("https://api.github.com", REPOSITORY, token)
    assert "ghs_" not in str(raised.value)


def test_line_ends_around_a_token_do_no_harm(fake: FakeGitHub) -> None:
    assert comments(GitHub(fake.url, REPOSITORY, f" {SECRET}\r\n")) == []


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://api.github.com", "demo"),
        ("https://api.github.com", "owner/demo/../../user"),
        ("https://api.github.com", "owner/de mo"),
        ("https://api.github.com", ""),
        ("ftp://api.github.com", REPOSITORY),
        ("api.github.com", REPOSITORY),
        ("https://me:secret@api.github.com", REPOSITORY),
        ("", REPOSITORY),
    ],
)
def test_what_cannot_be_an_address_is_refused(url: str, repository: str) -> None:
    with pytest.raises(UsageError) as raised:
        GitHub(url, repository, "")
    assert "secret" not in str(raised.value)


def test_a_host_that_is_not_there_is_one_line() -> None:
    with pytest.raises(Unavailable) as raised:
        GitHub("http://127.0.0.1:9", REPOSITORY, SECRET, sleep=lambda _: None).get("/user")
    assert str(raised.value) == "127.0.0.1/user: the connection is refused"


def test_paths_are_quoted(fake: FakeGitHub, connect: Connect) -> None:
    github = connect()
    with pytest.raises(NotFound):
        github.get(github.path("commits", "a/../../x?y#z"))
    assert fake.seen[-1].path == f"/repos/{REPOSITORY}/commits/a%2F..%2F..%2Fx%3Fy%23z"


def test_what_is_gone_need_not_be_removed(fake: FakeGitHub, connect: Connect) -> None:
    github = connect()
    github.delete(github.path("issues", "comments", 12345))
    assert fake.seen[-1].status == 404


def test_a_given_session_is_used(fake: FakeGitHub) -> None:
    class Counting(requests.Session):
        sent = 0

        def request(self, *arguments: object, **more: object) -> requests.Response:
            self.sent += 1
            return super().request(*arguments, **more)  # type: ignore[arg-type]

    with Counting() as session:
        assert comments(GitHub(fake.url, REPOSITORY, SECRET, session=session)) == []
        assert session.sent == 1


def test_a_new_deadline_is_a_new_client(fake: FakeGitHub, connect: Connect) -> None:
    spent = connect(seconds=0)
    with pytest.raises(Unavailable, match="used up"):
        comments(spent)
    assert comments(spent.within(30)) == []
    assert spent.seconds_left == 0


def test_one_silent_request_does_not_use_up_the_time_of_all(
    fake: FakeGitHub, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method in (GitHub._read, GitHub._send):
        monkeypatch.setitem(method.__kwdefaults__, "seconds", 0.3)
    fake.fault(Fault("GET", hang=60))
    began = time.monotonic()
    assert comments(connect()) == []
    assert time.monotonic() - began < 5


def test_a_read_of_graphql_is_tried_once_more(fake: FakeGitHub, connect: Connect) -> None:
    fake.fault(Fault("POST", "/graphql", reply=Reply.error(502, "Bad Gateway")))
    answer = connect().graphql("query { viewer { login databaseId } }")
    assert answer["viewer"]["login"] == "github-actions[bot]"

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from fake_api import FakeGitHub
from fake_faults import Fault, Reply, secondary_limit
from fake_state import BOT, READ_ONLY

from mlbench.github.client import GitHub
from mlbench.github.comment import LONGEST, Published, publish
from mlbench.github.marker import Stamp, marker, read_marker

REPOSITORY = "owner/demo"
HEAD = "1" * 40
LIST = r"/issues/1/comments"
Connect = Callable[..., GitHub]


def post(
    github: GitHub,
    body: str = "flash: 10",
    *,
    head: str = HEAD,
    run: int = 7,
    attempt: int = 1,
    **more: object,
) -> Published:
    key = str(more.pop("key", "a"))
    return publish(github, 1, body, key=key, stamp=Stamp(head, run, attempt), **more)  # type: ignore[arg-type]


def shown(fake: FakeGitHub, login: str = BOT) -> list[str]:
    """Our comments without their markers."""
    return [body.partition("\n")[2] for body in fake.bodies(REPOSITORY, 1, login)]


def test_the_first_run_creates_and_the_second_edits(fake: FakeGitHub, connect: Connect) -> None:
    first = post(connect(), "flash: 10")
    second = post(connect(), "flash: 11", run=8)
    assert (first.what, second.what) == ("created", "updated")
    assert first.url == second.url
    assert "#issuecomment-" in first.url
    assert shown(fake) == ["flash: 11"]


def test_nothing_is_written_where_nothing_changed(fake: FakeGitHub, connect: Connect) -> None:
    post(connect())
    before = fake.writes()
    assert post(connect()).what == "unchanged"
    assert fake.writes() == before


def test_line_ends_that_a_browser_changed_are_no_change(fake: FakeGitHub, connect: Connect) -> None:
    post(connect(), "one\ntwo\n")
    comment = next(iter(fake.repository(REPOSITORY).comments.values()))
    comment.body = comment.body.strip().replace("\n", "\r\n")
    assert post(connect(), "one\ntwo\n").what == "unchanged"


def test_keys_have_a_comment_each(fake: FakeGitHub, connect: Connect) -> None:
    post(connect(), "one", key="a")
    post(connect(), "two", key="b")
    post(connect(), "three", key="a", run=8)
    assert shown(fake) == ["three", "two"]


def test_others_who_quote_the_marker_are_left_alone(fake: FakeGitHub, connect: Connect) -> None:
    stolen = f"{marker('a', Stamp(HEAD, 1, 1))}\nmine!"
    fake.comment(REPOSITORY, 1, stolen, "mallory")
    fake.comment(REPOSITORY, 1, stolen, "another-app[bot]")
    assert post(connect()).what == "created"
    assert post(connect(), "later", run=8).what == "updated"
    assert fake.bodies(REPOSITORY, 1)[:2] == [stolen, stolen]
    assert shown(fake) == ["later"]


def test_our_own_comments_that_only_quote_the_marker_are_left_alone(
    fake: FakeGitHub, connect: Connect
) -> None:
    for line in (f"> {marker('a', Stamp(HEAD, 1, 1))}\ntext", f"text\n{marker('a', Stamp(HEAD, 1, 1))}"):
        fake.comment(REPOSITORY, 1, line, BOT)
    assert post(connect()).what == "created"
    assert len(fake.bodies(REPOSITORY, 1)) == 3


def test_the_comment_of_a_removed_account_is_nobodys(fake: FakeGitHub, connect: Connect) -> None:
    fake.comment(REPOSITORY, 1, f"{marker('a', Stamp(HEAD, 1, 1))}\nold", BOT).user = None
    assert post(connect()).what == "created"


def test_it_is_found_behind_many_pages(fake: FakeGitHub, connect: Connect) -> None:
    for index in range(250):
        fake.comment(REPOSITORY, 1, f"talk {index}")
    fake.comment(REPOSITORY, 1, f"{marker('a', Stamp(HEAD, 1, 1))}\nold", BOT)
    assert post(connect(), "new").what == "updated"
    assert shown(fake) == ["new"]


@pytest.mark.parametrize(
    ("token", "login", "app"),
    [("ghp_person", "maintainer", False), ("ghs_other", "our-app[bot]", True)],
)
def test_another_account_has_a_comment_of_its_own(
    fake: FakeGitHub, connect: Connect, token: str, login: str, app: bool
) -> None:
    fake.token(token, login, app=app)
    post(connect(), "the bot's")
    assert post(connect(token), "one").what == "created"
    assert post(connect(token), "two", run=8).what == "updated"
    assert shown(fake) == ["the bot's"]
    assert shown(fake, login) == ["two"]


@pytest.mark.parametrize("login", [BOT, "our-app[bot]"])
def test_without_graphql_there_is_one_comment_still(fake: FakeGitHub, connect: Connect, login: str) -> None:
    fake.token("ghs_app", login)
    fake.fault(Fault("POST", "/graphql", times=-1, reply=Reply.error(404, "Not Found")))
    for run in (7, 8, 9):
        assert post(connect("ghs_app"), f"run {run}", run=run).what in ("created", "updated")
        assert shown(fake, login) == [f"run {run}"]
    assert fake.bodies(REPOSITORY, 1) == fake.bodies(REPOSITORY, 1, login)


@pytest.mark.parametrize(
    "viewer",
    [
        {"login": BOT, "databaseId": None},
        {"login": BOT, "databaseId": 7},
        {"login": "renamed", "databaseId": 41898282},
        {"login": "github-actions", "databaseId": 7},
        {"login": "github-actions"},
        None,
    ],
)
def test_whatever_graphql_says_of_us_there_is_one_comment(
    fake: FakeGitHub, connect: Connect, viewer: dict[str, object] | None
) -> None:
    fake.fault(Fault("POST", "/graphql", times=-1, reply=Reply.json(200, {"data": {"viewer": viewer}})))
    for run in (7, 8, 9):
        assert post(connect(), f"run {run}", run=run).what in ("created", "updated")
        assert shown(fake) == [f"run {run}"]
    assert len(fake.repository(REPOSITORY).comments) == 1


def test_an_older_commit_does_not_write(fake: FakeGitHub, connect: Connect) -> None:
    post(connect(), "new", run=8)
    done = post(connect(), "old", head="0" * 40, run=7)
    assert done.what == "skipped"
    assert "moved on to 1111111" in done.reason
    assert shown(fake) == ["new"]


def test_a_commit_that_was_pushed_back_to_writes(fake: FakeGitHub, connect: Connect) -> None:
    fake.repository(REPOSITORY).pulls[1].head_sha = "2" * 40
    post(connect(), "second commit", head="2" * 40, run=8)
    fake.repository(REPOSITORY).pulls[1].head_sha = HEAD
    assert post(connect(), "first commit", run=7, attempt=2).what == "updated"
    assert shown(fake) == ["first commit"]


@pytest.mark.parametrize("older", [(7, 1), (8, 1)])
def test_an_older_run_of_the_same_commit_does_not_write(
    fake: FakeGitHub, connect: Connect, older: tuple[int, int]
) -> None:
    post(connect(), "new", run=8, attempt=2)
    done = post(connect(), "old", run=older[0], attempt=older[1])
    assert done.what == "skipped"
    assert "newer" in done.reason
    assert shown(fake) == ["new"]


def test_a_comment_is_not_made_but_edited_where_create_is_off(fake: FakeGitHub, connect: Connect) -> None:
    assert post(connect(), create=False) == Published("skipped")
    assert shown(fake) == []
    post(connect(), "regressed")
    assert post(connect(), "good again", create=False, run=8).what == "updated"
    assert shown(fake) == ["good again"]


@pytest.mark.parametrize(("first", "second"), [(7, 8), (8, 7), (7, 7)])
def test_two_racing_creators_leave_one_comment(
    fake: FakeGitHub, connect: Connect, first: int, second: int
) -> None:
    fake.hold("GET", LIST)
    results: dict[int, Published] = {}

    def go(slot: int, run: int) -> None:
        results[slot] = post(connect(), f"run {run}", run=run)

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len([seen for seen in fake.writes() if seen.method == "POST"]) == 2
    assert shown(fake) == [f"run {max(first, second)}"]
    oldest = min(fake.repository(REPOSITORY).comments)
    assert all(result.url.endswith(f"-{oldest}") for result in results.values())


def test_copies_that_a_run_left_behind_are_removed(fake: FakeGitHub, connect: Connect) -> None:
    for run in (3, 4, 5):
        fake.comment(REPOSITORY, 1, f"{marker('a', Stamp(HEAD, run, 1))}\nrun {run}", BOT)
    fake.comment(REPOSITORY, 1, f"{marker('b', Stamp(HEAD, 3, 1))}\nother key", BOT)
    assert post(connect(), "run 7").what == "updated"
    assert shown(fake) == ["run 7", "other key"]


def test_of_copies_the_newest_text_stays_in_the_oldest(fake: FakeGitHub, connect: Connect) -> None:
    for run in (3, 9):
        fake.comment(REPOSITORY, 1, f"{marker('a', Stamp(HEAD, run, 1))}\nrun {run}", BOT)
    oldest = min(fake.repository(REPOSITORY).comments)
    assert post(connect(), "run 7").what == "skipped"
    assert shown(fake) == ["run 9"]
    assert list(fake.repository(REPOSITORY).comments) == [oldest]


def test_a_create_whose_answer_is_lost_makes_no_second_one(fake: FakeGitHub, connect: Connect) -> None:
    fake.fault(Fault("POST", LIST, after=True))
    assert post(connect()).what in ("created", "unchanged")
    assert shown(fake) == ["flash: 10"]
    assert len(fake.writes()) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_pass(fake: FakeGitHub, connect: Connect, status: int, after: bool) -> None:
    post(connect(), "old")
    for method in ("GET", "PATCH"):
        fake.fault(Fault(method, times=2, reply=Reply.error(status, "Server Error"), after=after))
    assert post(connect(), "new", run=8).what in ("updated", "unchanged")
    assert shown(fake) == ["new"]


def test_a_write_that_failed_is_not_repeated_over_a_newer_one(fake: FakeGitHub, connect: Connect) -> None:
    post(connect(), "first", run=6)
    fake.fault(Fault("PATCH", reply=Reply.error(502, "Server Error")))
    slow = GitHub(
        fake.url,
        REPOSITORY,
        "ghs_aTokenThatNobodyMaySee",
        sleep=lambda _: post(connect(), "newer", run=8) and None,
    )
    assert post(slow, "older", run=7).what == "skipped"
    assert shown(fake) == ["newer"]


def test_limits_with_a_time_are_waited_for(fake: FakeGitHub, connect: Connect, naps: list[float]) -> None:
    fake.fault(Fault("GET", LIST, reply=secondary_limit(3, 429)))
    fake.fault(Fault("POST", LIST, reply=secondary_limit(5)))
    assert post(connect()).what == "created"
    assert naps == [3, 5]


def test_a_long_limit_is_told_of(fake: FakeGitHub, connect: Connect, naps: list[float]) -> None:
    fake.fault(Fault("POST", LIST, times=-1, reply=secondary_limit(600)))
    done = post(connect())
    assert done.what == "skipped"
    assert "try again in 600 s" in done.reason
    assert naps == []


def test_the_primary_limit_is_told_of(fake: FakeGitHub, connect: Connect, naps: list[float]) -> None:
    fake.tokens["ghs_aTokenThatNobodyMaySee"].remaining = 0
    done = post(connect())
    assert done.what == "skipped"
    assert "API rate limit exceeded" in done.reason
    assert naps == []


def test_a_token_that_only_reads_is_told_of(fake: FakeGitHub, connect: Connect) -> None:
    fake.token("ghs_fork", repository=REPOSITORY, rights=READ_ONLY)
    done = post(connect("ghs_fork"))
    assert done.what == "skipped"
    assert "Resource not accessible by integration" in done.reason
    assert "pull-requests: write" in done.reason
    assert "\n" not in done.reason


@pytest.mark.parametrize("token", ["", "ghs_revoked"])
def test_no_token_and_a_wrong_one_are_told_of(fake: FakeGitHub, connect: Connect, token: str) -> None:
    done = post(connect(token))
    assert done.what == "skipped"
    assert "token" in done.reason or "Bad credentials" in done.reason
    assert "ghs_" not in done.reason


@pytest.mark.parametrize(("state", "words"), [("deleted", "410"), ("locked", "issue is locked")])
def test_a_conversation_that_takes_no_comment_is_told_of(
    fake: FakeGitHub, connect: Connect, state: str, words: str
) -> None:
    pull = fake.repository(REPOSITORY).pulls[1]
    pull.state, pull.locked = ("deleted", False) if state == "deleted" else ("open", True)
    done = post(connect())
    assert done.what == "skipped"
    assert words in done.reason
    assert "pull-requests: write" not in done.reason


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422, 451])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_refused_write_is_told_of(fake: FakeGitHub, connect: Connect, method: str, status: int) -> None:
    if method == "PATCH":
        post(connect(), "old")
    before = fake.bodies(REPOSITORY, 1)
    fake.fault(Fault(method, "/issues/", times=-1, reply=Reply.error(status, "Refused")))
    done = post(connect(), "new", run=8)
    assert (done.what, done.failed) == ("skipped", True)
    assert f"{status} (Refused)" in done.reason
    assert fake.bodies(REPOSITORY, 1) == before


def test_a_closed_pull_request_gets_it_too(fake: FakeGitHub, connect: Connect) -> None:
    fake.repository(REPOSITORY).pulls[1].state = "closed"
    assert post(connect()).what == "created"


def test_a_pull_request_that_does_not_exist_is_told_of(connect: Connect) -> None:
    done = publish(connect(), 99, "text", key="a", stamp=Stamp(HEAD, 7, 1))
    assert done.what == "skipped"
    assert "404" in done.reason


def test_a_minimized_comment_is_edited_and_stays_so(fake: FakeGitHub, connect: Connect) -> None:
    post(connect(), "old")
    comment = next(iter(fake.repository(REPOSITORY).comments.values()))
    comment.minimized = True
    assert post(connect(), "new", run=8).what == "updated"
    assert comment.minimized


def test_a_comment_that_vanishes_under_the_edit_is_made_anew(fake: FakeGitHub, connect: Connect) -> None:
    post(connect(), "old")
    fake.fault(Fault("PATCH", reply=Reply.error(404, "Not Found")))
    assert post(connect(), "new", run=8).what == "updated"
    assert shown(fake) == ["new"]


@pytest.mark.parametrize("sign", ["x", "é", "\N{SNOWMAN}"])
def test_what_just_fits_is_posted_and_what_does_not_is_told_of(
    fake: FakeGitHub, connect: Connect, sign: str
) -> None:
    room = LONGEST - len(marker("a", Stamp(HEAD, 7, 1))) - 1
    assert post(connect(), sign * room).what == "created"
    done = post(connect(), sign * (room + 1))
    assert done.what == "skipped"
    assert "65536" in done.reason
    assert len(fake.writes()) == 1


def test_signs_that_cannot_be_sent_do_no_harm(fake: FakeGitHub, connect: Connect) -> None:
    assert post(connect(), "a\0b\udc80c").what == "created"
    assert shown(fake) == ["ab?c"]


def test_a_dead_server_ends_in_time_and_in_one_line(fake: FakeGitHub, connect: Connect) -> None:
    fake.fault(Fault(times=-1))
    done = post(connect())
    assert done.what == "skipped"
    assert "\n" not in done.reason


def test_garbage_is_told_of(fake: FakeGitHub, connect: Connect) -> None:
    for reply in (Reply(200, b"<html>"), Reply.json(200, {"a": 1}), Reply.json(200, [3])):
        fake.fault(Fault("GET", LIST, reply=reply))
        done = post(connect())
        assert done.what == "skipped"
        assert "JSON" in done.reason or "not as documented" in done.reason


@pytest.mark.parametrize("head", ["", "main", "1" * 39, f"{'1' * 40} run=9"])
def test_a_stamp_that_could_not_be_read_again_is_refused(head: str) -> None:
    with pytest.raises(ValueError, match="stamp"):
        marker("a", Stamp(head, 7, 1))


def test_a_marker_is_read_as_it_was_written() -> None:
    found = read_marker(f"{marker('key -->', Stamp('a' * 64, 12, 3))}\r\ntext")
    assert found is not None
    assert found.stamp == Stamp("a" * 64, 12, 3)

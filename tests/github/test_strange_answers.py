"""Answers that are almost right: one value in them is another one than GitHub documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fake_api import FakeGitHub
from fake_call import Request
from fake_shapes import Shapes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stepping import Response

from mlbench.github.artifacts import baseline_artifact, download
from mlbench.github.client import GitHub
from mlbench.github.comment import publish
from mlbench.github.errors import GitHubError
from mlbench.github.history import merge_base, messages_between
from mlbench.github.labels import ACCEPT, label_setter, labels
from mlbench.github.marker import Stamp, marker
from mlbench.github.pulls import pull_of_workflow_run

REPOSITORY = "owner/demo"
LINE = tuple(f"{index:040x}" for index in range(1, 5))
HEAD = LINE[-1]
OURS = re.compile(r"mlbench-part-[0-9a-f]{16}-[0-9]{1,5}")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"id": "x"}),
)
HEADERS = st.sampled_from(
    [
        {},
        {"Link": '<http://[>; rel="next"'},
        {"Link": "rubbish, ;;rel=next"},
        {"Link": '<>; rel="next"'},
        {"Retry-After": "soon"},
        {"Retry-After": "-5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "never"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 30, "Date": "yesterday"},
        {"Location": "http://["},
    ]
)


class Spoiler(requests.Session):
    """Hands requests to the fake, and spoils one of the answers."""

    def __init__(self, fake: FakeGitHub, which: int, spoilt: st.DataObject) -> None:
        super().__init__()
        self._fake = fake
        self._left = which
        self._data = spoilt

    def request(self, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]
        headers = {name.lower(): value for name, value in more["headers"].items()}
        headers["authorization"] = "Bearer ghs_secret"
        request = Request(method, url.removeprefix(self._fake.url), headers, more["data"] or b"")
        reply, _ = self._fake.answer(request)
        status, body, extra = reply.status, reply.body, dict(reply.headers)
        self._left -= 1
        if self._left == 0:
            status = self._data.draw(st.sampled_from([status, status, status, 200, 403, 404, 429, 500]))
            extra |= self._data.draw(HEADERS)
            if body:
                body = json.dumps(spoilt(json.loads(body), self._data)).encode()
        return Response(status, body, extra)


def spoilt(value: Any, data: st.DataObject) -> Any:
    """The same with one value, somewhere, replaced or left out."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        # What is read is what is worth spoiling.
        used = ("id", "user", "body", "head", "sha", "number", "base", "repo", "name", "label", "commit")
        keys = [key for key in used if key in value] or sorted(value)
        key = data.draw(st.sampled_from(keys))
        if not data.draw(st.integers(0, 3)):
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: spoilt(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        index = data.draw(st.integers(0, len(value) - 1))
        return [*value[:index], spoilt(value[index], data), *value[index + 1 :]]
    return data.draw(VALUES)


@pytest.fixture(scope="module")
def world() -> Iterator[FakeGitHub]:
    """Served by nobody: requests are handed to it."""
    fake = FakeGitHub()
    fake.repository(REPOSITORY)
    fake.token("ghs_secret", repository=REPOSITORY)
    fake.commits(REPOSITORY, *LINE)
    fake.pull(REPOSITORY, 1, head_sha=HEAD, head_repository="fork/demo")
    fake.pull(REPOSITORY, 2, head_sha=HEAD)
    fake.label(REPOSITORY, 1, ACCEPT)
    run = fake.run(REPOSITORY, "push", LINE[1])
    fake.artifact(REPOSITORY, run, "mlbench-part-0123456789abcdef-1", {"part.json": "{}"})
    yield fake
    fake.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), which=st.integers(1, 7), old=st.booleans())
def test_publishing_never_raises(world: FakeGitHub, data: st.DataObject, which: int, old: bool) -> None:
    repository = world.repository(REPOSITORY)
    repository.comments.clear()
    if old:
        world.comment(REPOSITORY, 1, f"{marker('a', Stamp(HEAD, 1, 1))}\nold", "github-actions[bot]")
    world.comment(REPOSITORY, 1, "talk")
    before = world.bodies(REPOSITORY, 1, "author")
    done = publish(connected(world, which, data), 1, "new", key="a", stamp=Stamp(HEAD, 7, 1))
    assert done.what in ("created", "updated", "unchanged", "skipped")
    assert done.what != "skipped" or (done.failed and done.reason)
    assert "\n" not in done.reason
    assert world.bodies(REPOSITORY, 1, "author") == before


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), which=st.integers(1, 4), ask=st.integers(0, 5))
def test_reading_raises_nothing_else(world: FakeGitHub, data: st.DataObject, which: int, ask: int) -> None:
    github = connected(world, which, data)
    run = world.run(REPOSITORY, "pull_request", HEAD, head_branch="change", head_repository="fork/demo")
    event = {"workflow_run": Shapes(world.url).run(world.repository(REPOSITORY), run)}

    def baseline() -> None:
        found = baseline_artifact(github, HEAD, OURS)
        if found:
            download(github, found.artifacts[0], ("part.json",))

    asked = (
        lambda: pull_of_workflow_run(github, event),
        lambda: labels(github, 1),
        lambda: label_setter(github, 1, ACCEPT),
        lambda: merge_base(github, LINE[0], HEAD),
        lambda: messages_between(github, LINE[0], HEAD),
        baseline,
    )
    try:
        asked[ask]()
    except GitHubError as error:
        told = str(error)
        assert "\n" not in told
        assert len(told) < 600


def connected(world: FakeGitHub, which: int, data: st.DataObject) -> GitHub:
    """A client of which one answer is spoilt."""
    session = Spoiler(world, which, data)
    return GitHub(world.url, REPOSITORY, "ghs_secret", session=session, sleep=lambda _: None)

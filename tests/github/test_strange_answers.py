"""Answers that are almost right: one value in them is another one than GitHub documents."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from fake_api import FakeGitHub
from fake_call import Request
from fake_shapes import Shapes
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stepping import Response

from mlbench.github.artifacts import baseline_artifact, download
from mlbench.github.client import GitHub
from mlbench.github.comment import publish
from mlbench.github.errors import GitHubError, NotFound
from mlbench.github.history import merge_base, messages_between
from mlbench.github.labels import ACCEPT, label_setter, labels
from mlbench.github.marker import Stamp, marker
from mlbench.github.pulls import pull_by_number, pull_of_workflow_run
from mlbench.github.viewer import viewer

REPOSITORY = "owner/demo"
LINE = tuple(f"{index:040x}" for index in range(1, 5))
HEAD = LINE[-1]
OURS = re.compile(r"mlbench-part-[0-9a-f]{16}-[0-9]{1,5}")
READ = (
    *("id", "user", "body", "head", "base", "repo", "sha", "number", "state", "name", "actor", "label"),
    *("event", "commit", "message", "merge_base_commit", "commits", "workflow_runs", "head_repository"),
    *("artifacts", "size_in_bytes", "data", "viewer", "databaseId", "html_url"),
)
VALUES = (None, True, 0, -1, 10**20, 1.5, "", "x\n", [], {}, [None], {"id": "x"}, {"id": 1, "login": None})
HEADERS: tuple[dict[str, str], ...] = (
    {"Link": '<http://[>; rel="next"'},
    {"Link": "rubbish, ;;rel=next"},
    {"Link": '<>; rel="next"'},
    {"Retry-After": "soon"},
    {"Retry-After": "-5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "never"},
    {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 30, "Date": "yesterday"},
    {"Location": "http://["},
)


Answer = tuple[int, Any, dict[str, str]]
"""Status, JSON and headers."""


class Spoiler(requests.Session):
    """Hands requests to the fake, and spoils one of the answers."""

    def __init__(self, fake: FakeGitHub, which: int, spoil: Callable[[Answer], Answer]) -> None:
        super().__init__()
        self._fake = fake
        self._left = which
        self._spoil = spoil

    def request(self, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]
        headers = {name.lower(): value for name, value in more["headers"].items()}
        headers["authorization"] = "Bearer ghs_secret"
        request = Request(method, url.removeprefix(self._fake.url), headers, more["data"] or b"")
        reply, _ = self._fake.answer(request)
        status, body, extra = reply.status, reply.body, dict(reply.headers)
        self._left -= 1
        if self._left == 0:
            status, data, extra = self._spoil((status, json.loads(body) if body else None, extra))
            body = b"" if data is None and not body else json.dumps(data).encode()
        return Response(status, body, extra)


def by_chance(seed: int) -> Callable[[Answer], Answer]:
    """Another value somewhere, now and then another status and strange headers."""
    chance = random.Random(seed)  # not drawn from hypothesis: requests are made in a thread of the client

    def spoil(answer: Answer) -> Answer:
        status, data, headers = answer
        if chance.random() < 0.4:
            status = chance.choice((200, 301, 403, 404, 429, 500))
            headers = headers | chance.choice(HEADERS)
        return status, spoilt(data, chance), headers

    return spoil


def spoilt(value: Any, chance: random.Random) -> Any:
    """The same with one value, somewhere, replaced or left out."""
    if isinstance(value, dict) and value and chance.random() < 0.75:
        # What is read is what is worth spoiling.
        used = [key for key in READ if key in value] or sorted(value)
        key = chance.choice(used)
        if chance.random() < 0.2:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: spoilt(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.75:
        index = chance.randrange(len(value))
        return [*value[:index], spoilt(value[index], chance), *value[index + 1 :]]
    return chance.choice(VALUES)


@pytest.fixture(scope="module")
def world() -> Iterator[FakeGitHub]:
    """Served by nobody: requests are passed to it."""
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


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), which=st.integers(1, 7), old=st.booleans())
@example(seed=1109054, which=3, old=False)  # the pull request's head was "x"
def test_publishing_never_raises(world: FakeGitHub, seed: int, which: int, old: bool) -> None:
    repository = world.repository(REPOSITORY)
    repository.comments.clear()
    if old:
        world.comment(REPOSITORY, 1, f"{marker('a', Stamp(HEAD, 1, 1))}\nold", "github-actions[bot]")
    world.comment(REPOSITORY, 1, "talk")
    before = world.bodies(REPOSITORY, 1, "author")
    done = publish(connected(world, which, by_chance(seed)), 1, "new", key="a", stamp=Stamp(HEAD, 7, 1))
    assert done.what in ("created", "updated", "unchanged", "skipped")
    assert done.what != "skipped" or (done.failed and done.reason)
    assert "\n" not in done.reason
    assert world.bodies(REPOSITORY, 1, "author") == before


def places(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Where a value stands that is read, or that one stands in which is."""
    yield ()
    if isinstance(value, dict):
        yield from ((key, *rest) for key in READ if key in value for rest in places(value[key]))
    elif isinstance(value, list) and value:
        yield from ((0, *rest) for rest in places(value[0]))


def replaced(value: Any, place: tuple[str | int, ...], by: Any) -> Any:
    """The same with another value at one place; ``...``: with none."""
    if not place:
        return by
    first, *rest = place
    changed = dict(value) if isinstance(value, dict) else list(value)
    if by is ... and not rest:
        del changed[first]
    else:
        changed[first] = replaced(value[first], tuple(rest), by)
    return changed


def read_baseline(github: GitHub) -> None:
    found = baseline_artifact(github, HEAD, OURS)
    if found:
        download(github, found.artifacts[0], ("part.json",))


READING: dict[str, Callable[[GitHub], object]] = {
    "labels": lambda github: labels(github, 1),
    "setter": lambda github: label_setter(github, 1, ACCEPT),
    "merge base": lambda github: merge_base(github, LINE[0], HEAD),
    "messages": lambda github: messages_between(github, LINE[0], HEAD),
    "baseline": read_baseline,
    "pull": lambda github: pull_by_number(github, 1),
    "viewer": viewer,
}


@pytest.mark.parametrize("name", READING)
def test_reading_raises_nothing_else_whatever_value_is_another(world: FakeGitHub, name: str) -> None:
    tried = 0
    for which in range(1, 10):
        seen: list[Any] = []

        def note(answer: Answer, seen: list[Any] = seen) -> Answer:
            seen.append(answer[1])
            return answer

        with suppress(NotFound):  # nobody serves the storage that artifacts lie in
            READING[name](connected(world, which, note))
        for place in places(seen[0]) if seen else ():
            for by in (None, 7, "x", [], {}, [None], *([...] if place else [])):

                def spoil(answer: Answer, place: tuple[str | int, ...] = place, by: Any = by) -> Answer:
                    return answer[0], replaced(answer[1], place, by), answer[2]

                tried += 1
                try:
                    READING[name](connected(world, which, spoil))
                except GitHubError as error:
                    told = str(error)
                    assert "\n" not in told
    assert tried > 20


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), which=st.integers(1, 3), told=st.sampled_from([None, 1]))
def test_finding_a_pull_request_raises_nothing_else(
    world: FakeGitHub, seed: int, which: int, told: int | None
) -> None:
    run = world.run(REPOSITORY, "pull_request", HEAD, head_branch="change", head_repository="fork/demo")
    event = {"workflow_run": Shapes(world.url).run(world.repository(REPOSITORY), run)}
    if which == 3:  # the payload comes from GitHub too
        event = spoilt(event, random.Random(seed))
    try:
        pull_of_workflow_run(
            connected(world, which, by_chance(seed)), event if isinstance(event, dict) else {}, told
        )
    except GitHubError as error:
        refused = str(error)
        assert "\n" not in refused


def connected(world: FakeGitHub, which: int, spoil: Callable[[Answer], Answer]) -> GitHub:
    """A client of which one answer is spoilt."""
    session = Spoiler(world, which, spoil)
    return GitHub(world.url, REPOSITORY, "ghs_secret", session=session, sleep=lambda _: None)

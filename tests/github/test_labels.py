from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_api import FakeGitHub
from hypothesis import given
from hypothesis import strategies as st

from mlbench.github.client import GitHub
from mlbench.github.history import ancestors, merge_base, messages_between
from mlbench.github.labels import ACCEPT, SKIP, accept_reason, label_setter, labels

REPOSITORY = "owner/demo"
A, B, C, D = (letter * 40 for letter in "abcd")
Connect = Callable[..., GitHub]


def test_labels_are_read_as_they_are_now(fake: FakeGitHub, connect: Connect) -> None:
    github = connect()
    assert labels(github, 1) == frozenset()
    for index in range(120):
        fake.label(REPOSITORY, 1, f"area {index}")
    fake.label(REPOSITORY, 1, ACCEPT, "alice")
    assert ACCEPT in labels(github, 1)
    assert SKIP not in labels(github, 1)
    assert label_setter(github, 1, ACCEPT) == "alice"
    assert label_setter(github, 1, SKIP) == ""
    fake.label(REPOSITORY, 1, ACCEPT, "bob")
    assert label_setter(github, 1, ACCEPT) == "bob"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Grow\n\nMlbench-accept: a larger model", "a larger model"),
        ("Grow\n\nText.\n\nMlbench-Accept:a larger model\nSigned-off-by: A <a@b>", "a larger model"),
        ("Grow\r\n\r\nMlbench-accept: a larger model\r\n", "a larger model"),
        ("Grow\n\nMlbench-accept: a larger\n  model\n", "a larger model"),
        ("Grow\n\nmlbench-accept : yes", "yes"),
        ("Grow\n\nMlbench-accept:", None),
        ("Mlbench-accept: in the title", None),
        ("Grow\n\nMlbench-accept: not the last paragraph\n\nText.", None),
        ("Grow\n\nNot-Mlbench-accept: x", None),
        ("Grow\n\nSee Mlbench-accept: x", None),
        ("Grow\n\n> Mlbench-accept: quoted", None),
        ("", None),
    ],
)
def test_the_trailer_is_read_as_git_reads_it(message: str, reason: str | None) -> None:
    assert accept_reason([message]) == reason
    asked = ["git", "interpret-trailers", "--parse"]
    text = message.replace("\r\n", "\n")
    done = subprocess.run(
        asked, input=text, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    found = [line.partition(":") for line in done.stdout.splitlines()]
    values = [value.strip() for name, _, value in found if name.strip().lower() == "mlbench-accept"]
    assert next((value for value in values if value), None) == reason


def test_the_first_message_with_a_trailer_counts() -> None:
    assert accept_reason(["a", "b\n\nMlbench-accept: one", "c\n\nMlbench-accept: two"]) == "one"


@given(st.lists(st.text(), max_size=3))
def test_no_message_upsets_it(messages: list[str]) -> None:
    reason = accept_reason([*messages, *(f"t\n\nMlbench-accept: {message}" for message in messages)])
    assert reason is None or (reason.isprintable() and 0 < len(reason) <= 200)


def test_history_is_asked_of_the_server(fake: FakeGitHub, connect: Connect) -> None:
    fake.commits(REPOSITORY, A, B)
    fake.commits(REPOSITORY, B, C, message="c\n\nMlbench-accept: because")
    fake.commits(REPOSITORY, A, D, message="d")
    fake.commits(REPOSITORY, "e" * 40, message="another root")
    github = connect()
    assert merge_base(github, C, D) == A
    assert merge_base(github, A, C) == A
    assert merge_base(github, A, "e" * 40) == ""
    assert merge_base(github, A, "9" * 40) == ""
    assert messages_between(github, A, C) == ["A change", "c\n\nMlbench-accept: because"]
    assert messages_between(github, A, "e" * 40) == ["another root"]
    assert ancestors(github, C) == [C, B, A]

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_api import FakeGitHub
from fake_shapes import Shapes

from mlbench.github.client import GitHub
from mlbench.github.errors import Unexpected
from mlbench.github.pulls import pull_of_event, pull_of_workflow_run

REPOSITORY = "owner/demo"
FORK = "someone/demo"
SHA = "5" * 40
Connect = Callable[..., GitHub]


def event(fake: FakeGitHub, *, sha: str = SHA, branch: str = "change", head: str = FORK) -> dict[str, Any]:
    """The payload of a finished run, as GitHub sends it for a fork: without a list of pull requests."""
    run = fake.run(
        REPOSITORY, "pull_request", sha, head_branch=branch, head_repository=head if head else REPOSITORY
    )
    return {"workflow_run": Shapes(fake.url).run(fake.repository(REPOSITORY), run)}


def test_the_pull_request_of_a_fork_is_found(fake: FakeGitHub, connect: Connect) -> None:
    fake.pull(REPOSITORY, 2, head_sha="6" * 40, head_ref="other", head_repository=FORK)
    fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository=FORK)
    found = pull_of_workflow_run(connect(), event(fake))
    assert found is not None
    assert (found.number, found.from_fork, found.base_ref) == (3, True, "main")


def test_one_of_our_own_branches_is_found(fake: FakeGitHub, connect: Connect) -> None:
    found = pull_of_workflow_run(connect(), event(fake, sha="1" * 40, head=REPOSITORY))
    assert found is not None
    assert (found.number, found.from_fork) == (1, False)


def test_none_is_found_once_it_has_moved_on_or_is_closed(fake: FakeGitHub, connect: Connect) -> None:
    pull = fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository=FORK)
    told = event(fake)
    pull.head_sha = "6" * 40
    assert pull_of_workflow_run(connect(), told, named_number=3) is None
    pull.head_sha, pull.state = SHA, "closed"
    assert pull_of_workflow_run(connect(), told, named_number=3) is None


def test_a_branch_of_that_name_in_another_repository_is_none(fake: FakeGitHub, connect: Connect) -> None:
    # One owner can have several forks: the listing cannot tell them apart.
    fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository="someone/demo-2")
    assert pull_of_workflow_run(connect(), event(fake), named_number=3) is None


@pytest.mark.parametrize(("told", "number"), [(3, 3), (4, 4), (None, None), (1, None), (99, None)])
def test_the_number_that_is_told_only_chooses_among_several(
    fake: FakeGitHub, connect: Connect, told: int | None, number: int | None
) -> None:
    fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository=FORK)
    fake.pull(REPOSITORY, 4, head_sha=SHA, head_repository=FORK, base_ref="release")
    found = pull_of_workflow_run(connect(), event(fake), named_number=told)
    assert (found.number if found else None) == number


def test_a_lie_about_the_number_does_not_help(fake: FakeGitHub, connect: Connect) -> None:
    fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository=FORK)
    found = pull_of_workflow_run(connect(), event(fake), named_number=1)
    assert found is not None
    assert found.number == 3


@pytest.mark.parametrize("key", ["head_repository", "head_branch"])
def test_a_fork_or_branch_that_was_removed_has_none(fake: FakeGitHub, connect: Connect, key: str) -> None:
    fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository=FORK)
    told = event(fake)
    told["workflow_run"][key] = None
    assert pull_of_workflow_run(connect(), told, named_number=3) is None
    fake.repository(REPOSITORY).pulls[3].head_repository = None
    assert pull_of_workflow_run(connect(), event(fake), named_number=3) is None


def test_names_of_branches_are_quoted(fake: FakeGitHub, connect: Connect) -> None:
    branch = "a&state=closed#x/ü?"
    fake.pull(REPOSITORY, 3, head_sha=SHA, head_ref=branch, head_repository=FORK)
    found = pull_of_workflow_run(connect(), event(fake, branch=branch))
    assert found is not None
    assert found.number == 3


@pytest.mark.parametrize("payload", [{}, {"workflow_run": 3}, {"workflow_run": {"head_sha": 5}}])
def test_a_payload_of_another_shape_is_told_of(connect: Connect, payload: dict[str, Any]) -> None:
    with pytest.raises(Unexpected, match="workflow_run"):
        pull_of_workflow_run(connect(), payload)


def test_an_event_of_a_pull_request_names_it(fake: FakeGitHub) -> None:
    pull = fake.pull(REPOSITORY, 3, head_sha=SHA, head_repository=FORK)
    found = pull_of_event({"pull_request": Shapes(fake.url).pull(fake.repository(REPOSITORY), pull)})
    assert found is not None
    assert (found.number, found.head_sha, found.from_fork, found.locked) == (3, SHA, True, False)
    assert pull_of_event({"ref": "refs/heads/main"}) is None

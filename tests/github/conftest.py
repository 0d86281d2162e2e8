from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from api_description import ApiDescription
from fake_api import FakeGitHub

from mlbench.github.client import GitHub

REPOSITORY = "owner/demo"
HEAD = "1" * 40
TOKEN = "ghs_aTokenThatNobodyMaySee"


@pytest.fixture(scope="session")
def api_description() -> ApiDescription | None:
    """GitHub's own description; None on a machine that could not fetch it, where the rest is tested still."""
    return ApiDescription.load()


@pytest.fixture
def fake(api_description: ApiDescription | None) -> Iterator[FakeGitHub]:
    """A GitHub with one repository, one pull request and the token of a job that may post."""
    with FakeGitHub(description=api_description) as made:
        made.repository(REPOSITORY)
        made.pull(REPOSITORY, 1, head_sha=HEAD)
        made.token(TOKEN, repository=REPOSITORY)
        yield made
        assert not made.violations


@pytest.fixture
def naps() -> list[float]:
    """How long the clients of a test have slept, in seconds; they do not really."""
    return []


@pytest.fixture
def connect(fake: FakeGitHub, naps: list[float]) -> Callable[..., GitHub]:
    """Makes clients of the fake."""

    def make(
        token: str = TOKEN, *, url: str = "", repository: str = REPOSITORY, seconds: float = 90
    ) -> GitHub:
        return GitHub(url or fake.url, repository, token, sleep=naps.append, seconds=seconds)

    return make

from __future__ import annotations

import io
import re
import stat
import warnings
import zipfile
from collections.abc import Callable

import pytest
from fake_api import FakeGitHub
from fake_faults import Fault
from fake_state import zipped
from hypothesis import given
from hypothesis import strategies as st

from mlbench.github import artifacts as module
from mlbench.github.archive import MOST_ENTRIES, read_members
from mlbench.github.artifacts import Artifact, artifacts_of_run, baseline_artifact, download, newest_attempts
from mlbench.github.client import GitHub
from mlbench.github.errors import Forbidden, GitHubError, NotFound, Unexpected

REPOSITORY = "owner/demo"
OURS = re.compile(r"mlbench-part-[0-9a-f]{16}-[0-9]{1,5}")
KEY = "0123456789abcdef"
LINE = tuple(f"{index:040x}" for index in range(1, 8))
Connect = Callable[..., GitHub]


def name(attempt: int = 1, key: str = KEY) -> str:
    return f"mlbench-part-{key}-{attempt}"


def entry(archive: zipfile.ZipFile, file: str, content: bytes, mode: int = 0) -> None:
    info = zipfile.ZipInfo(file)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def made(*entries: tuple[str, bytes, int]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name is there twice is what is to be tried
        with zipfile.ZipFile(buffer, "w") as archive:
            for one in entries:
                entry(archive, *one)
    return buffer.getvalue()


# Which artifacts.


def test_artifacts_of_a_run_are_told_by_their_names(
    fake: FakeGitHub, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fake.run(REPOSITORY, "pull_request", "1" * 40)
    for index in range(120):
        fake.artifact(REPOSITORY, run, f"others-{index}", b"")
    wanted = [fake.artifact(REPOSITORY, run, name(attempt), {"part.json": "{}"}).id for attempt in (1, 2)]
    fake.artifact(REPOSITORY, run, name(3), b"").expired = True
    fake.artifact(REPOSITORY, run, f"x{name(4)}", b"")
    found = artifacts_of_run(connect(), run.id, OURS)
    assert [artifact.id for artifact in found] == wanted
    monkeypatch.setattr(module, "MOST_NAMED", 1)
    with pytest.raises(Unexpected, match="more than 1"):
        artifacts_of_run(connect(), run.id, OURS)


def test_of_each_name_the_newest_attempt_counts() -> None:
    names = ("a-1", "b-2", "a-10", "a-9", "c", "b-1")
    given_ones = [Artifact(number, text, 1, False) for number, text in enumerate(names)]
    assert {artifact.name for artifact in newest_attempts(given_ones)} == {"a-10", "b-2", "c"}


def test_of_one_name_twice_the_later_one_counts() -> None:
    twice = [Artifact(number, "a-1", 1, False) for number in (5, 9, 7)]
    assert [artifact.id for artifact in newest_attempts(twice)] == [9]


# What is in them.


def test_files_are_read_without_a_token_for_the_storage(fake: FakeGitHub, connect: Connect) -> None:
    run = fake.run(REPOSITORY, "push", "1" * 40)
    fake.artifact(REPOSITORY, run, name(), {"part.json": "{}", "../../evil": "x", "more.txt": "y"})
    (found,) = artifacts_of_run(connect(), run.id, OURS)
    assert download(connect(), found, ("part.json",)) == {"part.json": b"{}"}
    assert fake.seen[-1].token == ""


def test_one_that_cannot_be_had_is_told_of(fake: FakeGitHub, connect: Connect) -> None:
    run = fake.run(REPOSITORY, "push", "1" * 40)
    kept = fake.artifact(REPOSITORY, run, name(), {"part.json": "{}"})
    (found,) = artifacts_of_run(connect(), run.id, OURS)
    with pytest.raises(Forbidden):
        download(connect(""), found, ("part.json",))
    fake.fault(Fault("GET", "/signed/", times=-1))
    with pytest.raises(GitHubError, match="broke off"):
        download(connect(), found, ("part.json",))
    kept.expired = True
    with pytest.raises(NotFound, match="expired"):
        download(connect(), found, ("part.json",))


def test_sizes_are_bounded_whatever_is_said_of_them(fake: FakeGitHub, connect: Connect) -> None:
    run = fake.run(REPOSITORY, "push", "1" * 40)
    fake.artifact(REPOSITORY, run, name(), made(("part.json", b"x" * 5000, 0)) + b" " * 2000)
    (found,) = artifacts_of_run(connect(), run.id, OURS)
    with pytest.raises(Unexpected, match="larger than 1000"):
        download(connect(), found, ("part.json",), limit=1000)
    small = Artifact(found.id, found.name, 10, False)  # a listing that lies
    with pytest.raises(Unexpected, match="longer than 1000"):
        download(connect(), small, ("part.json",), limit=1000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no sound zip"),
        (b"PK\x05\x06 nonsense", "no sound zip"),
        (zipped({"part.json": "{}"})[:-30], "no sound zip"),
        (made(("part.json", b"x" * 20_000_000, 0)), "unpacks to more"),
        (made(("part.json", b"a", 0), ("part.json", b"b", 0)), "twice"),
        (made(("part.json", b"/etc/passwd", stat.S_IFLNK | 0o777)), "no plain file"),
        (made(("part.json", b"", stat.S_IFIFO | 0o644)), "no plain file"),
        (made(("dir/part.json", b"{}", 0)), "part.json is missing"),
        (made(("../part.json", b"{}", 0)), "part.json is missing"),
        (made(("part.json/", b"", stat.S_IFDIR | 0o755)), "part.json is missing"),
        (made(*((f"{index}", b"", 0) for index in range(MOST_ENTRIES + 1))), "more than 1000 files"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_zip_that_is_none_or_means_harm_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(Unexpected, match=words):
        read_members(content, ("part.json",), 10_000, "artifact a")


@pytest.mark.parametrize(("offset", "value"), [(6, 1), (8, 99), (8, 12)])
def test_encryption_and_rare_compression_are_refused(offset: int, value: int) -> None:
    content = bytearray(zipped({"part.json": "{}" * 100}))
    central = content.index(b"PK\x01\x02")
    for at in (offset, central + offset + 2):  # in the file's own header, and in the directory
        content[at : at + 2] = value.to_bytes(2, "little")
    with pytest.raises(Unexpected):
        read_members(bytes(content), ("part.json",), 10_000, "artifact a")


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=6), st.integers(0, 150))
def test_a_damaged_zip_never_upsets_it(changes: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(zipped({"part.json": "{}" * 20, "other": "text"}))
    for at, value in changes:
        content[at % len(content)] = value
    try:
        found = read_members(bytes(content[: len(content) - cut]), ("part.json",), 1000, "artifact a")
    except Unexpected as error:
        refused = str(error)
        assert "\n" not in refused
    else:
        assert set(found) == {"part.json"}
        assert len(found["part.json"]) <= 1000


# What a push has measured.


def measured(fake: FakeGitHub, sha: str, **more: object) -> int:
    event = str(more.pop("event", "push"))
    run = fake.run(REPOSITORY, event, sha, **more)  # type: ignore[arg-type]
    fake.artifact(REPOSITORY, run, name(), {"part.json": "{}"})
    return run.id


def test_the_push_run_at_the_commit_itself(fake: FakeGitHub, connect: Connect) -> None:
    fake.commits(REPOSITORY, *LINE)
    measured(fake, LINE[-2])
    run = measured(fake, LINE[-1])
    found = baseline_artifact(connect(), LINE[-1], OURS)
    assert found is not None
    assert (found.commit, found.distance, found.run_id) == (LINE[-1], 0, run)
    assert [artifact.name for artifact in found.artifacts] == [name()]


@pytest.mark.parametrize("branch", ["", "main"])
def test_else_the_nearest_ancestor_that_was_measured(fake: FakeGitHub, connect: Connect, branch: str) -> None:
    fake.commits(REPOSITORY, *LINE)
    run = measured(fake, LINE[2])
    measured(fake, LINE[0])
    measured(fake, LINE[6])  # later than what is asked for: no ancestor
    fake.run(REPOSITORY, "push", LINE[5])  # it ran, and measured nothing
    found = baseline_artifact(connect(), LINE[5], OURS, branch=branch)
    assert found is not None
    assert (found.commit, found.distance, found.run_id) == (LINE[2], 3, run)


@pytest.mark.parametrize(
    "more",
    [
        {"head_repository": "someone/demo"},
        {"event": "pull_request"},
        {"event": "pull_request", "head_repository": "someone/demo"},
        {"conclusion": "cancelled"},
        {"status": "in_progress", "conclusion": None},
    ],
)
def test_runs_of_forks_of_pull_requests_and_unfinished_ones_do_not_count(
    fake: FakeGitHub, connect: Connect, more: dict[str, object]
) -> None:
    fake.commits(REPOSITORY, *LINE)
    measured(fake, LINE[-1], **more)
    assert baseline_artifact(connect(), LINE[-1], OURS) is None
    run = measured(fake, LINE[-3])
    found = baseline_artifact(connect(), LINE[-1], OURS)
    assert found is not None
    assert found.run_id == run


def test_a_run_that_failed_for_a_threshold_has_measured(fake: FakeGitHub, connect: Connect) -> None:
    fake.commits(REPOSITORY, *LINE)
    run = measured(fake, LINE[-1], conclusion="failure")
    found = baseline_artifact(connect(), LINE[-1], OURS)
    assert found is not None
    assert found.run_id == run


def test_what_has_expired_is_passed_over(fake: FakeGitHub, connect: Connect) -> None:
    fake.commits(REPOSITORY, *LINE)
    old = measured(fake, LINE[-2])
    new = measured(fake, LINE[-1])
    for artifact in fake.repository(REPOSITORY).artifacts.values():
        artifact.expired = artifact.run.id == new
    found = baseline_artifact(connect(), LINE[-1], OURS)
    assert found is not None
    assert found.run_id == old


def test_the_search_has_bounds(fake: FakeGitHub, connect: Connect) -> None:
    line = tuple(f"{index:040x}" for index in range(1, 300))
    fake.commits(REPOSITORY, *line)
    measured(fake, line[0])
    for sha in line[1:]:
        fake.run(REPOSITORY, "push", sha)
    assert baseline_artifact(connect(), line[-1], OURS) is None
    assert len(fake.seen) < 20


def test_a_commit_that_the_server_does_not_know_has_none(fake: FakeGitHub, connect: Connect) -> None:
    assert baseline_artifact(connect(), LINE[0], OURS) is None


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_a_member_is_stored_or_deflated(method: int) -> None:
    """Others unpack a block at a time, which is a thousand times as large, before the limit is looked at."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("part.json", bytes(64 << 20))
    with pytest.raises(Unexpected, match=r"part\.json is packed by a method that GitHub does not use"):
        read_members(buffer.getvalue(), ["part.json"], 1 << 20, "artifact a")


@pytest.mark.parametrize("method", range(0, 100))
def test_any_method_is_one_line(method: int) -> None:
    content = bytearray(made(("part.json", b"{}" * 200, 0)))
    content[8:10] = method.to_bytes(2, "little")
    central = content.index(b"PK\x01\x02")
    content[central + 10 : central + 12] = method.to_bytes(2, "little")
    if method == zipfile.ZIP_DEFLATED:
        assert read_members(bytes(content), ["part.json"], 1 << 20, "artifact a")
        return
    with pytest.raises(Unexpected):
        read_members(bytes(content), ["part.json"], 1 << 20, "artifact a")

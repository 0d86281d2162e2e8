"""``mlbench comment``: the whole way from files to a comment, without the action."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_api import FakeGitHub
from fake_faults import Fault
from fake_state import READ_ONLY

from mlbench.cli import main as cli
from mlbench.core.measures import keys
from mlbench.github.command import together
from mlbench.github.marker import Stamp, read_marker
from mlbench.results import comparison_file as comparison_document
from mlbench.results.comparison import Comparison, Delta, Figure, JobChange, JobState, Side, Verdict

MEASURES = keys()

REPOSITORY = "owner/demo"
HEAD = "1" * 40
TOKEN = "ghs_aTokenThatNobodyMaySee"


def comparison(sketch: str = "kws", *, verdict: Verdict = Verdict.WORSE, commit: str = HEAD) -> Comparison:
    deltas = tuple(
        Delta(measure, Figure(1000.0), Figure(1100.0), 100.0, 10.0, verdict) for measure in MEASURES
    )
    job = JobChange(sketch, "nano33ble", "emulator", JobState.COMPARED, deltas)
    return Comparison((job,), head=Side(commit), base=Side("b" * 40))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "comparison.json"
    comparison_document.write(comparison(), str(path))
    return str(path)


@pytest.fixture(autouse=True)
def _environment(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", fake.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)


def test_a_file_becomes_a_comment(fake: FakeGitHub, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["comment", file, "--pr", "1"]) == 0
    assert "comment created: http" in capsys.readouterr().err
    (body,) = fake.bodies(REPOSITORY, 1, "github-actions[bot]")
    assert "kws" in body
    mark = read_marker(body)
    assert mark is not None
    assert mark.stamp.head_sha == HEAD


def test_the_run_of_github_actions_is_the_stamp(
    fake: FakeGitHub, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "12345678901")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "3")
    assert cli.main(["comment", file, "--pr", "1"]) == 0
    mark = read_marker(fake.bodies(REPOSITORY, 1)[0])
    assert mark is not None
    assert mark.stamp == Stamp(HEAD, 12345678901, 3)


def test_several_files_are_one_comment_and_keys_are_several(
    fake: FakeGitHub, file: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    comparison_document.write(comparison("person"), str(other))
    assert cli.main(["comment", file, str(other), "--pr", "1", "--repo", REPOSITORY]) == 0
    assert cli.main(["comment", file, "--pr", "1", "--key", "second", "--title", "Second"]) == 0
    first, second = fake.bodies(REPOSITORY, 1)
    assert "kws" in first
    assert "person" in first
    assert "person" not in second
    assert "Second" in second


def test_nothing_is_asked_for_a_dry_run(
    fake: FakeGitHub, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    assert cli.main(["comment", file, "--pr", "1", "--dry-run", "--offline"]) == 0
    captured = capsys.readouterr()
    assert "kws" in captured.out
    assert "--dry-run" in captured.err
    assert fake.seen == []


def test_when_decides_on_a_new_comment_only(
    fake: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet, loud = tmp_path / "quiet.json", tmp_path / "loud.json"
    comparison_document.write(comparison(verdict=Verdict.UNCHANGED), str(quiet))
    comparison_document.write(comparison(), str(loud))
    for file, count in ((quiet, 0), (loud, 1), (quiet, 1)):
        assert cli.main(["comment", str(file), "--pr", "1", "--when", "regressions"]) == 0
        assert len(fake.bodies(REPOSITORY, 1)) == count
    assert len(fake.writes()) == 2
    assert "no comment: --when regressions" in capsys.readouterr().err


def test_figures_of_another_commit_are_not_posted(
    fake: FakeGitHub, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["comment", file, "--pr", "1", "--commit", "2" * 40]) == 0
    assert "moved on to 1111111" in capsys.readouterr().err
    assert fake.bodies(REPOSITORY, 1) == []


def test_without_a_commit_they_are_the_pull_requests_own(fake: FakeGitHub, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    comparison_document.write(comparison(commit=""), str(path))
    assert cli.main(["comment", str(path), "--pr", "1"]) == 0
    mark = read_marker(fake.bodies(REPOSITORY, 1)[0])
    assert mark is not None
    assert mark.stamp.head_sha == HEAD


@pytest.mark.parametrize(
    ("variable", "value", "status", "words"),
    [
        ("GITHUB_TOKEN", "", 2, "set GITHUB_TOKEN"),
        ("GITHUB_TOKEN", "ghs_a\nb", 2, "no token has"),
        ("GITHUB_TOKEN", "ghs_reader", 4, "pull-requests: write"),
        ("GITHUB_REPOSITORY", "", 2, "--repo owner/name"),
        ("GITHUB_REPOSITORY", "nothing", 2, "owner/name"),
        ("GITHUB_REPOSITORY", "owner/other", 4, "404"),
        ("GITHUB_API_URL", "nowhere", 2, "GITHUB_API_URL"),
    ],
)
def test_what_is_wrong_is_one_line(
    fake: FakeGitHub,
    file: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    status: int,
    words: str,
) -> None:
    fake.token("ghs_reader", repository=REPOSITORY, rights=READ_ONLY)
    monkeypatch.setenv(variable, value)
    assert cli.main(["comment", file, "--pr", "1"]) == status
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert "ghs_" not in told
    assert fake.bodies(REPOSITORY, 1) == []


def test_the_other_name_of_the_token_serves_too(
    fake: FakeGitHub, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "")
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    assert cli.main(["comment", file, "--pr", "1"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--pr", "0"],
        ["--pr", "one"],
        [],
        ["--pr", "1", "--token", "ghs_x"],
        ["--pr", "1", "--when", "never"],
        ["--pr", "1", "--commit", "main"],
        ["--pr", "1", "--offline"],
    ],
)
def test_a_wrong_command_line_is_told_of(file: str, arguments: list[str]) -> None:
    assert cli.main(["comment", file, *arguments]) == 2


def test_a_lost_answer_is_no_failure(fake: FakeGitHub, file: str) -> None:
    fake.fault(Fault("POST", "/comments", after=True))
    assert cli.main(["comment", file, "--pr", "1"]) == 0
    assert len(fake.bodies(REPOSITORY, 1)) == 1


def test_what_is_said_once_of_several_comparisons() -> None:
    one, two = comparison("a"), comparison("b")
    first = Comparison(one.jobs, one.head, None, ("base was not built", "more"))
    second = Comparison(two.jobs, two.head, two.base, ("base was not built",), accepted="alice")
    found = together([first, second])
    assert [job.sketch for job in found.jobs] == ["a", "b"]
    assert found.notes == ("base was not built", "more")
    assert (found.base, found.accepted) == (two.base, "alice")

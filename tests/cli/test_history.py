"""Commits of the past are measured once, and drawn; a search by git gets the exit statuses that it wants."""

from __future__ import annotations

import json
import re
import subprocess
import xml.dom.minidom
from pathlib import Path

import pytest

from mlbench.cli.main import main
from mlbench.reports.history_page import history_page
from mlbench.results.history import HistoryCommit, HistoryFigure

SUITE = """\
defaults: {board: "mlbench:nrf52840:nano33ble", ram: {search: none}}
sketches:
  - {path: hot, init: prepare(), inference: infer(), thresholds: {inference_time: {fail: 5 %}}}
"""
SKETCH = """\
int state;
__attribute__((noinline)) void prepare() { state = 1; }
__attribute__((noinline)) int infer() { for (volatile int n = 0; n < ROUNDS; n++) {} return state; }
void setup() { prepare(); Serial.begin(115200); Serial.println(infer()); }
void loop() {}
"""
VERSIONS = ("100", "100", "broken;", "140", "140")
"""Rounds of each commit."""


def _git(folder: Path, *arguments: str) -> str:
    own = ("-c", "user.name=n", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *own, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "hot").mkdir(parents=True)
    (folder / "mlbench.yml").write_text(SUITE)
    _git(folder, "init", "-q")
    for number, rounds in enumerate(VERSIONS):
        (folder / "hot" / "hot.ino").write_text(f"// {number}\n{SKETCH.replace('ROUNDS', rounds)}")
        _git(folder, "add", "-A")
        _git(folder, "commit", "-qm", f"commit {number}")
    monkeypatch.chdir(folder)
    return folder


def test_commits_are_measured_once_and_a_search_finds_the_slow_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "--last", "5"]) == 0
    data = json.loads((project / "mlbench-history.json").read_text())
    assert [commit["subject"] for commit in data["commits"]] == [f"commit {n}" for n in range(5)]
    times = [
        [figure["judged"] for figure in commit["figures"] if figure["measure"] == "inference_time"]
        for commit in data["commits"]
    ]
    assert times[0] == times[1]
    assert (times[2], len(data["commits"][2]["notes"])) == ([], 1)
    assert times[3] == times[4]
    assert times[3][0] > 1.3 * times[0][0]
    assert "compile" in capsys.readouterr().err
    assert main(["history", "--commits", "HEAD~3..HEAD", "--page", "short.html"]) == 0
    assert "compile" not in capsys.readouterr().err
    assert len(json.loads((project / "short.json").read_text())["commits"]) == 3
    for revision, status in (("HEAD~4", 0), ("HEAD~2", 125), ("HEAD~1", 1)):
        _git(project, "checkout", "-q", revision)
        good = ("--canonical", "--json", "../good.json") if revision == "HEAD~4" else ()
        search = ("--bisect", "--baseline", "../good.json") if not good else ("--bisect",)
        assert main(["run", *search, *good]) == status
        _git(project, "checkout", "-q", "main")
    assert main(["run", "--bisect", "--baseline", "nothing"]) == 130
    assert main(["history", "--commits", "no..such"]) == 2


def test_the_page_is_of_one_file_and_marks_other_tools() -> None:
    def commit(number: int, us: float, table: str, *notes: str) -> HistoryCommit:
        figure = HistoryFigure("<kws>", "a:b:c", "emulator", "inference_time", us, us)
        tools = (f"cost table {table}",)
        return HistoryCommit(
            f"{number:040x}", 86400 * number, "<b>&", () if notes else (figure,), tools, notes
        )

    commits = [commit(1, 100, "1"), commit(2, 100, "1", "<no compiler>"), commit(3, 90, "2")]
    page = history_page(commits, "History of <kws>")
    assert not re.search(r"<b>|<kws>|<no |https?://|<script|<link", page)
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 1
    drawing = xml.dom.minidom.parseString(charts[0])
    titles = [title.firstChild.data for title in drawing.getElementsByTagName("title")]  # type: ignore[union-attr]
    assert any(title.endswith("cost table 1 → cost table 2") for title in titles)
    assert any("no figure" in title for title in titles)
    assert any("−0.010 (-10.00 %)" in title for title in titles)
    assert "&lt;no compiler&gt;" in page

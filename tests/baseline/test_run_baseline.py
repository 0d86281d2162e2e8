"""``run --baseline`` with real compilers and the emulator, and ``compare`` on what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from histories import git

from mlbench.cli.main import main
from mlbench.core.measures import keys
from mlbench.firmware.install_tools import find_toolchain
from mlbench.results.comparison import Comparison, JobState, Verdict
from mlbench.results.comparison_file import read
from mlbench.results.result_file import read as read_results

MEASURES = keys()

SKETCH = """\
static float weights[64];
__attribute__((noinline)) void begin_model() { for (int i = 0; i < 64; i++) weights[i] = i * 0.5f; }
__attribute__((noinline)) float infer(float x) {
  float y = 0;
  for (int i = 0; i < 64; i++) y += weights[i] * x;
  return y;
}
void setup() { Serial.begin(9600); begin_model(); }
void loop() { Serial.println(infer(2.0f)); delay(10); }
"""
SUITE = """\
thresholds: {inference_time: {fail: 5 %}, ram_need: {fail: 1 KiB}}
defaults: {init: begin_model, inference: infer}
sketches: [{path: net}, {path: other}]
"""

pytestmark = pytest.mark.skipif(find_toolchain().builder is None, reason="no sketch compiler on PATH")


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home") / "mlbench"


@pytest.fixture
def project(tmp_path, monkeypatch, kept) -> Path:
    """Two sketches, committed on main; a branch is checked out."""
    monkeypatch.setenv("MLBENCH_HOME", str(kept))
    folder = tmp_path / "project"
    for name in ("net", "other"):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.ino").write_text(SKETCH)
    (folder / "mlbench.yml").write_text(SUITE)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "both")
    git(folder, "checkout", "-q", "-b", "work")
    monkeypatch.chdir(folder)
    return folder


def change(project: Path, old: str, new: str, name: str = "net") -> None:
    path = project / name / f"{name}.ino"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def against(name: str, *more: str) -> tuple[int, Comparison]:
    status = main(["run", "--baseline", name, "--comparison", "c.json", *more])
    return status, read(Path("c.json"))


def job(found: Comparison, name: str = "net"):
    return next(job for job in found.jobs if job.sketch == name)


def verdict(found: Comparison, measure: str, name: str = "net") -> Verdict:
    return job(found, name).deltas[MEASURES.index(measure)].verdict


def test_a_change_on_a_developers_machine(project, capsys):
    status, found = against("main")
    assert status == 0
    assert {delta.verdict for job in found.jobs for delta in job.deltas} == {Verdict.UNCHANGED}
    assert all(job.base.cached for job in found.jobs), "what is the same is measured once"
    change(project, "i < 64; i++) y", "i < 63; i++) y")
    assert against("main")[0] == 0
    change(project, "i < 63; i++) y", "i < 64; i++) y")
    change(project, "* x;", "* x + 1.0f / x;")
    status, found = against("main")
    assert status == 1
    assert found.regressed
    assert verdict(found, "inference_time") is Verdict.FAIL
    assert verdict(found, "unused_ram") is Verdict.UNCHANGED
    assert verdict(found, "inference_time", "other") is Verdict.UNCHANGED
    assert job(found, "other").head.cached
    assert found.base.commit == git(project, "rev-parse", "main")
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "unchanged: other" in out
    assert git(project, "worktree", "list").count("\n") == 0


def test_what_main_did_meanwhile_is_not_this_change(project):
    git(project, "checkout", "-q", "main")
    change(project, "* x;", "* x + 1.0f / x;")
    git(project, "commit", "-qam", "slower")
    git(project, "checkout", "-q", "work")
    status, found = against("main")
    assert status == 0
    assert verdict(found, "inference_time") is Verdict.UNCHANGED


def test_functions_that_grew_are_named(project):
    change(project, "return y;", "return y * 1.5f + weights[3];")
    _, found = against("main")
    assert "infer(float)" in [symbol.name for symbol in job(found).symbols]


def test_a_result_file_is_a_baseline_too(project):
    assert main(["run", "--json", "base.json"]) == 0
    change(project, "weights[64]", "weights[640]")
    status, found = against("base.json")
    assert status == 1
    assert verdict(found, "ram_need") is Verdict.FAIL
    assert found.base.label == "base.json"
    assert main(["run", "--json", "head.json"]) == 0
    assert main(["compare", "base.json", "head.json", "--json", "files.json", "--markdown", "files.md"]) == 1
    assert [job.deltas for job in read(Path("files.json")).jobs] == [job.deltas for job in found.jobs]
    assert "net" in Path("files.md").read_text()
    assert main(["compare", "head.json", "base.json"]) == 0
    Path("lenient.yml").write_text("sketches: [{path: net}]\n")
    assert main(["compare", "base.json", "head.json", "--thresholds", "lenient.yml"]) == 0


def test_what_a_change_does_not_touch_can_be_left_out(project, capsys):
    change(project, "weights[64]", "weights[65]")
    status, found = against("main", "--skip-unchanged")
    assert status == 0
    assert job(found).state is JobState.COMPARED
    assert verdict(found, "ram_need") is Verdict.WORSE
    assert job(found, "other").state is JobState.SKIPPED
    assert "other: skipped" in capsys.readouterr().out
    (project / "other" / "notes.h").write_text("// a file more\n")
    assert job(against("main", "--skip-unchanged")[1], "other").state is JobState.COMPARED
    (project / "other" / "notes.h").unlink()
    suite = (project / "mlbench.yml").read_text()
    (project / "mlbench.yml").write_text(suite.replace("{path: other}", "{path: other, inferences: 5}"))
    assert job(against("main", "--skip-unchanged")[1], "other").state is JobState.COMPARED


def test_a_sketch_that_breaks_and_one_that_is_mended(project):
    change(project, "void loop()", "void loop() { nonsense(); } void more()")
    status, found = against("main")
    assert status == 3
    assert job(found).state is JobState.BROKEN
    git(project, "commit", "-qam", "broken")
    change(project, "void loop() { nonsense(); } void more()", "void loop()")
    status, found = against("HEAD")
    assert status == 0
    assert job(found).state is JobState.FIXED
    assert any(note.startswith("net fails at the base: net/net.ino:9") for note in found.notes), found.notes


def test_nothing_is_taken_from_a_cache_that_is_refused(project):
    assert main(["run", "--only", "net"]) == 0
    assert main(["run", "--only", "net"]) == 0
    assert read_results(Path("mlbench-result.json")).results[0].cached
    assert main(["run", "--only", "net", "--no-cache"]) == 0
    assert not read_results(Path("mlbench-result.json")).results[0].cached


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--baseline", "mian"], "did you mean 'main'"),
        (["--skip-unchanged"], "needs to know since when; add --baseline REF"),
        (["--baseline", "mlbench.yml"], "not JSON"),
    ],
)
def test_a_wrong_baseline_is_told_before_anything_is_measured(project, capsys, words, said):
    assert main(["run", *words]) == 2
    assert said in capsys.readouterr().err
    assert not Path("mlbench-result.json").exists()


def test_a_comparison_on_standard_output_is_all_there_is(project, capsys):
    assert main(["run", "--only", "net", "--baseline", "main", "--comparison", "-", "--json", "r.json"]) == 0
    out = capsys.readouterr()
    found = json.loads(out.out[out.out.index("{") :])
    assert found["schema"] == "mlbench/comparison/1"
    assert "change against" in out.err

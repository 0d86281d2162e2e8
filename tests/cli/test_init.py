from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mlbench.cli.main import main
from mlbench.core.execution import Functions
from mlbench.suite.starter import MEASURE, MEASURE_TEXT, POST, POST_TEXT
from mlbench.suite.suite_file import load_suite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name in ("wake_word", "deep/person", "yes", "0 spaces"):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / f"{folder.name}.ino").write_text("void setup() {}\nvoid loop() {}\n")
    (tmp_path / "models" / "wake_word" / "sketch.yaml").write_text(
        "default_fqbn: arduino:mbed_nano:nano33ble\n"
    )
    monkeypatch.chdir(tmp_path / "models")
    return tmp_path


def test_what_is_written_can_be_read_and_lists_every_sketch(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--no-run"]) == 0
    specs = load_suite(project / "mlbench.yml").sketches
    assert {spec.name for spec in specs} == {"wake_word", "person", "yes", "0 spaces"}
    assert all((spec.source.folder / spec.sketch).is_dir() for spec in specs)
    assert {spec.name: spec.board for spec in specs}["wake_word"] == "arduino:mbed_nano:nano33ble"
    assert (project / MEASURE).read_text() == MEASURE_TEXT
    measuring = yaml.safe_load(MEASURE_TEXT)
    posting = yaml.safe_load(POST_TEXT)
    # `on` is the truth to YAML 1.1.
    assert posting[True]["workflow_run"]["workflows"] == [measuring["name"]]
    out = capsys.readouterr().out
    assert "wrote mlbench.yml" in out
    assert "next:" in out
    # As it is typed in a project that is not mlbench's own checkout.
    assert f"figures: python3 {Path(__file__).parents[2] / 'entrypoint.py'} run" in out


def test_the_hints_are_right_when_they_are_taken(project: Path) -> None:
    assert main(["init", "--no-run"]) == 0
    text = (project / "mlbench.yml").read_text()
    lines = [line.replace("    # in", "    in").removeprefix("# ") for line in text.splitlines()]
    kept = [line for line in lines if not line.startswith(("What ", "How far", "    # Without"))]
    (project / "mlbench.yml").write_text("\n".join(kept))
    first = load_suite(project / "mlbench.yml").sketches[0]
    assert first.functions.init == "Model::Model()"
    assert dict(first.thresholds)["flash"].warn.amount == 1024


def test_nothing_is_overwritten_unless_it_is_asked_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = "sketches: [{path: models/yes}]\n"
    (project / "mlbench.yml").write_text(mine)
    (project / MEASURE).parent.mkdir(parents=True)
    (project / MEASURE).write_text("mine")
    assert main(["init", "--no-run"]) == 0
    assert (project / "mlbench.yml").read_text() == mine
    assert (project / MEASURE).read_text() == "mine"
    assert (project / POST).read_text() == POST_TEXT
    assert "--force" in capsys.readouterr().out
    assert main(["init", "--no-run", "--force"]) == 0
    assert (project / MEASURE).read_text() == MEASURE_TEXT
    assert len(load_suite(project / "mlbench.yml").sketches) == 4


def test_a_suite_beside_its_sketches_stays(project: Path) -> None:
    (project / "sketches").mkdir()
    (project / "sketches" / "mlbench.yml").write_text("sketches: [{path: ../models/yes}]\n")
    assert main(["init", "--no-run", "--force"]) == 0
    assert not (project / "mlbench.yml").exists()


def test_without_sketches_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--no-run"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == [".git"]


def test_the_documentation_shows_what_is_written() -> None:
    for name, texts in (("README.md", [MEASURE_TEXT]), ("docs/action.md", [MEASURE_TEXT, POST_TEXT])):
        shown = (ROOT / name).read_text()
        for text in texts:
            assert f"```yaml\n{text}```" in shown


def test_what_is_not_listed_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = project / "lib" / "Net" / "examples" / "Demo"
    example.mkdir(parents=True)
    (example / "Demo.ino").write_text("void setup() {}\nvoid loop() {}\n")
    (project / "lib" / "Net" / "library.properties").write_text("name=Net\n")
    (project / "models" / "old.pde").write_text("void setup() {}\nvoid loop() {}\n")
    assert main(["init", "--no-run"]) == 0
    out = capsys.readouterr().out
    assert "lib/Net: passed over with 1 sketch: a library of the project" in out
    assert "models/old.pde: taken by its file" in out
    paths = {spec.sketch.as_posix() for spec in load_suite(project / "mlbench.yml").sketches}
    assert "models/old.pde" in paths


def test_a_library_s_suite_names_the_library_and_git_passes_over_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (".git", "src", "examples/one", "examples/two"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "library.properties").write_text("name=Net\n")
    (tmp_path / "src" / "Net.h").write_text("")
    (tmp_path / ".gitignore").write_text("*.o")
    for name in ("one", "two"):
        (tmp_path / "examples" / name / f"{name}.ino").write_text("void setup() {}\nvoid loop() {}\n")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--no-run"]) == 0
    assert [spec.libraries for spec in load_suite(tmp_path / "mlbench.yml").sketches] == [(Path(),)] * 2
    assert (tmp_path / ".gitignore").read_text() == "*.o\n/mlbench-result.json\n"
    assert "added mlbench-result.json to .gitignore" in capsys.readouterr().out
    assert main(["init", "--no-run", "--force"]) == 0
    assert (tmp_path / ".gitignore").read_text().count("mlbench-result") == 1


def test_what_a_run_proposes_is_written_and_other_chips_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    noinline = "__attribute__((noinline))"
    work = "volatile float sink; void work(int n) { for (int i = 0; i < n; i++) sink = sink * 0.5f + i; }\n"
    sketches = {
        "kws": f"{work}{noinline} void predict(int n) {{ work(n); }}\n"
        f"{noinline} void load_model() {{ work(9); }}\n"
        "void setup() { load_model(); }\nvoid loop() { predict(900); delay(10); }\n",
        "camera": "#include <esp_camera.h>\nvoid setup() {}\nvoid loop() {}\n",
        "broken": "void setup() { gone(); }\nvoid loop() {}\n",
        "idle": "void setup() {}\nvoid loop() { delay(10); }\n",
    }
    for name, text in sketches.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ino").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    specs = {spec.name: spec for spec in load_suite(tmp_path / "mlbench.yml").sketches}
    assert set(specs) == {"kws", "broken", "idle"}
    assert specs["kws"].functions == Functions("load_model()", "predict(int)")
    assert specs["idle"].functions == Functions()
    out = capsys.readouterr().out
    assert "camera: left out: " in out
    assert "the sketch is meant for another chip" in (tmp_path / "mlbench.yml").read_text()
    assert "broken: not built: broken/broken.ino:1: 'gone' was not declared" in out
    assert "idle: no functions proposed: " in out
    assert "look at the functions in mlbench.yml" in out


def test_arduinos_zephyr_core_is_proposed_where_it_is_installed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sketchbook = project / "sketchbook"
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(sketchbook))
    assert main(["init", "--no-run"]) == 0
    assert "is installed" not in capsys.readouterr().out
    platform = sketchbook / "hardware" / "arduino" / "zephyr"
    platform.mkdir(parents=True)
    (platform / "boards.txt").write_text("")
    assert main(["init", "--no-run", "--force"]) == 0
    assert "arduino:zephyr:nano33ble is installed: add it as `board`" in capsys.readouterr().out


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("file", ["library.properties", ".github/workflows/build.yml"])
def test_the_core_that_the_repository_names_is_written_where_it_is_installed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    installed: bool,
) -> None:
    core = "arduino:mbed_nano:nano33ble"
    named = {"library.properties": "name=Net\narchitectures=avr, mbed_nano\n"}.get(file, f"fqbn: {core}\n")
    for name, text in {file: named, "examples/kws/kws.ino": "void setup() {}\nvoid loop() {}\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("ARDUINO_DIRECTORIES_DATA", str(tmp_path / "data"))
    if installed:
        (tmp_path / "data" / "packages" / "arduino" / "hardware" / "mbed_nano").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--no-run"]) == 0
    (spec,) = load_suite(tmp_path / "mlbench.yml").sketches
    assert spec.board == (core if installed else "mlbench:nrf52840:nano33ble")
    assert (f"{file} names {core}, which is not installed" in capsys.readouterr().out) is not installed

"""A backend is a module and a row: then a suite runs on it, and everything that lists backends has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlbench.action.inputs import ActionInputs, variable
from mlbench.boards import board_for
from mlbench.cli.main import main
from mlbench.core import backends
from mlbench.core.backends import Backend
from mlbench.errors import UsageError
from mlbench.suite.suite_file import parse_suite, suite_schema
from mlbench.testing.making import make_device

BOARD = "mlbench:nrf52840:nano33ble"
SKETCH = """\
#include <Arduino.h>
static int weights[8];
__attribute__((noinline)) void begin_model() { weights[millis() % 8] = 1; }
__attribute__((noinline)) int infer() { return weights[3]; }
void setup() { Serial.begin(115200); begin_model(); Serial.println(infer()); }
void loop() {}
"""
MADE_UP = Backend(
    "made-up",
    target="made_up_backend:MadeUpTarget",
    device="made_up_backend:make_device",
    cross_checks=True,
)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Backend:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setattr(backends, "BACKENDS", (*backends.BACKENDS, MADE_UP))
    return MADE_UP


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "net.ino").write_text(SKETCH)
    suite = "sketches: [{path: net, backend: made-up, init: begin_model, inference: infer}]\n"
    (tmp_path / "mlbench.yml").write_text(suite)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("made_up", "tools", "project")
def test_a_suite_runs_on_it() -> None:
    assert main(["run", "--json", "made-up.json"]) == 0
    assert main(["run", "--backend", "emulator", "--json", "emulator.json"]) == 0
    (there,), (here,) = (
        json.loads(Path(name).read_text())["results"] for name in ("made-up.json", "emulator.json")
    )
    assert (there["backend"], there["instrument"]["backend"]) == ("made-up", "made-up")
    assert there["measures"] == here["measures"]
    assert main(["run", "--backend", "emulator", "--cross-check", "made-up"]) == 0


@pytest.mark.usefixtures("project")
def test_without_its_row_the_suite_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 2
    assert "emulator, renode, board or none, or a list of them" in capsys.readouterr().err
    assert main(["run", "net", "--backend", "made-up"]) == 2


@pytest.mark.usefixtures("made_up")
def test_everything_that_lists_backends_has_it(tmp_path: Path) -> None:
    assert "made-up" in board_for(BOARD).backends
    assert "made-up" in suite_schema()["$defs"]["backends"]["items"]["enum"]
    assert ActionInputs.read({variable("backend"): "made-up"}).backend == "made-up"
    text = "sketches: [{path: net, backend: [emulator, made-up]}]\n"
    assert [spec.backend for spec in parse_suite(text, "mlbench.yml", tmp_path)] == ["emulator", "made-up"]
    with pytest.raises(UsageError, match="one of: emulator, renode, board, made-up"):
        make_device("none.elf", "another", BOARD, lambda *_: None)  # type: ignore[arg-type]


@pytest.mark.usefixtures("made_up", "tools", "project")
def test_tests_of_firmware_run_on_it(pytester: pytest.Pytester, project: Path) -> None:
    from mlbench.testing.building import build

    device = make_device(project / "net", "made-up", BOARD, build)
    assert device.expect(r"\d+", timeout="100 ms").text


def test_the_pages_name_every_backend() -> None:
    docs = Path(__file__).parents[2] / "docs"
    for page in ("configuration.md", "action.md", "harness.md"):
        text = (docs / page).read_text(encoding="utf-8")
        for name in (row.name for row in backends.rows() if row.device or page != "harness.md"):
            assert f"`{name}`" in text or f"{name}" in text, (page, name)

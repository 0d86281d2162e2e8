"""Built here, measured there: in another home, without any compiler, with the figures of a direct run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from firmware_bundles import OWN_BOARD
from simulated_boards import boards_in, defined_for

ROOT = Path(__file__).parents[2]
NET = """\
extern "C" { int8_t *prepare(); int infer(const int8_t *in, int8_t *out); }
static int8_t *in, out[4];
void setup() { Serial.begin(115200); in = prepare(); if (!in) for (;;) {} }
void loop() { Serial.println(infer(in, out)); delay(10); }
"""
MODEL = """\
#include <Arduino.h>
#include <stdlib.h>
extern "C" int8_t *prepare() { return (int8_t *)calloc(1000, 1); }
extern "C" int infer(const int8_t *in, int8_t *out) {
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum += in[i] * i;
  out[0] = sum;
  return sum;
}
"""
TEMPLATE = """\
static char *ptr;
void setup() {
  ptr = (char *)malloc($alloc_size);
  if (!ptr) for (;;) {}
  free(ptr);
  Serial.begin(115200);
}
void loop() { Serial.println(1); }
"""
SUITE = f"""\
defaults: {{board: "{OWN_BOARD}"}}
sketches:
- {{path: net, init: prepare, inference: infer, output: {{arg: 1, bytes: 4}}}}
- {{path: template}}
- {{path: broken}}
- {{path: large}}
"""


class Machine:
    """One machine: a home, a PATH, a folder to stand in."""

    def __init__(self, folder: Path, path: str = "") -> None:
        self.folder = folder / "here"
        self.folder.mkdir(parents=True)
        (self.folder / ".git").mkdir()
        kept = {name: os.environ[name] for name in ("MLBENCH_HOTPATH", "LANG") if name in os.environ}
        self.environ = {
            **kept,
            "PATH": path or str(folder / "no-programs"),
            "HOME": str(folder),
            "MLBENCH_HOME": str(folder / "home"),
            "MLBENCH_OFFLINE": "true",
            "PYTHONPATH": str(ROOT),
        }

    def __call__(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "mlbench", *words],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def results(self, name: str) -> dict[str, Any]:
        data = json.loads((self.folder / name).read_text())
        return {result["sketch"]: result for result in data["results"]}


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory, tools: object) -> Machine:
    """Where compilers are, with sketches, what a direct run says of them, and a folder of firmware."""
    machine = Machine(tmp_path_factory.mktemp("builder"), os.environ["PATH"])
    broken = "void setup() {}\nvoid loop() {\n  nonsense();\n}\n"
    large = "volatile char x[300000];\nvoid setup() { x[7] = 1; }\nvoid loop() {}\n"
    for name, text in {"net": NET, "template": TEMPLATE, "broken": broken, "large": large}.items():
        (machine.folder / name).mkdir()
        (machine.folder / name / f"{name}.ino").write_text(text)
    (machine.folder / "net" / "model.cpp").write_text(MODEL)
    (machine.folder / "mlbench.yml").write_text(SUITE)
    status, said = machine("run", "--json", "direct.json")
    assert status == 3, said
    status, said = machine("build", "--firmware-dir", "firmware")
    assert status == 3, said
    assert "broken" in said
    assert "nonsense" in said
    assert "Traceback" not in said
    return machine


@pytest.fixture
def board_machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "bench")


def prebuilt(builder: Machine) -> str:
    return str(builder.folder / "firmware")


def test_the_same_figures_without_a_compiler(builder: Machine, board_machine: Machine) -> None:
    status, said = board_machine(
        "run", "--firmware-dir", prebuilt(builder), "--backend", "emulator", "--json", "x.json"
    )
    assert status == 3, said
    assert "Traceback" not in said
    direct, there = builder.results("direct.json"), board_machine.results("x.json")
    assert list(there) == ["net", "template", "broken", "large"] == list(direct)
    for name, result in there.items():
        assert result["status"] == direct[name]["status"], name
        assert result["measures"] == direct[name]["measures"], name
        assert result["build"] == direct[name]["build"], name
        assert result["instrument"] == direct[name]["instrument"], name
    assert there["net"]["measures"]["unused_ram"]["certified"]
    assert there["broken"]["failure"] == direct["broken"]["failure"]
    assert there["large"]["status"] == "does not fit"
    assert str(builder.folder) not in json.dumps(there)
    # Nothing was made in its home that only a build needs.
    assert not (board_machine.folder.parent / "home" / "builds").exists()


def test_thresholds_are_of_where_it_is_measured(builder: Machine, board_machine: Machine) -> None:
    """A suite that came along would be the stranger's."""
    words = ("run", "--firmware-dir", prebuilt(builder), "--backend", "emulator", "--only", "net")
    assert board_machine(*words, "--json", "base.json")[0] == 0
    base = json.loads((board_machine.folder / "base.json").read_text())
    base["results"][0]["measures"]["inference_time"]["median_us"] /= 2
    (board_machine.folder / "base.json").write_text(json.dumps(base))
    compared = (*words, "--baseline", "base.json")
    assert board_machine(*compared)[0] == 0
    strict = "thresholds: {inference_time: {fail: 1 %}}\nsketches: [{path: net}]\n"
    (board_machine.folder / "strict.yml").write_text(strict)
    status, said = board_machine(*compared, "--thresholds", "strict.yml", "--comparison", "c.json")
    assert status == 1, said
    assert "fail" in json.dumps(json.loads((board_machine.folder / "c.json").read_text()))
    # The suite of the current folder counts by itself; one beside the firmware never does.
    (Path(prebuilt(builder)).parent / "mlbench.yml").rename(builder.folder / "kept")
    (board_machine.folder / "strict.yml").rename(board_machine.folder / "mlbench.yml")
    assert board_machine(*compared)[0] == 1
    (builder.folder / "kept").rename(builder.folder / "mlbench.yml")


def with_loader(machine: Machine, folder: Path) -> None:
    """Have the machine upload to simulated boards."""
    defined_for(folder, name="nano.yml")
    machine.environ["MLBENCH_BOARDS"] = str(folder / "nano.yml")
    machine.environ["PATH"] = os.environ["PATH"]


def test_on_a_board_that_had_something_known_before(
    builder: Machine, board_machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_loader(board_machine, tmp_path)
    with_loader(builder, tmp_path)
    monkeypatch.setenv("MLBENCH_HOME", board_machine.environ["MLBENCH_HOME"])
    with boards_in(tmp_path) as start:
        board = start("--fast")
        board.wait_for(board.link.exists)
        port = ("--port", str(board.link))
        # Known firmware is the empty sketch, from where sketches can be built.
        status, said = builder("flash", "--board", OWN_BOARD, *port)
        assert status == 0, said
        assert "empty.ino.elf is on" in said
        words = ("run", "--firmware-dir", prebuilt(builder), *port, "--inferences", "3", "--json", "y.json")
        status, said = board_machine(*words, "--only", "net")
        assert status == 0, said
        assert len(board.events("uploaded")) == 2
    result = board_machine.results("y.json")["net"]
    direct = builder.results("direct.json")["net"]
    assert result["backend"] == "board"
    assert result["measures"]["flash"] == direct["measures"]["flash"]
    # The search began where the build's emulator said: beside the runs for times four probes were enough.
    ram = result["measures"]["unused_ram"]
    assert ram["bytes"] == direct["measures"]["unused_ram"]["bytes"]
    assert not ram["certified"]
    assert ram["full_runs"] == 5
    for name in ("init_time", "inference_time"):
        exact = direct["measures"][name]["median_us"]
        assert result["measures"][name]["median_us"] == pytest.approx(exact, rel=0.1, abs=20), name

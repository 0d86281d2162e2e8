"""A board is one file: then it is listed, a suite may name it, and sketches are built and measured on it.

The steps are those of docs/contributing.md, "Add a board".
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlbench.boards import load_boards
from mlbench.boards.catalog import VARIABLE

ROOT = Path(__file__).parents[2]
FQBN = "own:nrf52840:made_up"
RAM = "ram: {start: 0x20000000, size: 0x40000}"
BOARD = f"""\
id: made_up
name: Made-up board
fqbns: ["{FQBN}"]
cpu: Cortex-M4F
clock_hz: 64000000
memory:
  flash: {{start: 0x26000, size: 0xCE000}}
  {RAM}
serial: {{by: bridge, baud: 115200, usb: [{{vid: 0x1234, pid: 0x5678}}]}}
reset: {{by: dtr}}
micros: {{resolution_us: 1}}
emulator: {{chip: nrf52840}}
sources:
  clock: "its manual, section 1"
  memory: "its manual, section 2"
  serial: "its manual, section 3"
  upload: "boards.txt of own:nrf52840"
  micros: "its core"
"""
SKETCH = """\
#include <Arduino.h>
static int weights[8];
__attribute__((noinline)) void begin_model() { weights[millis() % 8] = 1; }
__attribute__((noinline)) int infer() { delayMicroseconds(50); return weights[3]; }
void setup() { Serial.begin(115200); begin_model(); Serial.println(infer()); }
void loop() {}
"""


class Checkout:
    """A copy of the package that has the board's file, and a sketchbook with the board's platform."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.board = folder / "mlbench" / "boards" / "made_up.yml"
        shutil.copytree(ROOT / "mlbench", self.board.parents[1], ignore=shutil.ignore_patterns("__pycache__"))
        self.board.write_text(BOARD)
        _platform(folder / "sketchbook" / "hardware" / "own" / "nrf52840")
        (folder / "net").mkdir()
        (folder / "net" / "net.ino").write_text(SKETCH)
        sketch = f"{{path: net, board: '{FQBN}', init: begin_model, inference: infer}}"
        (folder / "mlbench.yml").write_text(f"sketches: [{sketch}]\n")

    def python(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words],
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder),
                "MLBENCH_HOME": str(self.folder / "home"),
                "ARDUINO_DIRECTORIES_USER": str(self.folder / "sketchbook"),
                **environ,
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def mlbench(self, *words: str, **environ: str) -> str:
        done = self.python("mlbench", *words, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _platform(folder: Path) -> None:
    """What the board's vendor ships: here ours under another name, behind a bigger bootloader."""
    shutil.copytree(ROOT / "mlbench" / "arduino" / "hardware" / "mlbench" / "nrf52840", folder)
    boards = folder / "boards.txt"
    boards.write_text(
        boards.read_text()
        .replace("nano33ble.", "made_up.")
        .replace("made_up.upload.maximum_size=983040", f"made_up.upload.maximum_size={0xCE000}")
    )
    script = folder / "variants" / "nano33ble" / "linker_script.ld"
    place = "ORIGIN = 0x10000, LENGTH = 0xf0000"
    assert place in script.read_text()
    script.write_text(script.read_text().replace(place, "ORIGIN = 0x26000, LENGTH = 0xce000"))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_is_listed(checkout: Checkout) -> None:
    assert checkout.mlbench("boards").split("made_up: ")[1].split("\nmicrobit")[0].splitlines() == [
        "Made-up board, Cortex-M4F at 64 MHz",
        "    never met: no board-check of such a board is known",
        "    flash 843,776 bytes, RAM 262,144 bytes",
        "    backends: emulator, board",
        "    serial: 1234:5678; reset by dtr; upload by arduino-cli",
        f"    {FQBN}",
    ]


@pytest.mark.usefixtures("tools")
def test_a_suite_runs_on_it(checkout: Checkout) -> None:
    checkout.mlbench("run", "--json", "found.json")
    (result,) = json.loads((checkout.folder / "found.json").read_text())["results"]
    assert (result["board"], result["status"], result["backend"]) == (FQBN, "ok", "emulator")
    assert result["instrument"]["board"] == "made_up"
    measures = result["measures"]
    assert 1000 < measures["flash"]["bytes"] < 0xCE000
    assert 0 < measures["unused_ram"]["bytes"] < 0x40000
    assert measures["init_time"]["median_us"] > 0
    assert 50 <= measures["inference_time"]["median_us"] < 100


def test_the_tests_of_boards_hold_it(checkout: Checkout) -> None:
    """Its schema, its sources, and its memory against its chip's."""
    shutil.copy(ROOT / "pyproject.toml", checkout.folder)
    for name in ("boards", "support"):
        shutil.copytree(ROOT / "tests" / name, checkout.folder / "tests" / name)
    shutil.copy(ROOT / "tests" / "conftest.py", checkout.folder / "tests")
    pytest_words = ("pytest", "tests/boards", "-q", "-p", "no:cacheprovider", "-k", "made_up")
    done = checkout.python(*pytest_words)
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    checkout.board.write_text(BOARD.replace('  memory: "its manual, section 2"\n', ""))
    assert "1 failed, 3 passed" in checkout.python(*pytest_words).stdout


@pytest.mark.parametrize("verb", ["run", "boards"])
def test_ram_that_is_not_its_chips_is_refused_in_one_line(checkout: Checkout, verb: str) -> None:
    """Where ``MLBENCH_BOARDS`` names the file, with its name."""
    assert RAM in BOARD
    checkout.board.write_text(BOARD.replace(RAM, "ram: {start: 0x20000000, size: 0x10000}"))
    done = checkout.python("mlbench", verb, **{VARIABLE: str(checkout.board)})
    has = "board made_up has 0x10000 bytes at 0x20000000 of RAM"
    line = f"{has}, its chip nrf52840 0x40000 bytes at 0x20000000; correct the board's memory, or leave out"
    assert done.returncode == 2
    assert (
        done.stderr == f"mlbench: {os.path.relpath(checkout.board, checkout.folder)}: {line} its emulator\n"
    )
    assert done.stdout == ""


def test_among_those_that_come_along_it_is_refused_too(checkout: Checkout) -> None:
    checkout.board.write_text(BOARD.replace(RAM, "ram: {start: 0x20000000, size: 0x10000}"))
    done = checkout.python("mlbench", "run")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "board made_up has 0x10000 bytes" in line
    assert "its chip nrf52840 0x40000 bytes" in line


def test_the_page_names_every_board_that_comes_along() -> None:
    text = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
    (table,) = (part for part in text.split("\n\n") if part.startswith("| id |"))
    for board in load_boards():
        assert f"`{board.id}`" in table, board.id

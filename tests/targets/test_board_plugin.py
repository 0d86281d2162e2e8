"""The pytest plugin on a board: the same tests of serial text and measures as on the emulator."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

USERS = """
import pytest
from mlbench import kib, ms, us

SKETCH = "static_model"


def test_dialogue(device):
    dut = device(SKETCH)
    first = dut.expect(r"answer (\\d+)", timeout="20 s")
    dut.send("x")
    again = dut.expect(r"heard x", timeout="20 s")
    assert int(first[1]) >= 0
    assert dut.time > us(0)


def test_budgets(profile):
    found = profile(SKETCH)
    assert found.flash < kib(200)
    assert us(20) < found.inference_time < ms(5)
    assert found.unused_ram > kib(100)
"""
ONLY_EMULATED = """
def test_call(device):
    device("static_model").call("infer", 1, 2)


def test_never(device):
    device("static_model").expect("no such text", timeout="300 ms")
"""
SKETCH = """\
#include <Arduino.h>
#include "model.h"
static signed char input[16], output[4];
void setup() { Serial.begin(115200); }
void loop() {
  input[0] += 3;
  infer(input, output);
  Serial.print("answer ");
  Serial.println(output[1] & 0x7f);
  while (Serial.available()) {
    Serial.print("heard ");
    Serial.println((char)Serial.read());
  }
  delay(5);
}
"""


@pytest.fixture
def users(
    pytester: pytest.Pytester, project: Path, simulated, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """The project of a user whose board is on a port."""
    (project / "static_model" / "static_model.ino").write_text(SKETCH)
    board = simulated("--fast")
    board.wait_for(board.link.exists)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("MLBENCH_PORT", str(board.link))
    os.chdir(project)
    pytester.makeini("[pytest]\naddopts = -p mlbench.pytest_plugin\n")
    for path in project.rglob("*"):
        if path.is_file():
            target = pytester.path / path.relative_to(project)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    os.chdir(pytester.path)
    # What is said of the sketch is looked for up to the root of its repository.
    subprocess.run(["git", "init", "-q"], check=True)
    return pytester


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["emulator", "board"])
def test_the_same_tests_on_both(users: pytest.Pytester, backend: str) -> None:
    users.makepyfile(USERS)
    result = users.runpytest_subprocess("--mlbench-backend", backend, timeout=240)
    result.assert_outcomes(passed=2)


@pytest.mark.slow
def test_what_a_board_cannot_is_said(users: pytest.Pytester) -> None:
    users.makepyfile(ONLY_EMULATED)
    result = users.runpytest_subprocess("--mlbench-backend", "board", timeout=240)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines_random(
        ["*call needs the embedded emulator*", "*'no such text' did not come in 300 ms*", "*answer *"]
    )

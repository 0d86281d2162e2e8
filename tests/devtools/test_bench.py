"""Benchmarks compare what they measure within one run."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import pytest
from workshop import run_on_sketch

from mlbench.devtools import exception_speed, start_speed

ROOT = Path(__file__).parents[2]
SKETCH = """\
#include <Arduino.h>
volatile int sink;
__attribute__((noinline)) int infer(int n) { int s = 0; for (int i = 0; i < n; i++) s += i * sink; return s; }
void setup() { sink = infer(20000); }
void loop() {}
"""


@pytest.mark.usefixtures("tools")
def test_benchmark_prints_speeds_and_ratios(tmp_path: Path) -> None:
    options = ("--rounds", "2", "--pairs", "2")
    done = run_on_sketch("mlbench.devtools.emulator_speed", tmp_path, SKETCH, *options, seconds=200)
    assert done.returncode == 0, done.stderr
    speeds, _, parts = done.stdout.rpartition("\n\n")
    rows = re.findall(r"^small +(.+?)  +([\d.]+) +([\d.]+)$", speeds, re.MULTILINE)
    assert rows, done.stdout
    assert rows[0][0] == "Unicorn, no hook"
    names = [name for name, _, _ in rows]
    assert names[1].startswith("cycle model")
    # The neighbours are shown where they are installed, and only there.
    assert ("QEMU, mps2-an386" in names) == (shutil.which("qemu-system-arm") is not None), names
    assert ("LabWired" in names) == (importlib.util.find_spec("labwired") is not None), names
    bare = float(rows[0][1])
    for _, mips, ratio in rows:
        assert float(mips) > 0
        assert abs(float(mips) / bare - float(ratio)) < 0.02 + 0.01 * float(ratio)
    costs = re.findall(r"^(.+?)  +[01]\.\d{3} +[01]\.\d{3}$", parts, re.MULTILINE)
    assert costs == ["small", "memcpy by LDM and STM", "float FIR"]


def test_starts_are_held_against_pythons_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The other rows may have an environment to make first.
    monkeypatch.setattr(start_speed, "_ROWS", start_speed._ROWS[:2])
    monkeypatch.setattr("sys.argv", ["start_speed", "--rounds", "1"])
    assert start_speed.main() == 0
    rows = re.findall(r"^(.+?)  +(\d+) +([\d.]+)$", capsys.readouterr().out, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["an interpreter alone", "mlbench boards"]
    assert float(rows[0][2]) == 1


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no cross compiler on PATH")
def test_exceptions_are_measured_on_both_block_hooks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["exception_speed", "--rounds", "1", "--exceptions", "3000"])
    assert exception_speed.main() == 0
    rows = re.findall(
        r"^(.+?)  +([\d.]+) us +([\d.]+) +([\d.]+) us +[\d.]+ +([\d.]+)$",
        capsys.readouterr().out,
        re.MULTILINE,
    )
    assert [row[0] for row in rows] == list(exception_speed._PROGRAMS)
    for _, ours, of_board, theirs, ratio in rows:
        assert float(of_board) > 0
        assert abs(float(theirs) / float(ours) - float(ratio)) < 0.05 * float(ratio) + 0.1

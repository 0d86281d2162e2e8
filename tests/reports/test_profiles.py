"""Profiles in the formats of other tools, held against what those tools make of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from comparables import emulated, result

from mlbench.compare import compare
from mlbench.core.call_tree import CallPath, CallTree
from mlbench.reports.profiles import to_callgrind, to_collapsed, to_speedscope
from mlbench.results.comparison import Comparison

DOT = "tiny::dot(signed char const*; int)"
TREE = CallTree(
    (
        CallPath(-1, "Model::run()", 50, 1),
        CallPath(0, "conv", 200, 2),
        CallPath(1, DOT, 4_000, 50),
        CallPath(0, DOT, 1_000, 10),
        CallPath(-1, "SysTick_Handler", 120, 3),
    ),
    (("conv", "/sketch/conv.cpp", 12), (DOT, "/sketch/dot.cpp", 7)),
)


@pytest.fixture
def measured() -> Comparison:
    head = result(inference_time=replace(emulated(TREE.total), calls=TREE))
    return compare(None, [head])


def test_speedscope_has_a_weight_for_each_path(measured: Comparison) -> None:
    data = json.loads(to_speedscope(measured))
    (profile,) = data["profiles"]
    assert sum(profile["weights"]) == TREE.total == profile["endValue"]
    frames = data["shared"]["frames"]
    stacks = [[frames[number]["name"] for number in sample] for sample in profile["samples"]]
    assert ["Model::run()", "conv", DOT] in stacks
    assert {"name": "conv", "file": "/sketch/conv.cpp", "line": 12} in frames


def test_collapsed_stacks_add_up(measured: Comparison) -> None:
    ((name, text),) = to_collapsed(measured).items()
    assert name == "kws.mlbench-nrf52840-nano33ble.emulator.inference.folded"
    lines = [line.rpartition(" ") for line in text.splitlines()]
    assert sum(int(cycles) for _, _, cycles in lines) == TREE.total
    assert [stack.count(";") for stack, _, _ in lines] == [0, 1, 2, 1, 0]


def test_callgrind_annotate_reads_it(measured: Comparison, tmp_path: Path) -> None:
    tool = shutil.which("callgrind_annotate")
    if tool is None:
        pytest.skip("callgrind_annotate is not installed")
    ((name, text),) = to_callgrind(measured).items()
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    own, inclusive = (
        subprocess.run(
            [tool, f"--inclusive={option}", "--auto=no", "--threshold=100", str(file)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for option in ("no", "yes")
    )
    assert re.search(r"^5,370 \(100\.0%\) +PROGRAM TOTALS", own, re.MULTILINE)
    assert re.search(r"^5,000 \(93\.11%\) +/sketch/dot\.cpp:tiny::dot", own, re.MULTILINE)
    assert re.search(r"^5,250 \(97\.77%\) +\?\?\?:Model::run\(\)", inclusive, re.MULTILINE)
    assert re.search(r"^4,200 \(78\.21%\) +/sketch/conv\.cpp:conv", inclusive, re.MULTILINE)

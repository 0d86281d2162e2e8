"""The tutorial docs/first-measurement.md, carried out as it stands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mlbench.cli.main import main
from mlbench.firmware.install_tools import find_toolchain

pytestmark = pytest.mark.skipif(find_toolchain().builder is None, reason="no sketch compiler on PATH")
PAGE = (Path(__file__).parents[2] / "docs" / "first-measurement.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_tutorial_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sketch, change = blocks("cpp")
    (suite,) = blocks("yaml")
    without_names, with_names, comparison = (
        text.splitlines() for text in blocks("") if text.startswith(("mlbench:", "Sketch "))
    )
    (tmp_path / "hello_model").mkdir()
    file = tmp_path / "hello_model" / "hello_model.ino"
    file.write_text(sketch)
    monkeypatch.chdir(tmp_path)
    # The page's figures are those of one compiler, so the lines must be there, and figures where it has them.
    assert main(["run", "hello_model"]) == 0
    shown = printed(capsys)
    assert [line for line in without_names if line.startswith("[")] == [
        line for line in shown if line.startswith("[")
    ]
    (tmp_path / "mlbench.yml").write_text(suite)
    assert main(["run"]) == 0
    row = next(line for line in printed(capsys) if line.startswith("hello_model"))
    assert len(row.split()) == len(with_names[-1].split())
    assert "-" not in row.split()
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "mlbench.yml", "hello_model"], check=True)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "A first model"],
        check=True,
    )
    lines = sketch.splitlines(keepends=True)
    (first, second) = (n for n, line in enumerate(lines) if "result[c] " in line and "best" not in line)
    assert second == first + 1
    file.write_text("".join(lines[:first]) + change + "".join(lines[second + 1 :]))
    assert main(["run", "--baseline", "HEAD"]) == 0
    shown = printed(capsys)
    assert [line for line in comparison if line.startswith("note:")]
    (inference,) = [line for line in shown if re.match(r"hello_model +inference +ms ", line)]
    assert inference.endswith("better")

"""A project that cannot be had is asked for once, not once for each of its sketches."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.cli.main import main


def test_one_attempt_serves_all_sketches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = tmp_path / "calls"
    tools = tmp_path / "bin"
    tools.mkdir()
    git = tools / "git"
    git.write_text(f'#!/bin/sh\ncase "$*" in *nowhere*) echo x >> {calls};; esac\n'
                   'echo "fatal: unable to access" >&2\nexit 128\n')  # fmt: skip
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    suite = tmp_path / "mlbench.yml"
    suite.write_text(
        "source: {url: 'https://nowhere.invalid/x', ref: main}\n"
        "defaults: {inference: f}\n"
        "sketches:\n" + "".join(f"- {{name: s{n}, path: s}}\n" for n in range(5))
    )
    assert main(["run", str(suite), "--json", str(tmp_path / "out.json")]) == 4
    text = capsys.readouterr()
    assert (text.out + text.err).count("is out of reach") >= 5
    for line in range(4, 9):
        assert f"mlbench.yml:{line}: https://nowhere.invalid/x is out of reach" in text.out + text.err
    assert calls.read_text().count("x") == 1

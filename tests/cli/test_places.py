"""What a failure names is the user's, and nothing of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.core.firmware import Diagnostic
from mlbench.pipeline.portable_paths import portable
from mlbench.results.values import Failure
from mlbench.source.project import Project


def test_a_failed_build_is_named_from_where_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = str(tmp_path / "models" / "wake" / "net.cpp")
    failure = Failure(f"{file}:3: no such type", diagnostics=(Diagnostic("error", "no such type", file, 3),))
    found = portable(failure, Project(tmp_path, tmp_path), None)
    assert found.message == "models/wake/net.cpp:3: no such type"
    assert found.diagnostics[0].file == "models/wake/net.cpp"


def test_what_lies_elsewhere_keeps_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    text = f"{tmp_path}/there/net.cpp:3: no such type"
    assert portable(Failure(text), Project(tmp_path, tmp_path), None).message == text
    monkeypatch.chdir("/")
    assert portable(Failure(text), Project(tmp_path, tmp_path), None).message == text

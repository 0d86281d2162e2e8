from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlbench import arduino
from mlbench.errors import EnvironmentFault

PLATFORM = "hardware/mlbench/nrf52840/platform.txt"
HEADER = "libraries/MLBench/src/MLBench.h"


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_lays_out_what_sketch_compilers_look_for(tmp_path: Path) -> None:
    user = arduino.install(tmp_path / "deep/user")
    assert (user / PLATFORM).read_bytes() == (arduino.HERE / PLATFORM).read_bytes()
    assert (user / HEADER).is_file()
    assert (user / "libraries/MLBench/examples/Marks/Marks.ino").is_file()
    assert sorted(path.name for path in user.iterdir() if not path.name.startswith(".")) == [
        "hardware",
        "libraries",
    ]


def test_leaves_what_is_right_untouched(tmp_path: Path) -> None:
    arduino.install(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    arduino.install(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("damage", ["changed", "missing", "extra", "a file in its place"])
def test_replaces_what_is_wrong(tmp_path: Path, damage: str) -> None:
    arduino.install(tmp_path)
    right = _snapshot(tmp_path)
    header = tmp_path / HEADER
    if damage == "changed":
        header.write_text("// older")
    elif damage == "missing":
        header.unlink()
    elif damage == "extra":
        header.with_name("older.cpp").write_text("int older;")
    else:
        shutil.rmtree(tmp_path / "libraries/MLBench")
        (tmp_path / "libraries/MLBench").write_text("")
    arduino.install(tmp_path)
    assert _snapshot(tmp_path) == right


def test_keeps_what_is_not_its_own(tmp_path: Path) -> None:
    other = tmp_path / "libraries/Other/Other.h"
    other.parent.mkdir(parents=True)
    other.write_text("other")
    arduino.install(tmp_path)
    assert other.read_text() == "other"


def test_works_from_files_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    for tree in ("hardware", "libraries"):
        shutil.copytree(arduino.HERE / tree, package / tree)
    for path in [*package.rglob("*"), package]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr(arduino, "HERE", package)
    user = arduino.install(tmp_path / "user")
    (user / HEADER).write_text("// may be changed")
    arduino.install(user)
    assert (user / HEADER).read_bytes() == (package / HEADER).read_bytes()
    for path in [*package.rglob("*"), package]:
        path.chmod(0o755)


def test_says_what_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(EnvironmentFault, match=r"file: cannot install the Arduino platform: .*; make"):
        arduino.install(blocked)


def test_several_at_once(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from mlbench.arduino import install; install(Path({str(tmp_path)!r}))"
    runs = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    for one in runs:
        assert one.communicate()[1] == b""
        assert one.returncode == 0
    assert (tmp_path / PLATFORM).read_bytes() == (arduino.HERE / PLATFORM).read_bytes()


def test_content_key_follows_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = arduino.content_key()
    assert before == arduino.content_key()
    for tree in ("hardware", "libraries"):
        shutil.copytree(arduino.HERE / tree, tmp_path / tree)
    monkeypatch.setattr(arduino, "HERE", tmp_path)
    assert arduino.content_key() == before
    (tmp_path / HEADER).write_text("")
    assert arduino.content_key() != before

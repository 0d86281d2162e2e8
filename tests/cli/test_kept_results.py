"""Results that were measured are kept, whatever ends the run and whoever stops listening to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from waiting_suite import WAITING_SKETCH

from mlbench.cli.main import main
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.pipeline.firmware_dir import UNFINISHED, new_folder, read_folder
from mlbench.results.result_file import read
from mlbench.util.interrupt import Interrupted

ROOT = Path(__file__).parents[2]
SUITE = f"sketches:\n- path: gone\n{WAITING_SKETCH}- path: behind\n"
ENDINGS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]


def environ(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "MLBENCH_HOME": str(folder / "home")}


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("named", [(), ("--json", "named.json")])
@pytest.mark.parametrize(("number", "status"), ENDINGS)
def test_a_suite_that_is_ended_keeps_what_is_finished(tmp_path, number, status, named):
    """One sketch has failed, one is still being prepared. What the signal ends has not failed."""
    (tmp_path / "mlbench.yml").write_text(SUITE)
    file = tmp_path / ("named.json" if named else "mlbench-result.json")
    process = subprocess.Popen(
        [sys.executable, "-m", "mlbench", *named], cwd=tmp_path, env=environ(tmp_path), stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text() and file.exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    document = read(file)
    assert {result.sketch for result in document.results} <= {"gone", "behind"}
    assert document.results[0].sketch == "gone"
    assert not document.run.complete
    assert not list(tmp_path.glob(".*.tmp"))
    assert ends(int(pid.read_text()))


def ends(pid: int) -> bool:
    """Whether a process comes to its end, which may take those who watch over it a moment."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize(("number", "status"), ENDINGS)
def test_a_build_that_is_ended_leaves_no_folder_and_no_process(tmp_path, number, status):
    (tmp_path / "mlbench.yml").write_text(SUITE)
    words = [sys.executable, "-m", "mlbench", "build", "--firmware-dir", "bundle"]
    process = subprocess.Popen(words, cwd=tmp_path, env=environ(tmp_path), stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert ends(int(pid.read_text()))
    if number != signal.SIGKILL:
        assert not (tmp_path / "bundle").exists()
        return
    with pytest.raises(UsageError, match="the build of it has not come to its end"):
        read_folder(tmp_path / "bundle")
    (tmp_path / "bundle" / "001-half").mkdir()
    with new_folder(tmp_path / "bundle") as folder:
        assert [entry.name for entry in folder.iterdir()] == [UNFINISHED]
        with pytest.raises(UsageError, match="another build writes to it"), new_folder(folder):
            pass
        (folder / "001-kws").mkdir()
    assert [entry.name for entry in (tmp_path / "bundle").iterdir()] == ["001-kws"]
    with pytest.raises(UsageError, match="there is something in it already"), new_folder(folder):
        pass


def test_a_mark_takes_nothing_away_that_a_build_has_not_written(tmp_path):
    (tmp_path / UNFINISHED).touch()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "001-kws").mkdir()
    with pytest.raises(UsageError, match="there is something in it already"), new_folder(tmp_path):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "001-kws").is_dir()


def write_half_a_bundle(path: Path) -> None:
    with new_folder(path) as folder:
        (folder / "001-kws").mkdir()
        (folder / "001-kws" / "kws.elf").write_bytes(b"half")
        raise Interrupted(143)


def test_half_a_bundle_goes_and_what_was_there_stays(tmp_path):
    for path in (tmp_path / "new", tmp_path):
        with pytest.raises(Interrupted):
            write_half_a_bundle(path)
        assert not list(tmp_path.iterdir())
    (tmp_path / "theirs").mkdir()
    with pytest.raises(UsageError):
        write_half_a_bundle(tmp_path)
    assert (tmp_path / "theirs").is_dir()


def test_the_whole_file_says_that_it_is_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mlbench.yml").write_text("sketches:\n- {path: gone}\n- {path: lost}\n")
    assert main([]) == 2
    document = read(Path("mlbench-result.json"))
    assert [result.sketch for result in document.results] == ["gone", "lost"]
    assert document.run.complete


DEAF = [
    ">/dev/full",
    ">&-",
    "2>/dev/full",
    "2>&-",
    ">/dev/full 2>&1",
    "<&- >&- 2>&-",
    "| true",
    "2>&1 | true",
]


@pytest.mark.parametrize("deaf", DEAF)
def test_nobody_who_listens_changes_no_result(tmp_path, bare, deaf):
    """Of an image that is measured, and of a sketch that fails."""
    image = bare.image("int main(void) { return 0; }").path
    (tmp_path / "mlbench.yml").write_text("sketches:\n- {path: gone}\n")
    for words, status in ((f"elf {image} --board nano33ble --serial", 0), ("run", 2)):
        texts = []
        for where in (f">{os.devnull}", deaf):
            command = f"set -o pipefail; {sys.executable} -m mlbench {words} --json out.json {where}"
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=environ(tmp_path), capture_output=True
            )
            assert done.returncode == status, done
            texts.append(json.loads((tmp_path / "out.json").read_text())["results"])
            (tmp_path / "out.json").unlink()
        assert texts[0] == texts[1]


@pytest.mark.parametrize("deaf", [">/dev/full", ">&-", "| true"])
@pytest.mark.parametrize("words", ["elf {image} --board nano33ble --json -", "boards"])
def test_what_was_asked_for_on_standard_output_is_missed_there(tmp_path, bare, words, deaf):
    image = bare.image("int main(void) { return 0; }").path
    command = f"set -o pipefail; {sys.executable} -m mlbench {words.format(image=image)} {deaf}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environ(tmp_path), capture_output=True, text=True
    )
    assert done.returncode == 4, done
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_an_image_that_cannot_be_listened_to_is_measured_all_the_same(tmp_path, bare, monkeypatch, capsys):
    def listen(*_: object) -> None:
        raise EnvironmentFault("no ear")

    monkeypatch.setattr("mlbench.pipeline.prebuilt.listen", listen)
    monkeypatch.chdir(tmp_path)
    image = bare.image("int main(void) { return 0; }").path
    assert main(["elf", str(image), "--board", "nano33ble", "--serial", "--json", "out.json"]) == 4
    assert read(Path("out.json")).results[0].failure is None
    out, err = capsys.readouterr()
    assert "Flash" in out
    assert "mlbench: no ear" in err

"""Known firmware onto a board, by the verb ``flash``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from bare_image import Compiler
from simulated_boards import COUNTER, LOADER, Simulated, boards_in, defined_for

from mlbench.cli.main import main
from mlbench.ports.lock import BoardLock, try_lock


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Simulated]]:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    uploads_by(tmp_path, monkeypatch, LOADER)
    with boards_in(tmp_path) as start:
        yield start


def uploads_by(folder: Path, monkeypatch: pytest.MonkeyPatch, command: Sequence[str]) -> None:
    name = f"boards-{len(list(folder.glob('boards-*')))}.yml"
    place = defined_for(folder, command, name)
    monkeypatch.setenv("MLBENCH_BOARDS", str(place))


def test_the_board_runs_it_and_is_free_again(boards, bare: Compiler, capsys) -> None:
    board = boards("--fast")
    board.wait_for(board.link.exists)
    image = bare.image(COUNTER).path
    assert main(["flash", str(image), "--board", "nano33ble", "--port", str(board.link)]) == 0
    assert "by try 1" in capsys.readouterr().err
    assert board.events("uploaded")
    line, heard = board.open(), bytearray()
    board.wait_for(lambda: heard.extend(line.read(4096)) or b"tick" in heard)
    line.close()
    lock = try_lock(board.port, "the test")
    assert isinstance(lock, BoardLock)
    lock.release()


def test_an_upload_that_fails_is_status_4(boards, bare: Compiler, capsys) -> None:
    board = boards("--fast", "--fault", "upload=9")
    board.wait_for(board.link.exists)
    image = str(bare.image(COUNTER).path)
    assert main(["flash", image, "--board", "nano33ble", "--port", str(board.link)]) == 4
    said = capsys.readouterr().err
    assert "the upload failed" in said
    assert "(3 times)" in said


def test_what_an_image_lacks_beside_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: Compiler, capsys
) -> None:
    """A program that uploads by arduino-cli's files finds them, whichever are there."""
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "port").write_text("")
    port = ("--board", "nano33ble", "--port", str(tmp_path / "port"))
    look = "import os, sys; open(sys.argv[2], 'w').write(str(sorted(os.listdir(sys.argv[1]))))"
    uploads_by(tmp_path, monkeypatch, [sys.executable, "-c", look, "{folder}", str(tmp_path / "seen")])
    folder = tmp_path / "upload"
    folder.mkdir()
    shutil.copy(bare.image(COUNTER).path, folder / "one.ino.elf")
    monkeypatch.setattr("mlbench.ports.uploading._Course._upload", just_write)
    assert main(["flash", str(folder / "one.ino.elf"), *port]) == 0, capsys.readouterr().err
    assert (tmp_path / "seen").read_text() == "['one.ino.bin', 'one.ino.elf', 'one.ino.hex']"
    (folder / "one.ino.uf2").write_text("made by the platform")
    (folder / "other.ino.bin").write_text("of another sketch")
    assert main(["flash", str(folder / "one.ino.elf"), *port]) == 0
    assert (tmp_path / "seen").read_text() == "['one.ino.elf', 'one.ino.uf2']"


def just_write(course, in_bootloader: bool) -> None:
    course._programmer.write(course._port)


def test_mistakes_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: Compiler, capsys
) -> None:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "text.elf").write_text("no firmware")
    image = str(bare.image(COUNTER).path)
    cases = {
        (image, "--board", "nothing"): (2, "is not known"),
        (str(tmp_path / "none.elf"), "--board", "nano33ble"): (2, "no such file"),
        (str(tmp_path / "text.elf"), "--board", "nano33ble"): (2, "ELF"),
        (image, "--board", "portenta_h7"): (2, "holds nothing for the flash of board portenta_h7"),
        (image, "--board", "nano33ble", "--port", "/dev/none"): (4, "there is no port /dev/none"),
        (image,): (2, "--board"),
    }
    for words, (status, said) in cases.items():
        assert main(["flash", *words]) == status, words
        _, err = capsys.readouterr()
        assert said in err
        assert err.count("\n") == 1

"""Uploads onto a simulated board, with all that goes wrong there."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bare_image import ROOT, Compiler
from fakes import Fake
from live_firmware import UART_ECHO
from simulated_boards import COUNTER, LOADER, Simulated, boards_in

from mlbench.boards import board_for
from mlbench.boards.board import Upload
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.platforms import Platforms
from mlbench.firmware.toolchain import Toolchain
from mlbench.ports.uploading import Uploader, UploadFailed, UploadImage

NANO = replace(board_for("nano33ble"), upload=Upload("command", LOADER, 30.0))


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Simulated]]:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    with boards_in(tmp_path) as start:
        yield start


@pytest.fixture
def image(bare: Compiler, tmp_path: Path) -> UploadImage:
    return UploadImage(bare.image(COUNTER).path, tmp_path, "counter", "a:b:c")


def uploader(said: list[str], **changes: object) -> Uploader:
    return replace(Uploader(NANO, None, said.append, list_all=tuple, person_seconds=0), **changes)  # type: ignore[arg-type]


def ticks(board: Simulated) -> bool:
    """Whether the counter runs on it."""
    line, heard = board.open(), bytearray()

    def listen() -> bool:
        heard.extend(line.read(4096))
        return b"tick" in heard

    board.wait_for(listen)
    line.close()
    return True


def test_onto_an_empty_board_and_over_running_firmware(simulated, image: UploadImage) -> None:
    board = simulated("--fast")
    board.wait_for(board.link.exists)
    said: list[str] = []
    done = uploader(said).upload(image, board.port)
    assert (done.port, done.attempts, said) == (board.port, 1, [])
    assert ticks(board)
    done = uploader(said).upload(image, board.port)
    assert (done.port, done.attempts, said) == (board.port, 1, [])
    assert ticks(board)
    assert len(board.events("uploaded")) == 2
    assert any("touched" in event for event in board.events("restart"))


def test_two_failures_and_a_slow_board(simulated, bare: Compiler, image: UploadImage) -> None:
    board = simulated(str(bare.image(UART_ECHO).path), "--fast", "--fault", "upload=2", "--fault", "slow=0.7")
    board.wait_for(board.link.exists)
    said: list[str] = []
    done = uploader(said).upload(image, board.port)
    assert done.attempts == 3
    assert len(said) == 2
    assert all("the upload failed: error flash cannot be written" in line for line in said)
    assert said[0].startswith("try 1 of 3: ")
    assert ticks(board)


@pytest.fixture
def hung(simulated, image: UploadImage) -> Simulated:
    board = simulated(str(image.elf), "--fault", "hang=70", "--fast")
    line = board.open()
    board.wait_for(lambda: board.events("hang"))
    line.close()
    return board


QUICK = replace(NANO, upload=Upload("command", LOADER, 1.5))


def test_a_hung_board_is_saved_by_a_person(hung: Simulated, image: UploadImage, tmp_path: Path) -> None:
    said: list[str] = []
    pressed = tmp_path / "pressed"
    # What uploads gives up at once while nobody has pressed: how long a good upload takes is the machine's.
    unless = 'if ! test -e "$0"; then echo nobody answers >&2; exit 1; fi; exec "$@"'
    board = replace(NANO, upload=Upload("command", ("sh", "-c", unless, str(pressed), *LOADER), 30.0))

    def person(text: str) -> None:
        said.append(text)
        if "press the board's reset button twice" in text:
            pressed.touch()
            hung.process.send_signal(signal.SIGUSR1)

    done = uploader([], board=board, say=person, tries=1, person_seconds=30.0).upload(image, hung.port)
    assert (done.attempts, done.asked) == (2, True)
    assert "nobody answers" in done.reasons[0]
    assert len(said) == 2
    assert ticks(hung)


def test_a_hung_board_and_nobody_there(hung: Simulated, image: UploadImage) -> None:
    with pytest.raises(UploadFailed) as caught:
        uploader([], board=QUICK, tries=2).upload(image, hung.port)
    assert (caught.value.attempts, len(caught.value.reasons)) == (2, 2)
    assert "(2 times); press its reset button twice, then start again" in str(caught.value)


def test_by_arduino_cli_that_touches_itself(simulated, image: UploadImage, tmp_path: Path) -> None:
    fake = Fake(tmp_path / "bin", Toolchain())
    fake.tell(upload=str(ROOT))
    platform = tmp_path / "user" / "hardware" / "acme" / "classic"
    platform.mkdir(parents=True)
    (platform / "boards.txt").write_text("nano.upload.tool=x\nnano.upload.use_1200bps_touch=true\n")
    platforms = Platforms(tmp_path / "user", tmp_path / "user", tmp_path / "data")
    cli = ArduinoCli(fake.program, Toolchain(arduino_cli=fake.program), platforms, tmp_path / "own")
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "counter.ino.elf").write_bytes(image.elf.read_bytes())
    image = UploadImage(folder / "counter.ino.elf", folder, "counter", "acme:classic:nano")
    board = simulated(str(image.elf), "--fast", "--fault", "upload=1")
    board.wait_for(board.link.exists)
    said: list[str] = []
    own = replace(NANO, upload=Upload())
    done = uploader(said, board=own, cli=cli).upload(image, board.port)
    assert (done.port, done.attempts) == (board.port, 2)
    assert "(mlbench: " in said[0]
    assert "the upload failed: error flash cannot be written" in said[0]
    assert ticks(board)

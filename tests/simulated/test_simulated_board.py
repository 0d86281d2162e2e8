"""A simulated board as programs meet it: on its port, with all that goes wrong there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bare_image import ROOT, Compiler
from live_firmware import UART_ECHO
from simulated_boards import COUNTER, PATIENCE, Simulated, boards_in
from usb_firmware import ECHO

from mlbench.errors import EnvironmentFault
from mlbench.ports.opening import Line, await_return, touch
from mlbench.simulated.bootloader import HERE, WHO, upload


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Callable[..., Simulated]]:
    with boards_in(tmp_path) as start:
        yield start


def read_until(line: Line, text: bytes) -> bytes:
    seen = b""
    until = time.monotonic() + PATIENCE
    while text not in seen:
        assert time.monotonic() < until, seen
        seen += line.read(4096)
        time.sleep(0.005)
    return seen


def test_from_an_empty_board_to_a_sketch_and_to_the_next(simulated, bare: Compiler) -> None:
    board = simulated()
    line = board.open()
    line.write(WHO)
    read_until(line, HERE)
    line.close()
    upload(board.port, bare.image(UART_ECHO).path)
    assert await_return(board.port, PATIENCE, list_all=tuple).went
    line = board.open()
    line.write(b"ab")
    read_until(line, b"AB")
    line.close()
    board.to_bootloader()
    upload(board.port, bare.image(COUNTER).path)
    assert await_return(board.port, PATIENCE, list_all=tuple).went
    line = board.open()
    read_until(line, b"tick 1\ntick 2\ntick 3\n")
    line.close()
    assert len(board.events("uploaded")) == 2
    said = board.end()
    assert "uploaded 2" in said
    assert board.process.returncode == 0
    assert not board.link.is_symlink()


def test_firmware_with_usb_of_its_own_sees_the_port(simulated, bare: Compiler) -> None:
    board = simulated(str(bare.image(ECHO).path))
    line = board.open()
    line.write(b"hello\n")
    seen = read_until(line, b"\n")
    line.close()
    assert seen


def test_the_programmer_is_a_command_too(simulated, bare: Compiler) -> None:
    board = simulated()
    board.wait_for(board.link.exists)
    command = [sys.executable, "-m", "mlbench.simulated.bootloader", str(board.link)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, str(bare.image(COUNTER).path)], env=environ, timeout=PATIENCE)
    assert done.returncode == 0
    board.wait_for(lambda: "as sketch" in board.events("port")[-1])
    done = subprocess.run([*command, "gone.elf"], env=environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert "gone.elf: cannot be read" in done.stderr


def test_uploads_fail_as_often_as_asked(simulated, bare: Compiler) -> None:
    board = simulated("--fault", "upload=2")
    board.wait_for(board.link.exists)
    elf = bare.image(COUNTER).path
    for _ in range(2):
        with pytest.raises(EnvironmentFault, match="the upload failed: error flash cannot be written"):
            upload(board.port, elf)
    upload(board.port, elf)
    assert len(board.events("upload")) == 2


def test_what_is_no_firmware_is_refused_and_the_bootloader_stays(simulated, tmp_path: Path) -> None:
    board = simulated()
    board.wait_for(board.link.exists)
    (tmp_path / "x.elf").write_bytes(b"\x7fELFnothing")
    with pytest.raises(EnvironmentFault, match="error not for this chip"):
        upload(board.port, tmp_path / "x.elf")
    line = board.open()
    line.write(WHO)
    read_until(line, HERE)
    line.close()


def test_a_hung_board_heeds_no_touch_but_two_presses(simulated, bare: Compiler) -> None:
    board = simulated(str(bare.image(COUNTER).path), "--fault", "hang=70", "--fast")
    line = board.open()
    board.wait_for(lambda: board.events("hang"))
    line.close()
    touch(board.port, lambda text: None)
    assert not await_return(board.port, 2.0, list_all=tuple).went
    board.process.send_signal(signal.SIGUSR1)
    assert await_return(board.port, PATIENCE, list_all=tuple).went
    assert "pressed twice" in board.events("port")[-1]


@pytest.mark.parametrize("fault", ["reset", "gone"])
def test_a_port_goes_in_the_middle_and_comes_back(simulated, bare: Compiler, fault: str) -> None:
    board = simulated(str(bare.image(COUNTER).path), "--fault", f"{fault}=100", "--fault", "slow=0.3")
    line = board.open()
    with pytest.raises(OSError):
        read_until(line, b"no such text")
    line.close()
    found = await_return(board.port, PATIENCE, list_all=tuple)
    assert found.port == board.port
    line = board.open()
    # After a reset the sketch begins anew; a cable that was out has not changed it.
    read_until(line, b"tick 5\n")
    line.close()
    assert len(board.events(fault)) == 1
    assert len(board.events("slow")) == 2
    assert bool(board.events("restart")) == (fault == "reset")


def test_bytes_are_lost_doubled_and_made_up(simulated, bare: Compiler) -> None:
    faults = [f"--fault={name}=0.05" for name in ("drop", "double", "garbage")]
    board = simulated(str(bare.image(COUNTER).path), "--seed", "7", "--fast", *faults)
    line = board.open()
    board.wait_for(lambda: all(board.events(name) for name in ("drop", "double", "garbage")))
    read_until(line, b"tick")
    line.close()
    said = board.end()
    assert "drop " in said
    assert "garbage " in said


def test_only_one_rate_makes_sense(simulated, bare: Compiler) -> None:
    board = simulated(str(bare.image(COUNTER).path), "--fault", "baud=9600")
    line = board.open(115200)
    board.wait_for(lambda: board.events("baud"))
    line.close()
    line = board.open(9600)
    read_until(line, b"tick 1\ntick 2\n")
    line.close()


def test_a_board_that_is_killed_leaves_room_for_the_next(simulated, bare: Compiler) -> None:
    first = simulated(str(bare.image(COUNTER).path))
    first.wait_for(first.link.exists)
    first.process.kill()
    first.process.wait()
    first.log.unlink()
    # Others may be given the number of its pseudo-terminal at once.
    masters = [os.openpty() for _ in range(20)]
    second = simulated(str(bare.image(COUNTER).path))
    line = second.open()
    read_until(line, b"tick")
    line.close()
    for descriptor in (descriptor for pair in masters for descriptor in pair):
        os.close(descriptor)


def test_two_do_not_share_a_place(simulated) -> None:
    first = simulated()
    first.wait_for(first.link.exists)
    second = simulated()
    _, said = second.process.communicate(timeout=PATIENCE)
    assert second.process.returncode == 2
    assert f"a simulated board is there already: pid {first.process.pid}" in said
    assert first.link.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--board", "uno"], "board uno has no emulator"),
        (["--board", "unoo"], "board 'unoo' is not known"),
        (["--fault", "x=1"], "there is no fault 'x'"),
        (["gone.elf"], "gone.elf: there is no such file"),
        (["--log", "/dev/null/x"], "the log cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    command = [sys.executable, "-m", "mlbench", "simulate-board", "--link", str(tmp_path / "port")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *arguments], env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode in (2, 4)
    assert words in done.stderr
    assert done.stderr.count("\n") == 1

"""One board for one run at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_time import FakeTime

from mlbench.errors import EnvironmentFault
from mlbench.ports.finding import Port
from mlbench.ports.lock import BoardLock, Holder, acquire, held, lock_path, try_lock

ROOT = Path(__file__).parents[2]
ONE = Port("/dev/ttyACM0", location="1-2")
TWO = Port("/dev/ttyACM1", location="1-3")
_HOLD = """
import sys, time
from mlbench.ports.finding import Port
from mlbench.ports.lock import BoardLock, acquire
ports = [Port(device, location=place) for device, place in (name.split("@") for name in sys.argv[2:])]
got = acquire(ports, sys.argv[1], print, seconds=0)
print("has", got.port.device, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def hold():
    """Another process that takes one of some boards; gives it, and which one it has."""
    started: list[subprocess.Popen[str]] = []

    def start(*ports: Port, what: str = "a test") -> tuple[subprocess.Popen[str], str]:
        names = [f"{port.device}@{port.location}" for port in ports]
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, what, *names],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip().removeprefix("has ")

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_held_board_says_who_has_it(hold) -> None:
    process, _ = hold(ONE, what="kws on nano33ble")
    other = try_lock(ONE, "mine")
    assert isinstance(other, Holder)
    assert (other.pid, other.what) == (process.pid, "kws on nano33ble")
    assert [holder.pid for _, holder in held()] == [process.pid]
    with pytest.raises(EnvironmentFault) as caught:
        acquire([ONE], "mine", lambda text: None, seconds=0)
    assert f"/dev/ttyACM0 is held by pid {process.pid} on " in str(caught.value)
    assert "(kws on nano33ble, since 20" in str(caught.value)


def test_two_runs_take_two_boards(hold) -> None:
    assert hold(ONE, TWO)[1] == "/dev/ttyACM0"
    with acquire([ONE, TWO], "mine", lambda text: None, seconds=0) as lock:
        assert lock.port == TWO


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_no_lock_outlives_its_process(hold, number: int) -> None:
    process, _ = hold(ONE)
    process.send_signal(number)
    process.wait()
    assert held() == ()
    with acquire([ONE], "mine", lambda text: None, seconds=0) as lock:
        assert lock.path.read_bytes()


def test_children_hold_no_lock(hold) -> None:
    """A program that is started meanwhile, an upload say, must not hold the board when we have gone."""
    lock = acquire([ONE], "mine", lambda text: None, seconds=0)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
    try:
        lock.release()
        again = try_lock(ONE, "again")
        assert isinstance(again, BoardLock)
        again.release()
    finally:
        child.kill()
        child.wait()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of Pythons from 3.12 on
def test_a_forked_process_holds_no_lock_that_was_let_go() -> None:
    lock = acquire([ONE], "mine", lambda text: None, seconds=0)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # has the file open, and does nothing but wait
        os.read(reading, 1)
        os._exit(0)
    try:
        lock.release()
        again = try_lock(ONE, "again")
        assert isinstance(again, BoardLock)
        again.release()
    finally:
        os.write(writing, b"x")
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)


def test_waiting_ends_when_the_board_is_free(hold) -> None:
    process, _ = hold(ONE)
    said: list[str] = []

    def sleep(seconds: float) -> None:
        process.kill()
        process.wait()

    with acquire([ONE], "mine", said.append, seconds=60, sleep=sleep) as lock:
        assert lock.port == ONE
    (line,) = said
    assert line.startswith(f"waiting for a board: /dev/ttyACM0 is held by pid {process.pid}")


def test_waiting_is_bounded(hold) -> None:
    hold(ONE)
    time = FakeTime()
    with pytest.raises(EnvironmentFault):
        acquire(
            [ONE], "mine", lambda text: None, seconds=3600, clock=time.times.clock, sleep=time.times.sleep
        )
    assert 3600 <= time.now < 3601


def test_a_lock_is_one_of_a_process_too() -> None:
    with acquire([ONE], "first", lambda text: None, seconds=0):
        assert isinstance(try_lock(ONE, "second"), Holder)
    lock = try_lock(ONE, "third")
    assert isinstance(lock, BoardLock)
    lock.release()
    lock.release()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff" * 9000])
def test_whatever_stands_in_the_file_the_lock_counts(text: bytes) -> None:
    path = lock_path(ONE)
    path.write_bytes(text)
    with acquire([ONE], "mine", lambda text: None, seconds=0):
        path.write_bytes(text)
        other = try_lock(ONE, "other")
        assert isinstance(other, Holder)
        assert "another run" in str(other)


def test_a_folder_that_is_taken_away_does_not_let_two_in(own_home: Path) -> None:
    lock = acquire([ONE], "mine", lambda text: None, seconds=0)
    lock.path.unlink()
    with acquire([ONE], "second", lambda text: None, seconds=0) as second:
        assert isinstance(try_lock(ONE, "third"), Holder)
        assert second.path.is_file()
    lock.release()


def test_names_of_boards_are_names_of_files() -> None:
    names = {
        lock_path(port).name
        for port in (ONE, TWO, Port("socket://a/../b:1"), Port("socket://a_.._b:1"), Port("/dev/x" * 99))
    }
    assert len(names) == 5
    assert all(len(name) < 100 and "/" not in name for name in names)

"""Ports that are opened, touched, and go and come back."""

from __future__ import annotations

import os
import socket
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake_time import FakeTime

from mlbench.boards.board import UsbId
from mlbench.errors import EnvironmentFault
from mlbench.ports.finding import Port
from mlbench.ports.opening import Line, await_return, open_port, pulse_dtr, rights_advice, touch

SKETCH = Port("/dev/ttyACM0", UsbId(0x2341, 0x805A), "AB12", "1-2")
LOADER = Port("/dev/ttyACM1", UsbId(0x2341, 0x005A), "", "1-2")
OTHER = Port("/dev/ttyACM2", UsbId(0x2341, 0x805A), "CD34", "1-3")


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture
def pty() -> Iterator[tuple[int, Port]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, Port(os.ttyname(slave))
    os.close(master)
    os.close(slave)


def drained(line: Line, size: int) -> bytes:
    data, until = b"", time.monotonic() + 10
    while len(data) < size:
        assert time.monotonic() < until, data
        data += line.read(size - len(data))
        time.sleep(0.001)
    return data


def test_bytes_go_both_ways(pty: tuple[int, Port]) -> None:
    master, port = pty
    said: list[str] = []
    line = open_port(port, 115200, said.append)
    os.write(master, b"hello\xff\x00")
    assert drained(line, 7) == b"hello\xff\x00"
    line.write(b"back")
    assert os.read(master, 9) == b"back"
    line.close()
    assert said == []


def test_a_port_belongs_to_one(pty: tuple[int, Port], clock: FakeTime) -> None:
    _, port = pty
    first = open_port(port, 9600, pytest.fail)
    said: list[str] = []
    with pytest.raises(EnvironmentFault, match=r"cannot be opened: another program has it open; close"):
        open_port(port, 9600, said.append, tries=3, times=clock.times)
    assert said == [
        f"{port.device}: another program has it open; trying again ({number} of 3)" for number in (2, 3)
    ]
    first.close()


def test_a_port_that_comes_late_is_opened(pty: tuple[int, Port], tmp_path: Path, clock: FakeTime) -> None:
    _, port = pty
    link = tmp_path / "nano"
    clock.events = [(1.0, lambda: link.symlink_to(port.device))]
    said: list[str] = []
    open_port(Port(str(link)), 9600, said.append, times=clock.times).close()
    assert said
    assert all("it is not there; trying again" in line for line in said)


def test_retries_are_bounded_and_the_last_reason_is_told(tmp_path: Path, clock: FakeTime) -> None:
    said: list[str] = []
    with pytest.raises(EnvironmentFault, match="gone: cannot be opened: it is not there; connect the board"):
        open_port(Port(str(tmp_path / "gone")), 9600, said.append, times=clock.times)
    assert len(said) == 7
    assert clock.now < 10


@pytest.mark.parametrize("name", ["loop", "file"])
def test_what_is_no_port_is_told(tmp_path: Path, clock: FakeTime, name: str) -> None:
    place = tmp_path / name
    place.symlink_to(place) if name == "loop" else place.write_text("x")
    with pytest.raises(EnvironmentFault) as caught:
        open_port(Port(str(place)), 9600, lambda text: None, tries=2, times=clock.times)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_rights_are_told(tmp_path: Path, clock: FakeTime) -> None:
    place = tmp_path / "port"
    place.touch(mode=0)
    with pytest.raises(EnvironmentFault, match="this user may not open it"):
        open_port(Port(str(place)), 9600, lambda text: None, tries=1, times=clock.times)


def test_the_group_of_the_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import grp

    place = tmp_path / "port"
    place.touch()
    entry = grp.struct_group(("uucp", "x", place.stat().st_gid, ["ada"]))
    monkeypatch.setattr(grp, "getgrgid", lambda number: entry)
    monkeypatch.setattr(grp, "getgrnam", lambda name: entry)
    monkeypatch.setenv("USER", "bob")
    assert rights_advice(str(place)) == "`sudo usermod -aG uucp $USER`, then log in anew"
    monkeypatch.setenv("USER", "ada")
    assert "log in anew" in rights_advice(str(place))


def test_touching_opens_at_1200_baud(pty: tuple[int, Port]) -> None:
    master, port = pty
    touch(port, pytest.fail)
    assert termios.tcgetattr(master)[5] == termios.B1200


class NoisyLine:
    """A line whose lines cannot be set, and that goes when it is closed."""

    def __init__(self, log: list[object]) -> None:
        self._log = log

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):
            self._log.append((name, value))
            if not value:
                raise OSError(5, "Input/output error")
        object.__setattr__(self, name, value)

    def close(self) -> None:
        self._log.append("closed")
        raise OSError(19, "No such device")


def test_a_port_that_goes_while_it_is_touched_obeys(monkeypatch: pytest.MonkeyPatch, clock: FakeTime) -> None:
    log: list[object] = []
    monkeypatch.setattr("mlbench.ports.opening._open", lambda port, baud: log.append(baud) or NoisyLine(log))
    touch(SKETCH, pytest.fail, times=clock.times)
    assert log == [1200, ("dtr", True), ("dtr", False), "closed"]


def test_dtr_is_pulsed(monkeypatch: pytest.MonkeyPatch, clock: FakeTime) -> None:
    log: list[object] = []
    monkeypatch.setattr("mlbench.ports.opening._open", lambda port, baud: NoisyLine(log))
    with pytest.raises(EnvironmentFault, match="DTR cannot be set"):
        pulse_dtr(SKETCH, 9600, pytest.fail, times=clock.times)
    assert log == [("dtr", False), "closed"]


def test_a_board_comes_back_under_another_name(clock: FakeTime) -> None:
    ports = [SKETCH, OTHER]
    clock.events = [(0.3, lambda: ports.remove(SKETCH)), (2.0, lambda: ports.append(LOADER))]
    found = await_return(SKETCH, 10, list_all=lambda: ports, times=clock.times)
    assert (found.port, found.went) == (LOADER, True)
    assert 1.9 < clock.now < 2.2


def test_a_board_that_was_quicker_than_we_looked_is_known_by_what_it_shows(clock: FakeTime) -> None:
    loader = Port(SKETCH.device, LOADER.usb, "", SKETCH.location)
    found = await_return(SKETCH, 10, list_all=lambda: [loader], times=clock.times)
    assert (found.port, found.went) == (loader, True)
    assert clock.now == 0


def test_a_board_that_does_not_obey_is_told_from_one_that_went(clock: FakeTime) -> None:
    found = await_return(SKETCH, 10, list_all=lambda: [SKETCH, OTHER], times=clock.times)
    assert (found.port, found.went) == (SKETCH, False)
    assert 1.4 < clock.now < 2


def test_a_board_that_stays_away_is_told(clock: FakeTime) -> None:
    with pytest.raises(EnvironmentFault, match=r"ttyACM0: the port went and did not come back within 10 s"):
        await_return(SKETCH, 10, list_all=lambda: [OTHER], times=clock.times)
    assert 10 <= clock.now < 11


def test_another_board_of_the_kind_is_not_taken_for_it(clock: FakeTime) -> None:
    """Without a place on USB the serial number counts, and with neither the name of the port."""
    nameless = Port("/dev/ttyACM0", SKETCH.usb, "AB12")
    back = Port("/dev/ttyACM7", LOADER.usb, "AB12")
    ports = [OTHER]
    clock.events = [(1.0, lambda: ports.append(back))]
    assert await_return(nameless, 10, list_all=lambda: ports, times=clock.times).port == back


def test_a_link_that_is_made_anew_has_come_back(tmp_path: Path, clock: FakeTime) -> None:
    link = tmp_path / "nano"
    for name in ("one", "two"):
        (tmp_path / name).touch()
    link.symlink_to(tmp_path / "one")

    def again() -> None:
        link.unlink()
        link.symlink_to(tmp_path / "two")

    clock.events = [(0.2, again)]
    port = Port(str(link))
    found = await_return(port, 10, list_all=tuple, times=clock.times)
    assert (found.port, found.went) == (port, True)
    assert clock.now < 1


@contextmanager
def served(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            talk(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        thread.join(10)
        server.close()


def test_a_port_of_another_machine_by_socket() -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        # What comes before the port is open is thrown away with what a board had sent before.
        heard.append(connection.recv(9))
        connection.sendall(b"far")
        connection.recv(1)

    with served(talk) as number:
        line = open_port(Port(f"socket://127.0.0.1:{number}"), 9600, pytest.fail)
        line.write(b"near")
        assert drained(line, 3) == b"far"
        line.close()
    assert heard == [b"near"]


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_a_port_of_another_machine_by_rfc2217() -> None:
    """The baud rate gets there too, so that a board on another machine can be touched."""
    import serial
    from serial.rfc2217 import PortManager

    device = serial.serial_for_url("loop://", timeout=0)
    bauds: list[int] = []

    def talk(connection: socket.socket) -> None:
        class Connection:
            def write(self, data: bytes) -> None:
                connection.sendall(data)

        manager = PortManager(device, Connection())
        connection.settimeout(10)
        while data := connection.recv(1024):
            for byte in manager.filter(data):
                device.write(byte)
            bauds.append(device.baudrate)
            while device.in_waiting:
                connection.sendall(b"".join(manager.escape(device.read(device.in_waiting))))

    with served(talk) as number:
        line = open_port(Port(f"rfc2217://127.0.0.1:{number}"), 57600, pytest.fail)
        line.write(b"echo\xff")
        assert drained(line, 5) == b"echo\xff"
        line.baudrate = 1200
        line.close()
    assert {57600, 1200} <= set(bauds)


def test_a_machine_that_is_not_there_is_told(clock: FakeTime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    with pytest.raises(EnvironmentFault, match=f"socket://127.0.0.1:{number}: cannot be opened: "):
        open_port(Port(f"socket://127.0.0.1:{number}"), 9600, lambda text: None, tries=2, times=clock.times)


def test_a_port_that_goes_while_it_is_set_is_tried_again(tmp_path: Path, monkeypatch) -> None:
    """termios.error, which pyserial lets through, is no OSError."""
    import termios

    import serial

    def going(*_arguments: object, **_options: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(serial, "Serial", going)
    said: list[str] = []
    with pytest.raises(EnvironmentFault, match="Input/output error"):
        open_port(Port(str(tmp_path / "port")), 9600, said.append, tries=2)
    assert len(said) == 1

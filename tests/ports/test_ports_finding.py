"""Which port is taken for a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.boards import board_for
from mlbench.boards.board import UsbId
from mlbench.errors import EnvironmentFault
from mlbench.ports import finding
from mlbench.ports.finding import Port, PortSelector, boards_of, find_ports, list_ports, parse_selector

NANO = board_for("nano33ble")
ONE = Port("/dev/ttyACM0", UsbId(0x2341, 0x805A), "AB12", "1-2", "Nano 33 BLE")
TWO = Port("/dev/ttyACM1", UsbId(0x2341, 0x805A), "CD34", "1-3.1", "Nano 33 BLE")
LOADER = Port("/dev/ttyACM2", UsbId(0x2341, 0x005A), "", "1-4", "Arduino Nano 33 BLE")
OTHER = Port("/dev/ttyUSB0", UsbId(0x10C4, 0xEA60), "0001", "1-5", "CP2102")
ALL = (OTHER, ONE, TWO, LOADER)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("", PortSelector()),
        ("/dev/ttyACM0", PortSelector("/dev/ttyACM0")),
        ("ttyUSB1", PortSelector("/dev/ttyUSB1")),
        ("./link", PortSelector("./link")),
        ("rfc2217://lab:4000?ign_set_control", PortSelector("rfc2217://lab:4000?ign_set_control")),
        ("socket://127.0.0.1:5", PortSelector("socket://127.0.0.1:5")),
        ("2341:805a", PortSelector("", UsbId(0x2341, 0x805A))),
        ("2341:805A:AB12", PortSelector("", UsbId(0x2341, 0x805A), "AB12")),
        ("AB12CD34", PortSelector(serial_number="AB12CD34")),
    ],
)
def test_what_a_port_is_asked_for_by(text: str, selector: PortSelector) -> None:
    assert parse_selector(text) == selector


def test_all_that_look_like_the_board_may_be_it() -> None:
    assert find_ports(NANO, PortSelector(), lambda: ALL) == (ONE, TWO, LOADER)
    assert find_ports(board_for("spresense"), PortSelector(), lambda: ALL) == (OTHER,)


@pytest.mark.parametrize(
    ("text", "port"),
    [("2341:805a:cd34", TWO), ("ab12", ONE), ("10c4:ea60", OTHER), ("/dev/ttyACM1", TWO)],
)
def test_a_wish_is_kept_whatever_the_port_looks_like(text: str, port: Port) -> None:
    assert find_ports(NANO, parse_selector(text), lambda: ALL) == (port,)


@pytest.mark.parametrize(
    ("text", "ports", "words"),
    [
        (
            "",
            (OTHER,),
            "no Arduino Nano 33 BLE is connected; there are: /dev/ttyUSB0 (10c4:ea60, 0001, CP2102);",
        ),
        ("", (), "no board is connected by USB; connect the board, press its reset button twice"),
        ("FFFF", ALL, "no port is FFFF; there are: "),
        ("2341:0043", ALL, "no port is 2341:0043; there are: "),
        ("/dev/ttyACM9", ALL, "there is no port /dev/ttyACM9; there are: "),
    ],
)
def test_what_is_not_there_is_told(text: str, ports: tuple[Port, ...], words: str) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        find_ports(NANO, parse_selector(text), lambda: ports)
    assert words in str(caught.value)


def test_a_named_port_needs_no_usb(tmp_path: Path) -> None:
    place = tmp_path / "pty"
    place.touch()
    assert find_ports(NANO, parse_selector(str(place)), tuple) == (Port(str(place)),)
    assert find_ports(NANO, parse_selector("socket://lab:1"), tuple)[0].is_url


def test_a_link_to_a_port_is_the_port(tmp_path: Path) -> None:
    device, link = tmp_path / "ttyACM7", tmp_path / "nano"
    device.touch()
    link.symlink_to(device)
    port = Port(str(device), UsbId(0x2341, 0x805A), "X", "1-9")
    assert find_ports(NANO, PortSelector(str(link)), lambda: (ONE, port)) == (port,)


def test_a_device_with_two_ports_is_one_board() -> None:
    second = Port("/dev/ttyACM1", ONE.usb, ONE.serial_number, ONE.location)
    assert find_ports(NANO, PortSelector(), lambda: (ONE, second)) == (ONE,)


def test_a_board_keeps_its_key_as_sketch_and_as_bootloader() -> None:
    loader = Port("/dev/ttyACM5", UsbId(0x2341, 0x005A), "", ONE.location)
    assert loader.key == ONE.key != TWO.key


def test_what_a_port_may_be() -> None:
    assert [board.id for board in boards_of(LOADER)] == ["nano33ble"]
    assert boards_of(Port("/dev/ttyACM0", UsbId(1, 1))) == ()


def test_the_systems_list_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools import list_ports as pyserial
    from serial.tools.list_ports_common import ListPortInfo

    def item(device: str, **known: object) -> ListPortInfo:
        info = ListPortInfo(device)
        for name, value in known.items():
            setattr(info, name, value)
        return info

    found = [
        item("/dev/ttyACM10", vid=0x2341, pid=0x805A, location="1-2:1.0", serial_number="S", product="P"),
        item("/dev/ttyS0"),
        item("/dev/ttyACM9", vid=0x2341, pid=0x005A, location=None, serial_number=None),
    ]
    monkeypatch.setattr(pyserial, "comports", lambda: found)
    assert list_ports() == (
        Port("/dev/ttyACM9", UsbId(0x2341, 0x005A)),
        Port("/dev/ttyACM10", UsbId(0x2341, 0x805A), "S", "1-2", "P"),
    )
    assert finding.find_ports(NANO, PortSelector(serial_number="s"))[0].device == "/dev/ttyACM10"

"""What `doctor` finds on machines that have and have not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.boards.board import UsbId
from mlbench.cli import doctor
from mlbench.cli.doctor import checks
from mlbench.ports import finding
from mlbench.ports.finding import Port
from mlbench.ports.lock import acquire


def test_machine_without_tools(bin_folder: Path, own_home: Path) -> None:
    found = {check.name: check for check in checks()}
    for name in ("sketch compiler", "ARM toolchain"):
        assert not found[name].ok
        assert found[name].needed
        assert "apt-get install" in found[name].do
    assert not found["git"].ok
    assert not found["git"].needed
    assert found["Python"].ok
    assert found["environment"].ok
    assert found["disk"].ok
    # It only looks.
    assert not own_home.exists()


def test_machine_with_tools(program, bin_folder: Path, own_home: Path) -> None:
    program("arduino-cli", "echo 'arduino-cli  Version: 1.5.1 Commit: 0'")
    program(
        "arm-none-eabi-gcc",
        'case "$*" in *print*) echo /usr/libc.a;; *) echo "arm-none-eabi-gcc 12.2.1";; esac',
    )
    program("git", "exit 0")
    found = {check.name: check for check in checks()}
    assert found["sketch compiler"].ok
    assert "arduino-cli 1.5.1" in found["sketch compiler"].detail
    assert found["ARM toolchain"].ok
    assert "12.2.1" in found["ARM toolchain"].detail
    assert found["git"].ok


def test_broken_tool_does_not_hide_the_rest(program, own_home: Path) -> None:
    program("arduino-cli", "echo nothing of use")
    program("arm-none-eabi-gcc", 'case "$*" in *print*) echo libc.a;; esac')
    found = {check.name: check for check in checks()}
    assert not found["sketch compiler"].ok
    assert "no version" in found["sketch compiler"].detail
    assert "newlib" in found["ARM toolchain"].detail
    assert found["Python"].ok


def test_block_hook_in_python_is_said(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLBENCH_HOTPATH", "python")
    found = {check.name: check for check in checks()}["emulator's block hook"]
    assert not found.ok
    assert not found.needed
    assert "slower" in found.detail


def _boards(monkeypatch: pytest.MonkeyPatch, *ports: Port) -> doctor.Check:
    monkeypatch.setattr(finding, "list_ports", lambda: ports)
    return doctor._serial_ports()


def test_boards_are_named_by_what_their_ports_show(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "none is connected" in _boards(monkeypatch).detail
    assert not own_home.exists()
    device = tmp_path / "ttyACM0"
    device.touch()
    nano = Port(str(device), UsbId(0x2341, 0x805A), "AB12", "1-2")
    found = _boards(monkeypatch, nano, Port(str(device), UsbId(1, 2)))
    assert found.ok
    assert f"{device} (2341:805a, AB12): nano33ble" in found.detail
    assert "(0001:0002): of no board that is known" in found.detail
    with acquire([nano], "kws", print, seconds=0):
        assert "is held by pid" in _boards(monkeypatch, nano).detail


def test_rights_that_are_missing_are_told(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "ttyACM0"
    device.touch()
    portenta = Port(str(device), UsbId(0x2341, 0x025B), "AB12", "1-2")
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    found = _boards(monkeypatch, portenta)
    assert (found.ok, found.needed) == (False, False)
    assert "may not be opened by this user" in found.detail
    assert found.do
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: True)
    monkeypatch.setattr(doctor, "_raw_usb", lambda location: False)
    found = _boards(monkeypatch, portenta)
    assert not found.ok
    assert "udev rule" in found.do
    nano = Port(str(device), UsbId(0x2341, 0x805A), "AB12", "1-2")
    assert _boards(monkeypatch, nano).ok

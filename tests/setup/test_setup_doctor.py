"""What `doctor` finds on machines that have and have not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.setup.doctor import checks


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


def test_hot_path_in_python_is_said(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLBENCH_HOTPATH", "python")
    found = {check.name: check for check in checks()}["emulator's hot path"]
    assert not found.ok
    assert not found.needed
    assert "slower" in found.detail

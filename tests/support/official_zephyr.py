"""Arduino's own Zephyr core, from local clones, with Debian's compiler in place of the Zephyr SDK.

``MLBENCH_ZEPHYR_CORE`` names a clone of arduino/ArduinoCore-zephyr in its state of January 2025 (commit
00ec495, whose loader is there as plain bytes), ``MLBENCH_ARDUINO_API`` one of arduino/ArduinoCore-API.
Debian's packages are gcc-arm-none-eabi, picolibc-arm-none-eabi and libstdc++-arm-none-eabi-picolibc.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

_PROGRAMS = ("gcc", "g++", "ar", "objcopy", "size", "strip", "nm")
_LIBRARIES = Path("/usr/lib/picolibc/arm-none-eabi/lib/thumb/v7e-m+fp/hard")
_TOOL = f"""\
#!{sys.executable}
import pathlib, sys
# What extra/post_build_tool/main.go does, which is Go.
file = pathlib.Path(sys.argv[1])
data = file.read_bytes()
header = f"{{len(data)}}".encode() + bytes([0, sys.argv[2:] == ["debug"]])
file.with_name(file.name + ".dfu.bin").write_bytes(header.ljust(16, b"\\0") + data)
"""


def install_or_skip(user: Path) -> None:
    """Put the platform arduino:zephyr into ``user``/hardware; without the clones the test is passed over."""
    core, api = (Path(os.environ.get(name, "")) for name in ("MLBENCH_ZEPHYR_CORE", "MLBENCH_ARDUINO_API"))
    if not (core / "platform.txt").is_file() or not (api / "api" / "Common.h").is_file():
        pytest.skip("needs MLBENCH_ZEPHYR_CORE and MLBENCH_ARDUINO_API, clones of Arduino's cores")
    platform = user / "hardware" / "arduino" / "zephyr"
    platform.mkdir(parents=True)
    for name in ("boards.txt", "platform.txt"):
        shutil.copyfile(core / name, platform / name)
    for name in ("libraries", "firmwares", "variants"):
        (platform / name).symlink_to(core.resolve() / name)
    ours = platform / "cores" / "arduino"
    shutil.copytree(core / "cores" / "arduino", ours, symlinks=True)
    (ours / "api").unlink()
    (ours / "api").symlink_to(api.resolve() / "api")
    programs = user / "tools" / "bin"
    programs.mkdir(parents=True)
    for name in _PROGRAMS:
        more = f"-L{_LIBRARIES} " if name == "g++" else ""
        _script(programs / f"arm-zephyr-eabi-{name}", f'#!/bin/sh\nexec arm-none-eabi-{name} {more}"$@"\n')
    _script(programs / "post_build", _TOOL)
    (platform / "platform.local.txt").write_text(
        f"runtime.tools.arm-zephyr-eabi-0.16.8.path={user / 'tools'}\n"
        f"runtime.tools.zephyr-post-build-tool.path={programs}\n"
    )


def _script(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)

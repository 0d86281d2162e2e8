from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bare_image import Compiler
from hypothesis import settings
from threaded import Threaded
from workshop import compiler_or_skip, tools_or_skip

from mlbench.firmware.toolchain import Toolchain

# How long one example takes says nothing on a machine that runs other things too. On CI the examples are
# the same each time, so that a red run is about the change; elsewhere they wander, and find what is new.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("wander", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "wander")


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    """The tools of this machine, without arduino-cli."""
    return tools_or_skip()


@pytest.fixture
def interrupts() -> Iterator[None]:
    """What the test starts ends by SIGINT, though shells let their background jobs ignore that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def renode_stand_in(folder: Path, quirks: dict[str, Any]) -> Path:
    """A program that is a stand-in for Renode, with an installation beside it."""
    program, installation = folder / "renode", folder / "renode installation"
    installation.mkdir(exist_ok=True)
    fake = Path(__file__).parent / "renode" / "fake_renode.py"
    variables = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "MLBENCH_HOTPATH": os.environ.get("MLBENCH_HOTPATH", ""),
        "FAKE_RENODE": json.dumps(quirks),
        "FAKE_RENODE_INSTALLATION": str(installation),
        "FAKE_RENODE_COSTS": str(folder / "renode costs"),
    }
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items() if value)
    program.write_text(f'#!/bin/sh\nexec env {settings} {shlex.quote(sys.executable)} {fake} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Puts a stand-in for Renode where it is found; arguments are how it misbehaves."""
    installation = tmp_path / "renode installation"

    def make(**quirks: Any) -> Path:
        program = renode_stand_in(tmp_path, quirks)
        monkeypatch.setenv("MLBENCH_RENODE", str(program))
        return program

    yield make
    # Renode's installation can only be read, and several at once have the same.
    assert not installation.exists() or not list(installation.iterdir())


@pytest.fixture(scope="module")
def lasting_renode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stand-in for Renode that behaves, for all tests of a file."""
    folder = tmp_path_factory.mktemp("renode")
    with pytest.MonkeyPatch.context() as patch:
        program = renode_stand_in(folder, {})
        patch.setenv("MLBENCH_RENODE", str(program))
        yield program


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with the few tools that scripts in it need."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "cat", "chmod", "cp", "rm", "mkdir"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CC", raising=False)
    return folder


@pytest.fixture
def program(bin_folder: Path) -> Callable[..., Path]:
    """Puts a shell script on PATH."""

    def put(name: str, body: str, folder: Path = bin_folder) -> Path:
        path = folder / name
        path.write_text(f"#!{bin_folder}/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MLBENCH_HOME, not made yet."""
    home = tmp_path / "own home"
    monkeypatch.setenv("MLBENCH_HOME", str(home))
    for name in ("MLBENCH_OFFLINE", "MLBENCH_INSTALL", "INPUT_INSTALL", "RUNNER_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def said() -> list[str]:
    """Collects progress: hand on ``said.append``."""
    return []


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """Compiles bare images."""
    compiler_or_skip()
    return Compiler(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="session")
def threaded(tmp_path_factory: pytest.TempPathFactory) -> Threaded:
    """Firmware with threads."""
    compiler_or_skip()
    return Threaded(tmp_path_factory.mktemp("threaded"))

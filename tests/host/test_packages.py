"""What a start lacks is named at once."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path

import pytest

from mlbench.cli.bootstrap import _builds
from mlbench.errors import EnvironmentFault
from mlbench.host import environment
from mlbench.host.packages import missing
from mlbench.host.policy import Policy


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that is on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_what_is_missing_depends_on_what_the_start_does(path: Path) -> None:
    assert missing(builds=False).packages == ()
    assert "arduino-builder" in missing(builds=True).packages
    assert "qemu-system-arm" not in missing(builds=True).packages
    assert {"arduino-builder", "gcc-arm-none-eabi", "qemu-system-arm", "g++"} <= set(
        missing(builds=True, tests=True).packages
    )
    program(path, "arduino-cli")
    program(path, "arm-none-eabi-gcc")
    assert missing(builds=True).packages == ()


@pytest.mark.parametrize(
    ("words", "builds"),
    [
        ((), True),
        (("--offline",), True),
        (("run", "kws"), True),
        (("kws",), True),
        (("compare", "a", "b"), False),
    ],
)
def test_the_first_word_tells_whether_sketches_are_built(words: tuple[str, ...], builds: bool) -> None:
    assert _builds(words) is builds


def test_the_venv_module_and_tools_are_named_in_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(path, "apt-get")
    find = importlib.util.find_spec
    lacking = ("ensurepip", "pip", "virtualenv")
    monkeypatch.setattr(
        environment.importlib.util, "find_spec", lambda name: None if name in lacking else find(name)
    )
    monkeypatch.setattr(environment, "_own_pip", lambda: False)
    said: list[str] = []
    with pytest.raises(EnvironmentFault) as caught:
        environment._ensure_venv_module(Policy(install=False), said.append, partial(missing, builds=True))
    text = str(caught.value)
    assert "venv module, a sketch compiler (arduino-cli or arduino-builder) and arm-none-eabi-gcc are" in text
    assert "-venv arduino-builder arduino-ctags gcc-arm-none-eabi" in text
    assert said == []

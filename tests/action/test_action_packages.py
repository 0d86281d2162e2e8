"""Platforms and libraries by version, from an arduino-cli that stands in for the real one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mlbench.action.inputs import ActionInputs
from mlbench.action.measure import run_options
from mlbench.action.packages import install
from mlbench.action.set_up import set_up
from mlbench.action.state import ActionFolder
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware.toolchain import Toolchain
from mlbench.util.progress import Silent

STAND_IN = Path(__file__).parents[1] / "support" / "fake_arduino_cli.py"


class Network:
    """An arduino-cli, and what it can fetch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "arduino-cli"
        for name in ("net/acme/classic", "net/libraries/Some Lib"):
            (folder / name).mkdir(parents=True)
        (folder / "net/acme/classic/boards.txt").write_text("")
        self.program.write_text(f"#!{sys.executable} -S\n{STAND_IN.read_text()}")
        self.program.chmod(0o755)
        self.reach(True)

    def reach(self, there: bool) -> None:
        told = {"builder": "", "hardware": "", "network": str(self.folder / "net") if there else ""}
        (self.folder / "fake.json").write_text(json.dumps(told))

    @property
    def tools(self) -> Toolchain:
        return Toolchain(arduino_cli=self.program)

    @property
    def installs(self) -> list[str]:
        log = self.folder / "calls.jsonl"
        calls: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
        return [call["argv"][4] for call in calls if call["argv"][3:4] == ["install"]]


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    return Network(tmp_path)


BOTH = ActionInputs(platforms=("acme:classic@4.1.5",), libraries=("Some Lib@1.2.3",))


def test_they_are_installed_once_and_given_to_the_build(network: Network) -> None:
    found = install(BOTH, network.tools, Silent())
    assert found.data is not None
    assert (found.data / "packages/acme/hardware/classic/4.1.5/boards.txt").is_file()
    (library,) = found.libraries
    assert "version=1.2.3" in (library / "library.properties").read_text()
    assert run_options(BOTH, found).libraries == (str(library),)
    network.reach(False)
    assert install(BOTH, network.tools, Silent()) == found
    assert network.installs == ["acme:classic@4.1.5", "Some Lib@1.2.3"]


def test_another_version_is_another_set(network: Network) -> None:
    first = install(BOTH, network.tools, Silent())
    second = install(ActionInputs(libraries=("Some Lib@2.0.0",)), network.tools, Silent())
    assert second.data is None
    assert first.libraries != second.libraries
    assert "2.0.0" in (second.libraries[0] / "library.properties").read_text()


def test_what_failed_is_tried_again(network: Network) -> None:
    network.reach(False)
    with pytest.raises(EnvironmentFault, match="acme:classic: cannot be installed"):
        install(BOTH, network.tools, Silent())
    network.reach(True)
    assert install(BOTH, network.tools, Silent()).libraries


def test_what_cannot_be_is_told(network: Network) -> None:
    for text in ("acme", "acme:classic:board@1", "@1.0"):
        with pytest.raises(UsageError, match="input platforms"):
            install(ActionInputs(platforms=(text,)), network.tools, Silent())
    with pytest.raises(EnvironmentFault, match="needs arduino-cli"):
        install(BOTH, Toolchain(), Silent())
    assert install(ActionInputs(), Toolchain(), Silent()).libraries == ()


def test_set_up_installs_what_the_inputs_name_and_nothing_of_the_project(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{network.folder}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlbench.yml").write_text("neither read nor refused: here")
    work = ActionFolder.make(tmp_path / "temp")

    def outputs(settings: ActionInputs) -> dict[str, str]:
        work.settings.write_text(settings.to_json())
        return set_up({"MLBENCH_ACTION_WORK": str(work.folder)}, Silent())

    assert outputs(ActionInputs()) == {}  # what is on PATH is nothing to keep
    # The step that measures says what is wrong; and half of it must not be kept under the key of all of it.
    assert outputs(ActionInputs(platforms=("acme",))) == {}
    network.reach(False)
    assert outputs(BOTH) == {}
    network.reach(True)
    assert outputs(ActionInputs(platforms=BOTH.platforms, firmware_dir="x")) == {}
    assert outputs(BOTH) == {"tools": "true"}
    network.reach(False)
    assert install(BOTH, network.tools, Silent()).libraries

"""The conversation and the process, against a stand-in that misbehaves as Renode does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlbench.cli.doctor import _renode
from mlbench.errors import EnvironmentFault
from mlbench.renode.client import CommandFailed, Gone, NoAnswer
from mlbench.renode.process import CpuAborted, RenodeProcess

Make = Callable[..., Path]


def processes_of(group: int) -> list[str]:
    """The processes of a group that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(entry.name)
    return found


def group_of(process: RenodeProcess) -> int:
    assert process._process is not None
    return process._process.pid


def gone(group: int) -> bool:
    for _ in range(100):
        if not processes_of(group):
            return True
        time.sleep(0.02)
    return False


def test_it_talks_and_leaves_nothing(renode: Make) -> None:
    renode(wedge=True)
    with RenodeProcess() as process:
        group, folder = group_of(process), process.folder
        assert process.version == "1.16.1"
        assert process.client.execute("version").startswith("Renode, version 1.16.1")
        assert len(processes_of(group)) >= 3  # the supervisor, Renode, and a child of its own
    assert gone(group)
    assert not folder.exists()


def test_what_fails_is_told_apart(renode: Make) -> None:
    renode()
    with RenodeProcess() as process:
        client = process.client
        with pytest.raises(CommandFailed, match=r"refuses.*NoSuchKeyword.*not found"):
            client.keyword("NoSuchKeyword", "1")
        with pytest.raises(CommandFailed, match=r"refuses.*types do not match"):
            client.keyword("ExecuteCommand", "version", "again", "and again")
        # The second argument is a machine's name.
        with pytest.raises(CommandFailed, match=r"failed at.*Could not find machine named again"):
            client.keyword("ExecuteCommand", "version", "again")
        with pytest.raises(CommandFailed, match=r"failed at.*foo bar.*No such command"):
            client.execute("foo bar")
        with pytest.raises(Gone, match="no number"):
            client.number("version")
        assert client.execute("version")  # it goes on all the same


@pytest.mark.parametrize(
    ("how", "error"), [("die", Gone), ("reset", Gone), ("garbage", Gone), ("hang", NoAnswer)]
)
def test_a_call_that_is_not_answered(renode: Make, how: str, error: type[Exception]) -> None:
    renode(at={"mach create": [1, how]})
    with RenodeProcess() as process:
        group = group_of(process)
        begin = time.monotonic()
        with pytest.raises(error):
            process.client.execute('mach create "board"', seconds=1.0)
        assert time.monotonic() - begin < 10
    assert gone(group)


def test_death_is_named_with_its_exit_status(renode: Make) -> None:
    renode(at={"version": [2, "die"]})
    with RenodeProcess() as process:
        with pytest.raises(Gone, match=r"exit status -6"):
            process.wait_for_call(lambda: process.client.execute("version"), 10.0, lambda: None)
        assert process.exit_status() == -signal.SIGABRT


def test_an_abort_of_the_cpu_is_seen_while_the_call_hangs(renode: Make) -> None:
    renode(at={"version": [2, "hang"]})
    with RenodeProcess() as process:
        told: list[str] = []
        begin = time.monotonic()

        def look() -> None:
            told.append("asked")
            if len(told) > 3:
                raise CpuAborted("outside RAM")

        with pytest.raises(CpuAborted, match="outside RAM"):
            process.wait_for_call(lambda: process.client.execute("version", seconds=60), 60.0, look)
        assert time.monotonic() - begin < 10


def test_a_late_port(renode: Make) -> None:
    renode(start_seconds=0.5, port="late")
    with RenodeProcess() as process:
        assert process.client.execute("version")


def test_a_port_of_a_dead_process_is_not_taken(renode: Make) -> None:
    renode(port="dead")
    with RenodeProcess() as process:
        assert process.client.execute("version")


def test_no_port_at_all(renode: Make) -> None:
    renode(port="never", wedge=True)
    with pytest.raises(NoAnswer, match=r"did not open its port within 2 s"):
        RenodeProcess(start_seconds=2.0)


def test_it_ends_at_once(renode: Make) -> None:
    renode(start="exit")
    with pytest.raises(Gone, match=r"ended at once \(exit status 3; Fatal error: no valid ICU package\)"):
        RenodeProcess()


def test_too_old(renode: Make) -> None:
    renode(version="1.14.0")
    with pytest.raises(EnvironmentFault, match=r"Renode 1\.14\.0 is too old, 1\.15 is needed"):
        RenodeProcess()


def test_too_new(renode: Make) -> None:
    renode(version="1.18.0")
    with pytest.raises(EnvironmentFault, match=r"Renode 1\.18\.0 has not been tried, 1\.17 is the newest"):
        RenodeProcess()


@pytest.mark.parametrize("version", ["1.15.3", "1.16.1 (1.16.1+20261128)", "1.17.0"])
def test_versions_that_serve(renode: Make, version: str) -> None:
    renode(version=version)
    with RenodeProcess() as process:
        assert process.version == version.partition(" ")[0]


def test_none_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MLBENCH_RENODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    with pytest.raises(EnvironmentFault, match=r"there is no renode on PATH; install Renode"):
        RenodeProcess()
    monkeypatch.setenv("MLBENCH_RENODE", str(tmp_path / "none"))
    with pytest.raises(EnvironmentFault, match="is no program that can be run"):
        RenodeProcess()


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_dies_with_whoever_started_it(renode: Make, number: signal.Signals, tmp_path: Path) -> None:
    renode(wedge=True)
    code = (
        "import time\n"
        "from mlbench.renode.process import RenodeProcess\n"
        "process = RenodeProcess()\n"
        "print(process._process.pid, process.folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environ) as starter:
        assert starter.stdout is not None
        number_of_group, folder = starter.stdout.readline().decode().split()
        group = int(number_of_group)
        assert processes_of(group)
        assert Path(folder).is_dir()
        starter.send_signal(number)
        starter.wait()
    assert gone(group)
    assert not Path(folder).exists()


def test_doctor_starts_it_and_says_its_version(renode: Make) -> None:
    renode()
    good = _renode()
    assert good.ok
    assert good.detail.startswith("1.16.1, which starts: /")
    renode(start="exit")
    bad = _renode()
    assert not bad.ok
    assert "ended at once (exit status 3" in bad.detail

"""Child processes: what they see, and that they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlbench.errors import EnvironmentFault, HostTimeout
from mlbench.util.subprocesses import child_environment, run


def test_children_see_no_secrets_and_no_command_files() -> None:
    seen = child_environment(
        {
            "PATH": "/bin",
            "HOME": "/home/me",
            "GITHUB_TOKEN": "s",
            "GITHUB_ENV": "/f",
            "INPUT_TOKEN": "s",
            "ACTIONS_RUNTIME_TOKEN": "s",
            "AWS_SECRET_ACCESS_KEY": "s",
            "LD_PRELOAD": "x.so",
            "LANG": "de_DE.UTF-8",
            "https_proxy": "http://proxy:3128",
        },
        {"EXTRA": "1"},
        "/opt/gcc/bin",
    )
    assert set(seen) == {"PATH", "HOME", "https_proxy", "LANG", "LC_ALL", "SOURCE_DATE_EPOCH", "EXTRA"}
    assert seen["PATH"] == f"/opt/gcc/bin{os.pathsep}/bin"
    assert seen["LANG"] == seen["LC_ALL"] == "C"


def test_arguments_reach_the_program_as_they_are(tmp_path: Path) -> None:
    text = "a b;$(touch x) 'q' \"d\" *"
    done = run(
        [sys.executable, "-c", "import sys; print(sys.argv[1])", text],
        cwd=tmp_path, environment={}, seconds=20,
    )  # fmt: skip
    assert done.stdout.strip() == text
    assert list(tmp_path.iterdir()) == []


def test_a_deadline_kills_the_children_too(tmp_path: Path) -> None:
    script = tmp_path / "long.sh"
    script.write_text("#!/bin/sh\nsleep 30 &\necho $! > child\nwait\n")
    script.chmod(0o755)
    begin = time.monotonic()
    with pytest.raises(HostTimeout) as caught:
        run([str(script)], cwd=tmp_path, environment={"PATH": os.environ["PATH"]}, seconds=0.5)
    assert time.monotonic() - begin < 10
    assert caught.value.exit_status == 4
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _alive(child):
            break
        time.sleep(0.02)
    assert not _alive(child)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="nowhere: cannot be started"):
        run([str(tmp_path / "nowhere")], cwd=tmp_path, environment={}, seconds=1)


def _end(pid: int) -> bool:
    for _ in range(200):
        if not _alive(pid):
            return True
        time.sleep(0.02)
    return False


SUPERVISED = pytest.mark.parametrize("supervised", [False, True])


@SUPERVISED
def test_status_and_both_outputs(tmp_path: Path, supervised: bool) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    script = "import sys; print('out', sys.stdin.read()); sys.stderr.write('err'); sys.exit(7)"
    done = run(
        [sys.executable, "-c", script], cwd=tmp_path, environment={}, seconds=20, supervised=supervised
    )
    assert (done.status, done.stdout, done.stderr) == (7, "out \n", "err")
    script = "import os; os.kill(os.getpid(), 9)"
    done = run(
        [sys.executable, "-c", script], cwd=tmp_path, environment={}, seconds=20, supervised=supervised
    )
    assert done.status == -9
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@SUPERVISED
def test_a_supervised_program_that_is_not_there(tmp_path: Path, supervised: bool) -> None:
    with pytest.raises(EnvironmentFault, match="nowhere: cannot be started: No such file"):
        run(["nowhere"], cwd=tmp_path, environment={"PATH": "/bin"}, seconds=1, supervised=supervised)


def test_a_supervised_program_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    done = run([str(tmp_path / "text")], cwd=tmp_path, environment={}, seconds=20, supervised=True)
    assert (done.status, done.stderr) == (126, "cannot be started: Exec format error\n")


@SUPERVISED
def test_the_last_of_an_endless_output_is_kept(tmp_path: Path, supervised: bool) -> None:
    script = "for i in range(300000): print(i)"
    done = run(
        [sys.executable, "-c", script],
        cwd=tmp_path, environment={}, seconds=60, supervised=supervised, most_bytes=100,
    )  # fmt: skip
    assert len(done.stdout) == 100
    assert done.stdout.endswith("299998\n299999\n")


# As arduino-cli starts the tools that upload: in process groups of their own.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"], preexec_fn=os.setpgrp)
open("child", "w").write(f"{os.getpid()} {child.pid}")
os.rename("child", "pids")
time.sleep(float(sys.argv[1]))
"""


@SUPERVISED
@pytest.mark.parametrize("seconds", ["0", "60"])
def test_children_in_groups_of_their_own_end_too(tmp_path: Path, supervised: bool, seconds: str) -> None:
    """Also where they keep the pipes open after the program has ended."""
    begin = time.monotonic()
    argv = [sys.executable, "-c", FAMILY, seconds]
    environment = {"PATH": os.environ["PATH"]}
    if seconds == "0":
        assert run(argv, cwd=tmp_path, environment=environment, seconds=30, supervised=supervised).status == 0
    else:
        with pytest.raises(HostTimeout):
            run(argv, cwd=tmp_path, environment=environment, seconds=2, supervised=supervised)
    assert time.monotonic() - begin < 15
    assert all(_end(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_supervised_program_dies_with_who_started_it(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from mlbench.util.subprocesses import run\n"
        "environment = {'PATH': os.environ['PATH']}\n"
        f"argv = [sys.executable, '-c', {FAMILY!r}, '60']\n"
        "run(argv, cwd=Path.cwd(), environment=environment, seconds=60, supervised=True)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL
    ) as starter:
        until = time.monotonic() + 20
        while not (tmp_path / "pids").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        starter.send_signal(number)
        starter.wait(20)
    assert all(_end(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"

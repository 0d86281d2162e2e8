"""Child processes: what they see, and that they end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from mlbench.build.process import child_environment, run
from mlbench.errors import EnvironmentFault, HostTimeout


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


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"

"""`python3 entrypoint.py`, with real processes and real environments."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_project import ROOT, Project, make_project, snapshot

OLD_PYTHONS = sorted(
    path
    for pattern in ("2.7.*", "3.[6-9].*")
    for path in Path.home().glob(f".pyenv/versions/{pattern}/bin/python")
    if path.is_file()
)


def test_first_start_says_what_it_makes_and_the_next_is_silent(ready_project: Project) -> None:
    first = ready_project.environ["FIRST_STDERR"].splitlines()
    assert "making the Python environment (once)" in first[0]
    assert all(line.startswith("mlbench: ") for line in first)
    again = ready_project.start("boards")
    assert again.returncode == 0
    assert again.stderr == ""


def test_packages_and_our_own_code_come_from_their_places(ready_project: Project) -> None:
    answer = ready_project.answer("run", "a sketch", "--n=1")
    assert answer["argv"] == ["run", "a sketch", "--n=1"]
    assert answer["tinydep"] == "1.0"
    assert answer["first"] == str(ready_project.root)
    assert str(answer["file"]).startswith(str(ready_project.home / "environments"))
    assert not (ready_project.root.parent / "wrong place").exists()


WATCHED = """
import os, runpy, sys
before = set(sys.modules)

def watch(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.system", "socket.connect"):
        sys.stderr.write(f"{event} {' '.join(sorted(set(sys.modules) - before))}\\n")
        sys.stderr.flush()

sys.addaudithook(watch)
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_warm_start_does_little(ready_project: Project) -> None:
    """It becomes the environment's Python, and that is all. How long it takes: ``make bench-start``."""
    _, *command = ready_project.command("boards")
    done = subprocess.run(
        [ready_project.python, "-c", WATCHED, *command],
        env=ready_project.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    (line,) = done.stderr.splitlines()
    event, *modules = line.split()
    assert event == "os.exec"
    # What installs, downloads and builds is loaded when there is something to install.
    for late in ("venv", "ensurepip", "pip", "urllib.request", "http.client", "ssl", "logging"):
        assert late not in modules
    assert sum(name.startswith("mlbench.") for name in modules) < 15


def test_the_started_process_is_mlbench_itself(ready_project: Project) -> None:
    process = subprocess.Popen(
        ready_project.command("x"), env=ready_project.environ, stdout=subprocess.PIPE, text=True
    )
    output, _ = process.communicate(timeout=60)
    assert json.loads(output)["pid"] == process.pid
    assert ready_project.start("--status").returncode == 7


def test_signals_reach_mlbench(ready_project: Project) -> None:
    with subprocess.Popen(
        ready_project.command("--sleep"), env=ready_project.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sleeping\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == -signal.SIGTERM


def test_dev_runs_a_command_with_the_environments_tools(warm_project: Project) -> None:
    shutil.copy(warm_project.root / "requirements/runtime.txt", warm_project.root / "requirements/dev.txt")
    done = warm_project.start("--dev", "python", "-c", "import sys; print(sys.prefix); sys.exit(5)")
    assert done.returncode == 5
    assert done.stdout.strip() == str(warm_project.environments[0])
    missing = warm_project.start("--dev", "no-such-command")
    assert missing.returncode == 2
    assert "cannot run no-such-command" in missing.stderr


def test_two_first_starts_make_one_environment(new_project: Project) -> None:
    processes = [
        subprocess.Popen(
            new_project.command("x"),
            env=new_project.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    errors = [error for _, error in results]
    assert sum("making the Python environment (once)" in error for error in errors) == 1
    assert sum("waiting for another mlbench, which is making" in error for error in errors) == 1
    assert len({json.loads(output)["prefix"] for output, _ in results}) == 1


def test_half_made_environment_is_made_anew(new_project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as index:  # takes connections and never answers
        started = subprocess.Popen(
            new_project.command("x"),
            env=new_project.with_environ(
                {
                    "MLBENCH_WHEELHOUSE": None,
                    "PIP_INDEX_URL": f"http://127.0.0.1:{index.getsockname()[1]}",
                    "PIP_RETRIES": "0",
                    "PIP_FIND_LINKS": None,
                    "NO_PROXY": "*",
                }
            ),
            stderr=subprocess.DEVNULL,
        )
        index.settimeout(60)
        connection, _ = index.accept()
        # Its pip goes on without it; the next start must not make the same environment meanwhile.
        started.kill()
        started.wait()
        half = new_project.environments[0]
        assert not (half / "mlbench-complete.json").exists()
        (half / "left over").touch()
        again = subprocess.Popen(
            new_project.command("x"),
            env=new_project.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert again.stderr is not None
        assert "waiting for another mlbench, which is making" in again.stderr.readline()
        connection.close()
    output, _ = again.communicate(timeout=120)
    assert json.loads(output)["prefix"] == str(half)
    assert not (half / "left over").exists()


def test_python_without_a_pip_of_its_own(new_project: Project, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    new_project.python = str(tmp_path / "bare/bin/python")
    assert new_project.answer("x")["tinydep"] == "1.0"


def test_other_lock_is_another_environment(new_project: Project) -> None:
    assert new_project.answer("x")["tinydep"] == "1.0"
    new_project.lock(version="2.0")
    assert new_project.answer("x")["tinydep"] == "2.0"
    assert len(new_project.environments) == 2


def test_edited_native_source_is_built_again_in_the_same_environment(warm_project: Project) -> None:
    if not shutil.which("cc"):
        pytest.skip("no C compiler on PATH")
    source = warm_project.root / "mlbench/emulator/_block_hook.c"
    source.write_text(source.read_text() + "\nint one_more;\n")
    again = warm_project.start("x")
    assert "building the emulator's block hook" in again.stderr
    assert len(warm_project.environments) == 1
    assert len(list(warm_project.environments[0].glob("native/*.so"))) >= 2
    assert warm_project.start("x").stderr == ""


def test_package_with_another_hash_is_refused(new_project: Project) -> None:
    new_project.lock(digest="0" * 64)
    done = new_project.start("x")
    assert done.returncode == 4
    line = done.stderr.splitlines()[-1]
    assert "cannot be installed" in line
    assert "HASHES" in line.upper()
    assert done.stdout == ""


def test_offline_without_wheels_says_what_to_do_in_one_line(new_project: Project) -> None:
    done = new_project.start("--offline", MLBENCH_WHEELHOUSE=None)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "--offline" in done.stderr
    assert "MLBENCH_WHEELHOUSE" in done.stderr


def test_offline_with_a_wheelhouse_or_an_environment_works(new_project: Project) -> None:
    assert new_project.answer("--offline")["tinydep"] == "1.0"
    shutil.rmtree(new_project.root.parent / "wheel house")
    assert new_project.answer("--offline", MLBENCH_WHEELHOUSE=None)["tinydep"] == "1.0"


def test_unreachable_index_is_named_as_such(new_project: Project) -> None:
    done = new_project.start(
        "x",
        MLBENCH_WHEELHOUSE=None,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="1",
        PIP_CONFIG_FILE=os.devnull,
    )
    assert done.returncode == 4
    assert "the package index cannot be reached" in done.stderr.splitlines()[-1]


def test_wheelhouse_that_is_not_there(new_project: Project) -> None:
    done = new_project.start("x", MLBENCH_WHEELHOUSE="/no/such/folder")
    assert done.returncode == 4
    assert "MLBENCH_WHEELHOUSE=/no/such/folder: no such folder" in done.stderr


def test_folder_of_somebody_else_is_not_taken_over(new_project: Project) -> None:
    new_project.home.mkdir()
    (new_project.home / "thesis.tex").touch()
    done = new_project.start("x")
    assert done.returncode == 4
    assert "thesis.tex" in done.stderr
    assert [path.name for path in new_project.home.iterdir()] == ["thesis.tex"]


def test_home_that_cannot_be_made(new_project: Project) -> None:
    done = new_project.start("x", MLBENCH_HOME="/dev/null/home")
    assert done.returncode == 4
    assert "set MLBENCH_HOME to another folder" in done.stderr


def test_uninstall_removes_and_makes_nothing(new_project: Project) -> None:
    done = new_project.start("uninstall")
    assert (done.returncode, new_project.home.exists()) == (0, False)
    assert "nothing to remove" in done.stderr
    (new_project.home / "builds" / "sketch").mkdir(parents=True)
    (new_project.home / "CACHEDIR.TAG").touch()
    done = new_project.start("uninstall")
    assert (done.returncode, new_project.home.exists()) == (0, False)
    assert done.stderr == f"mlbench: removed {new_project.home}\n"


@pytest.fixture
def open_project() -> Iterator[Project]:
    """A new project where another user gets to: pytest closes its own folders to others at any time."""
    with tempfile.TemporaryDirectory() as folder:
        yield make_project(Path(folder))


def test_read_only_checkout(open_project: Project) -> None:
    """As a user who may write to nothing but a home; root may write everywhere, so it becomes one."""
    new_project = open_project
    before = snapshot(new_project.root)
    user: dict[str, int] = {}
    if os.geteuid() == 0:
        system_python = Path("/usr/bin/python3")
        if not system_python.exists():
            pytest.skip("no Python that another user may run")
        new_project.python = str(system_python)
        new_project.home.mkdir()
        os.chown(new_project.home, 65534, 65534)
        new_project.root.parent.chmod(0o711)
        user = {"user": 65534, "group": 65534}
    else:
        for path in [new_project.root, *new_project.root.rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
    answers = []
    for _ in range(2):
        done = subprocess.run(
            new_project.command("x"),
            env={**new_project.environ, "HOME": "/nonexistent"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            extra_groups=[] if user else None,
            **user,
        )
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert snapshot(new_project.root).keys() == before.keys()
    assert str(answers[1]["cached"]).startswith(str(new_project.home))
    assert Path(answers[1]["cached"]).is_file()


def test_entry_can_be_read_by_old_pythons() -> None:
    text = (ROOT / "entrypoint.py").read_text()
    ast.parse(text, feature_version=(3, 4))
    simulated = "import runpy, sys; sys.version_info = (3, 6, 15, 'final', 0); "
    simulated += f"runpy.run_path({str(ROOT / 'entrypoint.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", simulated], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "needs Python 3.10 or newer, this is 3.6" in done.stderr


@pytest.mark.parametrize("python", OLD_PYTHONS, ids=lambda path: path.parts[-3])
def test_old_python_says_so(python: Path) -> None:
    done = subprocess.run(
        [python, ROOT / "entrypoint.py", "boards"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "needs Python 3.10 or newer" in done.stderr

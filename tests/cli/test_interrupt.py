"""Signals: a quick end, with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from waiting_suite import WAITING_SKETCH

ROOT = Path(__file__).parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
SUITE = f"sketches:\n{WAITING_SKETCH}"


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_signal_ends_it_quietly_and_with_its_children(tmp_path, number, status):
    """Interrupted, or killed, while a prepare command, which would go on for a minute, runs."""
    (tmp_path / "mlbench.yml").write_text(SUITE)
    process = subprocess.Popen(
        [sys.executable, "-m", "mlbench"],
        cwd=tmp_path,
        env={**ENVIRON, "MLBENCH_HOME": str(tmp_path / "home")},
        stderr=subprocess.PIPE,
        text=True,
    )
    written = tmp_path / "pid"
    deadline = time.monotonic() + 30
    while not (written.exists() and written.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(written.read_text())
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in err
    if number == signal.SIGKILL:
        # Who watches over the command sees the end of mlbench, and has its own few steps to do.
        while _alive(child) and time.monotonic() < deadline:
            time.sleep(0.02)
    else:
        assert err.splitlines()[-1] == "mlbench: interrupted"
    assert not _alive(child)


def _alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet collected does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


SWALLOWS = """\
import ctypes, os, signal, time
from mlbench.util.interrupt import interruptible
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

@compare
def callback(one, other):
    os.kill(os.getpid(), signal.SIGTERM)
    return 0

with interruptible(grace=0.3):
    ctypes.CDLL(None).qsort((ctypes.c_int * 2)(), 2, 4, callback)
    time.sleep(20)
"""


def test_a_signal_that_native_code_swallows_ends_it_all_the_same():
    """An exception raised in a callback of native code is lost; the process must end nevertheless."""
    done = subprocess.run([sys.executable, "-c", SWALLOWS], env=ENVIRON, capture_output=True, timeout=30)
    assert done.returncode == 143, "it went on to its own end"
    assert b"Exception ignored" in done.stderr, "the exception was not lost, so this shows nothing"


UNHEARD = """\
import os, signal, threading, time
from mlbench.pipeline.run import _each
from mlbench.util.interrupt import Interrupted, interruptible

def job(_item):
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)

try:
    with interruptible():
        _each(job, [1], 1)
except Interrupted as interrupted:
    os._exit(interrupted.status)
"""


def test_a_signal_that_does_not_wake_the_main_thread_ends_it_too():
    """As one that comes between its last look for signals and its sleep: here another thread gets it."""
    done = subprocess.run([sys.executable, "-c", UNHEARD], env=ENVIRON, capture_output=True, timeout=30)
    assert done.returncode == 143, done.stderr

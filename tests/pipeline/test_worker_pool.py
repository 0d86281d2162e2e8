"""Measuring in other processes: the same figures and errors, and no process that is left behind."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from workshop import OWN_BOARD, Workshop

from mlbench.core.execution import Functions
from mlbench.core.firmware import Diagnostic, Firmware
from mlbench.errors import EnvironmentFault, HostTimeout, MLBenchError, SketchError
from mlbench.firmware import BuildFailed
from mlbench.firmware.toolchain import Toolchain
from mlbench.measure.profile import Profile, profile
from mlbench.pipeline import worker_pool
from mlbench.pipeline.services import target_for
from mlbench.pipeline.worker import Answer, MeasureJob, measured
from mlbench.pipeline.worker_pool import WorkerPool
from mlbench.suite.suite_file import SketchSpec, Source

ROOT = Path(__file__).parents[2]
SKETCH = """\
#include <Arduino.h>
#include <stdlib.h>
__attribute__((noinline)) void start() { Serial.begin(9600); }
__attribute__((noinline)) int infer() { free(malloc(100)); return millis(); }
void setup() { start(); Serial.println(infer()); }
void loop() {}
"""


@pytest.fixture(scope="module")
def firmware(tools: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    return Workshop(tools, tmp_path_factory.mktemp("pooled")).build("pooled", {"pooled.ino": SKETCH})


@pytest.fixture
def pool() -> WorkerPool:
    return WorkerPool()


@pytest.fixture
def elsewhere(pool: WorkerPool):
    """The pool, whose own process is busy."""
    with pool._here:
        yield pool
    pool.release()


def spec(**keys) -> SketchSpec:
    return SketchSpec(
        "pooled", Path("pooled"), OWN_BOARD, Source(), functions=Functions("start", "infer"), **keys
    )


def take(pool: WorkerPool, firmware: Firmware, wanted: SketchSpec) -> Profile:
    return pool.profile(firmware, wanted, target_for(wanted), 42)


def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """The processes that the pool starts from now on."""
    started: list[subprocess.Popen] = []
    start = subprocess.Popen

    def popen(*words, **options):
        process = start(*words, **options)
        if worker_pool._START in words[0]:
            started.append(process)
        return process

    monkeypatch.setattr(worker_pool.subprocess, "Popen", popen)
    return started


def test_figures_are_the_same_elsewhere(elsewhere: WorkerPool, firmware: Firmware, monkeypatch) -> None:
    started = processes(monkeypatch)
    wanted = spec()
    expected = profile(firmware, wanted, target_for(wanted), 42)
    assert take(elsewhere, firmware, wanted) == expected
    assert take(elsewhere, firmware, wanted) == expected
    assert len(started) == 1, "a process that is idle is used again"
    elsewhere.release()
    assert started[0].returncode == 0


def test_modules_beside_a_sketch_are_not_taken(
    elsewhere: WorkerPool, firmware: Firmware, tmp_path: Path, monkeypatch
) -> None:
    """The current folder is somebody's project: what lies there is never run."""
    trap = f"open({str(tmp_path / 'taken')!r}, 'w')\nraise SystemExit(7)\n"
    for name in ("pickle", "yaml", "serial", "unicorn", "mlbench", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(trap)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert take(elsewhere, firmware, spec()).failure is None
    assert not (tmp_path / "taken").exists()


def test_many_at_a_time(pool: WorkerPool, firmware: Firmware, monkeypatch) -> None:
    started = processes(monkeypatch)
    barrier = threading.Barrier(3)

    def one(_number: int) -> Profile:
        barrier.wait()
        return take(pool, firmware, spec())

    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(one, range(3)))
    pool.release()
    assert results[0] == results[1] == results[2]
    assert len(started) <= 2, "one of them measures here"
    assert [process.returncode for process in started] == [0] * len(started)


def test_errors_come_back_as_they_are(elsewhere: WorkerPool, firmware: Firmware) -> None:
    wanted, broken = spec(), replace(firmware, elf=Path("/nowhere.elf"))
    with pytest.raises(MLBenchError) as here:
        profile(broken, wanted, target_for(wanted), 42)
    with pytest.raises(MLBenchError) as there:
        take(elsewhere, broken, wanted)
    assert type(there.value) is type(here.value)
    assert str(there.value) == str(here.value)
    assert "Traceback" in str(there.value.__cause__)


@pytest.mark.parametrize(
    "error",
    [
        HostTimeout("gave up after 600 s", where="kws", do="run elsewhere"),
        BuildFailed("bad", where="kws.ino:3", diagnostics=(Diagnostic("error", "bad", "kws.ino", 3, 1),)),
        SketchError("is empty"),
    ],
)
def test_errors_survive_the_way(error: MLBenchError) -> None:
    copy = pickle.loads(pickle.dumps(Answer(error=error))).error
    assert type(copy) is type(error)
    assert (str(copy), copy.__dict__, copy.exit_status) == (str(error), error.__dict__, error.exit_status)


def test_a_process_that_dies_is_the_error_of_its_sketch(
    elsewhere: WorkerPool, firmware: Firmware, monkeypatch
) -> None:
    started = processes(monkeypatch)
    first = take(elsewhere, firmware, spec())
    started[0].kill()
    started[0].wait()
    with pytest.raises(EnvironmentFault, match="pooled: the process that measured ended by SIGKILL"):
        take(elsewhere, firmware, spec())
    assert take(elsewhere, firmware, spec()) == first, "the next sketch gets another process"


def test_no_process_outlives_a_killed_run(tmp_path: Path) -> None:
    code = (
        "import time; from mlbench.pipeline.worker_pool import _Worker; worker = _Worker();"
        "print(worker._process.pid, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert run.stdout is not None
    worker = int(run.stdout.readline())
    # A process file descriptor becomes readable when the process ends.
    watched = os.pidfd_open(worker)
    try:
        run.send_signal(signal.SIGKILL)
        run.wait()
        ready, _, _ = select.select([watched], [], [], 30)
        assert ready, f"process {worker} still runs"
    finally:
        os.close(watched)
        run.stdout.close()


def test_an_error_of_no_known_kind_is_an_answer(firmware: Firmware, monkeypatch) -> None:
    def broken(*_words: object) -> Profile:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("mlbench.measure.profile.profile", broken)
    answer = measured(MeasureJob(firmware, spec(), None))
    assert isinstance(answer.error, ZeroDivisionError)
    assert "ZeroDivisionError: by zero" in answer.trace

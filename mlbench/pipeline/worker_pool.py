"""Processes that measure, so that as many emulated boards run at a time as there are cores.

The emulator runs outside of Python's lock, what steers it does not: two boards in one process are
hardly faster than one. The first job of a run is measured in this process, which costs no start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mlbench.errors import EnvironmentFault
from mlbench.pipeline.worker import Answer, MeasureJob, read_message, write_message

if TYPE_CHECKING:
    from mlbench.core.execution import Target
    from mlbench.core.firmware import Firmware
    from mlbench.measure.profile import Profile
    from mlbench.suite.suite_file import SketchSpec

_ROOT = Path(__file__).parents[2]
_START = (
    "import sys; sys.path[:] = sys.argv[2].split('\\n'); from mlbench.pipeline import worker; worker.main()"
)
"""The same modules as here: neither the current folder, where somebody's sketch may have a ``serial.py``
beside it, nor a PYTHONPATH that this process does not heed may bring in others."""


class WorkerPool:
    """Measures in this process or in another one, whichever is free. ``release`` ends the others."""

    def __init__(self) -> None:
        self._here = threading.Lock()
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def profile(
        self, firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None = None
    ) -> Profile:
        """See ``measure.profile.profile``. ``target`` is what ``services.target_for`` makes of ``spec``."""
        from mlbench.measure.profile import profile

        if self._here.acquire(blocking=False):
            try:
                return profile(firmware, spec, target, overhead)
            finally:
                self._here.release()
        return self._elsewhere(MeasureJob(firmware, spec, overhead))

    def _elsewhere(self, job: MeasureJob) -> Profile:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker()
        answer = worker.ask(job)
        if worker.runs:
            with self._lock:
                self._idle.append(worker)
        else:
            worker.close()
        if answer.error is not None:
            answer.error.__cause__ = _Elsewhere(answer.trace)
            raise answer.error
        assert answer.profile is not None
        return answer.profile

    def release(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()


class _Elsewhere(Exception):
    """The traceback of an error in another process, for ``--debug``."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class _Worker:
    """One process, in a session of its own as all that is started (``util.interrupt``)."""

    def __init__(self) -> None:
        life, self._life = os.pipe()
        path = "\n".join([str(_ROOT), *filter(None, sys.path)])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-E", "-c", _START, str(life), path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(life,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._life)
            what = f"no process to measure in can be started: {error.strerror or error}"
            raise EnvironmentFault(what, do="end other programs, or use --jobs 1") from error
        finally:
            os.close(life)

    @property
    def runs(self) -> bool:
        """Whether it can take another job."""
        return self._process.poll() is None

    def ask(self, job: MeasureJob) -> Answer:
        """What it says of a job. A process that ends over it is an answer too: an error."""
        answer = None
        with suppress(OSError):
            write_message(self._pipe(self._process.stdin), job)
            answer = read_message(self._pipe(self._process.stdout))
        if isinstance(answer, Answer):
            return answer
        status = self._process.wait()
        ended = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        what = f"the process that measured ended {ended}"
        return Answer(
            error=EnvironmentFault(what, where=job.spec.name, do="check this machine's memory, and report it")
        )

    def close(self) -> None:
        """End it: there is no other job. It must have answered the last one."""
        with suppress(OSError):
            self._pipe(self._process.stdin).close()
        self._process.wait()
        self._pipe(self._process.stdout).close()
        os.close(self._life)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

"""A process that measures for another one. It lives as long as that one does.

Jobs come through standard input and go back through standard output, each as a length and a pickle.
Both ends are this program: nothing of a sketch is ever unpickled.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from mlbench.core.firmware import Firmware
    from mlbench.measure.profile import Profile
    from mlbench.suite.suite_file import SketchSpec

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class MeasureJob:
    """What to measure."""

    firmware: Firmware
    spec: SketchSpec
    overhead: int | None


@dataclass(frozen=True)
class Answer:
    """What measuring gave: a profile, or the error that it raised with the text of its traceback."""

    profile: Profile | None = None
    error: Exception | None = None
    trace: str = ""


def write_message(stream: IO[bytes], message: MeasureJob | Answer) -> None:
    """Send a message. Raises OSError when nobody reads, and what pickling raises before anything is sent."""
    data = pickle.dumps(message)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "little") + data)
    stream.flush()


def read_message(stream: IO[bytes]) -> MeasureJob | Answer | None:
    """The next message; None where the other end is gone, also in the middle of one."""
    head = stream.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        return None
    size = int.from_bytes(head, "little")
    data = stream.read(size)
    if len(data) < size:
        return None
    message: MeasureJob | Answer = pickle.loads(data)  # noqa: S301 (its own pipe)
    return message


def measured(job: MeasureJob) -> Answer:
    """Measure on a fresh target. Raises nothing."""
    from mlbench.measure.profile import profile
    from mlbench.pipeline.services import target_for

    try:
        return Answer(profile(job.firmware, job.spec, target_for(job.spec), job.overhead))
    except Exception as error:
        return Answer(error=error, trace=traceback.format_exc())


def _live_with(life: int) -> None:
    """End when the other end of a pipe is closed, as it is when its process ends in any way."""
    while os.read(life, 1):
        pass
    os._exit(1)


def main() -> None:
    """Serve until there are no more jobs. The first argument is the number of the pipe to live with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_live_with, args=(int(sys.argv[1]),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed must not get between answers
    while isinstance(job := read_message(sys.stdin.buffer), MeasureJob):
        answer = measured(job)
        try:
            write_message(answers, answer)
        except OSError:
            raise  # nobody reads
        except Exception:  # an error of a library that is made in a way of its own cannot be pickled
            error = RuntimeError(f"{type(answer.error).__name__}: {answer.error}")
            write_message(answers, replace(answer, error=error))

"""Child processes: an argument list, a clean environment, a deadline, and no orphans."""

from __future__ import annotations

import errno
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault, HostTimeout
from mlbench.util import supervisor
from mlbench.util.supervisor import end_session

_SUPERVISOR = Path(supervisor.__file__)
_MOST_BYTES = 64 << 20
_CHUNK = 1 << 16
_POLL_SECONDS = 0.05

_KEPT = (
    "PATH",
    "HOME",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
)


@dataclass(frozen=True)
class Finished:
    """A process that ended by itself."""

    status: int
    stdout: str
    stderr: str
    seconds: float


def child_environment(
    environ: Mapping[str, str], extra: Mapping[str, str], path_first: str = ""
) -> dict[str, str]:
    """The variables a tool gets: a short list of known ones, nothing else.

    A sketch's build runs commands that its platform and libraries name, so it must see neither
    tokens nor a runner's command files. Messages are asked for in English, because they are parsed;
    the clock that ``__DATE__`` shows stands still, so that equal sources give equal images.
    """
    environment = {name: environ[name] for name in _KEPT if name in environ}
    environment |= {"LANG": "C", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    if path_first:
        environment["PATH"] = os.pathsep.join(
            part for part in (path_first, environment.get("PATH", os.defpath)) if part
        )
    return environment | dict(extra)


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    seconds: float,
    supervised: bool = False,
    most_bytes: int = _MOST_BYTES,
) -> Finished:
    """Run a program to its end.

    Args:
        argv: the program and its arguments.
        cwd: where it runs.
        environment: all the variables that it gets.
        seconds: how long it may take.
        supervised: whether it must end, with all that it started, when this process is killed.
        most_bytes: how much is kept of what it prints, the last of it, for each of its two outputs.

    Raises:
        EnvironmentFault: it cannot be started.
        HostTimeout: it did not end within ``seconds``; it and its children are killed.
    """
    start = time.monotonic()
    process, status = _start([str(word) for word in argv], cwd, dict(environment), supervised)
    try:
        stdout, stderr = _read(process, start + seconds, most_bytes)
        code = process.returncode if status is None else int(os.read(status, 64).strip() or -signal.SIGKILL)
    except subprocess.TimeoutExpired as error:
        raise HostTimeout(
            f"did not end within {seconds:.0f} s of host time",
            where=Path(argv[0]).name,
            do="check the load of this machine, or raise the time limit",
        ) from error
    finally:
        # Also after an interrupt, and for children that outlive a tool which ended.
        end_session(process.pid)
        if process.poll() is None:
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        if status is not None:
            os.close(status)
    return Finished(
        code, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), time.monotonic() - start
    )


def _start(
    argv: list[str], cwd: Path, environment: dict[str, str], supervised: bool
) -> tuple[subprocess.Popen[bytes], int | None]:
    """The process, and where a supervisor tells the program's exit status."""
    command = argv
    number: int | None = None
    theirs: tuple[int, ...] = ()
    try:
        if supervised:
            if shutil.which(argv[0], path=environment.get("PATH", os.defpath)) is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            number, write_end = os.pipe()
            theirs = (write_end,)
            command = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(write_end), *argv]
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.PIPE if supervised else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=theirs,
        )
    except OSError as error:
        if number is not None:
            os.close(number)
        raise EnvironmentFault(
            f"cannot be started: {error.strerror or error}", where=argv[0], do="run `doctor`"
        ) from error
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    return process, number


def _read(process: subprocess.Popen[bytes], deadline: float, most_bytes: int) -> tuple[bytearray, bytearray]:
    """What it prints, until it ends. Raises TimeoutExpired."""
    outputs = (bytearray(), bytearray())
    ended = False
    with selectors.DefaultSelector() as selector:
        for pipe, output in zip((process.stdout, process.stderr), outputs, strict=True):
            assert pipe is not None
            selector.register(pipe, selectors.EVENT_READ, output)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            ready = selector.select(0 if ended else min(left, _POLL_SECONDS))
            for key, _ in ready:
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                key.data.extend(data)
                if len(key.data) > most_bytes + _CHUNK:
                    del key.data[: len(key.data) - most_bytes]
            if ended and not ready:
                break  # whoever still holds the pipes says nothing more
            if not ended and process.poll() is not None:
                ended = True
                end_session(process.pid)
    process.wait(max(0.0, deadline - time.monotonic()))
    for output in outputs:
        del output[: max(0, len(output) - most_bytes)]
    return outputs

"""Child processes: an argument list, a clean environment, a deadline, and no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault, HostTimeout

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
    kept = {name: environ[name] for name in _KEPT if name in environ}
    kept |= {"LANG": "C", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    if path_first:
        kept["PATH"] = os.pathsep.join(part for part in (path_first, kept.get("PATH", os.defpath)) if part)
    return kept | dict(extra)


def run(argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], seconds: float) -> Finished:
    """Run a program to its end.

    Raises:
        EnvironmentFault: it cannot be started.
        HostTimeout: it did not end within ``seconds``; it and its children are killed.
    """
    start = time.monotonic()
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be started: {error.strerror or error}", where=str(argv[0]), do="run `doctor`"
        ) from error
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise HostTimeout(
            f"did not end within {seconds:.0f} s of host time",
            where=Path(argv[0]).name,
            do="check the load of this machine, or raise the time limit",
        ) from error
    finally:
        # Also after an interrupt, and for children that outlive a tool which ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.poll() is None:
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    return Finished(
        process.returncode,
        stdout.decode("utf-8", "replace"),
        stderr.decode("utf-8", "replace"),
        time.monotonic() - start,
    )

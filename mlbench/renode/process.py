"""One Renode process: found, started headless in its own process group, and killed on every way out.

Renode makes its installation its working folder when it starts. What it is told of by name therefore has an
absolute name, and one of plain characters alone, as its monitor reads blanks and quotes its own way.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.renode.client import Client, CommandFailed, Gone, NoAnswer, RenodeError
from mlbench.util.scratch import ScratchFolder

OLDEST = (1, 15)
"""Older ones have not been tried. Seen: 1.16.1, and the sources of 17 days before 1.17.0."""
NEWEST = (1, 17)
"""Newer ones have not been tried."""
START_SECONDS = 60.0
"""Wall time for the server's port to appear; 1.3 to 2.1 s were seen on two idle cores."""
INSTALL = "install Renode 1.15 to 1.17 (see renode/README.md) or set MLBENCH_RENODE to its program"

_VERSION = re.compile(r"version (\d+)\.(\d+)(?:\.(\d+))?")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
"""What a name may hold so that a command, a platform description and Python read it alike."""
_PLAIN_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 (a link of a random name)
"""Where a link to the folder is tried if its own name is not plain, after the folder of temporary files."""
_CLOSE_SECONDS = 5.0
_SUPERVISOR = Path(__file__).parents[1] / "util" / "supervisor.py"


def find_renode() -> Path | None:
    """Renode's program: ``MLBENCH_RENODE``, else one that mlbench fetched, else ``renode`` on PATH."""
    from mlbench.renode.install import installed

    named = os.environ.get("MLBENCH_RENODE", "")
    if named:
        return Path(named)
    fetched = installed()
    if fetched is not None:
        return fetched
    program = shutil.which("renode")
    return Path(program) if program else None


class RenodeProcess:
    """A started Renode with its working folder. Close it, or use it in a ``with`` statement."""

    def __init__(self, program: Path | None = None, *, start_seconds: float = START_SECONDS) -> None:
        """Start it and wait until it answers.

        Raises:
            EnvironmentFault: there is none, it does not start, or it is too old.
        """
        program = program or find_renode()
        if program is None or not os.access(program, os.X_OK):
            what = "there is no renode on PATH" if program is None else "is no program that can be run"
            raise EnvironmentFault(what, where=str(program or ""), do=INSTALL)
        self._scratch = ScratchFolder("mlbench-renode-")
        self.folder = self._scratch.path
        """Renode's temporary folder: what it is told of by name lies here."""
        self._link: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.plain = self._plain_name()
            self._start(program)
            self.client = Client(self._port(time.monotonic() + start_seconds, start_seconds))
            self.version = self._checked_version()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RenodeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _plain_name(self) -> str:
        """The folder's absolute name, or a link's to it, in characters that Renode reads as they are."""
        folder = self.folder.absolute()
        if _PLAIN.fullmatch(str(folder)):
            return str(folder)
        for place in filter(_PLAIN.fullmatch, _PLAIN_PLACES):
            with suppress(OSError):
                # The name is found as a folder is made, so that nobody else can have it.
                link = Path(tempfile.mkdtemp(prefix="mlbench-renode-link-", dir=place))
                link.rmdir()
                link.symlink_to(folder)
                self._link = link
                return str(link)
        raise EnvironmentFault(
            "no folder for Renode has a name of [A-Za-z0-9._/-] alone",
            where=str(folder),
            do="set TMPDIR to one that has",
        )

    def name(self, file: str) -> str:
        """The absolute name of a file in the folder, as Renode is told it."""
        return f"{self.plain}/{file}"

    def _start(self, program: Path) -> None:
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            # Whatever it keeps or unpacks goes with the folder, and two never meet.
            "HOME": self.plain,
            "TMPDIR": self.plain,
            "LANG": "C.UTF-8",
            # The portable form is a .NET program, which else looks for a library of languages and ends.
            "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        }
        options = ["--robot-server-port", "0", "--disable-gui", "--hide-log"]
        options += ["--pid-file", self.name("pid"), "--config", self.name("config")]
        leavings = [path for path in (self._link, self.folder) if path is not None]
        removals = [word for path in leavings for word in ("--remove", str(path.absolute()))]
        supervisor = [sys.executable, "-I", "-S", str(_SUPERVISOR), "1", *removals]
        command = [*supervisor, str(program.absolute()), *options]
        with (self.folder / "output").open("wb") as output:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    cwd=self.folder,
                    env=environ,
                    start_new_session=True,
                )
            except OSError as error:
                raise EnvironmentFault(
                    f"cannot be started ({error})", where=str(program), do=INSTALL
                ) from error

    def _port(self, deadline: float, seconds: float) -> int:
        """The port, once the running process has written it; files of others do not count."""
        while time.monotonic() < deadline:
            if self.exit_status() is not None or (self._process and self._process.poll() is not None):
                raise Gone(f"Renode ended at once{self.last_words()}", do=INSTALL)
            pid = self._pid()
            if pid is not None:
                with suppress(OSError, ValueError):
                    return int((self.folder / f"renode-{pid}" / "robot_port").read_text())
            time.sleep(0.02)
        raise NoAnswer(
            f"Renode did not open its port within {seconds:.0f} s{self.last_words()}",
            do="see whether it starts by hand: renode --disable-gui",
        )

    def _pid(self) -> int | None:
        """Renode's own process, which a wrapper script may have started."""
        try:
            pid = int((self.folder / "pid").read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        return pid

    def _checked_version(self) -> str:
        text = self.client.execute("version", seconds=START_SECONDS)
        match = _VERSION.search(text)
        if match is None:
            raise EnvironmentFault(f"Renode tells its version as {text[:80]!r}", do=INSTALL)
        version = ".".join(part for part in match.groups() if part)
        if (int(match[1]), int(match[2])) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise EnvironmentFault(f"Renode {version} is too old, {oldest} is needed", do=INSTALL)
        if (int(match[1]), int(match[2])) > NEWEST:
            newest = ".".join(map(str, NEWEST))
            raise EnvironmentFault(f"Renode {version} has not been tried, {newest} is the newest", do=INSTALL)
        return version

    def exit_status(self) -> int | None:
        """How Renode ended, negative for a signal; None while it runs."""
        process = self._process
        if process is None or process.stdout is None:
            return None
        os.set_blocking(process.stdout.fileno(), False)
        try:
            text = os.read(process.stdout.fileno(), 64)
        except OSError:
            return self._status
        if text.strip():
            self._status = int(text)
        return self._status

    _status: int | None = None

    def last_words(self) -> str:
        """How it ended and the last line it printed, to be put behind a message; may be empty."""
        status = self.exit_status()
        remarks = [f"exit status {status}"] if status is not None else []
        with suppress(OSError):
            lines = (self.folder / "output").read_text(errors="replace").strip().splitlines()
            remarks += [line.strip()[:200] for line in lines[-1:]]
        return f" ({'; '.join(remarks)})" if remarks else ""

    def wait_for_call(self, call: Callable[[], object], seconds: float, look: Callable[[], None]) -> None:
        """Make a call that may never come back; look meanwhile at what else Renode tells.

        Args:
            call: the call; it has its own deadline of ``seconds``.
            seconds: wall time.
            look: called several times a second, and once more where the call fails; what it raises ends
                the wait, and the process is then of no more use.

        Raises:
            CpuAborted: as ``look`` raises it.
            RenodeError: as ``look`` or the call raises it.
        """
        import threading

        failed: list[BaseException] = []

        def work() -> None:
            try:
                call()
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        deadline = time.monotonic() + seconds + 1.0
        wait = 0.01
        while thread.is_alive() and time.monotonic() < deadline:
            thread.join(wait)
            wait = min(2 * wait, 0.25)
            if thread.is_alive():
                look()
        if thread.is_alive():
            raise NoAnswer(f"Renode did not come back within {seconds:.0f} s")
        if failed:
            if isinstance(failed[0], RenodeError) and not isinstance(failed[0], CommandFailed):
                # An abort, or a hook that failed, is told apart from a death by what was written before.
                look()
                self._wait_for_end()
                raise type(failed[0])(f"{failed[0].what}{self.last_words()}", do=failed[0].do)
            raise failed[0]

    def _wait_for_end(self) -> None:
        """A connection breaks a moment before the process that held it is seen to have ended."""
        deadline = time.monotonic() + 1.0
        while self.exit_status() is None and time.monotonic() < deadline:
            time.sleep(0.02)

    def close(self) -> None:
        """Kill it, with everything it started, and remove its folder."""
        process, self._process = self._process, None
        if process is not None:
            # The supervisor does it all once its input ends, and goes on with it if this process is killed.
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_CLOSE_SECONDS)
            if process.poll() is None:
                # It leads the group, so the group is there as long as it is not waited for.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        self._scratch.cleanup()


class CpuAborted(Exception):
    """Renode gave up on the firmware: it ran into something that is no code."""

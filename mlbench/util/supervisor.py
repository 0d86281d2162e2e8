"""Keeps a process from outliving whoever started it.

``python supervisor.py NUMBER [--remove PATH]... PROGRAM ARGUMENT...``

Standard input is a pipe that the starter holds open. When it closes, by whatever end of the starter, all
processes of the session are killed, which the starter has begun for it. The program's exit status is written
as one line to the open file of that number. With number 1 the program's own output goes where its errors go,
and it gets an input that neither ends nor is a terminal: a console waits on it, quietly. Else it gets none.
What ``--remove`` names, a folder or a link, is removed once all processes and the starter are gone.
Runs alone: nothing of the package is imported, so that it starts at once.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

_ROUNDS = 100
_ROUND_SECONDS = 0.01
_POLL_SECONDS = 0.05
_CANNOT_START = 126  # as shells have it


def main() -> int:
    """Run the program of the arguments until it or the starter ends."""
    number, command = int(sys.argv[1]), sys.argv[2:]
    paths = []
    while command[:1] == ["--remove"]:
        paths.append(command[1])
        command = command[2:]
    try:
        program = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if number == 1 else subprocess.DEVNULL,
            stdout=sys.stderr if number == 1 else None,
        )
    except OSError as error:
        sys.stderr.write(f"cannot be started: {error.strerror}\n")
        os.write(number, b"%d\n" % _CANNOT_START)
        if paths:
            _wait_for_starter()
            _remove(paths)
        return 0
    try:
        ends = _ends(program.pid)
        while program.poll() is None:
            ready, _, _ = select.select([0, *ends], [], [], None if ends else _POLL_SECONDS)
            if 0 in ready and not os.read(0, 1):
                break
        else:
            os.write(number, b"%d\n" % program.returncode)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # Children of the program too; and this process, which has nothing left to do.
        end_session(os.getpid())
        if paths:
            # The starter may still read what is there, and remove it by itself.
            _wait_for_starter()
            _remove(paths)
        os.killpg(0, signal.SIGKILL)
    return 0


def _remove(paths: list[str]) -> None:
    """Remove folders with all that is in them, and links."""
    import shutil

    for path in paths:
        if os.path.islink(path):  # noqa: PTH114 (quick)
            os.unlink(path)  # noqa: PTH108 (quick)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _wait_for_starter() -> None:
    with suppress(OSError):
        while os.read(0, 1):
            pass


def _ends(pid: int) -> list[int]:
    """A file that can be read once the process has ended, where the system has such (pidfd_open(2))."""
    try:
        return [os.pidfd_open(pid)]
    except (AttributeError, OSError):
        return []


def end_session(leader: int) -> None:
    """Kill all processes of a session, but for the caller's own.

    arduino-cli starts the tools that upload in process groups of their own, so that the group it is in is not
    all. Systems without ``/proc`` know no sessions from outside: there it is the leader's group alone.
    """
    if leader != os.getpid():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
    for _ in range(_ROUNDS):
        left = [pid for pid in _processes_of(leader) if pid != os.getpid()]
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_ROUND_SECONDS)


def _processes_of(session: int) -> list[int]:
    pids = []
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 (quick)
    except OSError:
        return []
    for pid in numbers:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 (quick)
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        # proc_pid_stat(5), counted behind the name: state, parent, group, session.
        if int(fields[3]) == session and fields[0] not in (b"Z", b"X"):
            pids.append(pid)
    return pids


if __name__ == "__main__":
    sys.exit(main())

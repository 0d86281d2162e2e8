"""Keeps a process from outliving whoever started it: ``python supervisor.py PROGRAM ARGUMENT...``.

Standard input is a pipe that the starter holds open. When it closes, by whatever end of the starter, the
whole process group is killed. The program's exit status is written to standard output as one line.
Runs alone: nothing of the package is imported, so that it starts at once.
"""

import os
import select
import signal
import subprocess
import sys


def main() -> int:
    """Run the program of the arguments until it or the starter ends."""
    # The program gets an input that neither ends nor is a terminal: a console waits on it, quietly.
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=sys.stderr)
    try:
        while program.poll() is None:
            ready, _, _ = select.select([0], [], [], 0.1)
            if ready and not os.read(0, 1):
                break
        else:
            print(program.returncode, flush=True)
    finally:
        # Children of the program too; and this process, which has nothing left to do.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main())

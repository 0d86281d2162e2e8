"""RIOT's own tests on the emulated nRF52840-DK, each judged by its own script.

``python -m mlbench.devtools.riot_tests CLONE [NAME ...]`` takes a clone of RIOT-OS/RIOT, builds each of its
tests that has a script, and lets the script talk to ``mlbench monitor --pty`` by RIOT's terminal program,
as it would to a board. It prints a line a test, and how many passed. A test that does not build is not
counted: most of those need packages from the network. Needs make, gcc-arm-none-eabi, and a python3 with
pexpect on PATH, behind the environment of mlbench.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_BOARD, _RIOT_BOARD = "nrf52840_dk", "nrf52840dk"
_BUILD_SECONDS, _TEST_SECONDS = 180, 600
_LINK_SECONDS = 30
_OTHERS = re.compile(r"^USEPKG|^BOARD_WHITELIST|^BOARD *\?= *native\s*$", re.MULTILINE)
"""Of a test's Makefile: it needs packages from the network, or is for other boards."""


@dataclass(frozen=True)
class RiotResult:
    """What became of one test: ``passed``, ``failed`` or ``not built``; ``why`` is its last line of text."""

    name: str
    state: str
    why: str = ""


def names(clone: Path) -> tuple[str, ...]:
    """The tests that have a script and could be built for the board."""
    tests = []
    for makefile in sorted(clone.glob("tests/*/Makefile")):
        text = makefile.read_text(encoding="utf-8", errors="replace")
        if any(makefile.parent.glob("tests/*.py")) and not _OTHERS.search(text):
            tests.append(makefile.parent.name)
    return tuple(tests)


def judge(clone: Path, scratch: Path, name: str) -> RiotResult:
    """Build one test and let its scripts judge it."""
    environ = {**os.environ, "BOARD": _RIOT_BOARD, "GIT_TERMINAL_PROMPT": "0", "RIOT_CI_BUILD": "1"}
    # Its scripts need what our environment has not.
    own = str(Path(sys.executable).parent)
    environ["PATH"] = os.pathsep.join(
        part for part in os.environ.get("PATH", "").split(os.pathsep) if part != own
    )
    folder = clone / "tests" / name
    built = _make(folder, environ, (), _BUILD_SECONDS)
    elf = next((folder / "bin" / _RIOT_BOARD).glob("tests_*.elf"), None)
    if built.status or elf is None:
        return RiotResult(name, "not built", built.last)
    terminal = scratch / f"{name}-terminal"
    command = [sys.executable, "-m", "mlbench.devtools.riot_tests", str(clone), "--terminal", str(elf)]
    root = Path(__file__).parents[2]
    terminal.write_text(f"#!/bin/sh\nPYTHONPATH='{root}' exec {shlex.join(command)}\n")
    terminal.chmod(0o755)
    # There is no probe that could reset the board, and none is needed: each script gets a new one.
    environ |= {"TERMPROG": str(terminal), "TERMFLAGS": "", "TESTRUNNER_RESET_BOARD_ON_STARTUP": "0"}
    tested = _make(folder, environ, ("test",), _TEST_SECONDS)
    return RiotResult(name, "failed" if tested.status else "passed", tested.last if tested.status else "")


@dataclass(frozen=True)
class _Made:
    status: int
    last: str


def _make(folder: Path, environ: dict[str, str], targets: Sequence[str], seconds: float) -> _Made:
    """Run make; all that it has started is ended with it."""
    process = subprocess.Popen(
        ["make", *targets],  # noqa: S607 (whichever is on PATH)
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        text = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text = f"{process.communicate()[0]}\nnothing for {seconds:g} s"
        return _Made(1, _telling(text))
    return _Made(process.returncode, _telling(text))


def _telling(text: str) -> str:
    """The line that says most of a failure: the last one that is not make's own."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("make")]
    return lines[-1][:160] if lines else ""


def terminal(clone: Path, elf: Path) -> int:
    """Be the terminal program: an emulated board, and RIOT's pyterm at its port."""
    with tempfile.TemporaryDirectory() as folder, _monitored(elf, Path(folder) / "port") as link:
        flags = os.environ.get("PYTERMFLAGS", "").split()
        program = clone / "dist" / "tools" / "pyterm" / "pyterm"
        return subprocess.run(
            [sys.executable, str(program), "-p", str(link), "-b", "115200", *flags], check=False
        ).returncode


@contextmanager
def _monitored(elf: Path, link: Path) -> Iterator[Path]:
    command = [sys.executable, "-m", "mlbench", "monitor", "--board", _BOARD, "--pty", str(link), str(elf)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _LINK_SECONDS
        while not link.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        yield link
    finally:
        process.terminate()
        process.wait()


def main(arguments: list[str] | None = None) -> int:
    """Judge all, or those that are named; 1 where one fails."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.riot_tests", description=__doc__.split("\n")[0]
    )
    parser.add_argument("clone", type=Path, help="a clone of RIOT-OS/RIOT")
    parser.add_argument("names", nargs="*", metavar="NAME", help="tests by the names of their folders")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="tests at a time; default: 2")
    parser.add_argument("--terminal", type=Path, metavar="ELF", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    clone = given.clone.resolve()
    if given.terminal is not None:
        # A script ends its terminal by a signal; the board goes with it.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        return terminal(clone, given.terminal)
    if not (clone / "dist" / "pythonlibs" / "testrunner").is_dir():
        print(f"mlbench: {clone} is no clone of RIOT-OS/RIOT", file=sys.stderr)
        return 2
    if shutil.which("make") is None:
        print("mlbench: there is no make on PATH", file=sys.stderr)
        return 4
    states: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(given.jobs) as pool:
        for result in pool.map(partial(judge, clone, Path(scratch)), given.names or names(clone)):
            states[result.state] += 1
            print(f"{result.state:9}  {result.name}{f': {result.why}' if result.why else ''}", flush=True)
    judged = states["passed"] + states["failed"]
    print(f"{states['passed']} of {judged} passed; {states['not built']} did not build")
    return int(states["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())

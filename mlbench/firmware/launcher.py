"""The program in front of each compile: ``launcher.c``, or its twin in Python where nothing compiles that.

It is called ``mlbench-gcc``: arduino-cli reads messages of programs with "gcc" in their names.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import locked
from mlbench.host.native import compiler

_SOURCE = Path(__file__).with_name("launcher.c")
_TWIN = Path(__file__).with_name("launcher_twin.py")
_NAME = "mlbench-gcc"
_COMPILE_SECONDS = 60
_MOST_SHEBANG = 120
"""Linux reads so much of a script's first line, and a bit more."""


def launcher(folder: Path) -> Path | None:
    """The program, made in a folder of ours unless it is there; None where none can be made."""
    try:
        source, twin = _SOURCE.read_bytes(), _TWIN.read_bytes()
        key = hashlib.sha256(source + twin + sys.executable.encode()).hexdigest()[:16]
        program = folder / key / _NAME
        if program.is_file():
            return program
        program.parent.mkdir(parents=True, exist_ok=True)
        with locked(program.with_name("lock"), lambda _: None, "making the compiler's launcher"):
            if program.is_file():
                return program
            new = program.with_name("new")
            if not _compiled(new):
                first = f"#!{sys.executable} -ISB\n"
                if len(first) > _MOST_SHEBANG or " " in sys.executable:
                    return None
                new.write_bytes(first.encode() + twin)
            new.chmod(0o755)
            new.rename(program)
        return program
    except (OSError, EnvironmentFault):  # it only saves time
        return None


def _compiled(target: Path) -> bool:
    command = compiler()
    if command is None:
        return False
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            [*command, "-O2", "-std=c99", "-o", str(target), str(_SOURCE)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMPILE_SECONDS,
            check=False,
        )
        return done.returncode == 0 and target.is_file()
    return False

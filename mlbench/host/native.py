"""The block hook in C: built with a host compiler where there is one, done without where there is none.

``_block_hook.c`` is a plain shared object, loaded with ctypes. An installed package carries it beside its
source; a checkout gets it here, in the environment's folder, under the hash of the source, so that a
checkout is never written to and an edited source never meets an old build.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from mlbench.host.cache_dir import Say, locked

SOURCE = Path(__file__).resolve().parents[1] / "emulator" / "_block_hook.c"
_INCLUDED = ("_call_paths.h", "_exceptions.h", "_core_registers.h")
"""What it includes, of its folder."""
_FURTHER = tuple(
    Path(__file__).resolve().parents[1] / name for name in ("cycles/_path_price.c", "renode/_retrace.c")
)
"""What is built into the same library, and asks nothing of a CPU: traces to words, and what a path costs."""
_FOLDER = "native"
_COMPILE_SECONDS = 120


def built_library(prefix: Path | None = None) -> Path | None:
    """The library built for this source in an environment (default: the running one); None if not built."""
    path = _target(prefix or Path(sys.prefix))
    return path if path is not None and path.is_file() else None


def compiler() -> list[str] | None:
    """The host's C compiler: ``$CC``, cc, gcc or clang; None where there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    if named and shutil.which(named[0]):
        return named
    program = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    return [program] if program else None


def why_not_built(prefix: Path | None = None) -> str:
    """Why there is no library, for people; empty when there is one."""
    target = _target(prefix or Path(sys.prefix))
    if target is None:
        return "its source is not there"
    if target.is_file():
        return ""
    failed = target.with_suffix(".failed")
    if failed.is_file():
        lines = failed.read_text(errors="replace").split("\n")
        return f"the C compiler refused it: {next((line for line in lines if 'error' in line), lines[0])}"
    return "no C compiler was found (cc, gcc or clang)" if compiler() is None else "not built yet"


def build(prefix: Path, say: Say) -> Path | None:
    """Build the library for an environment unless it is there; None where that is not possible.

    A source that a compiler refused is not tried again with it; a missing compiler is looked for anew.
    """
    target = _target(prefix)
    if target is None:
        return None
    failed = target.with_suffix(".failed")
    if target.is_file():
        return target
    if failed.is_file() or not os.access(prefix, os.W_OK) or (command := compiler()) is None:
        return None
    target.parent.mkdir(exist_ok=True)
    with locked(target.parent / "lock", say, "building the emulator's block hook"):
        if target.is_file():
            return target
        say("building the emulator's block hook with " + Path(command[0]).name)
        library = target.with_suffix(f".{os.getpid()}")
        error = _compile(command, library)
        if error:
            failed.write_text(error)
            library.unlink(missing_ok=True)
            say("could not build it; the emulator runs its Python twin: same results, slower")
            return None
        library.replace(target)
    return target


def _compile(command: list[str], library: Path) -> str:
    """Run the compiler; the empty string, or what it said."""
    flags = ["-O2", "-std=c99", "-shared", "-fPIC"]
    if sys.platform == "linux":
        # Needs neither the C library's headers nor its start files: a bare `gcc` package is enough.
        flags += ["-ffreestanding", "-nostdlib"]
    try:
        done = subprocess.run(
            [*command, *flags, "-o", str(library), str(SOURCE), *map(str, _FURTHER)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_COMPILE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error) or "the compiler did not run"
    if done.returncode == 0 and library.is_file():
        return ""
    return done.stderr or f"exit status {done.returncode}"


def _target(prefix: Path) -> Path | None:
    try:
        files = (SOURCE, *(SOURCE.with_name(name) for name in _INCLUDED), *_FURTHER)
        source = b"".join(path.read_bytes() for path in files)
    except OSError:
        return None
    name = hashlib.sha256(source + b"1").hexdigest()[:16]
    return prefix / _FOLDER / f"_block_hook-{name}.so"

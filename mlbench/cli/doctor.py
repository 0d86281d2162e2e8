"""Whether a machine has what mlbench needs, and what to do where it has not. Never touches the network."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mlbench.errors import EnvironmentFault, MLBenchError
from mlbench.firmware.install_tools import arm_parts, find_toolchain
from mlbench.host import native, packages
from mlbench.host.cache_dir import home_path
from mlbench.host.environment import MARKER

_NEEDED_BYTES = 500_000_000
"""What an environment and the builds of a suite take together, with some to spare."""

_PACKAGES = (
    "unicorn",
    "pyelftools",
    "pyserial",
    "PyYAML",
    "jsonschema",
    "requests",
    "rich",
    "junit-xml",
    "markdown-it-py",
    "cxxfilt",
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    """What was found."""
    do: str = ""
    """What to do about it; empty when all is well."""
    needed: bool = True
    """False for what mlbench does without, if less well."""


def checks() -> tuple[Check, ...]:
    """Look at everything. A check that itself fails says so instead of hiding the others."""
    looks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("Python", _python),
        ("environment", _environment),
        ("sketch compiler", _sketch_compiler),
        ("ARM toolchain", _arm_toolchain),
        ("emulator's block hook", _block_hook),
        ("git", _git),
        ("Renode", _renode),
        ("boards", _serial_ports),
        ("disk", _disk),
    )
    checks = []
    for name, look in looks:
        try:
            checks.append(look())
        except MLBenchError as error:
            checks.append(Check(name, False, str(error), error.do))
        except OSError as error:
            checks.append(Check(name, False, f"cannot be looked at ({error})", "mend that first"))
    return tuple(checks)


def _python() -> Check:
    return Check("Python", True, f"{platform.python_version()} on {platform.platform(terse=True)}")


def _environment() -> Check:
    missing = []
    for name in _PACKAGES:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check(
            "environment",
            False,
            f"{', '.join(missing)} missing in {sys.prefix}",
            "start with `python3 entrypoint.py`, or install the package with pip",
        )
    kind = "made by entrypoint.py" if (Path(sys.prefix) / MARKER).is_file() else "not made by entrypoint.py"
    return Check("environment", True, f"{sys.prefix} ({kind}); unicorn {metadata.version('unicorn')}")


def _sketch_compiler() -> Check:
    tools = find_toolchain()
    if tools.builder is None:
        return Check(
            "sketch compiler",
            False,
            "neither arduino-cli nor arduino-builder is on PATH",
            f"install arduino-cli, or `apt-get install {' '.join(packages.BUILDER)}`; "
            "a run installs one of them unless told not to",
        )
    detail = f"{tools.builder_name} {tools.builder_version} ({tools.builder})"
    if tools.ctags is None and tools.arduino_cli is None:
        return Check(
            "sketch compiler", False, f"{detail}, without arduino-ctags", "`apt-get install arduino-ctags`"
        )
    return Check("sketch compiler", True, detail)


def _arm_toolchain() -> Check:
    tools = find_toolchain()
    install = f"`apt-get install {' '.join(packages.ARM)}`; a run does so unless told not to"
    name = "ARM toolchain"
    if tools.gcc is None:
        return Check(name, False, "arm-none-eabi-gcc is not on PATH", install)
    parts = arm_parts(tools.gcc)
    detail = f"{tools.compiler_version} ({tools.gcc_bin})"
    if not parts.newlib:
        return Check(name, False, f"{detail}, without newlib for a Cortex-M4 with FPU", install)
    if not parts.cpp_headers:
        return Check(name, False, f"{detail}, without C++ headers", install)
    return Check(name, True, f"{detail}, newlib, C++ headers")


def _block_hook() -> Check:
    # An installed package carries the library; a checkout has it built into its environment.
    from mlbench.emulator.block_hook import native_library

    library = native_library()
    if library is not None:
        return Check("emulator's block hook", True, f"native ({library.name})")
    why = native.why_not_built() or "MLBENCH_HOTPATH does not name it"
    do = "start with `python3 entrypoint.py`" if native.compiler() else "install a C compiler and start again"
    detail = f"in Python: the same cycle counts, slower; {why}"
    return Check("emulator's block hook", False, detail, do, needed=False)


def _git() -> Check:
    program = shutil.which("git")
    if program:
        return Check("git", True, program, needed=False)
    return Check(
        "git",
        False,
        "not on PATH: model projects by URL cannot be fetched",
        "`apt-get install git`",
        needed=False,
    )


def _renode() -> Check:
    from mlbench.renode.process import INSTALL, RenodeProcess, find_renode

    program = find_renode()
    if program is None:
        return Check("Renode", True, "not installed (only `backend: renode` needs it)", needed=False)
    if not os.access(program, os.X_OK):
        return Check("Renode", False, f"{program} cannot be run", INSTALL, needed=False)
    try:
        with RenodeProcess(program) as process:
            return Check("Renode", True, f"{process.version}, which starts: {program}", needed=False)
    except EnvironmentFault as error:
        return Check("Renode", False, f"{program}: {error.what}", error.do or INSTALL, needed=False)


def _serial_ports() -> Check:
    from mlbench.ports.finding import boards_of, list_ports
    from mlbench.ports.lock import held
    from mlbench.ports.opening import rights_advice

    name = "boards"
    ports = list_ports()
    if not ports:
        return Check(name, True, "none is connected by USB (the emulator needs none)", needed=False)
    lines = []
    for port in ports:
        ids = " or ".join(board.id for board in boards_of(port)) or "of no board that is known"
        lines.append(f"{port}: {ids}")
    busy = [f"{path.stem} is held by {holder}" for path, holder in held()] if home_path().is_dir() else []
    detail = "; ".join([*lines, *busy])
    for port in ports:
        if not os.access(port.device, os.R_OK | os.W_OK):
            detail = f"{port.device} may not be opened by this user; {detail}"
            return Check(name, False, detail, rights_advice(port.device), needed=False)
        if any(board.upload.raw_usb for board in boards_of(port)) and not _raw_usb(port.location):
            detail = (
                f"{port.device} cannot be uploaded to by this user, who may not use its USB device; {detail}"
            )
            return Check(name, False, detail, "add the udev rule of docs/boards.md", needed=False)
    return Check(name, True, detail, needed=False)


def _raw_usb(location: str) -> bool:
    """Whether the USB device itself may be used, which DFU and others need besides the port."""
    device = Path("/sys/bus/usb/devices") / location
    try:
        bus, number = (int((device / name).read_text()) for name in ("busnum", "devnum"))
    except (OSError, ValueError):
        return True  # not to be seen here: the upload will say it
    return os.access(f"/dev/bus/usb/{bus:03}/{number:03}", os.R_OK | os.W_OK)


def _disk() -> Check:
    folder = home_path()
    at = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(at).free
    detail = f"{free / 1e9:.1f} GB free for {folder}"
    if free < _NEEDED_BYTES:
        return Check(
            "disk", False, detail, "free some space, or set MLBENCH_HOME to a folder on another disk"
        )
    if not os.access(at, os.W_OK):
        return Check("disk", False, f"{folder} cannot be written", "set MLBENCH_HOME to another folder")
    return Check("disk", True, detail)

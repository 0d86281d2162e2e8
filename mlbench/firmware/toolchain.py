"""Which tools build a sketch, and what they say of their versions.

``install_tools`` finds or installs the tools and makes one ``Toolchain``; builds only use it.
Paths are looked up once; versions are asked of the tools when somebody wants them, and once only.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.util.subprocesses import child_environment

SYSTEM_HARDWARE = Path("/usr/share/arduino/hardware")
"""Where Debian's packages of platforms lie, such as arduino-core-avr; arduino-cli does not look there."""
BUILDER_HARDWARE = Path("/usr/share/arduino-builder")
"""Where Debian's package arduino-builder keeps its platform.txt and the rewrite table of old keys."""

_PROBE_SECONDS = 20.0


@dataclass(frozen=True)
class Toolchain:
    """The tools at hand; None for one that is missing.

    At least one of ``arduino_cli`` and ``arduino_builder`` must be there to build; arduino-cli is
    taken first. ``gcc_bin`` is the folder that holds ``arm-none-eabi-gcc`` (used for platforms that
    bring no compiler of their own).
    """

    arduino_cli: Path | None = None
    arduino_builder: Path | None = None
    ctags: Path | None = None
    """arduino-ctags; universal and exuberant ctags lose prototypes of sketches."""
    gcc_bin: Path | None = None
    builder_hardware: Path = BUILDER_HARDWARE
    system_hardware: Path = SYSTEM_HARDWARE
    offline: bool = False
    """Never install a missing platform over the network."""
    additional_urls: tuple[str, ...] = ()
    """Package indexes of third-party platforms, given to arduino-cli."""

    @property
    def builder(self) -> Path | None:
        """The sketch compiler that will be used."""
        return self.arduino_cli or self.arduino_builder

    @property
    def builder_name(self) -> str:
        """``arduino-cli`` or ``arduino-builder``; empty when there is neither."""
        if self.arduino_cli:
            return "arduino-cli"
        return "arduino-builder" if self.arduino_builder else ""

    @property
    def builder_version(self) -> str:
        """The sketch compiler's version, ``1.5.1``. Raises EnvironmentFault when it does not run."""
        return probe_version(self.builder) if self.builder else ""

    @property
    def gcc(self) -> Path | None:
        """``arm-none-eabi-gcc`` itself."""
        return self.gcc_bin / "arm-none-eabi-gcc" if self.gcc_bin else None

    @property
    def compiler_version(self) -> str:
        """First line of ``arm-none-eabi-gcc --version``; empty when there is none."""
        return compiler_version(self.gcc) if self.gcc else ""


def probe_version(builder: Path) -> str:
    """The version number of an arduino-cli or arduino-builder, ``1.5.1``.

    Raises:
        EnvironmentFault: the program does not run or says no version.
    """
    if "cli" in builder.name:
        text = first_output(builder, ("version", "--json"), apart=True)
    else:
        text = first_output(builder, ("-version",))
    match = re.search(r"\d+\.\d+\.\d+(?:[-+.\w]*)", text)
    if not match:
        raise EnvironmentFault("says no version", where=str(builder), do="check that it is the right program")
    return match.group(0)


def compiler_version(gcc: Path) -> str:
    """First line of what a compiler says of its version.

    Raises:
        EnvironmentFault: the program does not run.
    """
    text = first_output(gcc, ("--version",))
    return text.strip().splitlines()[0].strip() if text.strip() else ""


def first_output(program: Path, arguments: tuple[str, ...], *, apart: bool = False) -> str:
    """What a program says on standard output, else on standard error; asked once while its file stays.

    Args:
        program: which.
        arguments: what it is asked.
        apart: it is an arduino-cli, which makes folders and looks for a newer release whatever it is asked:
            it gets a folder that goes away again, and no reason to use the network.

    Raises:
        EnvironmentFault: it does not run.
    """
    changed_ns = program.stat().st_mtime_ns if program.exists() else 0
    return _first_output(program, arguments, apart, changed_ns)


@lru_cache(maxsize=32)
def _first_output(program: Path, arguments: tuple[str, ...], apart: bool, _changed_ns: int) -> str:
    try:
        with tempfile.TemporaryDirectory(prefix="mlbench-") as folder:
            done = subprocess.run(
                [str(program), *arguments],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_PROBE_SECONDS,
                check=False,
                env=child_environment(os.environ, _folders_within(folder)) if apart else None,
            )
    except FileNotFoundError as error:
        raise EnvironmentFault("no such program", where=str(program), do="run `doctor`") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFault(f"does not run ({error})", where=str(program), do="run `doctor`") from error
    return (done.stdout or done.stderr).decode("utf-8", "replace")


def _folders_within(folder: str) -> dict[str, str]:
    variables = {f"ARDUINO_DIRECTORIES_{name}": folder for name in ("DATA", "DOWNLOADS", "USER")}
    return {**variables, "ARDUINO_UPDATER_ENABLE_NOTIFICATION": "false"}

"""Finding a sketch compiler and an ARM toolchain, and getting what is missing.

What is on PATH comes first; then arduino-cli's release archive, checked against the checksum that its
project published; then Debian's packages. ``python -m mlbench.firmware.install_tools`` does it for tests.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.errors import EnvironmentFault, MLBenchError
from mlbench.firmware.toolchain import Toolchain
from mlbench.host import apt, native, packages
from mlbench.host.cache_dir import TOOLS, Say, cache_area, home_path, locked
from mlbench.host.policy import Policy

ARDUINO_CLI = "1.5.1"
"""The version that is downloaded; any version on PATH is used as it is."""

_ARCHIVES = {
    # SHA-256 as several public repositories that install this release pin it.
    ("Linux", "x86_64"): (
        "Linux_64bit",
        "28a8e119c498a25607821c36cb2dc49e8463941b261a0d99091baa7bc692dd2b",
    ),
    ("Linux", "aarch64"): (
        "Linux_ARM64",
        "1e69e077479f300614d4551334e0a33f08ee40b04315d83b8e7e0e94f0d0ee62",
    ),
    ("Darwin", "x86_64"): (
        "macOS_64bit",
        "c982e940027996bea9901050e95fae99c59c1dcfee54beedecaf28141e7bf2e7",
    ),
    ("Darwin", "arm64"): (
        "macOS_ARM64",
        "cb952e8c1621c95ef5f1d17831c945e3d0ec5973f89c557a7ec8feb9c4f7d4c9",
    ),
}
_RELEASE = (
    "https://github.com/arduino/arduino-cli/releases/download/v{version}/arduino-cli_{version}_{name}.tar.gz"
)

_CPU = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")


@dataclass(frozen=True)
class ArmParts:
    """What an ARM toolchain has for the boards' processor, a Cortex-M4 with its FPU."""

    newlib: bool
    cpp_headers: bool

    @property
    def complete(self) -> bool:
        """Whether sketches can be compiled with it."""
        return self.newlib and self.cpp_headers


def find_toolchain(*, offline: bool = False) -> Toolchain:
    """The tools that are on this machine. Looks only; runs nothing, installs nothing."""
    downloaded = _downloaded()
    cli = shutil.which("arduino-cli") or (str(downloaded) if downloaded.is_file() else None)
    builder = shutil.which("arduino-builder")
    ctags = shutil.which("arduino-ctags")
    gcc = shutil.which("arm-none-eabi-gcc")
    return Toolchain(
        arduino_cli=_path(cli),
        arduino_builder=_path(builder),
        ctags=_path(ctags),
        gcc_bin=_folder_of_gcc(Path(gcc)) if gcc else None,
        offline=offline,
    )


def ensure_toolchain(policy: Policy, say: Say, *, arm: bool = True) -> Toolchain:
    """The tools, with what is missing installed if the policy allows it.

    Args:
        policy: what the user allows.
        say: gets a line before anything is downloaded or installed.
        arm: whether ``arm-none-eabi-gcc`` is wanted too; boards whose platform brings its own do without.

    Raises:
        EnvironmentFault: something is missing and cannot or may not be installed; names what to install.
    """
    tools = find_toolchain(offline=policy.offline)
    if tools.builder is None and policy.install and not policy.offline:
        tools = replace(tools, arduino_cli=_try_release(say))
    missing: list[str] = []
    wanted: list[str] = []
    if tools.builder is None:
        missing.append(packages.SKETCH_COMPILER)
        wanted += packages.BUILDER
    if arm and (lacks := _lacks_of_arm(tools)):
        missing.append(lacks)
        wanted += packages.ARM
    if not wanted:
        return tools
    if native.compiler() is None:
        wanted.append(packages.HOST_COMPILER)
    apt.install(wanted, policy, say, missing=missing)
    now = find_toolchain(offline=policy.offline)
    if now.builder is None or (arm and _lacks_of_arm(now)):
        raise EnvironmentFault(
            f"{' and '.join(missing)} is still missing after installing {' '.join(wanted)}",
            do="see what is on PATH with `doctor`",
        )
    if sys.prefix != sys.base_prefix:
        native.build(Path(sys.prefix), say)
    return now


def arm_parts(gcc: Path) -> ArmParts:
    """Ask a compiler for its C library and C++ headers. Raises EnvironmentFault when it does not run."""
    try:
        library = _ask(gcc, "-print-file-name=libc.a")
        # A compiler lists where it looks for headers only when it is made to look.
        looked = subprocess.run(
            [gcc, *_CPU, "-xc++", "-fsyntax-only", "-"],
            input="#include <new>\n#include <cstdint>\n",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFault(f"does not run ({error})", where=str(gcc), do="reinstall it") from error
    return ArmParts(newlib=Path(library).is_absolute(), cpp_headers=looked.returncode == 0)


def _lacks_of_arm(tools: Toolchain) -> str:
    if tools.gcc is None:
        return "an ARM toolchain (arm-none-eabi-gcc)"
    parts = arm_parts(tools.gcc)
    if not parts.newlib:
        return "the ARM toolchain's C library (newlib)"
    return "" if parts.cpp_headers else "the ARM toolchain's C++ headers"


def _ask(gcc: Path, question: str) -> str:
    done = subprocess.run([gcc, *_CPU, question], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip()


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _folder_of_gcc(gcc: Path) -> Path:
    # A lone link in a bin folder points to where the rest of the toolchain is.
    folder = gcc.parent
    return folder if (folder / "arm-none-eabi-objcopy").exists() else gcc.resolve().parent


def _downloaded() -> Path:
    return home_path() / TOOLS / f"arduino-cli-{ARDUINO_CLI}" / "arduino-cli"


def _try_release(say: Say) -> Path | None:
    """arduino-cli's release archive; None where the network or the machine does not give it."""
    known = _ARCHIVES.get((platform.system(), platform.machine()))
    url = os.environ.get("MLBENCH_ARDUINO_CLI_URL", "")
    sha256 = os.environ.get("MLBENCH_ARDUINO_CLI_SHA256", "") or (known[1] if known else "")
    if not url and known:
        url = _RELEASE.format(version=ARDUINO_CLI, name=known[0])
    if not url or not sha256:
        say(f"arduino-cli's project has no release for {platform.system()} {platform.machine()}")
        return None
    # Imported only here: the HTTP library costs more time than everything else in a warm start.
    from mlbench.util.download import Unreachable, install_archive, public

    program = _downloaded()
    folder = program.parent
    with locked(cache_area(TOOLS) / "lock", say, "fetching arduino-cli"):
        if program.is_file():
            return program
        say(f"fetching arduino-cli {ARDUINO_CLI} from {public(url)}")
        try:
            install_archive(url, sha256, folder, _unpack)
        except Unreachable as error:
            say(f"arduino-cli cannot be fetched: {error.what}")
            return None
    return program


def _unpack(archive: Path, folder: Path) -> None:
    """Take the one program out of the archive, and see that it runs here."""
    folder.mkdir()
    program = folder / "arduino-cli"
    try:
        with tarfile.open(archive) as tar:
            source = tar.extractfile("arduino-cli")
            if source is None:
                raise KeyError("arduino-cli")
            with source, program.open("wb") as output:
                shutil.copyfileobj(source, output)
    except (KeyError, tarfile.TarError) as error:
        raise EnvironmentFault(
            f"holds no arduino-cli ({error})", where=archive.name, do="check MLBENCH_ARDUINO_CLI_URL"
        ) from error
    program.chmod(0o755)
    try:
        subprocess.run(
            [program, "version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFault(
            f"the fetched arduino-cli does not run here ({error})", do="install arduino-cli by hand"
        ) from error


def main() -> int:
    """Find the tools or install them, for `make test`; prints what there is."""

    def say(text: str) -> None:
        print(f"mlbench: {text}", file=sys.stderr, flush=True)

    policy = Policy.read(sys.argv[1:])
    try:
        tools = ensure_toolchain(policy, say)
        say(f"{tools.builder_name} {tools.builder_version}, {tools.compiler_version}")
        lacking = packages.missing_for_tests()
        if lacking.names:
            words = [f"{' and '.join(lacking.names)}, for the tests,"]
            apt.install(lacking.packages, policy, say, missing=words)
    except MLBenchError as error:
        print(f"mlbench: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())

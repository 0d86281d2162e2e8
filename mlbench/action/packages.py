"""Platforms and libraries that the inputs name by version, installed by arduino-cli into a folder of ours.

Each set of them has a folder of its own, so that one version never meets another, and a runner's own
arduino-cli and its folders stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mlbench.action.inputs import ActionInputs
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.platforms import Platforms
from mlbench.firmware.toolchain import Toolchain
from mlbench.host.cache_dir import ARDUINO, cache_area, locked, remove_tree
from mlbench.util.progress import Progress

_DONE = ".mlbench-complete"


@dataclass(frozen=True)
class Packages:
    """What was installed."""

    data: Path | None = None
    """arduino-cli's data folder with the platforms; None: the usual one is to be used."""
    libraries: tuple[Path, ...] = ()
    """Folders of libraries, those that were asked for and those they need."""


def install(settings: ActionInputs, tools: Toolchain, progress: Progress) -> Packages:
    """Install what the inputs ask for; quick when that was done before.

    Raises:
        UsageError: a platform is not written as ``package:architecture@version``.
        EnvironmentFault: there is no arduino-cli, or the network does not give it.
    """
    wanted = [*settings.platforms, *settings.libraries]
    if not wanted:
        return Packages()
    platforms = [_platform(text) for text in settings.platforms]
    if tools.arduino_cli is None:
        raise EnvironmentFault(
            f"{wanted[0]} needs arduino-cli", where="inputs platforms and libraries", do="put it on PATH"
        )
    digest = hashlib.sha256("\n".join((*settings.platforms, "", *settings.libraries)).encode()).hexdigest()
    folder = cache_area(ARDUINO) / digest[:16]
    user, data = folder / "user", folder / "data"
    cli = ArduinoCli(tools.arduino_cli, tools, Platforms(user, user, data), folder)
    with locked(folder.with_suffix(".lock"), progress.note, "installing platforms and libraries"):
        if not (folder / _DONE).is_file():
            remove_tree(folder)
            user.mkdir(parents=True)
            for package, architecture, version in platforms:
                with progress.step(f"install platform {package}:{architecture} {version}".rstrip()):
                    cli.install_platform(package, architecture, version)
            for text in settings.libraries:
                name, _, version = text.partition("@")
                with progress.step(f"install library {name} {version}".rstrip()):
                    cli.install_library(name.strip(), version.strip())
            (folder / _DONE).touch()
    properties = sorted((user / "libraries").glob("*/library.properties"))
    return Packages(data if platforms else None, tuple(path.parent for path in properties))


def _platform(text: str) -> tuple[str, str, str]:
    name, _, version = text.partition("@")
    package, colon, architecture = name.strip().partition(":")
    if not (package and colon and architecture) or ":" in architecture:
        do = "write package:architecture@version, such as arduino:mbed_nano@4.1.5"
        raise UsageError(f"cannot be {text!r}", where="input platforms", do=do)
    return package, architecture, version.strip()

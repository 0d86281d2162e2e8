"""What is between builds and the programs that compile sketches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlbench.core.firmware import Diagnostic
from mlbench.errors import EnvironmentFault


@dataclass(frozen=True)
class Job:
    """One call of a sketch compiler."""

    sketch: Path
    """Folder that holds ``<folder>.ino``."""
    fqbn: str
    build_path: Path
    """Absolute, existing, and used for this set of properties only. The sketch compiler may take
    another one below ``cores`` instead: the report says which."""
    properties: tuple[str, ...] = ()
    """``key=value`` each."""
    libraries: Path | None = None
    """A folder whose folders are libraries."""
    cores: Path | None = None
    """A folder for what the sketch compiler caches, used for this set of properties only as well."""
    seconds: float = 1200.0
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that its programs get besides."""


@dataclass(frozen=True)
class UsedLibrary:
    """A library that was compiled into the image."""

    name: str
    version: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True)
class CompileReport:
    """What a sketch compiler gave.

    ``elf`` is there when this call linked one, also when the compiler then found it too big for the
    board (``success`` is False then). ``text`` is the compiler's own count of flash, where it says
    it in numbers.
    """

    success: bool
    elf: Path | None
    output: str
    """What gcc and the linker printed."""
    build_path: Path
    """Where it compiled."""
    error: str = ""
    """The sketch compiler's own complaint, one line."""
    diagnostics: tuple[Diagnostic, ...] = ()
    libraries: tuple[UsedLibrary, ...] = ()
    text: int | None = None
    link: tuple[str, ...] = ()
    """The command that linked, where the sketch compiler tells it."""
    only_linked: bool = False
    """What the platform makes of an image for uploads is not of this one."""
    seconds: float = 0.0


class PlatformMissing(EnvironmentFault):
    """A platform or a library is not installed, and cannot be."""


class SketchCompiler(Protocol):
    """A program that turns a sketch into an ELF file."""

    @property
    def identity(self) -> str:
        """Name and version, ``arduino-cli 1.5.1``."""

    def properties(self, job: Job) -> Mapping[str, str]:
        """Build properties of a job, not yet expanded where the program can leave them so.

        Raises UsageError for a board that its platform does not have, PlatformMissing.
        """

    def compile(self, job: Job) -> CompileReport:
        """Compile and link. What is wrong with the sketch is in the report; raises as ``properties``."""

    def relink(self, job: Job, report: CompileReport, *, artifacts: bool = False) -> CompileReport:
        """Link the objects of a compile once more; only what the link itself reads has changed.

        With ``artifacts``, what the platform makes of the image for uploads is made as well, where this
        program can upload.
        """

    def install_platform(self, package: str, architecture: str, version: str = "") -> None:
        """Install the platform an FQBN names; no ``version``: the newest.

        Raises PlatformMissing when this program cannot, or the network does not give it.
        """

    def install_library(self, name: str, version: str = "", *, alone: bool = False) -> None:
        """Install a library, and those it needs where it is not to come ``alone``.

        Raises PlatformMissing when this program cannot, or the network does not give it.
        """


def expand(value: str, properties: Mapping[str, str]) -> str:
    """``value`` with each ``{key}`` replaced, as the platform specification has it (ten rounds at most).

    A key that is not defined stays as it is: recipes keep ``{object_files}`` and the like.
    """
    for _ in range(10):
        before = value
        for start in range(len(value) - 1, -1, -1):
            if value[start] != "{":
                continue
            end = value.find("}", start)
            key = value[start + 1 : end] if end > 0 else ""
            if key and key in properties:
                value = value[:start] + properties[key] + value[end + 1 :]
        if value == before:
            break
    return value

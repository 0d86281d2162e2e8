"""Folders that a build reads from: platforms, libraries, and what packages brought along."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.fqbn import OWN_PACKAGE, is_fqbn
from mlbench.errors import UsageError
from mlbench.firmware.source_tree import SourceChanged, read_tree, stat_digest, tree_digest

_HEADERS = (".h", ".hh", ".hpp")


@dataclass(frozen=True)
class Fqbn:
    """A fully qualified board name, ``package:architecture:board[:option=value,...]``."""

    text: str
    package: str
    architecture: str

    @classmethod
    def parse(cls, text: str) -> Fqbn:
        """Split a board name. Raises UsageError when it is not one."""
        if not is_fqbn(text):
            raise UsageError(
                "is not a board name",
                where=repr(text),
                do="write package:architecture:board, as in mlbench:nrf52840:nano33ble",
            )
        package, architecture = text.split(":")[:2]
        return cls(text, package, architecture)

    @property
    def platform(self) -> str:
        """``package:architecture``."""
        return f"{self.package}:{self.architecture}"


@dataclass(frozen=True)
class Platforms:
    """Where platforms and libraries are, for one board.

    ``user`` holds ``hardware/`` and ``libraries/`` (the project's own, or the user's sketchbook);
    ``data`` is arduino-cli's data folder, which holds installed packages; ``own`` holds the
    project's platform and library.
    """

    own: Path
    user: Path
    data: Path

    @property
    def hardware(self) -> tuple[Path, ...]:
        """Folders of platforms, as ``<folder>/<package>/<architecture>``."""
        return _existing(dict.fromkeys((self.own / "hardware", self.user / "hardware")))

    @property
    def packages(self) -> Path:
        """Installed packages, as ``<folder>/<package>/hardware/<architecture>/<version>``."""
        return self.data / "packages"

    @property
    def libraries(self) -> tuple[Path, ...]:
        """Collections of libraries that any sketch may use."""
        return _existing(dict.fromkeys((self.own / "libraries", self.user / "libraries")))

    def platform(self, fqbn: Fqbn) -> Path | None:
        """The folder of the platform that will be used, None where there is none."""
        for folder in self.hardware:
            candidate = folder / fqbn.package / fqbn.architecture
            if (candidate / "boards.txt").is_file():
                return candidate
        installed = self.packages / fqbn.package / "hardware" / fqbn.architecture
        versions = [folder for folder in _listed(installed) if (folder / "boards.txt").is_file()]
        return max(versions, key=lambda folder: version_key(folder.name), default=None)

    def fingerprint(self, fqbn: Fqbn) -> str:
        """Changes whenever the platform or the names of libraries at hand do.

        It is looked at file by file (size and time), the project's own by content, so that it is the
        same on each machine.

        Raises:
            SourceChanged: there is no such platform (any more).
        """
        platform = self.platform(fqbn)
        if platform is None:
            raise SourceChanged("is gone", where=f"platform {fqbn.platform}")
        own = self.own in platform.parents
        parts = [str(platform), tree_digest(read_tree(platform)) if own else stat_digest(platform)]
        # Which library a sketch gets is found by the names of headers.
        parts += [f"{folder}:{','.join(_headers(folder))}" for folder in self.libraries]
        return "\n".join(parts)


def platforms_for(
    fqbn: Fqbn, own: Path, cli_data: Path, environ: Mapping[str, str] | None = None
) -> Platforms:
    """The folders to build for a board with.

    The user's ``ARDUINO_DIRECTORIES_USER`` and ``ARDUINO_DIRECTORIES_DATA`` count. Without them the
    data folder is arduino-cli's usual one when it holds the platform, else ``cli_data``. The
    project's own boards never see the user's folders, so that their figures depend on nothing else.
    """
    environ = os.environ if environ is None else environ
    if fqbn.package == OWN_PACKAGE:
        return Platforms(own, own, cli_data)
    user = Path(environ.get("ARDUINO_DIRECTORIES_USER", "") or own)
    named = environ.get("ARDUINO_DIRECTORIES_DATA", "")
    if named:
        return Platforms(own, user, Path(named))
    usual = Path(environ.get("HOME", "") or Path.home()) / ".arduino15"
    has = (usual / "packages" / fqbn.package / "hardware" / fqbn.architecture).is_dir()
    return Platforms(own, user, usual if has else cli_data)


def version_key(version: str) -> tuple[tuple[int, ...], str]:
    """Sorts ``4.10.0`` behind ``4.9.1``, and releases behind their pre-releases."""
    release, _, pre = version.partition("-")
    return tuple(int(part) for part in re.findall(r"\d+", release)), pre or "~"


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError:
        return []


def _headers(collection: Path) -> list[str]:
    """The libraries of a collection with the headers by which each is found."""
    libraries = []
    for library in _listed(collection):
        names = [library.name]
        for folder in (library, library / "src"):
            try:
                names += sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_HEADERS))
            except OSError:
                continue
        libraries.append("/".join(names))
    return libraries


def _existing(folders: Mapping[Path, None]) -> tuple[Path, ...]:
    return tuple(folder for folder in folders if folder.is_dir())

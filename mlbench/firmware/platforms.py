"""Folders that a build reads from: platforms, libraries, and what packages brought along."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.arduino_config import read_config
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
    others: tuple[Path, ...] = ()
    """Further data folders, for packages that ``data`` lacks."""
    installs: Path | None = None
    """The data folder that is ours to write into; None: that is ``data``."""
    bundled: Path | None = None
    """Libraries that go behind all others."""
    additional_urls: tuple[str, ...] = ()
    """Package indexes of third parties that the user has."""
    proxy: str = ""
    system: Path | None = None
    """Platforms of the system's packages, for a sketch compiler that looks there."""

    @property
    def hardware(self) -> tuple[Path, ...]:
        """Folders of platforms, as ``<folder>/<package>/<architecture>``."""
        folders = (self.own / "hardware", self.user / "hardware", self.system)
        return _existing(dict.fromkeys(folder for folder in folders if folder is not None))

    @property
    def packages(self) -> Path:
        """Installed packages, as ``<folder>/<package>/hardware/<architecture>/<version>``."""
        return self.data / "packages"

    @property
    def libraries(self) -> tuple[Path, ...]:
        """Collections of libraries that any sketch may use."""
        folders = (self.own / "libraries", self.user / "libraries", self.bundled)
        return _existing(dict.fromkeys(folder for folder in folders if folder is not None))

    @property
    def data_folders(self) -> tuple[Path, ...]:
        """All folders that packages come from, in order."""
        return (self.data, *self.others)

    @property
    def package_folders(self) -> tuple[Path, ...]:
        """Where properties of a board may say that a package is: arduino-cli follows links to packages."""
        folders = [folder / "packages" for folder in self.data_folders]
        return tuple(dict.fromkeys((*folders, *(folder.resolve() for folder in folders))))

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
        # Which library a sketch gets is found by the names of headers.
        libraries = (f"{folder}:{','.join(_headers(folder))}" for folder in self.libraries)
        return "\n".join([self.stamp(fqbn), *libraries])

    def stamp(self, fqbn: Fqbn) -> str:
        """The same for the platform alone, whatever libraries are at hand. Raises as ``fingerprint``."""
        platform = self.platform(fqbn)
        if platform is None:
            raise SourceChanged("is gone", where=f"platform {fqbn.platform}")
        own = self.own in platform.parents
        return f"{platform}\n{tree_digest(read_tree(platform)) if own else stat_digest(platform)}"


def platforms_for(
    fqbn: Fqbn, own: Path, cli_data: Path, environ: Mapping[str, str] | None = None
) -> Platforms:
    """The folders to build for a board with.

    What the user set up for arduino-cli counts, to be read only: the sketchbook, and the data folder where
    it holds the platform. Where it does not, the platform is in ``cli_data``, which is ours, or is to be
    installed there. The project's own boards never see the user's folders, so that their figures depend on
    nothing else.

    Raises:
        UsageError: the configuration of arduino-cli is not YAML.
    """
    if fqbn.package == OWN_PACKAGE:
        return Platforms(own, own, cli_data)
    config = read_config(environ)
    folders = [config.data, cli_data]
    if not (config.data / "packages" / fqbn.package / "hardware" / fqbn.architecture).is_dir():
        folders.reverse()
    return Platforms(
        own,
        config.user if config.user.is_dir() else own,
        folders[0],
        tuple(folders[1:]),
        cli_data,
        config.libraries,
        config.additional_urls,
        config.proxy,
    )


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


def _existing(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(folder for folder in folders if folder.is_dir())

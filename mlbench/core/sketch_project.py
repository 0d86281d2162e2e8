"""A sketch's project file, ``sketch.yaml``: its default board, and its profiles.

Arduino's "Sketch project file" has the format. The file itself never gets to a sketch compiler: arduino-cli
takes its defaults for options, which no option of ours can take back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbench.errors import UsageError

if TYPE_CHECKING:
    from mlbench.util.yaml_lines import LocatedYaml, YamlPath

NAMES = ("sketch.yaml", "sketch.yml")
"""Of these, the first one that is there counts."""

_REFERENCE = re.compile(r"(?P<name>[\w. :-]+?)(?: \((?P<version>[^()\s]+)\))?", re.ASCII)


@dataclass(frozen=True)
class PlatformPin:
    """A platform that a profile asks for."""

    package: str
    architecture: str
    version: str = ""
    """Empty: whichever is installed."""
    index_url: str = ""

    def __str__(self) -> str:
        platform = f"{self.package}:{self.architecture}"
        return f"{platform}@{self.version}" if self.version else platform


@dataclass(frozen=True)
class LibraryPin:
    """A library that a profile asks for: a release, or the one in ``folder``."""

    name: str
    version: str = ""
    folder: Path | None = None


@dataclass(frozen=True)
class BuildProfile:
    """All that a sketch is to be built with. ``where`` is its place in the file."""

    name: str
    fqbn: str
    platforms: tuple[PlatformPin, ...] = ()
    libraries: tuple[LibraryPin, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class SketchProject:
    """What a ``sketch.yaml`` says; nothing where there is none."""

    profiles: tuple[BuildProfile, ...] = ()
    default_profile: str = ""
    default_fqbn: str = ""

    @property
    def fqbn(self) -> str:
        """The board of the sketch: the default profile's, else the default one; empty where none is named."""
        defaults = (profile.fqbn for profile in self.profiles if profile.name == self.default_profile)
        return next(defaults, "") or self.default_fqbn

    def profile_for(self, fqbn: str) -> BuildProfile | None:
        """The profile of a board; of several, the default one, else the first."""
        matching = [profile for profile in self.profiles if profile.fqbn == fqbn]
        matching.sort(key=lambda profile: profile.name != self.default_profile)
        return matching[0] if matching else None

    def platforms_for(self, fqbn: str) -> tuple[PlatformPin, ...]:
        """The platforms that the profile of a board asks for."""
        profile = self.profile_for(fqbn)
        return profile.platforms if profile else ()


def read_project(sketch: Path, shown: str = "") -> SketchProject:
    """The project file of a sketch's folder. ``shown`` is that folder's name in messages.

    Raises:
        UsageError: with file and line, for what is not YAML or says something in a form that arduino-cli
            would not take either.
    """
    from mlbench.util.yaml_lines import parse, read_text

    for name in NAMES:
        place = f"{shown or sketch}/{name}"
        try:
            text = read_text(sketch / name, place)
        except OSError:
            continue
        return _ProjectReader(parse(text, place), sketch).project()
    return SketchProject()


@dataclass(frozen=True)
class _ProjectReader:
    document: LocatedYaml
    sketch: Path

    def project(self) -> SketchProject:
        top = self.mapping(self.document.data, ())
        profiles = self.mapping(top.get("profiles"), ("profiles",))
        return SketchProject(
            tuple(self.profile(name, value) for name, value in profiles.items()),
            self.text(top.get("default_profile"), ("default_profile",)),
            self.text(top.get("default_fqbn"), ("default_fqbn",)),
        )

    def profile(self, name: str, value: Any) -> BuildProfile:
        place: YamlPath = ("profiles", name)
        keys = self.mapping(value, place)
        platforms = self.items(keys.get("platforms"), (*place, "platforms"))
        libraries = self.items(keys.get("libraries"), (*place, "libraries"))
        pins = tuple(
            self.platform(item, (*place, "platforms", index)) for index, item in enumerate(platforms)
        )
        if len({bool(pin.version) for pin in pins}) > 1:
            what = "some of the platforms have a version and others do not"
            raise self.error((*place, "platforms"), what, "give all of them a version, or none")
        return BuildProfile(
            name,
            self.text(keys.get("fqbn"), (*place, "fqbn")),
            pins,
            tuple(self.library(item, (*place, "libraries", index)) for index, item in enumerate(libraries)),
            self.document.where(place),
        )

    def platform(self, value: Any, place: YamlPath) -> PlatformPin:
        keys = self.mapping(value, place)
        name, version = self.reference(keys.get("platform"), (*place, "platform"))
        package, colon, architecture = name.partition(":")
        if not (package and colon and architecture) or ":" in architecture:
            what = f"{name!r} is not a platform"
            raise self.error(place, what, "write package:architecture (version), as in arduino:avr (1.8.6)")
        url = self.text(keys.get("platform_index_url"), (*place, "platform_index_url"))
        return PlatformPin(package, architecture, version, url)

    def library(self, value: Any, place: YamlPath) -> LibraryPin:
        if isinstance(value, dict) and "dir" in value:
            folder = self.text(value["dir"], (*place, "dir"))
            return LibraryPin(Path(folder).name, folder=self.sketch / folder)
        reference = value.get("dependency") if isinstance(value, dict) else value
        name, version = self.reference(reference, place)
        if not version:
            raise self.error(place, f"library {name!r} has no version", "write NAME (VERSION)")
        return LibraryPin(name, version)

    def reference(self, value: Any, place: YamlPath) -> tuple[str, str]:
        match = _REFERENCE.fullmatch(self.text(value, place))
        if match is None:
            raise self.error(place, f"{value!r} is no name with a version", "write NAME (VERSION)")
        return match["name"], match["version"] or ""

    def mapping(self, value: Any, place: YamlPath) -> dict[str, Any]:
        if value is not None and not isinstance(value, dict):
            raise self.error(place, "needs keys with values", "mend this line")
        return value or {}

    def items(self, value: Any, place: YamlPath) -> list[Any]:
        if value is not None and not isinstance(value, list):
            raise self.error(place, "needs a list", "put a dash before each item")
        return value or []

    def text(self, value: Any, place: YamlPath) -> str:
        if value is not None and not isinstance(value, str):
            raise self.error(place, "needs text", "put the value in quotes")
        return value or ""

    def error(self, place: YamlPath, what: str, do: str) -> UsageError:
        return UsageError(what, where=self.document.where(place), do=do)

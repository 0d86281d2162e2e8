"""The releases of platforms and libraries that a sketch's profile asks for.

They are taken from the user's own folders where those hold that very release, else installed by arduino-cli
into a folder of ours, one for each set of releases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.core.firmware import BuildRequest
from mlbench.core.fqbn import OWN_PACKAGE
from mlbench.core.sketch_files import folder_of
from mlbench.core.sketch_project import BuildProfile, LibraryPin, PlatformPin, read_project
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware.arduino_data import view_of, without_libraries
from mlbench.firmware.compiler import SketchCompiler
from mlbench.firmware.platforms import Platforms
from mlbench.host.cache_dir import unwritable
from mlbench.util.progress import Progress


@dataclass(frozen=True)
class Releases:
    """Where releases come from."""

    platforms: Platforms
    """What is installed."""
    folder: Path
    """Of ours: gets what is not."""
    compiler: Callable[[Platforms], SketchCompiler]
    """Installs, for folders of its own."""
    progress: Progress


def with_profile(request: BuildRequest, releases: Releases) -> tuple[BuildRequest, Platforms]:
    """A request with the libraries of its board's profile, and the platforms to build it with.

    With a profile, no other library of the user's counts; and where it names releases of platforms, no other
    platform. Without one, both stay as they are.

    Raises:
        UsageError: the sketch's project file is wrong.
        PlatformMissing: a release cannot be had.
        EnvironmentFault: our folder cannot be written.
    """
    profile = read_project(folder_of(request.sketch)).profile_for(request.fqbn)
    if profile is None and request.platforms:
        profile = BuildProfile("", request.fqbn, request.platforms)
    if profile is None:
        return request, releases.platforms
    try:
        platforms = _platforms(profile, releases)
        named = {path.resolve().name for path in request.libraries}
        libraries = (_library(pin, profile, releases) for pin in profile.libraries)
        added = tuple(path for path in libraries if path.resolve().name not in named)
    except OSError as error:
        raise unwritable(releases.folder, error) from error
    return replace(request, libraries=(*request.libraries, *added)), platforms


def _platforms(profile: BuildProfile, releases: Releases) -> Platforms:
    pins = [pin for pin in profile.platforms if pin.version]
    known = releases.platforms
    for pin in [pin for pin in pins if pin.package == OWN_PACKAGE]:
        _check_own(pin, profile, known)
        pins.remove(pin)
    if not pins:
        user = (
            without_libraries(known.user, releases.folder / "views")
            if known.user != known.own
            else known.user
        )
        return replace(known, user=user, bundled=None)
    apart = Platforms(known.own, known.own, releases.folder, proxy=known.proxy)
    sources = {pin: _source(pin, known.data_folders) for pin in pins}
    if all(sources.values()):
        exact = {_place(pin): source for pin, source in sources.items() if source}
        return replace(apart, data=view_of(known.data_folders, releases.folder / "views", exact))
    urls = tuple(dict.fromkeys(pin.index_url for pin in pins if pin.index_url))
    data = releases.folder / "releases" / _digest([*map(str, pins), *urls]) / "data"
    apart = replace(apart, data=data, additional_urls=urls)
    for pin in pins:
        if _source(pin, (data,)) is None:
            with releases.progress.step(f"install platform {pin}"):
                releases.compiler(apart).install_platform(pin.package, pin.architecture, pin.version)
    return apart


def _check_own(pin: PlatformPin, profile: BuildProfile, known: Platforms) -> None:
    text = (known.own / "hardware" / pin.package / pin.architecture / "platform.txt").read_text()
    version = next((line[8:].strip() for line in text.splitlines() if line.startswith("version=")), "")
    if version != pin.version:
        what = f"profile {profile.name!r} asks for {pin}, and this mlbench has {version}"
        raise UsageError(what, where=profile.where, do="ask for that one")


def _place(pin: PlatformPin) -> str:
    return f"{pin.package}/hardware/{pin.architecture}/{pin.version}"


def _source(pin: PlatformPin, folders: Sequence[Path]) -> Path | None:
    """The data folder that holds a release."""
    held = (folder for folder in folders if (folder / "packages" / _place(pin) / "boards.txt").is_file())
    return next(held, None)


def _library(pin: LibraryPin, profile: BuildProfile, releases: Releases) -> Path:
    if pin.folder is not None:
        if not pin.folder.is_dir():
            what = f"profile {profile.name!r}: there is no library {pin.folder}"
            raise UsageError(what, where=profile.where, do="correct `dir`; it starts at the sketch's folder")
        return pin.folder
    user = releases.folder / "releases" / _digest([pin.name, pin.version]) / "user"
    for sketchbook in (releases.platforms.user, user):
        for folder in sorted((sketchbook / "libraries").glob("*/library.properties")):
            if _release(folder) == (pin.name, pin.version):
                return folder.parent
    apart = Platforms(releases.platforms.own, user, user.with_name("data"), proxy=releases.platforms.proxy)
    with releases.progress.step(f"install library {pin.name} {pin.version}"):
        releases.compiler(apart).install_library(pin.name, pin.version, alone=True)
    installed = sorted((user / "libraries").glob("*/library.properties"))
    if not installed:
        raise EnvironmentFault(
            f"library {pin.name} {pin.version} was installed, but is not there",
            where=str(user),
            do="run `cache clean` and try again",
        )
    return installed[0].parent


def _release(properties: Path) -> tuple[str, str]:
    """Name and version of a library."""
    text = properties.read_text(encoding="utf-8", errors="replace")
    pairs = (line.partition("=") for line in text.splitlines())
    values = {key.strip(): value.strip() for key, _, value in pairs}
    return values.get("name", ""), values.get("version", "")


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

"""What to do about an error of the compiler or the linker, where its words tell."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlbench.core.arduino_config import read_config
from mlbench.core.firmware import Diagnostic
from mlbench.core.fqbn import OWN_PACKAGE
from mlbench.errors import UsageError
from mlbench.firmware import template
from mlbench.firmware.header_owners import how_to_get, is_of_board, library_of, other_chip
from mlbench.firmware.platforms import Fqbn
from mlbench.firmware.sketch_source import SketchSource
from mlbench.suite.discovery import project_root
from mlbench.suite.project_libraries import enclosing, plain_name

CXX_PACKAGE = "libstdc++-arm-none-eabi-newlib"
"""Debian's and Ubuntu's package with the archives of the C++ library; the headers are another one."""

_FLAGS = "compiler.cpp.extra_flags"
_OF_CXX_LIBRARY = re.compile(
    r"undefined reference to [`'\"](?:(?:typeinfo|vtable|VTT|guard variable) for )?(?:non-virtual thunk to )?"
    r"(?:std::|__gnu_cxx::|__cxxabiv1::|__cxa_|__gxx_personality|__dynamic_cast)"
)
_MOST_FOLDERS = 5000
"""Of a project, that are looked into for a library."""
_DECIMAL_DIG = re.compile(r"'DECIMAL_DIG' was not declared")
"""By the core of arduino:avr 1.8.7 with Debian's gcc-avr 5.4, whose <float.h> has it for C99 alone."""
_OFF = (
    (re.compile(r"exception handling disabled"), "-fexceptions"),
    (re.compile(r"'(?:dynamic_cast|typeid)'.*'-fno-rtti'"), "-frtti"),
)


@dataclass(frozen=True)
class Built:
    """What an error came up in."""

    source: SketchSource
    fqbn: Fqbn
    cxx_library: bool
    """Whether the archives of the C++ library are installed for the project's own platform."""


def advice(error: Diagnostic, built: Built) -> str:
    """What to do about an error, a clause without a full stop; empty where nothing is known."""
    files = built.source.files
    if any(
        str(files[use.relative].origin) == error.file and use.line == error.line for use in built.source.uses
    ):
        return f"{template.PLACEHOLDER} must stand within a function, as in malloc({template.PLACEHOLDER})"
    header = error.message.split(":")[0]
    if "No such file or directory" in error.message and header.endswith((".h", ".hpp")):
        return _of_header(header, error, built)
    return _of_language(error.message, built)


def _of_header(header: str, error: Diagnostic, built: Built) -> str:
    """Where a header that was not found comes from."""
    root = project_root(built.source.folder)
    folder = _library_with(header, root)
    if folder is not None:
        place = folder.relative_to(root).as_posix()
        return f"it is in a library of the project: name it, `libraries: [{json.dumps(place)}]`"
    if built.fqbn.package == OWN_PACKAGE and is_of_board(header):
        return "it comes with the board's own platform: build for `--board arduino:mbed_nano:nano33ble`"
    installed = _installed_with(header)
    if installed is not None:
        return f"it is in a library of your sketchbook: name it, `libraries: [{json.dumps(installed.name)}]`"
    if built.fqbn.package == OWN_PACKAGE and other_chip(header):
        return other_chip(header)
    name, by = _depended_on(header, built.source.folder, root)
    if name:
        return f"it is in {name}, which {by} depends on: {how_to_get(name)}"
    if library_of(header):
        return f"it is in {library_of(header)}: {how_to_get(library_of(header))}"
    own = _of_own(header, error, built)
    if own:
        return own
    if "/" in header:
        return "put the library that has it beside the sketch and name its folder under `libraries`"
    name = PurePosixPath(header).stem
    return f"the library that has it is often of the same name, {name}: {how_to_get(name)}"


def _of_own(header: str, error: Diagnostic, built: Built) -> str:
    """For a header that a file names in quotes: as a rule it is the project's own."""
    file = Path(error.file)
    if not _quoted(header, file, error.line):
        return ""
    beside = _names(file.parent)
    other = next((name for name in beside if name.lower() == PurePosixPath(header).name.lower()), "")
    if other:
        return f"the folder has {other}: names differ in case"
    libraries = (library for library in built.source.libraries if file.is_relative_to(library.folder))
    library = next(libraries, None)
    if library is not None:
        return f"the library {library.name} lacks it: the library is broken in its own repository"
    root = project_root(built.source.folder)
    path = _anywhere(header, root)
    if path is not None:
        place = path.relative_to(root).as_posix()
        return f"the project has it as {place}: put it beside the sketch, by `overlay` or a copy"
    name = PurePosixPath(header).stem
    return (
        "it is named in quotes, as a file of the sketch's own, which its repository lacks; "
        f"if a library has it, often of the same name, {name}: {how_to_get(name)}"
    )


def _quoted(header: str, file: Path, line: int) -> bool:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return 0 < line <= len(lines) and f'"{header}"' in lines[line - 1]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _anywhere(header: str, root: Path) -> Path | None:
    """A file of a header's name in a project."""
    left = _MOST_FOLDERS
    for place, folders, files in os.walk(root):
        left -= 1
        if left < 0:
            return None
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if PurePosixPath(header).name in files:
            return Path(place) / PurePosixPath(header).name
    return None


def _installed_with(header: str) -> Path | None:
    """The library in the user's sketchbook that has a header."""
    try:
        folders = sorted(path for path in (read_config().user / "libraries").iterdir() if path.is_dir())
    except (OSError, UsageError):
        return None
    stem = PurePosixPath(header).stem.lower()
    having = [
        folder for folder in folders if any((place / header).is_file() for place in (folder, folder / "src"))
    ]
    return min(having, key=lambda folder: folder.name.lower() != stem, default=None)


def _depended_on(header: str, sketch: Path, root: Path) -> tuple[str, str]:
    """The library of a header's name that the sketch's own library depends on, and the latter's name."""
    library = enclosing(sketch, root)
    for name in library.depends if library is not None else ():
        if plain_name(name) == plain_name(PurePosixPath(header).stem):
            assert library is not None
            return name, library.name
    return "", ""


def _library_with(header: str, root: Path) -> Path | None:
    """The library in a project that has a header, where sketch compilers look for it."""
    left = _MOST_FOLDERS
    for place, folders, files in os.walk(root):
        left -= 1
        if left < 0:
            return None
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        if "library.properties" in files:
            folder = Path(place)
            if (folder / "src" / header).is_file() or (folder / header).is_file():
                return folder
    return None


def _of_language(message: str, built: Built) -> str:
    """For what C++ needs beyond the platform's own flags and functions."""
    lacks = built.fqbn.package == OWN_PACKAGE and not built.cxx_library
    archives = f"install the package {CXX_PACKAGE}"
    for pattern, flag in _OFF:
        if pattern.search(message):
            add = f"add the build property {_FLAGS}={flag}"
            return f"{add}, and {archives}" if lacks else add
    if _DECIMAL_DIG.search(message):
        flag = "-DDECIMAL_DIG=__DECIMAL_DIG__"
        return f"this compiler's <float.h> lacks it: add the build property {_FLAGS}={flag}"
    if lacks and _OF_CXX_LIBRARY.search(message):
        return f"{archives}; with it mlbench links it (build property compiler.libstdcxx.ldflags=-lstdc++)"
    return ""


def lacking_entry_points(messages: list[str]) -> tuple[str, ...]:
    """Which functions of a sketch the linker says that the core calls and nobody defines."""

    def asked(name: str) -> bool:
        words = re.compile(rf"undefined reference to [`'\"]{name}(?:\(\))?'")
        return any(words.search(message) for message in messages)

    return tuple(name for name in ("setup", "loop") if asked(name))

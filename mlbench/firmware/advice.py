"""What to do about an error of the compiler or the linker, where its words tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlbench.core.firmware import Diagnostic
from mlbench.firmware import template
from mlbench.firmware.platforms import OWN_PACKAGE, Fqbn
from mlbench.firmware.sketch_source import SketchSource

CXX_PACKAGE = "libstdc++-arm-none-eabi-newlib"
"""Debian's and Ubuntu's package with the archives of the C++ library; the headers are another one."""

_FLAGS = "compiler.cpp.extra_flags"
_OF_CXX_LIBRARY = re.compile(
    r"undefined reference to [`'\"](?:(?:typeinfo|vtable|VTT|guard variable) for )?(?:non-virtual thunk to )?"
    r"(?:std::|__gnu_cxx::|__cxxabiv1::|__cxa_|__gxx_personality|__dynamic_cast)"
)
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
    if "No such file or directory" in error.message and error.message.split(":")[0].endswith((".h", ".hpp")):
        return "name its library under `libraries`, or add the file to the sketch"
    return _of_language(error.message, built)


def _of_language(message: str, built: Built) -> str:
    """For what C++ needs beyond the platform's own flags and functions."""
    lacks = built.fqbn.package == OWN_PACKAGE and not built.cxx_library
    archives = f"install the package {CXX_PACKAGE}"
    for pattern, flag in _OFF:
        if pattern.search(message):
            add = f"add the build property {_FLAGS}={flag}"
            return f"{add}, and {archives}" if lacks else add
    if lacks and _OF_CXX_LIBRARY.search(message):
        return f"{archives}; with it mlbench links it (build property compiler.libstdcxx.ldflags=-lstdc++)"
    return ""


def lacking_entry_points(messages: list[str]) -> tuple[str, ...]:
    """Which functions of a sketch the linker says that the core calls and nobody defines."""

    def asked(name: str) -> bool:
        words = re.compile(rf"undefined reference to [`'\"]{name}(?:\(\))?'")
        return any(words.search(message) for message in messages)

    return tuple(name for name in ("setup", "loop") if asked(name))

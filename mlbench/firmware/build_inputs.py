"""All that a build reads, as digests: the keys under which what it makes is kept."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shlex
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlbench import version
from mlbench.core.firmware import BuildRequest
from mlbench.firmware import board_harness as harness
from mlbench.firmware.compiler import expand
from mlbench.firmware.platforms import Fqbn, Platforms
from mlbench.firmware.sketch_source import SketchSource, read_source
from mlbench.firmware.source_tree import read_tree, stat_digest, tree_digest
from mlbench.firmware.toolchain import Toolchain

_MAKES_FIRMWARE = ("firmware", "core", "elf", "arduino")
"""Folders of the package whose code decides what an image holds, or what is said of it."""

_PLACES = ("build.core.path", "build.core.platform.path", "build.variant.path", "build.system.path")
_RECIPES = tuple(
    f"recipe.{name}.pattern" for name in ("c.o", "cpp.o", "S.o", "ar", "c.combine", "objcopy.bin", "size")
)
_DEPTH = 4
"""``<package>/tools/<name>/<version>`` and ``<package>/hardware/<architecture>/<version>``."""


@dataclass(frozen=True)
class BuildInputs:
    """What a firmware is made of, but for libraries and tools that only the build itself finds."""

    request: BuildRequest
    source: SketchSource
    platform: str
    tools: tuple[str, ...]

    @classmethod
    def read(
        cls,
        request: BuildRequest,
        fqbn: Fqbn,
        platforms: Platforms,
        tools: Toolchain,
        as_of: float | None = None,
    ) -> BuildInputs:
        """Read the sketch, and look at each file of the platform and of the compiler.

        Args:
            request: the sketch and how to build it.
            fqbn: the board.
            platforms: where its platform is.
            tools: what builds it.
            as_of: see ``identities``.

        Raises:
            UsageError: there is no such sketch or library.
            SketchError: the sketch cannot be built as it is.
            SourceChanged: a file changes meanwhile, or the platform went.
        """
        return cls(request, read_source(request), platforms.fingerprint(fqbn), identities(tools, as_of))

    @property
    def firmware_key(self) -> str:
        """The same for the same firmware, wherever its sketch lies."""
        board = [repr(self.request.board), _harness_sources()] if self.request.board is not None else []
        probes = [] if self.request.probes else ["without an image for probes"]
        canonical = ["with a canonical layout"] if self.request.canonical else []
        return hashed([*self._common(), self.source.digest, *board, *probes, *canonical])

    @property
    def workspace_key(self) -> str:
        """The same for builds that may share objects."""
        source = self.source
        places = [str(source.folder.resolve()), source.name]
        return hashed([*self._common(), *places, *(str(lib.folder.resolve()) for lib in source.libraries)])

    @property
    def core_key(self) -> str:
        """The same for builds that share a compiled core."""
        # Some platforms hand these files of a sketch to the compiler of the core as well.
        options = [
            self.source.files[name].digest
            for name in ("build_opt.h", "file_opts", f"{self.source.name}.ino.globals.h")
            if name in self.source.files
        ]
        return hashed([*self._common(), "core", *options])

    def _common(self) -> list[str]:
        request = self.request
        return [building_code(), request.fqbn, *request.build_properties, self.platform, *self.tools]


def hashed(parts: Iterable[str]) -> str:
    """One digest of several texts."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:48]


@cache
def building_code() -> str:
    """Part of every key: mlbench's version, and the code of it that makes firmware."""
    package = Path(version.__file__).parent
    folders = (package / name for name in _MAKES_FIRMWARE)
    files = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    code = (f"{path.relative_to(package)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return hashed([version.__version__, *code])


@cache
def _harness_sources() -> str:
    return tree_digest(read_tree(harness.SOURCES))


def identities(tools: Toolchain, as_of: float | None = None) -> tuple[str, ...]:
    """Tools by size and time of their files: asking them for versions takes longer than a cached build.

    Args:
        tools: which.
        as_of: of a monotonic clock: what somebody else saw of the compiler since then serves as well. Its
            thousands of files take longer to look at than the rest of a cached build. None: since now.
    """
    as_of = time.monotonic() if as_of is None else as_of
    paths = [tools.builder, tools.ctags, *(tools.builder_hardware / name for name in ("platform.txt",))]
    about = [_stamp(path) for path in paths]
    if tools.gcc is not None:
        with _looks_lock:
            begin, stamps = _looks.get(tools.gcc, (-math.inf, []))
            if begin < as_of:
                begin = time.monotonic()
                stamps = compiler_stamps([tools.gcc])
                _looks[tools.gcc] = (begin, stamps)
        about += stamps
    return (*about, sys.platform)


_looks: dict[Path, tuple[float, list[str]]] = {}
"""When each compiler was looked at last, and what was seen."""
_looks_lock = threading.Lock()


def compiler_stamps(compilers: Iterable[Path]) -> list[str]:
    """Compilers by their programs, passes, headers and libraries, which may be packages of their own.

    Programs of one compiler share nearly all of these, which are looked at once.
    """
    programs: dict[Path, None] = {}
    folders: dict[Path, None] = {}
    for gcc in compilers:
        if gcc not in programs:
            programs |= dict.fromkeys((gcc, *_siblings(gcc)))
        folders |= dict.fromkeys(compiler_folders(gcc))
    return [*map(_stamp, programs), *(f"{place}:{stat_digest(place)}" for place in folders)]


def _siblings(gcc: Path) -> list[Path]:
    """The programs of a compiler."""
    triple, folder = gcc.name.rpartition("-")[0], gcc.resolve().parent
    names = (name for name in os.listdir(folder) if name.startswith(f"{triple}-"))  # noqa: PTH208 (many)
    return [folder / name for name in sorted(names)] if triple else []


def compiler_folders(gcc: Path) -> tuple[Path, ...]:
    """Where a compiler keeps what it reads: GCC's layout below its prefix, and Debian's for newlib."""
    prefix, triple = gcc.resolve().parent.parent, gcc.name.rpartition("-")[0]
    if not triple:
        return ()
    names = [f"lib/gcc/{triple}", f"libexec/gcc/{triple}", f"lib/{triple}", triple]
    if triple == "arm-none-eabi":
        names.append("include/newlib")
    return tuple(prefix / name for name in names if (prefix / name).is_dir())


@dataclass(frozen=True)
class UsedTools:
    """What a platform's recipes read that lies outside of the platform."""

    folders: tuple[Path, ...]
    """Packages of tools, and the core or variant that it borrows from another platform."""
    compilers: tuple[Path, ...]
    """Compilers that no package brought."""

    @classmethod
    def of(cls, properties: Mapping[str, str], platforms: Platforms) -> UsedTools:
        """Those that the properties of a board name."""
        texts = [expand(properties.get(key, ""), properties) for key in (*_RECIPES, *_PLACES)]
        roots = platforms.package_folders
        places = "|".join(re.escape(str(root)) for root in roots)
        package = re.compile(rf"(?:{places})(?:/[^/\s\"']+){{{_DEPTH}}}")
        folders = [Path(place) for text in texts for place in package.findall(text)]
        borrowed = (Path(properties.get(key, "")) for key in _PLACES)
        folders += [
            place
            for place in borrowed
            if place.is_absolute() and place.is_dir() and not any(map(place.is_relative_to, roots))
        ]
        compilers = []
        for text in texts[: len(_RECIPES)]:
            program = _program(text)
            if program.is_absolute() and not any(map(program.is_relative_to, roots)) and program.is_file():
                compilers.append(program)
        return cls(tuple(dict.fromkeys(folders)), tuple(dict.fromkeys(compilers)))

    def stamp(self, known: Path | None = None) -> str:
        """Changes with any of their files, but for those of ``known``, a compiler that ``identities`` has."""
        stamps = [f"{folder}:{stat_digest(folder)}" for folder in self.folders if folder.is_dir()]
        others = self.compilers if known is None else (gcc for gcc in self.compilers if not is_of(gcc, known))
        return hashed([*stamps, *compiler_stamps(others)])


def is_of(program: Path, gcc: Path) -> bool:
    """Whether a program is one of a compiler's."""
    triple = gcc.name.rpartition("-")[0]
    return program.parent == gcc.parent and program.name.rpartition("-")[0] == triple != ""


def _program(recipe: str) -> Path:
    try:
        return Path(next(iter(shlex.split(recipe)), ""))
    except ValueError:
        return Path()


def _stamp(path: Path | None) -> str:
    try:
        about = path.stat() if path else None
    except OSError:
        about = None
    return f"{path}:{about.st_size}:{about.st_mtime_ns}" if about else f"{path}:none"

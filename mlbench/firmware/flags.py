"""Properties that a build adds to a platform's own, without changing what they mean."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.fqbn import OWN_PACKAGE
from mlbench.errors import EnvironmentFault
from mlbench.firmware.compiler import expand
from mlbench.firmware.platforms import Fqbn
from mlbench.firmware.toolchain import Toolchain, compiler_version, first_output
from mlbench.firmware.workspace import Workspace
from mlbench.util.subprocesses import child_environment, run

_CXX_LIBRARY = "-lstdc++"
_THROWING = "-l:libstdc++.a"
"""By its file: nano.specs puts libstdc++_nano in its place, which is compiled without exceptions."""
_CPU = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_LANGUAGES = ("c", "cpp", "S")
_LINK = "compiler.c.elf.extra_flags"
_RECIPE = "recipe.c.combine.pattern"
_OF_SKETCH = frozenset(
    {"build.path", "build.source.path", "build.project_name", "sketch_path"}
    | {f"extra.time.{key}" for key in ("utc", "local", "zone", "dst")}
)
_COMPILES = re.compile(r"recipe\.(?:\w+\.o\.pattern|preproc\.macros)")
_PROBE = "\x00probe\x00"
_FIRST_WITH_FILE_MAP = 8
"""gcc has -ffile-prefix-map (and -fmacro-prefix-map) from version 8 on."""


@dataclass(frozen=True)
class Compiler:
    """The C compiler of a platform: the first line it says of itself, and its major version."""

    line: str
    major: int


@dataclass(frozen=True)
class BoardProperties:
    """What there is to know of a board with a set of properties, whatever the sketch."""

    properties: Mapping[str, str]
    """Those of the sketch itself left out."""
    compiler: Compiler

    def __post_init__(self) -> None:
        properties = {key: value for key, value in self.properties.items() if key not in _OF_SKETCH}
        object.__setattr__(self, "properties", properties)


def compiler_of(properties: Mapping[str, str], tools: Toolchain, workspace: Workspace) -> Compiler:
    """The compiler that the platform's recipe for C files names.

    Raises:
        EnvironmentFault: it does not run.
    """
    recipe = expand(properties.get("recipe.c.o.pattern", ""), properties)
    try:
        program = shlex.split(recipe)[0]
    except (ValueError, IndexError):
        return Compiler("", 0)
    environment = child_environment(os.environ, {}, str(tools.gcc_bin or ""))
    path = Path(shutil.which(program, path=environment["PATH"]) or program)
    line = compiler_version(path)
    dumped = run([str(path), "-dumpversion"], cwd=workspace.folder, environment=environment, seconds=20.0)
    number = re.match(r"\d+", dumped.stdout.strip())
    return Compiler(line, int(number.group()) if number else 0)


def platform_properties(
    fqbn: Fqbn, tools: Toolchain, build_properties: Sequence[str] = ()
) -> tuple[str, ...]:
    """What the project's own platform is told of this machine; other platforms bring their compilers.

    It links with libstdc++ where its archives are installed: at the end, where it only gives what nothing
    else does, so that no other sketch's image changes; with exceptions (in ``build_properties``)
    before the core, whose functions stop where libstdc++'s throw.
    """
    if fqbn.package != OWN_PACKAGE or not tools.gcc_bin:
        return ()
    properties = [f"compiler.path={tools.gcc_bin}/"]
    if has_cxx_library(tools):
        properties.append(f"compiler.libstdcxx.ldflags={_CXX_LIBRARY}")
        if any("-fexceptions" in item.partition("=")[2].split() for item in build_properties):
            properties.append(f"compiler.exceptions.ldflags={_THROWING}")
    return tuple(properties)


def has_cxx_library(tools: Toolchain) -> bool:
    """Whether the compiler of the project's own platform has the archives of libstdc++. Raises nothing."""
    if tools.gcc is None:
        return False
    option = "-print-file-name=libstdc++.a"
    try:
        # gcc answers with the name alone where there is no such file.
        return Path(first_output(tools.gcc, (option, *_CPU)).strip()).is_absolute()
    except EnvironmentFault:
        return False


def launched_properties(board: BoardProperties, launcher: Path) -> tuple[str, ...]:
    """The recipes that compile one file, or look for what it includes, with a launcher in front."""
    return tuple(
        f"{key}={_quoted(str(launcher))} {recipe}"
        for key, recipe in sorted(board.properties.items())
        if _COMPILES.fullmatch(key) and recipe.strip()
    )


def workspace_properties(board: BoardProperties, fqbn: Fqbn, workspace: Workspace) -> tuple[str, ...]:
    """Flags appended to the values that the platform and the user gave.

    They keep the build's place out of the image and its debug information, and let a second link
    differ from the first (see ``linker``). Arguments are quoted with single quotes, which both
    sketch compilers take.
    """
    properties, compiler = board.properties, board.compiler
    option = "-ffile-prefix-map" if compiler.major >= _FIRST_WITH_FILE_MAP else "-fdebug-prefix-map"
    maps = [
        (properties.get(key, ""), f"/platform/{fqbn.package}/{fqbn.architecture}") for key in _PLATFORM_PATHS
    ]
    maps += workspace.prefix_maps()
    added = []
    for language in _LANGUAGES:
        key = f"compiler.{language}.extra_flags"
        if _reaches(key, f"recipe.{language}.o.pattern", properties):
            # Only -fdebug-prefix-map is passed on to the assembler, which writes its own line table.
            used = "-fdebug-prefix-map" if language == "S" else option
            flags = " ".join(_quoted(f"{used}={folder}={name}") for folder, name in maps if folder)
            added.append(f"{key}={properties.get(key, '')} {flags}".replace("= ", "=", 1))
    response = _quoted(f"@{workspace.link_options}")
    key = _LINK if _reaches(_LINK, _RECIPE, properties) else _RECIPE
    added.append(f"{key}={properties.get(key, '')} {response}".replace("= ", "=", 1))
    return tuple(added)


_PLATFORM_PATHS = ("build.core.platform.path", "runtime.platform.path")


def _reaches(key: str, recipe: str, properties: Mapping[str, str]) -> bool:
    """Whether the recipe makes use of the property."""
    return _PROBE in expand(properties.get(recipe, ""), {**properties, key: _PROBE})


def _quoted(argument: str) -> str:
    return f'"{argument}"' if "'" in argument else f"'{argument}'"

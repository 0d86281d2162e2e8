"""A sketch and a board in, one firmware out."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench import version
from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.errors import EnvironmentFault
from mlbench.firmware import board_harness as harness
from mlbench.firmware.arduino_builder import ArduinoBuilder
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.compilation import BuildFailed, Compilation
from mlbench.firmware.compiler import SketchCompiler, UsedLibrary
from mlbench.firmware.dependencies import embedded, named_by, outside, runtime_files
from mlbench.firmware.firmware_cache import FirmwareCache, write_fault
from mlbench.firmware.flags import BoardProperties, Compiler
from mlbench.firmware.platforms import Fqbn, Platforms, platforms_for
from mlbench.firmware.sketch_source import SketchSource, read_source
from mlbench.firmware.source_tree import read_tree, tree_digest
from mlbench.firmware.toolchain import Toolchain
from mlbench.firmware.workspace import SKETCH_ROOT, Workspace, safe_name
from mlbench.host.cache_dir import remove_tree

if TYPE_CHECKING:
    from mlbench.util.progress import Progress

_MAKES_FIRMWARE = ("firmware", "core", "elf", "arduino")
"""Folders of the package whose code decides what an image holds, or what is said of it."""


def build(
    request: BuildRequest, tools: Toolchain, cache: Path, progress: Progress, *, reuse: bool = True
) -> Firmware:
    """Build a sketch, or take it from the cache when nothing it is made of has changed (and ``reuse``).

    One compile serves all probes: where the image lacks malloc, a second link of the same objects
    has it. A sketch that does not fit is linked once more with longer memory regions.

    Raises:
        BuildFailed: the sketch does not compile or link.
        SketchError: the sketch cannot be built as it is (no ``.ino``, a template that allocates nothing).
        UsageError: there is no such sketch, library or board.
        EnvironmentFault: a tool or a platform lacks, or the cache cannot be written.
    """
    fqbn = Fqbn.parse(request.fqbn)
    source = read_source(request)
    platforms = _platforms(fqbn, cache)
    if platforms.platform(fqbn) is None:
        with progress.step(f"install platform {fqbn.platform}"):
            _compiler(tools, platforms, cache).install_platform(fqbn.package, fqbn.architecture)
        platforms = _platforms(fqbn, cache)
    store = FirmwareCache(cache / "build")
    compiler = _compiler(tools, platforms, cache)
    platform = platforms.fingerprint(fqbn)
    key = _key(request, source, platform, tools)
    unlisted = embedded(source)
    once = named_by(request.build_properties) or unlisted
    cached = store.load(key, source.folder) if reuse and not once else None
    if cached is not None:
        return cached
    with store.locked_workspace(
        _workspace_key(request, platform, tools, source), request.timeout_s
    ) as folder:
        # Whoever held the workspace may have built the very same sketch.
        cached = store.load(key, source.folder) if reuse and not once else None
        if cached is not None:
            return cached
        if unlisted or not reuse:
            # Nor do sketch compilers know that an object is out of date.
            remove_tree(folder)
        with progress.step(f"compile {source.name} for {request.fqbn}"):
            workspace = Workspace(folder, safe_name(source.name))
            core = _core_key(request, source, platform, tools)
            work = Compilation(request, fqbn, source, workspace, tools, compiler)
            try:
                workspace.fill(source)
                store.restore_core(core, workspace.cores)
                try:
                    firmware, libraries = work.build(_board(work, store, core))
                except BuildFailed:
                    workspace.finalize(source)
                    raise
                workspace.finalize(source)
                store.keep_core(core, workspace.cores)
            except OSError as error:
                raise write_fault(error, store.folder) from error
        once = once or _outside(work, platforms, libraries, tools)
        return store.save(key, firmware, libraries, once=once)


def _outside(
    work: Compilation, platforms: Platforms, libraries: tuple[UsedLibrary, ...], tools: Toolchain
) -> str:
    """Why the firmware must not be used again: it was made of a file that its key does not cover."""
    build_path = work.workspace.build_path
    known = [work.workspace.folder, platforms.own, platforms.packages, platforms.data, tools.builder_hardware]
    known += [*platforms.hardware, *(library.folder for library in libraries)]
    if tools.gcc is not None:
        prefix = tools.gcc.resolve().parent.parent
        known += [
            prefix / name for name in ("lib/gcc", "lib/arm-none-eabi", "arm-none-eabi", "include/newlib")
        ]
    maps = [path for path in (work.workspace.map_file, *build_path.glob("*.map")) if path.is_file()]
    name = outside(build_path, maps, known)
    return f"it was made of {name}" if name else ""


def _platforms(fqbn: Fqbn, cache: Path) -> Platforms:
    from mlbench.arduino import install_by_content

    own = install_by_content(cache / "arduino")
    return platforms_for(fqbn, own, cache / "arduino-cli" / "data")


def _board(work: Compilation, store: FirmwareCache, key: str) -> BoardProperties:
    """What is known of the board; arduino-cli takes as long to say it as to link."""
    known = store.recall(key)
    try:
        return BoardProperties(known["properties"], Compiler(**known["compiler"]))
    except (TypeError, KeyError):
        board = work.ask()
        store.remember(key, asdict(board))
        return board


def arduino_cli_for(fqbn: str, tools: Toolchain, cache: Path) -> ArduinoCli | None:
    """The arduino-cli that builds and uploads for a board; None where there is none.

    Raises:
        UsageError: the FQBN is none.
    """
    return _arduino_cli(tools, _platforms(Fqbn.parse(fqbn), cache), cache)


def _arduino_cli(tools: Toolchain, platforms: Platforms, cache: Path) -> ArduinoCli | None:
    if tools.arduino_cli is None:
        return None
    return ArduinoCli(tools.arduino_cli, tools, platforms, cache / "arduino-cli")


def _compiler(tools: Toolchain, platforms: Platforms, cache: Path) -> SketchCompiler:
    cli = _arduino_cli(tools, platforms, cache)
    if cli is not None:
        return cli
    if tools.arduino_builder:
        return ArduinoBuilder(tools.arduino_builder, tools, platforms)
    raise EnvironmentFault(
        "there is no sketch compiler", where="PATH", do="install arduino-cli or arduino-builder"
    )


def _key(request: BuildRequest, source: SketchSource, platform: str, tools: Toolchain) -> str:
    board = [repr(request.board), _harness_sources()] if request.board is not None else []
    parts = [building_code(), source.digest, request.fqbn, *request.build_properties, platform]
    return _hashed([*parts, *board, *_identities(tools)])


@cache
def building_code() -> str:
    """Part of every key: mlbench's version, and the code of it that makes firmware."""
    package = Path(version.__file__).parent
    folders = (package / name for name in _MAKES_FIRMWARE)
    files = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    code = (f"{path.relative_to(package)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return _hashed([version.__version__, *code])


@cache
def _harness_sources() -> str:
    return tree_digest(read_tree(harness.SOURCES))


def _workspace_key(request: BuildRequest, platform: str, tools: Toolchain, source: SketchSource) -> str:
    places = [
        str(source.folder.resolve()),
        source.name,
        *(str(lib.folder.resolve()) for lib in source.libraries),
    ]
    return _hashed(
        [building_code(), *places, request.fqbn, *request.build_properties, platform, *_identities(tools)]
    )


def _core_key(request: BuildRequest, source: SketchSource, platform: str, tools: Toolchain) -> str:
    # Some platforms hand these files of a sketch to the compiler of the core as well.
    options = [
        source.files[name].digest
        for name in ("build_opt.h", "file_opts", f"{source.name}.ino.globals.h")
        if name in source.files
    ]
    return _hashed(
        [building_code(), request.fqbn, *request.build_properties, platform, *options, *_identities(tools)]
    )


def _identities(tools: Toolchain) -> list[str]:
    """Tools by size and time of their files: asking them for versions takes longer than a cached build."""
    identities = []
    runtime = runtime_files(tools.gcc) if tools.gcc else ()
    for path in (tools.builder, tools.gcc, tools.ctags, *runtime):
        try:
            about = path.stat() if path else None
        except OSError:
            about = None
        identities.append(f"{path}:{about.st_size}:{about.st_mtime_ns}" if about else f"{path}:none")
    return [*identities, sys.platform]


def _hashed(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:48]


def source_path(firmware: Firmware, file: str) -> str:
    """The user's own path of a file that debug information names, other names as they are.

    Debug information is the same on every machine: it has the sketch at ``/sketch/<name>``.
    """
    name = safe_name(firmware.name)
    prefix = f"{SKETCH_ROOT}/{name}/"
    if not file.startswith(prefix):
        return file
    relative = file[len(prefix) :]
    if relative == f"{name}.ino":
        relative = f"{firmware.name}.ino"
    return str(firmware.source / relative)

"""A sketch and a board in, one firmware out."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.core.fqbn import OWN_PACKAGE
from mlbench.errors import EnvironmentFault, SketchError
from mlbench.firmware.arduino_builder import ArduinoBuilder
from mlbench.firmware.arduino_cli import ArduinoCli
from mlbench.firmware.build_inputs import BuildInputs, UsedTools, compiler_folders, hashed, identities
from mlbench.firmware.compilation import Compilation
from mlbench.firmware.compiler import SketchCompiler, UsedLibrary
from mlbench.firmware.dependencies import embedded, named_by, outside
from mlbench.firmware.firmware_cache import FirmwareCache, write_fault
from mlbench.firmware.flags import BoardProperties, Compiler
from mlbench.firmware.launcher import launcher
from mlbench.firmware.library_files import library_digest, library_files, readable
from mlbench.firmware.object_server import ObjectContext, ObjectServer
from mlbench.firmware.pinned import Releases, with_profile
from mlbench.firmware.platforms import Fqbn, Platforms, platforms_for
from mlbench.firmware.sketch_source import read_source
from mlbench.firmware.source_tree import SourceChanged, newest_change
from mlbench.firmware.toolchain import Toolchain
from mlbench.firmware.workspace import SKETCH_ROOT, Workspace, safe_name
from mlbench.host.cache_dir import remove_tree
from mlbench.util.subprocesses import child_environment

if TYPE_CHECKING:
    from mlbench.util.progress import Progress

_TRIES = 3
_CLOCK_SECONDS = 0.05
"""Times of files are up to a tick of the kernel's clock behind the time of day."""


def build(
    request: BuildRequest,
    tools: Toolchain,
    cache: Path,
    progress: Progress,
    *,
    since: float = 0.0,
    as_of: float | None = None,
) -> Firmware:
    """Build a sketch, or take it from the cache when nothing it is made of has changed.

    One compile serves all probes: where the image lacks malloc, a second link of the same objects
    has it. A sketch that does not fit is linked once more with longer memory regions. Where a file
    that is read changes meanwhile, the sketch is built again.

    Args:
        request: the sketch, the board and how to build.
        tools: what builds it.
        cache: folder of all that builds keep.
        progress: told of each step.
        since: what was built before this time, in seconds since 1970, is not used again.
        as_of: time of a monotonic clock since which the compiler need not be looked at again before the
            build; behind it that is done anyway. None: now.

    Raises:
        BuildFailed: the sketch does not compile or link.
        SketchError: the sketch cannot be built as it is (no ``.ino``, a template that allocates nothing).
        UsageError: there is no such sketch, library or board.
        EnvironmentFault: a tool or a platform lacks, the cache cannot be written, or files never rest.
    """
    fqbn = Fqbn.parse(request.fqbn)

    def installer(platforms: Platforms) -> SketchCompiler:
        read_source(request)  # what is wrong with the sketch is told before anything is installed
        return _compiler(tools, platforms, cache)

    releases = Releases(_platforms(fqbn, cache, tools), cache / "arduino-cli", installer, progress)
    complete, platforms = with_profile(request, releases)
    if platforms.platform(fqbn) is None:
        compiler = installer(platforms)
        with progress.step(f"install platform {fqbn.platform}"):
            compiler.install_platform(fqbn.package, fqbn.architecture)
        complete, platforms = with_profile(
            request, replace(releases, platforms=_platforms(fqbn, cache, tools))
        )
    store = FirmwareCache(cache / "build", since)
    attempt = _Attempt(complete, fqbn, tools, platforms, store, cache, progress, {}, as_of)
    for tries in range(_TRIES, 0, -1):
        try:
            return attempt.build()
        except SourceChanged as error:
            if tries == 1:
                what = f"changed {_TRIES} times while it was compiled"
                raise EnvironmentFault(what, where=error.where, do="run again when it rests") from None
            attempt = replace(attempt, as_of=None)
    raise AssertionError


@dataclass(frozen=True)
class _Attempt:
    """One build of what its files are now."""

    request: BuildRequest
    fqbn: Fqbn
    tools: Toolchain
    platforms: Platforms
    store: FirmwareCache
    cache: Path
    progress: Progress
    libraries: dict[Path, str]
    """What is known of the user's libraries that an earlier attempt found it needs."""
    as_of: float | None

    def build(self) -> Firmware:
        """Raises as ``build``, and SourceChanged when a file was not the same before and after."""
        inputs = self._inputs(self.as_of)
        unlisted = embedded(inputs.source)
        once = named_by(self.request.build_properties) or unlisted
        cached = None if once else self._kept(inputs)
        if cached is not None:
            return cached
        with self.store.locked_workspace(inputs.workspace_key, self.request.timeout_s) as folder:
            # Whoever held the workspace may have built the very same sketch.
            cached = None if once else self._kept(inputs)
            if cached is not None:
                return cached
            if unlisted or self.store.since:
                # Nor do sketch compilers know that an object is out of date.
                remove_tree(folder)
            with self.progress.step(f"compile {inputs.source.name} for {self.request.fqbn}"):
                return self._compiled(inputs, Workspace(folder, safe_name(inputs.source.name)), once)

    def _inputs(self, as_of: float | None = None) -> BuildInputs:
        return BuildInputs.read(self.request, self.fqbn, self.platforms, self.tools, as_of)

    def _kept(self, inputs: BuildInputs) -> Firmware | None:
        known = self._known(inputs)
        return self.store.load(_entry(inputs, known[1]), inputs.source.folder) if known else None

    def _known(self, inputs: BuildInputs) -> tuple[BoardProperties, str] | None:
        """What is known of the board, while the tools that it names are those it was asked with."""
        known = self.store.recall(inputs.core_key)
        try:
            board = BoardProperties(known["properties"], Compiler(**known["compiler"]))
            stamp = UsedTools.of(board.properties, self.platforms).stamp(self.tools.gcc)
            return (board, stamp) if stamp == known["tools"] else None
        except (TypeError, KeyError):
            return None

    def _compiled(self, inputs: BuildInputs, workspace: Workspace, once: str) -> Firmware:
        begin = time.time()
        compiler = _compiler(self.tools, self.platforms, self.cache)
        work = Compilation(self.request, self.fqbn, inputs.source, workspace, self.tools, compiler)
        try:
            workspace.fill(inputs.source)
            with self.store.objects.turn(inputs.core_key, self.request.timeout_s):
                board, stamp = self._known(inputs) or self._ask(work, inputs.core_key)
            workspace.compiled_with(stamp)
            core = hashed([inputs.core_key, stamp])
            self.store.restore_core(core, workspace.cores)
            try:
                firmware, libraries = self._launched(work, board, stamp)
            except SketchError:
                self._check(inputs, board, stamp, (), begin)
                workspace.finalize(inputs.source)
                raise
            self._check(inputs, board, stamp, libraries, begin)
            workspace.finalize(inputs.source)
            self.store.keep_core(core, workspace.cores)
        except OSError as error:
            raise write_fault(error, self.store.folder) from error
        once = once or self._outside(work, libraries, board)
        seen = tuple((library.folder, self.libraries[library.folder]) for library in libraries)
        return self.store.save(_entry(inputs, stamp), firmware, seen, once=once)

    def _launched(
        self, work: Compilation, board: BoardProperties, stamp: str
    ) -> tuple[Firmware, tuple[UsedLibrary, ...]]:
        """Build with the objects that other builds have compiled. Raises as ``Compilation.build``."""
        program = launcher(self.store.launchers)
        if program is None:
            return work.build(board)
        used, gcc = UsedTools.of(board.properties, self.platforms), self.tools.gcc
        platform = self.platforms.platform(self.fqbn)
        folders = [*used.folders, *([platform] if platform else [])]
        context = ObjectContext(
            key=hashed([self.platforms.stamp(self.fqbn), *identities(self.tools, self.as_of), stamp]),
            workspace=work.workspace.folder,
            environment=child_environment(os.environ, {}, str(self.tools.gcc_bin or "")),
            folders=tuple(folders),
            compilers=(*used.compilers, *([gcc] if gcc else [])),
            seconds=self.request.timeout_s,
        )
        server = ObjectServer(self.store.objects, context)
        with server.serving() as variables:
            work.launcher, work.variables = program, variables
            built = work.build(board)
        self.store.objects.prune()
        return built

    def _ask(self, work: Compilation, key: str) -> tuple[BoardProperties, str]:
        """arduino-cli takes as long to say it as to link."""
        board = work.ask()
        stamp = UsedTools.of(board.properties, self.platforms).stamp(self.tools.gcc)
        self.store.remember(key, {**asdict(board), "tools": stamp})
        return board, stamp

    def _check(
        self,
        inputs: BuildInputs,
        board: BoardProperties,
        stamp: str,
        libraries: Sequence[UsedLibrary],
        begin: float,
    ) -> None:
        """Raise SourceChanged where something that was read is no longer what it was before."""
        try:
            same = self._inputs().firmware_key == inputs.firmware_key
        except SketchError:
            same = False
        if not same or UsedTools.of(board.properties, self.platforms).stamp(self.tools.gcc) != stamp:
            raise SourceChanged("changed while it was compiled", where=str(inputs.source.folder))
        changed = None
        for folder in (library.folder for library in libraries):
            before, now = self.libraries.get(folder), library_digest(folder)
            self.libraries[folder] = now
            # Which libraries it takes was not known before; when they last changed is.
            if before != now and (before is not None or newest_change(folder) >= begin - _CLOCK_SECONDS):
                changed = folder
        if changed is not None:
            raise SourceChanged("changed while it was compiled", where=f"library {changed}")

    def _outside(self, work: Compilation, libraries: Sequence[UsedLibrary], board: BoardProperties) -> str:
        """Why the firmware must not be used again: it was made of a file that its key does not cover."""
        build_path, tools = work.workspace.build_path, self.tools
        used, platform = UsedTools.of(board.properties, self.platforms), self.platforms.platform(self.fqbn)
        known = [work.workspace.folder, self.platforms.own, tools.builder_hardware, *used.folders]
        known += [platform] if platform else []
        known += [library.folder for library in libraries]
        for gcc in (*([tools.gcc] if tools.gcc else []), *used.compilers):
            known += compiler_folders(gcc)
        maps = [path for path in (work.workspace.map_file, *build_path.glob("*.map")) if path.is_file()]
        name = outside(build_path, maps, known, _uncounted(work, libraries))
        return f"it was made of {name}" if name else ""


def _entry(inputs: BuildInputs, stamp: str) -> str:
    return hashed([inputs.firmware_key, stamp])


def _uncounted(work: Compilation, libraries: Sequence[UsedLibrary]) -> frozenset[str]:
    """Real paths of files in libraries that are no part of a key."""
    paths = set()
    for library in work.source.libraries:
        names = library.files.keys() - library.readable.keys()
        paths |= {os.path.realpath(work.workspace.libraries / library.name / name) for name in names}
    for folder in (library.folder for library in libraries):
        files = library_files(folder)
        paths |= {os.path.realpath(files[name].origin) for name in files.keys() - readable(files).keys()}
    return frozenset(paths)


def _platforms(fqbn: Fqbn, cache: Path, tools: Toolchain) -> Platforms:
    from mlbench.arduino import install_by_content

    own = install_by_content(cache / "arduino")
    platforms = platforms_for(fqbn, own, cache / "arduino-cli" / "data")
    elsewhere = tools.arduino_cli is None and fqbn.package != OWN_PACKAGE
    return replace(platforms, system=tools.system_hardware) if elsewhere else platforms


def arduino_cli_for(fqbn: str, tools: Toolchain, cache: Path) -> ArduinoCli | None:
    """The arduino-cli that builds and uploads for a board; None where there is none.

    Raises:
        UsageError: the FQBN is none.
    """
    return _arduino_cli(tools, _platforms(Fqbn.parse(fqbn), cache, tools), cache)


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

"""Makes the services of this machine. All is imported when first needed, so that small verbs are quick."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.core import backends
from mlbench.core.fqbn import OWN_PACKAGE, without_options
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.firmware.source_tree import size_of
from mlbench.pipeline.run import Services
from mlbench.pipeline.worker_pool import WorkerPool
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.util.progress import Progress
from mlbench.util.settings import Settings

if TYPE_CHECKING:
    from mlbench.boards import Board
    from mlbench.core.backends import Backend
    from mlbench.core.execution import PredictedLimit, Target
    from mlbench.core.firmware import BoardBuild, BoardImage, BuildRequest, Firmware
    from mlbench.firmware.arduino_cli import ArduinoCli
    from mlbench.firmware.compiler import PlatformMissing
    from mlbench.firmware.toolchain import Toolchain
    from mlbench.measure.cache import Measure
    from mlbench.measure.profile import Profile
    from mlbench.source.project import Project
    from mlbench.targets.board.lease import BoardRequest
    from mlbench.util.git import OutOfReach

_MOST_WEIGHED = 2_000
"""Files of a folder that are looked at to tell which sketch takes long."""
EMPTY_SKETCH = "void setup() {}\nvoid loop() {}\n"
"""The shortest sketch: what it takes is the overhead of core and startup code."""


def make_services(
    settings: Settings, progress: Progress, *, named: bool = False, prebuilt: bool = False
) -> Services:
    """The services of this machine.

    Args:
        settings: options of this start.
        progress: told of what takes long.
        named: the sketch was named on the command line; advice then names options.
        prebuilt: firmware comes from elsewhere: no compiler is asked for, and what goes to a board is run
            there and on nothing else.
    """
    return _ServiceMaker(settings, progress, named, prebuilt).services()


class _ServiceMaker:
    def __init__(self, settings: Settings, progress: Progress, named: bool, prebuilt: bool) -> None:
        self._settings = settings
        self._progress = progress
        self._named = named
        self._prebuilt = prebuilt
        self._since = 0.0 if settings.cache else time.time()
        self._workers = WorkerPool()
        self._as_of = time.monotonic()
        self._lock = threading.Lock()
        self._tools: Toolchain | None = None
        self._no_tools: EnvironmentFault | None = None
        self._sources: dict[Source, threading.Lock] = {}
        self._out_of_reach: dict[Source, OutOfReach] = {}

    def services(self) -> Services:
        from mlbench.measure.further import of_image
        from mlbench.measure.profile import measure_flash

        return Services(
            check_board=_check_board,
            obtain=self._obtain,
            locate=self._request,
            build=self._build,
            empty=_empty,
            flash=measure_flash,
            of_image=of_image,
            target=self._target,
            profile=self._checked(self._measure()),
            advise=self._advise,
            expect=self._expected,
            weight=_weight,
            jobs=self._settings.jobs,
            release=self._workers.release,
        )

    def _measure(self) -> Measure:
        """What measures, and keeps what it has measured."""
        from mlbench.host.cache_dir import RESULTS, cache_area
        from mlbench.measure.cache import MeasurementCache
        from mlbench.measure.profile import profile

        def anywhere(firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None) -> Profile:
            take = self._workers.profile if _backend(spec).exact else profile
            return take(firmware, spec, target, overhead)

        return MeasurementCache(cache_area(RESULTS), anywhere) if self._settings.cache else anywhere

    def _checked(self, measure: Measure) -> Measure:
        """What measures, and holds it against a second instrument where that is asked for."""
        if not self._settings.cross_check:
            return measure

        def measured(firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None) -> Profile:
            from mlbench.measure.cross_check import cross_check

            profile = measure(firmware, spec, target, overhead)
            runs = _backend(spec).runs
            if profile.failure is not None or not runs or spec.backend == self._settings.cross_check:
                return profile
            other = target_for(replace(spec, backend=self._settings.cross_check))
            note = cross_check(firmware, spec, profile, target, other)
            return replace(profile, notes=(*profile.notes, note))

        return measured

    def _obtain(self, spec: SketchSpec) -> Project:
        from mlbench.host.cache_dir import CHECKOUTS, cache_area
        from mlbench.source.project import Project, obtain
        from mlbench.util.git import OutOfReach

        if not (spec.source.url or spec.overlay or spec.prepare):
            return Project(spec.source.folder, spec.source.folder)
        # A project that cannot be had is asked for once, not once for each of its sketches.
        source = replace(spec.source, folder=Path())
        with self._lock:
            lock = self._sources.setdefault(source, threading.Lock())
        with lock:
            if source in self._out_of_reach:
                known = self._out_of_reach[source]
                raise OutOfReach(known.what, where=spec.where, do=known.do)
            try:
                return obtain(
                    spec, cache_area(CHECKOUTS), self._progress, offline=self._settings.policy.offline
                )
            except OutOfReach as error:
                self._out_of_reach[source] = error
                raise

    def _request(self, project: Project, spec: SketchSpec) -> BuildRequest:
        request = _locate(project, spec)
        # Its times alone tell how many of their cycles are the layout's.
        return replace(request, canonical=self._settings.canonical and spec.backend == backends.default())

    def _build(self, request: BuildRequest) -> Firmware:
        from mlbench.firmware import build
        from mlbench.firmware.compiler import PlatformMissing
        from mlbench.host.cache_dir import BUILDS, cache_area

        tools = self._toolchain(request.fqbn)
        cache = cache_area(BUILDS)
        try:
            return build(request, tools, cache, self._progress, since=self._since, as_of=self._as_of)
        except PlatformMissing as error:
            raise _perhaps_misspelt(error, request.fqbn) from error

    def _toolchain(self, fqbn: str) -> Toolchain:
        from mlbench.firmware.install_tools import ensure_toolchain

        with self._lock:  # two builds must not install the same packages at a time
            if self._no_tools is not None:
                raise self._no_tools  # what failed for one sketch is not tried again for each of the others
            arm = _needs_arm(fqbn) and not self._prebuilt
            if self._tools is None or (self._tools.gcc_bin is None and arm):
                policy = self._settings.policy
                try:
                    self._tools = ensure_toolchain(policy, self._progress.note, arm=arm)
                except EnvironmentFault as error:
                    self._no_tools = error
                    raise
            return self._tools

    def _advise(self, spec: SketchSpec, firmware: Firmware) -> tuple[str, ...]:
        from mlbench.elf.image import Image
        from mlbench.elf.names import candidates
        from mlbench.suite.discovery import lines_to_add

        names = candidates(Image.load(firmware.elf))
        return lines_to_add(spec, names, named=self._named) if names else ()

    def _target(self, spec: SketchSpec) -> Target:
        return self._board(spec) if _backend(spec).on_port else target_for(spec)

    def _board(self, spec: SketchSpec) -> Target:
        """A real board, with all that it takes to link sketches anew for it, where they are here."""
        from mlbench.boards import board_for
        from mlbench.core.execution import PredictedLimit
        from mlbench.targets.board.lease import BoardRequest
        from mlbench.targets.board.target import BoardTarget
        from mlbench.util.text import printable

        board = board_for(spec.board)
        # Options of firmware that was built elsewhere must steer no program here.
        fqbn = without_options(spec.board) if self._prebuilt else spec.board

        def rebuild(wanted: BoardBuild, literal: int | None) -> Firmware:
            request = _locate(self._obtain(spec), spec)
            return self._build(replace(request, board=wanted, literal=literal))

        request = BoardRequest(
            board,
            fqbn,
            self._settings.port,
            lambda: self.arduino_cli(fqbn),
            self._progress.note,
            f"mlbench, {printable(spec.name)}",
            self._settings.person_seconds,
        )
        faithful = spec.ram_search == "faithful"
        if self._prebuilt:
            recorded_limit = PredictedLimit(spec.ram_expected) if spec.ram_expected is not None else None
            return BoardTarget(board, request, None, lambda _: recorded_limit, self._progress.note, faithful)
        predicted_limit = partial(self._predicted_limit, spec)
        return BoardTarget(board, request, rebuild, predicted_limit, self._progress.note, faithful)

    def _predicted_limit(self, spec: SketchSpec, firmware: Firmware) -> PredictedLimit | None:
        """What the emulator of the board finds, where it has one."""
        from mlbench.boards import board_for
        from mlbench.measure.emulator_limit import predict_limit

        if board_for(spec.board).emulator is None:
            return None
        return predict_limit(
            firmware, spec, target_for(replace(spec, backend=backends.default())), self._measure()
        )

    def _expected(self, spec: SketchSpec, firmware: Firmware) -> int | None:
        predicted_limit = self._predicted_limit(spec, firmware) if spec.ram_search == "replay" else None
        return predicted_limit.limit if predicted_limit is not None else None

    def arduino_cli(self, fqbn: str) -> ArduinoCli | None:
        """What uploads to a board where its definition names no command."""
        from mlbench.firmware.builder import arduino_cli_for
        from mlbench.host.cache_dir import BUILDS, cache_area

        return arduino_cli_for(fqbn, self._toolchain(fqbn), cache_area(BUILDS))


def build_empty(settings: Settings, progress: Progress, fqbn: str) -> BoardImage:
    """The empty sketch as an image to upload, with nothing of ours in it."""
    from mlbench.core.firmware import BoardBuild, BuildRequest
    from mlbench.errors import SketchError

    services = make_services(settings, progress)
    firmware = services.build(BuildRequest(services.empty(), fqbn, board=BoardBuild()))
    if firmware.board is None:
        raise SketchError("the empty sketch does not fit the board", where=fqbn)
    return firmware.board


def arduino_cli(settings: Settings, progress: Progress, fqbn: str) -> ArduinoCli | None:
    """The arduino-cli of this machine, to upload with; None where there is none. No compiler is asked for."""
    return _ServiceMaker(settings, progress, named=False, prebuilt=True).arduino_cli(fqbn)


def board_request(board: Board, fqbn: str, settings: Settings, progress: Progress, what: str) -> BoardRequest:
    """What takes a board for one upload; ``what`` is told to others that wait for it.

    Raises:
        UsageError: such a board has no serial port.
    """
    from mlbench.targets.board.lease import BoardRequest

    if board.serial is None:
        raise UsageError(f"board {board.id} has no serial port", do="name another: mlbench boards")
    return BoardRequest(
        board,
        fqbn,
        settings.port,
        lambda: arduino_cli(settings, progress, fqbn),
        progress.note,
        what,
        settings.person_seconds,
    )


def target_for(spec: SketchSpec) -> Target:
    """Where the sketch runs, without a board on a port.

    Raises:
        UsageError: there is no such backend or board.
    """
    from mlbench.boards import board_for

    backend = _backend(spec)
    if backend.on_port:
        raise UsageError("a board needs a run of its own", where=spec.where, do="use `mlbench run`")
    target: Target = backend.make_target(board_for(spec.board))
    return target


def _backend(spec: SketchSpec) -> Backend:
    backend = backends.find(spec.backend)
    if backend is None:
        do = f"use one of: {', '.join(backends.names())}"
        raise UsageError(f"this version has no backend {spec.backend!r}", where=spec.where, do=do)
    return backend


def _perhaps_misspelt(error: PlatformMissing, fqbn: str) -> PlatformMissing:
    """The same, with the board that may have been meant where no board file has this one."""
    from mlbench.boards import board_for
    from mlbench.boards.catalog import known_fqbns
    from mlbench.firmware.compiler import PlatformMissing
    from mlbench.util.schema import nearest

    board = board_for(fqbn)
    of_platform = (name for name in known_fqbns() if name.split(":")[:2] == fqbn.split(":")[:2])
    close = None if board.listed else nearest(board.id, of_platform)
    do = f"{error.do}, or did you mean {close!r}?" if close else error.do
    return PlatformMissing(error.what, where=error.where, do=do)


def _weight(spec: SketchSpec) -> int:
    """Bytes of the sketch and its libraries, weights of models among them; 0 where they are not here yet."""
    if spec.source.url:
        return 0
    places = [spec.source.folder / spec.sketch, *(spec.own_folder / folder for folder in spec.libraries)]
    return sum(size_of(place, _MOST_WEIGHED) for place in places if place.is_dir())


def _check_board(spec: SketchSpec) -> None:
    from mlbench.boards import board_for
    from mlbench.emulator.chips import check_chip
    from mlbench.suite.selection import check_board

    check_board(spec)
    check_chip(board_for(spec.board))


def _needs_arm(fqbn: str) -> bool:
    """Whether the board's platform brings no compiler of its own."""
    return fqbn.startswith(f"{OWN_PACKAGE}:")


def _locate(project: Project, spec: SketchSpec) -> BuildRequest:
    from mlbench.core.firmware import BuildRequest
    from mlbench.source.project import libraries_of, sketch_of

    backend = _backend(spec)
    return BuildRequest(
        sketch=sketch_of(project, spec),
        fqbn=spec.board,
        build_properties=spec.build_properties,
        libraries=libraries_of(project, spec),
        timeout_s=spec.build_timeout_s,
        board=board_build(spec) if backend.on_port else None,
        probes=backend.runs,
    )


def board_build(spec: SketchSpec) -> BoardBuild:
    """What a board is to be measured with: nothing of ours on chips that it is not written for."""
    from mlbench.boards import board_for
    from mlbench.core.firmware import BoardBuild, Harness

    board, functions = board_for(spec.board), spec.functions
    if not board.cpu.startswith("Cortex-M"):
        return BoardBuild()
    # The faithful way asks nothing of the chip.
    uses_scratch = spec.ram_search != "faithful" and board.keeps.scratch
    records = board.keeps.records if uses_scratch else None
    return BoardBuild(
        Harness(
            functions.init,
            functions.inference,
            tuple((output.arg, output.bytes) for output in functions.outputs if output.arg is not None),
            tuple((output.symbol, output.bytes) for output in functions.outputs if output.arg is None),
            functions.returns,
            board.serial.baud if board.serial is not None else 115200,
            (records.start, records.size, board.keeps.page or records.size) if records else None,
            board.keeps.scratch,
        )
    )


def _empty() -> Path:
    from mlbench.host.cache_dir import BUILDS, cache_area

    # Named by its text: another version of mlbench in the same cache may have another one.
    digest = hashlib.sha256(EMPTY_SKETCH.encode()).hexdigest()[:16]
    folder = cache_area(BUILDS) / "overhead" / digest / "empty"
    sketch = folder / "empty.ino"
    if not sketch.is_file() or sketch.read_text() != EMPTY_SKETCH:
        folder.mkdir(parents=True, exist_ok=True)
        sketch.write_text(EMPTY_SKETCH)
    return folder

"""From the entries of a suite to results: a job for each core, results in order, nothing lost."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mlbench.core import backends
from mlbench.core.execution import Instrument, Target
from mlbench.core.firmware import BuildRequest, Firmware, MemoryLimits
from mlbench.core.fqbn import starts_by_loader
from mlbench.core.sketch_files import folder_of
from mlbench.core.sketch_project import read_project
from mlbench.errors import NO_MEMORY, MLBenchError, worst_status
from mlbench.host.capacity import job_limit
from mlbench.pipeline.portable_paths import portable, portable_measures
from mlbench.results.values import Absent, Amount, Failure, Flash, Measures, Result, Status, Time
from mlbench.source.project import Project, sketch_of
from mlbench.suite.suite_file import SketchSpec
from mlbench.suite.typed_text import typed_texts
from mlbench.util.interrupt import is_ending
from mlbench.util.progress import Progress

if TYPE_CHECKING:
    from mlbench.measure.profile import Profile

_T = TypeVar("_T")
_R = TypeVar("_R")

BOARD_JOBS = 2
"""Jobs at a time where boards on ports are measured: one is built meanwhile, the others would only wait."""
_HEARD_SECONDS = 0.2
"""In pieces of this a job is waited for: a signal just before a wait without end would be heard behind it."""

_SERIAL_CHARACTERS = 4000

Finished = Callable[[int, Result], None]
"""Gets a result when it is there, with its place among all; from several threads, and in any order."""


@dataclass(frozen=True)
class Services:
    """What a run needs; each raises MLBenchError for what a user must know."""

    check_board: Callable[[SketchSpec], None]
    obtain: Callable[[SketchSpec], Project]
    locate: Callable[[Project, SketchSpec], BuildRequest]
    build: Callable[[BuildRequest], Firmware]
    empty: Callable[[], Path]
    """The empty sketch's folder."""
    flash: Callable[[Firmware, int | None], Flash]
    of_image: Callable[[Firmware], tuple[tuple[str, Amount | Absent], ...]]
    """Further measures of the image alone."""
    target: Callable[[SketchSpec], Target]
    profile: Callable[[Firmware, SketchSpec, Target, int | None], Profile]
    advise: Callable[[SketchSpec, Firmware], tuple[str, ...]]
    """What to write where functions are not named."""
    expect: Callable[[SketchSpec, Firmware], int | None] = lambda _spec, _firmware: None
    """The limit of unused RAM that an emulator of the board finds; None where there is none."""
    weight: Callable[[SketchSpec], int] = lambda _spec: 0
    """Tells which entries will take longest."""
    jobs: int = 0
    """How many entries to work on at a time; 0: as many as this machine can."""
    release: Callable[[], None] = lambda: None
    """Ends what was started to measure with."""

    def limit(self, specs: Sequence[SketchSpec]) -> int:
        """How many of these entries to work on at a time."""
        on_port = any((row := backends.find(spec.backend)) is not None and row.on_port for spec in specs)
        limit = job_limit(self.jobs)
        return min(limit, BOARD_JOBS) if on_port else limit


@dataclass(frozen=True)
class _Built:
    """What the background hands to the foreground for one job."""

    project: Project | None = None
    firmware: Firmware | None = None
    error: Exception | None = None
    seconds: float = 0.0
    overhead: Future[_Overhead] | None = None


def profile_all(
    specs: Sequence[SketchSpec],
    services: Services,
    progress: Progress,
    *,
    debug: Callable[[str], None] | None = None,
    finished: Finished | None = None,
) -> tuple[Result, ...]:
    """One result for each entry, in their order. An error of one never touches the others.

    Args:
        specs: the entries.
        services: what builds and measures.
        progress: told of each step.
        debug: gets the traceback of each error, when there is one to ask for it.
        finished: gets each result at once. After a signal none: what it ended did not fail.
    """
    overheads = _Overheads(services)

    def job(number: int, spec: SketchSpec) -> Result:
        built = _build(spec, services, overheads)
        overhead = built.overhead.result() if built.overhead else _Overhead()
        text = f"{number}/{len(specs)} {spec.name} on {spec.board}: measuring"
        return _measure(spec, built, overhead, services, progress, text, debug)

    try:
        weights = [services.weight(spec) for spec in specs]
        return _each(_telling(job, finished), list(enumerate(specs, 1)), services.limit(specs), weights)
    finally:
        overheads.close()
        services.release()


@dataclass(frozen=True)
class BuildOutcome:
    """What building one entry gave: a firmware with the overhead of its board, or a failure."""

    spec: SketchSpec
    project: Project | None = None
    firmware: Firmware | None = None
    failure: Failure | None = None
    overhead: int | None = None
    note: str = ""
    """Why the overhead is not known."""


def build_all(
    specs: Sequence[SketchSpec], services: Services, *, debug: Callable[[str], None] | None = None
) -> tuple[BuildOutcome, ...]:
    """What building each entry gave, in their order. An error of one never touches the others."""
    overheads = _Overheads(services)

    def job(spec: SketchSpec) -> BuildOutcome:
        built = _build(spec, services, overheads)
        if built.error is not None:
            if debug:
                debug("".join(traceback.format_exception(built.error)))
            failure = portable(failure_of(built.error), built.project, None)
            return BuildOutcome(spec, built.project, failure=failure)
        overhead = built.overhead.result() if built.overhead else _Overhead()
        return BuildOutcome(spec, built.project, built.firmware, None, overhead.bytes, overhead.note)

    try:
        return _each(job, specs, services.limit(specs))
    finally:
        overheads.close()


@dataclass(frozen=True)
class Prebuilt:
    """Firmware that was built elsewhere, to be measured here."""

    spec: SketchSpec
    take: Callable[[], Firmware]
    """Gives it; raises MLBenchError where it cannot be used, or was not built."""
    overhead: int | None = None
    note: str = ""


def profile_prebuilt(
    prebuilt: Sequence[Prebuilt],
    services: Services,
    progress: Progress,
    *,
    debug: Callable[[str], None] | None = None,
    finished: Finished | None = None,
) -> tuple[Result, ...]:
    """One result for each, in their order; nothing is built. An error of one never touches the others."""

    def job(number: int, item: Prebuilt) -> Result:
        try:
            built = _Built(firmware=item.take())
        except Exception as error:
            built = _Built(error=error)
        overhead = _Overhead(item.overhead, item.note)
        text = f"{number}/{len(prebuilt)} {item.spec.name} on {item.spec.board}: measuring"
        return _measure(item.spec, built, overhead, services, progress, text, debug)

    limit = services.limit([item.spec for item in prebuilt])
    try:
        return _each(_telling(job, finished), list(enumerate(prebuilt, 1)), limit)
    finally:
        services.release()


def _telling(
    job: Callable[[int, _T], Result], finished: Finished | None
) -> Callable[[tuple[int, _T]], Result]:
    """The job of a numbered item; its result is told at once."""

    def told(pair: tuple[int, _T]) -> Result:
        result = job(*pair)
        if finished is not None and not is_ending():
            finished(pair[0], result)
        return result

    return told


def _each(
    job: Callable[[_T], _R], items: Sequence[_T], limit: int, weights: Sequence[int] = ()
) -> tuple[_R, ...]:
    """What a job gives for each item, ``limit`` at a time; those of the most weight are begun first."""
    pool = ThreadPoolExecutor(limit, thread_name_prefix="job")
    order = sorted(range(len(items)), key=lambda index: -weights[index] if weights else 0)
    try:
        jobs = {index: pool.submit(job, items[index]) for index in order}
        return tuple(_result(jobs[index]) for index in range(len(items)))
    finally:
        # After an interrupt nothing new is begun; what runs is ended by whoever handles the interrupt.
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future: Future[_R]) -> _R:
    while wait([future], _HEARD_SECONDS).not_done:
        pass
    return future.result()


def profile_one(
    spec: SketchSpec,
    firmware: Firmware,
    services: Services,
    progress: Progress,
    *,
    debug: Callable[[str], None] | None = None,
) -> Result:
    """The result of an image that is there already."""
    built = _Built(firmware=firmware)
    return _measure(
        spec, built, _Overhead(), services, progress, f"{spec.name} on {spec.board}: measuring", debug
    )


def exit_status(results: Sequence[Result]) -> int:
    """The exit status that these results call for."""
    return worst_status([result.failure.exit_status for result in results if result.failure])


def _build(spec: SketchSpec, services: Services, overheads: _Overheads) -> _Built:
    """Get the project and build it. Never raises: an error is part of the result."""
    project = None
    start = time.monotonic()
    try:
        services.check_board(spec)
        project = services.obtain(spec)
        start = time.monotonic()  # compiling alone: fetching is not part of what is compared with it
        request = services.locate(project, spec)
        firmware = services.build(request)
        seconds = time.monotonic() - start
        # Beside a sketch that a loader starts stands what the loader takes: no empty sketch tells that.
        overhead = None if starts_by_loader(request.fqbn) else overheads.want(request)
        return _Built(project, firmware, None, seconds, overhead)
    except Exception as error:
        return _Built(project, None, error, time.monotonic() - start)


@dataclass(frozen=True)
class _Overhead:
    """Flash of an empty sketch, or a note why it is not known."""

    bytes: int | None = None
    note: str = ""


class _Overheads:
    """Flash of the empty sketch, once for each board and set of properties that something was built with.

    Releases of platforms count too. Built by a thread of its own: behind all sketches of a suite, the first
    one would wait for the last.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="overhead")
        self._lock = threading.Lock()
        self._overheads: dict[BuildRequest, Future[_Overhead]] = {}

    def want(self, request: BuildRequest) -> Future[_Overhead]:
        """What it will be for a sketch that was built so."""
        pins = read_project(folder_of(request.sketch)).platforms_for(request.fqbn)
        empty = BuildRequest(
            self._services.empty(),
            request.fqbn,
            request.build_properties,
            timeout_s=request.timeout_s,
            platforms=pins or request.platforms,
            probes=request.probes,
        )
        with self._lock:
            if empty not in self._overheads:
                self._overheads[empty] = self._pool.submit(self._measure, empty)
            return self._overheads[empty]

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _measure(self, request: BuildRequest) -> _Overhead:
        try:
            firmware = self._services.build(request)
            return _Overhead(self._services.flash(firmware, None).counted)
        except Exception as error:
            # No failure of the sketch, which was built and can be measured.
            return _Overhead(note=f"the overhead is not known: {failure_of(error).message}")


def _measure(
    spec: SketchSpec,
    built: _Built,
    overhead: _Overhead,
    services: Services,
    progress: Progress,
    text: str,
    debug: Callable[[str], None] | None,
) -> Result:
    seconds = [("build", built.seconds)]
    firmware = built.firmware
    instrument: Instrument | None = None
    if firmware is None:
        assert built.error is not None
        nothing = Measures.none(Absent("the sketch was not built"))
        return _failed(spec, built, nothing, built.error, None, tuple(seconds), debug)
    begin = time.monotonic()
    try:
        with progress.step(text):
            target = services.target(spec)
            instrument = target.instrument
            asking = asked_for(spec, built.project) if _unnamed(spec, firmware) else spec
            profile = services.profile(firmware, asking, target, overhead.bytes)
            if profile.cost_table:
                instrument = replace(instrument, cost_table=profile.cost_table)
            notes = (*firmware.notes, *filter(None, [overhead.note]), *profile.notes)
            timed = isinstance(profile.measures.inference_time, Time)  # by the library's marks
            timeable = firmware.fits and not timed and _runs(spec)
            if not profile.failure and timeable and _unnamed(spec, firmware):
                notes = (*notes, *services.advise(spec, firmware))
    except Exception as error:
        alone = _image_alone(firmware, overhead.bytes, services)
        seconds.append(("measure", time.monotonic() - begin))
        return _failed(spec, built, alone, error, instrument, tuple(seconds), debug)
    seconds.append(("measure", time.monotonic() - begin))
    status = Status.FAILED if profile.failure else Status.OK if firmware.fits else Status.DOES_NOT_FIT
    return Result(
        sketch=spec.name,
        board=spec.board,
        backend=spec.backend,
        status=status,
        measures=portable_measures(profile.measures, built.project, firmware),
        instrument=instrument,
        build=firmware.keys,
        overflows=firmware.overflows,
        failure=profile.failure and portable(profile.failure, built.project, firmware),
        notes=notes,
        serial=_bounded(profile.serial),
        seconds=tuple(seconds),
        cached=profile.cached,
        limits=firmware.limits,
        memories=profile.memories,
    )


def asked_for(spec: SketchSpec, project: Project | None) -> SketchSpec:
    """The entry with what the sketch's source asks for on the serial line."""
    if project is None or spec.inputs.serial:
        return spec
    try:
        return replace(spec, asks_for=typed_texts(sketch_of(project, spec)))
    except MLBenchError:
        return spec  # it was built from elsewhere: nothing is known of its source


def _runs(spec: SketchSpec) -> bool:
    backend = backends.find(spec.backend)
    return backend is None or backend.runs


def _unnamed(spec: SketchSpec, firmware: Firmware) -> bool:
    named = spec.functions.init or spec.functions.inference
    return not (named or spec.marks or firmware.is_template)


def _image_alone(firmware: Firmware, overhead: int | None, services: Services) -> Measures:
    """What the image tells without a run."""
    absent = Absent("it could not be measured")
    try:
        return Measures.none(absent, services.flash(firmware, overhead), services.of_image(firmware))
    except MLBenchError:
        return Measures.none(absent)


def _failed(
    spec: SketchSpec,
    built: _Built,
    measures: Measures,
    error: Exception,
    instrument: Instrument | None,
    seconds: tuple[tuple[str, float], ...],
    debug: Callable[[str], None] | None,
) -> Result:
    """A result that says what went wrong, and keeps what is known all the same."""
    if debug:
        debug("".join(traceback.format_exception(error)))
    return Result(
        sketch=spec.name,
        board=spec.board,
        backend=spec.backend,
        status=Status.FAILED,
        measures=measures,
        instrument=instrument,
        build=built.firmware.keys if built.firmware else None,
        overflows=built.firmware.overflows if built.firmware else (),
        limits=built.firmware.limits if built.firmware else MemoryLimits(),
        failure=portable(failure_of(error), built.project, built.firmware),
        seconds=seconds,
    )


def failure_of(error: Exception) -> Failure:
    """What an error of a build or a run is called in results."""
    if isinstance(error, MLBenchError):
        diagnostics = tuple(getattr(error, "diagnostics", ()))
        return Failure(str(error), tuple(getattr(error, "chain", ())), diagnostics, error.exit_status)
    if isinstance(error, MemoryError):
        return Failure(NO_MEMORY, exit_status=4)
    # Not the user's doing; still no reason to lose what else was measured.
    what = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"
    return Failure(f"{what}; run with --debug and report it", exit_status=4)


def _bounded(serial: bytes) -> str:
    text = serial.decode("utf-8", "replace")
    if len(text) <= _SERIAL_CHARACTERS:
        return text
    # The end often says why a sketch failed.
    half = _SERIAL_CHARACTERS // 2
    return f"{text[:half]}\n...\n{text[-half:]}"

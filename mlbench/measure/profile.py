"""The measures of one firmware, taken on one target."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mlbench.boards import board_for
from mlbench.core import backends
from mlbench.core.execution import (
    HeapUse,
    NoProbes,
    NothingRuns,
    Outcome,
    Probe,
    RunResult,
    Session,
    SpanKind,
    Target,
)
from mlbench.core.firmware import Firmware, MemoryLimit, SketchParts
from mlbench.elf.composed import read_parts, sketch_sections
from mlbench.elf.functions import function_address
from mlbench.elf.image import Image
from mlbench.elf.sizes import by_name, ram_symbol_sizes, symbol_sizes
from mlbench.elf.sketch_start import start_fault
from mlbench.errors import MLBenchError
from mlbench.measure import further
from mlbench.measure.arena import ArenaSearch, arena_notes
from mlbench.measure.canonical import with_canonical_times
from mlbench.measure.leaks import leaks
from mlbench.measure.loader_memories import malloc_heap, memories_of
from mlbench.measure.proposals import Trial, propose
from mlbench.measure.ram import RamOptions, measure_unused_ram, ram_notes
from mlbench.measure.ram_on_board import measure_confirmed
from mlbench.measure.reference import Reference
from mlbench.measure.timing import time_of, waits
from mlbench.results.values import Absent, Failure, Flash, Measures, RamNeed, Time, UnusedRam
from mlbench.suite.suite_file import SketchSpec
from mlbench.targets.entry import Entry

NO_NAMES = (
    "no functions are named: add `init:` and `inference:` to the sketch in mlbench.yml, "
    "or mark the code with the MLBench library"
)


@dataclass(frozen=True)
class Profile:
    """What measuring gave. ``failure`` says why measures are absent, where the sketch is at fault."""

    measures: Measures
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    serial: bytes = b""
    cached: bool = False
    """Whether an earlier run measured it."""
    cost_table: str = ""
    """What times came from, where the instrument does not say so of all its results."""
    memories: tuple[MemoryLimit, ...] = ()
    """What a loader leaves to the sketch, and what the sketch takes of it."""


def measure_flash(firmware: Firmware, overhead: int | None) -> Flash:
    """Flash the image occupies, from its ELF."""
    image = Image.load(firmware.elf)
    parts = read_parts(image)
    own = None if parts is None else frozenset(sketch_sections(image))
    sections = tuple(item for item in image.flash_bytes() if own is None or item[0] in own)
    symbols, unlisted = by_name(symbol_sizes(image, sections=own))
    total = sum(size for _, size in sections)
    if parts is not None:
        # Beside a sketch's own part stands what the loader takes: no empty sketch tells that.
        overhead = parts.loader_bytes
    return Flash(total, sections, not firmware.fits, overhead, symbols, unlisted, firmware.platform_bytes)


def profile(firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None = None) -> Profile:
    """Take every measure that applies, and say what a loader's memories leave, where one starts the sketch.

    Arguments and errors are those of ``measure``.
    """
    parts = read_parts(Image.load(firmware.elf))
    taken = measure(firmware, spec, target, overhead, parts)
    if parts is None:
        return taken
    return replace(
        taken, memories=memories_of(parts, taken.measures, taken.memories, board_for(spec.board).ram.size)
    )


def measure(
    firmware: Firmware,
    spec: SketchSpec,
    target: Target,
    overhead: int | None = None,
    parts: SketchParts | None = None,
) -> Profile:
    """Take every measure that applies.

    Args:
        firmware: the built sketch.
        spec: its entry in the suite.
        target: where to run it.
        overhead: flash of the empty sketch on the same board and toolchain, in bytes.
        parts: what the image is made of, where a loader starts the sketch.

    Raises:
        EnvironmentFault: the host is at fault.
    """
    flash = measure_flash(firmware, overhead)
    if not firmware.fits:
        over = " and ".join(f"{item.region} by {item.bytes:,} bytes" for item in firmware.overflows)
        reason = f"does not fit the board: exceeds {over}"
        heap = start_fault(parts, partition=False) if parts is not None else ""
        return _unmeasured(firmware, flash, f"{reason}; nor would it start: {heap}" if heap else reason)
    refused = start_fault(parts) if parts is not None else ""
    if refused:
        return _unmeasured(firmware, flash, refused, not_started(refused))
    try:
        inputs = spec.inputs.read(spec.own_folder)
        session = target.open(firmware, spec.functions, inputs)
    except NothingRuns as why:
        return _unmeasured(firmware, flash, str(why))
    except MLBenchError as error:
        if error.exit_status == 4:
            raise
        return _unmeasured(firmware, flash, str(error), Failure(str(error), exit_status=error.exit_status))
    if parts is not None and session.method == "nothing":
        # Nothing of it is timed; whether it starts is told all the same.
        started = session.run(Probe(), spec.timeout_us)
        if started.outcome is Outcome.NOT_STARTED:
            session.close()
            failure = not_started(started.reason)
            return replace(_unmeasured(firmware, flash, started.reason, failure), serial=started.serial)
    if session.method == "nothing" and spec.backend == backends.default():
        session.close()
        return _proposed(firmware, spec, target, overhead)
    canonical = partial(with_canonical_times, firmware=firmware, spec=spec, target=target, inputs=inputs)
    try:
        taken = _run(firmware, spec, session, flash, canonical)
        return replace(taken, notes=(*inputs.notes, *taken.notes, *session.remarks()))
    finally:
        session.close()


def _proposed(firmware: Firmware, spec: SketchSpec, target: Target, overhead: int | None) -> Profile:
    """The measures of functions that nobody named, marked as that; where none are proposed, of the image."""
    nothing = _unmeasured(firmware, measure_flash(firmware, overhead), NO_NAMES)
    proposal = propose(firmware, target, trial_of(spec))
    if proposal is None:
        return nothing
    inputs = replace(spec.inputs, serial=proposal.typed or spec.inputs.serial)
    taken = profile(firmware, replace(spec, functions=proposal.functions, inputs=inputs), target, overhead)
    measures = taken.measures
    if taken.failure is not None or not isinstance(measures.inference_time, Time):
        return nothing
    init, inference, ram = measures.init_time, measures.inference_time, measures.unused_ram
    measures = replace(
        measures,
        inference_time=replace(inference, proposed=proposal.inference),
        init_time=replace(init, proposed=proposal.init or "") if isinstance(init, Time) else init,
        unused_ram=replace(ram, proposed=proposal.inference) if isinstance(ram, UnusedRam) else ram,
    )
    names = f'inference: "{proposal.inference}"'
    names = f'init: "{proposal.init}", {names}' if proposal.init else names
    if proposal.typed:
        texts = json.dumps([item.text for item in proposal.typed])
        names = f"{names}, inputs: {{serial: {texts}}}"
    note = f"proposed, as nobody named them: {names}; write into mlbench.yml which are meant"
    return replace(taken, measures=measures, notes=(note, *proposal.notes, *taken.notes))


def trial_of(spec: SketchSpec) -> Trial:
    """How a sketch is run to propose its functions."""
    typed = () if spec.inputs.serial else spec.asks_for
    return Trial(spec.timeout_us, spec.inputs.read(spec.own_folder), typed, spec.inferences)


def not_started(reason: str) -> Failure:
    """The failure of a sketch that its loader does not start."""
    return Failure(reason, outcome=Outcome.NOT_STARTED.value)


def _unmeasured(firmware: Firmware, flash: Flash, reason: str, failure: Failure | None = None) -> Profile:
    """What the image alone tells, and why there is no more."""
    return Profile(Measures.none(Absent(reason), flash, further.of_image(firmware)), failure)


_Canonical = Callable[..., tuple[Measures, tuple[str, ...]]]


def _run(
    firmware: Firmware, spec: SketchSpec, session: Session, flash: Flash, canonical: _Canonical
) -> Profile:
    if session.method == "nothing":
        return _unmeasured(firmware, flash, NO_NAMES)
    # One run gives the times and what memory was used; where one image serves for both, also what to replay.
    shared = firmware.elf == firmware.probe_elf
    probe = Probe(
        inferences=spec.inferences, probe_image=shared, record=True, calls=True, trace_limit=spec.trace_limit
    )
    timed = session.run(probe, spec.timeout_us)
    if timed.outcome is not Outcome.PASSED:
        failure = Failure(f"{timed.outcome.value}: {timed.reason}", timed.chain)
        if timed.outcome is Outcome.NOT_STARTED:
            failure = not_started(timed.reason)
        absent = _unmeasured(firmware, flash, timed.reason).measures
        return Profile(absent, failure, timed.notes, timed.serial)
    step = session.resolution_us
    init = time_of(timed.spans, SpanKind.INIT, _unnamed(spec, session, "init"), step)
    inference = time_of(timed.spans, SpanKind.INFERENCE, _unnamed(spec, session, "inference"), step)
    count = inference.runs if isinstance(inference, Time) else 1
    # Without the wait for further inferences at its end, which probes do not have.
    complete = shared and (count == spec.inferences or session.method == "template")
    recorded = timed if complete else _record(session, spec, count)
    unused, notes = _unused(firmware, spec, session, recorded, count)
    heap = malloc_heap(session, recorded) if read_parts(Image.load(firmware.elf)) is not None else None
    # Of the image that is measured: the one that probes need may have a malloc linked in, and its variables.
    need = _need(Image.load(firmware.elf), recorded if shared else timed)
    reference = _reference(session, spec, timed, count, probed=False)
    remarks: tuple[str, ...] = ()
    if isinstance(need, RamNeed) and spec.ram_search != "none":
        uses = ArenaSearch(session, reference, spec.timeout_us).uses(Image.load(firmware.elf))
        need, remarks = replace(need, arenas=uses), arena_notes(uses)
    measures = Measures(flash, unused, need, init, inference, further.take(firmware, timed))
    measures, layout = canonical(measures, reference=reference)
    all_notes = (*timed.notes, *waits(timed.spans), *notes, *remarks, *layout)
    tables = " and ".join(sorted({span.cost_table for span in timed.spans if span.cost_table}))
    memories = (heap,) if heap is not None else ()
    return Profile(measures, None, all_notes, timed.serial, cost_table=tables, memories=memories)


def _unnamed(spec: SketchSpec, session: Session, which: str) -> str:
    named = spec.functions.init if which == "init" else spec.functions.inference
    if named is not None:
        if which == "init":
            early = "" if session.exact else ", or before setup(), where a board times nothing"
            return f"{named} was not called before inference{early}"
        return f"{named} was not called"
    if session.method == "library":
        return f"the sketch has no marks around {which}"
    return f"no function is named: add `{which}:` to the sketch in mlbench.yml"


def _record(session: Session, spec: SketchSpec, count: int) -> RunResult:
    return session.run(
        Probe(inferences=count, probe_image=True, record=True, trace_limit=spec.trace_limit), spec.timeout_us
    )


def _unused(
    firmware: Firmware, spec: SketchSpec, session: Session, recorded: RunResult, count: int
) -> tuple[UnusedRam | Absent, tuple[str, ...]]:
    image = Image.load(firmware.probe_elf)
    if recorded.outcome is not Outcome.PASSED:
        return Absent(f"{recorded.outcome.value}: {recorded.reason}"), ()
    if spec.ram_search == "none":
        return Absent("not asked for"), ()
    if not firmware.is_template and function_address(image, "malloc") is None:
        return Absent("the image has no malloc, so no allocation can be tried"), ()
    if not firmware.is_template and not Entry.of(image, None).at:
        why = "the image has neither setup() nor main(), so there is no place to try an allocation"
        return Absent(why), ()
    reference = _reference(session, spec, recorded, count, probed=True)
    ram = board_for(spec.board).ram.size
    maximum = ram if spec.ram_max is None else spec.ram_max
    search = measure_unused_ram if session.exact else measure_confirmed
    unused: UnusedRam | Absent
    try:
        unused = search(session, reference, RamOptions(spec.ram_search, spec.ram_min, maximum))
    except NoProbes as why:
        unused = Absent(str(why))
    notes = [f"unused RAM: {note}" for note in reference.notes()]
    if isinstance(unused, UnusedRam):
        notes += ram_notes(unused)
    if recorded.overlap:
        notes.append(f"stack and heap overlap by {recorded.overlap:,} bytes even without a probe")
    return unused, (*notes, *leaks(recorded, unused))


def _reference(session: Session, spec: SketchSpec, run: RunResult, count: int, *, probed: bool) -> Reference:
    """What other runs must do as well; ``probed``: the run is one of the image for probes."""
    return Reference(
        run,
        lambda variant: session.run(
            Probe(inferences=count, probe_image=probed, time_shift=variant), 2 * spec.timeout_us
        ),
        compare_serial=spec.serial == "exact",
        inferences=count,
        buffers=len(spec.functions.outputs),
    )


def _need(image: Image, run: RunResult) -> RamNeed | Absent:
    """What the image needs, by a run of it that ended well."""
    if run.outcome is not Outcome.PASSED:
        return Absent(f"{run.outcome.value}: {run.reason}")
    if run.peak_stack is None:
        return Absent("this backend does not see the heap and the stack")
    own = frozenset(sketch_sections(image)) if read_parts(image) is not None else None
    sections = tuple(item for item in image.static_ram() if own is None or item[0] in own)
    static = sum(size for _, size in sections)
    heap = run.heap or HeapUse(0, 0, 0)
    if not heap.complete:
        return Absent(f"more than {heap.calls:,} heap calls, so the heap's peak was not followed")
    stack = run.peak_stack or 0
    # A thread's stack lies among the variables in full, however little of it is used.
    reserved = sum(stack.size or 0 for stack in run.stacks if stack.static) if own is None else 0
    if reserved > static:
        return Absent(f"its stacks are {reserved:,} bytes by their symbols, its static RAM {static:,}")
    symbols, unlisted = by_name(ram_symbol_sizes(image, sections=own))
    return RamNeed(
        static - reserved + heap.peak_requested + stack,
        static,
        heap.peak_requested,
        stack,
        sections,
        symbols,
        unlisted,
        reserved,
        run.stacks,
        heap.peak_break,
        heap.steps,
    )

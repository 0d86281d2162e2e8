"""One run of firmware on the emulator: boot, probe, end, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mlbench.core.execution import (
    Functions,
    HeapUse,
    Outcome,
    Probe,
    RunResult,
    SpanKind,
    TimedSpan,
)
from mlbench.core.heap import HeapCall, Operation, requested
from mlbench.core.inputs import NO_INPUTS, Inputs
from mlbench.elf.composed import read_parts
from mlbench.emulator.allocator import HeapRecorder, Origin
from mlbench.emulator.calls import CallState, CallTracker
from mlbench.emulator.machine import End, Ending, Machine
from mlbench.emulator.stacks import MAIN, Context, StackState, StackWatch
from mlbench.errors import EnvironmentFault
from mlbench.targets.emulator import verdict
from mlbench.targets.emulator.arena import ArenaWatch
from mlbench.targets.emulator.fatal import FatalExit, FatalWatch
from mlbench.targets.emulator.heap_watch import HeapState, HeapWatch
from mlbench.targets.emulator.input_wait import InputWait
from mlbench.targets.emulator.last_words import last_words
from mlbench.targets.emulator.ram_places import ON_THE_HEAP, describe_place
from mlbench.targets.emulator.sketch_loading import LoaderWatch
from mlbench.targets.emulator.spans import SpanState, SpanWatch
from mlbench.targets.emulator.stable_text import stable_lines
from mlbench.targets.emulator.stop_condition import Waiting
from mlbench.targets.emulator.thread_places import describe, thread_places
from mlbench.targets.emulator.typist import Typist, feed_sensors
from mlbench.targets.entry import Entry, ResolvedFunction

_TRIED, _TRIED_US = 64, 1_000_000.0
"""Size of the allocation that shows what a wrapper of malloc adds, and how long it may take."""
_SHIFT_US = 7_777.37


@dataclass(frozen=True)
class RunSnapshot:
    """The machine at the entry of setup(), before its first instruction."""

    machine: Any
    calls: CallState
    spans: SpanState
    heap: HeapState
    stacks: StackState
    ram: bytes
    heap_calls: tuple[HeapCall, ...]
    """What was asked of the heap before, by constructors and other threads."""
    origins: dict[int, Origin]
    """Whose blocks are on the heap already, by their address."""

    @property
    def heap_in_use(self) -> int:
        """Bytes by which the break had moved."""
        return self.heap.brk - (self.heap.base or 0)


class EmulatedRun:
    """Runs one image, again and again, from a snapshot at setup()."""

    def __init__(
        self,
        machine: Machine,
        named: dict[SpanKind, ResolvedFunction],
        functions: Functions,
        *,
        entry: Entry,
        host_seconds: float,
        ends_by_serial: bool,
        inputs: Inputs = NO_INPUTS,
    ) -> None:
        self.machine = machine
        self.entry = entry
        self._host_seconds = host_seconds
        self._host_time = machine.host_time(host_seconds)
        self._waiting = waiting = Waiting(machine, entry, by_serial=ends_by_serial)
        self._stacks = StackWatch(machine)
        self._tracker = CallTracker(machine, self._stacks)
        self._recorder = HeapRecorder(machine, self._tracker)
        self._typist = Typist(machine, self._tracker, inputs.serial)
        self._inputs = inputs
        self._fatal = FatalWatch(machine)
        for address in self._fatal.addresses:
            self._tracker.keep(address)
        parts = read_parts(machine.image)
        self._loader = LoaderWatch(machine, parts) if parts is not None else None
        self.least = 0 if parts is None else 1
        """What a template is given where nothing is asked for: Zephyr's malloc(0) gives NULL."""
        if self._loader is not None and self._loader.address is not None:
            self._tracker.keep(self._loader.address)
        self._tracker.keep(entry.setup)
        if entry.loop is not None:
            self._tracker.keep(entry.loop)
        self._heap = HeapWatch(machine, self._tracker, entry.sbrk)
        machine.processor.describe_ram = self._describe_ram
        self._block_unnamed = False
        """Whether a report was about a heap block, in a run that does not record who asks for blocks."""
        self._spans = SpanWatch(
            machine,
            self._tracker,
            named,
            functions,
            begun=waiting.inference_begun,
            ended=self._inference_ended,
        )
        self._arenas = ArenaWatch(machine, self._tracker, self._arena_used)
        self._until_allocated = False
        machine.stuck = self._stuck
        self._input = InputWait(machine, self._stacks, self._progress, self._sketch_stack)
        machine.pause = self._input.due
        self._sketch: Context | None = None
        """The thread that entered setup()."""
        self._probing = False
        self.recorded: list[HeapCall] = []

    # --- running -----------------------------------------------------------------------------

    def boot(self, deadline_us: float) -> RunSnapshot | RunResult:
        """Reset and run to setup()."""
        self.machine.reset()
        feed_sensors(self.machine, self._inputs)
        self._begin()
        self._tracker.restore(CallState())
        self._typist.start()
        self._spans.state, self._heap.state = SpanState(), HeapState()
        self._stacks.reset()
        self._waiting.start(deadline_us, 1)
        self._input.start(self._waiting.deadline)
        self._recorder.start()
        resume = False
        while True:
            ending = self._advance(resume)
            if isinstance(ending, RunResult):
                return ending
            if ending.end is not End.BREAKPOINT:
                return self._result(ending, "before setup()")
            refused = self._loader.refused(ending.address) if self._loader is not None else ""
            if refused:
                return self._finish(Outcome.NOT_STARTED, refused, ())
            if ending.address == self.entry.setup:
                self._sketch = self._stacks.context
                self._recorder.stop()
                return RunSnapshot(
                    self.machine.save(),
                    self._tracker.state.copy(),
                    self._spans.state.copy(),
                    self._heap.state.copy(),
                    self._stacks.state.copy(),
                    bytes(self.machine.ram.data),
                    tuple(self._recorder.calls),
                    dict(self._recorder.origins),
                )
            resume = True

    def run(self, start: RunSnapshot, probe: Probe, deadline_us: float) -> RunResult:
        """Go on from setup() with a probe."""
        result = self._run(start, probe, deadline_us)
        if result.outcome is Outcome.PASSED or not self._block_unnamed:
            return result
        # Recording takes time; only a report that lacks it is worth another run, which goes the same way.
        recorded, complete = self.recorded, self._recorder.complete
        named = self._run(start, replace(probe, record=True), deadline_us)
        self.recorded, self._recorder.complete = recorded, complete
        return replace(result, reason=named.reason, notes=named.notes)

    def _run(self, start: RunSnapshot, probe: Probe, deadline_us: float) -> RunResult:
        machine = self.machine
        self._restore(start)
        machine.follow_calls(probe.calls)
        machine.price_by_place(on=False)
        self._spans.canonical = probe.canonical
        self._arenas.size, self._until_allocated = probe.arena, probe.until_allocated
        self._probing = probe.alloc is not None
        self._waiting.start(deadline_us, probe.inferences)
        self._input.start(self._waiting.deadline)
        if probe.time_shift:
            self._shift_time(probe.time_shift)
        if self.entry.word is not None:
            word = max(probe.alloc or 0, self.least).to_bytes(4, "little")
            if machine.chip.ram.holds(self.entry.word):
                machine.write_memory(self.entry.word, word)  # a loader has copied it there
            else:
                machine.patch_flash(self.entry.word, word)
        elif probe.alloc is not None:
            failed = self._inject(probe.alloc)
            if failed is not None:
                return failed
        if probe.record:
            self._recorder.start(start.origins)
        result = self._to_the_end()
        if not probe.record:
            return result
        self._recorder.stop()
        self.recorded = self._recorder.calls
        heap = result.heap or HeapUse(0, 0, 0)
        before = start.heap_calls
        counts = [len(before) + count for count in self._recorder.counts]
        peak, live = requested([*before, *self.recorded], counts)
        heap = HeapUse(peak, heap.peak_break, len(self.recorded), heap.steps, live, self._recorder.complete)
        return replace(result, heap=heap)

    @property
    def recording_complete(self) -> bool:
        """Whether all heap calls of the last run with ``record`` were recorded."""
        return self._recorder.complete

    def _arena_used(self) -> None:
        if self._until_allocated:
            self._waiting.finished = True

    def _inference_ended(self, span: TimedSpan, count: int) -> None:
        self._waiting.inference_ended(span, count)
        self._recorder.mark()

    def _restore(self, start: RunSnapshot) -> None:
        self.machine.load(start.machine)
        self._begin()
        self._recorder.stop()
        self._recorder.origins = {}
        self._arenas.arenas = []
        self._block_unnamed = False
        self._tracker.restore(start.calls)
        self._spans.state, self._heap.state = start.spans.copy(), start.heap.copy()
        self._stacks.restore(start.stacks)

    def header(self, start: RunSnapshot) -> int | None:
        """Bytes that a wrapper of malloc in the firmware adds to each request; None where it does more."""
        self._restore(start)
        self._waiting.start(_TRIED_US, 1)
        self._input.start(self._waiting.deadline)
        self._recorder.start()
        failed = self._inject(_TRIED)
        self._recorder.stop()
        calls = self._recorder.calls
        if failed is not None or [call.operation for call in calls] != [Operation.MALLOC]:
            return None
        return calls[0].requested - _TRIED

    def _begin(self) -> None:
        """A run begins: it has its host time, however often it stops at a breakpoint."""
        self._host_time = self.machine.host_time(self._host_seconds)

    def _advance(self, resume: bool) -> Ending | RunResult:
        """Run to the next breakpoint and tell who waits for it; a result where the firmware ends there."""
        deadline = self._waiting.deadline
        ending = self.machine.run(deadline, resume=resume, host_time=self._host_time)
        while ending.end is End.PAUSE:
            if self._input.look():
                return self._waits_for_input()
            ending = self.machine.run(deadline, host_time=self._host_time)
        if ending.end is End.BREAKPOINT:
            death = self._fatal.at(ending.address)
            if death is not None:
                return self._died(death)
            self._typist.at(ending.address)
            self._tracker.at(ending.address)
        return ending

    def _shift_time(self, variant: int) -> None:
        """Shift the time and slow code down, so that whatever depends on time shows itself."""
        machine = self.machine
        machine.hook.cycles += machine.clock.cycles(variant * _SHIFT_US)
        machine.hook.cache_on = int(variant % 2 == 0)

    def _inject(self, size: int) -> RunResult | None:
        """Call malloc(size) at the entry of setup(), in its thread and on its stack; None when granted.

        The firmware goes on as if it had called it: interrupts come, locks are taken, other threads run
        meanwhile. It is over when the thread is back at setup() with SP as before.
        """
        machine, cpu = self.machine, self.machine.cpu
        if self.entry.malloc is None:
            raise EnvironmentFault("a probe needs an image with malloc")
        saved = [cpu.r(number) for number in range(15)]
        cpu.set_r(0, size)
        cpu.set_r(14, self.entry.setup | 1)
        machine.skip(self.entry.malloc)
        resume = False
        while True:
            ending = self._advance(resume)
            if isinstance(ending, RunResult):
                return replace(ending, reason=f"{ending.reason} in malloc({size}) before setup()")
            if ending.end is not End.BREAKPOINT:
                return self._result(ending, f"in malloc({size}) before setup()")
            if ending.address == self.entry.setup and cpu.sp == saved[13]:
                break
            resume = True
        granted = cpu.r(0)
        for number, value in enumerate(saved):
            cpu.set_r(number, value)
        machine.skip(self.entry.setup)
        # malloc(0) may give NULL (C17, 7.22.3): Zephyr's does.
        if not granted and size:
            return self._finish(Outcome.NO_MEMORY, f"malloc({size}) returned NULL", ())
        return None

    def _to_the_end(self) -> RunResult:
        # The breakpoint at setup() itself has been dealt with.
        resume = True
        while True:
            ending = self._advance(resume)
            if isinstance(ending, RunResult):
                return ending
            if ending.end is End.DEADLINE and self._spans.in_inference and self._waiting.more_time():
                # A further inference has begun while it was waited for: it gets all the time there is.
                resume = False
                continue
            if ending.end is not End.BREAKPOINT:
                return self._result(ending, "")
            if ending.address == self.entry.loop:
                named = SpanKind.INFERENCE in self._spans.named
                self._waiting.loop_entered(inference_named=named, in_inference=self._spans.in_inference)
            if self._waiting.finished:
                return self._finish(Outcome.PASSED, "", ())
            resume = True

    # --- what happens on the way -------------------------------------------------------------

    def _describe_ram(self, address: int) -> str:
        place = describe_place(self.machine, self._recorder.origins, self._heap.state, address)
        self._block_unnamed |= place == ON_THE_HEAP and not self._recorder.active
        return place

    def _stuck(self) -> bool:
        """Whether a branch to itself ends the run while interrupts and other threads go on.

        It does in a thread that is to finish an inference, or after memory was refused to the sketch:
        neither handlers nor threads take another one out of such a loop.
        """
        context = self._stacks.context
        if self._heap.state.refused and context == self._sketch:
            return True
        timed = (SpanKind.INIT.value, SpanKind.INFERENCE.value)
        return any(call.context == context and call.watch.group in timed for call in self._tracker.state.open)

    # --- what became of it -------------------------------------------------------------------

    @property
    def _has_inferred(self) -> bool:
        """Inference has finished, and nothing more came: then most ends are good ones."""
        done = bool(self._spans.state.inferences) and not self._spans.in_inference
        return done and not self._waiting.by_serial

    @property
    def _waits_for_nothing(self) -> bool:
        """Nothing of the firmware is timed: it is only listened to."""
        return self._waiting.listening or not (self._spans.named or self._waiting.by_serial)

    def _sketch_stack(self) -> int:
        return self._sketch.stack if self._sketch is not None else MAIN

    def _progress(self) -> object:
        """What changes as long as the firmware gets on: text, and what it has inferred."""
        spans = self._spans.state
        outputs = len(self.machine.console.outputs)
        return outputs, self._typist.typed, len(spans.inferences), self._spans.in_inference

    def _waits_for_input(self) -> RunResult:
        if self._has_inferred:
            return self._finish(Outcome.PASSED, "", ())
        reason = verdict.of_input(self._input.asked)
        return self._finish(*self._for_want_of_memory(Outcome.HUNG, reason), verdict.call_chain(self.machine))

    def _died(self, death: FatalExit) -> RunResult:
        if death.good and (self._has_inferred or self._waits_for_nothing):
            return self._finish(Outcome.PASSED, "", ())
        chain = verdict.call_chain(self.machine)
        end = verdict.of_fatal_exit(death, chain)
        faults = self.machine.processor.faults
        by_fault = faults.handling
        ending = None if self._probing else last_words(self.machine, self._host_time)
        if by_fault:
            # The handler of a fault came here: what matters is the fault.
            if ending is None or faults.handling:
                ending = faults.end()
            assert ending is not None
            return self._result(ending, "")
        return self._finish(*self._for_want_of_memory(*end), chain)

    def _result(self, ending: Ending, when: str) -> RunResult:
        if ending.end in (End.DEADLINE, End.IDLE) and self._has_inferred:
            return self._finish(Outcome.PASSED, "", ())
        if ending.exit_status == 0 and (self._has_inferred or self._waits_for_nothing):
            return self._finish(Outcome.PASSED, "", ())
        chain = verdict.call_chain(self.machine)
        threads = thread_places(self.machine, self._stacks.state, self._sketch_stack())
        inference = self._spans.named.get(SpanKind.INFERENCE)
        waits = self._waiting.loops and not self._spans.state.inferences and not self._spans.in_inference
        never = inference.name if inference is not None and waits else ""
        end = verdict.of_ending(
            self.machine,
            ending,
            chain,
            when=when,
            never=never,
            input_at=self._input.asked,
            threads=describe(threads),
        )
        if end[0] is Outcome.HUNG and threads:
            chain = threads[0].chain or chain
        return self._finish(*self._for_want_of_memory(*end), chain)

    def _for_want_of_memory(self, outcome: Outcome, text: str) -> tuple[Outcome, str]:
        return verdict.with_refusal(self._heap.state.refused, outcome, text)

    def _finish(self, outcome: Outcome, reason: str, chain: tuple[Any, ...]) -> RunResult:
        machine, spans = self.machine, self._spans.state
        outcome, reason = verdict.with_overflow(self._stacks, outcome, reason)
        stacks = verdict.stack_use(self._stacks.state, machine.functions)
        # Of a loader's threads the sketch's own counts: what it uses of that is the sketch's.
        counted = (
            sum(stack.used for stack in stacks if stack.static or stack.name == "MSP")
            if self._loader is None
            else self._stacks.state.stacks[self._sketch_stack()].used
        )
        remarks = verdict.remarks(self._stacks.state, spans)
        return RunResult(
            outcome,
            reason,
            machine.serial(),
            self._spans.spans(),
            machine.clock.us(machine.clock.now),
            machine.hook.instructions,
            chain,
            spans.outputs,
            counted,
            stacks,
            self._heap.use(),
            self._stacks.state.overlap,
            (*filter(None, [self.entry.note]), *machine.notes, *remarks),
            stable_lines(machine.console),
            self._waiting.before_loop,
            self._spans.unfinished(),
            tuple(self._arenas.arenas),
        )

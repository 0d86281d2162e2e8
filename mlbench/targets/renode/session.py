"""One firmware under Renode: one process, the machine built anew for each run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from mlbench.boards import Board
from mlbench.boards.board import RenodeData
from mlbench.core.execution import (
    Allocator,
    Functions,
    HeapUse,
    Outcome,
    Probe,
    RunResult,
    SpanKind,
)
from mlbench.core.firmware import Firmware
from mlbench.cycles.model import load_model
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault
from mlbench.renode.client import CommandFailed, Gone
from mlbench.renode.machine import INSTRUCTIONS_PER_SECOND, RenodeMachine
from mlbench.renode.memory import MOST_CALLS, read_memory_use
from mlbench.renode.process import CpuAborted, RenodeProcess
from mlbench.renode.retrace import read_trace_file
from mlbench.renode.trace import Role, Trace, read_trace
from mlbench.targets.functions import method_of
from mlbench.targets.renode import verdict
from mlbench.targets.renode.flash_check import FlashWrites, flash_checked
from mlbench.targets.renode.plan import Plan
from mlbench.targets.renode.recording import Recording
from mlbench.targets.renode.timing import TracedTimes, rough_times
from mlbench.targets.renode.verdict import RunEnding

_FIRST_SLICE_S = 0.005
_LONGEST_SLICE_S = 0.2
"""Virtual time between two looks at what has happened; it grows while little does."""
_RAM_FILE = "ram"
_TRACED_SLICE_S = 0.1
"""Virtual time in a file of the trace: 10 million instructions at most, which take some 25 MB."""
_HITS = 1000
"""Hits of hooks in a slice that are aimed at, at most: translated code is dropped between slices."""
_AFTER_INFERENCE_S = 1.0
"""Virtual time to wait for a further inference once one has finished; at least four times its length."""
_MOST_ROUNDS = 5
"""How often a run is repeated because a function returned to a place that was not known."""


class RenodeSession:
    """One firmware under Renode."""

    exact = True
    resolution_us: float | None = None
    most_islands = 0
    """See ``Session``: each run is a machine built anew."""

    def __init__(
        self, board: Board, data: RenodeData, host_seconds: float, firmware: Firmware, functions: Functions
    ) -> None:
        self._board = board
        self._data = data
        self._host_seconds = host_seconds
        self._firmware = firmware
        self._functions = functions
        self._plans: dict[Path, Plan] = {}
        self._process: RenodeProcess | None = None
        self._machine: RenodeMachine | None = None
        self._can_trace = True
        self._recording: Recording | None = None
        # Names are resolved now, so that a wrong one is told before anything runs.
        self._plan(firmware.elf)

    @property
    def method(self) -> str:
        """See ``Session``."""
        return method_of(self._firmware, self._functions, self._plan(self._firmware.elf).named)

    def replay(self) -> Allocator | None:
        """See ``Session``: by the embedded emulator's CPU, where it is installed."""
        return self._recording.replay(self._firmware, self._board) if self._recording is not None else None

    def predicted_limit(self) -> None:
        """See ``Session``: nothing."""

    def remarks(self) -> tuple[str, ...]:
        """See ``Session``: each run tells its own."""
        return ()

    def close(self) -> None:
        """See ``Session``."""
        process, self._process, self._machine = self._process, None, None
        if process is not None:
            process.close()

    def run(self, probe: Probe, deadline_us: float) -> RunResult:
        """See ``Session``."""
        plan = self._plan(
            self._firmware.probe_elf if probe.alloc is not None or probe.probe_image else self._firmware.elf
        )
        for _ in range(_MOST_ROUNDS):
            result = self._attempt_twice(plan, probe, deadline_us / 1e6)
            if isinstance(result, RunResult):
                return result
            if result.end is not None and result.end.letter == "O":
                plan.follows_memory = False
                result = self.run(probe, deadline_us)
                return replace(result, peak_stack=0, heap=HeapUse(0, 0, MOST_CALLS, complete=False))
            plan.sites |= result.unknown
        raise EnvironmentFault(
            "the places that the named functions return to differ from run to run",
            where=self._firmware.name,
            do="mark the spans with the MLBench library",
        )

    # --- one run -----------------------------------------------------------------------------

    def _plan(self, path: Path) -> Plan:
        if path not in self._plans:
            self._plans[path] = Plan.of(Image.load(path), self._firmware, self._functions, self._board)
        return self._plans[path]

    def _attempt_twice(self, plan: Plan, probe: Probe, deadline_s: float) -> RunResult | Trace:
        """A process that dies is replaced once: what it died of may have been its own."""
        try:
            return self._attempt(plan, probe, deadline_s)
        except Gone:
            self.close()
        try:
            return self._attempt(plan, probe, deadline_s)
        except BaseException:
            self.close()
            raise

    def _attempt(self, plan: Plan, probe: Probe, deadline_s: float) -> RunResult | Trace:
        machine = self._started()
        roles = self._build(machine, plan, probe)
        try:
            return self._to_the_end(machine, plan, probe, roles, deadline_s)
        except CpuAborted as aborted:
            result = self._aborted(machine, plan, probe, roles, str(aborted))
            self.close()  # Renode does not come back from it
            return result
        except EnvironmentFault:
            self.close()
            raise

    def _build(self, machine: RenodeMachine, plan: Plan, probe: Probe) -> tuple[Role, ...]:
        patches = plan.patches(probe, self._board)
        roles, hooks = plan.hooks(self._functions, probe, template=self._firmware.is_template)
        if self._records(plan, probe):
            ram = self._board.ram
            hooks += plan.memory_hooks((machine.file_name(_RAM_FILE), ram.start, ram.size))
        # Another number of instructions to the second shifts every time that the firmware can see.
        mips = 100 - 7 * probe.time_shift
        machine.build(plan.image, plan.vectors, hooks, patches, mips)
        return roles

    @staticmethod
    def _records(plan: Plan, probe: Probe) -> bool:
        return probe.record and probe.alloc is None and plan.follows_memory

    def _aborted(
        self, machine: RenodeMachine, plan: Plan, probe: Probe, roles: tuple[Role, ...], what: str
    ) -> RunResult | Trace:
        """What is to be told of a run in which Renode gave up on the CPU."""
        trace = read_trace(machine.events(), roles, plan.returns)
        if trace.unknown:
            return trace
        end = RunEnding(Outcome.FAULT, f"Renode aborted the CPU: {what}")
        if trace.end is not None:
            end = verdict.of_end(trace.end, plan.image, self._board, probe.alloc)
        return self._result(machine, end, trace, machine.serial(), 0.0)

    def _started(self) -> RenodeMachine:
        if self._machine is None:
            self._process = RenodeProcess()
            self._machine = RenodeMachine(self._process)
        return self._machine

    def _to_the_end(
        self, machine: RenodeMachine, plan: Plan, probe: Probe, roles: tuple[Role, ...], deadline_s: float
    ) -> RunResult | Trace:
        virtual, step, since, seen, hits = 0.0, _FIRST_SLICE_S, 0.0, 0, 0
        traced = self._traced_times(plan, probe)
        tracing = traced is not None and self._start_trace(machine)
        while True:
            if tracing:
                step = min(step, _TRACED_SLICE_S)
            self._run_slice(machine, step, tracing=tracing)
            virtual += step
            events = machine.events()
            trace = read_trace(events, roles, plan.returns)
            if tracing and traced is not None:
                traced.follow(machine.end_trace(), trace)
                tracing = (
                    not trace.inferences
                    and traced.instructions < (probe.trace_limit or traced.usual_limit)
                    and self._start_trace(machine)
                )
            if trace.unknown or (trace.end is not None and trace.end.letter == "O"):
                return trace
            serial = machine.serial()
            if len(trace.inferences) > seen:
                seen, since = len(trace.inferences), virtual
            end = self._end(machine, plan, probe, trace, serial, (virtual, virtual - since, deadline_s))
            if end is not None:
                retrace = partial(self._retrace, machine, plan, probe, virtual) if self._can_trace else None
                writes, end = flash_checked(machine, plan.image, self._board, trace.end, end, retrace)
                if writes is not None:
                    # What came after the write did not happen on the chip.
                    events = [event for event in events if event.instructions <= writes.count]
                    trace = replace(read_trace(events, roles, plan.returns), before_loop=())
                result = self._result(machine, end, trace, serial, virtual, traced)
                if not self._records(plan, probe) or end.outcome is not Outcome.PASSED:
                    return result
                recording = Recording(plan, read_memory_use(events), machine.taken_file(_RAM_FILE))
                if recording.heap_was_painted():
                    # Memory that the heap takes new is 0 for the firmware: once more, painted above it.
                    return trace
                self._recording = recording
                return recording.with_memory(result, machine.memory(recording.painted), trace)
            new, hits = len(events) - hits, len(events)
            if new > _HITS // 2:
                machine.clear_translations()
            longer = min(1.5, _HITS / max(1, new)) * step
            step = min(longer, _LONGEST_SLICE_S, max(deadline_s - virtual, 1e-6))

    def _traced_times(self, plan: Plan, probe: Probe) -> TracedTimes | None:
        """What follows the trace of a run; None where none is made."""
        # A run that only finds where functions return to is not worth it.
        wanted = probe.record and probe.alloc is None and (plan.sites or not plan.returns)
        if not (wanted and plan.named and self._can_trace and self._board.emulator is not None):
            return None
        model = load_model(self._board.emulator.cost_table or self._board.emulator.chip)
        flash = range(self._board.flash.start + self._board.flash.size)
        return TracedTimes(model, plan.image, flash, frozenset(plan.vector_targets()))

    def _start_trace(self, machine: RenodeMachine) -> bool:
        try:
            machine.start_trace(divides=True)
        except CommandFailed:
            self._can_trace = False
        return self._can_trace

    def _run_slice(self, machine: RenodeMachine, seconds: float, *, tracing: bool) -> None:
        try:
            machine.run(seconds, self._host_seconds)
        except Gone:
            # Without its library of instructions it dies at the first block: it is not asked again.
            self._can_trace = self._can_trace and not tracing
            raise

    def _end(
        self,
        machine: RenodeMachine,
        plan: Plan,
        probe: Probe,
        trace: Trace,
        serial: bytes,
        times: tuple[float, float, float],
    ) -> RunEnding | None:
        """How the run has ended; None: it goes on.

        ``times`` are now, since the last inference, and the deadline, in seconds.
        """
        virtual_s, quiet_s, deadline_s = times
        if trace.end is not None:
            return verdict.of_end(trace.end, plan.image, self._board, probe.alloc)
        if self._finished(plan, probe, trace, serial, quiet_s):
            return RunEnding(Outcome.PASSED)
        if virtual_s < deadline_s:
            return None
        at = verdict.frame_of(plan.image, machine.pc())
        return RunEnding(Outcome.HUNG, f"still in {at} after {virtual_s:.3f} s of virtual time", (at,))

    def _finished(self, plan: Plan, probe: Probe, trace: Trace, serial: bytes, quiet_s: float) -> bool:
        if not probe.inferences:
            return False  # it is only listened to
        if self._firmware.is_template:
            # setup() is through, and loop() has sent something.
            return trace.loops > 1 and bool(serial)
        if len(trace.inferences) >= probe.inferences:
            return True
        if SpanKind.INFERENCE not in plan.named:
            return trace.init is not None
        if not trace.inferences or trace.inside:
            return False
        length = trace.inferences[-1].instructions / INSTRUCTIONS_PER_SECOND
        return quiet_s > max(_AFTER_INFERENCE_S, 4 * length)

    def _retrace(
        self, machine: RenodeMachine, plan: Plan, probe: Probe, virtual_s: float, writes: FlashWrites
    ) -> bool:
        """Run once more with a trace, as far as the run came; whether this Renode can."""
        self._build(machine, plan, probe)
        try:
            passed = 0.0
            while passed < virtual_s and writes.refused is None:
                step = min(_TRACED_SLICE_S, virtual_s - passed)
                machine.start_trace()
                machine.run(step, self._host_seconds)
                path = machine.end_trace()
                writes.follow(read_trace_file(path))
                path.unlink()
                passed += step
                if machine.halted():
                    break
        except (CommandFailed, Gone):
            self.close()
            self._can_trace = False
        return self._can_trace

    def _result(
        self,
        machine: RenodeMachine,
        end: RunEnding,
        trace: Trace,
        serial: bytes,
        virtual_s: float,
        traced: TracedTimes | None = None,
    ) -> RunResult:
        spans = trace.spans()
        timed = traced.timed(spans, self._board.clock_hz) if traced is not None and spans else None
        if timed is None:
            timed = rough_times(spans, self._data, self._board)
        return RunResult(
            end.outcome,
            end.reason,
            serial,
            timed,
            1e6 * virtual_s,
            0,
            end.chain,
            self._outputs(trace),
            notes=verdict.lacking(trace.absent),
            before_loop=machine.sent(trace.before_loop) if trace.before_loop else None,
        )

    def _outputs(self, trace: Trace) -> tuple[bytes, ...]:
        """The buffers, behind the returned number where it is one and in a core register (AAPCS, 6.1)."""
        if not trace.outputs:
            return ()
        plan = self._plan(self._firmware.elf)
        returned = plan.image.debug.returned(plan.named[SpanKind.INFERENCE].entries[0])
        whole = self._functions.returns and returned is not None and not returned.floating
        number = (trace.outputs[0][: returned.size],) if whole and returned is not None else ()
        return (*number, *trace.outputs[1:])

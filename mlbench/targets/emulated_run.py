"""One run of firmware on the emulator: marks, probe, end, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from unicorn import arm_const as arm

from mlbench.elf.dwarf import ReturnValue
from mlbench.elf.image import Image
from mlbench.elf.names import never_entered
from mlbench.emulator.allocator import HeapCall, HeapRecorder, function_address, peak_requested
from mlbench.emulator.calls import Call, CallState, CallTracker, Watch
from mlbench.emulator.machine import End, Ending, Machine
from mlbench.errors import EnvironmentFault
from mlbench.targets.protocol import (
    Frame,
    HeapUse,
    Mark,
    MarkKind,
    Outcome,
    OutputBuffer,
    Probe,
    RunResult,
)

_AFTER_INFERENCE_US = 1_000_000.0
"""How long to wait for a further inference once one has finished; at least four times its length."""
_SHIFT_US = 7_777.37
_WATCHED_LOOPS = 200
"""So many turns of loop() without an inference are looked at; one that polls has millions of them."""


@dataclass(frozen=True)
class Named:
    """A function to time. With ``ends`` the span ends where one of those is entered (library marks)."""

    name: str
    entries: tuple[int, ...]
    ends: tuple[int, ...] = ()


@dataclass(frozen=True)
class Entry:
    """Where probes act: at ``setup`` (or main), and how N reaches the firmware.

    ``word`` is the address of a template's word in flash; without it ``malloc`` is called.
    """

    setup: int
    loop: int | None
    malloc: int | None
    sbrk: int | None
    word: int | None

    @classmethod
    def of(cls, image: Image, word: int | None) -> Entry:
        """Find them in an image. A sketch's functions have C or C++ names, by the core."""
        setup = function_address(image, "setup", "_Z5setupv", "main")
        if setup is None:
            setup = image.entry & ~1
        return cls(
            setup,
            function_address(image, "loop", "_Z4loopv"),
            function_address(image, "malloc"),
            function_address(image, "_sbrk", "sbrk"),
            word,
        )


@dataclass
class _State:
    """What a run has seen. Copied with the snapshot."""

    marks: list[Mark] = field(default_factory=list)
    init: Mark | None = None
    inferences: int = 0
    open_mark: dict[MarkKind, tuple[int, int, int]] = field(default_factory=dict)
    pointers: tuple[int, ...] = ()
    outputs: tuple[bytes, ...] = ()
    loops: int = 0
    heap_base: int | None = None
    heap_break: int | None = None
    peak_break: int = 0
    refused: str = ""
    overlap: int = 0
    lowest_sp: int = 0xFFFFFFFF

    def copy(self) -> _State:
        return replace(self, marks=list(self.marks), open_mark=dict(self.open_mark))


@dataclass(frozen=True)
class RunSnapshot:
    """The machine at the entry of setup(), before its first instruction."""

    machine: Any
    calls: CallState
    state: Any
    ram: bytes
    heap_calls: tuple[HeapCall, ...]
    """What was asked of the heap before, by constructors."""
    heap_in_use: int
    """Bytes by which the break had moved."""


class EmulatedRun:
    """Runs one image, again and again, from a snapshot at setup()."""

    def __init__(
        self,
        machine: Machine,
        named: dict[MarkKind, Named],
        outputs: tuple[OutputBuffer, ...],
        *,
        entry: Entry,
        host_seconds: float,
        ends_by_serial: bool,
    ) -> None:
        self.machine = machine
        self.entry = entry
        self._named = named
        self._outputs = outputs
        self._host_seconds = host_seconds
        self._ends_by_serial = ends_by_serial
        self._tracker = CallTracker(machine)
        self._recorder = HeapRecorder(machine, self._tracker)
        self._state = _State()
        self._finished = False
        self._wanted = 1
        self._deadline = self._latest = 0
        self._returns: dict[int, ReturnValue | None] = {}
        self.recorded: list[HeapCall] = []
        self._stack_top = machine.cpu.sp
        self._watch()

    # --- watching ----------------------------------------------------------------------------

    def _watch(self) -> None:
        self._tracker.keep(self.entry.setup)
        if self.entry.loop is not None:
            self._tracker.keep(self.entry.loop)
        if self.entry.sbrk is not None:
            self._tracker.add(Watch("sbrk", self.entry.sbrk, returned=self._sbrk_returned))
        for kind, named in self._named.items():
            for address in named.entries:
                if named.ends:
                    self._tracker.add(Watch(f"begin {kind.value}", address, entered=self._opener(kind)))
                else:
                    self._tracker.add(
                        Watch(kind.value, address, entered=self._entered(kind), returned=self._returned(kind))
                    )
            for address in named.ends:
                self._tracker.add(Watch(f"end {kind.value}", address, entered=self._closer(kind)))

    def _entered(self, kind: MarkKind) -> Any:
        def entered(call: Call) -> None:
            if kind is MarkKind.INFERENCE:
                self._begin_inference()
                self._state.pointers = tuple(self._argument(call, buffer.arg) for buffer in self._outputs)

        return entered

    def _begin_inference(self) -> None:
        self._state.loops = min(self._state.loops, 1)
        self._watch_loop(True)

    def _watch_loop(self, on: bool) -> None:
        if self.entry.loop is not None:
            self.machine.set_break(self.entry.loop, on)

    def _argument(self, call: Call, index: int) -> int:
        """Argument ``index`` of a call: r0 to r3, then the stack (AAPCS, 6.5)."""
        if index < 4:
            return call.arguments[index]
        return self.machine.cpu.word(call.sp + 4 * (index - 4))

    def _returned(self, kind: MarkKind) -> Any:
        def returned(call: Call) -> None:
            self._mark(kind, call.cycles, call.instructions, call.placement)
            if kind is MarkKind.INFERENCE:
                cpu = self.machine.cpu
                buffers = zip(self._state.pointers, self._outputs, strict=True)
                contents = (cpu.read(pointer, buffer.bytes) for pointer, buffer in buffers)
                self._state.outputs = (*self._return_value(call.watch.address), *contents)

        return returned

    def _return_value(self, address: int) -> tuple[bytes, ...]:
        """What the function returned, where it is a number (AAPCS, 6.1.2 and 6.5; hard-float variant)."""
        if address not in self._returns:
            self._returns[address] = self.machine.image.debug.returned(address)
        kind = self._returns[address]
        if kind is None:
            return ()
        first = arm.UC_ARM_REG_S0 if kind.floating else arm.UC_ARM_REG_R0
        words = (self.machine.cpu.reg(first + n).to_bytes(4, "little") for n in range(2))
        return (b"".join(words)[: kind.size],)

    def _opener(self, kind: MarkKind) -> Any:
        def opened(call: Call) -> None:
            self._state.open_mark[kind] = (call.cycles, call.instructions, call.placement)
            if kind is MarkKind.INFERENCE:
                self._begin_inference()

        return opened

    def _closer(self, kind: MarkKind) -> Any:
        def closed(_call: Call) -> None:
            begun = self._state.open_mark.pop(kind, None)
            if begun is not None:
                self._mark(kind, *begun)

        return closed

    def _mark(self, kind: MarkKind, cycles: int, instructions: int, placement: int) -> None:
        hot = self.machine.hot
        spent = hot.cycles - cycles
        mark = Mark(
            kind,
            self.machine.clock.us(spent),
            spent,
            hot.instructions - instructions,
            hot.placement - placement,
        )
        state = self._state
        if kind is MarkKind.INIT:
            # The last initialization before the first inference is the one that counts: a static
            # object's constructor may be followed by an assignment of a new one.
            if state.inferences == 0 and not self._in_inference():
                state.init = mark
            return
        state.marks.append(mark)
        state.inferences += 1
        if state.inferences >= self._wanted and not self._ends_by_serial:
            self._finished = True
        wait = max(_AFTER_INFERENCE_US, 4 * mark.us)
        self._deadline = min(self._latest, self.machine.clock.now + self.machine.clock.cycles(wait))

    def _sbrk_returned(self, call: Call) -> None:
        state, cpu = self._state, self.machine.cpu
        increment = call.arguments[0]
        result = cpu.r(0)
        if result == 0xFFFFFFFF:
            state.refused = f"the heap could not grow by {increment} bytes"
            return
        if increment & 0x80000000:
            increment -= 1 << 32
        if state.heap_base is None:
            state.heap_base = result
        self._note_stack()
        state.heap_break = result + increment
        state.peak_break = max(state.peak_break, state.heap_break)
        self.machine.hot.low_sp = cpu.sp

    def _note_stack(self) -> None:
        """Hold the lowest SP so far against the break that was in force meanwhile."""
        state, low = self._state, self.machine.hot.low_sp
        state.lowest_sp = min(state.lowest_sp, low)
        if state.heap_break is None or state.heap_base is None:
            return
        # A thread's stack below the heap is another matter: only what grew down from above counts.
        if state.heap_base <= low < state.heap_break:
            state.overlap = max(state.overlap, state.heap_break - low)

    # --- running -----------------------------------------------------------------------------

    def boot(self, deadline_us: float) -> RunSnapshot | RunResult:
        """Reset and run to setup()."""
        self.machine.reset()
        self._tracker.restore(CallState())
        self._state = _State()
        self._stack_top = self.machine.cpu.sp
        self._deadline = self._latest = self.machine.clock.cycles(deadline_us)
        self._recorder.start()
        resume = False
        while True:
            ending = self.machine.run(self._deadline, resume=resume, host_seconds=self._host_seconds)
            if ending.end is not End.BREAKPOINT:
                return self._result(ending, "before setup()")
            self._tracker.at(ending.address)
            if ending.address == self.entry.setup:
                self._recorder.stop()
                state = self._state
                return RunSnapshot(
                    self.machine.save(),
                    self._tracker.state.copy(),
                    state.copy(),
                    bytes(self.machine.ram.data),
                    tuple(self._recorder.calls),
                    (state.heap_break or 0) - (state.heap_base or 0),
                )
            resume = True

    def run(self, start: RunSnapshot, probe: Probe, deadline_us: float) -> RunResult:
        """Go on from setup() with a probe."""
        machine = self.machine
        machine.load(start.machine)
        self._recorder.stop()
        self._tracker.restore(start.calls)
        self._watch_loop(True)
        self._state = start.state.copy()
        self._finished = False
        self._wanted = probe.inferences
        self._deadline = self._latest = machine.clock.now + machine.clock.cycles(deadline_us)
        if probe.perturb:
            self._perturb(probe.perturb)
        if self.entry.word is not None:
            machine.patch_flash(self.entry.word, (probe.alloc or 0).to_bytes(4, "little"))
        elif probe.alloc is not None:
            failed = self._inject(probe.alloc)
            if failed is not None:
                return failed
        if probe.record:
            self._recorder.start()
        result = self._to_the_end()
        if not probe.record:
            return result
        self._recorder.stop()
        self.recorded = self._recorder.calls
        heap = result.heap or HeapUse(0, 0, 0)
        peak = peak_requested([*start.heap_calls, *self.recorded])
        return replace(result, heap=replace(heap, peak_requested=peak, calls=len(self.recorded)))

    def _perturb(self, variant: int) -> None:
        """Shift the time and slow code down, so that whatever depends on time shows itself."""
        machine = self.machine
        machine.hot.cycles += machine.clock.cycles(variant * _SHIFT_US)
        machine.hot.cache_on = int(variant % 2 == 0)

    def _inject(self, size: int) -> RunResult | None:
        """Call malloc(size) at the entry of setup(), on its stack; None when it was granted."""
        machine, cpu = self.machine, self.machine.cpu
        if self.entry.malloc is None:
            raise EnvironmentFault("a probe needs an image with malloc")
        saved = [cpu.r(number) for number in range(15)]
        cpu.set_r(0, size)
        cpu.set_r(14, self.entry.setup | 1)
        machine.skip(self.entry.malloc)
        resume = False
        while True:
            ending = machine.run(self._deadline, resume=resume, host_seconds=self._host_seconds)
            if ending.end is not End.BREAKPOINT:
                return self._result(ending, f"in malloc({size}) before setup()")
            if ending.address == self.entry.setup and cpu.sp == saved[13]:
                break
            self._tracker.at(ending.address)
            resume = True
        granted = cpu.r(0)
        for number, value in enumerate(saved):
            cpu.set_r(number, value)
        machine.skip(self.entry.setup)
        if not granted:
            return self._finish(Outcome.NO_MEMORY, f"malloc({size}) returned NULL", ())
        return None

    def _to_the_end(self) -> RunResult:
        # The breakpoint at setup() itself has been dealt with.
        resume = True
        while True:
            ending = self.machine.run(self._deadline, resume=resume, host_seconds=self._host_seconds)
            if ending.end is End.DEADLINE and self._in_inference() and self._deadline < self._latest:
                # A further inference has begun while it was waited for: it gets all the time there is.
                self._deadline = self._latest
                resume = False
                continue
            if ending.end is not End.BREAKPOINT:
                return self._result(ending, "")
            if ending.address == self.entry.loop:
                self._loop_entered()
            self._tracker.at(ending.address)
            if self._finished:
                return self._finish(Outcome.PASSED, "", ())
            resume = True

    def _loop_entered(self) -> None:
        state = self._state
        state.loops += 1
        if self._ends_by_serial:
            # The template: setup() is through, and loop() has sent something.
            self._finished = state.loops > 1 and bool(self.machine.serial())
            return
        if MarkKind.INFERENCE not in self._named:
            # Nothing to wait for after setup().
            self._finished = True
            return
        if state.loops > _WATCHED_LOOPS and not self._tracker_open(MarkKind.INFERENCE):
            # Until the next inference begins, which is what the deadline is there for.
            self._watch_loop(False)

    def _in_inference(self) -> bool:
        return self._tracker_open(MarkKind.INFERENCE) or MarkKind.INFERENCE in self._state.open_mark

    def _tracker_open(self, kind: MarkKind) -> bool:
        return any(call.watch.group == kind.value for call in self._tracker.state.open)

    # --- what became of it -------------------------------------------------------------------

    def _result(self, ending: Ending, when: str) -> RunResult:
        state = self._state
        waited = ending.end in (End.DEADLINE, End.IDLE) and not self._ends_by_serial
        if state.inferences and waited and not self._in_inference():
            # Inference has finished, and nothing more came: that is a good end.
            return self._finish(Outcome.PASSED, "", ())
        chain = self._chain()
        place = f" in {chain[0]}" if chain and ending.end is not End.DEADLINE else ""
        when = f" {when}" if when else ""
        if ending.end in (End.FAULT, End.RESET, End.SEMIHOSTING):
            outcome, text = Outcome.FAULT, f"{ending.text}{place}{when}"
        elif ending.end is End.IDLE:
            outcome, text = Outcome.HUNG, f"{ending.text}{place}{when}"
        else:
            outcome, text = Outcome.HUNG, self._unfinished(when)
        if state.refused:
            outcome, text = Outcome.NO_MEMORY, f"{state.refused}, then {text}"
        return self._finish(outcome, text, chain)

    def _unfinished(self, when: str) -> str:
        # Where time was up is chance; which function of the sketch's own it was in says more.
        chain = self._chain()
        own = next((frame for frame in chain if not frame.file.startswith("/platform/")), None)
        place = f", last in {own or chain[0]}" if chain else ""
        us = self.machine.clock.us(self.machine.clock.now)
        inference = self._named.get(MarkKind.INFERENCE)
        idle = self._state.loops and not self._state.inferences
        if inference is not None and idle and not self._tracker_open(MarkKind.INFERENCE):
            error = never_entered(self.machine.image, inference.name)
            return f"{error.what}; {error.do}"
        return f"did not finish in {us / 1e3:.0f} ms of the board's time{when}{place}"

    def _chain(self) -> tuple[Frame, ...]:
        cpu = self.machine.cpu
        try:
            debug = self.machine.image.debug
            psp = cpu.reg(arm.UC_ARM_REG_PSP)
            return tuple(debug.unwind(cpu.pc, cpu.registers(), cpu.read, psp=psp))
        except (ValueError, KeyError, IndexError):
            return ()

    def _finish(self, outcome: Outcome, reason: str, chain: tuple[Frame, ...]) -> RunResult:
        machine, state = self.machine, self._state
        self._note_stack()
        heap = None
        if state.heap_base is not None:
            heap = HeapUse(0, state.peak_break - state.heap_base, 0)
        marks = ((state.init,) if state.init else ()) + tuple(state.marks)
        return RunResult(
            outcome,
            reason,
            machine.serial(),
            marks,
            machine.clock.us(machine.clock.now),
            machine.hot.instructions,
            chain,
            state.outputs,
            max(0, self._stack_top - state.lowest_sp),
            heap,
            state.overlap,
            tuple(machine.notes),
        )

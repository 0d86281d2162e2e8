"""Renode as a target: one process a session, the machine built anew for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mlbench.boards import Board
from mlbench.boards.board import RenodeData
from mlbench.core.execution import (
    Allocator,
    Frame,
    Functions,
    Instrument,
    Outcome,
    Probe,
    RunResult,
    SpanKind,
    TimedSpan,
)
from mlbench.core.firmware import Firmware
from mlbench.elf.image import Image
from mlbench.elf.redirect import Patch, Redirection, redirect_setup
from mlbench.elf.vectors import vector_table
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.renode import hooks
from mlbench.renode.client import Gone
from mlbench.renode.hooks import Hook
from mlbench.renode.machine import INSTRUCTIONS_PER_SECOND, RenodeMachine
from mlbench.renode.process import INSTALL, CpuAborted, RenodeProcess, find_renode
from mlbench.renode.trace import Role, Trace, read_trace
from mlbench.targets.entry import Entry, ResolvedFunction
from mlbench.targets.functions import method_of, output_object, resolve_functions, template_word

_SLICE_S = 0.02
_LONGEST_SLICE_S = 0.2
"""Virtual time between two looks at what has happened; it grows while nothing does."""
_AFTER_INFERENCE_S = 1.0
"""Virtual time to wait for a further inference once one has finished; at least four times its length."""
_MOST_ROUNDS = 5
"""How often a run is repeated because a function returned to a place that was not known."""
_FAULTS = {3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault"}
_USB = ("_ZN7arduino9USBSerial9connectedEv", "_ZN7arduino6USBCDC4sendEPhm")


@cache
def renode_version(program: Path, _changed: float) -> str:
    """The version of a Renode, asked once a start of mlbench."""
    with RenodeProcess(program) as process:
        return process.version


@dataclass(frozen=True)
class RenodeTarget:
    """Measures under Renode."""

    board: Board
    host_seconds: float = 120.0
    """Wall time for which Renode may be silent before it is given up."""

    @property
    def instrument(self) -> Instrument:
        """See ``Target``. Starts Renode once, to ask for its version."""
        data = self._data()
        program = find_renode()
        if program is None or not program.is_file():
            raise EnvironmentFault("there is no renode on PATH", do=INSTALL)
        version = renode_version(program, program.stat().st_mtime)
        return Instrument(
            self.board.id, "renode", version, f"{data.cycles_per_instruction} cycles/instruction"
        )

    def _data(self) -> RenodeData:
        if self.board.renode is None:
            raise UsageError(
                f"board {self.board.id} cannot be run under Renode",
                do="choose another backend for it in mlbench.yml",
            )
        return self.board.renode

    def open(self, firmware: Firmware, functions: Functions) -> RenodeSession:
        """See ``Target``."""
        return RenodeSession(self.board, self._data(), self.host_seconds, firmware, functions)


@dataclass
class _Plan:
    """What is hooked in one image. ``sites`` are where named functions were seen to return to."""

    image: Image
    vectors: int
    entry: Entry
    named: dict[SpanKind, ResolvedFunction]
    sites: set[tuple[SpanKind, int]] = field(default_factory=set)
    redirection: Redirection | None = None


class RenodeSession:
    """One firmware under Renode."""

    exact = True
    resolution_us: float | None = None

    def __init__(
        self, board: Board, data: RenodeData, host_seconds: float, firmware: Firmware, functions: Functions
    ) -> None:
        self._board = board
        self._data = data
        self._host_seconds = host_seconds
        self._firmware = firmware
        self._functions = functions
        self._plans: dict[Path, _Plan] = {}
        self._process: RenodeProcess | None = None
        self._machine: RenodeMachine | None = None
        # Names are resolved now, so that a wrong one is told before anything runs.
        self._plan(firmware.elf)

    @property
    def method(self) -> str:
        """See ``Session``."""
        return method_of(self._firmware, self._functions, self._plan(self._firmware.elf).named)

    def replay(self) -> Allocator | None:
        """See ``Session``: none, every size is tried by a whole run."""
        return None

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
            plan.sites |= result.unknown
        raise EnvironmentFault(
            "the places that the named functions return to differ from run to run",
            where=self._firmware.name,
            do="mark the spans with the MLBench library",
        )

    # --- one run -----------------------------------------------------------------------------

    def _plan(self, path: Path) -> _Plan:
        if path not in self._plans:
            image = Image.load(path)
            word = template_word(self._firmware, image)
            named = resolve_functions(image, self._functions)
            self._plans[path] = _Plan(image, vectors_of(image, self._board), Entry.of(image, word), named)
        return self._plans[path]

    def _attempt_twice(self, plan: _Plan, probe: Probe, deadline_s: float) -> RunResult | Trace:
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

    def _attempt(self, plan: _Plan, probe: Probe, deadline_s: float) -> RunResult | Trace:
        machine = self._started()
        patches = self._patches(plan, probe)
        roles, wanted = self._hooks(plan, probe)
        # Another number of instructions to the second shifts every time that the firmware can see.
        mips = 100 - 7 * probe.time_shift
        machine.build(plan.image, plan.vectors, wanted, patches, mips)
        try:
            return self._to_the_end(machine, plan, probe, roles, deadline_s)
        except CpuAborted as aborted:
            trace = read_trace(machine.events(), roles, returns=True)
            serial = machine.serial()
            self.close()  # Renode does not come back from it
            return self._result(
                Outcome.FAULT, f"Renode aborted the CPU: {aborted}", trace, serial, deadline_s
            )
        except EnvironmentFault:
            self.close()
            raise

    def _started(self) -> RenodeMachine:
        if self._machine is None:
            self._process = RenodeProcess()
            self._machine = RenodeMachine(self._process)
        return self._machine

    def _hooks(self, plan: _Plan, probe: Probe) -> tuple[tuple[Role, ...], tuple[Hook, ...]]:
        roles: list[Role] = []
        wanted: list[Hook] = []
        outputs = self._functions.outputs
        # Those that arguments point to come first, as the hook reads them.
        buffers = sorted(outputs, key=lambda buffer: buffer.arg is None)
        for kind, named in plan.named.items():
            inferring = kind is SpanKind.INFERENCE
            pointers = tuple(b.arg for b in buffers if b.arg is not None) if inferring else ()
            objects = tuple(
                output_object(plan.image, b).address for b in buffers if b.arg is None and inferring
            )
            sizes = tuple(b.bytes for b in buffers) if inferring else ()
            for address in named.entries:
                wanted.append(
                    hooks.entered(
                        len(roles),
                        address,
                        () if named.ends else pointers,
                        objects=() if named.ends else objects,
                    )
                )
                roles.append(Role(kind))
            for address in named.ends:
                last = probe.inferences if kind is SpanKind.INFERENCE else 0
                wanted.append(hooks.entered(len(roles), address, wanted=last))
                roles.append(Role(kind, ends=True))
            for site in sorted(site for its, site in plan.sites if its is kind):
                last = probe.inferences if kind is SpanKind.INFERENCE else 0
                wanted.append(hooks.returned(len(roles), site, sizes, last))
                roles.append(Role(kind, site))
        wanted += [hooks.fault(number, address) for number, address in _handlers(plan.image, plan.vectors)]
        if plan.redirection is not None and probe.alloc is not None:
            wanted.append(hooks.passed("N", 0, plan.redirection.refused, most=1))
        if self._firmware.is_template and plan.entry.loop is not None:
            wanted.append(hooks.passed("L", 0, plan.entry.loop, most=2))
        connected, send = (plan.image.symbol(name) for name in _USB)
        if connected is not None and send is not None:
            wanted += [hooks.usb_connected(connected.address), hooks.usb_send(send.address)]
        return tuple(roles), tuple(wanted)

    def _patches(self, plan: _Plan, probe: Probe) -> Sequence[Patch]:
        if plan.entry.word is not None:
            return (Patch(plan.entry.word, (probe.alloc or 0).to_bytes(4, "little")),)
        if probe.alloc is None:
            return ()
        if plan.redirection is None:
            if plan.entry.malloc is None:
                raise EnvironmentFault("a probe needs an image with malloc")
            end = self._board.flash.start + self._board.flash.size
            plan.redirection = redirect_setup(plan.image, plan.entry.setup, plan.entry.malloc, end)
        return plan.redirection.patches(probe.alloc)

    def _to_the_end(
        self, machine: RenodeMachine, plan: _Plan, probe: Probe, roles: tuple[Role, ...], deadline_s: float
    ) -> RunResult | Trace:
        returns = not any(named.ends for named in plan.named.values())
        virtual, step, since, seen = 0.0, _SLICE_S, 0.0, 0
        while True:
            machine.run(step, self._host_seconds)
            virtual += step
            trace = read_trace(machine.events(), roles, returns)
            if trace.unknown:
                return trace
            serial = machine.serial()
            if trace.fault is not None:
                return self._result(Outcome.FAULT, _fault_text(trace), trace, serial, virtual)
            if trace.refused:
                what = f"malloc({probe.alloc}) returned NULL"
                return self._result(Outcome.NO_MEMORY, what, trace, serial, virtual)
            if len(trace.inferences) > seen:
                seen, since = len(trace.inferences), virtual
            if self._finished(plan, probe, trace, serial, virtual - since):
                return self._result(Outcome.PASSED, "", trace, serial, virtual)
            if virtual >= deadline_s:
                at = Frame(*_named_place(plan.image, machine.pc()))
                what = f"still in {at} after {virtual:.3f} s of virtual time"
                return self._result(Outcome.HUNG, what, trace, serial, virtual, (at,))
            step = min(1.5 * step, _LONGEST_SLICE_S, max(deadline_s - virtual, 1e-6))

    def _finished(self, plan: _Plan, probe: Probe, trace: Trace, serial: bytes, quiet_s: float) -> bool:
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

    def _result(
        self,
        outcome: Outcome,
        reason: str,
        trace: Trace,
        serial: bytes,
        virtual_s: float,
        chain: tuple[Frame, ...] = (),
    ) -> RunResult:
        spans = ([trace.init] if trace.init else []) + trace.inferences
        per_us = self._board.clock_hz / 1e6
        marks = tuple(
            TimedSpan(
                span.kind,
                span.instructions * self._data.cycles_per_instruction / per_us,
                instructions=span.instructions,
                method=f"instructions x {self._data.cycles_per_instruction} cycles",
            )
            for span in spans
        )
        if trace.fault is not None:
            image = next(iter(self._plans.values())).image
            places = (trace.fault.value(0), trace.fault.value(1))
            chain = tuple(Frame(*_named_place(image, place & ~1)) for place in places if place)
        outputs = self._outputs(trace)
        return RunResult(outcome, reason, serial, marks, 1e6 * virtual_s, 0, chain, outputs)

    def _outputs(self, trace: Trace) -> tuple[bytes, ...]:
        """The buffers, behind the returned number where it is one and in a core register (AAPCS, 6.1)."""
        if not trace.outputs:
            return ()
        plan = self._plan(self._firmware.elf)
        returned = plan.image.debug.returned(plan.named[SpanKind.INFERENCE].entries[0])
        whole = self._functions.returns and returned is not None and not returned.floating
        number = (trace.outputs[0][: returned.size],) if whole and returned is not None else ()
        return (*number, *trace.outputs[1:])


def vectors_of(image: Image, board: Board) -> int:
    """The address of the image's vector table. Raises SketchError where it is not for this board."""
    ram = range(board.ram.start, board.ram.start + board.ram.size)
    return vector_table(image, ram, lambda _: True, board.name)


def _handlers(image: Image, vectors: int) -> list[tuple[int, int]]:
    """Where faults lead, by number of the exception; each address once, under the lowest number."""
    handlers: dict[int, int] = {}
    for number in _FAULTS:
        address = int.from_bytes(image.read(vectors + 4 * number, 4), "little") & ~1
        if address and image.is_code(address):
            handlers.setdefault(address, number)
    return [(number, address) for address, number in handlers.items()]


def _fault_text(trace: Trace) -> str:
    assert trace.fault is not None
    name = _FAULTS[trace.fault.number]
    place = trace.fault.value(0)
    return f"{name} at PC {place:#010x}" if place else name


def _named_place(image: Image, address: int) -> tuple[int, str, str, int]:
    symbol = image.function_at(address)
    line = image.debug.line(address)
    return address, symbol.demangled if symbol else "", *(line or ("", 0))

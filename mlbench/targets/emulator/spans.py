"""What is timed: calls of the named functions, or what lies between the library's marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from unicorn import arm_const as arm

from mlbench.core.call_tree import CallTree
from mlbench.core.execution import CycleBasis, Functions, SpanKind, TimedSpan
from mlbench.elf.dwarf import ReturnValue
from mlbench.emulator.calls import Call, CallTracker, Watch
from mlbench.emulator.machine import Machine
from mlbench.emulator.path_times import PathTime, difference
from mlbench.emulator.wait_count import Waited
from mlbench.targets.entry import ResolvedFunction
from mlbench.targets.functions import output_object


@dataclass
class SpanState:
    """What has been timed. Copied with a snapshot."""

    init: TimedSpan | None = None
    inferences: list[TimedSpan] = field(default_factory=list)
    open_span: dict[SpanKind, tuple[int, int, int]] = field(default_factory=dict)
    pointers: tuple[int, ...] = ()
    outputs: tuple[bytes, ...] = ()
    waited: dict[SpanKind, Waited] = field(default_factory=dict)
    """What had been waited when a span began."""
    charged: dict[SpanKind, list[PathTime]] = field(default_factory=dict)
    """What had been charged to functions when a span began."""
    based: dict[SpanKind, tuple[int, int, int]] = field(default_factory=dict)
    """Cycles by the product specification, by a fit, and by assumption, when a span began."""
    misplaced: dict[SpanKind, int] = field(default_factory=dict)
    """Cycles that depend on where data lie, when a span began."""
    left: int = 0
    """Inferences that were left by longjmp or an exception."""

    def copy(self) -> SpanState:
        """A copy for a snapshot."""
        return replace(
            self,
            inferences=list(self.inferences),
            open_span=dict(self.open_span),
            waited=dict(self.waited),
            charged=dict(self.charged),
            based=dict(self.based),
            misplaced=dict(self.misplaced),
        )


class SpanWatch:
    """Follows the named functions.

    Args:
        machine: what runs.
        tracker: follows its calls.
        named: what to time.
        functions: which buffers to keep after each inference, and whether what it returned.
        begun: told when an inference begins.
        ended: told of each inference that has finished, and how many have.
    """

    def __init__(
        self,
        machine: Machine,
        tracker: CallTracker,
        named: dict[SpanKind, ResolvedFunction],
        functions: Functions,
        *,
        begun: Callable[[], None],
        ended: Callable[[TimedSpan, int], None],
    ) -> None:
        self._machine = machine
        self._tracker = tracker
        self.named = named
        self._outputs = functions.outputs
        self._objects = {
            buffer: output_object(machine.image, buffer).address
            for buffer in functions.outputs
            if buffer.arg is None
        }
        self._returned_counts = functions.returns
        self._begun, self._ended = begun, ended
        self._returns: dict[int, ReturnValue | None] = {}
        self.state = SpanState()
        self.canonical = False
        """Whether ``placement`` is to be all that the layout costs, from the begin of each span on."""
        for kind, function in named.items():
            self._watch(kind, function)

    def unfinished(self) -> tuple[tuple[SpanKind, CallTree], ...]:
        """Where the cycles of spans went that have begun and not ended, as far as calls are followed."""
        begun = (
            kind for kind in self.named if self._tracker.is_open(kind.value) or kind in self.state.open_span
        )
        trees = ((kind, self._calls(kind)) for kind in begun)
        return tuple((kind, tree) for kind, tree in trees if tree is not None)

    def _watch(self, kind: SpanKind, function: ResolvedFunction) -> None:
        if function.is_inlined:
            # Where one body ends the next one may begin.
            for address in function.ends:
                self._tracker.add_place(address, partial(self._place_left, kind))
            for address in function.entries:
                self._tracker.add_place(address, partial(self._place_entered, kind))
            return
        add = self._tracker.add
        for address in function.entries:
            if function.ends:
                add(Watch(f"begin {kind.value}", address, entered=self._opener(kind)))
            else:
                add(
                    Watch(
                        kind.value,
                        address,
                        entered=self._entered(kind),
                        returned=self._returned(kind),
                        left=self._left(kind),
                    )
                )
        for address in function.ends:
            add(Watch(f"end {kind.value}", address, entered=self._closer(kind)))

    @property
    def in_inference(self) -> bool:
        """Whether an inference has begun and not ended."""
        return self._tracker.is_open(SpanKind.INFERENCE.value) or SpanKind.INFERENCE in self.state.open_span

    def spans(self) -> tuple[TimedSpan, ...]:
        """All that counts: the initialization, then the inferences."""
        return ((self.state.init,) if self.state.init else ()) + tuple(self.state.inferences)

    def _entered(self, kind: SpanKind) -> Callable[[Call], None]:
        def entered(call: Call) -> None:
            self._note_begin(kind)
            if kind is SpanKind.INFERENCE:
                self._begun()
                self.state.pointers = tuple(
                    self._objects[buffer] if buffer.arg is None else self._argument(call, buffer.arg)
                    for buffer in self._outputs
                )

        return entered

    def _note_begin(self, kind: SpanKind) -> None:
        self.state.waited[kind] = self._machine.clock.waiting.save()
        self.state.charged[kind] = self._machine.hook.path_times()
        self.state.based[kind] = self._based()
        self.state.misplaced[kind] = self._misplaced()
        if self.canonical:
            self._machine.price_by_place()

    def _based(self) -> tuple[int, int, int]:
        """Cycles so far by the product specification, by a fit, and by assumption."""
        hook = self._machine.hook
        return hook.specified, hook.fitted, hook.assumed

    def _misplaced(self) -> int:
        """Cycles so far of reads that open another part of flash, and of unaligned operands."""
        hook, costs = self._machine.hook, self._machine.model.run
        return hook.specified - costs.read_same_word * hook.flash_reads + hook.misplaced

    def _basis(self, kind: SpanKind, cycles: int) -> CycleBasis | None:
        begun = self.state.based.get(kind)
        if begun is None:
            return None
        specified, fitted, assumed = (now - then for now, then in zip(self._based(), begun, strict=True))
        error = self._machine.model.error_percent(assumed / max(1, cycles))
        return CycleBasis(cycles - specified - fitted - assumed, specified, fitted, assumed, error)

    def _argument(self, call: Call, index: int) -> int:
        """Argument ``index`` of a call: r0 to r3, then the stack (AAPCS, 6.5)."""
        if index < 4:
            return call.arguments[index]
        return self._machine.cpu.word(call.sp + 4 * (index - 4))

    def _returned(self, kind: SpanKind) -> Callable[[Call], None]:
        def returned(call: Call) -> None:
            if kind is SpanKind.INFERENCE:
                cpu = self._machine.cpu
                buffers = zip(self.state.pointers, self._outputs, strict=True)
                contents = (cpu.read(pointer, buffer.bytes) for pointer, buffer in buffers)
                silent = call.ends_handler or not self._returned_counts
                value = () if silent else self._return_value(call.watch.address)
                self.state.outputs = (*value, *contents)
            self._span(kind, call.cycles, call.instructions, call.placement)

        return returned

    def _left(self, kind: SpanKind) -> Callable[[Call], None]:
        def left(_call: Call) -> None:
            if kind is SpanKind.INFERENCE:
                self.state.left += 1

        return left

    def _return_value(self, address: int) -> tuple[bytes, ...]:
        """What the function returned, where it is a number (AAPCS, 6.1.2 and 6.5).

        A floating-point number comes in s0 only by the hard-float variant, which Mbed OS does not use.
        """
        if address not in self._returns:
            self._returns[address] = self._machine.image.debug.returned(address)
        kind = self._returns[address]
        if kind is None:
            return ()
        in_fpu = kind.floating and self._machine.image.hard_float
        first = arm.UC_ARM_REG_S0 if in_fpu else arm.UC_ARM_REG_R0
        words = (self._machine.cpu.reg(first + n).to_bytes(4, "little") for n in range(2))
        return (b"".join(words)[: kind.size],)

    def _opener(self, kind: SpanKind) -> Callable[[Call], None]:
        def opened(call: Call) -> None:
            self.state.open_span[kind] = (call.cycles, call.instructions, call.placement)
            self._note_begin(kind)
            if kind is SpanKind.INFERENCE:
                self._begun()

        return opened

    def _closer(self, kind: SpanKind) -> Callable[[Call], None]:
        def closed(_call: Call) -> None:
            begun = self.state.open_span.pop(kind, None)
            if begun is not None:
                self._span(kind, *begun)

        return closed

    def _place_entered(self, kind: SpanKind) -> None:
        """The entry of an inlined body; a loop may come back to it."""
        if kind not in self.state.open_span:
            hook = self._machine.hook
            self.state.open_span[kind] = (hook.cycles, hook.instructions, hook.placement)
            self._note_begin(kind)
            if kind is SpanKind.INFERENCE:
                self._begun()

    def _place_left(self, kind: SpanKind) -> None:
        begun = self.state.open_span.pop(kind, None)
        if begun is not None:
            self._span(kind, *begun)

    def _calls(self, kind: SpanKind) -> CallTree | None:
        after = self._machine.hook.path_times()
        if not after:
            return None
        return difference(self.state.charged.get(kind, []), after, self._machine.functions)

    def _span(self, kind: SpanKind, cycles: int, instructions: int, placement: int) -> None:
        hook, begun = self._machine.hook, self.state.misplaced.get(kind)
        spent = hook.cycles - cycles
        mark = TimedSpan(
            kind,
            self._machine.clock.us(spent),
            spent,
            hook.instructions - instructions,
            _signed(hook.placement - placement),
            waits=self._machine.waited(self.state.waited[kind]) if kind in self.state.waited else (),
            calls=self._calls(kind),
            basis=self._basis(kind, spent),
            data_placement=self._misplaced() - begun if begun is not None else None,
        )
        if kind is SpanKind.INFERENCE:
            self.state.inferences.append(mark)
            self._ended(mark, len(self.state.inferences))
        elif not self.state.inferences and not self.in_inference:
            # The last initialization before the first inference is the one that counts: a static
            # object's constructor may be followed by an assignment of a new one.
            self.state.init = mark


def _signed(difference: int) -> int:
    """Of two counters of 64 bits: in a canonical layout, the later one may be the smaller one."""
    return (difference + (1 << 63)) % (1 << 64) - (1 << 63)

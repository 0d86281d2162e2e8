"""Which stack is in use, and how deep each has gone.

The block hook keeps the lowest SP since it was last asked. The CPU changes stacks only where the machine
stops anyway (exceptions, writes to CONTROL, MSP and PSP), so what was lowest belongs to one stack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mlbench.elf.image import Image
from mlbench.emulator import exceptions
from mlbench.emulator.call_paths import DeepCall
from mlbench.emulator.chip import Region
from mlbench.emulator.core_record import RunningMode
from mlbench.emulator.machine import Machine
from mlbench.emulator.threads import Bounds, ThreadFinder

_NONE = 0xFFFFFFFF
MAIN = 0
"""Index of the main stack (MSP), which handlers use."""
_NEAR = 1024
"""A stack without known bounds is taken up again where SP is that near to what is known of it."""


@dataclass
class Stack:
    """One stack. ``low`` is its lowest address (0: unknown), ``top`` the address above it.

    ``size`` is what is reserved for it (None: unknown), ``left`` the frame that was on it when it was left.
    """

    name: str
    low: int
    top: int
    size: int | None
    lowest: int
    static: bool = False
    """Lies in the image's own variables, so that static RAM has it already."""
    left: int = 0
    deepest: tuple[DeepCall, ...] = ()
    """The calls that were open at ``lowest``, innermost first, where calls are followed."""

    @property
    def used(self) -> int:
        """Bytes at its deepest."""
        return max(0, self.top - self.lowest)


@dataclass
class StackState:
    """All stacks so far. ``brk`` is the end of the heap meanwhile, ``heap`` where it begins (0: unused)."""

    stacks: list[Stack]
    current: int = MAIN
    heap: int = 0
    brk: int = 0
    overlap: int = 0
    """The most bytes by which a stack above the heap went below its end."""
    overflow: tuple[int, int] | None = None
    """The first stack that went below its bound, and the lowest SP seen then."""

    def copy(self) -> StackState:
        """A copy for a snapshot."""
        return replace(self, stacks=[replace(stack) for stack in self.stacks])


@dataclass(frozen=True)
class Context:
    """What runs: a stack, and how many exceptions deep."""

    stack: int
    depth: int


@dataclass
class _Layout:
    """What the image says of RAM."""

    statics: tuple[tuple[int, int], ...] = ()
    reserved: tuple[tuple[int, int], ...] = ()

    def holds(self, address: int) -> bool:
        return any(start <= address < end for start, end in self.statics)


@dataclass
class StackWatch:
    """Follows the stacks of a running machine."""

    machine: Machine
    state: StackState = field(init=False)
    switching: Callable[[], None] | None = None
    """Told after each possible change of stacks."""

    def __post_init__(self) -> None:
        self._cpu, self._hook = self.machine.cpu, self.machine.hook
        image, ram = self.machine.image, self.machine.chip.ram
        self._finder = ThreadFinder(image, self._cpu, ram)
        self._layout = _layout(image, ram)
        self.machine.on_switch = self.switched
        self.reset()

    def reset(self) -> None:
        """The machine has been reset: SP is the main stack's."""
        top = self._cpu.sp
        self.state = StackState([self._main(top)])
        self._hook.low_sp = top

    def restore(self, state: StackState) -> None:
        """Go back to a snapshot's stacks."""
        self.state = state.copy()

    def _main(self, top: int) -> Stack:
        symbol = self._finder.object_at(top - 1)
        if symbol is not None:
            return Stack("MSP", symbol.address, top, top - symbol.address, top, static=True)
        # Variables that lie below it are what an overflow would meet; the heap between them is not.
        low = max((end for _, end in self._layout.statics if end <= top), default=0)
        size = next((top - start for start, end in self._layout.reserved if start < top <= end), None)
        return Stack("MSP", low, top, size, top)

    @property
    def context(self) -> Context:
        """What runs now."""
        return Context(self.state.current, len(self.machine.nvic.active))

    def fold(self) -> None:
        """Take in the lowest SP since the last time, on the stack in use."""
        state, low = self.state, self._hook.low_sp
        stack = state.stacks[state.current]
        if low < stack.lowest:
            stack.lowest = low
            stack.deepest = self._hook.deepest(low)
            if low < stack.low and state.overflow is None:
                state.overflow = (state.current, low)
        if low < state.brk <= stack.top:
            state.overlap = max(state.overlap, state.brk - max(low, state.heap))
        # The stack is where it is, also if nothing moves it before the next look.
        self._hook.low_sp = self._cpu.sp

    def switched(self, frame: int, mode: int = RunningMode.UNKNOWN) -> None:
        """The CPU may use another stack now: of an exception's entry or return ``frame`` is the frame."""
        self.fold()
        state, cpu = self.state, self._cpu
        at = cpu.sp
        if mode == RunningMode.UNKNOWN:
            mode = exceptions.running_mode(cpu)
        handler = mode == RunningMode.HANDLER
        if mode != RunningMode.PROCESS:
            if state.current != MAIN:
                state.stacks[state.current].left = frame
            state.current = MAIN
            if not frame and not handler and at > state.stacks[MAIN].top:
                # Start-up code has put MSP elsewhere.
                state.stacks[MAIN] = self._main(at)
        else:
            state.current = self._thread(at, frame)
            state.stacks[state.current].left = 0
        if self.switching is not None:
            self.switching()

    def _thread(self, sp: int, frame: int) -> int:
        """The index of the thread's stack that SP is on."""
        stacks = self.state.stacks
        running = self._finder.running()
        if running is not None:
            return self._index(running, sp)
        if frame:
            for index, stack in enumerate(stacks[1:], 1):
                if stack.left == frame:
                    return index
        for index, stack in enumerate(stacks[1:], 1):
            begin = stack.low or stack.lowest - _NEAR
            if begin <= sp <= stack.top + (0 if stack.low else _NEAR):
                stack.top = max(stack.top, sp)
                return index
        thread = self._finder.beginning(sp)
        if thread is not None:
            return self._index(thread, sp)
        stacks.append(Stack("", 0, sp, None, sp))
        return len(stacks) - 1

    def _index(self, bounds: Bounds, sp: int) -> int:
        stacks = self.state.stacks
        for index, stack in enumerate(stacks[1:], 1):
            if (stack.low, stack.name) == (bounds.low, bounds.name) and (
                bounds.size is None or stack.size == bounds.size
            ):
                return index
        top = sp if bounds.size is None else bounds.low + bounds.size
        size = top - bounds.low
        static = self._layout.holds(bounds.low)
        stacks.append(Stack(bounds.name, bounds.low, top, size, top, static))
        return len(stacks) - 1

    def describe(self) -> str:
        """The overflow in one line; empty where there was none."""
        if self.state.overflow is None:
            return ""
        index, lowest = self.state.overflow
        stack = self.state.stacks[index]
        deeper = f"SP went to {lowest:#010x}, {stack.low - lowest:,} bytes below"
        if index == MAIN and not stack.static:
            return f"stack overflow: {deeper} the end of the variables under the main stack"
        owner = f"thread {stack.name!r}" if stack.name else "a thread"
        whose = "the main stack" if index == MAIN else f"the stack of {owner}"
        return f"stack overflow: {deeper} {whose} ({stack.size or 0:,} bytes from {stack.low:#010x})"


def _layout(image: Image, ram: Region) -> _Layout:
    reserving = {name for name, _ in image.reservations()}
    sections = [
        (section.address, section.end)
        for section in image.sections
        if section.allocated and section.size and ram.holds(section.address) and section.name not in reserving
    ]
    reserved = [
        (section.address, section.end)
        for section in image.sections
        if section.name in reserving and "stack" in section.name.lower()
    ]
    limit, top = image.symbol("__StackLimit"), image.symbol("__StackTop")
    if limit is not None and top is not None and ram.holds(limit.address) and limit.address < top.address:
        reserved.append((limit.address, top.address))
    return _Layout(tuple(sections), tuple(reserved))

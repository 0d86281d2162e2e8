"""Following calls of functions: entered at an address, left where LR said with SP as at entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mlbench.emulator.machine import Machine
from mlbench.emulator.stacks import Context, StackWatch

_EXC_RETURN = 0xFFFFFFE0
"""The least value in LR that ends an exception (ARMv7-M ARM, B1.5.8)."""


@dataclass(frozen=True)
class Call:
    """One call as seen at its entry. ``arguments`` are r0 to r3, ``context`` is who made it."""

    watch: Watch
    sp: int
    lr: int
    cycles: int
    instructions: int
    placement: int
    arguments: tuple[int, int, int, int]
    context: Context

    @property
    def ends_handler(self) -> bool:
        """A handler's tail call: its return is the exception's return, and nobody gets its value."""
        return self.lr >= _EXC_RETURN


@dataclass(frozen=True)
class Watch:
    """A function to follow. ``address`` is where it starts; ``group`` names what it stands for.

    Of a group only the outermost call of a thread or handler is told: an allocator that calls itself, a
    recursive model. ``left`` is told of a call that ended without a return (longjmp, an exception).
    """

    group: str
    address: int
    entered: Callable[[Call], None] | None = None
    returned: Callable[[Call], None] | None = None
    name: str = ""
    left: Callable[[Call], None] | None = None


@dataclass
class CallState:
    """Which calls are open: what a snapshot must hold."""

    open: list[Call] = field(default_factory=list)

    def copy(self) -> CallState:
        """A copy for a snapshot."""
        return CallState(list(self.open))


class CallTracker:
    """Sets the breakpoints for watches, and tells them of calls."""

    def __init__(self, machine: Machine, stacks: StackWatch | None = None) -> None:
        self._machine = machine
        self.stacks = stacks or StackWatch(machine)
        self.stacks.switching = self._leave_handlers
        self._watches: dict[int, list[Watch]] = {}
        self.state = CallState()
        self._kept: set[int] = set()
        self._places: dict[int, list[Callable[[], None]]] = {}

    def add_place(self, address: int, reached: Callable[[], None]) -> None:
        """Tell whenever an address is reached that need not be a function's."""
        self._places.setdefault(address, []).append(reached)
        self.keep(address)

    def add(self, watch: Watch) -> None:
        """Follow a function."""
        self._watches.setdefault(watch.address, []).append(watch)
        self._machine.set_break(watch.address)

    def keep(self, address: int) -> None:
        """Never clear the breakpoint at ``address``: somebody else waits there too."""
        self._kept.add(address)
        self._machine.set_break(address)

    def release(self, address: int) -> None:
        """Nobody else waits at ``address`` any more."""
        self._kept.discard(address)
        self._clear(address)

    def kept(self, address: int) -> bool:
        """Whether somebody else waits at ``address``."""
        return address in self._kept

    def restore(self, state: CallState) -> None:
        """Go back to a snapshot's open calls."""
        gone, self.state = self.state.open, state.copy()
        for call in gone:
            self._clear(call.lr)
        for call in self.state.open:
            self._machine.set_break(call.lr)

    def remove(self, group: str) -> None:
        """Stop following a group."""
        for address, watches in list(self._watches.items()):
            watches[:] = [watch for watch in watches if watch.group != group]
            if not watches:
                del self._watches[address]
                self._clear(address)
        gone = [call for call in self.state.open if call.watch.group == group]
        self.state.open = [call for call in self.state.open if call.watch.group != group]
        for call in gone:
            self._clear(call.lr)

    def is_open(self, group: str) -> bool:
        """Whether a call of that group has not ended yet."""
        self._close_left()
        return any(call.watch.group == group for call in self.state.open)

    def at(self, address: int) -> None:
        """A breakpoint was met."""
        self._leave(address)
        self._close_left()
        for watch in list(self._watches.get(address, ())):
            self._enter(watch)
        for reached in self._places.get(address, ()):
            reached()

    def _leave(self, address: int) -> None:
        sp = self._machine.cpu.sp
        # A tail call leaves several functions at once: innermost first.
        for call in reversed(list(self.state.open)):
            if call.lr == address and call.sp == sp and call in self.state.open:
                self._close(call)
                if call.watch.returned is not None:
                    call.watch.returned(call)

    def _leave_handlers(self) -> None:
        """Close what handlers called that are not active any more."""
        if not self.state.open:
            return
        depth = len(self._machine.nvic.active)
        for call in reversed(list(self.state.open)):
            if call.context.depth <= depth or call not in self.state.open:
                continue
            if call.ends_handler and call.watch.returned is not None:
                self._close(call)
                call.watch.returned(call)
            else:
                self._left(call)

    def _close_left(self) -> None:
        """Close calls whose frame is gone: SP is above it, and they have not returned."""
        if not self.state.open:
            return
        context, sp = self.stacks.context, self._machine.cpu.sp
        for call in reversed(list(self.state.open)):
            if call.context == context and call.sp < sp:
                self._left(call)

    def _left(self, call: Call) -> None:
        self._close(call)
        if call.watch.left is not None:
            call.watch.left(call)

    def _close(self, call: Call) -> None:
        self.state.open.remove(call)
        self._clear(call.lr)

    def _enter(self, watch: Watch) -> None:
        machine = self._machine
        cpu, hook = machine.cpu, machine.hook
        context, sp, lr = self.stacks.context, cpu.sp, cpu.lr & ~1
        # Of nested calls of one group only the outermost counts. A loop back to a function's first
        # instruction meets its breakpoint as well, and is the same: its call is still open.
        for call in [c for c in self.state.open if c.watch.group == watch.group and c.context == context]:
            # But a call instruction right before, with SP as at the open call's entry: that one was left by
            # a longjmp to its caller.
            if call.sp == sp and lr == hook.expected:
                self._left(call)
            else:
                return
        entered = Call(
            watch,
            sp,
            lr,
            hook.cycles,
            hook.instructions,
            hook.placement,
            (cpu.r(0), cpu.r(1), cpu.r(2), cpu.r(3)),
            context,
        )
        self.state.open.append(entered)
        machine.set_break(lr)
        if watch.entered is not None:
            watch.entered(entered)

    def _clear(self, address: int) -> None:
        if address in self._watches or address in self._kept:
            return
        if any(call.lr == address for call in self.state.open):
            return
        self._machine.set_break(address, False)

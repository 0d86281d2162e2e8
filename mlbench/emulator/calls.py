"""Following calls of functions: entered at an address, left where LR said with SP as at entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mlbench.emulator.machine import Machine


@dataclass(frozen=True)
class Call:
    """One call as seen at its entry. ``arguments`` are r0 to r3."""

    watch: Watch
    sp: int
    lr: int
    cycles: int
    instructions: int
    placement: int
    arguments: tuple[int, int, int, int]


@dataclass(frozen=True)
class Watch:
    """A function to follow. ``address`` is where it starts; ``group`` names what it stands for.

    Of a group only the outermost call is told: an allocator that calls itself, a recursive model.
    """

    group: str
    address: int
    entered: Callable[[Call], None] | None = None
    returned: Callable[[Call], None] | None = None
    name: str = ""


@dataclass
class CallState:
    """Which calls are open: what a snapshot must hold."""

    open: list[Call] = field(default_factory=list)

    def copy(self) -> CallState:
        """A copy for a snapshot."""
        return CallState(list(self.open))


class CallTracker:
    """Sets the breakpoints for watches, and tells them of calls."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._watches: dict[int, list[Watch]] = {}
        self.state = CallState()
        self._kept: set[int] = set()

    def add(self, watch: Watch) -> None:
        """Follow a function."""
        self._watches.setdefault(watch.address, []).append(watch)
        self._machine.set_break(watch.address)

    def keep(self, address: int) -> None:
        """Never clear the breakpoint at ``address``: somebody else waits there too."""
        self._kept.add(address)
        self._machine.set_break(address)

    def restore(self, state: CallState) -> None:
        """Go back to a snapshot's open calls."""
        for call in self.state.open:
            self._clear(call.lr)
        self.state = state.copy()
        for call in self.state.open:
            self._machine.set_break(call.lr)

    def remove(self, group: str) -> None:
        """Stop following a group."""
        for address, watches in list(self._watches.items()):
            watches[:] = [watch for watch in watches if watch.group != group]
            if not watches:
                del self._watches[address]
                self._clear(address)
        self.state.open = [call for call in self.state.open if call.watch.group != group]

    def at(self, address: int) -> None:
        """A breakpoint was met."""
        self._leave(address)
        for watch in list(self._watches.get(address, ())):
            self._enter(watch)

    def _leave(self, address: int) -> None:
        sp = self._machine.cpu.sp
        # A tail call leaves several functions at once: innermost first.
        for call in reversed(list(self.state.open)):
            if call.lr == address and call.sp == sp and call in self.state.open:
                self.state.open.remove(call)
                self._clear(address)
                if call.watch.returned is not None:
                    call.watch.returned(call)

    def _enter(self, watch: Watch) -> None:
        machine = self._machine
        cpu = machine.cpu
        # Of nested calls of one group only the outermost counts. A loop back to a function's first
        # instruction meets its breakpoint as well, and is the same: its call is still open.
        if any(open_call.watch.group == watch.group for open_call in self.state.open):
            return
        hot = machine.hot
        call = Call(
            watch,
            cpu.sp,
            cpu.lr & ~1,
            hot.cycles,
            hot.instructions,
            hot.placement,
            (cpu.r(0), cpu.r(1), cpu.r(2), cpu.r(3)),
        )
        self.state.open.append(call)
        machine.set_break(call.lr)
        if watch.entered is not None:
            watch.entered(call)

    def _clear(self, address: int) -> None:
        if address in self._watches or address in self._kept:
            return
        if any(call.lr == address for call in self.state.open):
            return
        self._machine.set_break(address, False)

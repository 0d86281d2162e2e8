"""The end of the heap: how far sbrk moved it, when it refused, and whether the stack reached below it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlbench.core.execution import HeapUse
from mlbench.emulator.calls import Call, CallTracker, Watch
from mlbench.emulator.machine import Machine

_REFUSED = 0xFFFFFFFF


@dataclass
class HeapState:
    """What sbrk has done. Copied with a snapshot."""

    base: int | None = None
    brk: int = 0
    peak: int = 0
    steps: int = 0
    """How often the end of the heap was moved up."""
    refused: str = ""

    def copy(self) -> HeapState:
        """A copy for a snapshot."""
        return replace(self)


class HeapWatch:
    """Follows sbrk, and tells the stacks where the heap ends."""

    def __init__(self, machine: Machine, tracker: CallTracker, sbrk: int | None) -> None:
        self._machine = machine
        self._stacks = tracker.stacks
        self.state = HeapState()
        if sbrk is not None:
            tracker.add(Watch("sbrk", sbrk, returned=self._returned))

    def use(self) -> HeapUse | None:
        """Use of the heap so far; None where sbrk was never called."""
        state = self.state
        if state.base is None:
            return None
        return HeapUse(0, state.peak - state.base, 0, state.steps)

    def _returned(self, call: Call) -> None:
        state, result = self.state, self._machine.cpu.r(0)
        increment = call.arguments[0]
        if result == _REFUSED:
            state.refused = f"the heap could not grow by {increment} bytes"
            return
        if increment & 0x80000000:
            increment -= 1 << 32
        if state.base is None:
            state.base = result
        # The lowest SP so far goes with the end that was in force meanwhile.
        self._stacks.fold()
        state.brk = result + increment
        state.steps += increment > 0
        state.peak = max(state.peak, state.brk)
        self._stacks.state.heap, self._stacks.state.brk = state.base, state.brk

"""What a run's hooks have told of heap and stack."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlbench.core.execution import HeapUse
from mlbench.core.heap import HeapCall, Operation, requested
from mlbench.renode.hooks import HookEvent

OPERATIONS = tuple(Operation)
"""Functions of the heap by the number of their hook; the number behind them is that of sbrk."""
SBRK = len(OPERATIONS)
MOST_CALLS = 20_000
"""Hits of hooks are dear: 0.2 to 0.3 ms each (docs/renode.md)."""
PATTERN = 0xA5
PAINTED = 64 * 1024
"""Bytes below SP that are painted at setup(), at most."""
_REFUSED = 0xFFFFFFFF
_NESTED = 4096
"""A call that is so little deeper in the stack than one that is open belongs to that."""


@dataclass
class _OpenCall:
    number: int
    arguments: tuple[int, int, int]
    site: int
    sp: int


@dataclass
class MemoryUse:
    """Made of the lines of the hooks at the heap's functions and at setup()."""

    calls: list[tuple[int, HeapCall]] = field(default_factory=list)
    """Each with the instructions executed when it came back."""
    setup_at: int | None = None
    """Instructions executed when setup() was entered."""
    painted: range = range(0)
    base: int | None = None
    brk: int = 0
    peak: int = 0
    steps: int = 0
    in_use_at_setup: int = 0

    @property
    def after_setup(self) -> list[HeapCall]:
        """The calls from setup() on."""
        return [call for at, call in self.calls if self.setup_at is None or at > self.setup_at]

    def heap(self, inference_ends: list[int]) -> HeapUse:
        """Use of the heap; ``inference_ends`` are the instructions executed when each inference ended."""
        counts = [sum(at <= end for at, _ in self.calls) for end in inference_ends]
        peak, live = requested([call for _, call in self.calls], counts)
        moved = self.peak - (self.base or 0)
        return HeapUse(peak, moved, len(self.after_setup), self.steps, live)


def read_memory_use(events: list[HookEvent]) -> MemoryUse:
    """Follow the lines of letters B, H and h."""
    use = MemoryUse()
    opened: list[_OpenCall] = []
    for event in events:
        if event.letter == "B":
            use.setup_at, use.painted = event.instructions, range(event.value(1), event.value(0))
            use.in_use_at_setup = use.brk - (use.base or 0)
        elif event.letter == "H":
            sp = event.value(4)
            sbrk = event.number == SBRK
            # The heap's functions call each other; sbrk is none of them.
            inside = any((call.number == SBRK) == sbrk and 0 <= call.sp - sp < _NESTED for call in opened)
            if not inside or sbrk:
                arguments = event.value(0), event.value(1), event.value(2)
                opened.append(_OpenCall(event.number, arguments, event.value(3) & ~1, sp))
        elif event.letter == "h":
            site, sp = event.value(0), event.value(1)
            call = next((one for one in reversed(opened) if (one.site, one.sp) == (site, sp)), None)
            if call is not None:
                opened.remove(call)
                _close(use, call, event)
    return use


def _close(use: MemoryUse, call: _OpenCall, event: HookEvent) -> None:
    result = event.value(2)
    if call.number != SBRK:
        use.calls.append((event.instructions, HeapCall(OPERATIONS[call.number], *call.arguments, result)))
        return
    increment = call.arguments[0]
    if result == _REFUSED:
        return
    if increment & 0x80000000:
        increment -= 1 << 32
    if use.base is None:
        use.base = result
    use.brk = result + increment
    use.steps += increment > 0
    use.peak = max(use.peak, use.brk)


def deepest(painted: bytes, region: range) -> int:
    """The lowest address of a painted region that was written, by whole words; its end where none was."""
    at = next((n for n, byte in enumerate(painted) if byte != PATTERN), len(painted))
    return region.start + at - at % 4

"""What made the RAM need of a sketch grow or shrink."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mlbench.core.execution import StackUse
from mlbench.results.comparison import JobChange
from mlbench.results.values import RamNeed, Result


class RamPart(Enum):
    """What a part of the RAM need is."""

    VARIABLE = "variable"
    HEAP = "heap at its peak"
    STACK = "stack at its deepest"
    FRAME = "stack frame"


@dataclass(frozen=True)
class RamChange:
    """A part of the RAM need that changed, in bytes; 0 on the side where it is not.

    ``name`` is the variable's, or the function's of a frame. A frame is a part of ``STACK``.
    """

    part: RamPart
    name: str
    base: int
    head: int


def ram_changes(job: JobChange) -> tuple[RamChange, ...]:
    """Variables by their change, then heap and stack, with the frames of the call chain at its deepest.

    Variables are told where both sides list all of theirs, frames where both sides know them.
    """
    before, after = _need(job.base), _need(job.head)
    if before is None or after is None:
        return ()
    changes = []
    if not before.unlisted and not after.unlisted:
        changes += _differences(RamPart.VARIABLE, dict(before.symbols), dict(after.symbols))
    changes += _differences(RamPart.HEAP, {"": before.peak_heap}, {"": after.peak_heap})
    stack = _differences(RamPart.STACK, {"": before.peak_stack}, {"": after.peak_stack})
    if stack:
        old, new = _frames(before.stacks), _frames(after.stacks)
        changes += [*stack, *(_differences(RamPart.FRAME, old, new) if old and new else ())]
    return tuple(changes)


def _need(result: Result | None) -> RamNeed | None:
    need = result.measures.ram_need if result is not None else None
    return need if isinstance(need, RamNeed) else None


def _differences(part: RamPart, base: dict[str, int], head: dict[str, int]) -> list[RamChange]:
    names = dict.fromkeys((*base, *head))
    changes = [RamChange(part, name, base.get(name, 0), head.get(name, 0)) for name in names]
    moved = [change for change in changes if change.base != change.head]
    return sorted(moved, key=lambda change: (-abs(change.head - change.base), change.name))


def _frames(stacks: tuple[StackUse, ...]) -> dict[str, int]:
    """Bytes by function over all stacks."""
    frames: dict[str, int] = {}
    for stack in stacks:
        for frame in stack.frames:
            frames[frame.function] = frames.get(frame.function, 0) + frame.bytes
    return frames

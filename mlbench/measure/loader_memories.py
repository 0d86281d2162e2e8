"""What a loader's memories leave to a sketch, with what a run of it told."""

from __future__ import annotations

from dataclasses import replace

from mlbench.core.execution import Outcome, ReplayError, RunResult, Session
from mlbench.core.firmware import MemoryLimit, SketchParts
from mlbench.elf.sketch_limits import MAIN_STACK
from mlbench.elf.sketch_loader import NO_ELF
from mlbench.results.values import Measures, RamNeed

MALLOC_HEAP, LOADER_RAM = "malloc() heap", "RAM of the loader"


def malloc_heap(session: Session, recorded: RunResult) -> MemoryLimit | None:
    """What the sketch had of the loader's heap at a time, and the largest block that was free before setup().

    None where no run recorded that, or the heap is none of a loader.
    """
    if recorded.outcome is not Outcome.PASSED or recorded.heap is None:
        return None
    try:
        allocator = session.replay()
    except ReplayError:
        return None
    if allocator is None or allocator.unit is None:
        return None
    return MemoryLimit(MALLOC_HEAP, recorded.heap.peak_requested, allocator.capacity)


def memories_of(
    parts: SketchParts, measures: Measures, further: tuple[MemoryLimit, ...], ram: int
) -> tuple[MemoryLimit, ...]:
    """The limits that the files tell, with the main stack's use, and further ones before it.

    ``ram`` is the board's RAM in bytes, of which the loader's own variables take a part.
    """
    need = measures.ram_need
    used = need.peak_stack if isinstance(need, RamNeed) else 0
    stacks = tuple(replace(limit, used=used) for limit in parts.limits if limit.name == MAIN_STACK)
    own = (limit for limit in parts.limits if limit.name != MAIN_STACK)
    return (*own, *further, *stacks, _of_loader(parts, ram))


def _of_loader(parts: SketchParts, ram: int) -> MemoryLimit:
    """What the loader's own variables take of the board's RAM, the heaps for sketches included."""
    if parts.loader_ram is None:
        return MemoryLimit(LOADER_RAM, 0, None, unknown=NO_ELF)
    return MemoryLimit(LOADER_RAM, parts.loader_ram, ram)

"""Which heap block an address lies in, and who asked for it."""

from __future__ import annotations

from mlbench.core.execution import Frame
from mlbench.emulator.allocator import Origin
from mlbench.emulator.machine import Machine
from mlbench.targets.emulator.heap_watch import HeapState

_ALLOCATORS = (
    "malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign", "operator new", "_malloc_r",
    "_calloc_r", "_realloc_r", "_memalign_r", "__wrap_", "__real_", "__gnu_cxx::new_allocator",
    "std::allocator",
)  # fmt: skip
"""Functions that pass on what somebody else asks for."""


def describe_block(machine: Machine, origins: dict[int, Origin], heap: HeapState, address: int) -> str:
    """What the heap has at an address, for a report; empty where the heap is not.

    Args:
        machine: for the image, and for what is behind the saved part of a stack.
        origins: of blocks that have not been given back, by their address.
        heap: how far it reaches.
        address: what is asked about.
    """
    for start, origin in origins.items():
        if start <= address < start + origin.size:
            frame = _who(machine, origin)
            asked = f", which {frame} asked for" if frame is not None else ""
            return f" (offset {address - start} in a heap block of {origin.size:,} bytes{asked})"
    if heap.base is not None and heap.base <= address < heap.brk:
        return " (on the heap)"
    return ""


def _who(machine: Machine, origin: Origin) -> Frame | None:
    def read(address: int, size: int) -> bytes:
        offset = address - origin.registers[13]
        if 0 <= offset <= len(origin.stack) - size:
            return origin.stack[offset : offset + size]
        return machine.cpu.read(address, size)

    try:
        chain = list(machine.image.debug.unwind(origin.registers[15], origin.registers, read))
    except (ValueError, KeyError, IndexError):
        return None
    own = [frame for frame in chain if frame.function and not frame.function.startswith(_ALLOCATORS)]
    return own[0] if own else None

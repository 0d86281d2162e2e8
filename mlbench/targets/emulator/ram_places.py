"""Which heap block or stack frame an address lies in, and whose it is."""

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
ON_THE_HEAP = " (on the heap)"
"""All that is known of an address in a block that was not recorded, or in none."""


def describe_place(machine: Machine, origins: dict[int, Origin], heap: HeapState, address: int) -> str:
    """What is at an address of RAM that has no name, for a report; empty where that cannot be told.

    Args:
        machine: for the image, and for what is behind the saved part of a stack.
        origins: of blocks that have not been given back, by their address.
        heap: how far it reaches.
        address: what is asked about.
    """
    for start, origin in origins.items():
        if start <= address < start + origin.size:
            frame = _who(machine, origin)
            origin_text = f", which {frame} asked for" if frame is not None else ""
            return f" (offset {address - start} in a heap block of {origin.size:,} bytes{origin_text})"
    if heap.base is not None and heap.base <= address < heap.brk:
        return ON_THE_HEAP
    cpu = machine.cpu
    owner = _owner(machine, address) if machine.chip.ram.holds(address) and address >= cpu.sp else None
    return f" (on the stack, in the frame of {owner})" if owner is not None else ""


def _owner(machine: Machine, address: int) -> Frame | None:
    """The function that is open and has an address in its frame.

    What it saved lies above its variables: it is the outermost that is found by what lies below the address.
    """
    cpu = machine.cpu

    def read(start: int, size: int) -> bytes:
        return b"" if address <= start + size and machine.chip.ram.holds(start) else cpu.read(start, size)

    try:
        chain = machine.image.debug.unwind(cpu.pc, cpu.registers(), read)
    except (ValueError, KeyError, IndexError):
        return None
    return chain[-1] if chain and chain[-1].function else None


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

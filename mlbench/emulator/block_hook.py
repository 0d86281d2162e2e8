"""What runs at the start of every block: counts cycles, watches events, breakpoints and SP.

Two implementations with equal results: ``NativeBlockHook`` (called by Unicorn without passing through
Python) and ``PythonBlockHook`` (slower, needs no compiler). ``make_block_hook`` takes the native one where it
was built. ``MLBENCH_HOTPATH`` names the built library, or is ``python`` to force the other.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from mlbench.boards.board import Region
from mlbench.cycles.model import CostModel
from mlbench.emulator.chip import Chip
from mlbench.emulator.hook_common import CORE_REGISTERS, NEVER, Stop
from mlbench.emulator.hook_native import NativeBlockHook, fits
from mlbench.emulator.hook_python import PythonBlockHook
from mlbench.emulator.hook_records import GROUP_BITS, place
from mlbench.host.native import built_library

__all__ = [
    "CORE_REGISTERS",
    "NEVER",
    "BlockHook",
    "NativeBlockHook",
    "PythonBlockHook",
    "Stop",
    "make_block_hook",
    "native_library",
]

BlockHook = NativeBlockHook | PythonBlockHook


def native_library() -> Path | None:
    """Where the built block hook is; None where it was not built or is not wanted."""
    named = os.environ.get("MLBENCH_HOTPATH", "")
    if named == "python":
        return None
    if named:
        return Path(named) if Path(named).is_file() else None
    spec = importlib.util.find_spec("mlbench.emulator._block_hook")
    if spec is None or spec.origin is None:
        # A checkout has it in its environment, built by entrypoint.py.
        return built_library()
    return Path(spec.origin)


def make_block_hook(model: CostModel, chip: Chip, *, force_python: bool = False) -> BlockHook:
    """The native block hook where it was built and can have the chip's memory, else the one in Python."""
    library = None if force_python else native_library()
    memories = (chip.flash, chip.ram)
    if library is not None and fits(library) and tells_apart(memories, model.run.cache_line_bits):
        return NativeBlockHook(model.run, chip.flash, library)
    return PythonBlockHook(model.run, chip.flash)


def tells_apart(memories: Iterable[Region], line_bits: int) -> bool:
    """Whether the native block hook has a number of its own for each line of all these memories."""
    # Neighbours that differ in their lowest bits alone have numbers that differ in these alone.
    bits = line_bits + GROUP_BITS
    ranges = [range(memory.start >> bits, (memory.end - 1 >> bits) + 1) for memory in memories]
    groups = [group for each in ranges for group in each]
    return len({place(group << GROUP_BITS) >> GROUP_BITS for group in groups}) == len(groups)

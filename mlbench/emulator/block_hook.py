"""What runs at the start of every block: counts cycles, watches events, breakpoints and SP.

Two implementations with equal results: ``NativeHotPath`` (called by Unicorn without passing through
Python) and ``PythonHotPath`` (slower, needs no compiler). ``make_hot_path`` takes the native one where it
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
from mlbench.emulator.hook_native import NativeHotPath, fits
from mlbench.emulator.hook_python import PythonHotPath
from mlbench.emulator.hook_records import GROUP_BITS, place
from mlbench.host.native import built_library

__all__ = [
    "CORE_REGISTERS",
    "NEVER",
    "HotPath",
    "NativeHotPath",
    "PythonHotPath",
    "Stop",
    "make_hot_path",
    "native_library",
]

HotPath = NativeHotPath | PythonHotPath


def native_library() -> Path | None:
    """Where the built hot path is; None where it was not built or is not wanted."""
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


def make_hot_path(model: CostModel, chip: Chip, *, force_python: bool = False) -> HotPath:
    """The native hot path where it was built and can have the chip's memory, else the one in Python."""
    library = None if force_python else native_library()
    memories = (chip.flash, chip.ram)
    if library is not None and fits(library) and tells_apart(memories, model.run.cache_line_bits):
        return NativeHotPath(model.run, chip.flash, library)
    return PythonHotPath(model.run, chip.flash)


def tells_apart(memories: Iterable[Region], line_bits: int) -> bool:
    """Whether the native hot path has a number of its own for each line of all these memories."""
    # Neighbours that differ in their lowest bits alone have numbers that differ in these alone.
    bits = line_bits + GROUP_BITS
    ranges = [range(memory.start >> bits, (memory.end - 1 >> bits) + 1) for memory in memories]
    groups = [group for each in ranges for group in each]
    return len({place(group << GROUP_BITS) >> GROUP_BITS for group in groups}) == len(groups)

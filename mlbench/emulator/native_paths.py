"""Where cycles go, counted by the block hook in C (``_call_paths.h``): its memory, and what is read of it."""

from __future__ import annotations

import ctypes
from typing import Any

from mlbench.emulator.call_paths import MOST_CALLS, MOST_PATHS, NO_FUNCTION, DeepCall, Numbers
from mlbench.emulator.hook_records import CallRecord, PathRecord, PathsRecord
from mlbench.emulator.path_times import PathTime


class NativePaths:
    """The paths of calls that the block hook in C charges cycles to."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.record = record = PathsRecord()
        self._paths, self._calls = (PathRecord * MOST_PATHS)(), (CallRecord * MOST_CALLS)()
        self._spent = (ctypes.c_uint64 * 4096)()
        self._blocks: list[tuple[int, int]] = [(0, 0)]
        self._block_numbers: dict[tuple[int, int], int] = {}
        record.paths, record.calls = ctypes.addressof(self._paths), ctypes.addressof(self._calls)
        record.path_count = record.call_count = 1
        record.path_limit, record.call_limit = MOST_PATHS, MOST_CALLS
        self._paths[0].function = self._calls[0].function = NO_FUNCTION
        self._calls[0].path, self._calls[0].back = ctypes.addressof(self._paths), 1
        self._counts_blocks = False
        self.begin(0)

    def count_blocks(self, on: bool) -> None:
        """Charge cycles to blocks as well, or to paths alone."""
        self._counts_blocks = on
        self.record.spent = ctypes.addressof(self._spent) if on else None

    def begin(self, cycles: int) -> None:
        """Nothing is known of who called whom before."""
        record = self.record
        record.suspended = record.block = record.deep_count = record.deep_low = 0
        record.top, record.unused = record.calls, None
        record.call_count = 1
        self.mark(cycles)

    def mark(self, cycles: int) -> None:
        """All that was spent has been charged; cycles are counted another way from now on."""
        self.record.mark = self.record.block_mark = cycles

    def save(self) -> Any:
        """What a snapshot must hold: what was charged, and which calls are open."""
        record = self.record
        paths, calls = self._paths[: record.path_count], self._calls[: record.call_count]
        return (
            bytes(record),
            b"".join(map(bytes, paths)),
            b"".join(map(bytes, calls)),
            bytes(self._spent) if self._counts_blocks else b"",
        )

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        record, paths, calls, spent = saved
        ctypes.memset(self._paths, 0, self.record.path_count * ctypes.sizeof(PathRecord))
        ctypes.memmove(self._paths, paths, len(paths))
        ctypes.memmove(self._calls, calls, len(calls))
        ctypes.memmove(ctypes.addressof(self.record), record, len(record))
        ctypes.memset(self._spent, 0, ctypes.sizeof(self._spent))
        ctypes.memmove(self._spent, spent, len(spent))
        self.count_blocks(self._counts_blocks)

    def number(self, address: int, size: int) -> int:
        """The number that a block's cycles are counted under."""
        key = address, size
        if key not in self._block_numbers:
            self._block_numbers[key] = len(self._blocks)
            self._blocks.append(key)
            if len(self._blocks) > len(self._spent):
                more = (ctypes.c_uint64 * (2 * len(self._spent)))()
                ctypes.memmove(more, self._spent, ctypes.sizeof(self._spent))
                self._spent = more
                self.count_blocks(self._counts_blocks)
        return self._block_numbers[key]

    @property
    def lost(self) -> bool:
        """Whether there were more paths than there is room for."""
        return bool(self.record.lost)

    def deepest(self, low: int) -> tuple[DeepCall, ...]:
        """The calls that were open where SP was ``low``, innermost first; nothing where that is not known."""
        record = self.record
        if record.deep_low != low:
            return ()
        count = record.deep_count
        pairs = zip(record.deep_functions[:count], record.deep_sps[:count], strict=True)
        return tuple(DeepCall(function, sp) for function, sp in pairs)

    def times(self) -> list[PathTime]:
        """What has been charged to each path."""
        paths = self._paths[: self.record.path_count]
        return [PathTime(path.parent, path.function, path.self, path.calls) for path in paths]

    def spent(self) -> dict[tuple[int, int], int]:
        """What has been charged to each block."""
        spent = self._spent[: len(self._blocks)]
        return {key: cycles for key, cycles in zip(self._blocks, spent, strict=True) if cycles and key[1]}

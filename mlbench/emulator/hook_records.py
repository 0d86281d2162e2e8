"""The structures of ``_block_hook.c``, as ctypes lays them out."""

from __future__ import annotations

import ctypes

from mlbench.cycles.addresses import MAX_SLOTS
from mlbench.emulator.call_paths import MOST_DEEP, MOST_SUSPENDED
from mlbench.emulator.hook_common import MEMORIES

ABI = 27
"""Of the structures below and of their meaning; the same number stands in ``_block_hook.c``."""
MAX_SETS = 256
MAX_LINES = 2 * MAX_SETS
STEADY = 64
PLACES = 0x20000
"""Numbers that ``_block_hook.c`` gives to lines of code."""


class BlockRecord(ctypes.Structure):
    """Mirror of ``block_t``."""

    _fields_ = [
        *(
            (name, ctypes.c_uint32)
            for name in (
                *("address", "size", "instructions", "cycles", "flags", "depth", "taken"),
                *("accesses", "early", "late", "quick", "checks", "rechecks", "assumed"),
                *("function", "number", "joined", "through", "place"),
            )
        ),
        ("epoch", ctypes.c_uint64),
        ("stamp", ctypes.c_uint64),
        ("next", ctypes.c_void_p),
    ]


class AccessRecord(ctypes.Structure):
    """Mirror of ``access_t``."""

    _fields_ = [
        ("base", ctypes.c_int8),
        ("scaled", ctypes.c_int8),
        ("shift", ctypes.c_uint8),
        ("words", ctypes.c_uint8),
        ("offset", ctypes.c_uint32),
        ("kind", ctypes.c_uint8),
        ("width", ctypes.c_uint8),
        ("is_signed", ctypes.c_uint8),
        ("slot", ctypes.c_int8),
    ]


class BaseRecord(ctypes.Structure):
    """Mirror of ``base_t``."""

    _fields_ = [
        ("registers", ctypes.c_void_p),
        ("found", ctypes.c_void_p),
        ("base", ctypes.c_uint32),
        ("mask", ctypes.c_uint32),
    ]


class LocatedRecord(ctypes.Structure):
    """Mirror of ``located_t``."""

    _fields_ = [
        ("next", ctypes.c_void_p),
        ("block", ctypes.c_uint32),
        ("cycles", ctypes.c_int32),
        ("conditional", ctypes.c_int32),
        ("accesses", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
    ]


class PlaceRecord(ctypes.Structure):
    """Mirror of ``place_t``."""

    _fields_ = [("hook", ctypes.c_void_p), ("first", ctypes.c_void_p)]


class MemoryRecord(ctypes.Structure):
    """Mirror of ``memory_t``."""

    _fields_ = [("data", ctypes.c_void_p), ("start", ctypes.c_uint32), ("size", ctypes.c_uint32)]


class HookState(ctypes.Structure):
    """Mirror of ``hook_t``."""

    _fields_ = [
        ("cycles", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("placement", ctypes.c_uint64),
        ("event_at", ctypes.c_uint64),
        ("flash_reads", ctypes.c_uint64),
        ("filled_at", ctypes.c_uint64),
        ("specified", ctypes.c_uint64),
        ("fitted", ctypes.c_uint64),
        ("assumed", ctypes.c_uint64),
        ("misplaced", ctypes.c_uint64),
        ("conditional", ctypes.c_uint64),
        ("round", ctypes.c_uint64),
        ("table", ctypes.c_void_p),
        ("last_block", ctypes.c_void_p),
        ("accesses", ctypes.c_void_p),
        ("registers", ctypes.c_void_p),
        ("mask", ctypes.c_uint64),
        ("uc", ctypes.c_void_p),
        ("emu_stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("reg_write", ctypes.c_void_p),
        ("core", ctypes.c_void_p),
        ("trapped", ctypes.c_void_p),
        ("switched", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("memories", MemoryRecord * MEMORIES),
        ("first_register", ctypes.c_int32),
        ("high_registers", ctypes.c_int32 * 3),
        *(
            (name, ctypes.c_uint32)
            for name in (
                "straddle",
                "line_new",
                "line_next",
                "uncached_new",
                "uncached_next",
                "controller",
                "cache_on",
                "line_bits",
                "set_mask",
                "flash_start",
                "flash_size",
                "read_new",
                "read_same",
                "unaligned",
                "data_word",
                "fetch_line",
                "filled_line",
                "word_bits",
                "late_access",
                "late_count",
                "expected",
                "current",
                "last_flags",
                "last_taken",
                "looping",
                "loop_placement",
                "resumed",
                "attention",
                "unmask_attention",
                "event_register",
                "low_sp",
                "reason",
                "where",
                "where_size",
            )
        ),
        ("slots", ctypes.c_uint32 * MAX_SLOTS),
        ("divide", ctypes.c_uint8 * 36),
        ("tags", ctypes.c_uint32 * MAX_LINES),
        ("newest", ctypes.c_uint8 * MAX_SETS),
        ("ring_at", ctypes.c_void_p),
        ("ring_lines", ctypes.c_uint32 * MAX_LINES),
        ("older", ctypes.c_uint16 * (MAX_LINES + 1)),
        ("newer", ctypes.c_uint16 * (MAX_LINES + 1)),
        ("epoch", ctypes.c_uint64),
        ("clock", ctypes.c_uint64),
        ("settled", ctypes.c_uint64),
        ("dirty", ctypes.c_uint32),
        ("steady_count", ctypes.c_uint32),
        ("steady", ctypes.c_void_p * STEADY),
        ("paths", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in ("function", "back", "by_place", "place_filled")),
        ("place_filled_at", ctypes.c_uint64),
        ("through", ctypes.c_void_p),
        ("place_tags", ctypes.c_uint32 * MAX_LINES),
        ("place_newest", ctypes.c_uint8 * MAX_SETS),
    ]


class PathRecord(ctypes.Structure):
    """Mirror of ``path_t``."""

    _fields_ = [
        ("self", ctypes.c_uint64),
        ("calls", ctypes.c_uint64),
        ("child", ctypes.c_void_p),
        ("sibling", ctypes.c_void_p),
        ("parent", ctypes.c_uint32),
        ("function", ctypes.c_uint32),
    ]


class CallRecord(ctypes.Structure):
    """Mirror of ``call_t``."""

    _fields_ = [
        ("path", ctypes.c_void_p),
        ("below", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in ("function", "sp", "back")),
    ]


class PathsRecord(ctypes.Structure):
    """Mirror of ``paths_t``."""

    _fields_ = [
        ("mark", ctypes.c_uint64),
        ("block_mark", ctypes.c_uint64),
        ("paths", ctypes.c_void_p),
        ("calls", ctypes.c_void_p),
        ("spent", ctypes.c_void_p),
        ("top", ctypes.c_void_p),
        ("unused", ctypes.c_void_p),
        *(
            (name, ctypes.c_uint32)
            for name in (
                *("path_count", "path_limit", "call_count", "call_limit"),
                *("block", "lost", "suspended"),
            )
        ),
        ("frames", ctypes.c_uint32 * MOST_SUSPENDED),
        ("tops", ctypes.c_void_p * MOST_SUSPENDED),
        ("deep_low", ctypes.c_uint32),
        ("deep_count", ctypes.c_uint32),
        ("deep_functions", ctypes.c_uint32 * MOST_DEEP),
        ("deep_sps", ctypes.c_uint32 * MOST_DEEP),
    ]


GROUP_BITS = 9
"""See ``place``."""


def place(line: int) -> int:
    """The number of a line: the same as in ``_block_hook.c``."""
    return (line ^ line >> GROUP_BITS) & (PLACES - 1)

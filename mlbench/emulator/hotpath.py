"""What runs at the start of every block: counts cycles, watches events, breakpoints and SP.

Two implementations with equal results: ``NativeHotPath`` (``_hotpath.c``, called by Unicorn without
passing through Python) and ``PythonHotPath`` (slower, needs no compiler). ``make_hot_path`` takes the
native one where it was built. ``MLBENCH_HOTPATH`` names the built library, or is ``python`` to force
the other.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import unicorn
from unicorn import arm_const

from mlbench.emulator.cycles.model import Block, BlockFlag, CostModel, RunCosts
from mlbench.setup.native import built_library

NEVER = 2**63
"""An event time that is never reached."""


class Stop(IntEnum):
    """Why the hot path stopped the CPU; it stands before the block named by ``where``."""

    NONE = 0
    EVENT = 1
    UNKNOWN = 2
    BREAKPOINT = 3
    SELF_LOOP = 4
    ATTENTION = 5


_ABI = 2
"""The number of the same name in ``_hotpath.c``."""
_MAX_SETS = 256
_BREAK = int(BlockFlag.BREAK)
_SELF = int(BlockFlag.SELF)
_STRADDLES = int(BlockFlag.STRADDLES)
_UNMASKS = int(BlockFlag.UNMASKS)
_MOVES_SP = int(BlockFlag.MOVES_SP)
_FROM_REGISTER = int(BlockFlag.FROM_REGISTER)
_SENDS_EVENT = int(BlockFlag.SENDS_EVENT)


class _BlockRecord(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint32) for name in ("address", "size", "instructions", "cycles", "flags", "depth")
    ]


_EMU_STOP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_REG_READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _State(ctypes.Structure):
    """Mirror of ``hot_t`` in ``_hotpath.c``."""

    _fields_ = [
        ("cycles", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("placement", ctypes.c_uint64),
        ("event_at", ctypes.c_uint64),
        ("table", ctypes.c_void_p),
        ("mask", ctypes.c_uint64),
        ("uc", ctypes.c_void_p),
        ("emu_stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("sp_register", ctypes.c_int32),
        *(
            (name, ctypes.c_uint32)
            for name in (
                "taken",
                "taken_register",
                "straddle",
                "miss",
                "cache_on",
                "line_bits",
                "set_mask",
                "expected",
                "last_flags",
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
        ("tags", ctypes.c_uint32 * (2 * _MAX_SETS)),
        ("newest", ctypes.c_uint8 * _MAX_SETS),
    ]


class _Blocks:
    """The blocks priced so far, and the addresses that have a breakpoint."""

    def __init__(self) -> None:
        self.breaks: set[int] = set()
        self.known: dict[tuple[int, int], Block] = {}
        self._at: dict[int, list[Block]] = {}

    def add(self, block: Block) -> None:
        if (block.address, block.size) not in self.known:
            self._at.setdefault(block.address, []).append(block)
        self.known[block.address, block.size] = block

    def switch(self, address: int, on: bool) -> list[Block]:
        """Set or clear a breakpoint; the blocks to be told."""
        if on == (address in self.breaks):
            return []
        if on:
            self.breaks.add(address)
        else:
            self.breaks.remove(address)
        return self._at.get(address, [])

    def flags(self, block: Block) -> int:
        return int(block.flags) | (_BREAK if block.address in self.breaks else 0)


class PythonHotPath:
    """The hot path in Python."""

    native = False

    def __init__(self, costs: RunCosts) -> None:
        self._costs = costs
        self._blocks = _Blocks()
        self._table: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        self.cycles = 0
        self.instructions = 0
        self.placement = 0
        self.event_at = NEVER
        self.cache_on = 0
        self.expected = 0
        self.last_flags = 0
        self.resumed = 0
        self.attention = 0
        self.unmask_attention = 0
        self.event_register = 0
        self.low_sp = 0xFFFFFFFF
        self.reason = 0
        self.where = 0
        self.where_size = 0
        self._tags = [0xFFFFFFFF] * (2 * costs.cache_sets)
        self._newest = [0] * costs.cache_sets

    def attach(self, uc: unicorn.Uc) -> None:
        """Hook this hot path into a CPU."""
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._block)

    def _stop(self, uc: unicorn.Uc, reason: int, address: int, size: int) -> None:
        self.reason, self.where, self.where_size = reason, address, size
        uc.emu_stop()

    def _block(self, uc: unicorn.Uc, address: int, size: int, _user: object) -> None:
        if self.reason:
            return
        if self.cycles >= self.event_at:
            return self._stop(uc, Stop.EVENT, address, size)
        if self.attention or (self.unmask_attention and self.last_flags & _UNMASKS):
            return self._stop(uc, Stop.ATTENTION, address, size)
        block = self._table.get((address, size))
        if block is None:
            return self._stop(uc, Stop.UNKNOWN, address, size)
        instructions, cycles, flags, depth = block
        if flags & _BREAK and not self.resumed:
            return self._stop(uc, Stop.BREAKPOINT, address, size)
        if flags & _SELF:
            return self._stop(uc, Stop.SELF_LOOP, address, size)
        self.resumed = 0
        if flags & _SENDS_EVENT:
            self.event_register = 1
        if depth or self.last_flags & _MOVES_SP:
            low = (uc.reg_read(arm_const.UC_ARM_REG_SP) - depth) & 0xFFFFFFFF
            if low < self.low_sp:
                self.low_sp = low
        if address != self.expected:
            cycles += self._costs.taken
            if self.last_flags & _FROM_REGISTER:
                cycles += self._costs.taken_register
            if flags & _STRADDLES:
                cycles += self._costs.straddle
                self.placement += self._costs.straddle
        if self.cache_on:
            lost = self._fetch(address, size) * self._costs.miss
            cycles += lost
            self.placement += lost
        self.cycles += cycles
        self.instructions += instructions
        self.expected = address + size
        self.last_flags = flags
        return None

    def _fetch(self, address: int, size: int) -> int:
        bits = self._costs.cache_line_bits
        misses = 0
        for line in range(address >> bits, ((address + size - 1) >> bits) + 1):
            index = line & (self._costs.cache_sets - 1)
            if self._tags[2 * index] == line:
                self._newest[index] = 0
            elif self._tags[2 * index + 1] == line:
                self._newest[index] = 1
            else:
                way = self._newest[index] ^ 1
                self._tags[2 * index + way] = line
                self._newest[index] = way
                misses += 1
        return misses

    def add(self, block: Block) -> None:
        """Take in a priced block."""
        self._blocks.add(block)
        flags = self._blocks.flags(block)
        self._table[block.address, block.size] = (block.instructions, block.cycles, flags, block.depth)

    def set_break(self, address: int, on: bool) -> None:
        """Set or clear a breakpoint; it acts where a block starts at its address."""
        for block in self._blocks.switch(address, on):
            self.add(block)

    def empty_cache(self) -> None:
        """Forget what the instruction cache holds."""
        self._tags = [0xFFFFFFFF] * len(self._tags)
        self._newest = [0] * len(self._newest)

    _SAVED = (
        "cycles",
        "instructions",
        "placement",
        "event_at",
        "cache_on",
        "expected",
        "last_flags",
        "resumed",
        "attention",
        "unmask_attention",
        "event_register",
        "low_sp",
    )

    def save(self) -> object:
        """What a snapshot must hold."""
        return ([getattr(self, name) for name in self._SAVED], list(self._tags), list(self._newest))

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        values, tags, newest = saved
        for name, value in zip(self._SAVED, values, strict=True):
            setattr(self, name, value)
        self._tags, self._newest = list(tags), list(newest)
        self.reason = 0


class NativeHotPath:
    """The hot path in C. The same interface as ``PythonHotPath``."""

    native = True

    def __init__(self, costs: RunCosts, library: Path) -> None:
        self._function = ctypes.CDLL(str(library)).mlbench_block
        self._blocks = _Blocks()
        self._state = _State()
        state = self._state
        state.taken, state.taken_register = costs.taken, costs.taken_register
        state.straddle, state.miss = costs.straddle, costs.miss
        state.line_bits, state.set_mask = costs.cache_line_bits, costs.cache_sets - 1
        if costs.cache_sets > _MAX_SETS:
            raise ValueError(f"at most {_MAX_SETS} sets of instruction cache are modelled")
        state.sp_register = arm_const.UC_ARM_REG_SP
        state.event_at = NEVER
        state.low_sp = 0xFFFFFFFF
        self.empty_cache()
        self._grow(1 << 13)

    def _grow(self, entries: int) -> None:
        self._records = (_BlockRecord * entries)()
        self._entries = entries
        self._state.table = ctypes.addressof(self._records)
        self._state.mask = entries - 1
        for block in self._blocks.known.values():
            self._place(block)

    def _place(self, block: Block) -> None:
        # The hash is the one of mlbench_block() in _hotpath.c; collisions go to the next free place.
        index = (((block.address >> 1) * 2654435769 & 0xFFFFFFFF) >> 7) & (self._entries - 1)
        while True:
            record = self._records[index]
            if not record.size or (record.address, record.size) == (block.address, block.size):
                break
            index = (index + 1) % self._entries
        record.address, record.size = block.address, block.size
        record.instructions, record.cycles = block.instructions, block.cycles
        record.flags, record.depth = self._blocks.flags(block), block.depth

    def attach(self, uc: unicorn.Uc) -> None:
        """Hook this hot path into a CPU."""
        from unicorn.unicorn_py3.unicorn import uclib

        self._uclib = uclib  # the callbacks below live in it
        handle = uc._uch
        self._state.uc = handle.value
        self._state.emu_stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p).value
        self._state.reg_read = ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p).value
        hook = ctypes.c_size_t()
        status = uclib.uc_hook_add(
            handle,
            ctypes.byref(hook),
            unicorn.UC_HOOK_BLOCK,
            ctypes.cast(self._function, ctypes.c_void_p),
            ctypes.cast(ctypes.pointer(self._state), ctypes.c_void_p),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status:
            raise unicorn.UcError(status)

    def add(self, block: Block) -> None:
        """Take in a priced block."""
        self._blocks.add(block)
        if 2 * len(self._blocks.known) > self._entries:
            self._grow(2 * self._entries)
        else:
            self._place(block)

    def set_break(self, address: int, on: bool) -> None:
        """Set or clear a breakpoint; it acts where a block starts at its address."""
        for block in self._blocks.switch(address, on):
            self._place(block)

    def empty_cache(self) -> None:
        """Forget what the instruction cache holds."""
        ctypes.memset(self._state.tags, 0xFF, ctypes.sizeof(self._state.tags))
        ctypes.memset(self._state.newest, 0, ctypes.sizeof(self._state.newest))

    def save(self) -> object:
        """What a snapshot must hold."""
        return bytes(self._state)

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        table, mask = self._state.table, self._state.mask
        ctypes.memmove(ctypes.addressof(self._state), saved, ctypes.sizeof(self._state))
        self._state.table, self._state.mask = table, mask
        self._state.reason = 0


def _field(name: str) -> property:
    def get(self: NativeHotPath) -> int:
        return int(getattr(self._state, name))

    def put(self: NativeHotPath, value: int) -> None:
        setattr(self._state, name, value)

    return property(get, put)


_SHARED = (*PythonHotPath._SAVED, "reason", "where", "where_size")
for _name in _SHARED:
    setattr(NativeHotPath, _name, _field(_name))

HotPath = Any
"""Either of the two classes above."""


def native_library() -> Path | None:
    """Where the built hot path is; None where it was not built or is not wanted."""
    named = os.environ.get("MLBENCH_HOTPATH", "")
    if named == "python":
        return None
    if named:
        return Path(named) if Path(named).is_file() else None
    spec = importlib.util.find_spec("mlbench.emulator._hotpath")
    if spec is None or spec.origin is None:
        # A checkout has it in its environment, built by entrypoint.py.
        return built_library()
    return Path(spec.origin)


def _fits(library: Path) -> bool:
    # `uc._uch` and `uclib` are the only private things used; where they are not, or where the library
    # was built from other sources, Python does the work.
    try:
        from unicorn.unicorn_py3.unicorn import uclib

        abi = (ctypes.c_uint32 * 3).in_dll(ctypes.CDLL(str(library)), "mlbench_hot_abi")
    except (ImportError, OSError, ValueError):
        return False
    ours = [_ABI, ctypes.sizeof(_State), _State.tags.offset]
    return hasattr(uclib, "uc_hook_add") and list(abi) == ours


def make_hot_path(model: CostModel, *, force_python: bool = False) -> HotPath:
    """The native hot path where it was built, else the one in Python."""
    library = None if force_python else native_library()
    if library is not None and _fits(library):
        return NativeHotPath(model.run, library)
    return PythonHotPath(model.run)


BlockReader = Callable[[int, int], bytes]

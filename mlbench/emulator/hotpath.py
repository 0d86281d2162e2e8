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

from mlbench.emulator.cpu_registers import find_registers
from mlbench.emulator.cycles.addresses import Access, Accesses
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


CORE_REGISTERS = (
    *range(arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R0 + 13),
    arm_const.UC_ARM_REG_SP,
    arm_const.UC_ARM_REG_LR,
    arm_const.UC_ARM_REG_PC,
)
"""Unicorn's numbers of r0 to r15."""
FLASH_END = 0x100000
"""Reads below are reads of flash (nRF52840 Product Specification v1.7, section 4.2.3)."""

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
        (name, ctypes.c_uint32)
        for name in (
            "address",
            "size",
            "instructions",
            "cycles",
            "flags",
            "depth",
            "accesses",
            "early",
            "late",
            "unseen",
        )
    ]


class _AccessRecord(ctypes.Structure):
    _fields_ = [
        ("base", ctypes.c_int8),
        ("scaled", ctypes.c_int8),
        ("shift", ctypes.c_uint8),
        ("words", ctypes.c_uint8),
        ("offset", ctypes.c_uint32),
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
        ("flash_reads", ctypes.c_uint64),
        ("unseen_loads", ctypes.c_uint64),
        ("table", ctypes.c_void_p),
        ("accesses", ctypes.c_void_p),
        ("registers", ctypes.c_void_p),
        ("mask", ctypes.c_uint64),
        ("uc", ctypes.c_void_p),
        ("emu_stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("first_register", ctypes.c_int32),
        ("high_registers", ctypes.c_int32 * 3),
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
                "flash_end",
                "read_new",
                "read_same",
                "data_line",
                "halves",
                "late_access",
                "late_count",
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
        self._table: dict[tuple[int, int], tuple[int, int, int, int, Accesses]] = {}
        self.flash_reads = 0
        self.unseen_loads = 0
        self.data_line = 0
        self.halves = 0
        self._late: tuple[Access, ...] = ()
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
        if self._late:
            late, self._late = self._late, ()
            self._read_flash(uc, late)
        if self.cycles >= self.event_at:
            return self._stop(uc, Stop.EVENT, address, size)
        if self.attention or (self.unmask_attention and self.last_flags & _UNMASKS):
            return self._stop(uc, Stop.ATTENTION, address, size)
        block = self._table.get((address, size))
        if block is None:
            return self._stop(uc, Stop.UNKNOWN, address, size)
        instructions, cycles, flags, depth, reads = block
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
        self.unseen_loads += reads.unseen
        if reads.early:
            self._read_flash(uc, reads.early)
        self._late = reads.late
        self.expected = address + size
        self.last_flags = flags
        return None

    def _read_flash(self, uc: unicorn.Uc, reads: tuple[Access, ...]) -> None:
        costs = self._costs
        for where, words, _late in reads:
            address = where.offset
            if where.base >= 0:
                address += uc.reg_read(CORE_REGISTERS[where.base])
            if where.scaled >= 0:
                address += uc.reg_read(CORE_REGISTERS[where.scaled]) << where.shift
            address &= 0xFFFFFFFF
            for word in range(address, address + 4 * words, 4):
                if word >= FLASH_END:
                    break
                line = word >> costs.cache_line_bits
                same = line == self.data_line
                self.halves += costs.read_same_halves if same else costs.read_new_halves
                self.data_line = line
                self.flash_reads += 1
        self.cycles += self.halves >> 1
        self.halves &= 1

    def drop_late_reads(self) -> None:
        """The registers have been replaced: what was to be read by them is not known any more."""
        self._late = ()

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
        self._table[block.address, block.size] = (
            block.instructions,
            block.cycles,
            flags,
            block.depth,
            block.accesses,
        )

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
        "flash_reads",
        "unseen_loads",
        "data_line",
        "halves",
        "_late",
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
        state.first_register = CORE_REGISTERS[0]
        state.high_registers[:] = CORE_REGISTERS[13:]
        state.flash_end = FLASH_END
        state.read_new, state.read_same = costs.read_new_halves, costs.read_same_halves
        self._accesses = (_AccessRecord * 4096)()
        self._access_count = 0
        state.accesses = ctypes.addressof(self._accesses)
        # Where each known block's reads are in that list.
        self._placed: dict[tuple[int, int], int] = {}
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
        reads = block.accesses
        record.accesses = self._place_reads(block)
        record.early, record.late, record.unseen = len(reads.early), len(reads.late), reads.unseen

    def _place_reads(self, block: Block) -> int:
        key = (block.address, block.size)
        if key in self._placed:
            return self._placed[key]
        reads = (*block.accesses.early, *block.accesses.late)
        if self._access_count + len(reads) > len(self._accesses):
            more = (_AccessRecord * (2 * len(self._accesses) + len(reads)))()
            ctypes.memmove(more, self._accesses, ctypes.sizeof(self._accesses))
            self._accesses = more
            self._state.accesses = ctypes.addressof(more)
        first = self._placed[key] = self._access_count
        for read in reads:
            record = self._accesses[self._access_count]
            record.base, record.scaled = read.where.base, read.where.scaled
            record.shift, record.words, record.offset = read.where.shift, read.words, read.where.offset
            self._access_count += 1
        return first

    def drop_late_reads(self) -> None:
        """The registers have been replaced: what was to be read by them is not known any more."""
        self._state.late_count = 0

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
        self._state.registers = find_registers(uc)

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
        state = self._state
        pointers = state.table, state.mask, state.accesses
        ctypes.memmove(ctypes.addressof(state), saved, ctypes.sizeof(state))
        state.table, state.mask, state.accesses = pointers
        self._state.reason = 0


def _field(name: str) -> property:
    def get(self: NativeHotPath) -> int:
        return int(getattr(self._state, name))

    def put(self: NativeHotPath, value: int) -> None:
        setattr(self._state, name, value)

    return property(get, put)


_SHARED = (*(name for name in PythonHotPath._SAVED if name != "_late"), "reason", "where", "where_size")
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

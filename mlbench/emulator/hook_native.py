"""The block hook in C (``_block_hook.c``), called by Unicorn without passing through Python."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import unicorn

from mlbench.boards.board import Region
from mlbench.cycles.addresses import Access
from mlbench.cycles.alignment import AlignedUse
from mlbench.cycles.model import Block, Located, RunCosts
from mlbench.cycles.sums import SLOTS, SumKind
from mlbench.emulator.call_paths import NO_FUNCTION, DeepCall, Numbers
from mlbench.emulator.core_record import CoreRecord, Switched
from mlbench.emulator.cpu_fields import CpuFields
from mlbench.emulator.cpu_registers import find_registers
from mlbench.emulator.hook_common import CORE_REGISTERS, NEVER, SHARED, Blocks, Places, watch_base
from mlbench.emulator.hook_records import (
    ABI,
    MAX_SETS,
    PLACES,
    AccessRecord,
    BaseRecord,
    BlockRecord,
    HookState,
    LocatedRecord,
    PlaceRecord,
    place,
)
from mlbench.emulator.native_paths import NativePaths
from mlbench.emulator.path_times import PathTime

_NO_LINE = 0xFFFFFFFF
_MOST_THROUGH = 0xFFFF
_BY_ONE, _BY_TWO = 16, 17
"""Kinds of accesses that only ``_block_hook.c`` knows, besides ``SumKind``."""
_Found = ctypes.CFUNCTYPE(None)
_Number = ctypes.CFUNCTYPE(None, ctypes.c_uint32)
_Switched = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32)
_Read = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint32)
_Write = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint64)


class NativeBlockHook:
    """The block hook in C. The same interface as ``PythonBlockHook``."""

    native = True
    cycles: int
    instructions: int
    placement: int
    event_at: int
    cache_on: int
    expected: int
    current: int
    last_flags: int
    last_taken: int
    resumed: int
    attention: int
    unmask_attention: int
    event_register: int
    low_sp: int
    flash_reads: int
    data_word: int
    fetch_line: int
    filled_at: int
    specified: int
    fitted: int
    assumed: int
    misplaced: int
    conditional: int
    filled_line: int
    reason: int
    where: int
    where_size: int

    def __init__(self, costs: RunCosts, flash: Region, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._function, self._base_function = self._library.mlbench_block, self._library.mlbench_base
        self._places: dict[int, PlaceRecord] = {}
        self._located: dict[int, dict[int, LocatedRecord]] = {}
        """Costs at an instruction, by the start of the block that it is executed in."""
        self._failure: BaseException | None = None
        self._numbers, self._values = (ctypes.c_int32 * 0)(), (ctypes.c_uint32 * 0)()
        self._bases: list[tuple[BaseRecord, Any]] = []
        self._blocks = Blocks()
        self._paths: NativePaths | None = None
        self._line_places: Places | None = None
        self._through, self._through_count = (ctypes.c_uint16 * 4096)(), 0
        self._through_placed: dict[tuple[int, int], int] = {}
        self._state = HookState()
        state = self._state
        state.straddle = costs.straddle
        state.line_new, state.line_next = costs.cached
        state.uncached_new, state.uncached_next = costs.uncached
        state.unaligned = costs.unaligned
        state.divide[: len(costs.divide)] = costs.divide
        state.line_bits, state.set_mask = costs.cache_line_bits, costs.cache_sets - 1
        if costs.cache_sets > MAX_SETS:
            raise ValueError(f"at most {MAX_SETS} sets of instruction cache are modelled")
        state.first_register = CORE_REGISTERS[0]
        state.high_registers[:] = CORE_REGISTERS[13:]
        state.flash_start, state.flash_size = flash.start, flash.size
        state.controller, state.word_bits = costs.controller, costs.data_word_bits
        state.read_new, state.read_same = costs.read_new_word, costs.read_same_word
        self._accesses = (AccessRecord * 4096)()
        self._access_count = 0
        state.accesses = ctypes.addressof(self._accesses)
        state.through = ctypes.addressof(self._through)
        # Where each known block's reads are in that list.
        self._placed: dict[tuple[int, int], int] = {}
        state.event_at = NEVER
        state.back = 1
        state.low_sp = 0xFFFFFFFF
        self._lines = 2 * costs.cache_sets
        self._ring_at = (ctypes.c_uint16 * PLACES)()
        state.ring_at = ctypes.addressof(self._ring_at)
        self.empty_cache()
        self._grow(1 << 13)

    def _grow(self, entries: int) -> None:
        self._settle()
        self._records = (BlockRecord * entries)()
        self._entries = entries
        self._state.table = ctypes.addressof(self._records)
        self._state.mask = entries - 1
        self._state.last_block = None
        self._state.round = 0
        for block in self._blocks.known.values():
            self._place(block)

    def _place(self, block: Block) -> None:
        self._state.round = 0
        # The hash is the one of mlbench_block() in _block_hook.c; collisions go to the next free place.
        index = (((block.address >> 1) * 2654435769 & 0xFFFFFFFF) >> 7) & (self._entries - 1)
        while True:
            record = self._records[index]
            if not record.size or (record.address, record.size) == (block.address, block.size):
                break
            index = (index + 1) % self._entries
        record.address, record.size = block.address, block.size
        record.instructions, record.cycles = block.instructions, block.cycles
        record.flags, record.depth = self._blocks.flags(block), block.depth
        record.quick = all(_kind(access) in (_BY_ONE, _BY_TWO) for access in block.accesses.early)
        record.taken, record.assumed = block.taken, block.assumed
        reads = block.accesses
        record.accesses = self._place_reads(block)
        record.early, record.late = len(reads.early), len(reads.late)
        record.checks = len(block.alignment.checks)
        record.rechecks = 0 if block.alignment.steady else record.checks
        record.joined = block.joined & 0xFFFFFFFF
        if self._line_places is not None:
            record.place = self._line_places(block.address)
            record.through = self._put_through(block)
        record.function = 0
        if self._paths is not None and self._state.paths:
            record.function = self._paths.numbers(block.address)
            record.number = self._paths.number(block.address, block.size)

    def _put_through(self, block: Block) -> int:
        """Put what a block costs up to each of its lines behind those of others; where the first one lies."""
        key, count = (block.address, block.size), len(block.through)
        if key in self._through_placed:
            return self._through_placed[key]
        first = self._through_placed[key] = self._through_count
        if first + count > len(self._through):
            more = (ctypes.c_uint16 * (2 * len(self._through) + count))()
            ctypes.memmove(more, self._through, ctypes.sizeof(self._through))
            self._through = more
            self._state.through = ctypes.addressof(more)
        self._through[first : first + count] = [min(cycles, _MOST_THROUGH) for cycles in block.through]
        self._through_count += count
        return first

    def _place_reads(self, block: Block) -> int:
        key = (block.address, block.size)
        if key in self._placed:
            return self._placed[key]
        checks = (Access(SumKind.READ, where, 1, size) for where, size in block.alignment.checks)
        first = self._placed[key] = self._put((*block.accesses.early, *block.accesses.late, *checks))
        return first

    def _put(self, reads: tuple[Access, ...]) -> int:
        """Put accesses behind those that are known; where the first of them lies."""
        if self._access_count + len(reads) > len(self._accesses):
            more = (AccessRecord * (2 * len(self._accesses) + len(reads)))()
            ctypes.memmove(more, self._accesses, ctypes.sizeof(self._accesses))
            self._accesses = more
            self._state.accesses = ctypes.addressof(more)
        first = self._access_count
        for read in reads:
            record = self._accesses[self._access_count]
            record.base, record.scaled, record.shift, record.offset = read.where
            record.kind, record.words, record.width = _kind(read), read.words, read.width
            record.slot, record.is_signed = read.slot, read.signed
            self._access_count += 1
        return first

    def map(self, start: int, data: mmap.mmap) -> None:
        """Tell of plain memory, which addresses may be read from. All that comes first is kept."""
        for record in self._state.memories:
            if not record.size:
                record.data = ctypes.addressof(ctypes.c_char.from_buffer(data))
                record.start, record.size = start, len(data)
                break

    def drop_late_reads(self) -> None:
        """The registers have been replaced: what was to be read by them is not known any more."""
        self._state.late_count = 0
        self._state.round = 0

    def attach(self, uc: unicorn.Uc) -> None:
        """Hook this block hook into a CPU."""
        from unicorn.unicorn_py3.unicorn import uclib

        self._uclib = uclib  # the callbacks below live in it
        self._uc = uc
        handle = uc._uch
        self._state.uc = handle.value
        self._state.emu_stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p).value
        self._state.reg_read = ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p).value
        self._hook(unicorn.UC_HOOK_BLOCK, self._function, self._state, 1, 0)
        self._state.reg_write = ctypes.cast(uclib.uc_reg_write, ctypes.c_void_p).value
        self._state.registers = find_registers(uc)

    def watch_traps(self, _uc: unicorn.Uc, listener: Callable[[int], None]) -> None:
        """Tell of each instruction that traps and is not dealt with in C: Unicorn's number for it."""
        self._trapped = _Number(self._guarded(listener))
        self._state.trapped = ctypes.cast(self._trapped, ctypes.c_void_p).value
        self._hook(unicorn.UC_HOOK_INTR, self._library.mlbench_trap, self._state, 1, 0)

    def _guarded(self, listener: Callable[..., int | None]) -> Callable[..., int]:
        """What ``listener`` raises must not be lost on its way through C: ``check`` raises it."""

        def call(*arguments: int) -> int:
            try:
                return listener(*arguments) or 0
            except BaseException as error:
                self._failure = error
                self._uclib.uc_emu_stop(ctypes.c_void_p(self._state.uc))
                return 0

        return call

    def check(self) -> None:
        """Raise what was raised by what C has called since."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    @property
    def knows_registers(self) -> bool:
        """Whether C can reach the CPU's registers in place, which exceptions in C need."""
        return bool(self._state.registers)

    def share(self, record: CoreRecord) -> None:
        """Deal with exceptions in C from now on."""
        self._record = record
        self._state.core = ctypes.addressof(record)

    def change_mpu(self, fields: CpuFields) -> None:
        """Let C change the MPU of the CPU emulation itself, where it is known where that has it."""
        live = fields.live(self._state.registers)
        if live is None or self._record is None:
            return
        self._record.live_control = live.control
        self._record.live_regions[:] = live.regions
        # No argument, one way: writing (uc_ctl_flush_tlb of unicorn.h).
        self._record.flush = unicorn.UC_CTL_TLB_FLUSH | unicorn.UC_CTL_IO_WRITE << 30
        self._record.ctl = ctypes.cast(self._uclib.uc_ctl, ctypes.c_void_p).value

    def tell_switches(self, listener: Switched | None) -> None:
        """Have ``listener`` told where stacks may change: with each frame that C has put or taken, or 0."""
        self._switched = None if listener is None else _Switched(self._guarded(listener))
        self._state.switched = ctypes.cast(self._switched, ctypes.c_void_p).value if self._switched else None

    def follow_calls(self, numbers: Numbers | None, *, blocks: bool = False) -> None:
        """Charge cycles to paths of calls from now on, and to ``blocks``; None: no longer."""
        state = self._state
        if numbers is not None:
            if self._paths is None:
                self._paths = NativePaths(numbers)
            self._paths.count_blocks(blocks)
        record = None if numbers is None or self._paths is None else self._paths.record
        if bool(state.paths) != (record is not None):
            state.paths = None if record is None else ctypes.addressof(record)
            self._grow(self._entries)
        self._begin_paths()

    def price_by_place(self, places: Places | None) -> None:
        """Have ``placement`` be all cycles that the layout costs from now on; None: no longer.

        The caches that tell them are empty.
        """
        state, following = self._state, self._paths is not None and self._state.paths
        if places is not self._line_places:
            self._line_places, self._through_count = places, 0
            self._through_placed.clear()
            self._grow(self._entries)
        self._settle()
        if following:
            self._library.mlbench_charge_paths(ctypes.byref(state))
        state.by_place = int(places is not None)
        if self._paths is not None and following:
            self._paths.mark(state.cycles - (state.placement if state.by_place else 0))
        self._state.place_filled = _NO_LINE >> 1
        ctypes.memset(self._state.place_tags, 0xFF, ctypes.sizeof(self._state.place_tags))
        ctypes.memset(self._state.place_newest, 0, ctypes.sizeof(self._state.place_newest))
        if places is not None:
            self._empty_ring()

    def _begin_paths(self) -> None:
        state = self._state
        state.function, state.back = NO_FUNCTION if state.paths else 0, 1
        if self._paths is not None:
            self._paths.begin(state.cycles)

    def enter_exception(self, frame: int, *, chained: bool) -> None:
        """Python has entered an exception; its cycles are not counted yet."""
        self._library.mlbench_enter_paths(ctypes.byref(self._state), frame, int(chained))

    def leave_exception(self, frame: int) -> None:
        """Python has returned from an exception; its cycles are counted."""
        self._library.mlbench_leave_paths(ctypes.byref(self._state), frame)

    def note_depth(self, low: int) -> None:
        """SP is lower than it was since it was last asked for."""
        self._library.mlbench_note_depth(ctypes.byref(self._state), ctypes.c_uint32(low))

    def deepest(self, low: int) -> tuple[DeepCall, ...]:
        """The calls that were open where SP was ``low``; nothing where that is not known."""
        return self._paths.deepest(low) if self._paths is not None and self._state.paths else ()

    def path_times(self) -> list[PathTime]:
        """What has been charged up to now; nothing where calls are not followed."""
        if self._paths is None or not self._state.paths:
            return []
        self._library.mlbench_charge_paths(ctypes.byref(self._state))
        return self._paths.times()

    def block_times(self) -> dict[tuple[int, int], int]:
        """The cycles of each block up to now; nothing where calls are not followed."""
        if self._paths is None or not self._state.paths:
            return {}
        self._library.mlbench_charge_paths(ctypes.byref(self._state))
        return self._paths.spent()

    @property
    def paths_lost(self) -> bool:
        """Whether there were more paths than there is room for."""
        return self._paths is not None and self._paths.lost

    def mark_switch(self, address: int) -> None:
        """Stacks may change before ``address``."""
        for block in self._blocks.mark_switch(address):
            self._place(block)

    def map_registers(
        self, start: int, size: int, read: Callable[[int, int], int], write: Callable[[int, int, int], None]
    ) -> None:
        """Map the core's registers; ``read`` and ``write`` are for those that are not dealt with in C."""
        self._accessors = _Read(self._guarded(read)), _Write(self._guarded(write))
        state, library = self._state, self._library
        state.read, state.write = (ctypes.cast(each, ctypes.c_void_p).value for each in self._accessors)
        user = ctypes.cast(ctypes.pointer(state), ctypes.c_void_p)
        functions = (library.mlbench_core_read, library.mlbench_core_write)
        pairs = [part for each in functions for part in (ctypes.cast(each, ctypes.c_void_p), user)]
        status = self._uclib.uc_mmio_map(
            ctypes.c_void_p(state.uc), ctypes.c_uint64(start), ctypes.c_uint64(size), *pairs
        )
        if status:
            raise unicorn.UcError(status)

    def accessors(self, _uc: unicorn.Uc) -> tuple[Callable[[int], int], Callable[[int, int], None]]:
        """Read and write a register of 32 bits by Unicorn's number: the binding takes ten times as long."""
        value = ctypes.c_uint64()
        reference, handle = ctypes.byref(value), ctypes.c_void_p(self._state.uc)
        load, store = self._uclib.uc_reg_read, self._uclib.uc_reg_write
        # Those that are known where they are need no call. The PC is kept there between blocks alone.
        place: int = self._state.registers or 0
        core = (ctypes.c_uint32 * 16).from_address(place) if place else (ctypes.c_uint32 * 16)()
        places = {number: index for index, number in enumerate(CORE_REGISTERS[:15])} if place else {}

        def read(number: int) -> int:
            index = places.get(number)
            if index is not None:
                return core[index]
            if status := load(handle, number, reference):
                raise unicorn.UcError(status)
            return value.value & 0xFFFFFFFF

        def write(number: int, new: int) -> None:
            value.value = new & 0xFFFFFFFF
            if status := store(handle, number, reference):
                raise unicorn.UcError(status)

        return read, write

    def read_registers(self, _uc: unicorn.Uc, numbers: tuple[int, ...]) -> object:
        """Registers of 32 bits by Unicorn's numbers, to be compared."""
        count = len(numbers)
        if count != len(self._values):
            self._numbers, self._values = (ctypes.c_int32 * count)(), (ctypes.c_uint32 * count)()
        self._numbers[:] = list(numbers)
        self._library.mlbench_registers(
            ctypes.byref(self._state), self._numbers, self._values, ctypes.c_uint32(count)
        )
        return bytes(self._values)

    def take(self) -> int:
        """Take the exception that is ready; as ``take`` in ``_exceptions.h``."""
        outcome = int(self._library.mlbench_take(ctypes.byref(self._state)))
        self.check()
        return outcome

    def _hook(self, kind: int, function: Any, user: ctypes.Structure, begin: int, end: int) -> None:
        hook = ctypes.c_size_t()
        status = self._uclib.uc_hook_add(
            ctypes.c_void_p(self._state.uc),
            ctypes.byref(hook),
            kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.cast(ctypes.pointer(user), ctypes.c_void_p),
            ctypes.c_uint64(begin),
            ctypes.c_uint64(end),
        )
        if status:
            raise unicorn.UcError(status)

    def watch_base(self, uc: unicorn.Uc, use: AlignedUse, listener: Callable[[AlignedUse], None]) -> None:
        """See ``hook_common.watch_base``."""
        if not self._state.registers:
            watch_base(uc, use, listener)
            return
        callback = _Found(lambda: listener(use))
        mask = use.size - 1 if use.steady else 0
        record = BaseRecord(self._state.registers, ctypes.cast(callback, ctypes.c_void_p), use.base, mask)
        self._bases.append((record, callback))
        self._hook(unicorn.UC_HOOK_CODE, self._base_function, record, use.at, use.at)

    def add(self, block: Block) -> None:
        """Take in a priced block."""
        self._blocks.add(block)
        if 2 * len(self._blocks.known) > self._entries:
            self._grow(2 * self._entries)
        else:
            self._place(block)
        for cost in block.located:
            self._locate(block.address, cost)

    def _locate(self, start: int, cost: Located) -> None:
        """Price ``cost`` where its instruction is executed as part of the block at ``start``."""
        known = self._located.setdefault(cost.address, {})
        if start in known:
            return
        count = len(cost.accesses)
        first = self._put(cost.accesses)
        known[start] = LocatedRecord(None, start, cost.cycles, cost.conditional, first, count)
        if cost.address not in self._places:
            place = self._places[cost.address] = PlaceRecord(ctypes.addressof(self._state), None)
            self._hook(unicorn.UC_HOOK_CODE, self._library.mlbench_located, place, cost.address, cost.address)
            # It is translated already.
            self._uc.ctl_remove_cache(cost.address, cost.address + 2)
        self._link(cost.address)

    def _link(self, address: int) -> None:
        """Chain the costs at an instruction, for C."""
        after = None
        for record in self._located[address].values():
            record.next = after
            after = ctypes.addressof(record)
        self._places[address].first = after

    def forget(self, start: int, end: int) -> bool:
        """Forget the blocks in a range whose code has changed; whether there were any."""
        lost = self._blocks.forget(start, end)
        for block in lost:
            self._placed.pop((block.address, block.size), None)
            self._through_placed.pop((block.address, block.size), None)
            for cost in block.located:
                if self._located[cost.address].pop(block.address, None) is not None:
                    self._link(cost.address)
        if lost:
            # Records lie where a search for others passes: all are placed anew.
            self._grow(self._entries)
        return bool(lost)

    def set_break(self, address: int, on: bool) -> None:
        """Set or clear a breakpoint; it acts where a block starts at its address."""
        for block in self._blocks.switch(address, on):
            self._place(block)

    def _settle(self) -> None:
        """Have all that was executed in the order of the cache's lines, and all blocks looked up anew."""
        state = self._state
        self._library.mlbench_settle(ctypes.byref(state))
        state.steady_count = 0
        state.epoch += 1

    def empty_cache(self) -> None:
        """Forget what the instruction cache holds."""
        self._settle()
        ctypes.memset(self._state.tags, 0xFF, ctypes.sizeof(self._state.tags))
        ctypes.memset(self._state.newest, 0, ctypes.sizeof(self._state.newest))
        self._empty_ring()

    def _empty_ring(self) -> None:
        ctypes.memset(self._state.ring_lines, 0xFF, ctypes.sizeof(self._state.ring_lines))
        # An empty ring goes through all entries, and is found by no line.
        ring = self._lines + 1
        self._state.older[:ring] = [*range(1, ring), 0]
        self._state.newer[:ring] = [ring - 1, *range(ring - 1)]
        ctypes.memset(self._ring_at, 0xFF, ctypes.sizeof(self._ring_at))
        self._state.last_block = None
        self._state.round = 0

    def save(self) -> object:
        """What a snapshot must hold."""
        self._settle()
        following = self._paths is not None and self._state.paths
        return bytes(self._state), self._paths.save() if self._paths is not None and following else None

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        saved, saved_paths = saved
        state = self._state
        pointers = state.table, state.mask, state.accesses, state.ring_at, state.through
        callbacks = state.core, state.trapped, state.read, state.write, state.switched
        paths = state.paths
        memories, epoch = bytes(state.memories), state.epoch
        ctypes.memset(self._ring_at, 0xFF, ctypes.sizeof(self._ring_at))
        ctypes.memmove(ctypes.addressof(state), saved, ctypes.sizeof(state))
        state.table, state.mask, state.accesses, state.ring_at, state.through = pointers
        state.core, state.trapped, state.read, state.write, state.switched = callbacks
        state.paths = paths
        # No block that was found in the cache before is known to be in this one.
        state.epoch = max(epoch, state.epoch) + 1
        self._find_ring()
        ctypes.memmove(state.memories, memories, len(memories))
        state.last_block = None
        state.round = 0
        state.reason = 0
        if self._paths is not None and state.paths and saved_paths is not None:
            self._paths.load(saved_paths)
        else:
            self._begin_paths()

    def _find_ring(self) -> None:
        for entry, line in enumerate(self._state.ring_lines[: self._lines]):
            if line != _NO_LINE:
                self._ring_at[place(line)] = entry


def _kind(access: Access) -> int:
    """The kind of an access, with those that are quickly told parted from the rest."""
    where = access.where
    if access.kind != SumKind.READ or access.words != 1 or not 0 <= where.base < SLOTS > where.scaled:
        return int(access.kind)
    return _BY_ONE if where.scaled < 0 else _BY_TWO


def _field(name: str) -> property:
    def put(self: NativeBlockHook, value: int) -> None:
        setattr(self._state, name, value)
        # Whatever it is, the next block is looked at in full.
        self._state.round = 0

    return property(attrgetter(f"_state.{name}"), put)


for _name in SHARED:
    setattr(NativeBlockHook, _name, _field(_name))


def fits(library: Path) -> bool:
    """Whether a built library is of these sources, and the binding is one that is known.

    ``uc._uch`` and ``uclib`` are the only private things used of it.
    """
    try:
        from unicorn.unicorn_py3.unicorn import uclib

        abi = (ctypes.c_uint32 * 4).in_dll(ctypes.CDLL(str(library)), "mlbench_hot_abi")
    except (ImportError, OSError, ValueError):
        return False
    ours = [ABI, ctypes.sizeof(HookState), HookState.tags.offset, ctypes.sizeof(CoreRecord)]
    return hasattr(uclib, "uc_hook_add") and list(abi) == ours

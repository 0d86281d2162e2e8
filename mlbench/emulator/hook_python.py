"""The block hook in Python: the same as ``_block_hook.c``, for machines without a C compiler."""

from __future__ import annotations

import mmap
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import unicorn
from unicorn import arm_const

from mlbench.boards.board import Region
from mlbench.cycles.addresses import DIVIDENDS, MAX_SLOTS, Access, Accesses
from mlbench.cycles.alignment import AlignedUse, Alignment
from mlbench.cycles.model import Block, Located, RunCosts
from mlbench.cycles.sums import SLOTS, Sum, SumKind
from mlbench.emulator.call_paths import CallPaths, DeepCall, Numbers
from mlbench.emulator.core_record import RunningMode, Switched
from mlbench.emulator.hook_common import (
    BREAK,
    CHECKED,
    CORE_REGISTERS,
    COUNTED,
    IN_RAM,
    MEMORIES,
    MOVES_SP,
    NEVER,
    SAVED,
    SELF,
    SENDS_EVENT,
    STRADDLES,
    SWITCHES,
    UNMASKS,
    Blocks,
    Places,
    Stop,
    watch_base,
)
from mlbench.emulator.path_times import PathTime

_NO_LINE = 0x7FFFFFFF


class PythonBlockHook:
    """The block hook in Python."""

    native = False

    def __init__(self, costs: RunCosts, flash: Region) -> None:
        self._costs = costs
        self._flash_start, self._flash_end = flash.start, flash.end
        self._blocks = Blocks()
        self._switched: Switched | None = None
        self._table: dict[
            tuple[int, int], tuple[int, int, int, int, int, Accesses, Alignment, int, int, tuple[int, ...]]
        ] = {}
        self._paths: CallPaths | None = None
        self._known_paths: CallPaths | None = None
        self._functions: dict[int, int] = {}
        self.flash_reads = 0
        self.data_word = 0
        self.fetch_line = 0
        self.filled_at = 0
        self.specified = 0
        self.fitted = 0
        self.assumed = 0
        self.misplaced = 0
        self.conditional = 0
        self.filled_line = 0
        self.current = 0
        self.last_taken = 0
        self._slots = [0] * MAX_SLOTS
        self._located: dict[int, dict[int, Located]] = {}
        """Costs at an instruction, by the start of the block that it is executed in."""
        self._memories: list[tuple[int, mmap.mmap]] = []
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
        # A fully associative cache of as many lines, the newest last: what misses above and would not here is
        # a conflict of places.
        self._recent: OrderedDict[int, None] = OrderedDict()
        # See `by_place` in _block_hook.c.
        self._line_places: Places | None = None
        self._place_tags = list(self._tags)
        self._place_newest = list(self._newest)
        self._place_filled, self._place_filled_at = _NO_LINE, 0

    def attach(self, uc: unicorn.Uc) -> None:
        """Hook this block hook into a CPU."""
        self._uc = uc
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._block)

    def watch_traps(self, uc: unicorn.Uc, listener: Callable[[int], None]) -> None:
        """Tell of each instruction that traps: Unicorn's number of the exception."""
        uc.hook_add(unicorn.UC_HOOK_INTR, lambda _uc, number, _user: listener(number))

    def accessors(self, uc: unicorn.Uc) -> tuple[Callable[[int], int], Callable[[int, int], None]]:
        """Read and write a register of 32 bits by Unicorn's number."""
        return (
            lambda number: int(uc.reg_read(number)) & 0xFFFFFFFF,
            lambda number, value: uc.reg_write(number, value & 0xFFFFFFFF),
        )

    def read_registers(self, uc: unicorn.Uc, numbers: tuple[int, ...]) -> object:
        """Registers of 32 bits by Unicorn's numbers, to be compared."""
        return tuple(uc.reg_read(number) for number in numbers)

    def tell_switches(self, listener: Switched | None) -> None:
        """Have ``listener`` told where stacks may change, with 0: exceptions are Python's to tell."""
        self._switched = listener

    def mark_switch(self, address: int) -> None:
        """Stacks may change before ``address``."""
        for block in self._blocks.mark_switch(address):
            self.add(block)

    def check(self) -> None:
        """See ``NativeBlockHook.check``: Unicorn's own calls raise by themselves."""

    def watch_base(self, uc: unicorn.Uc, use: AlignedUse, listener: Callable[[AlignedUse], None]) -> None:
        """See ``hook_common.watch_base``."""
        watch_base(uc, use, listener)

    def _stop(self, uc: unicorn.Uc, reason: int, address: int, size: int) -> None:
        self.reason, self.where, self.where_size = reason, address, size
        uc.emu_stop()

    def _block(self, uc: unicorn.Uc, address: int, size: int, _user: object) -> None:
        if self.reason:
            return
        if self.resumed == COUNTED and address + size == self.expected:
            self.resumed = 0
            return
        if self._late:
            late, self._late = self._late, ()
            self._price(uc, late)
        if self.cycles >= self.event_at:
            return self._stop(uc, Stop.EVENT, address, size)
        if self.attention or (self.unmask_attention and self.last_flags & UNMASKS):
            return self._stop(uc, Stop.ATTENTION, address, size)
        block = self._table.get((address, size))
        if block is None:
            return self._stop(uc, Stop.UNKNOWN, address, size)
        instructions, cycles, flags, depth, taken, reads, alignment, assumed, joined, through = block
        if flags & SWITCHES and self._switched is not None and not self.resumed:
            self._switched(0, RunningMode.UNKNOWN)
            flags = self._table[address, size][2]
        if flags & BREAK and not self.resumed:
            return self._stop(uc, Stop.BREAKPOINT, address, size)
        if flags & SELF:
            return self._stop(uc, Stop.SELF_LOOP, address, size)
        if (
            alignment.checks
            and self.resumed != CHECKED
            and any(self._sum(uc, where) & of - 1 for where, of in alignment.checks)
        ):
            return self._stop(uc, Stop.MISALIGNED, address, size)
        self.resumed = 0
        if self._paths is not None:
            self._follow(uc, address, size, self._paths)
        if flags & SENDS_EVENT:
            self.event_register = 1
        if depth or self.last_flags & MOVES_SP:
            low = (uc.reg_read(arm_const.UC_ARM_REG_SP) - depth) & 0xFFFFFFFF
            if low < self.low_sp:
                self.low_sp = low
                self.note_depth(low)
        if address != self.expected:
            cycles += self.last_taken
            if flags & STRADDLES:
                cycles += self._costs.straddle
                self.placement += self._costs.straddle
        else:
            cycles += joined
        if flags & IN_RAM:
            # Flash has no part in it. What another block comes after is not read ahead.
            self.assumed += assumed
            self.fetch_line = self.filled_line = self._place_filled = _NO_LINE
        elif self.cache_on:
            missed, conflicts = self._fetch(address, size, block[1], through, cycles - block[1])
            cycles += missed
            self.fitted += missed
            self.placement += conflicts
        else:
            first = address >> self._costs.cache_line_bits
            last = (address + size - 1) >> self._costs.cache_line_bits
            uncached = self._costs.uncached
            waited = (last - first) * uncached.next
            if first != self.fetch_line:
                # Of the line being executed, the one before and the one behind are at hand.
                near = abs(first - self.fetch_line) == 1
                waited += uncached.next if near else uncached.new
            cycles += waited
            self.fitted += waited
            self.fetch_line = last
        self.cycles += cycles
        self.instructions += instructions
        if reads.early:
            self._price(uc, reads.early)
        self._late = reads.late
        self.current = address
        self.expected = address + size
        self.last_flags = flags
        self.last_taken = taken
        return None

    def _follow(self, uc: unicorn.Uc, address: int, size: int, paths: CallPaths) -> None:
        function = self._functions.get(address)
        if function is None:
            function = self._functions[address] = paths.numbers(address)
        paths.block(
            (address, size),
            function,
            self._charged,
            lambda: (uc.reg_read(arm_const.UC_ARM_REG_SP), uc.reg_read(arm_const.UC_ARM_REG_LR)),
        )

    def follow_calls(self, numbers: Numbers | None, *, blocks: bool = False) -> None:
        """Charge cycles to paths of calls from now on, and to ``blocks``; None: no longer."""
        self._paths = None
        if numbers is not None:
            if self._known_paths is None:
                self._known_paths = CallPaths(numbers)
            self._paths = self._known_paths
            self._paths.counts_blocks = blocks
            self._paths.begin(self._charged)

    @property
    def paths_lost(self) -> bool:
        """Whether there were more paths than there is room for."""
        return self._paths is not None and self._paths.lost

    def enter_exception(self, frame: int, *, chained: bool) -> None:
        """Python has entered an exception; its cycles are not counted yet."""
        if self._paths is not None:
            self._paths.enter(frame, chained, self._charged)

    def leave_exception(self, frame: int) -> None:
        """Python has returned from an exception; its cycles are counted."""
        if self._paths is not None:
            self._paths.leave(frame, self._charged)

    def note_depth(self, low: int) -> None:
        """SP is lower than it was since it was last asked for."""
        if self._paths is not None:
            self._paths.note_depth(low)

    def deepest(self, low: int) -> tuple[DeepCall, ...]:
        """The calls that were open where SP was ``low``; nothing where that is not known."""
        return self._paths.deepest(low) if self._paths is not None else ()

    def path_times(self) -> list[PathTime]:
        """What has been charged up to now; nothing where calls are not followed."""
        if self._paths is None:
            return []
        self._paths.charge(self._charged)
        return [PathTime(path.parent, path.function, path.cycles, path.calls) for path in self._paths.paths]

    def block_times(self) -> dict[tuple[int, int], int]:
        """The cycles of each block up to now; nothing where calls are not followed."""
        if self._paths is None:
            return {}
        self._paths.charge(self._charged)
        return dict(self._paths.spent)

    def _sum(self, uc: unicorn.Uc, where: Sum) -> int:
        value = where.offset
        for number, shift in ((where.base, 0), (where.scaled, where.shift)):
            if number >= SLOTS:
                value += self._slots[number - SLOTS] << shift
            elif number >= 0:
                value += uc.reg_read(CORE_REGISTERS[number]) << shift
        return value & 0xFFFFFFFF

    def _price(self, uc: unicorn.Uc, accesses: tuple[Access, ...]) -> None:
        costs = self._costs
        first, left = accesses[0], 0
        for access in accesses:
            value = self._sum(uc, access.where)
            kind, width = access.kind, access.width
            if kind == SumKind.READ:
                if value & (width - 1):
                    more = costs.unaligned * (2 if width == 4 and value & 1 else 1)
                    self.cycles += more
                    self.misplaced += more
                self._read_flash(value, access.words)
            elif kind == SumKind.FETCH:
                self._slots[access.slot] = self._peek(value, width, access.signed)
            elif kind == SumKind.EXTEND:
                self._slots[access.slot] = _extended(value, width, access.signed)
            elif kind != SumKind.OPERAND:
                first, left = access, value
            elif first.kind in DIVIDENDS:
                divided = costs.quotient(left, value, first.kind == SumKind.SIGNED_DIVIDEND)
                self.cycles += divided
                self.fitted += divided
            else:
                self._slots[first.slot] = _computed(first.kind, left, value)

    def _read_flash(self, address: int, words: int) -> None:
        costs = self._costs
        for word in range(address, address + 4 * words, 4):
            # Addresses wrap as they do in the native block hook.
            if not self._flash_start <= word & 0xFFFFFFFF < self._flash_end:
                break
            data_word = (word & 0xFFFFFFFF) >> costs.data_word_bits
            waited = costs.read_same_word if data_word == self.data_word else costs.read_new_word
            self.cycles += waited
            self.specified += waited
            self.data_word = data_word
            self.flash_reads += 1

    def _peek(self, address: int, width: int, signed: bool) -> int:
        for start, data in self._memories:
            offset = address - start
            if 0 <= offset <= len(data) - width:
                value = int.from_bytes(data[offset : offset + width], "little", signed=signed)
                return value & 0xFFFFFFFF
        return 0xFFFFFFFF

    def map(self, start: int, data: mmap.mmap) -> None:
        """Tell of plain memory, which addresses may be read from. All that comes first is kept."""
        if len(self._memories) < MEMORIES:
            self._memories.append((start, data))

    def drop_late_reads(self) -> None:
        """The registers have been replaced: what was to be read by them is not known any more."""
        self._late = ()

    def _fetch(
        self, address: int, size: int, block_cycles: int, through: tuple[int, ...] = (), arrival: int = 0
    ) -> tuple[int, int]:
        """Fetch a block's lines: cycles for those not in the cache, and those of it for their place alone."""
        costs, bits = self._costs, self._costs.cache_line_bits
        missed = conflicts = steady = 0
        first = address >> bits
        place = self._line_places(address) if self._line_places is not None else 0
        for line in range(first, ((address + size - 1) >> bits) + 1):
            index = line & (costs.cache_sets - 1)
            known = self._recall(line)
            done = block_cycles * max((line << bits) - address, 0) // size
            if self._tags[2 * index] == line:
                self._newest[index] = 0
            elif self._tags[2 * index + 1] == line:
                self._newest[index] = 1
            else:
                way = self._newest[index] ^ 1
                self._tags[2 * index + way] = line
                self._newest[index] = way
                now = self.cycles + missed + done
                miss = costs.cached.new
                if line == self.filled_line + 1:
                    miss = costs.read_ahead(now - self.filled_at)
                self.filled_at, self.filled_line = now + miss, line
                missed += miss
                conflicts += miss if known else 0
            if self._line_places is not None:
                done = arrival + through[line - first - 1] if line > first else 0
                steady += self._fetch_place(place + line - first, done, known=known)
        return missed, conflicts if self._line_places is None else missed - steady

    @property
    def _charged(self) -> int:
        """See ``charged`` in _call_paths.h."""
        return self.cycles - (self.placement if self._line_places is not None else 0)

    def _fetch_place(self, line: int, done: int, *, known: bool) -> int:
        costs, tags, newest = self._costs, self._place_tags, self._place_newest
        index = line & (costs.cache_sets - 1)
        if line in tags[2 * index : 2 * index + 2]:
            newest[index] = int(tags[2 * index] != line)
            return 0
        newest[index] ^= 1
        tags[2 * index + newest[index]] = line
        if known:
            return 0
        now = self.cycles - self.specified - self.fitted - self.misplaced - self.conditional + done
        ahead = line == self._place_filled + 1
        cycles = costs.read_ahead(now - self._place_filled_at) if ahead else costs.cached.new
        self._place_filled, self._place_filled_at = line, now
        return cycles

    def price_by_place(self, places: Places | None) -> None:
        """Have ``placement`` be all cycles that the layout costs from now on; None: no longer.

        The caches that tell them are empty.
        """
        if self._paths is not None:
            self._paths.charge(self._charged)
        self._line_places = places
        if self._paths is not None:
            self._paths.mark(self._charged)
        self._place_tags = [0xFFFFFFFF] * len(self._tags)
        self._place_newest = [0] * len(self._newest)
        self._place_filled = _NO_LINE
        if places is not None:
            self._recent.clear()

    def _recall(self, line: int) -> bool:
        """Make a line the newest of the fully associative cache; whether it was there."""
        recent = self._recent
        if line in recent:
            recent.move_to_end(line)
            return True
        recent[line] = None
        if len(recent) > len(self._tags):
            recent.popitem(last=False)
        return False

    def add(self, block: Block) -> None:
        """Take in a priced block."""
        self._blocks.add(block)
        flags = self._blocks.flags(block)
        self._table[block.address, block.size] = (
            block.instructions,
            block.cycles,
            flags,
            block.depth,
            block.taken,
            block.accesses,
            block.alignment,
            block.assumed,
            block.joined,
            block.through,
        )
        for cost in block.located:
            if cost.address not in self._located:
                self._located[cost.address] = {}
                self._uc.hook_add(unicorn.UC_HOOK_CODE, self._at, begin=cost.address, end=cost.address)
                # It is translated already.
                self._uc.ctl_remove_cache(cost.address, cost.address + 2)
            self._located[cost.address][block.address] = cost

    def _at(self, uc: unicorn.Uc, address: int, _size: int, _user: object) -> None:
        """Before an instruction that is executed: its condition holds."""
        cost = self._located[address].get(self.current)
        if cost is not None:
            self.cycles += cost.cycles
            self.conditional += cost.conditional
            if cost.accesses:
                self._price(uc, cost.accesses)

    def forget(self, start: int, end: int) -> bool:
        """Forget the blocks in a range whose code has changed; whether there were any."""
        lost = self._blocks.forget(start, end)
        for block in lost:
            del self._table[block.address, block.size]
            for cost in block.located:
                self._located[cost.address].pop(block.address, None)
        return bool(lost)

    def set_break(self, address: int, on: bool) -> None:
        """Set or clear a breakpoint; it acts where a block starts at its address."""
        for block in self._blocks.switch(address, on):
            self.add(block)

    def empty_cache(self) -> None:
        """Forget what the instruction cache holds."""
        self._tags = [0xFFFFFFFF] * len(self._tags)
        self._newest = [0] * len(self._newest)
        self._recent.clear()

    def save(self) -> object:
        """What a snapshot must hold."""
        values = [getattr(self, name) for name in (*SAVED, "_late")]
        paths = self._paths.save() if self._paths is not None else None
        return values, list(self._tags), list(self._newest), self._recent.copy(), paths

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        values, tags, newest, recent, paths = saved
        for name, value in zip((*SAVED, "_late"), values, strict=True):
            setattr(self, name, value)
        self._tags, self._newest, self._recent = list(tags), list(newest), recent.copy()
        self.reason = 0
        if self._paths is not None and paths is not None:
            self._paths.load(paths)
        elif self._paths is not None:
            self._paths.begin(self._charged)


def _extended(value: int, width: int, signed: bool) -> int:
    value &= (1 << 8 * width) - 1
    return value - (signed << 8 * width) & 0xFFFFFFFF if value >> 8 * width - 1 else value


def _computed(kind: SumKind, a: int, b: int) -> int:
    if kind == SumKind.SUBTRACT:
        return a - b & 0xFFFFFFFF
    if kind == SumKind.MULTIPLY:
        return a * b & 0xFFFFFFFF
    if kind == SumKind.AND:
        return a & b
    if kind == SumKind.RIGHT:
        return a >> b
    return (a - (a >> 31 << 32) >> b) & 0xFFFFFFFF

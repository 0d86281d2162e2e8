"""What both block hooks share: why they stop, which blocks they know, what a snapshot of them holds."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import unicorn
from unicorn import arm_const

from mlbench.cycles.alignment import AlignedUse
from mlbench.cycles.model import Block, BlockFlag

NEVER = 2**63
"""An event time that is never reached."""


class Stop(IntEnum):
    """Why the block hook stopped the CPU; it stands before the block named by ``where``."""

    NONE = 0
    EVENT = 1
    UNKNOWN = 2
    BREAKPOINT = 3
    SELF_LOOP = 4
    ATTENTION = 5
    MISALIGNED = 6
    """A base register is unaligned, for an instruction of the block that may not be reached."""
    QUIET = 7
    """Set by the host: blocks are executed without being looked at."""


CORE_REGISTERS = (
    *range(arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R0 + 13),
    arm_const.UC_ARM_REG_SP,
    arm_const.UC_ARM_REG_LR,
    arm_const.UC_ARM_REG_PC,
)
"""Unicorn's numbers of r0 to r15."""
MEMORIES = 4
"""How many plain memories are looked into for addresses; shared with ``_block_hook.c``."""

# As plain numbers: an IntFlag costs time that the block hook in Python does not have.
BREAK = int(BlockFlag.BREAK)
SELF = int(BlockFlag.SELF)
STRADDLES = int(BlockFlag.STRADDLES)
UNMASKS = int(BlockFlag.UNMASKS)
MOVES_SP = int(BlockFlag.MOVES_SP)
IN_RAM = int(BlockFlag.IN_RAM)
SENDS_EVENT = int(BlockFlag.SENDS_EVENT)
SWITCHES = int(BlockFlag.SWITCHES)

LOOK_HOST, LOOK_PENDING = 1, 2
"""Bits of ``attention``, before the next block: the machine must look; pending exceptions must be."""

CHECKED = 2
"""``resumed``: not the breakpoint alone has been dealt with, but the alignment of bases as well."""
COUNTED = 3
"""``resumed``: the CPU goes on within a block that was counted as a whole when it began."""

SAVED = (
    "cycles",
    "instructions",
    "placement",
    "event_at",
    "cache_on",
    "expected",
    "current",
    "last_flags",
    "last_taken",
    "resumed",
    "attention",
    "unmask_attention",
    "event_register",
    "low_sp",
    "flash_reads",
    "data_word",
    "fetch_line",
    "filled_at",
    "specified",
    "fitted",
    "assumed",
    "misplaced",
    "conditional",
    "filled_line",
)
"""What a snapshot of a block hook holds, besides its instruction cache and its slots."""

SHARED = (*SAVED, "reason", "where", "where_size")
"""What the machine may read and write."""

Places = Callable[[int], int]
"""The number of the line that holds an address by its place in its function, the same wherever that lies."""

_PAGE_BITS = 12


class Blocks:
    """The blocks priced so far, and the addresses that have a breakpoint."""

    def __init__(self) -> None:
        self.breaks: set[int] = set()
        self.switches: set[int] = set()
        self.known: dict[tuple[int, int], Block] = {}
        self._at: dict[int, list[Block]] = {}
        self._pages: set[int] = set()
        """Pages that hold, or have held, code that was run."""

    def add(self, block: Block) -> None:
        """Take in a block."""
        if (block.address, block.size) not in self.known:
            self._at.setdefault(block.address, []).append(block)
            self._pages.update((block.address >> _PAGE_BITS, block.address + block.size - 1 >> _PAGE_BITS))
        self.known[block.address, block.size] = block

    def forget(self, start: int, end: int) -> list[Block]:
        """Drop the blocks that lie in a range, even in part; which they were."""
        if self._pages.isdisjoint(range(start >> _PAGE_BITS, (end - 1 >> _PAGE_BITS) + 1)):
            return []
        lost = [
            block for (address, size), block in self.known.items() if address < end and start < address + size
        ]
        for block in lost:
            del self.known[block.address, block.size]
            self._at[block.address] = [other for other in self._at[block.address] if other is not block]
        return lost

    def switch(self, address: int, on: bool) -> list[Block]:
        """Set or clear a breakpoint; the blocks to be told."""
        if on == (address in self.breaks):
            return []
        if on:
            self.breaks.add(address)
        else:
            self.breaks.remove(address)
        return self._at.get(address, [])

    def mark_switch(self, address: int) -> list[Block]:
        """Tell of a change of stacks before ``address`` from now on; the blocks to be told."""
        self.switches.add(address)
        return self._at.get(address, [])

    def flags(self, block: Block) -> int:
        """A block's flags, with what is known of its address: a breakpoint, a change of stacks before it."""
        flags = int(block.flags) | (BREAK if block.address in self.breaks else 0)
        return flags | (SWITCHES if block.address in self.switches else 0)


def watch_base(uc: unicorn.Uc, use: AlignedUse, listener: Callable[[AlignedUse], None]) -> None:
    """Tell of each time that an instruction, or its IT block, is about to be executed with an unaligned base.

    Also where the base can only be told later.
    """
    register, mask = CORE_REGISTERS[use.base], use.size - 1

    def look(_uc: unicorn.Uc, _address: int, _size: int, _user: object) -> None:
        if not use.steady or uc.reg_read(register) & mask:
            listener(use)

    uc.hook_add(unicorn.UC_HOOK_CODE, look, begin=use.at, end=use.at)

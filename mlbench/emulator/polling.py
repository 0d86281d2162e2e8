"""Letting time pass at once where firmware reads the same registers over and over.

A driver that spins on ENDTX reads its register some hundred times a byte, and each read leaves native
code. Where nothing but time has changed between two turns of a loop (no register of the CPU, no byte of RAM),
and the registers that it reads stay as they are until something happens, the next turns of the loop are all
the same: they are counted, and not run. What comes out is the same to the cycle and to the instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from unicorn import arm_const as arm

from mlbench.emulator.block_hook import NEVER, BlockHook
from mlbench.emulator.core_record import CoreRecord
from mlbench.emulator.cpu import Cpu, MemoryRegion
from mlbench.emulator.peripherals.base import never

_TURNS = 4
"""So many turns of one length before a loop is looked at; the instruction cache has settled after two."""
_LONGEST = 4
"""So many reads a turn may have."""
_PATIENCE = 64
"""So many turns before it is looked at again, where something did change."""
_COUNTERS = (
    "instructions",
    "placement",
    "flash_reads",
    "specified",
    "fitted",
    "assumed",
    "misplaced",
    "conditional",
)
_SAME = (
    "event_at",  # else something has happened between the reads of a turn
    *("cache_on", "expected", "current", "last_flags", "last_taken", "resumed", "attention"),
    *("unmask_attention", "event_register", "data_word", "fetch_line", "filled_line"),
)
STATE_REGISTERS = (
    *range(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R0 + 13),
    *(arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC, arm.UC_ARM_REG_XPSR),
    *range(arm.UC_ARM_REG_S0, arm.UC_ARM_REG_S0 + 32),
    arm.UC_ARM_REG_FPSCR,
)
"""What a CPU holds that decides how code goes on."""


class _Read(NamedTuple):
    """A read of a register, and the cycles since the one before."""

    address: int
    value: int
    distance: int


class Polling:
    """Told of every access of a register; skips turns of loops that only wait.

    Args:
        cpu: whose loops they are.
        hook: counts their cycles.
        ram: what they may change.
        steady: gives, for an address, the cycle until which its register stays as it is unless something
            happens; None where a read does something, or where it cannot be told.
        skipping: told of the cycles that are skipped, and how many of them were waited for which register.
        record: tells of accesses that were dealt with in C.
    """

    def __init__(
        self,
        cpu: Cpu,
        hook: BlockHook,
        ram: MemoryRegion,
        steady: Callable[[int], Callable[[], int] | None],
        skipping: Callable[[int, dict[int, int]], None],
        record: CoreRecord,
    ) -> None:
        self._cpu, self._hook, self._ram = cpu, hook, ram
        self._steady, self._skipping, self._record = steady, skipping, record
        self._until: dict[int, Callable[[], int] | None] = {}
        self.skipped = 0
        """Turns that were not run."""
        self.forget()

    def forget(self) -> None:
        """Something else happened."""
        self._reads: list[_Read] = []
        self._same = [0] * _LONGEST
        """For each length of a turn, how many reads in a row were as those a turn before."""
        self._cycles = self._rest = 0
        self._turn = self._left = 0
        self._same_until = NEVER
        """When the first register of the turn may change by itself."""
        self._seen: tuple[object, ...] | None = None
        self._counts: tuple[int, ...] = ()

    def read(self, address: int, value: int) -> None:
        """``value`` has been read from the register at ``address``; it is the time of this read."""
        if self._record.touched:
            self._record.touched = 0
            self.forget()
        if address not in self._until:
            self._until[address] = self._steady(address)
        if self._until[address] is None:
            if self._reads:
                self.forget()
            return
        cycles = self._hook.cycles
        read = _Read(address, value, cycles - self._cycles)
        self._cycles = cycles
        reads, same = self._reads, self._same
        for number in range(_LONGEST):
            repeats = number < len(reads) and reads[-1 - number] == read
            same[number] = same[number] + 1 if repeats else 0
        reads.append(read)
        if len(reads) > _LONGEST:
            del reads[0]
        self._look()

    def _look(self) -> None:
        if self._seen is not None:
            self._left -= 1
            until = self._until[self._reads[-1].address]
            if until is not never and until is not None:
                # As told now, at the time of this read.
                self._same_until = min(self._same_until, until())
            if not self._same[self._turn - 1]:
                self._seen = None
            elif not self._left:
                self._compare()
        elif not any(self._same):
            self._rest = 0
        elif self._rest:
            self._rest -= 1
        else:
            for number, repeats in enumerate(self._same):
                if repeats >= (_TURNS - 1) * (number + 1):
                    self._turn = self._left = number + 1
                    self._seen, self._counts = self._state(), self._counters()
                    self._same_until = NEVER
                    break

    def _compare(self) -> None:
        before, counts = self._seen, self._counts
        self._seen, self._rest = None, _PATIENCE * self._turn
        if self._state() != before:
            return
        self._rest = 0
        hook, turn = self._hook, self._reads[-self._turn :]
        period = sum(read.distance for read in turn)
        # The last turn ends before anything changes, so that all that happens then is done as ever.
        turns = (min(hook.event_at, self._same_until) - 1 - self._cycles) // period
        if turns <= 0:
            return
        each = [now - then for now, then in zip(self._counters(), counts, strict=True)]
        hook.cycles = self._cycles = self._cycles + turns * period
        for name, amount in zip(_COUNTERS, each, strict=True):
            setattr(hook, name, getattr(hook, name) + turns * amount)
        self.skipped += turns
        polled: dict[int, int] = {}
        for read, previous in zip(turn, (turn[-1], *turn), strict=False):
            if read == previous:
                polled[read.address] = polled.get(read.address, 0) + turns * read.distance
        self._skipping(turns * period, polled)

    def _counters(self) -> tuple[int, ...]:
        return tuple(getattr(self._hook, name) for name in _COUNTERS)

    def _state(self) -> tuple[object, ...]:
        cpu, hook = self._cpu, self._hook
        return (
            hook.read_registers(cpu.uc, STATE_REGISTERS),
            tuple(getattr(hook, name) for name in _SAME),
            bytes(self._ram.data),
        )

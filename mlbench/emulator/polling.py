"""Letting time pass at once where firmware reads the same event register over and over.

A driver that spins on ENDTX reads its register some hundred times a byte, and each read leaves native
code. Where nothing but time has changed between two reads (no register of the CPU, no byte of RAM), and
the register changes with an event only, the next turns of the loop are all the same: they are counted,
and not run. What comes out is the same to the cycle and to the instruction.
"""

from __future__ import annotations

from collections.abc import Callable

from unicorn import arm_const as arm

from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.chip import EventRegisters
from mlbench.emulator.core_record import CoreRecord
from mlbench.emulator.cpu import Cpu, MemoryRegion

_TURNS = 4
"""So many turns of one length before a loop is looked at; the instruction cache has settled after two."""
_PATIENCE = 64
"""So many turns before it is looked at again, where something did change."""
_WRITTEN = 1
"""Bit of ``touched`` in a core's record, as ``_core_registers.h`` has it."""
_COUNTERS = ("instructions", "placement", "flash_reads", "unseen_loads")
_SAME = (
    *("cache_on", "expected", "current", "last_flags", "last_taken", "resumed", "attention"),
    *("unmask_attention", "event_register", "data_line", "fetch_line", "halves"),
)
STATE_REGISTERS = (
    *range(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R0 + 13),
    *(arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC, arm.UC_ARM_REG_XPSR),
    *range(arm.UC_ARM_REG_S0, arm.UC_ARM_REG_S0 + 32),
    arm.UC_ARM_REG_FPSCR,
)
"""What a CPU holds that decides how code goes on."""


class Polling:
    """Told of every access of a register; skips turns of loops that only wait."""

    def __init__(
        self,
        cpu: Cpu,
        hook: BlockHook,
        ram: MemoryRegion,
        events: EventRegisters | None,
        skipping: Callable[[int, int], None],
        record: CoreRecord,
    ) -> None:
        self._cpu, self._hook, self._ram = cpu, hook, ram
        self._skipping, self._record = skipping, record
        """Told of the register and of the cycles that are skipped."""
        # Without any the range is empty. Plain numbers, as each access of a register is told.
        self._first, self._end = (events.region.start, events.region.end) if events is not None else (0, 0)
        self._mask, self._bits = (events.mask, events.bits) if events is not None else (0, 0)
        self.skipped = 0
        """Turns that were not run."""
        self.forget()

    def forget(self) -> None:
        """Something else happened."""
        self._read = (0, 0)
        self._cycles = self._period = self._turns = 0
        self._seen: tuple[object, ...] | None = None
        self._counts: tuple[int, ...] = ()

    def read(self, address: int, value: int) -> None:
        """``value`` has been read from the register at ``address``."""
        if self._record.touched:
            # There was an access that was dealt with in C.
            if self._record.touched & _WRITTEN:
                self.forget()
            self._read = (0, 0)
            self._record.touched = 0
        if not (self._first <= address < self._end and address & self._mask == self._bits):
            self._read = (0, 0)
            return
        cycles = self._hook.cycles
        period = cycles - self._cycles
        if self._read != (address, value) or period != self._period:
            self._turns = 0
            self._seen = None
        self._read, self._cycles, self._period = (address, value), cycles, period
        self._turns += 1
        if self._seen is not None:
            self._compare()
        elif self._turns == _TURNS:
            self._seen, self._counts = self._state(), self._counters()

    def _compare(self) -> None:
        before, counts = self._seen, self._counts
        self._seen, self._turns = None, -_PATIENCE
        if self._state() != before:
            return
        self._turns = 0
        hook = self._hook
        # The last turn ends before the event, so that all that happens at it is done as ever.
        turns = (hook.event_at - 1 - self._cycles) // self._period
        if turns <= 0:
            return
        each = [now - then for now, then in zip(self._counters(), counts, strict=True)]
        hook.cycles = self._cycles = self._cycles + turns * self._period
        for name, amount in zip(_COUNTERS, each, strict=True):
            setattr(hook, name, getattr(hook, name) + turns * amount)
        self.skipped += turns
        self._skipping(self._read[0], turns * self._period)

    def _counters(self) -> tuple[int, ...]:
        return tuple(getattr(self._hook, name) for name in _COUNTERS)

    def _state(self) -> tuple[object, ...]:
        cpu, hook = self._cpu, self._hook
        return (
            tuple(cpu.reg(register) for register in STATE_REGISTERS),
            tuple(getattr(hook, name) for name in _SAME),
            bytes(self._ram.data),
        )

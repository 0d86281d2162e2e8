"""The bare CPU that heap calls are replayed on: flash, RAM, and a driver with its list of calls."""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Iterable, Mapping, Sequence

import unicorn
from unicorn import arm_const as arm

from mlbench.core.execution import ReplayError
from mlbench.core.heap import HeapCall, Operation
from mlbench.emulator.chip import Chip, Region
from mlbench.emulator.native_cpu import make_unicorn, memory_or_fault

MOST_CALLS = 50_000
"""Heap calls that are recorded and replayed; each takes some 100 us to record."""

SCRATCH, _SCRATCH_SIZE = 0x30000000, 0x400000
"""Where the driver, its list of calls and their results are; no chip may have memory there."""
_SLOTS = SCRATCH + 0x1000
CALLS = SCRATCH + 0x80000
"""The list of all calls."""
FIRST = SCRATCH + 0x200000
"""The list up to the allocation of N."""
_STACK = SCRATCH + _SCRATCH_SIZE - 64
_FROM_SLOT, MUST_SUCCEED = 1, 2
"""Flags of a call: its first argument is an earlier result, it is an allocation that must succeed."""
_MOST_INSTRUCTIONS = 400_000_000
"""Of one replay; some hundred for each call are usual."""


class ReplayCpu:
    """A CPU with an image and a driver.

    Args:
        chip: what it is of.
        parts: what flash holds: where, and its bytes. What lies elsewhere is left out.
        driver: code that takes a list of calls; it ends at its last instruction.

    Raises:
        ReplayError: the chip has memory where the driver is to be.
        EnvironmentFault: this machine has no memory for it.
    """

    def __init__(self, chip: Chip, parts: Iterable[tuple[int, bytes]], driver: bytes) -> None:
        self.uc = make_unicorn(unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.driver_end = SCRATCH + len(driver) - 2
        with memory_or_fault():
            self.memory = self._mapped(chip, parts, driver)

    def _mapped(self, chip: Chip, parts: Iterable[tuple[int, bytes]], driver: bytes) -> mmap.mmap:
        """RAM, as this process has it."""
        uc, flash, ram = self.uc, chip.flash, chip.ram
        scratch = Region(SCRATCH, _SCRATCH_SIZE)
        if any(memory.start < scratch.end and scratch.start < memory.end for memory in (flash, ram)):
            raise ReplayError("the chip has memory where a replay needs room")
        uc.mem_map(flash.start, flash.size, unicorn.UC_PROT_ALL)
        for address, data in parts:
            if data and flash.holds(address):
                uc.mem_write(address, data)
        contents = mmap.mmap(-1, ram.size)
        pointer = ctypes.addressof(ctypes.c_char.from_buffer(contents))
        uc.mem_map_ptr(ram.start, len(contents), unicorn.UC_PROT_ALL, pointer)
        uc.mem_map(SCRATCH, _SCRATCH_SIZE, unicorn.UC_PROT_ALL)
        uc.mem_write(SCRATCH, driver)
        return contents

    def write_calls(
        self,
        calls: Sequence[HeapCall],
        probe: int | None,
        functions: Mapping[Operation, int],
        reent: int | None = None,
    ) -> tuple[int, int]:
        """Write what is to be called, and that again up to the allocation of N alone.

        Each call is {reent, first, second, function, flags, result's address}. ``reent`` is that of an
        allocation before all of them; without it the calls have none.

        Returns where N stands in a list, and where its block's address is stored.

        Raises:
            ReplayError: there are too many calls.
        """
        if len(calls) > MOST_CALLS:
            raise ReplayError(f"more than {MOST_CALLS:,} heap calls")
        with_reent = reent is not None
        slots: dict[int, int] = {}
        words: list[int] = []
        next_slot = _SLOTS
        place, probe_slot = 0, next_slot
        if probe is None:
            words += [reent] if reent is not None else []
            words += [0, 0, functions[Operation.MALLOC] | 1, MUST_SUCCEED, next_slot]
            next_slot += 4
        for index, call in enumerate(calls):
            flags, first = 0, call.first
            if call.operation in (Operation.FREE, Operation.REALLOC) and call.first in slots:
                # A pointer from before the recording is where it was; a later one is a result.
                flags, first = _FROM_SLOT, slots.pop(call.first)
            if call.operation is not Operation.FREE and (call.result or index == probe):
                flags |= MUST_SUCCEED
            if index == probe:
                place, probe_slot = len(words), next_slot
            words += [call.reent] if with_reent else []
            words += [first, call.second, functions[call.operation] | 1, flags, next_slot]
            if call.operation is not Operation.FREE and call.result:
                slots[call.result] = next_slot
            next_slot += 4
        width = 5 + with_reent
        for start, part in ((CALLS, words), (FIRST, words[: place + width])):
            self.uc.mem_write(start, struct.pack(f"<{len(part) + width}I", *part, *[0] * width))
        return 4 * (place + with_reent), probe_slot

    def word(self, address: int) -> int:
        """A word of memory."""
        return int.from_bytes(self.uc.mem_read(address, 4), "little")

    def run(self, calls: int) -> bool:
        """Have the driver take a list; whether all that must succeed did. Raises ReplayError."""
        self.uc.reg_write(arm.UC_ARM_REG_R4, calls)
        self.uc.reg_write(arm.UC_ARM_REG_SP, _STACK)
        self.call(SCRATCH)
        return bool(self.uc.reg_read(arm.UC_ARM_REG_R0) == 0)

    def call(self, address: int) -> None:
        """Run to the driver's end, in a bounded number of instructions.

        Raises:
            ReplayError: the code does not come back.
        """
        try:
            self.uc.emu_start(address | 1, self.driver_end, count=_MOST_INSTRUCTIONS)
        except unicorn.UcError as error:
            raise ReplayError(str(error)) from None
        if self.uc.reg_read(arm.UC_ARM_REG_PC) & ~1 != self.driver_end:
            raise ReplayError("too many instructions")

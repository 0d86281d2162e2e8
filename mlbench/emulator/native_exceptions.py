"""Exceptions in C (``_exceptions.h``): who lets them be dealt with there, and what they leave to Python."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import IntEnum

from mlbench.boards.board import Region
from mlbench.cycles.model import RunCosts
from mlbench.emulator.block_hook import BlockHook, NativeBlockHook
from mlbench.emulator.core_record import LastRead
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.nvic import Nvic


class PendingLook(IntEnum):
    """Of a look at what is pending; shared with ``_exceptions.h``."""

    NOTHING = 0
    TAKEN = 1
    HOST = 2
    """Nothing has been done, and Python must look."""


class NativeExceptions:
    """Exceptions of one machine, dealt with by its block hook."""

    def __init__(self, hook: NativeBlockHook, nvic: Nvic) -> None:
        self._hook, self._record = hook, nvic.record

    def take(self) -> PendingLook:
        """Take the exception that is ready, if there is one."""
        return PendingLook(self._hook.take())

    def counts(self) -> tuple[int, int]:
        """Exceptions entered, and registers accessed, in C since this was last asked."""
        record = self._record
        counts = int(record.taken), int(record.count)
        record.taken = record.count = 0
        return counts

    def map(
        self,
        start: int,
        size: int,
        reader: Callable[[object, int, int, object], int],
        writer: Callable[[object, int, int, int, object], None],
        last: LastRead,
    ) -> None:
        """Map the core's registers; ``reader`` and ``writer`` are for those that are not dealt with in C."""
        self._record.last_read = ctypes.addressof(last)
        self._hook.map_registers(
            start,
            size,
            lambda offset, width: reader(None, offset, width, None),
            lambda offset, width, value: writer(None, offset, width, value, None),
        )


def make_native_exceptions(
    cpu: Cpu, hook: BlockHook, nvic: Nvic, costs: RunCosts, ram: Region
) -> NativeExceptions | None:
    """Exceptions in C, where the block hook is in C and can reach the CPU's registers."""
    memory = cpu.memory_at(ram.start)
    if not isinstance(hook, NativeBlockHook) or not hook.knows_registers or memory is None:
        return None
    record = nvic.record
    record.entry_cycles, record.exit_cycles = costs.exception_entry, costs.exception_exit
    record.chain_cycles, record.float_cycles = costs.exception_chain, costs.float_state
    record.ram_start, record.ram_size = memory.start, memory.size
    record.ram = ctypes.addressof(ctypes.c_char.from_buffer(memory.data))
    hook.share(record)
    hook.change_mpu(cpu.fields)
    return NativeExceptions(hook, nvic)

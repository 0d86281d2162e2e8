"""Stores that the CPU emulation refuses though the MPU allows them.

Where an MPU region or a part of one is smaller than a page of Unicorn's (1 KB), a store that is not aligned
to its own size looks at the start of its page as well (2.1.4, qemu/accel/tcg/cputlb.c, ``store_helper``). A
region there that forbids it would fault a store that is nowhere near. Such a store is carried out here; where
the MPU does forbid one of its bytes, that byte is what the fault is about.
"""

from __future__ import annotations

from collections.abc import Callable

from unicorn import arm_const as arm

from mlbench.emulator import exceptions, transfers
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.mpu import Mpu
from mlbench.emulator.processor import Processor

_PAGE = 1024


class RefusedStores:
    """Looks closer at stores that were refused.

    Args:
        cpu: stands at the store.
        mpu: what is allowed.
        write: puts bytes into RAM, and sees to code that was there; whatever lies elsewhere it refuses.
    """

    def __init__(self, cpu: Cpu, mpu: Mpu, write: Callable[[int, bytes], bool]) -> None:
        self._cpu, self._mpu, self._write = cpu, mpu, write

    def carry_out(self, processor: Processor) -> bool:
        """Do the store at the PC, if the MPU allows all of it, and go on behind it; else False."""
        cpu = self._cpu
        address, kind = cpu.memory_fault
        if address % _PAGE:
            return False
        halves = cpu.halfwords(cpu.pc)
        store = transfers.decode_store(*halves)
        pieces = transfers.pieces(*halves, cpu.r, lambda n: int(cpu.uc.reg_read(arm.UC_ARM_REG_D0 + n)))
        if store is None or pieces is None:
            return False
        privileged = not (exceptions.unprivileged(cpu) or transfers.is_unprivileged(*halves))
        for piece in pieces:
            refused = self._mpu.refused(piece.address, len(piece.data), privileged, write=True)
            if refused is not None:
                cpu.memory_fault = refused, kind
                return False
        if not all(self._write(piece.address, piece.data) for piece in pieces):
            return False
        processor.complete(store)
        return True

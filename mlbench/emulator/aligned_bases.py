"""Instructions that fault at an unaligned address, whatever the firmware has set: see ``cycles.alignment``.

The block hook looks at the bases that registers tell at a block's start, at next to no cost. Where one is
unaligned, and where a base can only be told at its instruction, that instruction is hooked, and looked at each
time before it is executed: it may lie in an IT block, or behind another that faults.
"""

from __future__ import annotations

from dataclasses import replace

from unicorn import arm_const as arm

from mlbench.cycles.alignment import AlignedUse, Alignment, needed
from mlbench.cycles.decode import decode
from mlbench.cycles.model import Block
from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.instruction_traps import passes


class AlignedBases:
    """Has the CPU stop before an instruction whose base is unaligned."""

    def __init__(self, cpu: Cpu, hook: BlockHook) -> None:
        self._cpu, self._hook = cpu, hook
        self._blocks: dict[tuple[int, int], Block] = {}
        """Those with bases that are looked at before them."""
        self._watched: dict[int, AlignedUse] = {}
        """What is hooked and may fault, by its address."""
        self._hooked: set[AlignedUse] = set()
        self._fault: int | None = None

    def look(self, block: Block) -> None:
        """A block is about to be executed for the first time, or with other code."""
        if block.alignment.checks:
            self._blocks[block.address, block.size] = block
        self._watch(block.alignment.untold)

    def suspect(self, address: int, size: int) -> None:
        """The block hook has seen an unaligned base before a block: look closer from now on."""
        block = self._blocks[address, size]
        alignment = block.alignment
        self._watch(alignment.told)
        self._hook.add(replace(block, alignment=Alignment((), (), alignment.untold)))

    def take(self) -> int | None:
        """The address of the access that the CPU has stopped at; None where it stopped for another reason."""
        fault, self._fault = self._fault, None
        return fault

    def _watch(self, uses: tuple[AlignedUse, ...]) -> None:
        for use in uses:
            self._watched[use.address] = use
            if use not in self._hooked:
                self._hooked.add(use)
                self._hook.watch_base(self._cpu.uc, use, self._found)
                # It is translated already.
                self._cpu.uc.ctl_remove_cache(use.address, use.address + 2)

    def _found(self, address: int) -> None:
        use, cpu = self._watched[address], self._cpu
        code = cpu.read(address, 4).ljust(4, b"\0")
        first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
        if needed(first, second, decode(address, first, second)) != (use.base, use.size):
            return  # other code by now
        base = cpu.r(use.base)
        if base % use.size and passes(use.condition, cpu.reg(arm.UC_ARM_REG_XPSR)):
            self._fault = base + use.offset & 0xFFFFFFFF
            cpu.trap()

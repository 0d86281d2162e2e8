"""Instructions that fault at an unaligned address, whatever the firmware has set: see ``cycles.alignment``.

The block hook looks at the bases that registers tell at a block's start, at next to no cost. Where one is
unaligned, and where a base can only be told at its instruction, that instruction is hooked, and looked at
each time before it is executed: it may not be reached, and its base may be another by then.

Unicorn cannot stop within an IT block (2.1, qemu/target/arm/translate.c: ``no_exit_request``). There the
IT instruction is hooked; from it, the CPU is run to the instruction in question. Where a block begins within
an IT block, which lies across two pages or is returned to, it is run from the block's start, each time.
"""

from __future__ import annotations

from dataclasses import replace

from unicorn import arm_const as arm

from mlbench.cycles.alignment import AlignedUse, Alignment, needed
from mlbench.cycles.conditions import ALWAYS
from mlbench.cycles.decode import decode
from mlbench.cycles.model import Block
from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.cpu import Cpu, CpuStop, Why
from mlbench.emulator.instruction_traps import passes


class AlignedBases:
    """Has the CPU stop before an instruction whose base is unaligned."""

    def __init__(self, cpu: Cpu, hook: BlockHook) -> None:
        self._cpu, self._hook = cpu, hook
        self._blocks: dict[tuple[int, int], Block] = {}
        """Those with bases that are looked at before them."""
        self._hooked: set[AlignedUse] = set()
        self._stopped: AlignedUse | None = None
        self._approaching = False

    def look(self, block: Block) -> None:
        """A block is about to be executed for the first time, or with other code."""
        if block.alignment.checks:
            self._blocks[block.address, block.size] = block
        self._watch(block.alignment.untold)

    def suspect(self, address: int, size: int) -> tuple[AlignedUse, ...]:
        """The block hook has seen an unaligned base before a block: look closer from now on.

        What has to be looked at now is returned: it cannot be hooked.
        """
        block = self._blocks[address, size]
        alignment = block.alignment
        self._watch(alignment.told)
        if not alignment.entered:
            self._hook.add(replace(block, alignment=Alignment(untold=alignment.untold)))
        return alignment.entered

    def take(self) -> AlignedUse | None:
        """What the CPU stopped for, at the instruction or its IT instruction; None: another reason."""
        use, self._stopped = self._stopped, None
        return use

    def approach(self, use: AlignedUse) -> CpuStop | None:
        """Go on to the instruction itself; a stop on the way there is returned."""
        cpu = self._cpu
        if cpu.pc == use.address:
            return None
        # What is translated does not end there.
        cpu.uc.ctl_remove_cache(use.at, use.address)
        self._approaching = True
        try:
            stop = cpu.run(until=use.address)
        finally:
            self._approaching = False
        self._hook.expected = cpu.pc
        return None if stop.why is Why.SLEEP and cpu.pc == use.address else stop

    def unaligned(self, use: AlignedUse) -> int | None:
        """The address of the access that is about to be made, where it is unaligned."""
        cpu = self._cpu
        base = cpu.r(use.base)
        if base % use.size == 0 or not passes(use.condition, cpu.reg(arm.UC_ARM_REG_XPSR)):
            return None
        return base + use.offset & 0xFFFFFFFF

    def _watch(self, uses: tuple[AlignedUse, ...]) -> None:
        for use in uses:
            if use not in self._hooked:
                self._hooked.add(use)
                self._hook.watch_base(self._cpu.uc, use, self._found)
                # It is translated already.
                self._cpu.uc.ctl_remove_cache(use.at, use.at + 2)

    def _found(self, use: AlignedUse) -> None:
        if self._approaching or not self._is_there(use):
            return
        first = use.condition == ALWAYS or use.address == use.at + 2
        if first and self.unaligned(use) is None:
            return
        self._stopped = use
        self._cpu.trap()

    def _is_there(self, use: AlignedUse) -> bool:
        """Whether the code still is what it was."""
        first, second = self._cpu.halfwords(use.address)
        return needed(first, second, decode(use.address, first, second)) == (use.base, use.size)

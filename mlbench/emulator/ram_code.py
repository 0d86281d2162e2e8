"""Code in RAM, which may become other code: what was priced must be priced anew.

The CPU emulation sees the CPU's own writes to code, and translates it again; that is when its price is
looked at. Writes by DMA go past it, and are told here.
"""

from __future__ import annotations

from typing import Any

import unicorn

from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.cpu import Cpu, MemoryRegion
from mlbench.emulator.host_time import Activity


class RamCode:
    """Watches the blocks that were executed in a RAM."""

    def __init__(self, cpu: Cpu, hook: BlockHook, ram: MemoryRegion, activity: Activity) -> None:
        self._cpu, self._hook, self._ram, self._activity = cpu, hook, ram, activity
        self._blocks: dict[tuple[int, int], bytes] = {}
        self._stale: list[tuple[int, int]] = []
        cpu.uc.hook_add(unicorn.UC_HOOK_EDGE_GENERATED, self._translated, begin=ram.start, end=ram.end - 1)

    @property
    def any(self) -> bool:
        """Whether code was executed there."""
        return bool(self._blocks)

    def priced(self, address: int, size: int) -> None:
        """A block has got its price."""
        if self._ram.start <= address < self._ram.end:
            self._blocks[address, size] = self._cpu.read(address, size)

    def written(self, address: int, size: int) -> bool:
        """The RAM was written past the CPU; whether there is code, so that ``settle`` must be called."""
        touched = [at for at in self._blocks if at[0] < address + size and address < sum(at)]
        self._stale += touched
        return bool(touched)

    def settle(self) -> None:
        """Have what was written past the CPU translated again. Not from within an access."""
        for address, size in self._stale:
            self._cpu.uc.ctl_remove_cache(address, address + size)
        self._stale.clear()

    def _translated(self, _uc: unicorn.Uc, block: Any, _before: Any, _user: object) -> None:
        start, end = block.pc, block.pc + block.size
        for (address, size), code in list(self._blocks.items()):
            if address < end and start < address + size and self._cpu.read(address, size) != code:
                del self._blocks[address, size]
                self._activity.code_writes += 1
                self._hook.forget(address, address + size)

"""Code in RAM, which may become other code: what was priced must be priced anew.

The CPU emulation sees the CPU's own writes to code, and translates it again; that is when its price is
looked at. Writes by DMA go past it, and so do writes at one of two addresses of the same memory to code that
is executed at the other: both are told here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import unicorn

from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.cpu import PAGE, Cpu, MemoryRegion
from mlbench.emulator.host_time import Activity


class RamCode:
    """Watches the blocks that were executed in a RAM.

    Args:
        cpu: executes them.
        hook: has their prices.
        places: where the RAM is; the same cells at each.
        activity: counts writes to code.
        attention: has ``settle`` called before the next block.
    """

    def __init__(
        self,
        cpu: Cpu,
        hook: BlockHook,
        places: tuple[MemoryRegion, ...],
        activity: Activity,
        attention: Callable[[], None],
    ) -> None:
        self._cpu, self._hook, self._places, self._activity = cpu, hook, places, activity
        self._attention = attention
        self._blocks: dict[tuple[int, int], bytes] = {}
        self._stale: list[tuple[int, int]] = []
        self._watched: set[int] = set()
        for place in places:
            cpu.uc.hook_add(
                unicorn.UC_HOOK_EDGE_GENERATED, self._translated, begin=place.start, end=place.end - 1
            )

    @property
    def any(self) -> bool:
        """Whether code was executed there."""
        return bool(self._blocks)

    def priced(self, address: int, size: int) -> None:
        """A block has got its price."""
        place = self._place(address)
        if place is None:
            return
        self._blocks[address, size] = self._cpu.read(address, size)
        offset = address - place.start
        for page in range(offset // PAGE, (offset + size - 1) // PAGE + 1):
            for other in self._places:
                start = other.start + page * PAGE
                if other is not place and start not in self._watched:
                    self._watched.add(start)
                    self._cpu.uc.hook_add(
                        unicorn.UC_HOOK_MEM_WRITE, self._on_write, begin=start, end=start + PAGE - 1
                    )

    def written(self, address: int, size: int) -> bool:
        """The RAM was written past the CPU; whether there is code, so that ``settle`` must be called."""
        place = self._place(address)
        if place is None:
            return False
        touched = []
        for start, length in self._blocks:
            holder = self._place(start)
            if holder is not None and -length < start - holder.start - (address - place.start) < size:
                touched.append((start, length))
        self._stale += touched
        return bool(touched)

    def settle(self) -> None:
        """Have what was written past the CPU translated again. Not from within an access."""
        for address, size in self._stale:
            self._cpu.uc.ctl_remove_cache(address, address + size)
        self._stale.clear()

    def _place(self, address: int) -> MemoryRegion | None:
        return next((place for place in self._places if place.start <= address < place.end), None)

    def _on_write(
        self, _uc: unicorn.Uc, _kind: int, address: int, size: int, _value: int, _user: object
    ) -> None:
        if self.written(address, size):
            self._attention()

    def _translated(self, _uc: unicorn.Uc, block: Any, _before: Any, _user: object) -> None:
        start, end = block.pc, block.pc + block.size
        for (address, size), code in list(self._blocks.items()):
            if address < end and start < address + size and self._cpu.read(address, size) != code:
                del self._blocks[address, size]
                self._activity.code_writes += 1
                self._hook.forget(address, address + size)

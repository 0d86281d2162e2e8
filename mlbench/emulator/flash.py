"""Flash memory that firmware may write and erase, and what that means for code that was run from it."""

from __future__ import annotations

from mlbench.emulator import transfers
from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.clock import Clock
from mlbench.emulator.cpu import PAGE, Cpu, MemoryRegion
from mlbench.emulator.hook_common import LOOK_HOST
from mlbench.emulator.processor import Processor


class FlashArray:
    """The cells: bits are written from 1 to 0 and erased to 1 by pages (nRF52840 PS v1.7, section 4.3).

    It serves the flash controller (``peripherals.nvmc.Cells``) and the machine.
    """

    def __init__(self, memory: MemoryRegion, cpu: Cpu, hook: BlockHook, clock: Clock) -> None:
        self._memory = memory
        self._cpu, self._hook, self._clock = cpu, hook, clock
        self._programmed = bytearray()
        self._dirty: set[int] = set()
        self._old_code: set[int] = set()
        """Pages of which Unicorn may have translated what they held before."""

    def programmed(self) -> None:
        """What is in it now is what a programmer put there: snapshots need not hold it."""
        self._programmed = bytearray(self._memory.data[:])
        self._dirty.clear()

    def patch(self, address: int, data: bytes) -> None:
        """Write as a programmer does, from outside; to RAM as well, as a debugger does."""
        if not self._memory.start <= address <= self._memory.end - len(data):
            self._cpu.write(address, data)
            return
        offset = address - self._memory.start
        self._programmed[offset : offset + len(data)] = data
        self._put(address, data)

    # --- for the controller --------------------------------------------------------------------

    def write(self, address: int, value: int) -> None:
        """Write a word: only bits that are 1 can change."""
        offset = address - self._memory.start
        held = int.from_bytes(self._memory.data[offset : offset + 4], "little")
        self._dirty.add(address // PAGE)
        self._put(address, (held & value).to_bytes(4, "little"))

    def erase(self, start: int, size: int) -> None:
        """Set all bits of a range of pages."""
        self._dirty.update(range(start // PAGE, (start + size) // PAGE))
        self._put(start, b"\xff" * size)

    def switch_cache(self, on: bool) -> None:
        """Switch the instruction cache; it is empty at first."""
        if on and not self._hook.cache_on:
            self._hook.empty_cache()
        self._hook.cache_on = int(on)

    def stall(self, us: float) -> None:
        """The CPU waits, time goes on."""
        self._clock.pass_time(self._clock.cycles(us))

    def runs_from_flash(self) -> bool:
        """Whether the instruction that is executed lies in flash."""
        # A block of instructions may end where flash ends.
        return self._memory.start <= self._hook.expected <= self._memory.end

    # --- for the machine -----------------------------------------------------------------------

    def _put(self, address: int, data: bytes) -> None:
        memory, end = self._memory.data, address + len(data)
        target = slice(address - self._memory.start, end - self._memory.start)
        if memory[target] == data:
            return
        memory[target] = data
        if self._hook.forget(address, end) or address <= self._cpu.pc < end:
            self._old_code.update(range(address // PAGE, (end - 1) // PAGE + 1))
            self._hook.empty_cache()
            self._hook.attention |= LOOK_HOST

    def settle(self) -> None:
        """Before the CPU runs on: forget what was translated of code that is no more."""
        for page in self._old_code:
            # A block may begin in the page before.
            self._cpu.uc.ctl_remove_cache(max(0, page - 1) * PAGE, (page + 1) * PAGE)
        self._old_code.clear()

    def store_done(self, processor: Processor) -> bool:
        """The controller took the word of a store, which stopped the CPU: go on behind it.

        Its further words are written too. False: the instruction cannot be gone on from.
        """
        cpu, fault = self._cpu, self._cpu.access_fault
        if fault is None or cpu.pc != fault.pc:
            return False
        halves = cpu.halfwords(cpu.pc)
        store = transfers.decode_store(*halves)
        if store is None:
            return False
        for number, register in enumerate(transfers.further_words(*halves), 1):
            if cpu.program is None or not cpu.program(fault.address + 4 * number, 4, cpu.r(register)):
                return False
        processor.complete(store)
        return True

    def save(self) -> dict[int, bytes]:
        """What a snapshot must hold: pages that firmware has changed."""
        return {page: self._memory.data[self._within(page)] for page in self._dirty}

    def _within(self, page: int) -> slice:
        """Where a page lies in the memory."""
        offset = page * PAGE - self._memory.start
        return slice(offset, offset + PAGE)

    def load(self, saved: dict[int, bytes]) -> None:
        """Go back to what ``save`` gave."""
        for page in self._dirty | saved.keys():
            self._put(page * PAGE, saved.get(page, bytes(self._programmed[self._within(page)])))
        self._dirty = set(saved)

"""Replaying heap calls on an allocator whose memory does not grow: Zephyr's, behind malloc() of a loader.

As ``allocator.Replay`` it runs the firmware's own functions on a bare CPU, with RAM as it was when the
recording began. There is no sbrk: all memory was given to the heap at start-up (sys_heap, lib/heap/heap.c,
zephyr commit 0202bd8), which serves requests in units of ``UNIT`` bytes. So sizes are tried one unit after
the other, and nothing is concluded from one to the next.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
import zlib

import unicorn
from unicorn import arm_const as arm

from mlbench.core.execution import Place, ReplayError
from mlbench.core.heap import HeapCall, Operation
from mlbench.elf.image import Image
from mlbench.emulator.allocator import MOST_CALLS, heap_functions
from mlbench.emulator.chip import Chip, Region
from mlbench.emulator.native_cpu import make_unicorn, memory_or_fault

UNIT = 8
"""``CHUNK_UNIT`` of lib/heap/heap.h: sizes of blocks are multiples of it."""
_SCRATCH, _SCRATCH_SIZE = 0x30000000, 0x400000
"""Where the replay keeps its driver, its list of calls and their results; no chip may have memory there."""
_SLOTS, _CALLS, _FIRST = _SCRATCH + 0x1000, _SCRATCH + 0x80000, _SCRATCH + 0x200000
_STACK = _SCRATCH + _SCRATCH_SIZE - 64
_FROM_SLOT, _MUST_SUCCEED = 1, 2
# The driver takes {first, second, function, flags, result's address} five words at a time:
#   next:  ldmia r4!, {r0, r1, r3, r7, r8} ; cbz r3, done
#          tst r7, #1 ; it ne ; ldrne r0, [r0]        the first argument is an earlier result
#          blx r3 ; str r0, [r8]
#          tst r7, #2 ; beq next ; cmp r0, #0 ; bne next
#          movs r0, #1 ; b end                        an allocation that must succeed did not
#   done:  movs r0, #0
#   end:   nop
_DRIVER = bytes.fromhex(
    "b4e88b01 6bb1 17f0010f 18bf 0068 9847 c8f80000 17f0020f f2d0 0028 f0d1 0120 00e0 0020 00bf"
)
_DRIVER_END = _SCRATCH + len(_DRIVER) - 2
_MOST_INSTRUCTIONS = 400_000_000


class PlainReplay:
    """The recorded calls, ready to be repeated with another first allocation.

    Args:
        image: the firmware.
        chip: what it runs on.
        ram: contents of the chip's RAM at the start of the recording.
        calls: what was recorded from there on.
        probe: index of the call whose size is N; None: N is allocated before all of them.
        complete: whether ``calls`` are all there were.

    Raises:
        ReplayError: the image lacks what a replay needs, or there are too many calls.
        EnvironmentFault: this machine has no memory for it.
    """

    alignment = UNIT
    growth = 0
    spare = 0
    heap_in_use = 0

    def __init__(
        self,
        image: Image,
        chip: Chip,
        ram: bytes,
        calls: list[HeapCall],
        probe: int | None,
        *,
        complete: bool = True,
    ) -> None:
        self.count, self.complete, self.calls = 0, complete, len(calls)
        self.unit: int | None = UNIT
        self._chip, self._ram = chip, ram
        self._functions = heap_functions(image).addresses
        if Operation.MALLOC not in self._functions:
            raise ReplayError("a replay needs an image with malloc")
        if len(calls) > MOST_CALLS:
            raise ReplayError(f"more than {MOST_CALLS:,} heap calls")
        self.uc = make_unicorn(unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        with memory_or_fault():
            self._map(image)
        self._probe_word, self._probe_slot = self._write(calls, probe)
        self.capacity = self._ask_capacity()

    def _map(self, image: Image) -> None:
        uc, flash, ram = self.uc, self._chip.flash, self._chip.ram
        scratch = Region(_SCRATCH, _SCRATCH_SIZE)
        if any(memory.start < scratch.end and scratch.start < memory.end for memory in (flash, ram)):
            raise ReplayError("the chip has memory where a replay needs room")
        uc.mem_map(flash.start, flash.size, unicorn.UC_PROT_ALL)
        for address, data in image.programmed:
            if flash.holds(address):
                uc.mem_write(address, data)
        self._memory = mmap.mmap(-1, ram.size)
        pointer = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        uc.mem_map_ptr(ram.start, len(self._memory), unicorn.UC_PROT_ALL, pointer)
        uc.mem_map(_SCRATCH, _SCRATCH_SIZE, unicorn.UC_PROT_ALL)
        uc.mem_write(_SCRATCH, _DRIVER)

    def _write(self, calls: list[HeapCall], probe: int | None) -> tuple[int, int]:
        """Write what is to be called, and that again up to the allocation of N alone.

        Returns where N stands in the list, and where its block's address is stored.
        """
        slots: dict[int, int] = {}
        words: list[int] = []
        slot = _SLOTS
        place, probe_slot, argument = 0, slot, 0
        if probe is None:
            words += [0, 0, self._functions[Operation.MALLOC] | 1, _MUST_SUCCEED, slot]
            slot += 4
        for index, call in enumerate(calls):
            flags, first = 0, call.first
            if call.operation in (Operation.FREE, Operation.REALLOC) and call.first in slots:
                flags, first = _FROM_SLOT, slots.pop(call.first)
            if call.operation is not Operation.FREE and (call.result or index == probe):
                flags |= _MUST_SUCCEED
            if index == probe:
                place, probe_slot = len(words), slot
            words += [first, call.second, self._functions[call.operation] | 1, flags, slot]
            if call.operation is not Operation.FREE and call.result:
                slots[call.result] = slot
            slot += 4
        for start, part in ((_CALLS, words), (_FIRST, words[: place + 5])):
            self.uc.mem_write(start, struct.pack(f"<{len(part) + 5}I", *part, *[0] * 5))
        return 4 * (place + argument), probe_slot

    def _ask_capacity(self) -> int:
        """The most bytes that one block can have now."""
        low, high = 0, self._chip.ram.size
        while high - low > 1:
            middle = (low + high) // 2
            if self._granted(middle):
                low = middle
            else:
                high = middle
        return low

    def _granted(self, size: int) -> bool:
        self._replay(_FIRST, size)
        return bool(int.from_bytes(self.uc.mem_read(self._probe_slot, 4), "little"))

    def passes(self, size: int, shorter: int = 0) -> bool:  # noqa: ARG002 (the heap has no end to move)
        """Whether every allocation that must succeed does, after a first one of ``size`` bytes.

        Raises:
            ReplayError: the firmware's code does not come back: it waits for another thread, say.
        """
        self.count += 1
        return self._replay(_CALLS, size)

    def place(self, size: int) -> Place:
        """What a first allocation of ``size`` bytes alone leads to. Raises ReplayError."""
        self._replay(_FIRST, size)
        address = int.from_bytes(self.uc.mem_read(self._probe_slot, 4), "little")
        return Place(address, 0, zlib.crc32(self._memory[:]) if address else 0)

    def _replay(self, calls: int, size: int) -> bool:
        uc = self.uc
        self._memory[: len(self._ram)] = self._ram
        uc.mem_write(calls + self._probe_word, size.to_bytes(4, "little"))
        # malloc(0) may give NULL (C17, 7.22.3), which refuses nothing.
        flags = 0 if size == 0 else _MUST_SUCCEED
        uc.mem_write(calls + self._probe_word + 12, flags.to_bytes(4, "little"))
        uc.reg_write(arm.UC_ARM_REG_R4, calls)
        uc.reg_write(arm.UC_ARM_REG_SP, _STACK)
        try:
            uc.emu_start(_SCRATCH | 1, _DRIVER_END, count=_MOST_INSTRUCTIONS)
        except unicorn.UcError as error:
            raise ReplayError(str(error)) from None
        if uc.reg_read(arm.UC_ARM_REG_PC) & ~1 != _DRIVER_END:
            raise ReplayError("too many instructions")
        return bool(uc.reg_read(arm.UC_ARM_REG_R0) == 0)

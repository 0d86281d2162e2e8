"""Replaying heap calls on an allocator whose memory does not grow: Zephyr's, behind malloc() of a loader.

As ``allocator.Replay`` it runs the firmware's own functions on a bare CPU, with RAM as it was when the
recording began. There is no sbrk: all memory was given to the heap at start-up (sys_heap, lib/heap/heap.c,
zephyr commit 0202bd8), which serves requests in units of ``UNIT`` bytes. So sizes are tried one unit after
the other, and nothing is concluded from one to the next.
"""

from __future__ import annotations

import zlib

from mlbench.core.execution import Place, ReplayError
from mlbench.core.heap import HeapCall, Operation
from mlbench.elf.image import Image
from mlbench.emulator.allocator import heap_functions
from mlbench.emulator.chip import Chip
from mlbench.emulator.replay_cpu import CALLS, FIRST, MUST_SUCCEED, ReplayCpu

UNIT = 8
"""``CHUNK_UNIT`` of lib/heap/heap.h: sizes of blocks are multiples of it."""
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
        functions = heap_functions(image).addresses
        if Operation.MALLOC not in functions:
            raise ReplayError("a replay needs an image with malloc")
        self._cpu = ReplayCpu(chip, image.programmed, _DRIVER)
        self._probe_word, self._probe_slot = self._cpu.write_calls(calls, probe, functions)
        self.capacity = self._ask_capacity()

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
        self._replay(FIRST, size)
        return bool(self._cpu.word(self._probe_slot))

    def passes(self, size: int, shorter: int = 0) -> bool:  # noqa: ARG002 (the heap has no end to move)
        """Whether every allocation that must succeed does, after a first one of ``size`` bytes.

        Raises:
            ReplayError: the firmware's code does not come back: it waits for another thread, say.
        """
        self.count += 1
        return self._replay(CALLS, size)

    def place(self, size: int) -> Place:
        """What a first allocation of ``size`` bytes alone leads to. Raises ReplayError."""
        self._replay(FIRST, size)
        address = self._cpu.word(self._probe_slot)
        return Place(address, 0, zlib.crc32(self._cpu.memory[:]) if address else 0)

    def _replay(self, calls: int, size: int) -> bool:
        uc = self._cpu.uc
        self._cpu.memory[: len(self._ram)] = self._ram
        uc.mem_write(calls + self._probe_word, size.to_bytes(4, "little"))
        # malloc(0) may give NULL (C17, 7.22.3), which refuses nothing.
        flags = 0 if size == 0 else MUST_SUCCEED
        uc.mem_write(calls + self._probe_word + 12, flags.to_bytes(4, "little"))
        return self._cpu.run(calls)

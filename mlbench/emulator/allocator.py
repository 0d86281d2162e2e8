"""Recording what firmware asks of its allocator, and replaying it on that same allocator.

The replay runs the firmware's own malloc, realloc, free on a bare CPU with the memory as it was when the
recording began. Only ``_sbrk`` is played by the host, so that the end of the heap can be moved.
"""

from __future__ import annotations

import bisect
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from unicorn import arm_const as arm

from mlbench.core.execution import Place, ReplayError
from mlbench.core.heap import HeapCall, Operation
from mlbench.elf.composed import read_parts
from mlbench.elf.functions import function_address
from mlbench.elf.image import Image
from mlbench.emulator.calls import Call, CallTracker, Watch
from mlbench.emulator.chip import Chip
from mlbench.emulator.machine import Machine
from mlbench.emulator.replay_cpu import CALLS, FIRST, MOST_CALLS, SCRATCH, ReplayCpu
from mlbench.emulator.stacks import Context


@dataclass(frozen=True)
class Origin:
    """Where a heap block comes from: the registers when it was given, and what lay above SP then."""

    size: int
    registers: dict[int, int]
    stack: bytes


_ORIGIN_BYTES = 768
"""Of the stack: enough for the few frames between an allocator and who needs the memory."""


@dataclass(frozen=True)
class HeapFunctions:
    """Where the functions of an allocator are. ``plain``: those of C, which get no reentrancy pointer."""

    addresses: dict[Operation, int]
    plain: bool = False


_PLAIN = {
    Operation.MALLOC: ("malloc",),
    Operation.FREE: ("free",),
    Operation.REALLOC: ("realloc",),
    Operation.CALLOC: ("calloc",),
    Operation.MEMALIGN: ("aligned_alloc", "memalign"),
}


def heap_functions(image: Image) -> HeapFunctions:
    """The allocator of an image: newlib's own functions, else, where a loader has one, those that it
    exports."""
    own = {
        operation: address
        for operation in Operation
        if (address := function_address(image, operation.value)) is not None
    }
    if own or read_parts(image) is None:
        return HeapFunctions(own)
    plain = {
        operation: address
        for operation, names in _PLAIN.items()
        if (address := function_address(image, *names)) is not None
    }
    return HeapFunctions(plain, plain=True)


class HeapRecorder:
    """Watches the allocator of a running machine.

    What is recorded is what newlib's own functions are asked for. Wrappers around them (--wrap) may ask for
    more than the sketch did: Mbed OS keeps a header of its own in front of each block.
    """

    GROUP = "heap"
    _UNLOCK = "heap unlock"

    def __init__(self, machine: Machine, tracker: CallTracker) -> None:
        self._machine = machine
        self._tracker = tracker
        self._functions = heap_functions(machine.image)
        self._calls: list[tuple[int, HeapCall]] = []
        self._moment = 0
        self._unlocked: dict[Context, int] = {}
        self._moments: list[int] = []
        self.origins: dict[int, Origin] = {}
        """Of the blocks that have not been given back, by their address."""
        self.active = False
        """Whether it records now."""
        self.complete = True
        """Whether all calls were recorded: there are at most ``MOST_CALLS``."""

    @property
    def calls(self) -> list[HeapCall]:
        """The calls in the order in which they had their effect.

        That is the order in which the lock around the allocator was given back: a thread that was
        interrupted after that returns later than others whose calls came after its own.
        """
        return [call for _, call in sorted(self._calls, key=lambda entry: entry[0])]

    @property
    def counts(self) -> list[int]:
        """How many calls had had their effect at each moment that was marked."""
        moments = sorted(moment for moment, _ in self._calls)
        return [bisect.bisect(moments, moment) for moment in self._moments]

    def mark(self) -> None:
        """Mark this moment."""
        self._moments.append(self._now())

    def start(self, origins: Mapping[int, Origin] | None = None) -> None:
        """Begin to record; ``origins`` are those of the blocks that are there already."""
        self._calls, self._moment, self._unlocked = [], 0, {}
        self._moments, self.complete, self.origins = [], True, dict(origins or {})
        self.active = True
        for operation, address in self._functions.addresses.items():
            self._tracker.add(Watch(self.GROUP, address, returned=self._returned, name=operation.value))
        unlock = function_address(self._machine.image, "__malloc_unlock")
        if unlock is not None:
            self._tracker.add(Watch(self._UNLOCK, unlock, entered=self._given_back))

    def stop(self) -> None:
        """Stop recording."""
        self.active = False
        self._tracker.remove(self.GROUP)
        self._tracker.remove(self._UNLOCK)

    def _now(self) -> int:
        self._moment += 1
        return self._moment

    def _given_back(self, call: Call) -> None:
        self._unlocked[call.context] = self._now()

    def _returned(self, call: Call) -> None:
        reent, first, second, _ = (0, *call.arguments[:3]) if self._functions.plain else call.arguments
        result = self._machine.cpu.r(0)
        moment = self._unlocked.pop(call.context, 0) or self._now()
        if len(self._calls) >= MOST_CALLS:
            self.complete = False
            self.stop()
            return
        heap_call = HeapCall(Operation(call.watch.name), reent, first, second, result)
        self._calls.append((moment, heap_call))
        self._keep_origin(heap_call)

    def _keep_origin(self, call: HeapCall) -> None:
        if call.operation is Operation.FREE or (call.operation is Operation.REALLOC and call.result):
            self.origins.pop(call.first, None)
        if call.operation is not Operation.FREE and call.result:
            cpu = self._machine.cpu
            stack = cpu.read(cpu.sp, _ORIGIN_BYTES)
            self.origins[call.result] = Origin(call.requested, cpu.registers(), stack)


# The driver takes {reent, first, second, function, flags, result's address} six words at a time:
#   next:  ldmia r4!, {r0, r1, r2, r3, r7, r8}
#          str r8, [r9, #12]                          which call sbrk is asked by
#          cbz r3, done
#          tst r7, #1 ; it ne ; ldrne r1, [r1]        the first argument is an earlier result
#          blx r3
#          str r0, [r8]
#          tst r7, #2 ; beq next ; cmp r0, #0 ; bne next
#          movs r0, #1 ; b end                        an allocation that must succeed did not
#   done:  movs r0, #0
#   end:   nop
_DRIVER = bytes.fromhex(
    "b4e88f01 c9f80c80 6bb1 17f0010f 18bf 0968 9847 c8f80000 17f0020f f0d0 0028 eed1 0120 00e0 0020 00bf"
)

# What stands in for _sbrk: {break, allowed, digest, call, highest break} at the address in its last word.
#   ldr r3, state ; ldr r2, [r3] ; ldr r1, [r3, #4] ; adds r0, r0, r2 ; cmp r0, r1
#   ldr r1, [r3, #8] ; rsb r1, r1, r1, lsl #5 ; bhi fail ; str r0, [r3]
#   addw r0, r0, #4095 ; add r1, r1, r0, lsr #12      the digest takes in the page of the new break
#   ldr r0, [r3, #12] ; add r1, r0 ; str r1, [r3, #8]      and the call that it was for
#   ldr r0, [r3] ; ldr r1, [r3, #16] ; cmp r0, r1 ; it hi ; strhi r0, [r3, #16] ; mov r0, r2 ; bx lr
#   fail: ldr r0, [r3, #12] ; add r1, r0 ; str r1, [r3, #8] ; mov r0, #-1 ; bx lr
_HEAP_STATE = SCRATCH + 0x800
_SBRK = SCRATCH + 0x400
_SBRK_CODE = bytes.fromhex(
    "0e4b 1a68 5968 8018 8842 9968 c1eb4111 0ed8 1860 00f6ff70 01eb1031 d868 0144 9960"
    "1868 1969 8842 88bf 1861 1046 7047 d868 0144 9960 4ff0ff30 7047"
)
_JUMP = bytes.fromhex("dff800f0")
"""ldr.w pc, [pc]: go to the address in the word behind, on a word boundary."""


class Replay:
    """The recorded calls, ready to be repeated with another first allocation.

    Args:
        image: the firmware.
        chip: what it runs on.
        ram: contents of the chip's RAM at the start of the recording.
        calls: what was recorded from there on.
        probe: index of the call whose size is N; None: N is allocated before all of them.
        heap_in_use: bytes by which the break had moved before.
        header: bytes that the firmware's wrapper of the allocator adds to N.
        complete: whether ``calls`` are all there were.

    Raises:
        ReplayError: the image lacks what a replay needs, or there are too many calls.
        EnvironmentFault: this machine has no memory for it.
    """

    def __init__(
        self,
        image: Image,
        chip: Chip,
        ram: bytes,
        calls: list[HeapCall],
        probe: int | None,
        heap_in_use: int,
        header: int = 0,
        *,
        complete: bool = True,
    ) -> None:
        self.count = 0
        self.complete = complete
        self.unit: int | None = None
        self.alignment = max([8, *(call.first for call in calls if call.operation is Operation.MEMALIGN)])
        self._chip = chip
        self._header = header
        self.heap_in_use = heap_in_use
        self._ram = ram
        programmed = ((part.load, part.data) for part in image.segments)
        self._cpu = ReplayCpu(chip, programmed, _DRIVER)
        self.uc, self._memory = self._cpu.uc, self._cpu.memory
        self._drop_locks(image)
        sbrk = function_address(image, "_sbrk", "sbrk")
        malloc = function_address(image, "_malloc_r")
        if sbrk is None or malloc is None:
            raise ReplayError("a replay needs an image with _malloc_r and _sbrk")
        self._sbrk = sbrk
        self._functions = heap_functions(image).addresses
        self._reent = self._find_reent(image, calls)
        self.calls = len(calls)
        self._probe_word, self._probe_slot = self._cpu.write_calls(calls, probe, self._functions, self._reent)
        self.start_break, self.limit = self._ask_limits()
        # All that an allocation can read and has not written itself lies below the break.
        self._saved = ram[: self.start_break - chip.ram.start]
        self._replace_sbrk()

    def _drop_locks(self, image: Image) -> None:
        # Locks around the heap: newlib's own do nothing, an operating system's have no place here.
        for name in ("__malloc_lock", "__malloc_unlock"):
            address = function_address(image, name)
            if address is not None:
                self.uc.mem_write(address, b"\x70\x47")  # bx lr

    def _find_reent(self, image: Image, calls: list[HeapCall]) -> int:
        if calls:
            return calls[0].reent
        pointer = image.symbol("_impure_ptr")
        if pointer is None:
            return 0
        offset = pointer.address - self._chip.ram.start
        return int.from_bytes(self._ram[offset : offset + 4], "little")

    @property
    def capacity(self) -> int:
        """Bytes by which the break can still grow."""
        return self.limit - self.start_break

    def _ask_limits(self) -> tuple[int, int]:
        """The break now, and how far the firmware's own ``_sbrk`` would let it go."""
        start = self._call_sbrk(0)
        low, high = 0, self._chip.ram.end - start + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._call_sbrk(middle) == start:
                low = middle
            else:
                high = middle
        return start, start + low

    def _call_sbrk(self, increment: int) -> int:
        self._memory[: len(self._ram)] = self._ram
        uc = self.uc
        uc.reg_write(arm.UC_ARM_REG_R0, increment)
        # A stack where the firmware's was: some implementations keep the heap below SP.
        uc.reg_write(arm.UC_ARM_REG_SP, self._chip.ram.end - 256)
        uc.reg_write(arm.UC_ARM_REG_LR, self._cpu.driver_end | 1)
        self._cpu.call(self._sbrk)
        return int(uc.reg_read(arm.UC_ARM_REG_R0))

    def _replace_sbrk(self) -> None:
        code = _SBRK_CODE + _HEAP_STATE.to_bytes(4, "little")
        self.uc.mem_write(_SBRK, code)
        nop = b"\x00\xbf" if self._sbrk % 4 else b""
        self.uc.mem_write(self._sbrk, nop + _JUMP + (_SBRK | 1).to_bytes(4, "little"))
        # What has been translated of the old code must not go on.
        self.uc.ctl_flush_tb()

    def passes(self, size: int, shorter: int = 0) -> bool:
        """Whether every allocation that must succeed does, after a first one of ``size`` bytes.

        ``shorter`` takes so many bytes off the end of the heap.

        Raises:
            ReplayError: the firmware's code does not come back: it waits for an operating system, say.
        """
        self.count += 1
        return self._replay(CALLS, size, shorter)

    @property
    def growth(self) -> int:
        """A digest of how the last replay moved the end of the heap: to which pages, and by which calls."""
        return int.from_bytes(self.uc.mem_read(_HEAP_STATE + 8, 4), "little")

    @property
    def spare(self) -> int:
        """Bytes between the highest end of the heap in the last replay and where it may end."""
        highest = int.from_bytes(self.uc.mem_read(_HEAP_STATE + 16, 4), "little")
        return self.limit - max(highest, self.start_break)

    def place(self, size: int) -> Place:
        """What a first allocation of ``size`` bytes alone leads to.

        Raises:
            ReplayError: see ``passes``.
        """
        if not self._replay(FIRST, size, 0):
            return Place(0, 0, 0)
        address = int.from_bytes(self.uc.mem_read(self._probe_slot, 4), "little")
        end = int.from_bytes(self.uc.mem_read(_HEAP_STATE, 4), "little")
        # Up to the old break stands all that the allocator keeps but the size word of what it added.
        allocator_state = bytes(self._memory[: len(self._saved)])
        return Place(
            address, end, zlib.crc32(allocator_state, zlib.crc32(struct.pack("<II", end, self.growth)))
        )

    def _replay(self, operations: int, size: int, shorter: int) -> bool:
        self._memory[: len(self._saved)] = self._saved
        uc = self.uc
        uc.mem_write(_HEAP_STATE, struct.pack("<5I", self.start_break, self.limit - shorter, 0, 0, 0))
        uc.reg_write(arm.UC_ARM_REG_R9, _HEAP_STATE)
        uc.mem_write(operations + self._probe_word, (size + self._header).to_bytes(4, "little"))
        return self._cpu.run(operations)

"""A bare Cortex-M4 that runs an image one instruction at a time and knows who called whom.

The truth about the call chain is kept apart from any debug information: a call pushes its return
address, arriving there with the stack pointer of the call pops it.
"""

from __future__ import annotations

from collections.abc import Callable

from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_R12,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M4,
)

from mlbench.elf.image import Image

RAM, RAM_SIZE = 0x2000_0000, 0x4_0000


class Machine:
    """An image in flash and RAM, to be run from any function."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        self.uc.mem_map(0, 0x10_0000)
        self.uc.mem_map(RAM, RAM_SIZE)
        for segment in image.segments:
            self.uc.mem_write(segment.address, segment.data)
        self.calls: list[tuple[int, int]] = []
        """Return address and stack pointer of each call that has not returned."""

    def registers(self) -> dict[int, int]:
        numbers = [
            *range(UC_ARM_REG_R0, UC_ARM_REG_R12),
            UC_ARM_REG_R12,
            UC_ARM_REG_SP,
            UC_ARM_REG_LR,
            UC_ARM_REG_PC,
        ]
        return {index: self.uc.reg_read(number) for index, number in enumerate(numbers)}

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.uc.mem_read(address, size))

    def chain(self) -> list[int]:
        """The program counter and the return addresses, innermost first."""
        return [self.uc.reg_read(UC_ARM_REG_PC), *(address for address, _ in reversed(self.calls))]

    def run(
        self,
        start: int,
        at_each: Callable[[Machine], bool],
        *,
        stack: int = RAM + RAM_SIZE,
        link: int = 0xFFFF_FFFF,
        most: int = 200_000,
    ) -> None:
        """Run until ``at_each``, called before every instruction, says True."""

        def hook(uc: Uc, address: int, size: int, _: object) -> None:
            stack_pointer = uc.reg_read(UC_ARM_REG_SP)
            while self.calls and self.calls[-1] == (address, stack_pointer):
                self.calls.pop()
            if at_each(self):
                uc.emu_stop()
                return
            code = bytes(uc.mem_read(address, 4))
            first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
            if (size == 4 and first >> 11 == 0x1E and second & 0xD000 == 0xD000) or first & 0xFF87 == 0x4780:
                self.calls.append((address + size, stack_pointer))

        handle = self.uc.hook_add(UC_HOOK_CODE, hook)
        self.uc.reg_write(UC_ARM_REG_SP, stack)
        self.uc.reg_write(UC_ARM_REG_LR, link)
        try:
            self.uc.emu_start(start | 1, 0xFFFF_FFFE, count=most)
        finally:
            self.uc.hook_del(handle)

"""The CPU: Unicorn's Cortex-M4 with memory that Python can see, and nothing of the chip around it."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import unicorn
from unicorn import arm_const as arm

from mlbench.emulator.block_hook import CORE_REGISTERS, BlockHook, Stop
from mlbench.emulator.cpu_fields import CpuFields
from mlbench.emulator.hook_common import LOOK_HOST
from mlbench.emulator.native_cpu import make_unicorn, memory_or_fault

PAGE = 4096
_END = 0xFFFFFFFE
"""An ``until`` address that is never reached: execution there is a fault anyway."""


class Why(Enum):
    """Why the CPU stopped, beyond what the block hook asked for."""

    HOOK = "block hook"
    EXCEPTION = "exception"
    SLEEP = "sleep"
    REFUSED = "refused access"
    TRAPPED = "trapped instruction"
    ERROR = "error"


class CpuStop(NamedTuple):
    """One stop. ``number`` is Unicorn's exception number, or its error."""

    why: Why
    number: int = 0


class Trap:
    """Unicorn's exception numbers for M-profile CPUs, as the interrupt hook reports them."""

    UNDEFINED = 1
    SVC = 2
    PREFETCH_ABORT = 3
    DATA_ABORT = 4
    BKPT = 7
    EXCEPTION_EXIT = 8


@dataclass
class MemoryRegion:
    """One region of plain memory, shared between the CPU and Python."""

    name: str
    start: int
    size: int
    data: mmap.mmap
    writable: bool = True

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.start + self.size


class AccessFault(NamedTuple):
    """The access that faulted, and the instruction it belongs to.

    ``kind`` is read, write or fetch. ``refused``: by a register, not for want of one.
    """

    kind: str
    address: int
    size: int
    pc: int
    refused: bool = False


class Cpu:
    """Unicorn, its memory and its registers.

    Raises:
        EnvironmentFault: this machine has no memory for it.
    """

    def __init__(self, hook: BlockHook) -> None:
        # UC_MODE_MCLASS would make it a Cortex-M33, whatever model is named.
        self.uc = make_unicorn(unicorn.UC_MODE_THUMB)
        self.fields = CpuFields(self.uc)
        self.hook = hook
        self.memories: list[MemoryRegion] = []
        self.access_fault: AccessFault | None = None
        self.memory_fault = (0, 0)
        """Address and kind of what a memory trap is about; see ``CpuFields.fault``."""
        self.program: Callable[[int, int, int], bool] | None = None
        """Offered each write to memory that cannot be written: whether it took it."""
        self.programmed = False
        self._loads: int | None = None
        self._trap: int | None = None
        self._trapped = False
        self.uc.hook_add(
            unicorn.UC_HOOK_MEM_INVALID,
            self._on_bad_access,
        )
        hook.attach(self.uc)
        self._read_register, self._write_register = hook.accessors(self.uc)
        hook.watch_traps(self.uc, self._on_trap)

    def map(self, name: str, start: int, size: int, *, writable: bool) -> MemoryRegion:
        """Map plain memory; not writable means that a write by the firmware faults.

        Raises:
            EnvironmentFault: this machine has no memory for it.
        """
        with memory_or_fault():
            data = mmap.mmap(-1, size)
        memory = MemoryRegion(name, start, size, data, writable)
        pointer = ctypes.addressof(ctypes.c_char.from_buffer(data))
        rights = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
        if writable:
            rights |= unicorn.UC_PROT_WRITE
        with memory_or_fault():
            self.uc.mem_map_ptr(start, size, rights, pointer)
        self.memories.append(memory)
        self.hook.map(start, data)
        return memory

    def map_again(self, name: str, start: int, memory: MemoryRegion) -> MemoryRegion:
        """Map a memory at a second address. The CPU emulation takes them for two: see ``ram_code``.

        Raises:
            EnvironmentFault: this machine has no memory for it.
        """
        pointer = ctypes.addressof(ctypes.c_char.from_buffer(memory.data))
        with memory_or_fault():
            self.uc.mem_map_ptr(start, memory.size, unicorn.UC_PROT_ALL, pointer)
        second = MemoryRegion(name, start, memory.size, memory.data, memory.writable)
        self.memories.append(second)
        self.hook.map(start, memory.data)
        return second

    def watch_loads(self, memory: MemoryRegion, listener: Callable[[int, int], None] | None) -> None:
        """Tell of each read of a memory by code, before it is done: address and bytes. None: no longer.

        Code runs several times slower meanwhile.
        """
        if self._loads is not None:
            self.uc.hook_del(self._loads)
            self._loads = None
        elif listener is None:
            return
        if listener is not None:
            notify = listener

            def load(_uc: object, _kind: int, address: int, size: int, _value: int, _user: object) -> None:
                notify(address, size)

            self._loads = self.uc.hook_add(
                unicorn.UC_HOOK_MEM_READ, load, begin=memory.start, end=memory.end - 1
            )
        # What is translated already was without, or is with.
        self.uc.ctl_flush_tb()

    def memory_at(self, address: int) -> MemoryRegion | None:
        """The plain memory that holds ``address``."""
        return next((m for m in self.memories if m.start <= address < m.end), None)

    def read(self, address: int, size: int) -> bytes:
        """Read plain memory; what lies outside of it is left out, so the answer may be short."""
        memory = self.memory_at(address)
        if memory is None:
            return b""
        offset = address - memory.start
        return memory.data[offset : offset + size]

    def write(self, address: int, data: bytes) -> None:
        """Write plain memory from the host's side. Raises ValueError outside of it."""
        memory = self.memory_at(address)
        if memory is None or address + len(data) > memory.end:
            raise ValueError(f"no memory at {address:#x}")
        offset = address - memory.start
        memory.data[offset : offset + len(data)] = data

    def halfwords(self, address: int) -> tuple[int, int]:
        """Two halfwords of plain memory, an instruction and what follows it; 0 outside of it."""
        data = self.read(address, 4).ljust(4, b"\0")
        return int.from_bytes(data[:2], "little"), int.from_bytes(data[2:], "little")

    def word(self, address: int) -> int:
        """One 32-bit word of plain memory; 0 outside of it."""
        return int.from_bytes(self.read(address, 4), "little")

    def _on_trap(self, number: int) -> None:
        self._trap = number
        if number in (Trap.PREFETCH_ABORT, Trap.DATA_ABORT):
            # On its way out Unicorn looks for code at its end address, which is a fault as well.
            self.memory_fault = self.fields.fault()
        self.uc.emu_stop()

    def _on_bad_access(
        self, _uc: unicorn.Uc, access: int, address: int, size: int, value: int, _user: object
    ) -> bool:
        if access == unicorn.UC_MEM_WRITE_PROT and self.program is not None:
            self.programmed = self.program(address & 0xFFFFFFFF, size, value & 0xFFFFFFFF)
        kind = {
            unicorn.UC_MEM_WRITE_UNMAPPED: "write",
            unicorn.UC_MEM_WRITE_PROT: "write",
            unicorn.UC_MEM_FETCH_UNMAPPED: "fetch",
            unicorn.UC_MEM_FETCH_PROT: "fetch",
        }.get(access, "read")
        # After a store within an IT block Unicorn goes on to the end of the translated block, without it.
        if self.access_fault is None:
            # What else the block still does is not for the block hook to deal with.
            self.hook.attention |= LOOK_HOST
            self.access_fault = AccessFault(kind, address & 0xFFFFFFFF, size, self.pc)
        return False

    def refuse(self, kind: str, address: int, size: int) -> None:
        """From within an access to a register: it is not done, and the CPU stops at its instruction."""
        self.access_fault = AccessFault(kind, address, size, 0, refused=True)
        self.hook.attention |= LOOK_HOST
        self.uc.emu_stop()

    def trap(self) -> None:
        """From within a hook of an instruction: it is not executed, and the CPU stops at it."""
        self._trapped = True
        self.hook.attention |= LOOK_HOST
        self.uc.emu_stop()

    def run(self, until: int | None = None) -> CpuStop:
        """Run from the current PC until something stops it.

        Args:
            until: an address to stop at, by ``Why.SLEEP``; the block hook is not asked on the way there.
        """
        self._trap = None
        self._trapped = self.programmed = False
        self.access_fault = None
        self.hook.reason = 0 if until is None else Stop.QUIET
        if not self.thumb:
            # Unicorn would take the bit from the address it is started at.
            return CpuStop(Why.ERROR, unicorn.UC_ERR_INSN_INVALID)
        try:
            self.uc.emu_start(self.pc | 1, _END if until is None else until)
            self.hook.check()
        except unicorn.UcError as error:
            self.hook.check()
            if until is not None:
                self.hook.reason = 0
            if self.hook.reason:
                return CpuStop(Why.HOOK)
            return CpuStop(Why.ERROR, error.errno)
        if until is not None:
            self.hook.reason = 0
        if self.access_fault is not None:
            return CpuStop(Why.REFUSED)
        if self.hook.reason:
            return CpuStop(Why.HOOK)
        if self._trapped:
            return CpuStop(Why.TRAPPED)
        if self._trap is not None:
            return CpuStop(Why.EXCEPTION, self._trap)
        return CpuStop(Why.SLEEP)

    def mode_changed(self) -> None:
        """To be called when mode or privilege were changed by writing registers.

        Unicorn keeps what follows from them apart, and renews it when the flags are written by this name.
        """
        self.set_reg(arm.UC_ARM_REG_APSR_NZCV, self.reg(arm.UC_ARM_REG_XPSR))

    @property
    def thumb(self) -> bool:
        """EPSR.T: clear after a branch to an even address, which no instruction of this core survives."""
        return bool(self.reg(arm.UC_ARM_REG_XPSR) & 1 << 24)

    def reg(self, register: int) -> int:
        """A register of 32 bits by Unicorn's number."""
        return self._read_register(register)

    def set_reg(self, register: int, value: int) -> None:
        """Write a register of 32 bits by Unicorn's number."""
        self._write_register(register, value)

    def r(self, number: int) -> int:
        """Core register r0 to r15."""
        return self.reg(CORE_REGISTERS[number])

    def set_r(self, number: int, value: int) -> None:
        """Write core register r0 to r14 (the PC: ``pc``)."""
        self.set_reg(CORE_REGISTERS[number], value)

    @property
    def pc(self) -> int:
        """The program counter, without its Thumb bit."""
        return self.reg(arm.UC_ARM_REG_PC) & ~1

    @pc.setter
    def pc(self, value: int) -> None:
        # Unicorn takes the Thumb state from bit 0 of what is written.
        self.set_reg(arm.UC_ARM_REG_PC, value | 1)

    @property
    def sp(self) -> int:
        """The stack pointer in use."""
        return self.reg(arm.UC_ARM_REG_SP)

    @property
    def lr(self) -> int:
        """The link register."""
        return self.reg(arm.UC_ARM_REG_LR)

    def registers(self) -> dict[int, int]:
        """r0 to r15 by number."""
        return {number: self.r(number) for number in range(16)}

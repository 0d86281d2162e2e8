"""The core around its instructions: it takes exceptions and returns from them, sleeps and faults.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5 (exception model).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unicorn import arm_const as arm

from mlbench.emulator import exceptions, nrf52840
from mlbench.emulator.clock import Clock
from mlbench.emulator.cpu import Cpu, Trap
from mlbench.emulator.cycles.model import BlockFlag, RunCosts
from mlbench.emulator.endings import End, Ending
from mlbench.emulator.hotpath import NEVER, HotPath
from mlbench.emulator.nvic import EXCEPTION_NAMES, FIRST_IRQ, SVCALL, Nvic
from mlbench.emulator.peripherals.core import SystemControl
from mlbench.errors import EnvironmentFault

_WFE, _WFI = (2, 0xBF20), (2, 0xBF30)
_WIDE_WFE, _WIDE_WFI = (4, 0x8002F3AF), (4, 0x8003F3AF)


class Processor:
    """What the core does between two blocks of instructions."""

    def __init__(
        self, cpu: Cpu, hot: HotPath, nvic: Nvic, clock: Clock, costs: RunCosts, scs: SystemControl
    ) -> None:
        self.cpu = cpu
        self.hot = hot
        self.nvic = nvic
        self.clock = clock
        self.costs = costs
        self.scs = scs
        self.asleep = 0
        """Address of the WFI or WFE that the CPU sleeps in; 0: it is awake."""
        self._resumed: set[int] = set()
        """Frames of exceptions that came between a breakpoint dealt with and its instruction."""
        self.on_switch: Callable[[int], None] | None = None
        """See ``Machine.on_switch``."""

    def reset(self) -> None:
        """Awake, and in no exception."""
        self.asleep = 0
        self._resumed.clear()
        self.nvic.reset()
        self.hot.event_register = self.hot.unmask_attention = 0

    def save(self) -> Any:
        """What a snapshot must hold."""
        return self.asleep, frozenset(self._resumed)

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        self.asleep, resumed = saved
        self._resumed = set(resumed)

    def _masks(self) -> tuple[int, int, int]:
        cpu = self.cpu
        return (
            cpu.reg(arm.UC_ARM_REG_PRIMASK) & 1,
            cpu.reg(arm.UC_ARM_REG_BASEPRI) & 0xFF,
            cpu.reg(arm.UC_ARM_REG_FAULTMASK) & 1,
        )

    def take_exception(self) -> Ending | None:
        """Take the exception that is ready, if there is one."""
        if not self.nvic.pending:
            self.hot.unmask_attention = 0
            return None
        number = self.nvic.ready(*self._masks())
        if number is None:
            # Something may unmask it: look again after each block that can. The one behind us has been
            # looked at.
            self.hot.unmask_attention = int(self.nvic.candidate() is not None)
            self.hot.last_flags &= ~BlockFlag.UNMASKS
            return None
        try:
            frame = exceptions.enter(self.cpu, self.nvic, number, self.scs.vector_table)
        except exceptions.ExceptionFault as fault:
            return Ending(
                End.FAULT, f"{EXCEPTION_NAMES.get(number, f'interrupt {number - FIRST_IRQ}')}: {fault.what}"
            )
        self.asleep = 0
        self.hot.event_register = 1
        self.hot.low_sp = min(self.hot.low_sp, frame)
        if self.on_switch is not None:
            self.on_switch(frame)
        self.hot.cycles += self.costs.exception_entry
        self.hot.expected = self.cpu.pc
        if self.hot.resumed:
            self._resumed.add(frame)
            self.hot.resumed = 0
        # More may be pending that preempts at once.
        self.hot.attention = 1
        return None

    def could_take(self) -> bool:
        """Whether an exception is ready."""
        return self.nvic.ready(*self._masks()) is not None

    def _sleep_instruction(self) -> tuple[int, int] | None:
        """The WFI or WFE that the PC has just passed: its size and its code."""
        data = self.cpu.read(self.cpu.pc - 4, 4).rjust(4, b"\0")
        for insn in (_WFE, _WFI, _WIDE_WFE, _WIDE_WFI):
            if int.from_bytes(data[4 - insn[0] :], "little") == insn[1]:
                return insn
        return None

    def fall_asleep(self) -> Ending | None:
        """WFI and WFE: the PC is past the instruction."""
        pc = self.hot.expected = self.cpu.pc
        insn = self._sleep_instruction()
        if insn is None:
            raise EnvironmentFault(f"the CPU emulation stopped at {pc:#010x} without a reason")
        if insn in (_WFE, _WIDE_WFE) and self.hot.event_register:
            self.hot.event_register = 0
        else:
            self.asleep = pc - insn[0]
        return None

    def sleep(self) -> Ending | None:
        """Asleep: wake, or let time pass to the next event."""
        # PRIMASK does not keep WFI from waking (ARMv7-M ARM, B1.5.19).
        _, basepri, faultmask = self._masks()
        if self.nvic.ready(0, basepri, faultmask) is not None:
            self.asleep = 0
            return None
        at = self.clock.next_at()
        if at == NEVER:
            return Ending(End.IDLE, "asleep, and no event can come that wakes it", self.asleep)
        self.clock.sleep_until(min(at, self.clock.limit))
        return None

    def handle_trap(self, number: int) -> Ending | None:
        """An instruction trapped: SVC, BKPT, a return from an exception, or an undefined one."""
        cpu = self.cpu
        if number == Trap.SVC:
            self.hot.expected = cpu.pc
            if self.nvic.group_priority(SVCALL) >= self.nvic.execution_priority(*self._masks()):
                return Ending(End.FAULT, "HardFault: SVC while its priority is masked", cpu.pc - 2)
            self.nvic.pending.add(SVCALL)
            # A more urgent one that became pending in the same block goes first, SVCall after it.
            return self.take_exception()
        if number == Trap.EXCEPTION_EXIT:
            return self._return_from_exception()
        if number == Trap.BKPT:
            return Ending(End.SEMIHOSTING, "a breakpoint instruction without a debugger", cpu.pc)
        return Ending(End.FAULT, f"UsageFault: undefined instruction at {cpu.pc:#010x}", cpu.pc)

    def _return_from_exception(self) -> Ending | None:
        # Unicorn leaves the value in PC without its lowest bit.
        value = self.cpu.reg(arm.UC_ARM_REG_PC) | 1
        self.hot.drop_late_reads()
        try:
            frame = exceptions.leave(self.cpu, self.nvic, value)
        except exceptions.ExceptionFault as fault:
            return Ending(End.FAULT, f"UsageFault: {fault.what}", value)
        self.hot.cycles += self.costs.exception_exit
        self.hot.expected = self.cpu.pc
        if self.on_switch is not None:
            self.on_switch(frame)
        self.hot.event_register = 1
        if frame in self._resumed:
            self._resumed.remove(frame)
            self.hot.resumed = 1
        return None

    def handle_error(self, errno: int) -> Ending | None:
        """The CPU emulation stopped with an error."""
        cpu = self.cpu
        fault = cpu.access_fault
        if fault is None and self.hot.expected == cpu.pc and self._sleep_instruction() is not None:
            # Unicorn reports WFE as an invalid instruction, with PC past it, where its block ends.
            return self.fall_asleep()
        if fault is not None:
            kind = {"read": "reading", "write": "writing", "fetch": "executing"}[fault.kind]
            where = self._describe(fault.address)
            return Ending(End.FAULT, f"BusFault: {kind} {fault.address:#010x}{where}", fault.address)
        if errno == 0:
            raise EnvironmentFault("the CPU emulation stopped without a reason")
        return Ending(End.FAULT, f"UsageFault: undefined instruction at {cpu.pc:#010x}", cpu.pc)

    def _describe(self, address: int) -> str:
        if address < nrf52840.FLASH_SIZE:
            return " (flash cannot be written like this)" if address >= 0x1000 else " (a null pointer)"
        if nrf52840.RAM_START + nrf52840.RAM_SIZE <= address < nrf52840.RAM_START + 2 * nrf52840.RAM_SIZE:
            return " (past the end of RAM)"
        return ""

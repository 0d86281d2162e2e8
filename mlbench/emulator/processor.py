"""The core around its instructions: it takes exceptions and returns from them, sleeps and faults.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5 (exception model).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unicorn import arm_const as arm

from mlbench.cycles.alignment import AlignedUse
from mlbench.cycles.model import BlockFlag, RunCosts
from mlbench.emulator import exceptions, transfers
from mlbench.emulator.aligned_bases import AlignedBases
from mlbench.emulator.block_hook import NEVER, BlockHook
from mlbench.emulator.chip import Chip
from mlbench.emulator.clock import Clock
from mlbench.emulator.core_record import RunningMode, Switched
from mlbench.emulator.cpu import Cpu, CpuStop, Trap, Why
from mlbench.emulator.endings import End, Ending
from mlbench.emulator.exceptions import ExceptionFrame, Refused
from mlbench.emulator.faults import Fault, FaultLog, FaultStatus, HardStatus, describe, stack_left_ram
from mlbench.emulator.hook_common import CHECKED, COUNTED, LOOK_PENDING
from mlbench.emulator.host_time import Activity
from mlbench.emulator.instruction_traps import InstructionTraps, Reason
from mlbench.emulator.mpu import ENABLE, HFNMIENA, PRIVDEFENA
from mlbench.emulator.native_exceptions import PendingLook, make_native_exceptions
from mlbench.emulator.nvic import (
    BUS_FAULT,
    DEBUG_MONITOR,
    HARD_FAULT,
    MEM_MANAGE,
    NMI,
    SVCALL,
    USAGE_FAULT,
    Nvic,
    exception_name,
)
from mlbench.emulator.peripherals import core
from mlbench.emulator.peripherals.core import SystemControl
from mlbench.emulator.semihosting import BKPT, Semihosting
from mlbench.emulator.softdevice import FIRST_CALL, InFront, answer_of
from mlbench.emulator.unaligned import describe_unaligned
from mlbench.errors import EnvironmentFault

_WFE, _WFI = (2, 0xBF20), (2, 0xBF30)
_WIDE_WFE, _WIDE_WFI = (4, 0x8002F3AF), (4, 0x8003F3AF)
_DFSR_BKPT = 2
_ALIGNMENT = 1
"""Kind of a fault of memory, as the CPU emulation names it."""


class Processor:
    """What the core does between two blocks of instructions."""

    def __init__(
        self,
        cpu: Cpu,
        hook: BlockHook,
        clock: Clock,
        costs: RunCosts,
        scs: SystemControl,
        faults: FaultLog,
        semihosting: Semihosting,
        note: Callable[[str], None],
        chip: Chip,
        activity: Activity,
    ) -> None:
        self.cpu, self.hook, self.clock, self.costs, self.scs = cpu, hook, clock, costs, scs
        self.nvic: Nvic = scs.nvic
        self.nvic.on_pend = self._pended
        self.faults = faults
        self.traps = InstructionTraps(cpu)
        self.aligned_bases = AlignedBases(cpu, hook)
        self._semihosting = semihosting
        self._note = note
        self._chip = chip
        self._activity = activity
        self.in_front = InFront(cpu.read, chip.flash.start, chip.flash.start)
        """What belongs in front of the image."""
        self.asleep = 0
        """Address of the WFI or WFE that the CPU sleeps in, or after SLEEPONEXIT of what comes next."""
        self._waits_for_event = False
        """Asleep by WFE, not by WFI."""
        self._resumed: set[int] = set()
        """Frames of exceptions that came between a breakpoint dealt with and its instruction."""
        self._set_mpu_in_force(0)
        self._floating = (True, 0)
        """FPCCR.ASPEN and FPDSCR as the CPU emulation has them."""
        self._on_switch: Switched | None = None
        self.native = make_native_exceptions(cpu, hook, self.nvic, costs, chip.ram)
        """Exceptions in C; None where Python has to deal with them."""
        self.describe_ram: Callable[[int], str] = lambda _address: ""
        """Asked what is at an address of RAM that has no name, for a report; empty: it cannot be told."""

    def stand_behind(self, in_front: InFront) -> None:
        """Know what belongs in front of the image: what it asks of that is told where it is missing."""
        self.in_front = in_front
        self.nvic.record.host_calls = FIRST_CALL if in_front.missing() else 0

    def reset(self) -> None:
        """Awake, and in no exception."""
        self.asleep, self._waits_for_event = 0, False
        self._resumed.clear()
        self.nvic.reset()
        self.faults.clear()
        self.hook.event_register = self.hook.unmask_attention = 0

    def save(self) -> Any:
        """What a snapshot must hold."""
        cpu_state = self._mpu_in_force, self._floating
        return self.asleep, self._waits_for_event, frozenset(self._resumed), cpu_state, self.faults.save()

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        self.asleep, self._waits_for_event, resumed, cpu_state, faults = saved
        # The CPU's own state, which is loaded with its context.
        self._set_mpu_in_force(cpu_state[0])
        self._floating = cpu_state[1]
        self._resumed = set(resumed)
        self.faults.load(faults)

    @property
    def on_switch(self) -> Switched | None:
        """See ``Machine.on_switch``."""
        return self._on_switch

    @on_switch.setter
    def on_switch(self, listener: Switched | None) -> None:
        self._on_switch = listener
        self.hook.tell_switches(listener)

    def count_native(self) -> None:
        """Count what was dealt with in C since the CPU was last let run."""
        if self.native is not None:
            exceptions, registers = self.native.counts()
            self._activity.exceptions += exceptions
            self._activity.registers += registers

    # --- what registers decide ----------------------------------------------------------------

    def settle(self) -> None:
        """Make what was written to the core's registers hold, before the next instruction."""
        scs = self.scs
        if self.native is not None:
            # What has to be found out when an exception returns is the host's.
            self.nvic.record.host = self.faults.handling or bool(self._resumed)
        if scs.mpu_dirty:
            scs.mpu_dirty = False
            self._set_mpu()
        if scs.floating_dirty:
            scs.floating_dirty = False
            floating = bool(scs.fpccr & core.ASPEN), scs.value(core.FPDSCR)
            if floating != self._floating:
                self.cpu.fields.set_floating(*floating)
                self._floating = floating
        if scs.traps_dirty:
            scs.traps_dirty = False
            ccr = scs.value(core.CCR)
            wanted = {
                Reason.DIVIDE: ccr & core.DIV_0_TRP,
                Reason.ALIGN: ccr & core.UNALIGN_TRP,
                Reason.FLOAT: not scs.float_enabled(),
            }
            self.traps.want(frozenset(reason for reason, on in wanted.items() if on))

    def _set_mpu(self) -> None:
        mpu = self.scs.mpu
        control = mpu.control
        if not control & HFNMIENA and {HARD_FAULT, NMI} & set(self.nvic.active):
            # Without HFNMIENA the MPU is off at negative priorities (B3.5.3).
            control = 0
        if control & ENABLE or self._mpu_in_force & ENABLE:
            if self.cpu.fields.available:
                self.cpu.fields.set_mpu(control, mpu.bases, mpu.attributes)
            else:
                self._note("the MPU is not enforced: this build of the CPU emulation is not known")
        self._set_mpu_in_force(control)

    @property
    def _mpu_in_force(self) -> int:
        """ENABLE, where it is in force; what is in C may have changed it."""
        return int(self.nvic.record.mpu_on)

    def _set_mpu_in_force(self, control: int) -> None:
        record = self.nvic.record
        record.mpu_on, record.mpu_default = control & ENABLE, self.scs.mpu.control & PRIVDEFENA

    def _allowed(self, address: int, size: int, privileged: bool, write: bool) -> bool:
        return not self._mpu_in_force & ENABLE or self.scs.mpu.allows(address, size, privileged, write)

    def _pended(self) -> None:
        if self.scs.value(core.SCR) & core.SEVONPEND:
            self.hook.event_register = 1

    # --- taking exceptions --------------------------------------------------------------------

    def _level(self) -> int:
        return self.nvic.execution_priority(*exceptions.masks(self.cpu))

    def uninterruptible(self) -> bool:
        """Whether what runs is a HardFault or an NMI, or as urgent as these: no interrupt comes between."""
        return self._level() <= -1

    def could_take(self) -> bool:
        """Whether an exception is ready."""
        return self.nvic.ready(*exceptions.masks(self.cpu)) is not None

    def take_exception(self) -> Ending | None:
        """Take the exception that is ready, if there is one."""
        if self.native is not None and (outcome := self.native.take()) is not PendingLook.HOST:
            if outcome is PendingLook.TAKEN:
                self.asleep = 0
            return None
        if not self.nvic.pending:
            self.hook.unmask_attention = 0
            return None
        number = self._ready()
        if number is None:
            # Something may unmask it: look again after each block that can. The one behind us has been
            # looked at.
            self.hook.unmask_attention = int(self.nvic.candidate() is not None)
            self.hook.last_flags &= ~BlockFlag.UNMASKS
            return None
        return self._enter(number)

    def _ready(self) -> int | None:
        number = self.nvic.ready(*exceptions.masks(self.cpu))
        if number in (MEM_MANAGE, BUS_FAULT, USAGE_FAULT) and not self.scs.fault_enabled(number):
            # Pended as a fault of its own, and disabled since.
            self.nvic.unpend(number)
            self.scs.report_hard(HardStatus.FORCED)
            return HARD_FAULT
        return number

    def _enter(self, number: int, chained: ExceptionFrame | None = None) -> Ending | None:
        """Exception entry (B1.5.6); ``chained``: on a frame that is there already."""
        cpu, scs, nvic = self.cpu, self.scs, self.nvic
        level = self._level()
        if chained is None:
            sp = cpu.sp
            frame = exceptions.push(cpu, bool(scs.value(core.CCR) & core.STKALIGN), self._allowed)
            if frame.floating and not scs.fpccr & core.LSPEN:
                self.hook.cycles += self.costs.float_state
            elif frame.floating:
                # Storing is deferred: the return pays for it if there was need.
                scs.reserve_floats(frame.address + exceptions.FLOAT_OFFSET, self._ready_bits(level))
            if frame.refused is not None:
                number = self._stacking_failed(frame, number, sp, level)
        else:
            frame = chained
        table = scs.vector_table
        if cpu.memory_at(table + 4 * number) is None:
            scs.report_hard(HardStatus.VECTTBL)
            what = f"no memory for the vector of {exception_name(number)} at {table + 4 * number:#010x}"
            self.faults.happened(Fault(HARD_FAULT, what, cpu.pc, table + 4 * number))
            # HardFault has its vector in the same place: the core locks up.
            return self.faults.end()
        handler = cpu.word(table + 4 * number)
        if number in (HARD_FAULT, NMI):
            self.scs.mpu_dirty = True
        exceptions.take(cpu, number, handler, frame.exc_return)
        nvic.enter(number)
        self._activity.exceptions += 1
        self.faults.taken(number)
        self.asleep = 0
        self.hook.event_register = 1
        self.hook.drop_late_reads()
        # A frame that is there already lies on the stack of a thread that has not gone on meanwhile.
        if chained is None and frame.address < self.hook.low_sp:
            self.hook.low_sp = frame.address
            self.hook.note_depth(frame.address)
        self.hook.enter_exception(frame.address, chained=chained is not None)
        if self.on_switch is not None:
            self.on_switch(frame.address, RunningMode.UNKNOWN)
        self.hook.cycles += self.costs.exception_chain if chained else self.costs.exception_entry
        self.hook.expected = cpu.pc
        if self.hook.resumed:
            self._resumed.add(frame.address)
            self.hook.resumed = 0
        # More may be pending that preempts at once.
        self.hook.attention |= LOOK_PENDING
        if not handler & 1:
            what = f"the vector of {exception_name(number)} is {handler:#010x}, not Thumb code"
            return self.fault(Fault(USAGE_FAULT, what, cpu.pc, handler, FaultStatus.INVSTATE))
        return None

    def _ready_bits(self, level: int) -> int:
        """FPCCR's remarks on the state that was interrupted (B3.2.21)."""
        value = 2 if exceptions.unprivileged(self.cpu) else 0
        value |= 0 if exceptions.ipsr(self.cpu) else 8
        value |= 16 if level > -1 else 0
        for number, bit in ((MEM_MANAGE, 32), (BUS_FAULT, 64)):
            if self.scs.fault_enabled(number) and self.nvic.group_priority(number) < level:
                value |= bit
        if self.scs.value(core.DEMCR) & core.MON_EN and self.nvic.group_priority(DEBUG_MONITOR) < level:
            value |= 256
        return value

    def _stacking_failed(self, frame: ExceptionFrame, number: int, sp: int, level: int) -> int:
        """A fault of the entry itself (a derived exception, B1.5.10): which of the two is taken now."""
        bus = frame.refused is Refused.BUS
        kind, status = (BUS_FAULT, FaultStatus.STKERR) if bus else (MEM_MANAGE, FaultStatus.MSTKERR)
        why = self._describe(frame.address) if bus else f" ({Refused.MPU.value})"
        what = f"stacking an exception frame at {frame.address:#010x}{why} for {exception_name(number)}"
        if bus and stack_left_ram(frame.address, sp, self._chip):
            what = f"stack overflow: {what}"
        self.cpu.set_reg(arm.UC_ARM_REG_SP, sp)
        self.faults.happened(Fault(kind, what, self.cpu.pc, frame.address, status))
        self.cpu.set_reg(arm.UC_ARM_REG_SP, frame.address)
        self.scs.report(status)
        derived = self._escalated(kind, level)
        if level <= -1 or number in (HARD_FAULT, NMI):
            self.faults.taken(number)
            return number
        if (self.nvic.group_priority(derived), derived) < (self.nvic.group_priority(number), number):
            self.nvic.pend(number)
            return derived
        self.nvic.pend(derived)
        return number

    # --- faults -------------------------------------------------------------------------------

    def _escalated(self, number: int, level: int) -> int:
        """The exception that a fault becomes: HardFault where its own cannot be taken (B1.5.14)."""
        if number == HARD_FAULT:
            return number
        enabled = self.scs.fault_enabled(number) if number != DEBUG_MONITOR else True
        if enabled and self.nvic.group_priority(number) < level:
            return number
        self.scs.report_hard(HardStatus.FORCED)
        return HARD_FAULT

    def fault(
        self, fault: Fault, access: int | None = None, chained: ExceptionFrame | None = None
    ) -> Ending | None:
        """A fault of the instruction at the PC, or of an exception's return.

        Args:
            fault: what happened.
            access: what MMFAR or BFAR is to hold.
            chained: the frame that the fault's handler takes over.
        """
        go_on = self.faults.happened(fault)
        self.scs.report(fault.status, access)
        level = self._level()
        number = self._escalated(fault.number, level)
        if not go_on or (number == HARD_FAULT and level <= -1):
            # Lockup (B1.5.15), or no end of it.
            return self.faults.end()
        return self._enter(number, chained)

    def _store_failed(self, fault: Fault, store: transfers.StoreInstruction) -> Ending | None:
        """A fault of a store that the write buffer has taken: the core is behind it when it is told."""
        self.faults.happened(fault)
        self.complete(store)
        return self._bus_fault_later()

    def _bus_fault_later(self) -> Ending | None:
        """A fault that is not the current instruction's: taken when its priority allows."""
        self.scs.report(FaultStatus.IMPRECISERR)
        number = BUS_FAULT
        if not self.scs.fault_enabled(BUS_FAULT):
            self.scs.report_hard(HardStatus.FORCED)
            number = HARD_FAULT
        if number == HARD_FAULT and self._level() <= -1:
            return self.faults.end()
        self.nvic.pend(number)
        self.hook.attention |= LOOK_PENDING
        return None

    def complete(self, store: transfers.StoreInstruction) -> None:
        """Go on behind the store at the PC, whose data somebody else has taken care of."""
        if store.base >= 0:
            self.cpu.set_r(store.base, self.cpu.r(store.base) + store.change)
        end = self.hook.expected
        self._pass(store.size)
        self._resume_block(end)

    def _resume_block(self, end: int) -> None:
        """Go on within a block that ends at ``end``: it was counted as a whole."""
        if self.cpu.pc < end:
            self.hook.expected, self.hook.resumed = end, COUNTED

    def _pass(self, size: int) -> None:
        """Go on behind the instruction at the PC."""
        cpu = self.cpu
        xpsr = cpu.reg(arm.UC_ARM_REG_XPSR)
        cpu.set_reg(arm.UC_ARM_REG_EPSR, transfers.after_instruction(xpsr))
        cpu.pc = cpu.pc + size
        self.hook.expected = cpu.pc

    def _access_failed(self) -> Ending | None:
        """Nothing answers there, flash is not written like this, or a register refuses it."""
        cpu, access = self.cpu, self.cpu.access_fault
        assert access is not None
        verb = {"read": "reading", "write": "writing", "fetch": "executing"}[access.kind]
        why = (
            " (unprivileged code may not)"
            if access.refused
            else self._describe(access.address, executed=access.kind == "fetch")
        )
        what = f"{verb} {access.address:#010x}{why}"
        if not access.refused and stack_left_ram(access.address, cpu.sp, self._chip):
            what = f"stack overflow: {what}, SP {cpu.sp:#010x}"
        if access.kind == "fetch":
            return self.fault(Fault(BUS_FAULT, what, cpu.pc, access.address, FaultStatus.IBUSERR))
        buffered = not access.refused and not self.scs.value(core.ACTLR) & core.DISDEFWBUF
        if access.kind == "write" and buffered:
            fault = Fault(BUS_FAULT, what, access.pc, access.address, FaultStatus.IMPRECISERR)
            if cpu.pc != access.pc:
                self.faults.happened(fault)
                self.hook.expected = cpu.pc
                return self._bus_fault_later()
            store = transfers.decode_store(*self.cpu.halfwords(self.cpu.pc))
            if store is not None:
                return self._store_failed(fault, store)
        status = FaultStatus.PRECISERR | FaultStatus.BFARVALID
        return self.fault(Fault(BUS_FAULT, what, cpu.pc, access.address, status), access.address)

    def _memory_refused(self, executing: bool) -> Ending | None:
        """The MPU, the default memory map or an access that must be aligned."""
        cpu = self.cpu
        address, kind = cpu.memory_fault
        if kind == _ALIGNMENT:
            return self._unaligned(address)
        if executing:
            why = Refused.MPU.value if self._mpu_in_force & ENABLE else "nothing is executed there"
            what = f"executing {cpu.pc:#010x}{self.in_front.explain(cpu.pc, executed=True) or f' ({why})'}"
            return self.fault(Fault(MEM_MANAGE, what, cpu.pc, cpu.pc, FaultStatus.IACCVIOL))
        verb = "writing" if transfers.decode_store(*self.cpu.halfwords(self.cpu.pc)) else "reading"
        what = f"{verb} {address:#010x} ({Refused.MPU.value})"
        status = FaultStatus.DACCVIOL | FaultStatus.MMARVALID
        return self.fault(Fault(MEM_MANAGE, what, cpu.pc, address, status), address)

    def _unaligned(self, address: int) -> Ending | None:
        there = describe_unaligned(address, self.faults.image, self._chip, self.cpu.sp, self.describe_ram)
        what = f"unaligned access to {address:#010x}{there}"
        return self.fault(Fault(USAGE_FAULT, what, self.cpu.pc, address, FaultStatus.UNALIGNED))

    def suspect_bases(self, address: int, size: int) -> Ending | None:
        """The block hook has seen an unaligned base before a block."""
        return self._look_at_bases(self.aligned_bases.suspect(address, size))

    def _look_at_bases(self, uses: tuple[AlignedUse, ...]) -> Ending | None:
        for use in uses:
            stop = self.aligned_bases.approach(use)
            if stop is not None:
                return self.handle(stop)
            address = self.aligned_bases.unaligned(use)
            if address is not None:
                return self._unaligned(address)
            self.hook.resumed = CHECKED
        return None

    def _trapped(self) -> Ending | None:
        use = self.aligned_bases.take()
        if use is not None:
            end = self.hook.expected
            ending = self._look_at_bases((use,))
            if self.hook.resumed == CHECKED:
                self._resume_block(end)
            return ending
        assert self.traps.last is not None
        sight, address = self.traps.last
        pc = self.cpu.pc
        if sight.reason is Reason.ALIGN:
            return self._unaligned(address)
        status = FaultStatus.DIVBYZERO if sight.reason is Reason.DIVIDE else FaultStatus.NOCP
        return self.fault(Fault(USAGE_FAULT, f"{sight.reason.value} at {pc:#010x}", pc, pc, status))

    def _undefined(self) -> Ending | None:
        cpu = self.cpu
        pc = cpu.pc
        if not cpu.thumb:
            what = f"branch to {pc:#010x} without the Thumb bit{self.in_front.explain(pc, executed=True)}"
            return self.fault(Fault(USAGE_FAULT, what, pc, pc, FaultStatus.INVSTATE))
        first, second = self.cpu.halfwords(self.cpu.pc)
        status, more = FaultStatus.UNDEFINSTR, self.in_front.explain(pc, executed=True)
        if first & 0xEC00 == 0xEC00 and second >> 8 & 15 not in (10, 11):
            status, more = FaultStatus.NOCP, more or f" (there is no coprocessor {second >> 8 & 15})"
        return self.fault(Fault(USAGE_FAULT, f"undefined instruction at {pc:#010x}{more}", pc, pc, status))

    # --- stops of the CPU ---------------------------------------------------------------------

    def handle(self, stop: CpuStop) -> Ending | None:
        """The CPU stopped, other than by the block hook."""
        if stop.why is Why.EXCEPTION:
            return self._handle_trap(stop.number)
        if stop.why is Why.REFUSED:
            return self._access_failed()
        if stop.why is Why.TRAPPED:
            return self._trapped()
        if stop.why is Why.SLEEP:
            return self._fall_asleep()
        return self._handle_error(stop.number)

    def _handle_trap(self, number: int) -> Ending | None:
        cpu = self.cpu
        if number == Trap.SVC:
            self.hook.expected = cpu.pc
            called = self.cpu.read(cpu.pc - 2, 1)[0]
            missed = self.in_front.missed_call(called)
            if missed:
                return self._missed_call(called, missed)
            if self.nvic.group_priority(SVCALL) >= self._level():
                self.scs.report_hard(HardStatus.FORCED)
                at = cpu.pc - 2
                return self.fault(Fault(HARD_FAULT, "SVC while its priority is masked", at, at))
            self.nvic.pend(SVCALL)
            # A more urgent one that became pending in the same block goes first, SVCall after it.
            return self.take_exception()
        if number == Trap.EXCEPTION_EXIT:
            return self._return_from_exception()
        if number == Trap.BKPT:
            return self._breakpoint()
        if number in (Trap.PREFETCH_ABORT, Trap.DATA_ABORT):
            return self._memory_refused(number == Trap.PREFETCH_ABORT)
        return self._undefined()

    def _missed_call(self, number: int, what: str) -> Ending | None:
        """An SVC for a SoftDevice that is not there."""
        cpu, answer = self.cpu, answer_of(number)
        if answer is None:
            self.faults.happened(Fault(SVCALL, what, cpu.pc - 2, cpu.pc - 2))
            return self.faults.end()
        self._note(f"{what}. It is answered as by one that is not enabled")
        if self._chip.ram.holds(cpu.r(0)):
            cpu.write(cpu.r(0), answer)
        cpu.set_r(0, 0)
        self.hook.cycles += self.costs.exception_entry + self.costs.exception_exit
        return None

    def _describe(self, address: int, *, executed: bool = False) -> str:
        return self.in_front.explain(address, executed=executed) or describe(address, self._chip)

    def _handle_error(self, errno: int) -> Ending | None:
        cpu = self.cpu
        if cpu.access_fault is not None:
            return self._access_failed()
        if cpu.thumb and self.hook.expected == cpu.pc and self._sleep_instruction() is not None:
            # Unicorn reports WFE as an invalid instruction, with PC past it, where its block ends.
            return self._fall_asleep()
        if errno == 0:
            raise EnvironmentFault("the CPU emulation stopped without a reason")
        return self._undefined()

    def _breakpoint(self) -> Ending | None:
        cpu = self.cpu
        code = self.cpu.halfwords(self.cpu.pc)[0]
        if code == BKPT:
            self._note(
                "semihosting is answered here, as if a debugger were attached; a board without one stops"
            )
            self._activity.semihosting += 1
            left = self._semihosting.call()
            if left is not None:
                if self.faults.handling:
                    return self.faults.end()
                what = f"the firmware exited with status {left.status}"
                return Ending(End.SEMIHOSTING, what, cpu.pc, exit_status=left.status)
            self._pass(2)
            return None
        self.scs.report_debug(_DFSR_BKPT)
        if self.scs.debugger():
            what = f"the debugger stopped the firmware at a breakpoint instruction (bkpt #{code & 0xFF:#04x})"
            return self.faults.end() if self.faults.handling else Ending(End.SEMIHOSTING, what, cpu.pc)
        level = self._level()
        if self.scs.value(core.DEMCR) & core.MON_EN and self.nvic.group_priority(DEBUG_MONITOR) < level:
            return self._enter(DEBUG_MONITOR)
        self.scs.report_hard(HardStatus.DEBUGEVT)
        what = f"a breakpoint instruction (bkpt #{code & 0xFF:#04x}) without a debugger"
        return self.fault(Fault(HARD_FAULT, what, cpu.pc, cpu.pc))

    # --- returning ----------------------------------------------------------------------------

    def _return_problem(self, value: int, number: int) -> str | None:
        """Why a value does not return from the exception that runs (ExceptionReturn(), B1.5.8)."""
        if number not in self.nvic.active:
            return f"return by {value:#010x} from {exception_name(number)}, which is not active"
        if value | 0x1F != 0xFFFFFFFF or value & 0xF not in (0x1, 0x9, 0xD):
            return f"{value:#010x} is no exception return value"
        base = self.scs.value(core.CCR) & core.NONBASETHRDENA
        if value & 8 and len(self.nvic.active) != 1 and not base:
            return f"return by {value:#010x} to thread mode with another exception active"
        return None

    def _return_from_exception(self) -> Ending | None:
        # Unicorn leaves the value in PC without its lowest bit.
        cpu, scs, nvic = self.cpu, self.scs, self.nvic
        value = cpu.reg(arm.UC_ARM_REG_PC) | 1
        self.hook.drop_late_reads()
        number = exceptions.ipsr(cpu)
        last = len(nvic.active) == 1
        problem = self._return_problem(value, number)
        nvic.leave(number)
        if number != NMI:
            # FAULTMASK is cleared by any return but NMI's.
            cpu.set_reg(arm.UC_ARM_REG_FAULTMASK, 0)
        if number in (HARD_FAULT, NMI):
            scs.mpu_dirty = True
            self.settle()
        chained = ExceptionFrame(cpu.reg(arm.UC_ARM_REG_PSP) if value & 4 else cpu.sp, value, False, None)
        if problem is not None:
            return self.fault(Fault(USAGE_FAULT, problem, cpu.pc, value, FaultStatus.INVPC), chained=chained)
        remark = self.faults.returned(number)
        if remark is not None:
            self._note(remark)
        following = self._ready()
        if following is not None:
            # Tail-chaining (B1.5.12): the frame stays for the next handler, and is not looked at.
            return self._enter(following, chained)
        frame = exceptions.look(cpu, value, bool(scs.value(core.CCR) & core.STKALIGN), self._allowed)
        if frame.refused is not None:
            bus = frame.refused is Refused.BUS
            kind, status = (BUS_FAULT, FaultStatus.UNSTKERR) if bus else (MEM_MANAGE, FaultStatus.MUNSTKERR)
            what = f"unstacking an exception frame at {frame.address:#010x}"
            return self.fault(Fault(kind, what, cpu.pc, frame.address, status), chained=chained)
        to_thread = bool(value & 8)
        if to_thread == bool(frame.words[7] & 0x1FF):
            mode = "thread" if to_thread else "handler"
            what = f"return by {value:#010x} to {mode} mode with another exception number in the frame"
            return self.fault(Fault(USAGE_FAULT, what, cpu.pc, value, FaultStatus.INVPC), chained=chained)
        loads_floats = not scs.floats_pending()
        exceptions.resume(cpu, value, frame, loads_floats)
        if not value & 0x10:
            if loads_floats:
                self.hook.cycles += self.costs.float_state * (2 if scs.fpccr & core.LSPACT else 1)
            scs.floats_settled()
        self._returned(frame.address)
        if not cpu.thumb:
            what = f"return to {cpu.pc:#010x} without the Thumb bit"
            return self.fault(Fault(USAGE_FAULT, what, cpu.pc, cpu.pc, FaultStatus.INVSTATE))
        if to_thread and last and scs.value(core.SCR) & core.SLEEPONEXIT:
            self.asleep, self._waits_for_event = cpu.pc, False
        return None

    def _returned(self, frame: int) -> None:
        self.hook.cycles += self.costs.exception_exit
        self.hook.leave_exception(frame)
        self.hook.expected = self.cpu.pc
        if self.on_switch is not None:
            self.on_switch(frame, RunningMode.UNKNOWN)
        self.hook.event_register = 1
        if frame in self._resumed:
            self._resumed.remove(frame)
            self.hook.resumed = 1

    # --- sleeping -----------------------------------------------------------------------------

    def _sleep_instruction(self) -> tuple[int, int] | None:
        """The WFI or WFE that the PC has just passed: its size and its code."""
        data = self.cpu.read(self.cpu.pc - 4, 4).rjust(4, b"\0")
        for insn in (_WFE, _WFI, _WIDE_WFE, _WIDE_WFI):
            if int.from_bytes(data[4 - insn[0] :], "little") == insn[1]:
                return insn
        return None

    def _fall_asleep(self) -> Ending | None:
        """WFI and WFE: the PC is past the instruction."""
        pc = self.hook.expected = self.cpu.pc
        insn = self._sleep_instruction()
        if insn is None:
            raise EnvironmentFault(f"the CPU emulation stopped at {pc:#010x} without a reason")
        self._activity.sleeps += 1
        event = insn in (_WFE, _WIDE_WFE)
        if event and self.hook.event_register:
            self.hook.event_register = 0
        else:
            self.asleep, self._waits_for_event = pc - insn[0], event
        return None

    def sleep(self) -> Ending | None:
        """Asleep: wake, or let time pass to the next event."""
        primask, basepri, faultmask = exceptions.masks(self.cpu)
        if self._waits_for_event:
            awake = bool(self.hook.event_register)
            if awake:
                self.hook.event_register = 0
        else:
            # PRIMASK does not keep WFI from waking (ARMv7-M ARM, B1.5.19).
            primask, awake = 0, False
        if awake or self.nvic.ready(primask, basepri, faultmask) is not None:
            self.asleep = 0
            return None
        at = self.clock.next_at()
        if at == NEVER:
            return Ending(End.IDLE, "asleep, and no event can come that wakes it", self.asleep)
        self.clock.sleep_until(min(at, self.clock.limit))
        return None

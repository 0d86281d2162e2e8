"""The system control space: NVIC, system control block, MPU, FPU control, debug registers.

ARMv7-M Architecture Reference Manual (DDI 0403E), B3.2 (SCB), B3.3 (SysTick), B3.4 (NVIC), B3.5 (MPU), C1.6
(debug).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlbench.emulator import exceptions
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.faults import FaultStatus
from mlbench.emulator.mpu import REGIONS, Mpu
from mlbench.emulator.nvic import (
    BUS_FAULT,
    DEBUG_MONITOR,
    FIRST_IRQ,
    MEM_MANAGE,
    NMI,
    PENDSV,
    SVCALL,
    SYSTICK,
    USAGE_FAULT,
    Nvic,
)
from mlbench.emulator.peripherals.base import (
    Cause,
    MachineAccess,
    Peripheral,
    Reader,
    Register,
    Writer,
    plain,
)
from mlbench.emulator.peripherals.systick import SysTick

_CPUID = 0x410FC241
"""Cortex-M4 r0p1 (TRM, 4.1 table of registers)."""
_WITH_PRIORITY = (MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SVCALL, DEBUG_MONITOR, PENDSV, SYSTICK)

ACTLR, SCR, CCR, CFSR, HFSR, DFSR, MMFAR, BFAR = 0x008, 0xD10, 0xD14, 0xD28, 0xD2C, 0xD30, 0xD34, 0xD38
_SHCSR, CPACR, DEMCR, FPCCR, FPCAR, FPDSCR = 0xD24, 0xD88, 0xDFC, 0xF34, 0xF38, 0xF3C
STIR = 0xF00

NONBASETHRDENA, USERSETMPEND, UNALIGN_TRP, DIV_0_TRP, BFHFNMIGN, STKALIGN = 1, 2, 8, 16, 256, 512
"""Bits of CCR (B3.2.8)."""
_CCR_BITS = NONBASETHRDENA | USERSETMPEND | UNALIGN_TRP | DIV_0_TRP | BFHFNMIGN | STKALIGN
SLEEPONEXIT, _SLEEPDEEP, SEVONPEND = 2, 4, 16
"""Bits of SCR (B3.2.7)."""
ASPEN, LSPEN, LSPACT = 1 << 31, 1 << 30, 1
"""Bits of FPCCR (B3.2.21)."""
MON_EN, TRCENA = 1 << 16, 1 << 24
"""Bits of DEMCR (C1.6.5)."""
DISDEFWBUF = 2
"""Bit of ACTLR: no write buffer, so that faults of stores are precise (Cortex-M4 TRM, 4.1)."""
_FLOAT_ON = 0xF << 20
"""CPACR: full access to CP10 and CP11."""

_ACTIVE = {0: MEM_MANAGE, 1: BUS_FAULT, 3: USAGE_FAULT, 7: SVCALL, 8: DEBUG_MONITOR, 10: PENDSV, 11: SYSTICK}
_PENDED = {12: USAGE_FAULT, 13: MEM_MANAGE, 14: BUS_FAULT, 15: SVCALL}
_ENABLED = {MEM_MANAGE: 1 << 16, BUS_FAULT: 1 << 17, USAGE_FAULT: 1 << 18}
"""SHCSR (B3.2.13)."""
_NVIC_BANKS = ((0x100, 16), (0x180, 16), (0x200, 16), (0x280, 16), (0x300, 16), (0x400, 124))
"""Registers of interrupts, of which a chip has as many as it needs: offset, and the most (B3.4.3)."""


class SystemControl(Peripheral):
    """The system control space at 0xE000E000."""

    name, base = "SCS", 0xE000E000

    def __init__(
        self,
        machine: MachineAccess,
        nvic: Nvic,
        cpu: Cpu,
        attention: Callable[[], None],
        look_at_pending: Callable[[], None],
        *,
        float_on: bool,
        debugger: Callable[[], bool],
    ) -> None:
        self.nvic = nvic
        self._record = nvic.record
        self.debugger = debugger
        """Whether a debugger is attached: where there are semihosting calls, which it answers."""
        self._float_on = float_on
        self._cpu = cpu
        self._attention = attention
        self._look_at_pending = look_at_pending
        """Of the two the one where nothing but exceptions has changed."""
        self._floats = ASPEN | LSPEN, 0
        self.on_trace: Callable[[Callable[[], None]], None] | None = None
        """Does what may turn tracing on or off."""
        self.mpu = Mpu(nvic.record, self._mpu_changed)
        self.mpu_dirty = self.floating_dirty = self.traps_dirty = False
        """What the CPU emulation has still to be told."""
        self.ticks = SysTick(machine, self.pend)
        super().__init__(machine)
        self._share()

    def registers(self) -> list[Register]:
        """Registers of B3.2.2, B3.3.2, B3.4.3, B3.5.5 and C1.6.1."""
        mpu = self.mpu
        base = (mpu.base, mpu.set_base)
        attributes = (lambda: mpu.attributes[mpu.region % REGIONS], mpu.set_attributes)
        table = [
            Register(0x004, "ICTR", reset=(self.nvic.end - FIRST_IRQ - 1) // 32, read_only=True),
            plain(ACTLR, "ACTLR"),
            Register(0xD00, "CPUID", reset=_CPUID, read_only=True),
            Register(0xD04, "ICSR", read=self._icsr, write=self._set_icsr),
            Register(0xD08, "VTOR", read=lambda: self.vector_table, write=self._set_vtor),
            Register(0xD0C, "AIRCR", read=self._aircr, write=self._set_aircr),
            Register(SCR, "SCR", write=lambda v: self._store(SCR, v & 0x16)),
            Register(CCR, "CCR", reset=STKALIGN, write=self._set_ccr),
            *(Register(0xD18 + 4 * n, f"SHPR{n + 1}", read=self._priorities(4 + 4 * n),
                       write=self._set_priorities(4 + 4 * n)) for n in range(3)),
            Register(_SHCSR, "SHCSR", read=self._shcsr, write=self._set_shcsr),
            Register(CFSR, "CFSR", write=self._clear(CFSR), ones=True),
            Register(HFSR, "HFSR", write=self._clear(HFSR), ones=True),
            Register(DFSR, "DFSR", write=self._clear(DFSR), ones=True),
            plain(MMFAR, "MMFAR"),
            plain(BFAR, "BFAR"),
            plain(0xD3C, "AFSR"),
            *(Register(0xD40 + 4 * n, "ID", reset=v, read_only=True) for n, v in enumerate(_FEATURES)),
            Register(CPACR, "CPACR", reset=_FLOAT_ON if self._float_on else 0, write=self._set_cpacr),
            Register(0xD90, "MPU_TYPE", reset=REGIONS << 8, read_only=True),
            Register(0xD94, "MPU_CTRL", read=lambda: mpu.control, write=mpu.set_control),
            Register(0xD98, "MPU_RNR", read=lambda: mpu.region, write=mpu.set_region),
            *(Register(0xD9C + 8 * n, "MPU_RBAR", read=base[0], write=base[1]) for n in range(4)),
            *(Register(0xDA0 + 8 * n, "MPU_RASR", read=attributes[0], write=attributes[1]) for n in range(4)),
            # Of DHCSR only C_DEBUGEN, which software cannot write (C1.6.2); the others answer nothing to it.
            Register(0xDF0, "DHCSR", read=lambda: int(self.debugger()), read_only=True),
            *(Register(offset, name, read_only=True) for offset, name in
              ((0xDF4, "DCRSR"), (0xDF8, "DCRDR"))),
            Register(DEMCR, "DEMCR", write=self._set_demcr),
            Register(STIR, "STIR", write=lambda v: self.pend(FIRST_IRQ + (v & 0x1FF))),
            Register(FPCCR, "FPCCR", read=self._fpccr, write=self._set_fpccr),
            Register(FPCAR, "FPCAR", read=lambda: self._record.fpcar, write=self._set_fpcar),
            Register(FPDSCR, "FPDSCR", write=self._set_fpdscr),
            Register(0xF40, "MVFR0", reset=0x10110021, read_only=True),
            Register(0xF44, "MVFR1", reset=0x11000011, read_only=True),
            *self.ticks.registers(),
        ]  # fmt: skip
        for n, first in enumerate(range(FIRST_IRQ, self.nvic.end, 32)):
            table += [
                Register(0x100 + 4 * n, f"ISER{n}", read=self._bits("enabled", first),
                         write=self._change("enabled", first, True), ones=True),
                Register(0x180 + 4 * n, f"ICER{n}", read=self._bits("enabled", first),
                         write=self._change("enabled", first, False), ones=True),
                Register(0x200 + 4 * n, f"ISPR{n}", read=self._bits("pending", first),
                         write=self._change("pending", first, True), ones=True),
                Register(0x280 + 4 * n, f"ICPR{n}", read=self._bits("pending", first),
                         write=self._change("pending", first, False), ones=True),
                Register(0x300 + 4 * n, f"IABR{n}", read=self._bits("active", first), read_only=True),
            ]  # fmt: skip
        for n, first in enumerate(range(FIRST_IRQ, self.nvic.end, 4)):
            table.append(Register(0x400 + 4 * n, f"IPR{n}", read=self._priorities(first),
                                  write=self._set_priorities(first)))  # fmt: skip
        known = {register.offset for register in table}
        # Those of interrupts that the chip has not read as zeros, and ignore writes (B3.4.3).
        beyond = {at for first, count in _NVIC_BANKS for at in range(first, first + 4 * count, 4)} - known
        return table + [Register(at, "NVIC", read_only=True) for at in sorted(beyond)]

    # --- what the core asks -------------------------------------------------------------------

    def value(self, offset: int) -> int:
        """What a register that only stores holds."""
        return self.stored.get(offset, self.table[offset].reset)

    @property
    def vector_table(self) -> int:
        """VTOR."""
        return int(self._record.vector_table)

    @vector_table.setter
    def vector_table(self, value: int) -> None:
        self._record.vector_table = value

    @property
    def fpccr(self) -> int:
        """FPCCR, with LSPACT as it was last written."""
        return int(self._record.fpccr)

    def _store(self, offset: int, value: int) -> None:
        self.stored[offset] = value
        self._share()

    def _share(self) -> None:
        """Tell the block hook in C of the registers that decide on exceptions."""
        record = self._record
        record.scr, record.ccr = self.value(SCR), self.value(CCR)
        record.shcsr, record.demcr = self.value(_SHCSR), self.value(DEMCR)

    def fault_enabled(self, number: int) -> bool:
        """Whether SHCSR enables a fault; those that it does not enable become HardFault."""
        return bool(self.value(_SHCSR) & _ENABLED[number])

    def report(self, status: FaultStatus, address: int | None = None) -> None:
        """Set bits of CFSR, and the fault address register that goes with them."""
        self.stored[CFSR] = self.value(CFSR) | status
        if address is not None and status & FaultStatus.MMARVALID:
            self.stored[MMFAR] = address
        if address is not None and status & FaultStatus.BFARVALID:
            self.stored[BFAR] = address

    def report_hard(self, status: int) -> None:
        """Set bits of HFSR."""
        self.stored[HFSR] = self.value(HFSR) | status

    def report_debug(self, status: int) -> None:
        """Set bits of DFSR."""
        self.stored[DFSR] = self.value(DFSR) | status

    def reserve_floats(self, address: int, ready: int) -> None:
        """Floating-point state is to be saved at ``address`` when it is needed (UpdateFPCCR)."""
        self._record.fpcar = address & ~7
        self._record.fpccr = self.fpccr & (ASPEN | LSPEN) | LSPACT | ready

    def floats_pending(self) -> bool:
        """LSPACT: the state in the reserved place is still in the registers. Gone with the first FP use."""
        return bool(self.fpccr & LSPACT) and not exceptions.control(self._cpu) & exceptions.FPCA

    def floats_settled(self) -> None:
        """LSPACT is cleared."""
        self._record.fpccr = self.fpccr & ~LSPACT

    def traced(self) -> bool:
        """Whether DWT and ITM are turned on."""
        return bool(self.value(DEMCR) & TRCENA)

    def user_may_pend(self, address: int) -> bool:
        """Whether ``address`` is STIR, and open to unprivileged code."""
        return address == self.base + STIR and bool(self.value(CCR) & USERSETMPEND)

    def float_enabled(self) -> bool:
        """Whether CPACR lets floating-point instructions through, at the privilege of what runs."""
        access = self.value(CPACR) >> 20 & 3
        return access == 3 or (access == 1 and not exceptions.unprivileged(self._cpu))

    # --- registers ----------------------------------------------------------------------------

    def _mpu_changed(self) -> None:
        self.mpu_dirty = True
        self._attention()

    def _bits(self, which: str, first: int) -> Reader:
        return lambda: sum(1 << n - first for n in getattr(self.nvic, which) if first <= n < first + 32)

    def _change(self, which: str, first: int, on: bool) -> Writer:
        def write(value: int) -> None:
            numbers = {first + n for n in range(32) if value >> n & 1 and first + n < self.nvic.end}
            if which == "pending":
                for number in sorted(numbers):
                    if on:
                        self.nvic.pend(number)
                    else:
                        self.nvic.unpend(number)
            elif on:
                self.nvic.enabled |= numbers
            else:
                self.nvic.enabled -= numbers
            self._look_at_pending()

        return write

    def _priorities(self, first: int) -> Reader:
        numbers = range(first, min(first + 4, self.nvic.end))
        return lambda: sum(self.nvic.priority[number] << 8 * (number - first) for number in numbers)

    def _set_priorities(self, first: int) -> Writer:
        def write(value: int) -> None:
            for number in range(first, min(first + 4, self.nvic.end)):
                if number >= FIRST_IRQ or number in _WITH_PRIORITY:
                    priority = value >> 8 * (number - first)
                    self.nvic.priority[number] = priority & self.nvic.priority_mask
            self._look_at_pending()

        return write

    def _clear(self, offset: int) -> Writer:
        def write(value: int) -> None:
            self.stored[offset] = self.value(offset) & ~value

        return write

    def pend(self, number: int) -> None:
        """Make an exception pending."""
        if number < self.nvic.end:
            self.nvic.pend(number)
            self._look_at_pending()

    def _icsr(self) -> int:
        running = exceptions.ipsr(self._cpu)
        pending = self.nvic.candidate() or 0
        value = running | pending << 12
        value |= 0x400000 if any(n >= FIRST_IRQ for n in self.nvic.pending) else 0
        for bit, number in ((31, NMI), (28, PENDSV), (26, SYSTICK)):
            value |= 1 << bit if number in self.nvic.pending else 0
        value |= 0x800 if not set(self.nvic.active) - {running} else 0
        return value

    def _set_icsr(self, value: int) -> None:
        for set_bit, clear_bit, number in ((28, 27, PENDSV), (26, 25, SYSTICK), (31, None, NMI)):
            if value >> set_bit & 1:
                self.nvic.pend(number)
            elif clear_bit is not None and value >> clear_bit & 1:
                self.nvic.unpend(number)
        self._look_at_pending()

    def _set_vtor(self, value: int) -> None:
        self.vector_table = value & 0xFFFFFF80

    def _aircr(self) -> int:
        return 0xFA050000 | self.nvic.group << 8

    def _set_aircr(self, value: int) -> None:
        if value >> 16 != 0x05FA:
            return
        self.nvic.group = value >> 8 & 7
        if value & 4:
            self.machine.request_reset(Cause.SOFTWARE)
        self._attention()

    def _set_ccr(self, value: int) -> None:
        self._store(CCR, value & _CCR_BITS)
        self.traps_dirty = True
        self._attention()

    def _set_cpacr(self, value: int) -> None:
        # CP10 and CP11 are one unit; where they differ is unpredictable (B3.2.20).
        self._store(CPACR, value & _FLOAT_ON)
        self.traps_dirty = True
        self._attention()

    def _shcsr(self) -> int:
        value = self.value(_SHCSR)
        value |= sum(1 << bit for bit, number in _ACTIVE.items() if number in self.nvic.active)
        return value | sum(1 << bit for bit, number in _PENDED.items() if number in self.nvic.pending)

    def _set_shcsr(self, value: int) -> None:
        self._store(_SHCSR, value & sum(_ENABLED.values()))
        for bit, number in _PENDED.items():
            (self.nvic.pend if value >> bit & 1 else self.nvic.unpend)(number)
        for bit, number in _ACTIVE.items():
            active = value >> bit & 1
            if active and number not in self.nvic.active:
                self.nvic.active.add(number)
            elif not active and number in self.nvic.active:
                self.nvic.active.remove(number)
        self._attention()

    def _set_demcr(self, value: int) -> None:
        # MON_PEND is a state of the NVIC.
        (self.nvic.pend if value >> 17 & 1 else self.nvic.unpend)(DEBUG_MONITOR)

        def change() -> None:
            self._store(DEMCR, value & (TRCENA | MON_EN | 1 << 19 | 0x7F1))

        if self.on_trace is not None:
            self.on_trace(change)
        else:
            change()
        self._attention()

    def _fpccr(self) -> int:
        value = self.fpccr
        return value if self.floats_pending() else value & ~LSPACT

    def _set_fpccr(self, value: int) -> None:
        self._record.fpccr = value & 0xC000017B
        self.floating_dirty = True
        self._attention()

    def _set_fpcar(self, value: int) -> None:
        self._record.fpcar = value & ~7

    def _set_fpdscr(self, value: int) -> None:
        self._store(FPDSCR, value & 0x07C00000)
        self.floating_dirty = True
        self._attention()

    def on_event(self, name: str) -> None:
        """SysTick reached zero."""
        assert name == "SYSTICK"
        self.ticks.expired()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "vector_table": self.vector_table,
            "_ticks": self.ticks.state(),
            "_mpu": self._mpu,
            "_floats": self._floats,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go back to what ``save`` gave."""
        super().load(saved)
        self._share()
        self.floating_dirty = self.traps_dirty = True
        self._attention()

    @property
    def _floats(self) -> tuple[int, int]:
        return self.fpccr, self._record.fpcar

    @_floats.setter
    def _floats(self, value: tuple[int, int]) -> None:
        self._record.fpccr, self._record.fpcar = value

    @property
    def _ticks(self) -> tuple[int, int, int, int, int, bool]:
        return self.ticks.state()

    @_ticks.setter
    def _ticks(self, value: tuple[int, int, int, int, int, bool]) -> None:
        self.ticks.load(value)

    @property
    def _mpu(self) -> tuple[int, ...]:
        control, region, bases, attributes = self.mpu.save()
        return control, region, *bases, *attributes

    @_mpu.setter
    def _mpu(self, value: tuple[int, ...]) -> None:
        self.mpu.load((value[0], value[1], value[2 : 2 + REGIONS], value[2 + REGIONS :]))


_FEATURES = (0x30, 0x200, 0x00100000, 0, 0x00000030, 0, 0, 0, 0x01101110, 0x02112000,
             0x21232231, 0x01111131, 0x01310132)  # fmt: skip
"""ID_PFR0 to ID_ISAR4 of the Cortex-M4 (TRM, table 4-1)."""

"""The core's own peripherals: NVIC registers, system control block, SysTick, DWT.

ARMv7-M Architecture Reference Manual (DDI 0403E), B3.2 (SCS), B3.3 (SysTick), B3.4 (NVIC), C1.8 (DWT).
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.nvic import FIRST_IRQ, IRQS, NMI, PENDSV, SYSTICK, Nvic
from mlbench.emulator.peripherals.base import (
    LIGHT_RESETS,
    Cause,
    Machine,
    Peripheral,
    Reader,
    Register,
    Writer,
    plain,
)

_CPUID = 0x410FC241
"""Cortex-M4 r0p1 (TRM, 4.1 table of registers)."""
_PRIORITY_BITS = 0xE0
"""Three bits are implemented (nRF52840 Product Specification v1.7, section 5.1)."""


class SystemControl(Peripheral):
    """The system control space at 0xE000E000, without SysTick."""

    name, base = "SCS", 0xE000E000

    def __init__(
        self,
        machine: Machine,
        nvic: Nvic,
        attention: Callable[[], None],
        request_reset: Callable[[], None],
        ipsr: Callable[[], int],
    ) -> None:
        self.nvic = nvic
        self._attention = attention
        self._request_reset = request_reset
        self._ipsr = ipsr
        self.vector_table = 0
        self.ticks = SysTick(machine, self)
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of B3.2.2, B3.3.2 and B3.4.3."""
        table = [
            Register(0x004, "ICTR", reset=(IRQS - 1) // 32, read_only=True),
            plain(0x008, "ACTLR"),
            Register(0xD00, "CPUID", reset=_CPUID, read_only=True),
            Register(0xD04, "ICSR", read=self._icsr, write=self._set_icsr),
            Register(0xD08, "VTOR", read=lambda: self.vector_table, write=self._set_vtor),
            Register(0xD0C, "AIRCR", read=self._aircr, write=self._set_aircr),
            plain(0xD10, "SCR"),
            plain(0xD14, "CCR", 0x200),
            *(Register(0xD18 + 4 * n, f"SHPR{n + 1}", read=self._priorities(4 + 4 * n),
                       write=self._set_priorities(4 + 4 * n)) for n in range(3)),
            plain(0xD24, "SHCSR"),
            Register(0xD28, "CFSR", write=self._clear(0xD28), ones=True),
            Register(0xD2C, "HFSR", write=self._clear(0xD2C), ones=True),
            Register(0xD30, "DFSR", write=self._clear(0xD30), ones=True),
            plain(0xD34, "MMFAR"),
            plain(0xD38, "BFAR"),
            plain(0xD3C, "AFSR"),
            *(Register(0xD40 + 4 * n, "ID", reset=v, read_only=True) for n, v in enumerate(_FEATURES)),
            plain(0xD88, "CPACR"),
            Register(0xD90, "MPU_TYPE", reset=0x800, read_only=True),
            plain(0xD94, "MPU_CTRL"),
            plain(0xD98, "MPU_RNR"),
            plain(0xD9C, "MPU_RBAR"),
            plain(0xDA0, "MPU_RASR"),
            plain(0xDFC, "DEMCR"),
            Register(0xF00, "STIR", write=lambda v: self.pend(FIRST_IRQ + (v & 0x1FF))),
            plain(0xF34, "FPCCR", 0xC0000000),
            plain(0xF38, "FPCAR"),
            plain(0xF3C, "FPDSCR"),
            Register(0xF40, "MVFR0", reset=0x10110021, read_only=True),
            Register(0xF44, "MVFR1", reset=0x11000011, read_only=True),
            *self.ticks.registers(),
        ]  # fmt: skip
        for n in range((IRQS + 31) // 32):
            first = FIRST_IRQ + 32 * n
            table += [
                Register(0x100 + 4 * n, f"ISER{n}", read=self._bits("enabled", first),
                         write=self._change("enabled", first, True), ones=True),
                Register(0x180 + 4 * n, f"ICER{n}", read=self._bits("enabled", first),
                         write=self._change("enabled", first, False), ones=True),
                Register(0x200 + 4 * n, f"ISPR{n}", read=self._bits("pending", first),
                         write=self._change("pending", first, True), ones=True),
                Register(0x280 + 4 * n, f"ICPR{n}", read=self._bits("pending", first),
                         write=self._change("pending", first, False), ones=True),
                Register(0x300 + 4 * n, f"IABR{n}", read=self._bits("active", first)),
            ]  # fmt: skip
        for n in range(IRQS // 4):
            first = FIRST_IRQ + 4 * n
            table.append(Register(0x400 + 4 * n, f"IPR{n}", read=self._priorities(first),
                                  write=self._set_priorities(first)))  # fmt: skip
        return table

    def _bits(self, which: str, first: int) -> Reader:
        return lambda: sum(1 << n - first for n in getattr(self.nvic, which) if first <= n < first + 32)

    def _change(self, which: str, first: int, on: bool) -> Writer:
        def write(value: int) -> None:
            numbers = {first + n for n in range(32) if value >> n & 1 and first + n < FIRST_IRQ + IRQS}
            held: set[int] = getattr(self.nvic, which)
            if on:
                held |= numbers
            else:
                held -= numbers
                if which == "pending":
                    # A line that is still high sets it again (B3.4.1).
                    held |= numbers & self.nvic.lines
            self._attention()

        return write

    def _priorities(self, first: int) -> Reader:
        return lambda: sum(self.nvic.priority[first + n] << 8 * n for n in range(4))

    def _set_priorities(self, first: int) -> Writer:
        def write(value: int) -> None:
            for n in range(4):
                self.nvic.priority[first + n] = value >> 8 * n & _PRIORITY_BITS
            self._attention()

        return write

    def _clear(self, offset: int) -> Writer:
        def write(value: int) -> None:
            self.stored[offset] = self.stored.get(offset, 0) & ~value

        return write

    def pend(self, number: int) -> None:
        """Make an exception pending."""
        if number < FIRST_IRQ + IRQS:
            self.nvic.pending.add(number)
            self._attention()

    def _icsr(self) -> int:
        pending = self.nvic.candidate() or 0
        value = self._ipsr() | pending << 12
        value |= 0x400000 if any(n >= FIRST_IRQ for n in self.nvic.pending) else 0
        value |= 1 << 28 if PENDSV in self.nvic.pending else 0
        value |= 1 << 26 if SYSTICK in self.nvic.pending else 0
        value |= 0x800 if len(self.nvic.active) <= 1 else 0
        return value

    def _set_icsr(self, value: int) -> None:
        for set_bit, clear_bit, number in ((28, 27, PENDSV), (26, 25, SYSTICK), (31, None, NMI)):
            if value >> set_bit & 1:
                self.nvic.pending.add(number)
            elif clear_bit is not None and value >> clear_bit & 1:
                self.nvic.pending.discard(number)
        self._attention()

    def _set_vtor(self, value: int) -> None:
        self.vector_table = value & 0xFFFFFF80

    def _aircr(self) -> int:
        return 0xFA050000 | self.nvic.group << 8

    def _set_aircr(self, value: int) -> None:
        if value >> 16 != 0x05FA:
            return
        self.nvic.group = value >> 8 & 7
        if value & 4:
            self._request_reset()
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
        }

    @property
    def _ticks(self) -> tuple[int, int, int, int, int, bool]:
        return self.ticks.state()

    @_ticks.setter
    def _ticks(self, value: tuple[int, int, int, int, int, bool]) -> None:
        self.ticks.load(value)


_FEATURES = (0x30, 0x200, 0x00100000, 0, 0x00000030, 0, 0, 0, 0x01101110, 0x02112000,
             0x21232231, 0x01111131, 0x01310132)  # fmt: skip
"""ID_PFR0 to ID_ISAR4 of the Cortex-M4 (TRM, table 4-1)."""


class SysTick:
    """The 24-bit down counter, on the CPU's clock.

    One countdown starts at cycle ``since`` and takes ``length`` cycles to come to the next reload. What is
    written to the reload register holds from the next countdown on (B3.3.1).
    """

    def __init__(self, machine: Machine, scs: SystemControl) -> None:
        self.machine = machine
        self.scs = scs
        self.control = 0
        self.reload = 0
        self.since = 0
        self.length = 0
        self.held = 0
        """The count while it is not enabled."""
        self.wrapped = False

    def registers(self) -> list[Register]:
        """SYST_CSR, RVR, CVR, CALIB."""
        return [
            Register(0x010, "SYST_CSR", read=self._read_control, write=self._set_control),
            Register(0x014, "SYST_RVR", read=lambda: self.reload, write=self._set_reload),
            Register(0x018, "SYST_CVR", read=self._current, write=self._clear),
            # No reference clock, no calibrated 10 ms (B3.3.6).
            Register(0x01C, "SYST_CALIB", reset=0xC0000000, read_only=True),
        ]

    def _settle(self) -> None:
        """Take in the reloads there have been; with the interrupt on there is an event for each."""
        if not self.control & 1 or not self.length:
            return
        elapsed = self.machine.now() - self.since
        if elapsed < self.length:
            return
        self.wrapped = True
        self.since += self.length
        self.length = self.reload + 1 if self.reload else 0
        if self.length:
            self.since += (self.machine.now() - self.since) // self.length * self.length

    def _count_down(self, count: int) -> None:
        """Go on from ``count``, which 0 turns into the reload value at the next tick."""
        now = self.machine.now()
        if count:
            self.since, self.length = now, count + 1
        else:
            self.since, self.length = now, self.reload + 1 if self.reload else 0

    def _read_control(self) -> int:
        self._settle()
        value = self.control | (0x10000 if self.wrapped else 0)
        self.wrapped = False
        return value

    def _set_control(self, value: int) -> None:
        self._settle()
        if value & 1 and not self.control & 1:
            self._count_down(self.held)
        elif self.control & 1 and not value & 1:
            self.held = self._current()
        self.control = value & 7
        self._plan()

    def _set_reload(self, value: int) -> None:
        self._settle()
        self.reload = value & 0xFFFFFF
        if self.control & 1 and not self.length:
            self._count_down(0)
            self._plan()

    def _current(self) -> int:
        self._settle()
        if not self.control & 1:
            return self.held
        return max(0, self.length - 1 - (self.machine.now() - self.since)) if self.length else 0

    def _clear(self, _value: int) -> None:
        self.wrapped = False
        self.held = 0
        if self.control & 1:
            self._count_down(0)
            self._plan()

    def _plan(self) -> None:
        if self.control & 3 == 3 and self.length:
            self.machine.schedule_at("SCS", "SYSTICK", self.since + self.length)
        else:
            self.machine.cancel("SCS", "SYSTICK")

    def expired(self) -> None:
        """The counter reached zero with its interrupt on."""
        self._settle()
        self.scs.pend(SYSTICK)
        self._plan()

    def state(self) -> tuple[int, int, int, int, int, bool]:
        """What a snapshot must hold."""
        return (self.control, self.reload, self.since, self.length, self.held, self.wrapped)

    def load(self, saved: tuple[int, int, int, int, int, bool]) -> None:
        """Go back to what ``state`` gave."""
        self.control, self.reload, self.since, self.length, self.held, self.wrapped = saved


class Dwt(Peripheral):
    """Data watchpoint and trace: its cycle counter shows the modelled cycles."""

    name, base = "DWT", 0xE0001000

    def registers(self) -> list[Register]:
        """DWT_CTRL and DWT_CYCCNT (C1.8.7, C1.8.8)."""
        self.offset = 0
        self.control = 0x40000000
        return [
            Register(0x000, "CTRL", read=lambda: self.control, write=self._set_control),
            Register(0x004, "CYCCNT", read=self._count, write=self._set_count),
        ]

    def survives(self, cause: Cause) -> bool:
        """Debug parts are left alone by light resets (nRF52840 PS v1.7, section 5.3, "Reset behavior")."""
        return cause in LIGHT_RESETS

    def _count(self) -> int:
        return (
            (self.machine.now() - self.offset) & 0xFFFFFFFF if self.control & 1 else self.offset & 0xFFFFFFFF
        )

    def _set_count(self, value: int) -> None:
        self.offset = self.machine.now() - value if self.control & 1 else value

    def _set_control(self, value: int) -> None:
        count = self._count()
        self.control = 0x40000000 | value & 0x0FFFFFFF
        self._set_count(count)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "offset": self.offset, "control": self.control}

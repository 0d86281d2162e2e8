"""Faults: what firmware is told of them in status registers, and what the user is told in words.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5.14 (fault behaviour), B3.2.15 (CFSR), B3.2.16
(HFSR).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any

from mlbench.core import addresses
from mlbench.elf.image import Image
from mlbench.emulator.block_hook import NEVER
from mlbench.emulator.chip import Chip
from mlbench.emulator.clock import Clock
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.endings import End, Ending
from mlbench.emulator.nvic import EXCEPTION_NAMES, Nvic

_GRACE_US = 500_000
"""A handler may take so long: a crash dump of 5 kB at 115,200 baud."""
_MOST_FURTHER = 3
_PATIENCE = 1000
"""So often the same instruction may fault again; a handler that returns to it would go on for ever."""


class FaultStatus(IntFlag):
    """Bits of CFSR."""

    NONE = 0
    IACCVIOL = 1 << 0
    DACCVIOL = 1 << 1
    MUNSTKERR = 1 << 3
    MSTKERR = 1 << 4
    MMARVALID = 1 << 7
    IBUSERR = 1 << 8
    PRECISERR = 1 << 9
    IMPRECISERR = 1 << 10
    UNSTKERR = 1 << 11
    STKERR = 1 << 12
    BFARVALID = 1 << 15
    UNDEFINSTR = 1 << 16
    INVSTATE = 1 << 17
    INVPC = 1 << 18
    NOCP = 1 << 19
    UNALIGNED = 1 << 24
    DIVBYZERO = 1 << 25


class HardStatus(IntFlag):
    """Bits of HFSR."""

    VECTTBL = 1 << 1
    FORCED = 1 << 30
    DEBUGEVT = 1 << 31


@dataclass(frozen=True)
class Fault:
    """One fault. ``number`` is its exception, ``address`` what it is about, ``pc`` where it happened."""

    number: int
    what: str
    pc: int
    address: int
    status: FaultStatus = FaultStatus.NONE

    @property
    def text(self) -> str:
        """One line for the user."""
        return f"{EXCEPTION_NAMES[self.number]}: {self.what}"


def describe(address: int, chip: Chip) -> str:
    """What is known of an address that cannot be reached."""
    if name := chip.absent_at(address):
        return f" ({chip.title} has no {name})"
    flash = range(chip.flash.start, chip.flash.end)
    return addresses.remark(address, ram=range(chip.ram.start, chip.ram.end), flash=flash)


def stack_left_ram(address: int, sp: int, chip: Chip) -> bool:
    """Whether an access is that of a stack at the bottom of RAM that has grown out of it."""
    return addresses.stack_left_ram(address, sp, range(chip.ram.start, chip.ram.end))


@dataclass(frozen=True)
class _OpenFault:
    """A fault whose handler runs, and the state of the core when it happened."""

    fault: Fault
    taken_as: int
    depth: int
    """How many exceptions were active with it."""
    at: int
    context: Any
    nvic: Any


class FaultLog:
    """Every fault of a run, and what becomes of the run by it.

    Firmware's own handlers run. Where one returns, the fault is a remark; where the run ends before, or the
    handler does not come back, the fault is how it ended, and the core stands again where it happened.
    """

    def __init__(self, cpu: Cpu, nvic: Nvic, clock: Clock, image: Image) -> None:
        self._cpu, self._nvic, self._clock, self.image = cpu, nvic, clock, image
        self.seen: list[Fault] = []
        """All faults so far, the same one after the other once."""
        self._open: list[_OpenFault] = []
        self._again = 0

    @property
    def handling(self) -> bool:
        """Whether a fault has not been returned from."""
        return bool(self._open)

    def until(self) -> int:
        """When the patience with a fault's handler is at its end."""
        return self._open[0].at + self._clock.cycles(_GRACE_US) if self._open else NEVER

    def remark(self, note: Callable[[str], None]) -> None:
        """Tell of a fault that is still being handled."""
        for opened in self._open:
            fault = opened.fault
            note(f"{fault.text}, at {self.place(fault.pc)}; its handler was still running at the deadline")

    def happened(self, fault: Fault) -> bool:
        """Take in a fault, before anything is done about it; False where there is no end of it."""
        if self.seen and self.seen[-1] == fault:
            self._again += 1
        else:
            self._again = 0
            self.seen.append(fault)
        state = self._cpu.uc.context_save(), self._nvic.save()
        # Not taken yet: ``taken`` completes it.
        self._open.append(_OpenFault(fault, 0, 0, self._clock.now, *state))
        return self._again < _PATIENCE

    def taken(self, number: int) -> None:
        """The last fault's exception (maybe HardFault in its stead) has been entered."""
        if self._open and not self._open[-1].taken_as:
            self._open[-1] = replace(self._open[-1], taken_as=number, depth=len(self._nvic.active))

    def returned(self, number: int) -> str | None:
        """An exception returned; a remark if that was a fault's handler."""
        depth = len(self._nvic.active) + 1
        for opened in self._open:
            if opened.taken_as == number and opened.depth == depth:
                self._open.remove(opened)
                handler = EXCEPTION_NAMES[number]
                fault = opened.fault
                return f"{fault.text}, at {self.place(fault.pc)}; the firmware's {handler} handler returned"
        return None

    def place(self, pc: int) -> str:
        """An address of code in words: itself, its function, its source line."""
        text = f"{pc:#010x}"
        symbol = self.image.function_at(pc)
        if symbol is not None:
            text += f" in {symbol.demangled}"
        line = self.image.debug.line(pc)
        return f"{text} ({line[0]}:{line[1]})" if line else text

    def end(self) -> Ending:
        """The run ends by the first fault that is still open; the core stands where it happened."""
        first = self._open[0]
        more = self._further()
        self._cpu.uc.context_restore(first.context)
        self._cpu.mode_changed()
        self._nvic.load(first.nvic)
        self._open.clear()
        self._again = 0
        return Ending(End.FAULT, first.fault.text, first.fault.address, more=more)

    def _further(self) -> str:
        """The faults that came while the first was handled, in words."""
        texts: list[str] = []
        for before, opened in zip(self._open, self._open[1:], strict=False):
            fault = opened.fault
            handler = EXCEPTION_NAMES.get(before.taken_as)
            when = f"then, in the {handler} handler" if handler is not None else "then"
            text = f"; {when}: {fault.text}, at {self.place(fault.pc)}"
            if fault != self._open[0].fault and text not in texts:
                texts.append(text)
        return "".join(texts[:_MOST_FURTHER])

    def clear(self) -> None:
        """A reset: nothing is open any more."""
        self._open.clear()
        self.seen.clear()
        self._again = 0

    def save(self) -> Any:
        """What a snapshot must hold."""
        return tuple(self.seen), tuple(self._open), self._again

    def load(self, saved: Any) -> None:
        """Go back to what ``save`` gave."""
        seen, opened, self._again = saved
        self.seen, self._open = list(seen), list(opened)

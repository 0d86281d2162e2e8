"""The nested vectored interrupt controller: which exceptions are enabled, pending and active.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5 (exception model) and B3.4 (NVIC).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from mlbench.emulator.core_record import MOST_EXCEPTIONS, ExceptionSet, make_record

RESET, NMI, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT = 1, 2, 3, 4, 5, 6
SVCALL, DEBUG_MONITOR, PENDSV, SYSTICK = 11, 12, 14, 15
FIRST_IRQ = 16
THREAD_PRIORITY = 256
"""Lower than any exception: what thread mode runs at."""

EXCEPTION_NAMES = {
    NMI: "NMI",
    HARD_FAULT: "HardFault",
    MEM_MANAGE: "MemManage",
    BUS_FAULT: "BusFault",
    USAGE_FAULT: "UsageFault",
    SVCALL: "SVCall",
    DEBUG_MONITOR: "DebugMonitor",
    PENDSV: "PendSV",
    SYSTICK: "SysTick",
}

State = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...], bytes, int]
"""The exceptions that are enabled, pending and active, lines that are high, priorities, PRIGROUP."""


def exception_name(number: int) -> str:
    """An exception's name for the user."""
    return EXCEPTION_NAMES.get(number, f"interrupt {number - FIRST_IRQ}")


class Nvic:
    """State of the interrupt controller; what runs next is asked by ``take``."""

    def __init__(self, irqs: int, priority_bits: int) -> None:
        self.end = FIRST_IRQ + irqs
        """First exception number that there is none of."""
        if self.end > MOST_EXCEPTIONS:
            raise ValueError(f"at most {MOST_EXCEPTIONS} exceptions are modelled")
        self.record = record = make_record()
        """Where the state is, shared with the block hook in C."""
        record.end = self.end
        self.priority_mask = record.priority_mask = 0xFF00 >> priority_bits & 0xFF
        """Bits of a priority that are there: the upper ones (B1.5.4)."""
        self.enabled, self.pending = ExceptionSet(record.enabled), ExceptionSet(record.pending)
        self.active, self.lines = ExceptionSet(record.active), ExceptionSet(record.lines)
        self.priority: ctypes.Array[ctypes.c_uint8] = record.priority
        self.on_pend: Callable[[], None] | None = None
        """Told when an exception becomes pending that was not, enabled or not."""
        self.reset()

    def reset(self) -> None:
        """As after a reset."""
        self.load(((), (), (), (), bytes(self.end), 0))

    @property
    def group(self) -> int:
        """PRIGROUP of AIRCR."""
        return int(self.record.group)

    @group.setter
    def group(self, value: int) -> None:
        self.record.group = value

    def set_line(self, irq: int, high: bool) -> bool:
        """Drive the line of a peripheral; True when an exception became pending by it."""
        number = FIRST_IRQ + irq
        if not high:
            self.lines.discard(number)
            return False
        if number in self.lines:
            return False
        self.lines.add(number)
        self.pend(number)
        return number in self.enabled

    def pend(self, number: int) -> None:
        """Make an exception pending."""
        if number not in self.pending:
            self.pending.add(number)
            if self.on_pend is not None:
                self.on_pend()

    def unpend(self, number: int) -> None:
        """Clear an exception's pending state; a line that is still high sets it again (B3.4.1)."""
        self.pending.discard(number)
        if number in self.lines:
            self.pending.add(number)

    def group_priority(self, number: int) -> int:
        """The part of an exception's priority that decides preemption (B1.5.4)."""
        if number == NMI:
            return -2
        if number == HARD_FAULT:
            return -1
        return self.priority[number] & ~((2 << self.group) - 1) & 0xFF

    def execution_priority(self, primask: int, basepri: int, faultmask: int) -> int:
        """What an exception must beat to be taken (B1.5.4, ExecutionPriority())."""
        level = THREAD_PRIORITY
        basepri &= self.priority_mask
        for number in self.active:
            level = min(level, self.group_priority(number))
        if basepri:
            level = min(level, basepri & ~((2 << self.group) - 1) & 0xFF)
        if primask:
            level = min(level, 0)
        if faultmask:
            level = min(level, -1)
        return level

    def candidate(self) -> int | None:
        """The pending, enabled exception of the highest priority; the lowest number among equals."""
        best: int | None = None
        best_key: tuple[int, int, int] | None = None
        for number in self.pending:
            if number >= FIRST_IRQ and number not in self.enabled:
                continue
            sub = 0 if number in (NMI, HARD_FAULT) else self.priority[number]
            key = (self.group_priority(number), sub, number)
            if best_key is None or key < best_key:
                best, best_key = number, key
        return best

    def ready(self, primask: int, basepri: int, faultmask: int) -> int | None:
        """The exception to take now, if there is one."""
        best = self.candidate()
        if best is None:
            return None
        if self.group_priority(best) < self.execution_priority(primask, basepri, faultmask):
            return best
        return None

    def enter(self, number: int) -> None:
        """An exception is taken."""
        self.pending.discard(number)
        self.active.add(number)

    def leave(self, number: int) -> None:
        """An exception returns; a line that is still high makes it pending again."""
        self.active.discard(number)
        if number in self.lines:
            self.pend(number)

    def save(self) -> State:
        """What a snapshot must hold."""
        sets = tuple(self.enabled), tuple(self.pending), tuple(self.active), tuple(self.lines)
        return *sets, bytes(self.priority[: self.end]), self.group

    def load(self, saved: State) -> None:
        """Go back to what ``save`` gave."""
        *sets, priority, self.group = saved
        for which, numbers in zip((self.enabled, self.pending, self.active, self.lines), sets, strict=True):
            which.clear()
            which |= set(numbers)
        self.priority[: self.end] = list(priority)

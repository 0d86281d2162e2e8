"""Instructions that trap only where a register says so: division by zero, unaligned accesses, no FPU.

The CPU emulation knows none of the three. While one is asked for (CCR.DIV_0_TRP, CCR.UNALIGN_TRP,
CPACR), each instruction that it is about is hooked, and looked at before it is executed. That takes a
microsecond each time, which is no matter for divisions, and slow for every load and store under UNALIGN_TRP.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import unicorn
from unicorn import arm_const as arm

from mlbench.emulator.cpu import Cpu


class Reason(Enum):
    """Why an instruction may trap."""

    DIVIDE = "division by zero"
    ALIGN = "unaligned access"
    FLOAT = "floating-point instruction while the FPU is off"


class Sight(NamedTuple):
    """An instruction that may trap.

    ``condition`` is that of its IT block, 14 outside of one. For a division ``base`` is the divisor's
    register; for an access ``base``, ``indexed``, ``shift`` and ``offset`` make the address, and ``width`` is
    its bytes.
    """

    address: int
    reason: Reason
    condition: int
    base: int = -1
    indexed: int = -1
    shift: int = 0
    offset: int = 0
    width: int = 0


def passes(condition: int, flags: int) -> bool:
    """ConditionPassed() (A7.3.1) for the flags of an xPSR."""
    n, z, c, v = (bool(flags >> bit & 1) for bit in (31, 30, 29, 28))
    result = (z, c, n, v, c and not z, n == v, n == v and not z, True)[condition >> 1]
    return not result if condition & 1 and condition != 15 else result


def find(address: int, code: bytes, wanted: frozenset[Reason]) -> list[Sight]:
    """The instructions of a block that may trap for one of the reasons."""
    sights: list[Sight] = []
    position, state = 0, 0
    while position + 1 < len(code):
        first = int.from_bytes(code[position : position + 2], "little")
        wide = first >> 11 >= 0b11101
        second = int.from_bytes(code[position + 2 : position + 4], "little") if wide else 0
        condition = state >> 4 if state & 15 else 14
        sight = _sight(address + position, first, second, condition, wide)
        if sight is not None and sight.reason in wanted:
            sights.append(sight)
        if first & 0xFF00 == 0xBF00 and first & 15:
            state = first & 0xFF
        elif state:
            state = state & 0xE0 | state << 1 & 0x1F if state & 7 else 0
        position += 4 if wide else 2
    return sights


def _sight(address: int, first: int, second: int, condition: int, wide: bool) -> Sight | None:
    if not wide:
        return _narrow_access(address, first, condition)
    if first & 0xFFD0 == 0xFB90 and second & 0xF0 == 0xF0:
        return Sight(address, Reason.DIVIDE, condition, second & 15)
    if first & 0xEC00 == 0xEC00 and second & 0x0E00 == 0x0A00:
        return Sight(address, Reason.FLOAT, condition)
    if first & 0xFE00 == 0xF800 and first & 0x60 in (0x20, 0x40):
        return _wide_access(address, first, second, condition)
    return None


def _narrow_access(address: int, code: int, condition: int) -> Sight | None:
    low, top = code >> 3 & 7, code >> 11
    if code >> 12 == 5:
        size = {0: 4, 1: 2, 4: 4, 5: 2, 7: 2}.get(code >> 9 & 7)
        return Sight(address, Reason.ALIGN, condition, low, code >> 6 & 7, width=size) if size else None
    if top in (0b01100, 0b01101):
        return Sight(address, Reason.ALIGN, condition, low, offset=(code >> 6 & 31) * 4, width=4)
    if top in (0b10000, 0b10001):
        return Sight(address, Reason.ALIGN, condition, low, offset=(code >> 6 & 31) * 2, width=2)
    return None


def _wide_access(address: int, first: int, second: int, condition: int) -> Sight | None:
    size, base = (2 if first & 0x20 else 4), first & 15
    if base == 15:
        return None  # a literal: its address is known, and aligned by the compiler
    if first & 0x80:
        return Sight(address, Reason.ALIGN, condition, base, offset=second & 0xFFF, width=size)
    if not second & 0x800:
        return Sight(address, Reason.ALIGN, condition, base, second & 15, second >> 4 & 3, width=size)
    # Post-indexed accesses use the base as it is.
    offset = (second & 0xFF) * (1 if second & 0x200 else -1) if second & 0x400 else 0
    return Sight(address, Reason.ALIGN, condition, base, offset=offset, width=size)


class InstructionTraps:
    """Hooks the instructions that may trap now."""

    def __init__(self, cpu: Cpu) -> None:
        self._cpu = cpu
        self._blocks: set[tuple[int, int]] = set()
        self._sights: dict[int, Sight] = {}
        self._hooks: list[Any] = []
        self.wanted: frozenset[Reason] = frozenset()
        self.last: tuple[Sight, int] | None = None
        """What trapped, and for an access at which address."""

    def want(self, wanted: frozenset[Reason]) -> None:
        """Trap for these reasons from now on."""
        if wanted == self.wanted:
            return
        self.wanted = wanted
        for hook in self._hooks:
            self._cpu.uc.hook_del(hook)
        self._hooks.clear()
        self._sights.clear()
        for address, size in self._blocks:
            self._hook(address, size)
        self._cpu.uc.ctl_flush_tb()

    def look(self, address: int, size: int) -> None:
        """A block is about to be executed for the first time."""
        self._blocks.add((address, size))
        if self.wanted and self._hook(address, size):
            # It may be translated already.
            self._cpu.uc.ctl_remove_cache(address, address + size)

    def _hook(self, address: int, size: int) -> bool:
        has_traps = False
        for sight in find(address, self._cpu.read(address, size), self.wanted):
            has_traps = True
            if sight.address not in self._sights:
                self._sights[sight.address] = sight
                self._hooks.append(
                    self._cpu.uc.hook_add(
                        unicorn.UC_HOOK_CODE, self._check, begin=sight.address, end=sight.address
                    )
                )
        return has_traps

    def _check(self, _uc: unicorn.Uc, address: int, _size: int, _user: object) -> None:
        sight = self._sights.get(address)
        cpu = self._cpu
        if sight is None or not passes(sight.condition, cpu.reg(arm.UC_ARM_REG_XPSR)):
            return
        target = 0
        if sight.reason is Reason.DIVIDE and cpu.r(sight.base):
            return
        if sight.reason is Reason.ALIGN:
            target = cpu.r(sight.base) + sight.offset
            if sight.indexed >= 0:
                target += cpu.r(sight.indexed) << sight.shift
            if not target % sight.width:
                return
        self.last = sight, target & 0xFFFFFFFF
        cpu.trap()

"""Which instructions of a block fault where their base register is unaligned, told by registers.

LDM, STM, LDRD, STRD, VLDR, VSTR, VLDM, VSTM, LDREX and STREX need an address that is a multiple of four,
LDREXH and STREXH one that is a multiple of two, whatever CCR.UNALIGN_TRP is (ARMv7-M Architecture Reference
Manual, DDI 0403E, A3.2.1 and B2.3.4). Their offsets are multiples of four (of words), so that the base
register alone decides. SP is always a multiple of four (B1.4.1), and so is what is relative to PC: neither
needs a look.

Registers are followed in remainders by four. Nearly all bases are a sum of registers as they are when the
block begins: the block hook looks at these there. What must be right is a base that is told as aligned; one
that is told as unaligned is looked at again where the instruction is.
"""

from __future__ import annotations

from typing import NamedTuple

from mlbench.cycles.conditions import ALWAYS, conditions
from mlbench.cycles.flow import Flow
from mlbench.cycles.insn import PC, SP, Decoded, Insn
from mlbench.cycles.sums import Sum, add, constant, pointer, shift_left

_KINDS = frozenset(
    ("load_multiple", "pop_pc", "store_multiple", "load_double", "store_double", "float_load", "float_store",
     "float_load_multiple", "float_store_multiple")
)  # fmt: skip


class AlignedUse(NamedTuple):
    """An instruction that faults unless its base register is a multiple of ``size``.

    ``offset`` is what it adds to the base for its lowest address; ``condition`` is that of its IT block, and
    ``at`` the IT instruction, else its own address. ``steady``: nothing between the two changes the base.
    """

    address: int
    base: int
    size: int
    offset: int
    condition: int
    at: int
    steady: bool = True


class AlignmentCheck(NamedTuple):
    """A sum of registers at the start of a block that must be a multiple of ``size``, 2 or 4."""

    where: Sum
    size: int


class Alignment(NamedTuple):
    """What a block asks of its bases.

    ``checks`` are looked at before the block, for ``told``; ``untold`` can only be looked at where they are.
    ``entered`` lie in an IT block that the block begins within: they are looked at from the block's start.
    ``steady``: where the block follows itself, what has held holds again.
    """

    checks: tuple[AlignmentCheck, ...] = ()
    told: tuple[AlignedUse, ...] = ()
    untold: tuple[AlignedUse, ...] = ()
    entered: tuple[AlignedUse, ...] = ()
    steady: bool = True


NO_ALIGNMENT = Alignment()


_NEVER = AlignmentCheck(constant(1), 4)
"""What does not hold, so that the block is stopped at each time."""


def needed(first: int, second: int, insn: Insn) -> tuple[int, int] | None:
    """The base register of an instruction that needs it aligned, and to how many bytes."""
    if insn.kind in _KINDS:
        base = first >> 8 & 7 if insn.size == 2 else first & 15
        narrow_stack = insn.size == 2 and first >> 12 == 11
        return None if narrow_stack or base in (SP, PC) else (base, 4)
    # LDREX and STREX have no bit 7; their halfword forms have it, and 0101 (A5.3.6).
    if insn.kind in ("load", "store") and insn.size == 4 and first & 0xFF60 == 0xE840:
        size = 4 if not first & 0x80 else {4: 1, 5: 2}.get(second >> 4 & 15, 4)
        return None if size == 1 or first & 15 == SP else (first & 15, size)
    return None


def alignment(block: list[Decoded], state: int = 0) -> Alignment:
    """What a block's instructions ask of their bases; ``state`` is ITSTATE where it begins."""
    if all(needed(first, second, insn) is None for _, first, second, insn in block):
        return NO_ALIGNMENT
    flow = Flow(slots=False)
    registers = flow.registers
    registers[SP] = constant(0)
    checks: dict[AlignmentCheck, None] = {}
    told_uses: list[AlignedUse] = []
    untold_uses: list[AlignedUse] = []
    entered_uses: list[AlignedUse] = []
    written = 0
    for (pc, first, second, insn), (condition, at) in zip(block, conditions(block, state), strict=True):
        written = written if condition != ALWAYS else 0
        need = needed(first, second, insn)
        if need is not None:
            base, size = need
            where = registers[base]
            if where is None or not _is_multiple(where, size):
                access = pointer(first, second, insn)
                offset = access.offset if access else 0
                use = AlignedUse(pc, base, size, offset, condition, at, not written >> base & 1)
                is_told = where is not None and PC not in (where.base, where.scaled)
                if condition != ALWAYS and state & 15 and at == block[0][0]:
                    entered_uses.append(use)
                else:
                    (told_uses if is_told else untold_uses).append(use)
                if where is not None and is_told:
                    checks[AlignmentCheck(where, size)] = None
                elif use in entered_uses:
                    checks[_NEVER] = None
            if condition == ALWAYS and size == 4:
                # Past it, the base was aligned.
                registers[base] = constant(0)
        _step(flow, pc, first, second, insn, condition)
        written |= insn.writes
    steady = all(_is_steady(check, registers) for check in checks)
    return Alignment(tuple(checks), tuple(told_uses), tuple(untold_uses), tuple(entered_uses), steady)


def _step(flow: Flow, pc: int, first: int, second: int, insn: Insn, condition: int) -> None:
    before = list(flow.registers)
    flow.step(pc, first, second, insn)
    multiple = _multiple_of_four(first, second, insn)
    if multiple is not None:
        flow.registers[multiple] = constant(0)
    flow.registers[SP] = constant(0)
    for number, old in enumerate(before):
        new = flow.registers[number]
        if new is not None:
            new = flow.registers[number] = _remainder(new)
        if condition != ALWAYS and new != old:
            flow.registers[number] = None


def _multiple_of_four(first: int, second: int, insn: Insn) -> int | None:
    """The register that a shift to the left or a mask makes a multiple of four, whatever was in it."""
    if insn.kind != "alu" or not insn.writes:
        return None
    if insn.size == 2:
        return first & 7 if first >> 11 == 0 and first >> 6 & 31 >= 2 else None
    rd = second >> 8 & 15
    if first & 0xFFEF == 0xEA4F and not second & 0x30:  # MOV of a register shifted to the left
        return rd if second >> 10 & 0x1C | second >> 6 & 3 >= 2 else None
    if first & 0xFA00 == 0xF000 and not second & 0x8000 and not first & 0x400 and not second & 0x7000:
        operation, byte = first >> 5 & 15, second & 0xFF
        masks = (operation == 0 and not byte & 3) or (operation == 1 and byte & 3 == 3)
        return rd if masks and rd != PC else None
    return None


def _remainder(value: Sum) -> Sum:
    """A sum by four: what is the same for addresses that differ by words."""
    base, scaled, shift, offset = value
    if shift >= 2:
        scaled, shift = -1, 0
    return Sum(-1 if base == SP else base, -1 if scaled == SP else scaled, shift, offset & 3)


def _is_multiple(where: Sum, size: int) -> bool:
    return where.base < 0 and where.scaled < 0 and where.offset % size == 0


def _is_steady(check: AlignmentCheck, registers: list[Sum | None]) -> bool:
    """Whether a sum that was aligned before a block still is behind it."""
    where = check.where
    base = registers[where.base] if where.base >= 0 else constant(0)
    scaled = registers[where.scaled] if where.scaled >= 0 else constant(0)
    after = add(base, shift_left(scaled, where.shift))
    if after is None:
        return False
    after = _remainder(after.plus(where.offset))
    return after == where or _is_multiple(after, check.size)

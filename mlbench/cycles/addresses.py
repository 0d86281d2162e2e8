"""What a block reads and divides, told by registers: so that flash, alignment and divides can be priced.

Data read from flash waits for it (nRF52840 Product Specification v1.7, 4.3: the instruction cache does
not hold data), and a divide takes as long as its operands ask for. Hooking each of these instructions
would halve the emulator's speed, so a block is looked at once: each address and operand is expressed by
the registers as they are when the block begins, by words that memory holds then (slots), or by the
registers as they are when the block has ended. The block hook then has to add two or three numbers for a
load, nothing more. What cannot be told either way, and what is executed on a condition, is looked at where it
is, by the registers as they are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlbench.cycles.flow import Flow
from mlbench.cycles.insn import PC, SP, Decoded, Insn
from mlbench.cycles.sums import SLOTS, Pointer, Sum, SumKind, pointer

MAX_SLOTS = 16
"""Values that a block may keep for addresses; shared with ``_block_hook.c``."""


class Access(NamedTuple):
    """One thing to be priced, or computed for what follows.

    ``words`` are read; ``width``: bytes of one access, which takes longer where it is not aligned.
    """

    kind: SumKind
    where: Sum
    words: int = 1
    width: int = 1
    slot: int = -1
    signed: bool = False


class Accesses(NamedTuple):
    """What is to be priced by the registers before a block, after it, and at instructions by their address.

    ``divides`` counts the divides among what is told before the block.
    """

    early: tuple[Access, ...]
    late: tuple[Access, ...]
    located: tuple[tuple[int, tuple[Access, ...]], ...] = ()
    divides: int = 0


DIVIDENDS = (SumKind.DIVIDEND, SumKind.SIGNED_DIVIDEND)
LOADS = frozenset(
    ("load", "load_pc", "load_double", "load_multiple", "pop_pc", "table_branch", "float_load",
     "float_load_multiple")
)  # fmt: skip


class _PricedInsn(NamedTuple):
    """What an instruction reads or divides, by the registers at the block's start and by those at it."""

    address: int
    early: tuple[Access, ...]
    own: tuple[Access, ...]


def accesses(block: list[Decoded], conditional: Sequence[bool] = ()) -> Accesses:
    """The loads of one block that may reach flash or be unaligned, and its divides.

    Loads relative to SP do neither. ``conditional`` tells of each instruction whether it is executed on the
    condition of an IT block; empty: none is.
    """
    flow = Flow()
    priced_insns: list[_PricedInsn] = []
    late: list[Access] = []
    located: list[tuple[int, tuple[Access, ...]]] = []
    conditional = conditional or [False] * len(block)
    for position, (pc, first, second, insn) in enumerate(block):
        on_condition = conditional[position]
        own_accesses = _own_accesses(pc, first, second, insn)
        if own_accesses and on_condition:
            located.append((pc, own_accesses))
        elif own_accesses:
            early = _early(flow, own_accesses)
            rest = block[position:], conditional[position:]
            after = _after(*rest, own_accesses[0]) if early is None else None
            if early is not None:
                priced_insns.append(_PricedInsn(pc, early, own_accesses))
            elif after is not None:
                late.append(after)
            else:
                located.append((pc, own_accesses))
        flow.step(pc, first, second, insn, conditional=on_condition)
    early_accesses, lost = _with_slots(priced_insns, flow)
    located += lost
    divides = sum(access.kind in DIVIDENDS for access in early_accesses)
    return Accesses(early_accesses, tuple(late), tuple(sorted(located)), divides)


def _own_accesses(pc: int, first: int, second: int, insn: Insn) -> tuple[Access, ...]:
    """What an instruction has to be priced for, by the registers as they are when it is executed."""
    if insn.kind == "div":
        kind = SumKind.DIVIDEND if first & 0x20 else SumKind.SIGNED_DIVIDEND
        dividend, divisor = Sum(first & 15, -1, 0, 0), Sum(second & 15, -1, 0, 0)
        return Access(kind, dividend), Access(SumKind.OPERAND, divisor)
    load = pointer(first, second, insn) if insn.kind in LOADS else None
    if load is None or load.base == SP:
        return ()
    if load.base == PC:
        load = load._replace(base=-1, offset=pc + 4)
    width = insn.width if insn.kind in ("load", "table_branch") else 1
    where = Sum(load.base, load.scaled, load.shift, load.offset & 0xFFFFFFFF)
    return (Access(SumKind.READ, where, insn.transfers, width),)


def _early(flow: Flow, own_accesses: tuple[Access, ...]) -> tuple[Access, ...] | None:
    """The same by the registers at the block's start; nothing for the stack, None: not to be told."""
    early: list[Access] = []
    for access in own_accesses:
        base, scaled, shift, offset = access.where
        where = flow.address(Pointer(base, scaled, shift, offset))
        if where is None:
            return None
        if access.kind != SumKind.READ or where.base != SP:
            early.append(access._replace(where=where))
    return tuple(early)


def _slots_of(where: Sum) -> list[int]:
    return [number - SLOTS for number in (where.base, where.scaled) if number >= SLOTS]


def _with_slots(
    priced_insns: list[_PricedInsn], flow: Flow
) -> tuple[tuple[Access, ...], list[tuple[int, tuple[Access, ...]]]]:
    """Put in what must be fetched, before what needs it; what there are no slots for is told at its place."""
    numbers: dict[int, int] = {}
    early: list[Access] = []
    lost: list[tuple[int, tuple[Access, ...]]] = []

    def need(fetch: int) -> bool:
        if fetch in numbers:
            return True
        kind, where, width, signed, operand = flow.values[fetch]
        inputs = [*_slots_of(where), *(_slots_of(operand) if operand else ())]
        if not all(need(other) for other in inputs) or len(numbers) == MAX_SLOTS:
            return False
        numbers[fetch] = len(numbers)
        early.append(Access(kind, named(where), 1, width, numbers[fetch], signed))
        if operand is not None:
            early.append(Access(SumKind.OPERAND, named(operand)))
        return True

    def named(where: Sum) -> Sum:
        base, scaled = (
            SLOTS + numbers[number - SLOTS] if number >= SLOTS else number
            for number in (where.base, where.scaled)
        )
        return where._replace(base=base, scaled=scaled)

    for address, known_accesses, own_accesses in priced_insns:
        if all(need(fetch) for access in known_accesses for fetch in _slots_of(access.where)):
            early += [access._replace(where=named(access.where)) for access in known_accesses]
        else:
            lost.append((address, own_accesses))
    return tuple(early), lost


def _after(rest: list[Decoded], conditional: Sequence[bool], read: Access) -> Access | None:
    """The read that ``rest`` begins with, by the registers at its end; None: not to be told."""
    if read.kind != SumKind.READ:
        return None
    flow = Flow(slots=False)
    for (pc, first, second, insn), on_condition in zip(rest, conditional, strict=True):
        flow.step(pc, first, second, insn, conditional=on_condition)
    base, scaled, _, offset = read.where
    if scaled >= 0 and flow.registers[scaled] != Sum(scaled, -1, 0, 0):
        return None
    if base < 0:
        return read
    end = flow.registers[base]
    if end is None or end.base != base or end.scaled >= 0:
        return None
    return read._replace(where=read.where._replace(offset=offset - end.offset & 0xFFFFFFFF))

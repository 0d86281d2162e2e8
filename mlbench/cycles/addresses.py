"""What a block reads and divides, told by registers: so that flash, alignment and divides can be priced.

Data read from flash waits for it (nRF52840 Product Specification v1.7, 4.3: the instruction cache does
not hold data), and a divide takes as long as its operands ask for. Hooking each of these instructions
would halve the emulator's speed, so a block is looked at once: each address and operand is expressed by
the registers as they are when the block begins, by words that memory holds then (slots), or by the
registers as they are when the block has ended. The block hook then has to add two or three numbers for a
load, nothing more. What cannot be told either way is counted as unseen.
"""

from __future__ import annotations

from typing import NamedTuple

from mlbench.cycles.flow import Flow
from mlbench.cycles.insn import PC, SP, Insn
from mlbench.cycles.sums import SLOTS, Pointer, Sum, SumKind, constant, pointer

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
    """What is to be priced by the registers before a block and after it; what could not be told.

    ``unseen`` counts loads, ``divides`` counts the divides among what could be told.
    """

    early: tuple[Access, ...]
    late: tuple[Access, ...]
    unseen: int
    divides: int = 0


_LOADS = frozenset(
    ("load", "load_pc", "load_double", "load_multiple", "pop_pc", "table_branch", "float_load",
     "float_load_multiple")
)  # fmt: skip

Decoded = tuple[int, int, int, Insn]
"""Address, first and second halfword, and what they decode to."""


def accesses(block: list[Decoded]) -> Accesses:
    """The loads of one block that may reach flash or be unaligned, and its divides.

    Loads relative to SP do neither.
    """
    flow = Flow()
    known_accesses: list[Access] = []
    late: list[Access] = []
    unseen = divides = 0
    for position, (pc, first, second, insn) in enumerate(block):
        if insn.kind == "div":
            operands = _told(flow, first, second)
            if operands:
                known_accesses += operands
                divides += 1
        load = pointer(first, second, insn) if insn.kind in _LOADS else None
        if load is not None and load.base == PC:
            load = load._replace(base=-1, offset=pc + 4)
        if load is not None and load.base != SP:
            where = flow.address(load)
            width = insn.width if insn.kind in ("load", "table_branch") else 1
            if where is not None and where.base == SP:
                pass
            elif where is not None:
                known_accesses.append(Access(SumKind.READ, where, insn.transfers, width))
            else:
                after = _after(block[position:], load)
                if after is None:
                    unseen += 1
                else:
                    late.append(Access(SumKind.READ, after, insn.transfers, width))
        flow.step(pc, first, second, insn)
    early, lost, lost_divides = _with_slots(known_accesses, flow)
    return Accesses(early, tuple(late), unseen + lost, divides - lost_divides)


def _told(flow: Flow, first: int, second: int) -> list[Access]:
    dividend, divisor = flow.registers[first & 15], flow.registers[second & 15]
    if dividend is None or divisor is None:
        return []
    kind = SumKind.DIVIDEND if first & 0x20 else SumKind.SIGNED_DIVIDEND
    return [Access(kind, dividend), Access(SumKind.OPERAND, divisor)]


def _slots_of(where: Sum) -> list[int]:
    return [number - SLOTS for number in (where.base, where.scaled) if number >= SLOTS]


def _with_slots(block_accesses: list[Access], flow: Flow) -> tuple[tuple[Access, ...], int, int]:
    """Put in what must be fetched, before what needs it; what does not fit is counted as lost."""
    numbers: dict[int, int] = {}
    early: list[Access] = []

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

    lost = lost_divides = 0
    skip = False
    for position, access in enumerate(block_accesses):
        if skip:
            skip = False
            continue
        pair = block_accesses[position : position + 2] if access.kind != SumKind.READ else [access]
        skip = len(pair) == 2
        if all(need(fetch) for one in pair for fetch in _slots_of(one.where)):
            early += [one._replace(where=named(one.where)) for one in pair]
        elif access.kind == SumKind.READ:
            lost += 1
        else:
            lost_divides += 1
    return tuple(early), lost, lost_divides


def _after(rest: list[Decoded], load: Pointer) -> Sum | None:
    """The address of the load that ``rest`` begins with, by the registers at its end."""
    flow = Flow(slots=False)
    for pc, first, second, insn in rest:
        flow.step(pc, first, second, insn)
    address = Sum(-1, load.scaled, load.shift, load.offset & 0xFFFFFFFF)
    if load.scaled >= 0 and flow.registers[load.scaled] != Sum(load.scaled, -1, 0, 0):
        return None
    if load.base < 0:
        return constant(load.offset)
    end = flow.registers[load.base]
    if end is None or end.base != load.base or end.scaled >= 0:
        return None
    return address._replace(base=load.base).plus(-end.offset)

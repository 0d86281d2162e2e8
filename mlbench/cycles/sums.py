"""Values as sums of registers, and how loads and stores form their addresses.

Encodings: ARMv7-M Architecture Reference Manual (DDI 0403E), chapter A5 and A7.7.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from mlbench.cycles.insn import PC, SP, Insn

SLOTS = 16
"""Numbers of registers from here on are slots: words read from memory when the block begins."""


class SumKind(IntEnum):
    """What the block hook does with a sum. Values are shared with ``_block_hook.c``."""

    READ = 0
    """Price a read at the sum."""
    FETCH = 1
    """Keep what memory holds there in a slot, at no cost."""
    DIVIDEND = 2
    """The sum is the dividend, that of the next is the divisor: price a divide."""
    SIGNED_DIVIDEND = 3
    OPERAND = 4
    """The second operand of the one before."""
    # From here on, a slot is computed of the sum and of the next one.
    SUBTRACT = 5
    MULTIPLY = 6
    AND = 7
    RIGHT = 8
    RIGHT_SIGNED = 9
    EXTEND = 10
    """A slot is computed of the sum alone: its lowest ``width`` bytes, with or without sign."""


class Sum(NamedTuple):
    """``base + (scaled << shift) + offset``; registers by number, -1 for none."""

    base: int
    scaled: int
    shift: int
    offset: int

    def plus(self, amount: int) -> Sum:
        """The same, ``amount`` further."""
        return self._replace(offset=(self.offset + amount) & 0xFFFFFFFF)

    def same_place(self, other: Sum) -> bool:
        """Whether the two differ by a constant only."""
        return self[:3] == other[:3]


def constant(value: int) -> Sum:
    """A sum without registers."""
    return Sum(-1, -1, 0, value & 0xFFFFFFFF)


def add(a: Sum | None, b: Sum | None) -> Sum | None:
    """The sum of two sums, where it still has that form."""
    if a is None or b is None:
        return None
    offset = (a.offset + b.offset) & 0xFFFFFFFF
    plain = [register for register in (a.base, b.base) if register >= 0]
    scaled = [(s.scaled, s.shift) for s in (a, b) if s.scaled >= 0]
    if len(plain) == 2 and not scaled:
        return Sum(plain[0], plain[1], 0, offset)
    if len(plain) > 1 or len(scaled) > 1:
        return None
    index, shift = scaled[0] if scaled else (-1, 0)
    return Sum(plain[0] if plain else -1, index, shift, offset)


def shift_left(a: Sum | None, amount: int) -> Sum | None:
    """A sum times a power of two, where it still has that form."""
    if a is None or amount == 0:
        return a
    offset = a.offset << amount & 0xFFFFFFFF
    if a.shift + amount > 31:
        return None
    if a.base >= 0 and a.scaled < 0:
        return Sum(-1, a.base, amount, offset)
    if a.base < 0:
        return Sum(-1, a.scaled, a.shift + amount if a.scaled >= 0 else 0, offset)
    return None


class Pointer(NamedTuple):
    """Address of a load or store before its own write-back, and by how much it moves its base."""

    base: int
    scaled: int = -1
    shift: int = 0
    offset: int = 0
    moves: int = 0


def pointer(hw: int, hw2: int, insn: Insn) -> Pointer | None:
    """How a load or store forms its address; None for what is neither."""
    if insn.literal is not None:
        return Pointer(-1, offset=insn.literal)
    if not insn.address:
        return None
    return _narrow_load(hw, insn) if insn.size == 2 else _wide_load(hw, hw2, insn)


def _narrow_load(hw: int, insn: Insn) -> Pointer:
    top, rn = hw >> 12, hw >> 3 & 7
    if top == 5:
        return Pointer(rn, hw >> 6 & 7)
    if top in (6, 7, 8):
        return Pointer(rn, offset=(hw >> 6 & 31) * {6: 4, 7: 1, 8: 2}[top])
    if top == 9:
        return Pointer(SP, offset=(hw & 0xFF) * 4)
    if top == 11:
        return Pointer(SP, moves=insn.sp)
    base = hw >> 8 & 7
    keeps_base = insn.kind == "load_multiple" and hw >> base & 1
    return Pointer(base, moves=0 if keeps_base else 4 * insn.transfers)


def _wide_load(hw: int, hw2: int, insn: Insn) -> Pointer:
    base, up = hw & 15, 1 if hw & 0x80 else -1
    size = 4 * insn.transfers
    if insn.kind == "table_branch":
        return Pointer(base, hw2 & 15, hw2 >> 4 & 1, offset=4 if base == PC else 0)
    if insn.kind in (
        "load_multiple",
        "store_multiple",
        "pop_pc",
        "float_load_multiple",
        "float_store_multiple",
    ):
        falls = bool(hw & 0x100)
        moves = (-size if falls else size) if hw & 0x20 else 0
        return Pointer(base, offset=-size if falls else 0, moves=moves)
    if insn.kind in ("float_load", "float_store"):
        return Pointer(base, offset=(hw2 & 0xFF) * 4 * up)
    if hw & 0xFE40 == 0xE840:
        if not hw & 0x0120:
            return Pointer(base, offset=(hw2 & 0xFF) * 4 if not hw & 0x80 else 0)
        amount = (hw2 & 0xFF) * 4 * up
        moves = amount if hw & 0x20 else 0
        return Pointer(base, offset=amount if hw & 0x100 else 0, moves=moves)
    if hw & 0x80:
        return Pointer(base, offset=hw2 & 0xFFF)
    if not hw2 & 0x800:
        return Pointer(base, hw2 & 15, hw2 >> 4 & 3)
    amount = (hw2 & 0xFF) * (1 if hw2 & 0x200 else -1)
    return Pointer(base, offset=amount if hw2 & 0x400 else 0, moves=amount if hw2 & 0x100 else 0)

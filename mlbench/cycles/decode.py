"""Thumb-2 instructions sorted into the classes of the cost table.

Only what a cost, an address or the stack depth needs is decoded. Encodings: ARMv7-M Architecture
Reference Manual (DDI 0403E), chapter A5 (the encoding of the Thumb instruction set).
"""

from __future__ import annotations

from mlbench.cycles.decode_wide import decode_wide
from mlbench.cycles.insn import LR, PC, SP, Insn

_NARROW_WIDTHS = (4, 2, 1, 1, 4, 2, 1, 2)
"""Bytes moved by STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB and LDRSH with a register offset."""
_SHORT_LOADS = ("store_reg", "store_reg", "store_reg", "load", "load", "load", "load", "load")


def decode(pc: int, first: int, second: int) -> Insn:
    """Decode the instruction at ``pc`` from its first halfword and the one after it."""
    if (first >> 11) in (0b11101, 0b11110, 0b11111):
        return decode_wide(pc, first, second)
    return _narrow(pc, first)


def _narrow(pc: int, hw: int) -> Insn:
    top = hw >> 12
    low = 1 << (hw & 7)
    if top <= 1:
        return Insn(2, "alu", low)
    if top <= 3:
        compare = (hw >> 11) & 3 == 1
        return Insn(2, "alu", 0 if compare else 1 << ((hw >> 8) & 7))
    if top == 4:
        return _narrow_4(pc, hw)
    if top == 5:
        address = 1 << ((hw >> 3) & 7) | 1 << ((hw >> 6) & 7)
        operation = (hw >> 9) & 7
        kind, width = _SHORT_LOADS[operation], _NARROW_WIDTHS[operation]
        signed = operation in (3, 7)
        return Insn(2, kind, low if kind == "load" else 0, address, width=width, signed=signed)
    if top in (6, 7, 8):
        load, width = hw & 0x800, {6: 4, 7: 1, 8: 2}[top]
        kind = "load" if load else "store"
        return Insn(2, kind, low if load else 0, 1 << ((hw >> 3) & 7), width=width)
    if top == 9:
        load = hw & 0x800
        return Insn(2, "load" if load else "store", 1 << ((hw >> 8) & 7) if load else 0, 1 << SP)
    if top == 10:
        return Insn(2, "alu", 1 << ((hw >> 8) & 7))
    if top == 11:
        return _narrow_misc(hw)
    if top == 12:
        base = 1 << ((hw >> 8) & 7)
        count = (hw & 0xFF).bit_count()
        if hw & 0x800:
            return Insn(2, "load_multiple", hw & 0xFF | base, base, count)
        return Insn(2, "store_multiple", base, base, count)
    if top == 13:
        kind = {14: "undefined", 15: "svc"}.get((hw >> 8) & 15, "branch")
        return Insn(2, kind)
    return Insn(2, "branch")


def _narrow_4(pc: int, hw: int) -> Insn:
    if hw & 0x800:
        return Insn(2, "load", 1 << ((hw >> 8) & 7), 0, literal=((pc + 4) & ~3) + (hw & 0xFF) * 4)
    if not hw & 0x400:
        op = (hw >> 6) & 15
        return Insn(2, "mul" if op == 13 else "alu", 0 if op in (8, 10, 11) else 1 << (hw & 7))
    op = (hw >> 8) & 3
    if op == 3:
        # To LR, the branch is known when it is decoded; to another register, when it is executed.
        kind = "branch_return" if (hw >> 3) & 15 == LR else "branch_register"
        return Insn(2, kind, 1 << LR if hw & 0x80 else 0)
    rd = hw & 7 | (hw >> 4) & 8
    if op == 1:
        return Insn(2, "alu")
    if rd == PC:
        return Insn(2, "branch_return" if op == 2 and (hw >> 3) & 15 == LR else "branch_register")
    return Insn(2, "alu", 1 << rd, sp_dynamic=rd == SP)


def _narrow_misc(hw: int) -> Insn:
    if hw & 0x0F00 == 0:
        amount = (hw & 0x7F) * 4
        return Insn(2, "alu", 1 << SP, sp=-amount if hw & 0x80 else amount)
    if hw & 0x0500 == 0x0100:
        return Insn(2, "branch_compare")
    if hw & 0x0600 == 0x0400:
        count = (hw & 0x1FF).bit_count()
        if hw & 0x0800:
            kind = "pop_pc" if hw & 0x100 else "load_multiple"
            return Insn(2, kind, hw & 0xFF | 1 << SP, 1 << SP, count, sp=4 * count)
        return Insn(2, "store_multiple", 1 << SP, 1 << SP, count, sp=-4 * count)
    if hw & 0x0FE0 == 0x0660:
        return Insn(2, "cps")
    if hw & 0x0F00 in (0x0200, 0x0A00):
        return Insn(2, "bits" if hw & 0x0800 else "extend", 1 << (hw & 7))
    if hw & 0x0F00 == 0x0E00:
        return Insn(2, "bkpt")
    return Insn(2, "it" if hw & 0xF else "nop")

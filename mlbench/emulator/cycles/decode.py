"""Thumb-2 instructions sorted into the classes of the cost table.

Only what a cost or the stack depth needs is decoded. Encodings: ARMv7-M Architecture Reference
Manual (DDI 0403E), chapter A5 (the encoding of the Thumb instruction set).
"""

from __future__ import annotations

from typing import NamedTuple

SP, LR, PC = 13, 14, 15


class Insn(NamedTuple):
    """One instruction as the cost model sees it.

    ``writes`` and ``address`` are bit masks of core registers: those written, and those that form
    the address of a load or store. ``transfers`` is the number of registers moved. ``sp`` is the change
    of SP in bytes; ``sp_dynamic`` means that it depends on a register. ``literal`` is the address of
    a load relative to PC, else None.
    """

    size: int
    kind: str
    writes: int = 0
    address: int = 0
    transfers: int = 1
    sp: int = 0
    sp_dynamic: bool = False
    literal: int | None = None
    writeback: bool = False


_SHORT_LOADS = ("store_reg", "store_reg", "store_reg", "load", "load", "load", "load", "load")


def decode(pc: int, first: int, second: int) -> Insn:
    """Decode the instruction at ``pc`` from its first halfword and the one after it."""
    if (first >> 11) in (0b11101, 0b11110, 0b11111):
        return _wide(pc, first, second)
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
        kind = _SHORT_LOADS[(hw >> 9) & 7]
        return Insn(2, kind, low if kind == "load" else 0, address)
    if top in (6, 7, 8):
        load = hw & 0x800
        return Insn(2, "load" if load else "store", low if load else 0, 1 << ((hw >> 3) & 7))
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
        return Insn(2, "branch_register", 1 << LR if hw & 0x80 else 0)
    rd = hw & 7 | (hw >> 4) & 8
    if op == 1:
        return Insn(2, "alu")
    if rd == PC:
        return Insn(2, "branch_register")
    return Insn(2, "alu", 1 << rd, sp_dynamic=rd == SP)


def _narrow_misc(hw: int) -> Insn:
    if hw & 0x0F00 == 0:
        amount = (hw & 0x7F) * 4
        return Insn(2, "alu", 1 << SP, sp=-amount if hw & 0x80 else amount)
    if hw & 0x0500 == 0x0100:
        return Insn(2, "branch")
    if hw & 0x0600 == 0x0400:
        count = (hw & 0x1FF).bit_count()
        if hw & 0x0800:
            kind = "pop_pc" if hw & 0x100 else "load_multiple"
            return Insn(2, kind, hw & 0xFF | 1 << SP, 1 << SP, count, sp=4 * count)
        return Insn(2, "store_multiple", 1 << SP, 1 << SP, count, sp=-4 * count)
    if hw & 0x0FE0 == 0x0660:
        return Insn(2, "cps")
    if hw & 0x0F00 in (0x0200, 0x0A00):
        return Insn(2, "alu", 1 << (hw & 7))
    if hw & 0x0F00 == 0x0E00:
        return Insn(2, "bkpt")
    return Insn(2, "it" if hw & 0xF else "nop")


def _wide(pc: int, hw: int, hw2: int) -> Insn:
    group = (hw >> 11) & 3
    if hw & 0xEC00 == 0xEC00:
        return _float(pc, hw, hw2)
    if group == 1:
        return _wide_memory(hw, hw2)
    if group == 2:
        return _wide_control(hw, hw2)
    return _wide_single(pc, hw, hw2)


def _alu(rd: int, compare: bool, kind: str = "alu", sp: int | None = None) -> Insn:
    if compare:
        return Insn(4, kind)
    if rd == SP:
        return Insn(4, kind, 1 << SP, sp=sp or 0, sp_dynamic=sp is None)
    return Insn(4, kind, 1 << rd)


def _wide_memory(hw: int, hw2: int) -> Insn:
    base = hw & 15
    load = bool(hw & 0x10)
    if hw & 0x0200:  # data processing, shifted register
        return _alu((hw2 >> 8) & 15, bool(hw & 0x10) and (hw2 >> 8) & 15 == PC)
    if not hw & 0x40:
        count = hw2.bit_count()
        writeback = bool(hw & 0x20)
        sp = (-4 * count if hw & 0x100 else 4 * count) if base == SP and writeback else 0
        writes = (hw2 & 0x7FFF if load else 0) | (1 << base if writeback else 0)
        loading = "pop_pc" if hw2 & 0x8000 else "load_multiple"
        kind = loading if load else "store_multiple"
        return Insn(4, kind, writes, 1 << base, count, sp=sp)
    if not hw & 0x0120:
        return _exclusive_or_table(hw, hw2)
    writeback = bool(hw & 0x20)
    offset = (hw2 & 0xFF) * 4 * (1 if hw & 0x80 else -1)
    sp = offset if base == SP and writeback else 0
    both = 1 << (hw2 >> 12) | 1 << ((hw2 >> 8) & 15)
    writes = (both if load else 0) | (1 << base if writeback else 0)
    return Insn(4, "load_double" if load else "store_double", writes, 1 << base, 2, sp=sp)


def _exclusive_or_table(hw: int, hw2: int) -> Insn:
    base = 1 << (hw & 15)
    load = bool(hw & 0x10)
    if hw & 0x80 and load and (hw2 >> 4) & 15 in (0, 1):
        return Insn(4, "table_branch", 0, base | 1 << (hw2 & 15))
    if load:
        return Insn(4, "load", 1 << (hw2 >> 12), base)
    result = hw2 & 15 if hw & 0x80 else (hw2 >> 8) & 15
    return Insn(4, "store", 1 << result, base)


def _wide_control(hw: int, hw2: int) -> Insn:
    rd = (hw2 >> 8) & 15
    if not hw2 & 0x8000:
        if hw & 0x0200:  # plain binary immediate
            operation = (hw >> 4) & 31
            sp = None
            if hw & 15 == SP and operation in (0, 10):
                amount = (hw & 0x400) << 1 | (hw2 >> 4) & 0x700 | hw2 & 0xFF
                sp = amount if operation == 0 else -amount
            return _alu(rd, False, sp=sp)
        operation = (hw >> 5) & 15
        sp = None
        if rd == SP and hw & 15 == SP and operation in (8, 13):
            amount = expand_immediate((hw & 0x400) << 1 | (hw2 >> 4) & 0x700 | hw2 & 0xFF)
            sp = amount if operation == 8 else -amount
        return _alu(rd, bool(hw & 0x10) and rd == PC, sp=sp)
    if hw2 & 0x5000 == 0x5000:
        return Insn(4, "branch_link", 1 << LR)
    if hw2 & 0x1000:
        return Insn(4, "branch")
    if hw & 0x0380 != 0x0380:
        return Insn(4, "branch")
    if hw & 0x07F0 in (0x0380, 0x0390):
        # MSR may move SP (MSP, PSP) or unmask interrupts.
        return Insn(4, "msr", sp_dynamic=hw2 & 0xFF in (8, 9))
    if hw & 0x07F0 in (0x03E0, 0x03F0):
        return Insn(4, "mrs", 1 << rd)
    if hw & 0x07F0 == 0x03B0:
        return Insn(4, "barrier")
    return Insn(4, "nop")


def expand_immediate(imm12: int) -> int:
    """ThumbExpandImm (ARMv7-M ARM, A5.3.2)."""
    byte = imm12 & 0xFF
    if imm12 >> 10:
        value = 0x80 | byte & 0x7F
        turn = imm12 >> 7
        return (value >> turn | value << (32 - turn)) & 0xFFFFFFFF
    return (byte, byte * 0x00010001, byte * 0x01000100, byte * 0x01010101)[imm12 >> 8]


def _wide_single(pc: int, hw: int, hw2: int) -> Insn:
    if hw & 0x0200:
        return _wide_multiply(hw, hw2)
    base, rt = hw & 15, hw2 >> 12
    load = bool(hw & 0x10)
    if base == PC and load:
        offset = (hw2 & 0xFFF) * (1 if hw & 0x80 else -1)
        if rt == PC:
            # Bytes and halfwords to PC are memory hints (A5.3.8, A5.3.9).
            word = hw & 0x160 == 0x40
            return Insn(4, "load_pc", literal=((pc + 4) & ~3) + offset) if word else Insn(4, "nop")
        return Insn(4, "load", 1 << rt, 0, sp_dynamic=rt == SP, literal=((pc + 4) & ~3) + offset)
    address, writeback, sp, indexed = 1 << base, False, 0, False
    if not hw & 0x80:
        if hw2 & 0x0800:
            # Write-back: W is set, or the index is applied after the access (P clear).
            writeback = bool(hw2 & 0x100)
            if base == SP and writeback:
                sp = (hw2 & 0xFF) * (1 if hw2 & 0x200 else -1)
        else:
            address |= 1 << (hw2 & 15)
            indexed = True
    writes = 1 << base if writeback else 0
    if not load:
        return Insn(4, "store_reg" if indexed else "store", writes, address, sp=sp, writeback=writeback)
    if rt == PC:
        word = hw & 0x160 == 0x40
        return Insn(4, "load_pc" if word else "nop", writes, address, sp=sp)
    moved = rt == SP
    return Insn(4, "load", writes | 1 << rt, address, sp=sp, sp_dynamic=moved, writeback=writeback)


def _wide_multiply(hw: int, hw2: int) -> Insn:
    rd = 1 << ((hw2 >> 8) & 15)
    if not hw & 0x0100:
        return Insn(4, "alu", rd)
    if not hw & 0x80:
        return Insn(4, "mul" if hw2 >> 12 == 15 else "mla", rd)
    operation = (hw >> 4) & 7
    if operation in (1, 3) and hw2 & 0xF0 == 0xF0:
        return Insn(4, "div", rd)
    return Insn(4, "mul_long", rd | 1 << (hw2 >> 12))


_FLOAT = {
    0: "float_mla",
    1: "float_mla",
    2: "float_mul",
    3: "float_add",
    8: "float_div",
    9: "float_mla",
    10: "float_mla",
}


def _float(pc: int, hw: int, hw2: int) -> Insn:
    rn, rt = hw & 15, hw2 >> 12
    load = bool(hw & 0x10)
    if hw & 0x0200:
        if hw2 & 0x10:
            return Insn(4, "float_move", 1 << rt if load and rt != PC else 0)
        operation = (hw >> 4) & 11
        if operation == 11:
            root = hw & 15 == 1 and (hw2 >> 6) & 3 == 3
            return Insn(4, "float_sqrt" if root else "float_alu")
        return Insn(4, _FLOAT[operation])
    if hw & 0x01E0 == 0x0040:
        return Insn(4, "float_move_double", (1 << rt | 1 << rn) if load else 0)
    words = hw2 & 0xFF
    if hw & 0x0120 == 0x0100:
        double = 2 if hw2 & 0x100 else 1
        kind = "float_load" if load else "float_store"
        literal = ((pc + 4) & ~3) + words * 4 * (1 if hw & 0x80 else -1) if rn == PC else None
        return Insn(4, kind, 0, 0 if rn == PC else 1 << rn, double, literal=literal)
    writeback = bool(hw & 0x20)
    sp = (4 * words if hw & 0x80 else -4 * words) if rn == SP and writeback else 0
    kind = "float_load_multiple" if load else "float_store_multiple"
    return Insn(4, kind, 1 << rn if writeback else 0, 1 << rn, words, sp=sp)

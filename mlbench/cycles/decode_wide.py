"""The 32-bit instructions (ARMv7-M Architecture Reference Manual, A5.3)."""

from __future__ import annotations

from mlbench.cycles.decode_float import decode_float
from mlbench.cycles.insn import LR, PC, SP, Insn

_PLAIN = {
    **dict.fromkeys((16, 18, 24, 26), "saturate"),  # SSAT, SSAT16, USAT, USAT16
    **dict.fromkeys((20, 22, 28), "bits"),  # SBFX, BFI, BFC, UBFX
}
_MULTIPLIES = {
    **dict.fromkeys((1, 3), "mul_half"),  # SMULxy, SMLAxy, SMULWy, SMLAWy
    **dict.fromkeys((2, 4), "mul_dual"),  # SMUAD, SMLAD, SMUSD, SMLSD
    **dict.fromkeys((5, 6), "mul_top"),  # SMMUL, SMMLA, SMMLS
    7: "difference",  # USAD8, USADA8
}


def decode_wide(pc: int, hw: int, hw2: int) -> Insn:
    """Decode a 32-bit instruction from its two halfwords."""
    group = (hw >> 11) & 3
    if hw & 0xEC00 == 0xEC00:
        return decode_float(pc, hw, hw2)
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
        kind = "pack" if (hw >> 5) & 15 == 6 else "alu"
        return _alu((hw2 >> 8) & 15, bool(hw & 0x10) and (hw2 >> 8) & 15 == PC, kind)
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
        return Insn(4, "table_branch", 0, base | 1 << (hw2 & 15), width=1 + ((hw2 >> 4) & 1))
    width = {4: 1, 5: 2}.get((hw2 >> 4) & 15, 4) if hw & 0x80 else 4
    if load:
        return Insn(4, "load", 1 << (hw2 >> 12), base, width=width)
    result = hw2 & 15 if hw & 0x80 else (hw2 >> 8) & 15
    return Insn(4, "store", 1 << result, base, width=width)


def _wide_control(hw: int, hw2: int) -> Insn:
    rd = (hw2 >> 8) & 15
    if not hw2 & 0x8000:
        if hw & 0x0200:  # plain binary immediate
            operation = (hw >> 4) & 31
            sp = None
            if hw & 15 == SP and operation in (0, 10):
                amount = (hw & 0x400) << 1 | (hw2 >> 4) & 0x700 | hw2 & 0xFF
                sp = amount if operation == 0 else -amount
            kind = _PLAIN.get(operation, "alu")
            return _alu(rd, False, kind, sp=sp)
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
        literal = ((pc + 4) & ~3) + offset
        width, signed = 1 << ((hw >> 5) & 3), bool(hw & 0x0100)
        return Insn(4, "load", 1 << rt, 0, sp_dynamic=rt == SP, literal=literal, width=width, signed=signed)
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
    width, signed = 1 << ((hw >> 5) & 3), bool(hw & 0x0100)
    if not load:
        kind = "store_reg" if indexed else "store"
        return Insn(4, kind, writes, address, sp=sp, writeback=writeback, width=width)
    if rt == PC:
        word = hw & 0x160 == 0x40
        return Insn(4, "load_pc" if word else "nop", writes, address, sp=sp)
    return Insn(
        4,
        "load",
        writes | 1 << rt,
        address,
        sp=sp,
        sp_dynamic=rt == SP,
        writeback=writeback,
        width=width,
        signed=signed,
    )


def _wide_multiply(hw: int, hw2: int) -> Insn:
    """Register-controlled shifts and extends, parallel additions, multiplications (A5.3.12 to A5.3.17)."""
    rd = 1 << ((hw2 >> 8) & 15)
    operation = (hw >> 4) & 7
    if not hw & 0x0100:
        if not hw & 0x80:
            return Insn(4, "extend" if hw2 & 0x80 else "alu", rd)
        if not hw2 & 0x80:
            return Insn(4, "parallel", rd)
        return Insn(4, ("saturate", "bits", "parallel", "bits")[operation & 3], rd)
    if not hw & 0x80:
        accumulates = hw2 >> 12 != 15
        if operation == 0:
            return Insn(4, "mla" if accumulates else "mul", rd)
        return Insn(4, _MULTIPLIES[operation], rd)
    if operation in (1, 3) and hw2 & 0xF0 == 0xF0:
        return Insn(4, "div", rd)
    kind = {0x80: "mul_half", 0xC0: "mul_dual"}.get(hw2 & 0xC0, "mul_long")
    return Insn(4, kind, rd | 1 << (hw2 >> 12))

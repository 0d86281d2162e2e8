"""Instructions of the floating-point unit (ARMv7-M Architecture Reference Manual, A6)."""

from __future__ import annotations

from mlbench.cycles.insn import PC, SP, Insn

_ARITHMETIC = {
    0: "float_mla",
    1: "float_mla",
    2: "float_mul",
    3: "float_add",
    8: "float_div",
    9: "float_mla",
    10: "float_mla",
}


def decode_float(pc: int, hw: int, hw2: int) -> Insn:
    """Decode an instruction of the coprocessor space; single precision is all there is."""
    rn, rt = hw & 15, hw2 >> 12
    load = bool(hw & 0x10)
    sd = 1 << ((rt << 1 | (hw >> 6) & 1) & 31)
    sn = 1 << (rn << 1 | (hw2 >> 7) & 1)
    if hw & 0x0200:
        if hw2 & 0x10:
            to_core = load and rt != PC
            # VMRS moves the flags of a comparison, which are a result too.
            return Insn(4, "float_move", 1 << rt if to_core else 0, float_reads=sn if load else 0)
        return _arithmetic(hw, hw2, sd, sn)
    if hw & 0x01E0 == 0x0040:
        return Insn(4, "float_move_double", (1 << rt | 1 << rn) if load else 0)
    words = hw2 & 0xFF
    if hw & 0x0120 == 0x0100:
        double = 2 if hw2 & 0x100 else 1
        literal = ((pc + 4) & ~3) + words * 4 * (1 if hw & 0x80 else -1) if rn == PC else None
        if load:
            return Insn(4, "float_load", 0, 0 if rn == PC else 1 << rn, double, literal=literal)
        return Insn(4, "float_store", 0, 1 << rn, double, literal=literal, float_reads=sd)
    writeback = bool(hw & 0x20)
    sp = (4 * words if hw & 0x80 else -4 * words) if rn == SP and writeback else 0
    kind = "float_load_multiple" if load else "float_store_multiple"
    return Insn(4, kind, 1 << rn if writeback else 0, 1 << rn, words, sp=sp)


def _arithmetic(hw: int, hw2: int, sd: int, sn: int) -> Insn:
    sm = 1 << ((hw2 & 15) << 1 | (hw2 >> 5) & 1)
    operation = (hw >> 4) & 11
    if operation != 11:
        # The addend of a multiply-accumulate is needed a cycle later: it is not among the reads.
        return Insn(4, _ARITHMETIC[operation], floats=sd, float_reads=sn | sm)
    if not hw2 & 0x40:
        return Insn(4, "float_alu")  # VMOV of a constant
    which = hw & 15
    if which == 1 and hw2 & 0x80:
        return Insn(4, "float_sqrt", floats=sd, float_reads=sm)
    if which in (4, 5):
        return Insn(4, "float_alu", float_reads=sd | sm)  # VCMP, VCMPE
    converts = which not in (0, 1)
    return Insn(4, "float_convert" if converts else "float_alu", floats=sd if converts else 0, float_reads=sm)

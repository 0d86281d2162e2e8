"""What capstone says of an instruction, in the terms of the cost table."""

from __future__ import annotations

import re
from typing import NamedTuple

import capstone
from capstone import arm

_READER = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
_READER.detail = True
_CORE = {getattr(arm, f"ARM_REG_R{n}"): n for n in range(13)} | {
    arm.ARM_REG_SP: 13,
    arm.ARM_REG_LR: 14,
    arm.ARM_REG_PC: 15,
}
_MULTIPLIES = (
    (
        ("smulbb", "smulbt", "smultb", "smultt", "smulw", "smlabb", "smlabt", "smlatb", "smlatt", "smlaw"),
        "mul_half",
    ),
    (("smlalbb", "smlalbt", "smlaltb", "smlaltt"), "mul_half"),
    (("smlald", "smlsld", "smuad", "smusd", "smlad", "smlsd"), "mul_dual"),
    (("smmul", "smmla", "smmls"), "mul_top"),
    (("usad",), "difference"),
    (("smull", "umull", "smlal", "umlal", "umaal"), "mul_long"),
    (("mul",), "mul"),
    (("mla", "mls"), "mla"),
)
_OTHERS = (
    (("sxt", "uxt"), "extend"),
    (("pkh",), "pack"),
    (("ssat", "usat"), "saturate"),
    (("clz", "rev", "rbit", "bfi", "bfc", "sbfx", "ubfx"), "bits"),
)
_SATURATING = ("qadd", "qsub", "qdadd", "qdsub")
_PARALLEL = re.compile(r"(sel|(s|u|q|uq|sh|uh)(add8|add16|sub8|sub16|asx|sax))$")


class Known(NamedTuple):
    """An instruction as capstone reads it."""

    text: str
    size: int
    kinds: frozenset[str]
    writes: int
    transfers: int | None
    sp: int | None
    """Change of SP; None: depends on a register."""
    width: int | None
    """Bytes that a load or store of one register moves; None for anything else."""


def read(pc: int, code: bytes) -> Known | None:
    """Read one instruction; None where capstone sees none, or one that no Cortex-M4 has."""
    insn = next(iter(_READER.disasm(code, pc, 1)), None)
    if insn is None or _unpredictable(insn):
        return None
    text = f"{insn.mnemonic} {insn.op_str}"
    name = insn.mnemonic.split(".")[0]
    operands = insn.operands
    kinds = _kinds(name, insn)
    if kinds is None:
        return None
    _, written = insn.regs_access()
    writes = sum(1 << _CORE[r] for r in set(written) if r in _CORE) & 0x7FFF
    transfers = None
    if re.match(r"(ldm|stm|push|pop|vldm|vstm|vpush|vpop)", name):
        registers = [o for o in operands if o.type == arm.ARM_OP_REG]
        transfers = len(registers) - (0 if name.endswith(("push", "pop")) else 1)
        if name.startswith("v") and "d" in insn.op_str.split("{")[1]:
            transfers *= 2
    width = _width(name)
    return Known(text, insn.size, kinds, writes, transfers, _sp(name, insn, transfers), width)


def _width(name: str) -> int | None:
    found = re.match(r"(ldr|str)(ex)?s?([bh]?)t?$", name)
    return None if found is None else {"b": 1, "h": 2, "": 4}[found[3]]


_NEVER_TO_SP = ("strex", "ldrex", "strht", "strbt", "ldrht", "ldrbt", "ldrsb", "ldrsh", "ldrb", "ldrh")
_NOT_THUMB7M = (
    *(
        "mcr",
        "mrc",
        "cdp",
        "ldc",
        "stc",
        "mcrr",
        "mrrc",
        "sg",
        "tt",
        "lda",
        "stl",
        "crc",
        "smc",
        "hvc",
        "dcps",
    ),
    *(
        "eret",
        "rfe",
        "srs",
        "setend",
        "pldw",
        "aes",
        "sha",
        "le",
        "wls",
        "dls",
        "cs",
        "cinc",
        "hlt",
        "setpan",
    ),
    *("bf", "bxj"),
)
_TO_SP = re.compile(r"(add|sub|mov|ldr|push|pop|vpush|vpop|v?ldm|v?stm|str|strd|ldrd)")


def _unpredictable(insn: capstone.CsInsn) -> bool:
    """What the manual leaves open: odd uses of SP and PC, lists that run past the last register."""
    name, text = insn.mnemonic.split(".")[0], insn.op_str
    _, written = insn.regs_access()
    registers = [o.reg for o in insn.operands if o.type == arm.ARM_OP_REG]
    if insn.size == 4 and arm.ARM_REG_SP in written:
        odd = not _TO_SP.match(name) or name.startswith(_NEVER_TO_SP)
        if odd and (text.startswith("sp") or "[sp" not in text):
            return True
        if name.startswith(("ldm", "stm")) and arm.ARM_REG_SP in registers[1:]:
            return True
        if name in ("ldrd", "strd") and "sp" in text.split("[")[0]:
            return True
    if insn.size == 4 and re.search(r"\bpc\b", text):
        if not name.startswith(("ldr", "ldm", "pop", "tb", "pl", "vldr")) or "pc!" in text:
            return True
        if name.startswith(("ldrb", "ldrh", "ldrs", "ldrt", "ldrex")) and text.startswith("pc"):
            return True
    if insn.size == 4 and arm.ARM_REG_SP in written and name in ("adds", "subs"):
        return True
    if name.startswith(("vldm", "vstm", "vpush", "vpop", "fldm", "fstm")):
        last = text.rstrip("}").split()[-1].lstrip("{")
        return (
            last == "s31"
            or (last[0] == "d" and int(last[1:]) > 14)
            or not insn.bytes[2]
            or name.startswith("f")
        )
    return False


def _kinds(name: str, insn: capstone.CsInsn) -> frozenset[str] | None:
    to_pc = any(r == arm.ARM_REG_PC for r in insn.regs_access()[1])
    if name.startswith("v"):
        return _float_kinds(name, insn)
    table: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("ldrd",), ("load_double",)),
        (("strd",), ("store_double",)),
        (("ldm", "pop"), ("pop_pc",) if to_pc else ("load_multiple",)),
        (("stm", "push"), ("store_multiple",)),
        (("ldrex", "ldr"), ("load_pc",) if to_pc else ("load",)),
        (("str",), ("store", "store_reg")),
        (("sdiv", "udiv"), ("div",)),
        (("tbb", "tbh"), ("table_branch",)),
        (("bkpt",), ("bkpt",)),
        (("svc",), ("svc",)),
        (("udf",), ("undefined",)),
        (("msr",), ("msr",)),
        (("mrs",), ("mrs",)),
        (("cps",), ("cps",)),
        (("dsb", "dmb", "isb"), ("barrier",)),
        (("it",), ("it",)),
    ]
    if name == "bl":
        return frozenset(("branch_link",))
    if name in ("bxns", "blxns"):
        return None
    if name in ("bx", "blx"):
        return frozenset(("branch_return" if insn.op_str == "lr" else "branch_register",))
    if name in ("cbz", "cbnz"):
        return frozenset(("branch_compare",))
    if name in ("bic", "bics"):
        return frozenset(("alu",))
    if name in _SATURATING:
        return frozenset(("saturate",))
    if _PARALLEL.match(name):
        return frozenset(("parallel",))
    for names, kind in (*_MULTIPLIES, *_OTHERS):
        if name.startswith(names):
            return frozenset((kind,))
    if name in ("nop", "wfi", "wfe", "sev", "yield", "hint", "clrex", "dbg", "pld", "pli", "csdb", "esb"):
        return frozenset(("nop", "barrier", "alu"))
    for prefixes, kinds in table:
        if name.startswith(prefixes):
            return frozenset(kinds)
    if name.startswith("b"):
        return frozenset(("branch",))
    if name in ("mov", "add") and to_pc:
        returns = name == "mov" and insn.op_str == "pc, lr"
        return frozenset(("branch_return" if returns else "branch_register",))
    if name.startswith(_NOT_THUMB7M):
        return None
    return frozenset(("alu",))


def _float_kinds(name: str, insn: capstone.CsInsn) -> frozenset[str] | None:
    # Double precision, vectors and ARMv8's additions are not in this FPU.
    if re.search(
        r"\bq\d|\.f64|\.f16|\[\d\]|\.(8|16|64)\b|\.[iusp](8|16|64)", f"{insn.mnemonic} {insn.op_str}"
    ):
        return None
    single = any(
        arm.ARM_REG_S0 <= o.reg <= arm.ARM_REG_S31 for o in insn.operands if o.type == arm.ARM_OP_REG
    )
    double = bool(re.search(r"\bd\d", insn.op_str))
    if name in ("vldr", "vstr"):
        return frozenset(("float_load" if name == "vldr" else "float_store",))
    if name.startswith(("vldm", "vpop")):
        return frozenset(("float_load_multiple",))
    if name.startswith(("vstm", "vpush")):
        return frozenset(("float_store_multiple",))
    if name in ("vmrs", "vmsr"):
        return frozenset(("float_move",))
    if name == "vmov" and not insn.mnemonic.endswith(".f32"):
        core = sum(1 for o in insn.operands if o.type == arm.ARM_OP_REG and o.reg in _CORE)
        if core:
            return frozenset(("float_move_double" if core == 2 else "float_move",))
    if double or not single:
        return None
    table = {
        "float_mla": ("vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms"),
        "float_mul": ("vmul", "vnmul"),
        "float_add": ("vadd", "vsub"),
        "float_div": ("vdiv",),
        "float_sqrt": ("vsqrt",),
        "float_alu": ("vmov", "vabs", "vneg", "vcmp", "vcmpe"),
        "float_convert": ("vcvt", "vcvtr", "vcvtb", "vcvtt"),
    }
    return next((frozenset((kind,)) for kind, names in table.items() if name in names), None)


def _sp(name: str, insn: capstone.CsInsn, transfers: int | None) -> int | None:
    operands = insn.operands
    if name.startswith("msr"):
        return None if insn.op_str.startswith(("msp,", "psp,")) else 0
    if name in ("push", "vpush"):
        return -4 * (transfers or 0)
    if name in ("pop", "vpop"):
        return 4 * (transfers or 0)
    if not any(r == arm.ARM_REG_SP for r in insn.regs_access()[1]):
        return 0
    if transfers is not None:
        down = name.startswith(("stmdb", "ldmdb", "vstmdb", "vldmdb"))
        return (-4 if down else 4) * transfers
    if name in ("add", "addw", "sub", "subw", "adds", "subs") and operands[-1].type == arm.ARM_OP_IMM:
        if len(operands) == 3 and operands[1].reg != arm.ARM_REG_SP:
            return None
        return operands[-1].imm * (1 if name.startswith("add") else -1)
    if name == "ldr" and insn.op_str.startswith("sp,"):
        return None
    memory = next((o for o in operands if o.type == arm.ARM_OP_MEM), None)
    if memory is not None and memory.mem.base == arm.ARM_REG_SP and insn.writeback:
        if "]!" in insn.op_str:
            return int(memory.mem.disp)
        found = re.search(r"\], #(-?)(0x[0-9a-f]+|\d+)$", insn.op_str)
        return int(found[1] + found[2], 0) if found else 0
    return None

"""Rows of a table: instructions that need an aligned address, by how it is formed and by how far it is off.

All rows are one image, and each is a function ``row17``. A row leaves what faulted (how often, CFSR, HFSR,
where, xPSR and r0 of the frame), the registers behind it, and the memory that it reads or writes: the object
``arena``, with ``memory`` in its middle.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

WORDS = 22
_NAMES = ("faults", "cfsr", "hfsr", "pc", "xpsr", "frame r0", "r0", "r1", "r2", "r3", "s0", "s1", "s2", "s3",
          *(f"memory+{4 * n}" for n in range(8)))  # fmt: skip
OFFSETS = (0, 1, 2, 4)

INSTRUCTIONS = (
    "ldm{c} r0, {{r1, r2}}", "ldm{c} r0!, {{r1-r3}}", "ldm{c}.w r0, {{r1, r2, r3}}",
    "ldmdb{c} r0!, {{r1, r2}}", "stm{c} r0!, {{r1, r2}}", "stm{c}.w r0, {{r1-r3}}",
    "stmdb{c} r0!, {{r1, r2}}", "ldrd{c} r1, r2, [r0, #4]", "ldrd{c} r1, r2, [r0], #8",
    "ldrd{c} r1, r2, [r0, #-4]!", "strd{c} r1, r2, [r0]", "strd{c} r1, r2, [r0, #8]!",
    "strd{c} r1, r2, [r0], #-8", "vldr{c} s0, [r0, #4]", "vldr{c} d0, [r0]", "vstr{c} s1, [r0, #-4]",
    "vstr{c} d1, [r0]", "vldm{c} r0, {{s0-s2}}", "vldm{c} r0!, {{d0-d1}}", "vldmdb{c} r0!, {{s1, s2}}",
    "vstm{c} r0!, {{s0-s3}}", "vstmdb{c} r0!, {{s0}}", "ldrex{c} r1, [r0, #4]", "ldrexh{c} r1, [r0]",
    "ldrexb{c} r1, [r0]", "strex{c} r2, r1, [r0]", "strexh{c} r2, r1, [r0]", "strexb{c} r2, r1, [r0]",
    "ldr{c} r1, [r0]", "strh{c} r1, [r0, #2]",
)  # fmt: skip

# r4 is the memory, r5 how far it is off, r6 a word of memory.
FORMS = {
    "in an earlier block": "add r0, r4, r5\nb 1f\n1: {plain}",
    "a sum in the block": "add r0, r4, r5\n{plain}",
    "a shifted sum in the block": "add.w r0, r4, r5, lsl #1\n{plain}",
    "moved and counted": "b 1f\n1: mov r0, r4\nadds r0, r0, r5\nsubs r0, #8\nadd.w r0, r0, #8\n{plain}",
    "loaded in the block": "add r0, r4, r5\nstr r0, [r6]\n{plain}\nb 1f\n1: ldr r0, [r6]\n{plain}",
    "multiplied in the block": "movs r7, #1\nmul r0, r5, r7\nadd r0, r4\n{plain}",
    "masked in the block": "add r0, r4, r5\nbic r0, r0, #3\n{plain}",
    "half masked in the block": "add r0, r4, r5\nbic r0, r0, #1\n{plain}",
    "in an IT block that is taken": "add r0, r4, r5\ncmp r0, r0\nit eq\n{taken}",
    "in an IT block that is not taken": "add r0, r4, r5\ncmp r0, r0\nit ne\n{left}",
    "later in an IT block": "add r0, r4, r5\ncmp r0, r0\nittt eq\nmoveq r7, #1\naddeq r7, #1\n{taken}",
    "formed in its IT block": "mov r0, r4\ncmp r0, r0\nitt eq\naddeq r0, r5\n{taken}",
    "loaded in its IT block": "add r0, r4, r5\nstr r0, [r6]\ncmp r0, r0\nitt eq\nldreq r0, [r6]\n{taken}",
    "unaligned in an IT block that is not taken": "add r0, r4, r5\ncmp r0, r0\nitt ne\naddne r0, #1\n{left}",
    "the second in an IT block": "add r0, r4, r5\ncmp r0, r0\nitee ne\n{left}\n{taken}\naddeq r7, #1",
    "behind an IT block": "mov r0, r4\ncmp r5, #1\nit hi\naddhi r0, r5\n{plain}",
    "twice": "add r0, r4, r5\n{plain}\n{plain}",
    "in a loop": "mov r0, r4\nmovs r7, #3\n1: {plain}\ncmp r7, #3\nite eq\naddeq r0, #4\naddne r0, r5\n"
    "subs r7, #1\nbne 1b",
    "in a loop on itself": "mov r0, r4\nmovs r7, #4\nb 1f\n1: {plain}\nlsrs r3, r7, #1\nadd r0, r5\n"
    "subs r7, #1\nbne 1b",
    "behind another access": "add r0, r4, r5\nldr r7, [r4, #4]\nadds r7, #1\n{plain}",
}  # fmt: skip


class AnyRow(Protocol):
    """What an image is made of."""

    @property
    def offset(self) -> int:
        """What r5 is."""
        ...

    def code(self) -> str:
        """Its instructions."""
        ...


class Row(NamedTuple):
    """One instruction, formed in one way, so many bytes off."""

    instruction: str
    form: str
    offset: int

    def code(self) -> str:
        """Its instructions."""
        plain, taken, left = (self.instruction.format(c=c) for c in ("", "eq", "ne"))
        return FORMS[self.form].format(plain=plain, taken=taken, left=left)

    @property
    def displacement(self) -> int:
        """From its base register to the lowest address that it reaches."""
        name, _, operands = self.instruction.partition(" ")
        if name.startswith(("ldmdb", "stmdb", "vldmdb")):
            return -8
        if name.startswith("vstmdb"):
            return -4
        indexed = re.search(r"\[r0, #(-?\d+)\]", operands)
        return int(indexed[1]) if indexed else 0

    def is_in(self, line: str) -> bool:
        """Whether a line of assembly is the instruction."""
        return any(line.endswith(self.instruction.format(c=c)) for c in ("", "eq", "ne"))


ROWS = tuple(Row(i, f, o) for f in FORMS for i in INSTRUCTIONS for o in OFFSETS)

_SUPPORT = f"""
.globl main, hard_fault_handler, usage_fault_handler
.thumb_func
hard_fault_handler:
.thumb_func
usage_fault_handler:
  ldr r0, [r9]; adds r0, #1; str r0, [r9]
  ldr r0, =0xE000ED28; ldr r1, [r0]; str r1, [r9, #4]; str r1, [r0]
  ldr r1, [r0, #4]; str r1, [r9, #8]; str r1, [r0, #4]
  ldr r1, [sp, #24]; sub r2, r1, r10; str r2, [r9, #12]
  ldr r2, [sp, #28]; str r2, [r9, #16]; ldr r3, =0x0600FC00; bic r2, r3; str r2, [sp, #28]
  ldr r2, [sp]; sub r2, r4; str r2, [r9, #20]
  ldrh r2, [r1]; lsrs r2, #11; cmp r2, #29; ite hs; addhs r1, #4; addlo r1, #2; str r1, [sp, #24]
  bx lr
.ltorg
.thumb_func
begin:
  clrex; ldr r4, =memory; ldr r6, =cell
  movs r0, #0; ldr r1, =0x01020304; mov r2, #-16
  1: mul r3, r1, r0; adds r3, #8; str r3, [r4, r2]; adds r0, #1; adds r2, #4; cmp r2, #48; blo 1b; bne 1b
  movs r0, #0; movs r1, #0
  2: str r0, [r9, r1]; adds r1, #4; cmp r1, #{4 * WORDS}; blo 2b
  ldr r1, =0x11111111; ldr r2, =0x22222222; ldr r3, =0x33333333
  vmov s0, r1; vmov s1, r2; vmov s2, r3; vmov s3, r1
  bx lr
.ltorg
.thumb_func
done:
  sub r0, r4; add r7, r9, #24; stm r7!, {{r0-r3}}; vstm r7!, {{s0-s3}}
  subs r4, #8; movs r0, #0
  3: ldr r1, [r4, r0]; str r1, [r7, r0]; adds r0, #4; cmp r0, #32; blo 3b
  add r9, #{4 * WORDS}
  bx lr
.ltorg
"""


def program(rows: Sequence[AnyRow], *, usage_fault: bool = True) -> str:
    """An image's assembly; ``usage_fault``: the fault has a handler of its own, else it escalates."""
    lines = [_SUPPORT, ".thumb_func", "main: push {r4-r11, lr}", "ldr r9, =results", "ldr r0, =0xE000ED24",
             f"mov r1, #{1 << 18 if usage_fault else 0}", "str r1, [r0]"]  # fmt: skip
    for number, row in enumerate(rows):
        lines += [f"b.w row{number}", ".ltorg", ".thumb_func", f".type row{number}, %function",
                  f"row{number}:", "bl begin", f"ldr r10, =row{number}", f"movs r5, #{row.offset}",
                  row.code(), "bl done", f".size row{number}, . - row{number}"]  # fmt: skip
    size = 4 * WORDS * len(rows)
    lines += ["ldr r0, =results", f"ldr r1, ={size}", "bl dump", "b .", ".ltorg", ".bss", ".balign 8",
              ".type arena, %object", ".size arena, 192", "arena: .space 64", "memory: .space 128",
              "cell: .space 8", f"results: .space {size}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def values(data: bytes, number: int) -> dict[str, int]:
    """What one row left."""
    part = data[4 * WORDS * number : 4 * WORDS * (number + 1)]
    return {name: int.from_bytes(part[4 * n : 4 * n + 4], "little") for n, name in enumerate(_NAMES)}


class RandomRow(NamedTuple):
    """Instructions that form addresses at random, and use them."""

    text: str
    offset: int

    def code(self) -> str:
        """Its instructions."""
        return self.text


_PAGE = 4096
"""Unicorn and QEMU end a block at the end of a page, in the middle of an IT block as well."""


def page_rows() -> list[RandomRow]:
    """An IT block that lies across two pages, by how many bytes of it lie in the first."""
    rows = []
    for inside in range(4, 16, 2):
        for instruction in ("ldrd{c} r1, r2, [r0, #4]", "stm{c} r0!, {{r1, r2}}", "vldr{c} s0, [r0]"):
            for condition, form in (("eq", "nopeq"), ("ne", "nopeq"), ("eq", "addeq r0, r5")):
                base = "mov r0, r4" if "r5" in form else "add r0, r4, r5"
                sense = "tt" if condition == "eq" else "te"
                text = (
                    f"{base}\nb 3f\n.ltorg\n.balign {_PAGE}\n.space {_PAGE - inside}\n3: cmp r0, r0\n"
                    f"i{sense} eq\n{form}\n{instruction.format(c=condition)}\n"
                )
                rows += [RandomRow(text, offset) for offset in (0, 1, 2)]
    return rows


_CHANGES = (
    "adds r7, #{n}", "subs r7, #{n}", "lsls r7, r7, #{shift}", "lsrs r7, r7, #{shift}", "eor r7, r7, #{n}",
    "add r7, r7, r5", "mul r7, r7, r5", "bic r7, r7, #{n}", "and r7, r7, #{n}", "ubfx r7, r7, #0, #3",
    "rsb r7, r7, #{n}", "add.w r7, r5, r7, lsl #{shift}", "movw r7, #{n}", "mov r7, r5", "uxtb r7, r7",
    "str r7, [r6]\nldr r7, [r6]", "strb r7, [r6]\nldrb r7, [r6]", "b 9f\n9:", "nop", "orr r7, r7, r5",
    "cmp r7, r5\nit {c}\nadd{c} r7, #{n}", "cmp r7, #2\nite {c}\nmov{c} r7, r5\nmov{d} r7, #{n}",
    "cmp r7, #4\nittt {c}\nadd{c} r7, #{n}\nstr{c} r7, [r6]\nldr{c} r7, [r6]",
)  # fmt: skip
_INVERSE = {"eq": "ne", "ne": "eq", "hi": "ls", "ls": "hi", "ge": "lt", "lt": "ge"}


def _random_step(draw: random.Random) -> str:
    condition = draw.choice(tuple(_INVERSE))
    values = {"n": draw.randrange(8), "shift": draw.randrange(1, 4), "c": condition, "d": _INVERSE[condition]}
    kind = draw.random()
    if kind < 0.6:
        return draw.choice(_CHANGES).format(**values)
    instruction = draw.choice([i for i in INSTRUCTIONS if not i.startswith("strex")])
    # The base is near the memory, whatever r7 is.
    form = "and r0, r7, #15\nadd r0, r4, r0" if kind < 0.9 else "bfc r7, #4, #28\nadd r0, r4, r7"
    if draw.random() < 0.7:
        return f"{form}\n{instruction.format(c='')}"
    then, other = instruction.format(c=condition), draw.choice(("add{} r7, #1", "mov{} r3, r7", "nop{}"))
    position = draw.randrange(3)
    lines = [other.format(condition)] * position + [then]
    return f"{form}\ncmp r7, #{values['n']}\ni{'t' * len(lines)} {condition}\n" + "\n".join(lines)


def random_rows(seed: str, count: int) -> list[RandomRow]:
    """Rows of a seed."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        text = "\n".join(_random_step(draw) for _ in range(draw.randrange(2, 9)))
        if draw.random() < 0.4:
            text = f"mov r8, #{draw.randrange(2, 6)}\n2: {text}\nsubs r8, #1\nbne 2b"
        rows.append(RandomRow(text, draw.randrange(5)))
    return rows

"""Rows of a table: accesses beside and within regions of the MPU, of any size, with and without sub-regions.

All rows are one image, for the emulator and for QEMU. A row leaves whether it faulted, CFSR and MMFAR, the
registers behind it, and the memory around the address.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

WORDS = 3 + 4 + 4 + 16
_NAMES = ("faults", "cfsr", "mmfar", "r0", "r1", "r2", "r3", "s0", "s1", "s2", "s3",
          *(f"memory+{4 * n - 32}" for n in range(16)))  # fmt: skip
ARENA = 4096
"""Bytes that regions and accesses lie in, at a multiple of their number."""


class Access(NamedTuple):
    """An instruction, the bytes it reaches from r0 on, and what its address must be a multiple of."""

    text: str
    first: int
    size: int
    alignment: int = 1


ACCESSES = (
    Access("ldr r1, [r0]", 0, 4), Access("ldrh r1, [r0]", 0, 2), Access("ldrsh.w r1, [r0, #6]", 6, 2),
    Access("ldrb r1, [r0]", 0, 1), Access("ldr r1, [r0], #4", 0, 4), Access("ldr r1, [r0, #-4]!", -4, 4),
    Access("str r1, [r0]", 0, 4), Access("strh r1, [r0]", 0, 2), Access("strb r1, [r0]", 0, 1),
    Access("str.w r1, [r0, #12]", 12, 4), Access("str r2, [r0], #-3", 0, 4),
    Access("str r2, [r0, #5]!", 5, 4),
    Access("strh r2, [r0, #-2]!", -2, 2), Access("strh.w r2, [r0, #7]", 7, 2),
    Access("str r2, [r0, r3, lsl #2]", 8, 4), Access("strh r2, [r0, r3]", 2, 2),
    Access("strt r1, [r0, #3]", 3, 4), Access("strht r1, [r0, #1]", 1, 2),
    Access("ldm r0, {r1, r2}", 0, 8, 4), Access("stm r0!, {r1-r3}", 0, 12, 4),
    Access("stmdb r0!, {r1, r2}", -8, 8, 4), Access("strd r1, r2, [r0, #4]!", 4, 8, 4),
    Access("ldrd r1, r2, [r0]", 0, 8, 4), Access("vldr d0, [r0]", 0, 8, 4),
    Access("vstr d0, [r0, #4]", 4, 8, 4),
    Access("vstr s1, [r0]", 0, 4, 4), Access("vstm r0!, {d0-d1}", 0, 16, 4),
    Access("vldm r0, {d0-d1}", 0, 16, 4),
    Access("vstmdb r0!, {d1}", -8, 8, 4), Access("vstm r0, {s0-s2}", 0, 12, 4),
    Access("ldrex r1, [r0]", 0, 4, 4), Access("ldrexh r1, [r0]", 0, 2, 2),
    Access("ldrex r1, [r0]\nstrex r2, r1, [r0]", 0, 4, 4),
    Access("ldrexh r1, [r0]\nstrexh r2, r3, [r0]", 0, 2, 2),
)  # fmt: skip


class Region(NamedTuple):
    """One region: RBAR's address, and RASR."""

    base: int
    attributes: int


class Row(NamedTuple):
    """An access under regions of the arena (0: its start)."""

    access: Access
    at: int
    regions: tuple[Region, ...]
    thumb_it: bool
    """Whether the instruction is the second of an IT block."""

    @property
    def straddles(self) -> bool:
        """Whether it is an unaligned store whose bytes may belong to two regions, or to parts of one."""
        first, text = self.at + self.access.first, self.access.text
        step = 8 if text.startswith("v") else min(4, self.access.size)
        border = (first // 32 + 1) * 32
        return text.lstrip("v").startswith("st") and first % step != 0 and border < first + self.access.size

    def code(self) -> str:
        """Its instructions."""
        if not self.thumb_it or "\n" in self.access.text:
            return self.access.text
        name, rest = self.access.text.split(maxsplit=1)
        stem, dot, width = name.partition(".")
        return f"cmp r0, r0\nitt eq\nmoveq r7, #1\n{stem}eq{dot}{width} {rest}"


def rows(seed: str, count: int) -> list[Row]:
    """Rows of a seed: most addresses are near the border of a region or of one of its parts."""
    draw = random.Random(seed)
    table = []
    while len(table) < count:
        regions = tuple(_region(draw) for _ in range(draw.randrange(1, 5)))
        access = draw.choice(ACCESSES)
        region = draw.choice(regions)
        size = 2 << (region.attributes >> 1 & 0x1F)
        border = region.base + size // 8 * draw.randrange(9) if draw.random() < 0.7 else draw.randrange(ARENA)
        at = border + draw.randrange(-20, 20)
        at -= (at + access.first) % access.alignment
        if 48 <= at <= ARENA - 64:
            table.append(Row(access, at, regions, draw.random() < 0.2))
    return table


def _region(draw: random.Random) -> Region:
    bits = draw.randrange(5, 13)
    base = draw.randrange(ARENA >> bits) << bits if bits < 12 else 0
    holes = draw.randrange(256) if bits >= 8 and draw.random() < 0.6 else 0
    rights = draw.choice((0, 1, 2, 3, 5, 6, 6, 7))
    return Region(base, rights << 24 | holes << 8 | (bits - 1) << 1 | (draw.random() < 0.95))


_SUPPORT = f"""
.globl main, mem_manage_handler, hard_fault_handler
.thumb_func
hard_fault_handler:
.thumb_func
mem_manage_handler:
  ldr r1, [r9]; adds r1, #1; str r1, [r9]
  ldr r1, =0xE000ED28; ldr r2, [r1]; str r2, [r9, #4]; str r2, [r1]
  ldr r3, [r1, #12]; str r3, [r9, #8]
  ldr r2, [sp, #28]; ldr r3, =0x0600FC00; bic r2, r3; str r2, [sp, #28]
  ldr r1, [sp, #24]; ldrh r2, [r1]; lsrs r2, #11; cmp r2, #29; ite hs; addhs r1, #4; addlo r1, #2
  str r1, [sp, #24]
  bx lr
.ltorg
.thumb_func
begin: @ r0: address, r1: regions, r2: how many
  mov r4, r0; clrex
  ldr r5, =0xE000ED94; movs r3, #0; str r3, [r5]
  0: cmp r3, #8; beq 1f; str r3, [r5, #4]; movs r6, #0; str r6, [r5, #12]; adds r3, #1; b 0b
  1: movs r3, #0
  2: cmp r3, r2; beq 3f; ldr r6, [r1], #4; orr r6, #16; orr r6, r3; str r6, [r5, #8]
     ldr r6, [r1], #4; str r6, [r5, #12]; adds r3, #1; b 2b
  3: ldr r0, =arena; movs r1, #0; ldr r2, =0x01020304
  4: str r2, [r0, r1]; add r2, r2, #0x11; adds r1, #4; cmp r1, #{ARENA}; bne 4b
  movs r0, #0; movs r1, #0
  5: str r0, [r9, r1]; adds r1, #4; cmp r1, #{4 * WORDS}; bne 5b
  ldr r1, =0x11111111; ldr r2, =0x22222222; movs r3, #2
  vmov s0, r1; vmov s1, r2; vmov s2, r3; vmov s3, r1
  movs r6, #5; str r6, [r5]; dsb; isb
  mov r0, r4
  bx lr
.ltorg
.thumb_func
done:
  ldr r6, =0; str r6, [r5]; dsb; isb
  sub r0, r4; add r7, r9, #12; stm r7!, {{r0-r3}}; vstm r7!, {{s0-s3}}
  bic r4, #3; subs r4, #32; movs r0, #0
  6: ldr r1, [r4, r0]; str r1, [r7, r0]; adds r0, #4; cmp r0, #64; bne 6b
  add r9, #{4 * WORDS}
  bx lr
.ltorg
"""


def program(table: Sequence[Row]) -> str:
    """An image's assembly."""
    lines = [_SUPPORT, ".thumb_func", "main: push {r4-r11, lr}", "ldr r9, =results", "ldr r0, =0xE000ED24",
             "mov r1, #0x10000", "str r1, [r0]"]  # fmt: skip
    for number, row in enumerate(table):
        lines += [f"b.w row{number}", ".ltorg", f"regions{number}:"]
        lines += [f".word arena + {region.base}, {region.attributes:#x}" for region in row.regions]
        lines += [f"row{number}:", f"ldr r0, =arena + {row.at}", f"adr.w r1, regions{number}",
                  f"movs r2, #{len(row.regions)}", "bl begin", row.code(), "bl done"]  # fmt: skip
    size = 4 * WORDS * len(table)
    lines += ["ldr r0, =results", f"ldr r1, ={size}", "bl dump", "b .", ".ltorg", ".bss",
              f".balign {ARENA}", f"arena: .space {ARENA}", f"results: .space {size}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def values(data: bytes, number: int) -> dict[str, int]:
    """What one row left."""
    part = data[4 * WORDS * number : 4 * WORDS * (number + 1)]
    return {name: int.from_bytes(part[4 * n : 4 * n + 4], "little") for n, name in enumerate(_NAMES)}

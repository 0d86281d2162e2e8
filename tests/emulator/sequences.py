"""Random instruction sequences: assembly that starts from random registers and leaves all of them in memory.

Every instruction of ARMv7E-M with the single-precision FPU that a compiler or a DSP library uses is in here.
What the manual leaves open (unknown values, unpredictable operands) is not generated.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

_WORDS = 32
"""Of scratch memory; accesses stay inside of it."""
RESULT_WORDS = 11 + 2 + 32 + _WORDS
"""What one sequence leaves: r0 to r9 and r12, APSR and FPSCR, s0 to s31, the scratch memory."""
NAMES = (
    *(f"r{n}" for n in range(10)), "r12", "apsr", "fpscr", *(f"s{n}" for n in range(32)),
    *(f"memory+{4 * n}" for n in range(_WORDS)),
)  # fmt: skip

_FREE = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12)
"""Registers that instructions may change; r9 is a moving base, r10 the scratch memory, r11 the result."""
_CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
_FLOATS = (
    0x00000000, 0x80000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFA12345, 0x00000001,
    0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800000, 0xBF800000, 0x40490FDB, 0x4B000000,
    0x4F000000, 0xCF000000, 0x3F000000, 0x33800000, 0x38800000, 0x477FE000,
)  # fmt: skip
_INTEGERS = (0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x8000, 0x7FFF, 0xFFFF0000, 0x00FF00FF, 0x80808080)


class Sequence:
    """Draws the instructions of one sequence."""

    def __init__(self, draw: random.Random, *, nearest: bool) -> None:
        self.draw = draw
        self.nearest = nearest
        """FPSCR rounds to nearest."""
        self.labels = 0

    def r(self) -> str:
        """A register that may be changed."""
        return f"r{self.draw.choice(_FREE)}"

    def s(self) -> str:
        """A floating-point register."""
        return f"s{self.draw.randrange(32)}"

    def _two(self) -> tuple[str, str]:
        first, second = self.draw.sample(_FREE, 2)
        return f"r{first}", f"r{second}"

    def _immediate(self) -> int:
        byte = self.draw.randrange(256)
        kind = self.draw.randrange(5)
        if kind == 0:
            return byte
        if kind == 1:
            return byte << 16 | byte
        if kind == 2:
            return byte << 24 | byte << 8
        if kind == 3:
            return byte * 0x01010101
        return (byte | 0x80) << self.draw.randrange(1, 24)

    def _shift(self) -> str:
        kind = self.draw.choice(("", "lsl", "lsr", "asr", "ror", "rrx"))
        if kind in ("", "rrx"):
            return f", {kind}" if kind else ""
        return f", {kind} #{self.draw.randrange(1, 32)}"

    # --- integer ------------------------------------------------------------------------------

    def alu(self, c: str = "") -> str:
        """Data processing with a shifted register or a modified immediate."""
        name = self.draw.choice(("add", "adc", "sub", "sbc", "rsb", "and", "orr", "eor", "bic", "orn"))
        s = "" if c else self.draw.choice(("", "s"))
        second = f"#{self._immediate()}" if self.draw.random() < 0.4 else self.r() + self._shift()
        return f"{name}{s}{c}.w {self.r()}, {self.r()}, {second}"

    def move(self, c: str = "") -> str:
        """Moves and compares."""
        name = self.draw.choice(("mov", "mvn", "cmp", "cmn", "tst", "teq", "movw", "movt"))
        if name in ("movw", "movt"):
            return f"{name}{c} {self.r()}, #{self.draw.randrange(1 << 16)}"
        s = self.draw.choice(("", "s")) if name in ("mov", "mvn") and not c else ""
        if name == "mov":
            return f"{name}{s}{c}.w {self.r()}, #{self._immediate()}"
        second = f"#{self._immediate()}" if self.draw.random() < 0.4 else self.r() + self._shift()
        return f"{name}{s}{c}.w {self.r()}, {second}"

    def narrow(self, c: str = "") -> str:
        """Sixteen-bit encodings, which set flags outside of an IT block only."""
        low = [f"r{n}" for n in self.draw.choices(range(8), k=3)]
        s = "" if c else "s"
        return self.draw.choice((
            f"add{s}{c} {low[0]}, {low[1]}, {low[2]}", f"sub{s}{c} {low[0]}, {low[1]}, {low[2]}",
            f"add{s}{c} {low[0]}, #{self.draw.randrange(256)}",
            f"sub{s}{c} {low[0]}, #{self.draw.randrange(256)}",
            f"mov{s}{c} {low[0]}, #{self.draw.randrange(256)}",
            f"cmp{c} {low[0]}, #{self.draw.randrange(256)}",
            *(f"{name}{s}{c} {low[0]}, {low[1]}" for name in
              ("and", "eor", "lsl", "lsr", "asr", "adc", "sbc", "ror", "orr", "bic", "mvn")),
            f"rsb{s}{c} {low[0]}, {low[1]}, #0", f"mul{s}{c} {low[0]}, {low[1]}, {low[0]}",
            f"tst{c} {low[0]}, {low[1]}", f"cmn{c} {low[0]}, {low[1]}",
            f"lsl{s}{c} {low[0]}, {low[1]}, #{self.draw.randrange(1, 32)}",
            f"asr{s}{c} {low[0]}, {low[1]}, #{self.draw.randrange(1, 33)}",
            f"add{c} {self.r()}, {self.r()}", f"mov{c} {self.r()}, {self.r()}",
        ))  # fmt: skip

    def shift(self, c: str = "") -> str:
        """Shifts by a register or an amount."""
        name = self.draw.choice(("lsl", "lsr", "asr", "ror"))
        s = "" if c else self.draw.choice(("", "s"))
        amount = self.r() if self.draw.random() < 0.5 else f"#{self.draw.randrange(1, 32)}"
        return f"{name}{s}{c}.w {self.r()}, {self.r()}, {amount}"

    def multiply(self, c: str = "") -> str:
        """Multiplies, the DSP ones included, and divides."""
        draw = self.draw
        half, other, word, x, rounded = (
            draw.choice("bt"), draw.choice("bt"), draw.choice("bt"), draw.choice(("", "x")),
            draw.choice(("", "r")))  # fmt: skip
        three = draw.choice(("mul", "sdiv", "udiv", f"smul{half}{other}", f"smulw{word}", f"smuad{x}",
                             f"smusd{x}", f"smmul{rounded}", "usad8", "mul"))  # fmt: skip
        four = draw.choice(("mla", "mls", f"smla{half}{other}", f"smlaw{word}", f"smlad{x}", f"smlsd{x}",
                            f"smmla{rounded}", f"smmls{rounded}", "usada8"))  # fmt: skip
        long = draw.choice(("smull", "umull", "smlal", "umlal", "umaal", f"smlal{half}{other}",
                            f"smlald{x}", f"smlsld{x}"))  # fmt: skip
        kind = draw.randrange(3)
        if kind == 0:
            return f"{three}{c} {self.r()}, {self.r()}, {self.r()}"
        if kind == 1:
            return f"{four}{c} {self.r()}, {self.r()}, {self.r()}, {self.r()}"
        low, high = self._two()
        return f"{long}{c} {low}, {high}, {self.r()}, {self.r()}"

    def parallel(self, c: str = "") -> str:
        """Several narrow additions at once, and the choice by their flags."""
        draw = self.draw
        sign = draw.choice(("s", "q", "sh", "u", "uq", "uh"))
        what = draw.choice(("add16", "asx", "sax", "sub16", "add8", "sub8"))
        name = draw.choice((sign + what, sign + what, sign + what, "sel", "qadd", "qsub", "qdadd", "qdsub"))
        return f"{name}{c} {self.r()}, {self.r()}, {self.r()}"

    def saturate(self, c: str = "") -> str:
        """Saturation to a width."""
        draw = self.draw
        shift = draw.choice(("", f", lsl #{draw.randrange(1, 32)}", f", asr #{draw.randrange(1, 32)}"))
        return draw.choice((
            f"ssat{c} {self.r()}, #{draw.randrange(1, 33)}, {self.r()}{shift}",
            f"usat{c} {self.r()}, #{draw.randrange(32)}, {self.r()}{shift}",
            f"ssat16{c} {self.r()}, #{draw.randrange(1, 17)}, {self.r()}",
            f"usat16{c} {self.r()}, #{draw.randrange(16)}, {self.r()}",
        ))  # fmt: skip

    def extend(self, c: str = "") -> str:
        """Sign and zero extension, with rotation and addition."""
        draw = self.draw
        sign, what = draw.choice("su"), draw.choice(("b", "h", "b16"))
        turn = draw.choice(("", ", ror #8", ", ror #16", ", ror #24"))
        if draw.random() < 0.5:
            return f"{sign}xt{what}{c}.w {self.r()}, {self.r()}{turn}"
        return f"{sign}xta{what}{c} {self.r()}, {self.r()}, {self.r()}{turn}"

    def bits(self, c: str = "") -> str:
        """Bit fields, counting, reversal, packing."""
        draw = self.draw
        low = draw.randrange(32)
        width = draw.randrange(1, 33 - low)
        return draw.choice((
            f"clz{c} {self.r()}, {self.r()}", f"rbit{c} {self.r()}, {self.r()}",
            f"rev{c}.w {self.r()}, {self.r()}",
            f"rev16{c}.w {self.r()}, {self.r()}", f"revsh{c}.w {self.r()}, {self.r()}",
            f"bfi{c} {self.r()}, {self.r()}, #{low}, #{width}", f"bfc{c} {self.r()}, #{low}, #{width}",
            f"ubfx{c} {self.r()}, {self.r()}, #{low}, #{width}",
            f"sbfx{c} {self.r()}, {self.r()}, #{low}, #{width}",
            f"pkhbt{c} {self.r()}, {self.r()}, {self.r()}, lsl #{draw.randrange(1, 32)}",
            f"pkhtb{c} {self.r()}, {self.r()}, {self.r()}, asr #{draw.randrange(1, 33)}",
        ))  # fmt: skip

    def flags(self, c: str = "") -> str:
        """APSR read and written as a whole."""
        return self.draw.choice((f"mrs{c} {self.r()}, apsr", f"msr{c} apsr_nzcvqg, {self.r()}"))

    # --- memory -------------------------------------------------------------------------------

    def memory(self, c: str = "") -> str:
        """Loads and stores of all widths with an immediate offset, aligned or not."""
        name = self.draw.choice(("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "str", "strb", "strh"))
        return f"{name}{c}.w {self.r()}, [r10, #{self.draw.randrange(4 * _WORDS - 4)}]"

    def indexed(self) -> str:
        """Pre- and post-indexed accesses, and offsets in a register."""
        draw = self.draw
        name = draw.choice(("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "str", "strb", "strh"))
        start, step = draw.randrange(32, 80), draw.randrange(-32, 33)
        kind = draw.randrange(4)
        if kind == 0:
            index, value = self._two()
            return (
                f"and {index}, {index}, #{draw.choice((3, 7, 12))}\n"
                f"{name}.w {value}, [r10, {index}, lsl #{draw.randrange(4)}]"
            )
        access = f"[r9], #{step}" if kind == 1 else f"[r9, #{step}]!"
        return f"add.w r9, r10, #{start}\n{name} {self.r()}, {access}\nsub.w r9, r9, r10"

    def many(self) -> str:
        """Several registers at once, exclusive accesses, the stack."""
        draw = self.draw
        chosen = sorted(draw.sample(_FREE, draw.randrange(2, 6)))
        registers = ", ".join(f"r{n}" for n in chosen)
        first, second = self._two()
        base = f"add.w r9, r10, #{4 * draw.randrange(8, 20)}\n"
        back, settle = draw.choice((("", ""), ("!", ""))), "\nsub.w r9, r9, r10"
        name = draw.choice(("ldm", "stm", "ldmdb", "stmdb"))
        step = 4 * draw.randrange(-6, 7)
        return draw.choice((
            base + f"{name}.w r9{back[0]}, {{{registers}}}" + settle,
            base + f"{draw.choice(('ldrd', 'strd'))} {first}, {second}, [r9, #{step}]!" + settle,
            base + f"{draw.choice(('ldrd', 'strd'))} {first}, {second}, [r9], #{step}" + settle,
            f"{draw.choice(('ldrd', 'strd'))} {first}, {second}, [r10, #{4 * draw.randrange(20)}]",
            f"push {{{registers}}}\n" + self.alu() + f"\npop {{{registers}}}",
            f"ldrex {first}, [r10, #{4 * draw.randrange(20)}]\nclrex",
            f"ldrexh {first}, [r10]\nstrexh {first}, {second}, [r10]",
            f"ldrex {first}, [r10, #8]\n" + f"mov.w {second}, #7\nstrex {first}, {second}, [r10, #8]",
            f"ldrt {first}, [r10, #{4 * draw.randrange(20)}]",
            f"strbt {first}, [r10, #{draw.randrange(100)}]",
        ))  # fmt: skip

    # --- control ------------------------------------------------------------------------------

    def conditional(self) -> str:
        """An IT block of one to four instructions."""
        draw = self.draw
        condition = draw.randrange(14)
        pattern = [True] + [draw.random() < 0.6 for _ in range(draw.randrange(4))]
        lines = ["i" + "".join("t" if then else "e" for then in pattern) + f" {_CONDITIONS[condition]}"]
        kinds: tuple[Callable[[str], str], ...] = (
            self.alu, self.move, self.narrow, self.shift, self.multiply, self.parallel, self.saturate,
            self.extend, self.bits, self.memory, self.memory, self.float_two, self.float_three,
            self.flags)  # fmt: skip
        for then in pattern:
            lines.append(draw.choice(kinds)(_CONDITIONS[condition if then else condition ^ 1]))
        return "\n".join(lines)

    def branch(self) -> str:
        """A branch over a few instructions."""
        self.labels += 1
        label = f"{self.labels % 90 + 1}"
        if self.draw.random() < 0.3:
            name = self.draw.choice(("cbz", "cbnz"))
            head = f"{name} r{self.draw.randrange(8)}, {label}f"
        else:
            head = f"b{self.draw.choice(_CONDITIONS)} {label}f"
        body = [self.alu(), self.narrow(), self.memory()][: self.draw.randrange(1, 4)]
        return "\n".join((head, *body, f"{label}:"))

    # --- floating point -----------------------------------------------------------------------

    def float_three(self, c: str = "") -> str:
        """Arithmetic of two operands and an addend."""
        name = self.draw.choice(("vadd", "vsub", "vmul", "vnmul", "vdiv", "vmla", "vmls", "vnmla", "vnmls",
                                 "vfma", "vfms", "vfnma", "vfnms"))  # fmt: skip
        return f"{name}{c}.f32 {self.s()}, {self.s()}, {self.s()}"

    def float_two(self, c: str = "") -> str:
        """Arithmetic of one operand, conversions, moves."""
        draw = self.draw
        number = draw.choice(("s32", "u32"))
        half, place = draw.choice("bt"), self.s()
        fixed = draw.choice(("s16", "u16", "s32", "u32"))
        places = draw.randrange(1, 17 if fixed.endswith("16") else 33)
        # Unicorn rounds fixed-point numbers as FPSCR says, the manual to nearest (FixedToFP(), A2.5).
        from_fixed = f"vcvt{c}.f32.{fixed}" if self.nearest else f"vcvt{c}.{fixed}.f32"
        return draw.choice((
            *(f"{name}{c}.f32 {self.s()}, {self.s()}" for name in ("vsqrt", "vneg", "vabs", "vmov", "vsqrt")),
            f"vcvt{c}.{number}.f32 {self.s()}, {self.s()}", f"vcvtr{c}.{number}.f32 {self.s()}, {self.s()}",
            f"vcvt{c}.f32.{number} {self.s()}, {self.s()}",
            f"vcvt{c}.{fixed}.f32 {place}, {place}, #{places}", f"{from_fixed} {place}, {place}, #{places}",
            f"vcvt{half}{c}.f16.f32 {self.s()}, {self.s()}", f"vcvt{half}{c}.f32.f16 {self.s()}, {self.s()}",
            f"vmov{c} {self.r()}, {self.s()}", f"vmov{c} {self.s()}, {self.r()}",
            f"vmov{c}.f32 {self.s()}, #{draw.choice(('1.0', '-2.5', '0.125', '31.0'))}",
            f"vldr{c} {self.s()}, [r10, #{4 * draw.randrange(_WORDS)}]",
            f"vstr{c} {self.s()}, [r10, #{4 * draw.randrange(_WORDS)}]",
        ))  # fmt: skip

    def float_compare(self) -> str:
        """Comparisons, with the flags taken over or not."""
        name = self.draw.choice(("vcmp", "vcmpe"))
        second = "#0.0" if self.draw.random() < 0.3 else self.s()
        take = "\nvmrs apsr_nzcv, fpscr" if self.draw.random() < 0.7 else ""
        return f"{name}.f32 {self.s()}, {second}{take}"

    def float_many(self) -> str:
        """Several floating-point registers at once, and pairs in core registers."""
        draw = self.draw
        first = draw.randrange(24)
        last = first + draw.randrange(1, 8)
        low, high = self._two()
        name = draw.choice(("vldmia", "vstmia"))
        double = draw.randrange(16)
        return draw.choice((
            f"add.w r9, r10, #{4 * draw.randrange(16)}\n{name} r9!, {{s{first}-s{last}}}\nsub.w r9, r9, r10",
            f"vpush {{s{first}-s{last}}}\n{self.float_three()}\nvpop {{s{first}-s{last}}}",
            f"vmov {low}, {high}, s{first}, s{first + 1}", f"vmov s{first}, s{first + 1}, {low}, {high}",
            f"vldr d{double}, [r10, #{4 * draw.randrange(24)}]", f"vmov {low}, {high}, d{double}",
        ))  # fmt: skip

    def lines(self, count: int) -> list[str]:
        """``count`` instructions, or small groups of them."""
        kinds: list[tuple[Callable[[], str], int]] = [
            (self.alu, 4), (self.move, 2), (self.narrow, 4), (self.shift, 2), (self.multiply, 5),
            (self.parallel, 4), (self.saturate, 2), (self.extend, 2), (self.bits, 2), (self.flags, 1),
            (self.memory, 3), (self.indexed, 2), (self.many, 2), (self.conditional, 4), (self.branch, 1),
            (self.float_three, 5), (self.float_two, 4), (self.float_compare, 1), (self.float_many, 1),
        ]  # fmt: skip
        chosen = self.draw.choices([kind for kind, _ in kinds], [weight for _, weight in kinds], k=count)
        return [kind() for kind in chosen]


def _start(draw: random.Random) -> bytes:
    """Random registers, FPSCR and memory. Modes: rounding, flush to zero, default NaN, half precision."""

    def integer() -> int:
        return draw.choice(_INTEGERS) if draw.random() < 0.4 else draw.getrandbits(32)

    def floating() -> int:
        return draw.choice(_FLOATS) if draw.random() < 0.6 else draw.getrandbits(32)

    modes = draw.choice((0, 0, draw.randrange(32))) << 22
    words = [*(integer() for _ in range(11)), (draw.getrandbits(5) << 27 | draw.getrandbits(4) << 16), modes]
    words += [*(floating() for _ in range(32)), *(draw.choice((integer, floating))() for _ in range(_WORDS))]
    return struct.pack(f"<{RESULT_WORDS}I", *words)


_RUN = """
.globl main
.thumb_func
main:
  push {{r4-r11, lr}}
  ldr r0, =0xE000ED88; ldr r1, [r0]; orr r1, r1, #0xF00000; str r1, [r0]; dsb; isb
  ldr r11, =out
  ldr r4, =starts
  movs r5, #0
1: cmp r5, #{count}
  bhs 2f
  push {{r4, r5}}
  ldr r10, =scratch
  add r0, r4, #{memory}
  movs r1, #{words}
3: ldr r2, [r0], #4
  str r2, [r10], #4
  subs r1, #1
  bne 3b
  ldr r10, =scratch
  add r0, r4, #52
  vldmia r0!, {{s0-s15}}
  vldmia r0, {{s16-s31}}
  ldr r0, [r4, #48]; vmsr fpscr, r0
  ldr r0, [r4, #44]; msr apsr_nzcvqg, r0
  ldr r6, =table
  ldr lr, [r6, r5, lsl #2]
  mov r12, r4
  ldmia r12, {{r0-r9}}
  ldr r12, [r12, #40]
  blx lr
  stmia r11!, {{r0-r9, r12}}
  mrs r0, apsr
  vmrs r1, fpscr
  stmia r11!, {{r0, r1}}
  vstmia r11!, {{s0-s15}}
  vstmia r11!, {{s16-s31}}
  ldr r10, =scratch
  movs r1, #{words}
4: ldr r2, [r10], #4
  str r2, [r11], #4
  subs r1, #1
  bne 4b
  pop {{r4, r5}}
  add r4, r4, #{size}
  adds r5, #1
  b 1b
2: ldr r0, =out
  ldr r1, ={all}
  b dump
.ltorg
"""


def program(seed: str, count: int, length: int) -> str:
    """Assembly of ``count`` sequences of ``length`` instructions; ``main`` runs all into ``out``."""
    draw = random.Random(seed)
    text = [
        _RUN.format(
            count=count, memory=4 * 45, words=_WORDS, size=4 * RESULT_WORDS, all=4 * RESULT_WORDS * count
        )
    ]
    starts = b""
    for n in range(count):
        start = _start(draw)
        starts += start
        modes = int.from_bytes(start[48:52], "little")
        lines = Sequence(draw, nearest=not modes >> 22 & 3).lines(length)
        text.append("\n".join((".balign 4", ".thumb_func", f"seq{n}:", "push {lr}", *lines, "pop {pc}")))
    text.append(".section .rodata\n.balign 4\ntable:")
    text += [f".word seq{n}" for n in range(count)]
    text.append("starts:")
    text += [f".word {word:#x}" for (word,) in struct.iter_unpack("<I", starts)]
    text.append(
        f".bss\n.balign 8\n.globl out\nout: .space {4 * RESULT_WORDS * count}\nscratch: .space {4 * _WORDS}"
    )
    return "\n".join(text) + "\n"


def differences(seed: str, length: int, first: bytes, second: bytes) -> str:
    """The first sequence whose results differ: its registers, and how to see it."""
    size = 4 * RESULT_WORDS
    for n in range(min(len(first), len(second)) // size):
        one, two = (struct.unpack_from(f"<{RESULT_WORDS}I", data, n * size) for data in (first, second))
        if one != two:
            which = [
                f"{name} {a:#010x} != {b:#010x}" for name, a, b in zip(NAMES, one, two, strict=True) if a != b
            ]
            return f"seed {seed!r}, sequence seq{n} of {length}: {'; '.join(which)}"
    return "" if first == second else f"seed {seed!r}: {len(first)} and {len(second)} bytes"

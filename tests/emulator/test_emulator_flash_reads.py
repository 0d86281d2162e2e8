"""Reads of flash are told from registers at the ends of blocks: held against what the CPU does read."""

from __future__ import annotations

from collections import Counter

import pytest
import unicorn
from bare_image import MS, Compiler, finish

from mlbench.cycles.addresses import MAX_SLOTS, Access, Accesses, accesses
from mlbench.cycles.decode import decode
from mlbench.cycles.model import load_model
from mlbench.cycles.sums import SumKind
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine

MODEL = load_model("nrf52840")

# Tables in flash and in RAM, read in the ways that kernels do: indexed, walked, by several words, by
# pointers out of tables, through switch tables, as floats, and copied.
_KERNELS = """
#define T(n) ((n) * 2654435761u >> 7)
static const signed char weights[256] = {T(1),T(2),T(3),T(4),T(5),T(6),T(7),T(8),T(9),T(10),T(11),T(12)};
static const u16 halves[64] = {T(1),T(2),T(3),T(4),T(5),T(6)};
static const u32 words_[64] = {T(1),T(2),T(3),T(4),T(5),T(6)};
static const float reals[32] = {1.5f, 2.5f, 3.5f};
static const u32 *const rows[4] = {words_, words_ + 8, words_ + 16, words_ + 3};
static signed char data[256]; static float sums[4];
struct five { u32 a, b, c, d, e; }; static const struct five fives[3] = {{1,2,3,4,5},{6,7,8,9,10}};
__attribute__((noinline)) static int dot(const signed char *a, const signed char *b, int n)
{ int s = 0; for (int i = 0; i < n; i++) s += a[i] * b[i]; return s; }
__attribute__((noinline)) static int walk(const u16 *p, int n, int step)
{ int s = 0; while (n--) { s += *p; p += step; } return s; }
__attribute__((noinline)) static int gather(int n)
{ int s = 0; for (int i = 0; i < n; i++) s += rows[i & 3][words_[i] & 7]; return s; }
__attribute__((noinline)) static struct five pick(int i) { return fives[i]; }
__attribute__((noinline)) static int choose(int i) { switch (i) {
  case 0: return 7; case 1: return dot(weights, data, 3);
  case 2: return 1; case 3: return walk(halves, 2, 3); case 4: return 8; case 5: return 99; } return 3; }
__attribute__((noinline)) static float blend(const float *x, int n)
{ float s = 0; for (int i = 0; i < n; i++) s += x[i] * sums[i & 3]; return s; }
int main(void) {
  for (int i = 0; i < 256; i++) data[i] = weights[255 - i] + i;
  note(dot(weights, data, 200)); note(dot(data, weights + 3, 31)); note(walk(halves, 20, 3));
  note(gather(24));
  struct five f = pick(1); note(f.a + f.e); for (int i = 0; i < 7; i++) note(choose(i));
  sums[1] = 2; note((u32)blend(reals, 20)); note(*(volatile u32 *)0x10000);
  return 0; }
"""


def _true_reads(machine: Machine) -> Counter[str]:
    """Counts words that the CPU reads from flash, besides what the start of the image reads."""
    seen: Counter[str] = Counter()

    def on_read(_uc: object, _access: int, _address: int, size: int, _value: int, _user: object) -> None:
        seen["reads"] += max(1, size // 4)

    machine.cpu.uc.hook_add(unicorn.UC_HOOK_MEM_READ, on_read, begin=0, end=0xFFFFF)
    return seen


# Unicorn's own hook of reads breaks conditional ones: compile without.
@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-Os", "-O3"])
@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
def test_reads_are_those_of_the_cpu(bare: Compiler, level: str, python: bool) -> None:
    image = bare.image(_KERNELS, flags=(level, "-fno-if-conversion", "-fno-if-conversion2", "-fno-builtin"))
    plain = Machine(image, NRF52840, force_python=python)
    expected = finish(plain)
    watched = Machine(image, NRF52840, force_python=python)
    seen = _true_reads(watched)
    assert finish(watched) == expected
    hook = watched.hook
    assert hook.flash_reads == plain.hook.flash_reads > 500
    # What the CPU has begun to read before the first instruction is hooked.
    assert abs(seen["reads"] - hook.flash_reads) <= 8, (seen["reads"], hook.flash_reads)


def _block(text: bytes) -> Accesses:
    decoded, at = [], 0
    while at < len(text):
        first = int.from_bytes(text[at : at + 2], "little")
        second = int.from_bytes(text[at + 2 : at + 4].ljust(2, b"\0"), "little")
        insn = decode(0x10000 + at, first, second)
        decoded.append((0x10000 + at, first, second, insn))
        at += insn.size
    return accesses(decoded)


def _located(found: Accesses) -> list[tuple[int, list[tuple[object, ...]]]]:
    """What is looked at where it is: the offset of each instruction, and its accesses."""
    return [(at - 0x10000, _short(here)) for at, here in found.located]


def _short(found: tuple[Access, ...]) -> list[tuple[object, ...]]:
    """Reads as (sum, words), fetches as (slot, sum, width), the rest as (slot, sum, name)."""
    return [
        (tuple(a.where), a.words)
        if a.kind == SumKind.READ
        else (a.slot, tuple(a.where), a.width if a.kind == SumKind.FETCH else a.kind.name)
        for a in found
    ]


@pytest.mark.parametrize(
    ("code", "early", "late", "located"),
    [
        # ldrb r0, [r1, r2, lsl #2]
        ("11f82200", [((1, 2, 2, 0), 1)], [], []),
        # ldr r0, [r1], #4 ; ldr r3, [r1, #8]
        ("51f8040b 8b68", [((1, -1, 0, 0), 1), ((1, -1, 0, 12), 1)], [], []),
        # add r3, r1, r2, lsl #3 ; ldr r0, [r3, #4]
        ("01ebc203 5868", [((1, 2, 3, 4), 1)], [], []),
        # ldr r0, [sp, #4]: the stack is not flash
        ("0198", [], [], []),
        # ldr r3, [r4] ; ldr r0, [r3, #4]: the second by what memory holds for the first
        ("2368 5868", [((4, -1, 0, 0), 1), (0, (4, -1, 0, 0), 4), ((16, -1, 0, 4), 1)], [], []),
        # ldr r3, [sp, #12] ; ldrsb r0, [r3, r1]: a pointer kept on the stack
        ("039b 5856", [(0, (13, -1, 0, 12), 4), ((16, 1, 0, 0), 1)], [], []),
        # ldr r3, [r4] ; ldr r3, [r3] ; ldr r3, [r3]: two steps
        (
            "2368 1b68 1b68",
            [((4, -1, 0, 0), 1), (0, (4, -1, 0, 0), 4), ((16, -1, 0, 0), 1), (1, (16, -1, 0, 0), 4),
             ((17, -1, 0, 0), 1)],
            [], [],
        ),
        # str r2, [sp, #4] ; ldr r3, [sp, #4] ; ldr r0, [r3]: what was stored
        ("0192 019b 1868", [((2, -1, 0, 0), 1)], [], []),
        # strb r2, [sp, #5] ; ldr r3, [sp, #4] ; ldr r3, [r3]: a part of it was stored
        ("8df80520 019b 1b68", [], [], [(6, [((3, -1, 0, 0), 1)])]),
        # ldrh r3, [r4, #2] ; ldr r0, [r1, r3, lsl #2]: an index out of memory
        ("6388 51f82300", [((4, -1, 0, 2), 1), (0, (4, -1, 0, 2), 2), ((1, 16, 2, 0), 1)], [], []),
        # muls r3, r2, r3 ; ldr r0, [r3, #4]: computed
        (
            "5343 5868",
            [(0, (3, -1, 0, 0), "MULTIPLY"), (-1, (2, -1, 0, 0), "OPERAND"), ((16, -1, 0, 4), 1)],
            [], [],
        ),
        # and r3, r3, #3 ; ldr r0, [r1, r3, lsl #2]
        (
            "03f00303 51f82300",
            [(0, (3, -1, 0, 0), "AND"), (-1, (-1, -1, 0, 3), "OPERAND"), ((1, 16, 2, 0), 1)],
            [], [],
        ),
        # ldr r3, [r0] ; subs r3, r0, r3 ; ldrh r1, [r3, #4]: a table found by a negative offset
        (
            "0368 c31a 9988",
            [((0, -1, 0, 0), 1), (0, (0, -1, 0, 0), 4), (1, (0, -1, 0, 0), "SUBTRACT"),
             (-1, (16, -1, 0, 0), "OPERAND"), ((17, -1, 0, 4), 1)],
            [], [],
        ),
        # uxtb r3, r3 ; ldrb r0, [r1, r3]
        ("dbb2 c85c", [(0, (3, -1, 0, 0), "EXTEND"), ((1, 16, 0, 0), 1)], [], []),
        # eors r3, r2 ; ldr r0, [r3, #4]: by r3 as it is afterwards
        ("5340 5868", [], [((3, -1, 0, 4), 1)], []),
        # eors r3, r2 ; ldr r3, [r3]: nobody knows afterwards
        ("5340 1b68", [], [], [(2, [((3, -1, 0, 0), 1)])]),
        # ldmia r1!, {r2, r3} ; ldr r0, [r1]
        ("0cc9 0868", [((1, -1, 0, 0), 2), ((1, -1, 0, 8), 1)], [], []),
        # ldmia r1, {r1, r2} ; ldr r0, [r2]: the second word
        ("06c9 1068", [((1, -1, 0, 0), 2), (0, (1, -1, 0, 4), 4), ((16, -1, 0, 0), 1)], [], []),
        # ldr r0, [pc, #8]
        ("0248", [((-1, -1, 0, 0x1000C), 1)], [], []),
    ],
)  # fmt: skip
def test_addresses_as_sums(code: str, early: list[object], late: list[object], located: list[object]) -> None:
    found = _block(bytes.fromhex(code))
    assert (_short(found.early), _short(found.late), _located(found)) == (early, late, located)


def test_more_pointers_than_slots_are_looked_at_where_they_are() -> None:
    # ldr r3, [sp, #4n] ; ldr r0, [r3]: one slot each.
    code = b"".join(bytes((n, 0x9B, 0x18, 0x68)) for n in range(20))
    found = _block(code)
    assert len([a for a in found.early if a.kind == SumKind.READ]) == MAX_SLOTS
    assert [at for at, _ in _located(found)] == [4 * n + 2 for n in range(MAX_SLOTS, 20)]


def cycles_of(bare: Compiler, text: str, python: bool) -> int:
    """Cycles from the reset of assembly text, whose main returns, to its finish."""
    machine = Machine(bare.image(text, asm=True), NRF52840, force_python=python)
    where = machine.image.symbol("finish")
    assert where is not None
    machine.set_break(where.address & ~1)
    machine.run(MS)
    return machine.hook.cycles


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
@pytest.mark.parametrize(
    ("load", "offset", "more"),
    [("ldr", 0, 0), ("ldr", 1, 2), ("ldr", 2, 1), ("ldr", 3, 2), ("ldrh", 0, 0), ("ldrh", 1, 1),
     ("ldrsh", 2, 0), ("ldrsh", 3, 1), ("ldrb", 3, 0), ("str", 1, 0), ("strh", 1, 0)],
)  # fmt: skip
def test_unaligned_loads_take_longer_and_stores_do_not(
    bare: Compiler, load: str, offset: int, more: int, python: bool
) -> None:
    # TRM, 3.3.3: a word is split into halfwords or into byte, halfword, byte; stores go through a buffer.
    def cycles(at: int) -> int:
        text = (
            f".globl main\n.thumb_func\nmain: ldr r1, =out + {at}\n b 1f\n1: {load} r0, [r1]\n b 2f\n"
            "2: movs r0, #0\n bx lr\n.ltorg\n.bss\n.balign 4\n.globl out\nout: .space 16\n"
        )
        return cycles_of(bare, text, python)

    assert cycles(offset) - cycles(0) == more


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
@pytest.mark.parametrize(
    ("divide", "dividend", "divisor", "bits"),
    [("udiv", 0xFFFFFFFF, 1, 32), ("udiv", 5, 7, 0), ("udiv", 7, 7, 1), ("udiv", 1000, 10, 7),
     ("udiv", 5, 0, 0), ("sdiv", -1000, 10, 7), ("sdiv", -7, -1000, 0), ("sdiv", -(2**31), 1, 32),
     ("udiv", -1000, 10, 29)],
)  # fmt: skip
def test_divides_take_as_long_as_their_quotient_is(
    bare: Compiler, divide: str, dividend: int, divisor: int, bits: int, python: bool
) -> None:
    def cycles(instruction: str) -> int:
        text = (
            f".globl main\n.thumb_func\nmain: ldr r1, ={dividend}\n ldr r2, ={divisor}\n b 1f\n"
            f".balign 16\n1: {instruction}\n b 2f\n2: movs r0, #0\n bx lr\n.ltorg\n"
        )
        return cycles_of(bare, text, python)

    costs = load_model(NRF52840.cost_table).run.divide
    assert cycles(f"{divide} r0, r1, r2") - cycles("mov.w r0, r1") == costs[bits] - 1
    assert (costs[0], costs[32]) == (2, 12)


_CONDITIONAL = {
    # Code whose condition holds for r5 = 0, what it costs when skipped and executed (r6 = 1000, r7 = 3:
    # a quotient of 9 bits). TRM, 3.3.1: a conditional instruction that is not executed takes a cycle.
    "udiv": ("udiveq r0, r6, r7", 1, 7),
    "store": ("vstmiaeq r2!, {s16-s31}", 1, 17),
    "load": ("ldreq r0, [r2]", 1, 2),
    "flash": ("ldreq r0, [r3]", 1, 2 + MODEL.run.read_new_word),
    "move": ("moveq r0, r6", 1, 1),
}


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
@pytest.mark.parametrize("name", _CONDITIONAL)
def test_a_conditional_instruction_costs_what_it_does(bare: Compiler, name: str, python: bool) -> None:
    code, skipped, executed = _CONDITIONAL[name]

    def cycles(condition: int, body: str) -> int:
        # What follows is not in the next line, whose read would go on meanwhile.
        text = (
            f".globl main\n.thumb_func\nmain: push {{r4-r7, lr}}\n movs r5, #{condition}\n mov r6, #1000\n"
            f" movs r7, #3\n ldr r2, =out\n ldr r3, =0x8000\n b 1f\n.balign 16\n1: cmp r5, #0\n mov r4, r5\n"
            f" it eq\n {body}\n b 2f\n.balign 16\n.space 32\n2: movs r0, #0\n pop {{r4-r7, pc}}\n.ltorg\n"
            ".bss\n.balign 4\n.globl out\nout: .space 64\n"
        )
        return cycles_of(bare, text, python)

    plain = [cycles(condition, "moveq r0, r6") for condition in (0, 1)]
    assert plain[0] == plain[1]
    assert [cycles(condition, code) - plain[0] for condition in (0, 1)] == [executed - 1, skipped - 1]

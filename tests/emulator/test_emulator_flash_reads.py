"""Reads of flash are told from registers at the ends of blocks: held against what the CPU does read."""

from __future__ import annotations

from collections import Counter

import pytest
import unicorn
from bare_image import Compiler, finish

from mlbench.emulator.cycles.addresses import accesses
from mlbench.emulator.cycles.decode import decode
from mlbench.emulator.machine import Machine

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


# Conditional instructions are priced as executed, and Unicorn's own hook breaks them: compile without.
@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-Os", "-O3"])
@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
def test_reads_are_those_of_the_cpu(bare: Compiler, level: str, python: bool) -> None:
    image = bare.image(_KERNELS, flags=(level, "-fno-if-conversion", "-fno-if-conversion2", "-fno-builtin"))
    plain = Machine(image, force_python=python)
    expected = finish(plain)
    watched = Machine(image, force_python=python)
    seen = _true_reads(watched)
    assert finish(watched) == expected
    hot = watched.hot
    assert hot.flash_reads == plain.hot.flash_reads > 500
    # What was not told is at most what could not be.
    missing = seen["reads"] - hot.flash_reads
    assert -8 <= missing <= hot.unseen_loads + 8, (seen["reads"], hot.flash_reads, hot.unseen_loads)
    if level != "-O0":  # which keeps every pointer on the stack
        assert hot.unseen_loads < 0.25 * seen["reads"]


def _block(text: bytes) -> tuple[object, ...]:
    decoded, at = [], 0
    while at < len(text):
        first = int.from_bytes(text[at : at + 2], "little")
        second = int.from_bytes(text[at + 2 : at + 4].ljust(2, b"\0"), "little")
        insn = decode(0x10000 + at, first, second)
        decoded.append((0x10000 + at, first, second, insn))
        at += insn.size
    found = accesses(decoded)
    early = [(tuple(a.where), a.words) for a in found.early]
    return early, [(tuple(a.where), a.words) for a in found.late], found.unseen


@pytest.mark.parametrize(
    ("code", "early", "late", "unseen"),
    [
        # ldrb r0, [r1, r2, lsl #2]
        ("11f82200", [((1, 2, 2, 0), 1)], [], 0),
        # ldr r0, [r1], #4 ; ldr r3, [r1, #8]
        ("51f8040b 8b68", [((1, -1, 0, 0), 1), ((1, -1, 0, 12), 1)], [], 0),
        # add r3, r1, r2, lsl #3 ; ldr r0, [r3, #4]
        ("01ebc203 5868", [((1, 2, 3, 4), 1)], [], 0),
        # ldr r0, [sp, #4]: the stack is not flash
        ("0198", [], [], 0),
        # ldr r3, [r4] ; ldr r0, [r3, #4]: the second by r3 as it is afterwards
        ("2368 5868", [((4, -1, 0, 0), 1)], [((3, -1, 0, 4), 1)], 0),
        # ldr r3, [r4] ; ldr r3, [r3]: nobody knows afterwards
        ("2368 1b68", [((4, -1, 0, 0), 1)], [], 1),
        # ldmia r1!, {r2, r3} ; ldr r0, [r1]
        ("0cc9 0868", [((1, -1, 0, 0), 2), ((1, -1, 0, 8), 1)], [], 0),
        # ldr r0, [pc, #8]
        ("0248", [((-1, -1, 0, 0x1000C), 1)], [], 0),
    ],
)
def test_addresses_as_sums(code: str, early: list[object], late: list[object], unseen: int) -> None:
    assert _block(bytes.fromhex(code)) == (early, late, unseen)

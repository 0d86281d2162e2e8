"""Our decoder against capstone's."""

from __future__ import annotations

import random

import pytest
from bare_image import ROOT, Compiler

from mlbench.cycles.decode import decode

decoding = pytest.importorskip("decoding", reason="needs capstone")

# Where capstone is wrong: these read their first operand (ARMv7-M ARM, A7.7.161 and the like), and an SVC
# writes no register before its exception.
_CAPSTONE_MISREADS = {"strht", "strbt", "strt", "svc", "stmdb", "vpush", "vpop"}


def _differences(pc: int, first: int, second: int) -> list[str]:
    code = first.to_bytes(2, "little") + second.to_bytes(2, "little")
    known = decoding.read(pc, code)
    if known is None:
        return []
    ours = decode(pc, first, second)
    name = known.text.split()[0].split(".")[0]
    wrong = []
    if ours.size != known.size:
        wrong.append(f"size {ours.size}, not {known.size}")
    if ours.kind not in known.kinds and name not in ("udf", "trap"):
        wrong.append(f"kind {ours.kind}, not {sorted(known.kinds)}")
    if ours.writes & 0x7FFF != known.writes and name not in _CAPSTONE_MISREADS:
        wrong.append(f"writes {ours.writes:#x}, not {known.writes:#x}")
    if known.width is not None and ours.kind != "load_pc" and ours.width != known.width:
        wrong.append(f"moves {ours.width} bytes, not {known.width}")
    if known.transfers is not None and ours.transfers != known.transfers:
        wrong.append(f"moves {ours.transfers}, not {known.transfers}")
    if ours.sp_dynamic != (known.sp is None) or (known.sp is not None and (known.sp - ours.sp) % 2**32):
        wrong.append(f"SP moves by {ours.sp}/{ours.sp_dynamic}, not {known.sp}")
    return [f"{first:04x} {second:04x} {known.text}: {what}" for what in wrong]


def test_every_narrow_instruction() -> None:
    wrong = [d for first in range(0xE800) for d in _differences(0x10000, first, 0xBF00)]
    assert wrong == []


def test_random_wide_instructions() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    wrong = []
    for _ in range(40000):
        first, second = draw.randrange(0xE800, 0x10000), draw.randrange(0x10000)
        wrong += _differences(0x10000, first, second)
    assert wrong == [], f"seed {seed}"


def test_compiled_code(bare: Compiler) -> None:
    emulator = ROOT / "mlbench" / "emulator"
    source = "#undef ICSR\n" + (emulator / "_block_hook.c").read_text()
    more = """
    float floats(float *a, int n, float *b) { float s = 0; for (int i = 0; i < n; i++) {
      s += a[i] * b[i] + __builtin_sqrtf(a[i]) / b[i]; a[i] = (int)s; } return s; }
    struct nine { int a[9]; };
    int divide(int a, unsigned b, long long c) { return a / 7 * (int)b + a / (int)b + (int)(c * a >> 7); }
    void moves(struct nine *x, volatile short *s, signed char *c) {
      x[0] = x[1]; s[1] = c[s[0]]; s[2] += 5; }
    int many(int a, int b, int c, int d, int e, int f, volatile int *p) {
      int x[40]; for (int i = 0; i < 40; i++) x[i] = p[i] * a;
      switch (b) { case 0: return c; case 1: return d;
      case 2: return x[e]; case 3: return f; case 4: return x[c] + x[d]; case 5: return x[f]; } return a; }
    int main(void) { return 0; }
    """
    seen = 0
    fast = ("-fno-math-errno", f"-I{emulator}")
    for flags in (("-O0", *fast), ("-Os", *fast), ("-O3", "-funroll-loops", *fast)):
        image = bare.image(source + more, flags=flags)
        for symbol in image.symbols:
            if symbol.kind != "func" or not symbol.size:
                continue
            code = image.read(symbol.address & ~1, symbol.size) + b"\0\0"
            position = 0
            while position < symbol.size:
                first = int.from_bytes(code[position : position + 2], "little")
                second = int.from_bytes(code[position + 2 : position + 4], "little")
                assert _differences((symbol.address & ~1) + position, first, second) == []
                position += decode(0, first, second).size
                seen += 1
    assert seen > 1000

"""The block hook: native and Python agree, and both with a plain model of what they should do."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
from bare_image import MS, ROOT, Compiler, finish, run_to
from hypothesis import given, settings
from hypothesis import strategies as st
from random_code import image_of, likely_code, outcome, wild_code

from mlbench.cycles.model import BlockFlag, load_model
from mlbench.emulator import cpu_registers
from mlbench.emulator.block_hook import NativeBlockHook, PythonBlockHook, make_block_hook
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine

MODEL = load_model(NRF52840.cost_table)
_ENTRY = 0x10000

_BUSY = """
static u32 state = 1; static volatile u32 ticks; static float sum;
void systick_handler(void) { ticks++; sum += 0.5f; if (ticks % 4 == 0) ICSR = PENDSVSET; }
void pendsv_handler(void) { state ^= ticks; }
static u32 next(void) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; return state; }
static int compare(u32 *a, int n) { int swaps = 0; for (int i = 0; i < n; i++) for (int j = i + 1; j < n; j++)
  if (a[j] < a[i]) { u32 t = a[i]; a[i] = a[j]; a[j] = t; swaps++; } return swaps; }
static u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(void) {
  u32 data[32]; float f = 1;
  REG(0xE000E014) = 700; REG(0xE000E018) = 0; REG(0xE000E010) = 7;
  for (int round = 0; round < 6; round++) {
    for (int i = 0; i < 32; i++) data[i] = next();
    note(compare(data, 32) ^ fib(9)); f = f * 1.5f + (float)data[0];
    switch (next() % 5) { case 0: note(1); break; case 1: note(2); break; case 2: note(f > 3);
      break; case 3: note(data[3] / (data[4] | 1)); break; default: note(7); }
  }
  REG(0xE000E010) = 0; return 0; }
"""


@pytest.fixture(scope="module", autouse=True)
def _needs_native(native_library: Path | None) -> None:
    if native_library is None:
        pytest.skip("needs a C compiler")


def _figures(machine: Machine) -> tuple[int, ...]:
    hook = machine.hook
    based = hook.specified, hook.fitted, hook.assumed
    return (
        *(hook.cycles, hook.instructions, hook.placement, hook.low_sp, hook.last_flags, hook.expected),
        *based,
    )


@pytest.mark.parametrize("flags", [("-O0",), ("-O2",), ("-Os",)])
def test_native_equals_python_over_a_whole_run(bare: Compiler, flags: tuple[str, ...]) -> None:
    image = bare.image(_BUSY, flags=flags)
    native, python = Machine(image, NRF52840), Machine(image, NRF52840, force_python=True)
    assert (native.hook.native, python.hook.native) == (True, False)
    assert finish(native) == finish(python)
    assert _figures(native) == _figures(python)
    assert native.hook.placement > 0


def test_native_equals_python_over_random_code() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    ends = set()
    for n in range(40):
        draw = random.Random(f"{seed} {n}")
        make = likely_code if n % 4 else wild_code
        image = image_of(make(draw, draw.choice((30, 100, 400))))
        deadline = draw.randrange(MS // 2)
        ours = [
            outcome(Machine(image, NRF52840, force_python=force), deadline) for force in (False, True, False)
        ]
        assert ours[0] == ours[1] == ours[2], f"seed {seed} {n}"
        ends.add(ours[0][0])
    assert len(ends) > 1


def _price(*halfwords: int, at: int = 0x10000) -> int:
    code = b"".join(h.to_bytes(2, "little") for h in halfwords)
    return MODEL.block(at, len(code), lambda _a, n: code[:n]).cycles


@pytest.mark.parametrize(
    ("halfwords", "cycles", "why"),
    [
        ((0xBF00,), 1, "NOP"),
        ((0x1840, 0x1840), 2, "ADDS, ADDS"),
        ((0x6808,), 2, "LDR alone"),
        ((0x6808, 0x684A), 3, "LDR, LDR pipelined"),
        ((0x6808, 0x684A, 0x688B), 4, "LDR, LDR, LDR pipelined"),
        ((0x6808, 0x6802), 4, "LDR r0 then LDR [r0]: no overlap"),
        ((0x1840, 0x6802), 4, "ADDS r0 then LDR [r0]: the address is a cycle late"),
        ((0x6808, 0xF851, 0x2B04), 4, "LDR then LDR with write-back: no overlap"),
        ((0xF851, 0x2B04, 0x6808), 4, "LDR with write-back then LDR: no overlap"),
        ((0x6808, 0x508B), 3, "LDR then STR to a register offset: overlaps"),
        ((0x6808, 0x600B), 3, "LDR then STR: 3 cycles"),
        ((0x6008, 0x684A), 3, "STR then LDR: nothing overlaps a store"),
        ((0xE9D0, 0x1200, 0x6808), 5, "LDRD then LDR: no overlap"),
        ((0x6008,), 1, "STR immediate"),
        ((0x5088,), 2, "STR register offset"),
        ((0x4348,), 1, "MULS"),
        ((0xFB01, 0x2003), 1, "MLA"),
        ((0xFBA1, 0x0203), 1, "UMULL"),
        ((0xFB20, 0x1203), 1, "SMLAD"),
        ((0xFA2F, 0xF183), 1, "SXTB16"),
        ((0xEAC1, 0x0203), 1, "PKHBT"),
        ((0xF301, 0x0207), 1, "SSAT"),
        ((0x6808, 0xFB90, 0xF0F2, 0xFB90, 0xF0F2), 8, "SDIV of what is not known, middle of 2 to 12"),
        ((0xE8DF, 0xF001), 3, "TBB: a load and an addition; its refill is counted where it is taken"),
        ((0xC90F,), 5, "LDM of four: 1 + N"),
        ((0xB510,), 3, "PUSH of two: 1 + N"),
        ((0xE9D0, 0x1200), 3, "LDRD: 1 + N"),
        ((0xEE20, 0x0A01), 1, "VMUL"),
        ((0xEE30, 0x0A01), 1, "VADD"),
        ((0xEE00, 0x0A01), 3, "VMLA"),
        ((0xEE30, 0x0A01, 0xEE20, 0x1A00), 3, "VADD s0 then VMUL by s0: the result is a cycle late"),
        ((0xEE30, 0x0A01, 0xEE21, 0x1A01), 2, "VADD s0 then VMUL of others"),
        ((0xEE20, 0x0A01, 0xEE01, 0x0A01), 4, "VMUL s0 then VMLA onto s0: in time"),
        ((0xEE80, 0x0A01), 14, "VDIV"),
        ((0xEE80, 0x0A01, 0x1840, 0x1840), 14, "VDIV with two ADDS beside it"),
        ((0xEE80, 0x0A01, 0x1840, 0xEE30, 0x1A01), 15, "VDIV, ADDS beside it, then VADD"),
        ((0xEEB1, 0x0AC0), 14, "VSQRT"),
        ((0xED90, 0x0A00), 2, "VLDR single: 1 + N"),
        ((0xEC90, 0x0A04), 5, "VLDM of four: 1 + N"),
        ((0xE7F0,), 1, "B, whose refill is counted where it is taken"),
        ((0xBF08, 0x1840), 2, "IT, ADDEQ"),
        ((0x4288, 0xBF08, 0x1840), 2, "CMP, IT folded, ADDEQ"),
        ((0xEBB0, 0x0F01, 0xBF08, 0x1840), 3, "CMP.W, IT, ADDEQ"),
    ],
)
def test_costs_of_the_manual(halfwords: tuple[int, ...], cycles: int, why: str) -> None:
    assert _price(*halfwords) == cycles, why


def test_blocks_know_how_they_end_and_how_deep_they_push() -> None:
    def block(*halfwords: int, at: int = 0x10000):  # type: ignore[no-untyped-def]
        code = b"".join(h.to_bytes(2, "little") for h in halfwords)
        return MODEL.block(at, len(code), lambda _a, n: code[:n])

    assert block(0xE7FE).flags == BlockFlag.SELF
    assert block(0xF7FF, 0xBFFE).flags == BlockFlag.SELF
    assert block(0xF8DF, 0xF000, at=0x10002).flags == BlockFlag.STRADDLES
    assert block(0xB662).flags == BlockFlag.UNMASKS
    assert block(0x46BD).flags == BlockFlag.MOVES_SP
    assert block(0xBF40, 0x4770).flags == BlockFlag.SENDS_EVENT
    # B, BL, BX LR; CBZ, BX r1; POP {pc}, TBB, LDR pc.
    assert [block(*code).taken for code in ((0xE7F0,), (0xF000, 0xF804), (0x4770,))] == [1, 1, 1]
    assert [block(*code).taken for code in ((0xB108,), (0x4708,))] == [2, 2]
    assert [block(*code).taken for code in ((0xBD00,), (0xE8DF, 0xF001), (0xF8DF, 0xF000))] == [3, 3, 3]
    assert block(0xB5F0, 0xB082, 0xB002, 0xBDF0).depth == 28
    assert block(0xB5F0, 0xB082, 0xB002, 0xBDF0).instructions == 4


class _PlainCache:
    """Sets of some ways, the least recently used is replaced: written down without arrays."""

    def __init__(self, sets: int, ways: int) -> None:
        self.sets: list[list[int]] = [[] for _ in range(sets)]
        self.ways = ways

    def fetch(self, line: int) -> bool:
        held = self.sets[line % len(self.sets)]
        missed = line not in held
        if not missed:
            held.remove(line)
        elif len(held) == self.ways:
            held.pop(0)
        held.append(line)
        return missed


class _PlainCaches:
    """The cache, and beside it the fully associative one of its size, which tells conflicts from the rest.

    A line that was read costs what it costs behind a branch: nothing is read ahead here.
    """

    def __init__(self) -> None:
        self.cache, self.whole = _PlainCache(64, 2), _PlainCache(1, 128)

    def fetch(self, line: int) -> tuple[int, int]:
        missed, anyway = self.cache.fetch(line), self.whole.fetch(line)
        cost = MODEL.run.cached.new
        return cost * missed, cost * (missed and not anyway)


LINES = st.lists(st.integers(0, 300).map(lambda n: 2 * n), max_size=400)
"""Lines of code over some five sizes of the cache, none of them behind another."""


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_the_instruction_cache_is_least_recently_used(lines: list[int]) -> None:
    plain, ours = _PlainCaches(), PythonBlockHook(MODEL.run, NRF52840.flash)
    for line in lines:
        assert ours._fetch(16 * line, 16, 8) == plain.fetch(line)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 40), st.integers(0, 400))
def test_a_line_that_follows_is_read_while_the_one_before_is_executed(lines: int, block_cycles: int) -> None:
    """Straight code waits for what flash cannot give in time: 8 cycles a line, less what was executed."""
    hook, run = PythonBlockHook(MODEL.run, NRF52840.flash), MODEL.run
    missed, _ = hook._fetch(0x1000, 16 * lines, block_cycles)
    ends = [block_cycles * n // lines for n in range(lines + 1)]
    waits = [max(run.cached.next - (ends[n] - ends[n - 1]), run.controller) for n in range(1, lines)]
    assert missed == run.cached.new + sum(waits)
    assert hook._fetch(0x1000, 16 * lines, block_cycles) == (0, 0), "they are held now"


@pytest.mark.parametrize("seed", range(6))
def test_native_and_python_tell_the_same_conflicts(bare: Compiler, seed: int) -> None:
    """Functions of random sizes, called in random order, larger than the cache; with a snapshot between."""
    rng = random.Random(seed)
    bodies = [f'__asm volatile(".rept {rng.randrange(4, 200)}\\n nop\\n .endr");' for _ in range(24)]
    functions = "".join(
        f"__attribute__((noinline)) static void f{n}(void) {{ {body} }}\n" for n, body in enumerate(bodies)
    )
    few, many = rng.sample(range(24), 6), [rng.randrange(24) for _ in range(40)]
    calls = "".join(f"f{n}(); " for n in (*few, *few, *many, *few))
    image = bare.image(f"{functions}int main(void) {{ for (int i = 0; i < 3; i++) {{ {calls} }} return 0; }}")
    native, python = Machine(image, NRF52840), Machine(image, NRF52840, force_python=True)
    for machine in (native, python):
        machine.run(3000)
        half = machine.save()
        first = (finish(machine), _figures(machine))
        machine.load(half)
        assert (finish(machine), _figures(machine)) == first, "a snapshot holds both caches"
    assert _figures(native) == _figures(python)
    assert native.hook.placement > 0


@pytest.mark.parametrize("seed", range(4))
def test_loops_in_loops_leave_the_cache_in_the_same_order(bare: Compiler, seed: int) -> None:
    """Small functions in loops of random subsets: most blocks are in the cache, in orders that change."""
    rng = random.Random(seed)
    sizes = [rng.randrange(1, 24) for _ in range(110)]
    functions = "".join(
        f"__attribute__((noinline)) static void f{n}(void)"
        f' {{ __asm volatile(".rept {size}\\n nop\\n .endr"); }}\n'
        for n, size in enumerate(sizes)
    )

    def loop(depth: int) -> str:
        parts = [f"f{rng.randrange(len(sizes))}();" for _ in range(rng.randrange(1, 9))]
        if depth:
            parts += [loop(depth - 1) for _ in range(rng.randrange(1, 4))]
        rng.shuffle(parts)
        return f"for (int i{depth} = 0; i{depth} < {rng.randrange(1, 6)}; i{depth}++) {{ {' '.join(parts)} }}"

    image = bare.image(f"{functions}int main(void) {{ {' '.join(loop(3) for _ in range(4))} return 0; }}")
    native, python = Machine(image, NRF52840), Machine(image, NRF52840, force_python=True)
    while native.clock.now < 40 * MS:
        endings = []
        for machine in (native, python):
            # Snapshots in the middle, and breakpoints, by which blocks come to be known anew.
            machine.load(machine.save())
            endings.append(run_to(machine, "finish", 0.2).end)
        assert _figures(native) == _figures(python)
        assert endings[0] == endings[1]
        if endings[0] is End.BREAKPOINT:
            break
    assert native.hook.placement > 0


_MAIN = ".globl main, count, out\n.type main, %function\n.comm count, 4\n.comm out, 4\n"


def _loop_of(bare: Compiler, size: int, rounds: int = 10) -> tuple[int, int]:
    """Cycles, and those of them by placement alone, of rounds of straight code of so many bytes."""
    machine = bare.machine(
        f"""{_MAIN}main: movs r4, #{rounds}
 .balign 16
1: .rept {size // 2 - 4}
 nop
 .endr
 subs r4, #1
 beq 2f
 b.w 1b
2: bx lr
""",
        asm=True,
    )
    finish(machine)
    return machine.hook.cycles, machine.hook.placement


def test_a_loop_that_outgrows_the_cache_gets_slower_by_itself(bare: Compiler) -> None:
    rounds, size = 10, 4096
    fits, outgrows = _loop_of(bare, size // 4, rounds), _loop_of(bare, size, rounds)
    straddles = rounds * MODEL.run.straddle
    assert fits[1] <= straddles, "what fits is fetched once, which is no matter of its place"
    assert outgrows[1] <= straddles, "nor is it that more code than the cache holds misses each round"
    # Eight instructions a line leave nothing of the read ahead but the controller's own cycle.
    misses = rounds * size // 16 * MODEL.run.controller
    assert outgrows[0] - outgrows[1] > rounds * size // 2 + misses


def test_lines_that_meet_in_a_set_are_conflicts(bare: Compiler) -> None:
    # Three lines of one set in turn, of which a cache of two ways holds none; 64 sets of 16-byte lines.
    rounds = 20
    functions = "".join(f" .balign 1024\nf{n}: bx lr\n .type f{n}, %function\n" for n in range(3))
    machine = bare.machine(
        f"""{_MAIN}main: push {{r4, lr}}
 movs r4, #{rounds}
1: bl f0
 bl f1
 bl f2
 subs r4, #1
 bne 1b
 pop {{r4, pc}}
{functions}""",
        asm=True,
    )
    finish(machine)
    conflicts = (3 * rounds - 3) * MODEL.run.cached.new
    # The branches' targets straddle words or do not, as the code before them has it.
    assert conflicts <= machine.hook.placement <= conflicts + 4 * rounds * MODEL.run.straddle


def test_switching_the_cache_off_and_on_empties_it(bare: Compiler) -> None:
    machine = bare.machine(
        """
        __attribute__((noinline, aligned(16))) static void f(void) {
          __asm volatile(".rept 8\\n nop\\n .endr"); }
        int main(void) { f(); f(); REG(0x4001E540) = 0; BARRIER(); f(); REG(0x4001E540) = 1; BARRIER(); f();
          return 0; }
        """
    )
    where = machine.image.symbol("f")
    assert where is not None
    machine.set_break(where.address & ~1)
    costs = []
    for _ in range(4):
        assert machine.run(MS, resume=True).end is End.BREAKPOINT
        before = machine.hook.cycles
        back = machine.cpu.lr & ~1
        machine.set_break(back)
        assert machine.run(MS, resume=True).address == back
        machine.set_break(back, False)
        costs.append(machine.hook.cycles - before)
    # A line that is branched to and the one that follows: missed, held, not cached, missed again.
    missed, held, uncached, again = costs
    assert missed > held
    run = MODEL.run
    assert uncached - held == run.uncached.new + run.uncached.next
    assert again - held == run.cached.new + run.controller
    assert machine.hook.placement == 0, "none of it depends on where the lines lie"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("uint32_t reason, where", "uint32_t more, reason, where"), ("#define ABI ", "#define ABI 1"),
     ("mlbench_hot_abi", "mlbench_hot_size")],
)  # fmt: skip
def test_a_library_of_other_sources_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: str, theirs: str
) -> None:
    folder = ROOT / "mlbench" / "emulator"
    source = (folder / "_block_hook.c").read_text()
    wrong = tmp_path / "wrong.c"
    assert ours in source
    wrong.write_text(source.replace(ours, theirs))
    library = tmp_path / "wrong.so"
    subprocess.run(["gcc", "-shared", "-fPIC", f"-I{folder}", "-o", str(library), str(wrong)], check=True)
    monkeypatch.setenv("MLBENCH_HOTPATH", str(library))
    assert isinstance(make_block_hook(MODEL, NRF52840), PythonBlockHook)


@pytest.mark.parametrize("content", [None, b"", b"not a library", b"\x7fELF" + bytes(60)])
def test_a_library_that_is_none_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    library = tmp_path / "hook.so"
    if content is not None:
        library.write_bytes(content)
    monkeypatch.setenv("MLBENCH_HOTPATH", str(library))
    assert isinstance(make_block_hook(MODEL, NRF52840), PythonBlockHook)


def test_the_environment_chooses(native_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLBENCH_HOTPATH", "python")
    assert isinstance(make_block_hook(MODEL, NRF52840), PythonBlockHook)
    monkeypatch.setenv("MLBENCH_HOTPATH", os.fspath(native_library))
    assert isinstance(make_block_hook(MODEL, NRF52840), NativeBlockHook)
    assert isinstance(make_block_hook(MODEL, NRF52840, force_python=True), PythonBlockHook)


def test_more_blocks_than_the_table_began_with(bare: Compiler) -> None:
    # 6000 blocks: the native table grows while the firmware runs.
    body = "".join(f"if (out[{n % 7}] == {n}) count++;\n" for n in range(3000))
    image = bare.image(f"__attribute__((optimize(0))) int main(void) {{ {body} return 0; }}")
    figures = []
    for force in (False, True):
        machine = Machine(image, NRF52840, force_python=force)
        assert run_to(machine, "finish").end is End.BREAKPOINT
        figures.append(_figures(machine))
    assert figures[0] == figures[1]


def test_a_place_of_registers_that_was_found_by_chance_is_not_relied_on(
    bare: Compiler, native_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = bare.machine("int main(void) { return 0; }")
    assert isinstance(machine.hook, NativeBlockHook)
    assert machine.hook.knows_registers
    monkeypatch.setattr(cpu_registers, "_known", [(32, 44216), (40, 0)])
    again = bare.machine("int main(void) { return 0; }")
    assert isinstance(again.hook, NativeBlockHook)
    assert again.hook.knows_registers

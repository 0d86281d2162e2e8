"""Following calls, recording the heap and replaying it, with both C libraries of the compiler."""

from __future__ import annotations

import random

import pytest
from bare_image import MS, Compiler, address, notes
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.core.heap import HeapCall, Operation, requested
from mlbench.elf.image import Image
from mlbench.emulator.allocator import HeapRecorder, Replay
from mlbench.emulator.calls import Call, CallTracker, Watch
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Ending, Machine


def _follow(machine: Machine, tracker: CallTracker, ms: int = 50) -> Ending:
    """Run to ``finish`` and tell the tracker of every breakpoint on the way."""
    last = address(machine, "finish")
    machine.set_break(last)
    ending = machine.run(ms * MS, resume=True, host_seconds=60)
    while ending.end is End.BREAKPOINT and ending.address != last:
        tracker.at(ending.address)
        ending = machine.run(ms * MS, resume=True, host_seconds=60)
    return ending


def _traced(
    bare: Compiler, source: str, *names: str, flags: tuple[str, ...] = ("-O2",)
) -> tuple[list[str], Machine]:
    machine = bare.machine(source, flags=flags)
    tracker = CallTracker(machine)
    told: list[str] = []

    def watch(name: str) -> Watch:
        def entered(call: Call) -> None:
            told.append(f"{name}({call.arguments[0]})")

        def returned(call: Call) -> None:
            told.append(f"{name}={machine.cpu.r(0)}")

        return Watch(name, address(machine, name), entered, returned, name)

    for name in names:
        tracker.add(watch(name))
    assert _follow(machine, tracker).end is End.BREAKPOINT
    assert tracker.state.open == []
    return told, machine


def test_of_recursion_the_outermost_call_is_told(bare: Compiler) -> None:
    told, _ = _traced(
        bare,
        """__attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) u32 deep(u32 n) {
             return n ? deep(n - 1) + n : 0; }
           int main(void) { note(deep(5)); note(deep(2)); return 0; }""",
        "deep",
    )
    assert told == ["deep(5)", "deep=15", "deep(2)", "deep=3"]


def test_tail_calls_end_innermost_first(bare: Compiler) -> None:
    told, _ = _traced(
        bare,
        """__attribute__((noinline, noclone)) u32 inner(u32 n) { note(n); return n * 2; }
           __attribute__((noinline, noclone)) u32 outer(u32 n) { note(0); return inner(n + 1); }
           int main(void) { note(outer(4)); note(inner(1)); return 0; }""",
        "outer",
        "inner",
    )
    assert told == ["outer(4)", "inner(5)", "inner=10", "outer=10", "inner(1)", "inner=2"]


def test_a_loop_back_to_the_first_instruction_is_no_call(bare: Compiler) -> None:
    told, machine = _traced(
        bare,
        """NAKED u32 spin(u32 n) { __asm("subs r0, #1\\n bne spin\\n bx lr"); }
           int main(void) { note(spin(4)); note(spin(2)); return 0; }""",
        "spin",
    )
    assert told == ["spin(4)", "spin=0", "spin(2)", "spin=0"]
    assert notes(machine) == [0, 0]


def test_exceptions_between_entry_and_return(bare: Compiler) -> None:
    # An interrupt every 150 cycles, which calls the very function that it interrupts.
    told, machine = _traced(
        bare,
        """static volatile u32 ticks;
           __attribute__((noinline, noclone)) u32 work(u32 n) {
             for (volatile u32 i = 0; i < n; i++) ; return n; }
           void systick_handler(void) { ticks += work(1); }
           int main(void) {
             REG(0xE000E014) = 149; REG(0xE000E010) = 7; u32 n = work(300); REG(0xE000E010) = 0;
             note(n); note(ticks > 5); return 0; }""",
        "work",
    )
    assert notes(machine) == [300, 1]
    assert "work(300)" in told
    assert "work=300" in told
    assert all(text in ("work(1)", "work=1", "work(300)", "work=300") for text in told)


_HEAP = """
typedef __SIZE_TYPE__ size_t;
void *malloc(size_t); void *realloc(void *, size_t); void *calloc(size_t, size_t); void free(void *);
const volatile u32 alloc_size = 0, seed = 1; extern u8 bss_end[]; static u8 *top = bss_end;
void *_sbrk(int n) { u8 *old = top; if (top + n > (u8 *)LIMIT) return (void *)-1; top += n; return old; }
void _exit(int c) { for (;;) ; } int _kill(int p, int s) { return -1; } int _getpid(void) { return 1; }
int _write(int f, char *b, int n) { return n; } int _read(int f, char *b, int n) { return 0; }
int _close(int f) { return -1; } int _fstat(int f, void *s) { return -1; } int _isatty(int f) { return 1; }
int _lseek(int f, int a, int b) { return 0; }
static u32 state;
static u32 next(void) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; return state; }
__attribute__((noinline)) int work(void) {
  void *held[24] = {0}; state = seed;
  void *probe = malloc(alloc_size); if (!probe) return 1;
  for (int n = 0; n < 120; n++) {
    u32 k = next() % 24, size = 1 + next() % (next() % 8 ? 300 : 6000);
    switch (next() % 6) {
      case 0: case 1: free(held[k]); held[k] = 0; break;
      case 2: { void *p = realloc(held[k], size); if (!p) return 2; held[k] = p; break; }
      case 3: free(held[k]); held[k] = calloc(size, 1 + next() % 2); if (!held[k]) return 3; break;
      default: free(held[k]); held[k] = malloc(size); if (!held[k]) return 4; *(u8 *)held[k] = n; break; } }
  return 0; }
int main(void) { note(work()); return 0; }
"""
_LIBRARIES = {"nano": ("-O1", "--specs=nano.specs", "-lc"), "full": ("-O1", "-lc")}


@pytest.fixture(scope="module", params=sorted(_LIBRARIES))
def heap_image(request: pytest.FixtureRequest, bare: Compiler) -> Image:
    return bare.image(_HEAP.replace("LIMIT", "0x20018000"), flags=_LIBRARIES[request.param])


class _Bench:
    """One machine at the entry of ``work``, for many runs."""

    def __init__(self, image: Image, seed: int) -> None:
        self.machine = machine = Machine(image, NRF52840)
        machine.patch_flash(address(machine, "seed"), seed.to_bytes(4, "little"))
        machine.set_break(address(machine, "work"))
        assert machine.run(MS).end is End.BREAKPOINT
        machine.set_break(address(machine, "work"), False)
        self.start = machine.save()

    def run(self, size: int) -> bool:
        """Whether all allocations succeed after a first one of ``size`` bytes."""
        machine = self.machine
        machine.load(self.start)
        machine.patch_flash(address(machine, "alloc_size"), size.to_bytes(4, "little"))
        last = address(machine, "finish")
        machine.set_break(last)
        assert machine.run(200 * MS, host_seconds=60).address == last
        return notes(machine) == [0]

    def record(self) -> list[HeapCall]:
        machine = self.machine
        machine.load(self.start)
        machine.patch_flash(address(machine, "alloc_size"), bytes(4))
        tracker = CallTracker(machine)
        recorder = HeapRecorder(machine, tracker)
        recorder.start()
        assert _follow(machine, tracker, 200).end is End.BREAKPOINT
        assert notes(machine) == [0]
        calls = list(recorder.calls)
        recorder.stop()
        return calls


def test_replay_tells_what_full_runs_tell(heap_image: Image) -> None:
    base = random.randrange(1 << 30)
    print(f"seed {base}")
    for n in range(10):
        seed = base + n + 1
        bench = _Bench(heap_image, seed)
        ram = bytes(bench.machine.ram.data)
        calls = bench.record()
        assert (calls[0].operation, calls[0].first) == (Operation.MALLOC, 0)
        replay = Replay(heap_image, NRF52840, ram, calls, 0, 0)
        assert replay.passes(0)
        assert not replay.passes(0x18000)
        low, high = 0, 0x18000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if replay.passes(middle) else (low, middle)
        draw = random.Random(seed)
        sizes = {0, low - 1, low, high, high + 1, low - 4096, high + 4096}
        sizes |= {draw.randrange(0x18000) for _ in range(8)}
        for size in sorted(s for s in sizes if s >= 0):
            assert replay.passes(size) == bench.run(size), f"seed {seed}, {size} bytes"


def test_a_shorter_heap_in_the_replay_is_a_shorter_heap(bare: Compiler) -> None:
    flags = _LIBRARIES["nano"]
    long_image = bare.image(_HEAP.replace("LIMIT", "0x20018000"), flags=flags)
    short_image = bare.image(_HEAP.replace("LIMIT", "0x20017C00"), flags=flags)
    bench, short = _Bench(long_image, 77), _Bench(short_image, 77)
    ram = bytes(bench.machine.ram.data)
    replay = Replay(long_image, NRF52840, ram, bench.record(), 0, 0)
    for size in range(40000, 0x18000, 1999):
        assert replay.passes(size, 0x400) == short.run(size)


_SIZES = st.integers(0, 500)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("malloc"), _SIZES, st.just(0)),
        st.tuples(st.just("calloc"), _SIZES, st.integers(0, 4)),
        st.tuples(st.just("free"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("realloc"), st.integers(0, 9), _SIZES),
        st.tuples(st.just("refused"), _SIZES, st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(_STEPS)
def test_peak_requested_against_a_plain_heap(steps: list[tuple[str, int, int]]) -> None:
    calls: list[HeapCall] = []
    live: list[tuple[int, int]] = []
    peak, fresh = 0, 0x20001000
    for what, first, second in steps:
        fresh += 0x1000
        if what == "refused":
            calls.append(HeapCall(Operation.MALLOC, 0, first, 0, 0))
        elif what == "malloc":
            calls.append(HeapCall(Operation.MALLOC, 0, first, 0, fresh))
            live.append((fresh, first))
        elif what == "calloc":
            calls.append(HeapCall(Operation.CALLOC, 0, first, second, fresh))
            live.append((fresh, first * second))
        elif live:
            pointer, _ = live.pop(first % len(live))
            if what == "free":
                calls.append(HeapCall(Operation.FREE, 0, pointer, 0, 0))
            else:
                where = pointer if second % 2 else fresh
                calls.append(HeapCall(Operation.REALLOC, 0, pointer, second, where))
                live.append((where, second))
        peak = max(peak, sum(size for _, size in live))
    assert requested(calls, [])[0] == peak

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.elf.cfi import FrameInfo
from mlbench.elf.image import Image
from mlbench.elf.unwind import EXCEPTION, MOST_FRAMES, unwind
from mlbench.targets.protocol import Frame

sys.path.insert(0, str(Path(__file__).parent))
from machine import RAM, RAM_SIZE, Machine

SOURCE = """
typedef int (*function)(int);
volatile int sink;
volatile float fsink;
int buffer[64];
#define NOINLINE __attribute__((noinline, noclone))
NOINLINE int leaf(int x) { return sink = x * 3; }
NOINLINE int tail(int x) { sink = x; return leaf(x + 1); }
NOINLINE float floats(float a, float b) {
  float c = a * b + fsink, d = a - b * c, e = c / (d + 1);
  sink = leaf((int)e);
  return a * c + b * d + e;
}
NOINLINE int frame(int x) {
  int local[20];
  for (int i = 0; i < 20; i++) local[i] = leaf(i + x);
  return local[x & 15] + tail(x);
}
NOINLINE int big_frame(int x) {
  volatile int local[600];
  local[x] = leaf(x);
  return local[x] + frame(x);
}
NOINLINE int dynamic(int n) {
  volatile int *local = __builtin_alloca(n * 4);
  local[0] = big_frame(n);
  return local[0] + leaf(n);
}
NOINLINE int early(int x) {
  if (x == 0) return 1;
  sink = dynamic(x);
  if (x == 3) return leaf(sink);
  return frame(sink & 7) + x;
}
NOINLINE int recursive(int n) { return n ? recursive(n - 1) * n + leaf(n) : early(3); }
NOINLINE int many(int a, int b, int c, int d, int e, int f, int g) {
  return leaf(a + e) * b + leaf(c + f) * d + leaf(g) * e + leaf(f) * a;
}
static inline __attribute__((always_inline)) int inlined(int x) {
  return leaf(x) + 1;
}
NOINLINE int pointers(function f, int x) { return f(x) + f(x + 1); }
NOINLINE int switched(int x) {
  switch (x) {
    case 0: return leaf(1);
    case 1: return frame(2) + 1;
    case 2: return tail(3);
    case 3: return recursive(2) + 5;
    case 4: return (int)floats(x, 3) + 2;
    case 5: return inlined(x) * 2;
    default: return 0;
  }
}
__attribute__((naked)) void end(void) { __asm("b ."); }
void start(void) {
  for (int i = 0; i < 7; i++) sink += switched(i);
  sink += many(1, 2, 3, 4, 5, 6, 7) + pointers(frame, 2) + early(0) + pointers(recursive, 1);
  end();
  sink = 0;
}
volatile int handled;
NOINLINE void inner_handler(int x) { handled = leaf(x) + 1; handled += leaf(x); }
void handler(void) { inner_handler(5); handled = 7; }
void *const keep[] __attribute__((section(".vectors"), used)) = {(void *)handler};
"""


def levels(image: Image, truth: list[int]) -> list[int]:
    """The program counters to expect: one for each function at a place, the inlined ones too."""
    expected: list[int] = []
    for index, pc in enumerate(truth):
        here = image.debug.inline_chain(pc if index == 0 else pc - 1)
        expected += [pc] * max(1, len(here))
    return expected


def start_of(image: Image, name: str) -> int:
    symbol = image.symbol(name)
    assert symbol is not None, name
    return symbol.address


def stop_at_end(image: Image) -> Callable[[Machine], bool]:
    end = start_of(image, "end")
    return lambda machine: machine.chain()[0] == end


@pytest.mark.parametrize("flags", ["-O0", "-Os", "-O1", "-O2", "-O3", "-Os -gdwarf-4", "-O2 -fno-omit-frame-pointer"])
def test_every_instruction_gives_the_exact_chain(build: Callable[..., Path], flags: str) -> None:
    image = Image.load(build({"calls.c": SOURCE}, "-g", *flags.split()))
    machine = Machine(image)
    finished = stop_at_end(image)
    checked: set[tuple[int, ...]] = set()
    deepest = 0

    def check(machine: Machine) -> bool:
        nonlocal deepest
        truth = machine.chain()
        key = tuple(truth)
        if key not in checked:
            checked.add(key)
            deepest = max(deepest, len(truth))
            got = [f.pc for f in unwind(image, truth[0], machine.registers(), machine.read)]
            assert got == levels(image, truth), [f"{pc:#x} {image.function_at(pc)}" for pc in truth]
        return finished(machine)

    # hook exceptions would be lost in the callback: keep the first one
    failures: list[BaseException] = []

    def careful(machine: Machine) -> bool:
        try:
            return check(machine)
        except AssertionError as error:
            failures.append(error)
            return True

    machine.run(image.entry, careful)
    if failures:
        raise failures[0]
    assert len(checked) > 300
    assert deepest >= 7

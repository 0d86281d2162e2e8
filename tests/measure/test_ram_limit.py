"""The first limit of N, held against trying every size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from measure_bench import (
    CALLOC,
    FREE,
    MALLOC,
    PROGRAM_FUNCTIONS,
    REALLOC,
    Bench,
    Step,
    random_steps,
)

from mlbench.core.execution import Functions, Outcome, Place, Probe
from mlbench.core.firmware import Firmware
from mlbench.measure.ram_search import predict
from mlbench.results.values import UnusedRam

Programmed = Callable[[list[Step]], Firmware]


def unused(bench: Bench, firmware: Firmware, **more: object) -> UnusedRam:
    found = bench.profile(firmware, PROGRAM_FUNCTIONS, **more).measures.unused_ram
    assert isinstance(found, UnusedRam), found
    return found


# Two blocks that grow in turn: where the second growth cannot be had in place it must move.
GROWING: list[Step] = [
    (MALLOC, 0, 1800),
    (MALLOC, 1, 100),
    (REALLOC, 0, 3000),
    (FREE, 1, 0),
    (REALLOC, 0, 5200),
    (CALLOC, 2, 900),
]


def test_every_size_over_the_whole_heap_agrees_with_the_limit_and_its_islands(
    bench: Bench, programmed: Programmed, newlib: str
) -> None:
    firmware = programmed(GROWING)
    found = unused(bench, firmware)
    assert found.certified
    assert found.method == "replay"
    session, reference = bench.recorded(firmware, PROGRAM_FUNCTIONS)
    last_edge = found.islands[-1][1] if found.islands else found.bytes
    top = last_edge + 64
    # newlib-nano serves by 4 bytes and has no islands: its sizes are tried by grains and around the edge.
    sizes = set(range(top - 8192 - 64, top, 1 if newlib == "full" else 4))
    sizes |= set(range(found.bytes - 16, found.bytes + 16))

    def works(size: int) -> bool:
        result = session.run(Probe(alloc=size), 1e6)
        return result.outcome is Outcome.PASSED and result.outputs == reference.outputs

    passing = {size for size in sizes if works(size)}
    allowed = [(0, found.bytes), *found.islands]
    assert passing == {size for size in sizes if any(first <= size <= last for first, last in allowed)}
    if newlib == "full":
        # What the search is for: plain bisection could have met a later edge here.
        assert found.islands


@pytest.mark.parametrize("seed", range(32))
def test_random_sequences_agree_with_every_size(bench: Bench, programmed: Programmed, seed: int) -> None:
    steps = random_steps(seed)
    firmware = programmed(steps)
    session, reference = bench.recorded(firmware, PROGRAM_FUNCTIONS)
    assert reference.outcome is Outcome.PASSED, (seed, reference.reason)
    replay = session.replay()
    assert replay is not None
    prediction = predict(replay)
    assert prediction.limit is not None, seed
    assert not prediction.exhaustive, seed
    print(f"seed {seed}: {prediction.replays} replays")
    # Every grain by the allocator itself, one by one and with its real limit.
    grid = {size: replay.passes(size) for size in range(0, replay.capacity + 8, 4)}
    inside = {
        size: size <= prediction.limit or any(a <= size <= b for a, b in prediction.islands) for size in grid
    }
    assert inside == grid, f"seed {seed}"
    # And the edges by the firmware.
    for size, passes in ((prediction.limit, True), (prediction.limit + 1, False)):
        outcome = session.run(Probe(alloc=size), 1e6).outcome
        assert (outcome is Outcome.PASSED) == passes, (seed, size, outcome)


class Boundless:
    """An allocator that serves sizes within RAM, whatever end of the heap it is told: damaged firmware's."""

    count, calls, heap_in_use, growth, alignment, complete, unit = 0, 1, 0, 0, 8, True, None
    capacity = 20_000
    spare = 0

    def place(self, size: int) -> Place:
        return Place(100, 100 + size, size)

    def passes(self, size: int, shorter: int = 0) -> bool:
        assert 0 <= shorter <= self.capacity
        self.spare = size % 4096
        return size <= self.capacity


def test_an_allocator_without_bounds_has_the_end_of_ram_for_its_limit() -> None:
    assert predict(Boundless()).limit == Boundless.capacity


def test_three_full_runs_are_enough(bench: Bench, programmed: Programmed) -> None:
    found = unused(bench, programmed([(MALLOC, 0, 3000), (MALLOC, 1, 500), (FREE, 0, 0)]))
    assert found.full_runs == 3
    assert found.first_failure.startswith("no memory")


def test_bisection_finds_an_edge_of_the_same_firmware(bench: Bench, programmed: Programmed) -> None:
    firmware = programmed([(MALLOC, 0, 3000)])
    by_replay = unused(bench, firmware)
    by_bisection = unused(bench, firmware, ram_search="bisect")
    assert by_bisection.bytes == by_replay.bytes
    assert not by_bisection.certified
    assert by_bisection.full_runs > by_replay.full_runs


def test_a_sketch_that_takes_what_it_gets_falls_back_on_bisection(bench: Bench) -> None:
    greedy = """\
#include <Arduino.h>
#include <stdlib.h>
static char *blocks[40];
static int count;
__attribute__((noinline)) void start() {
  while (count < 40 && (blocks[count] = (char *)malloc(400))) count++;
}
__attribute__((noinline)) int infer() { if (count < 10) for (;;) {} return blocks[9][0]; }
void setup() { start(); infer(); }
void loop() {}
"""
    firmware = bench.build("greedy", {"greedy.ino": greedy}, "build.stack_size=237568")
    found = bench.profile(firmware, Functions("start", "infer")).measures.unused_ram
    assert isinstance(found, UnusedRam)
    assert found.method == "bisect"
    assert not found.certified
    session = bench.open(firmware, Functions("start", "infer"))
    assert session.run(Probe(alloc=found.bytes), 1e6).outcome is Outcome.PASSED
    assert session.run(Probe(alloc=found.bytes + 1), 1e6).outcome is not Outcome.PASSED


def test_an_allocator_that_waits_for_others_is_bisected(bench: Bench) -> None:
    # As an operating system's lock would: its thread is not there in the replay, so it never comes free.
    locked = """\
#include <Arduino.h>
#include <stdlib.h>
static volatile bool running;
volatile int sink;
extern "C" void *_sbrk(ptrdiff_t);
static void *pool_next;
extern "C" void *_malloc_r(struct _reent *, size_t n) {
  while (!running) {}
  void *p = _sbrk((n + 7) & ~7u);
  return p == (void *)-1 ? nullptr : p;
}
extern "C" void _free_r(struct _reent *, void *) {}
// newlib 4.4 and newer link stdio with every image, and with it what is missing of the family.
extern "C" void *_realloc_r(struct _reent *, void *, size_t) { return nullptr; }
extern "C" void *_calloc_r(struct _reent *, size_t, size_t) { return nullptr; }
extern "C" void *malloc(size_t n) {
  running = true;
  void *p = _malloc_r(nullptr, n);
  running = false;
  return p;
}
extern "C" void free(void *) {}
__attribute__((noinline)) void start() { pool_next = malloc(1000); if (!pool_next) for (;;) {} }
__attribute__((noinline)) int infer() { return ((char *)pool_next)[3]; }
void setup() { start(); sink = infer(); }
void loop() {}
"""
    firmware = bench.build("locked", {"locked.ino": locked}, "build.stack_size=237568")
    found = bench.profile(firmware, Functions("start", "infer")).measures.unused_ram
    assert isinstance(found, UnusedRam)
    assert (found.method, found.certified) == ("bisect", False)
    session = bench.open(firmware, Functions("start", "infer"))
    assert session.run(Probe(alloc=found.bytes), 1e6).outcome is Outcome.PASSED
    assert session.run(Probe(alloc=found.bytes + 1), 1e6).outcome is Outcome.NO_MEMORY

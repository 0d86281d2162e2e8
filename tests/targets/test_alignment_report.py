"""What is told of a sketch that crashes on a board because something lies at an unaligned address."""

from __future__ import annotations

import pytest
from workshop import OWN_BOARD, Workshop

from mlbench.boards import board_for
from mlbench.core.execution import Functions, Outcome, Probe, RunResult
from mlbench.targets.emulator.target import EmulatorTarget

_SKETCH = """
#include <stdlib.h>
struct Pair { uint32_t low, high; };
OBJECTS
__attribute__((noinline)) uint32_t read_pair(const void *at) {
  uint32_t low, high;
  __asm volatile("ldrd %0, %1, [%2]" : "=r"(low), "=r"(high) : "r"(at));
  return low + high;
}
uint8_t *volatile memory;
volatile uint32_t sum;
__attribute__((noinline)) uint8_t *get_memory() { memory = (uint8_t *)malloc(1000); return memory; }
__attribute__((noinline)) uint8_t *make_object() { memory = (uint8_t *)operator new(500); return memory; }
__attribute__((noinline)) void model_init() { BODY; }
__attribute__((noinline)) void infer() { Serial.println("done"); }
void setup() { Serial.begin(115200); model_init(); }
void loop() { infer(); }
"""


_RECORDED = Probe(record=True)


def _run(workshop: Workshop, name: str, body: str, objects: str = "", probe: Probe = _RECORDED) -> RunResult:
    text = _SKETCH.replace("BODY", body).replace("OBJECTS", objects)
    firmware = workshop.build(name, {f"{name}.ino": text})
    functions = Functions(init="model_init()", inference="infer()")
    session = EmulatorTarget(board_for(OWN_BOARD)).open(firmware, functions)
    try:
        return session.run(probe, 3e6)
    finally:
        session.close()


_MODEL = """
struct __attribute__((packed)) Blob { uint8_t version; uint8_t model[64]; };
extern "C" { __attribute__((used)) uint8_t g_model[64] = {1}; }
"""


def test_an_object_the_function_and_the_line(workshop: Workshop) -> None:
    result = _run(workshop, "model", "read_pair(g_model + 17 + (g_model[0] & 2));", _MODEL)
    assert result.outcome is Outcome.FAULT
    reason = result.reason
    assert reason.startswith("UsageFault: unaligned access to 0x2")
    assert "(offset 17 in g_model" in reason
    assert "in read_pair(void const*) (" in reason
    assert "model.ino:" in reason


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("read_pair(get_memory() + 5);", "(offset 5 in a heap block of 1,000 bytes, which get_memory() ("),
        ("free(get_memory()); read_pair(make_object() + 2);",
         "(offset 2 in a heap block of 500 bytes, which make_object() ("),
    ],
)  # fmt: skip
def test_a_heap_block_and_who_asked_for_it(workshop: Workshop, body: str, told: str) -> None:
    result = _run(workshop, "heap", body)
    assert result.outcome is Outcome.FAULT
    assert told in result.reason


@pytest.mark.parametrize("probe", [Probe(), Probe(alloc=30_000)], ids=["no probe", "a probe"])
def test_a_heap_block_in_a_run_that_does_not_record(workshop: Workshop, probe: Probe) -> None:
    result = _run(workshop, "heap", "read_pair(get_memory() + 5);", probe=probe)
    assert "(offset 5 in a heap block of 1,000 bytes, which get_memory() (" in result.reason


_EARLY = """
#include <stdlib.h>
struct Early { uint8_t *block; Early() : block((uint8_t *)malloc(700)) {} };
Early early;
"""


@pytest.mark.parametrize("probe", [_RECORDED, Probe()], ids=["recorded", "not recorded"])
def test_a_heap_block_of_a_constructor(workshop: Workshop, probe: Probe) -> None:
    result = _run(workshop, "early", "read_pair(early.block + 3);", _EARLY, probe)
    assert "(offset 3 in a heap block of 700 bytes, which " in result.reason


def test_a_block_that_has_the_place_of_an_earlier_one(workshop: Workshop) -> None:
    body = "free(early.block); uint8_t *next = (uint8_t *)malloc(690); read_pair(next + 3);"
    result = _run(workshop, "early", body, _EARLY, Probe())
    assert "(offset 3 in a heap block of 690 bytes, which model_init() (" in result.reason


def test_a_replay_after_a_run_that_was_repeated(workshop: Workshop) -> None:
    body = "free(get_memory()); if ((uint32_t)get_memory() > 0x20010000) read_pair(get_memory() + 5);"
    text = _SKETCH.replace("BODY", body).replace("OBJECTS", "")
    firmware = workshop.build("high", {"high.ino": text})
    session = EmulatorTarget(board_for(OWN_BOARD)).open(firmware, Functions("model_init()", "infer()"))
    try:
        assert session.run(_RECORDED, 3e6).outcome is Outcome.PASSED
        assert "heap block of 1,000 bytes" in session.run(Probe(alloc=90_000), 3e6).reason
        allocator = session.replay()
        assert allocator is not None
        assert allocator.calls == 3
    finally:
        session.close()


_STACK = """
uint32_t read_pair(const void *at);
uint32_t keep(void *at) { uint32_t pair = read_pair((uint8_t *)((uint32_t)at | 1)); return pair + 1; }
__attribute__((noinline)) uint32_t fill() {
  volatile uint8_t block[64]; block[3] = 1; return keep((void *)block) + block[3]; }
"""


def test_the_stack(workshop: Workshop) -> None:
    result = _run(workshop, "stack", "sum = fill();", _STACK)
    assert "(on the stack, in the frame of fill() (" in result.reason

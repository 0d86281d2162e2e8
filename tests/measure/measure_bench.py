"""Firmware whose use of the heap is data: one compile serves any sequence of allocations."""

from __future__ import annotations

import random
from dataclasses import replace

from workshop import OWN_BOARD, Workshop

from mlbench.boards import board_for
from mlbench.core.execution import Functions, OutputBuffer, Probe, RunResult
from mlbench.core.firmware import Firmware
from mlbench.measure.profile import Profile, profile
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.targets.emulator.target import EmulatorSession, EmulatorTarget

BOARD = OWN_BOARD
# A stack that leaves a heap of some 20 KiB: small enough to try every size.
BIG_STACK = "build.stack_size=237568"

PROGRAM_SKETCH = """\
#include "model.h"
static int32_t result;
void setup() { model_init(); model_infer(&result); Serial.begin(115200); Serial.println(result); }
void loop() {}
"""
MODEL_H = """\
#pragma once
#include <Arduino.h>
void model_init();
void model_infer(int32_t *out);
"""
# The program: {operation, slot, size} until operation 0. 1 malloc, 2 free, 3 realloc, 4 calloc,
# 5 memalign. An allocation that fails stops the sketch for ever; blocks are filled to their last byte.
MODEL_CPP = """\
#include "model.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
extern "C" { extern const volatile uint32_t program[600]; }
static uint8_t *blocks[32];
static uint32_t sizes[32];
__attribute__((noinline)) void model_init() {
  for (int n = 0; program[n]; n += 3) {
    uint32_t slot = program[n + 1], size = program[n + 2];
    uint8_t *p = blocks[slot];
    switch (program[n]) {
      case 1: p = (uint8_t *)malloc(size); break;
      case 2: free(p); blocks[slot] = nullptr; sizes[slot] = 0; continue;
      case 3: p = (uint8_t *)realloc(p, size); break;
      case 4: p = (uint8_t *)calloc(1, size); break;
      case 5: p = (uint8_t *)memalign(32, size); break;
    }
    if (!p) for (;;) {}
    blocks[slot] = p; sizes[slot] = size;
    memset(p, slot + 1, size);
  }
}
__attribute__((noinline)) void model_infer(int32_t *out) {
  int32_t sum = 0;
  for (int n = 0; n < 32; n++)
    for (uint32_t i = 0; i < sizes[n]; i += 64) sum = sum * 31 + blocks[n][i];
  *out = sum;
}
"""
PROGRAM_S = """\
    .section .rodata.program,"a",%progbits
    .global program
    .balign 4
program:
    .space 2400
"""

Step = tuple[int, int, int]
MALLOC, FREE, REALLOC, CALLOC, MEMALIGN = 1, 2, 3, 4, 5


class Bench(Workshop):
    """Builds sketches and measures them."""

    def spec(self, firmware: Firmware, functions: Functions, **more: object) -> SketchSpec:
        spec = SketchSpec(firmware.name, firmware.source, BOARD, Source(), functions=functions)
        return replace(spec, **more)  # type: ignore[arg-type]

    def profile(self, firmware: Firmware, functions: Functions, **more: object) -> Profile:
        return profile(firmware, self.spec(firmware, functions, **more), target())

    def open(self, firmware: Firmware, functions: Functions) -> EmulatorSession:
        return target().open(firmware, functions)

    def recorded(self, firmware: Firmware, functions: Functions) -> tuple[EmulatorSession, RunResult]:
        session = self.open(firmware, functions)
        return session, session.run(Probe(probe_image=True, record=True), 5e6)


def target() -> EmulatorTarget:
    return EmulatorTarget(board_for(BOARD))


PROGRAM_FUNCTIONS = Functions("model_init()", "model_infer", (OutputBuffer(0, 4),))


def random_steps(seed: int, length: int = 24) -> list[Step]:
    """A sequence of heap calls that needs at most some 12 KiB."""
    rng = random.Random(seed)
    live: dict[int, int] = {}
    steps: list[Step] = []
    for _ in range(length):
        room = 12_000 - sum(live.values())
        choice = rng.random()
        if live and (choice < 0.35 or room < 2500):
            slot = rng.choice(sorted(live))
            del live[slot]
            steps.append((FREE, slot, 0))
            continue
        size = rng.choice((rng.randrange(1, 64), rng.randrange(1, 600), rng.randrange(1, 2400)))
        if live and choice < 0.55:
            slot, operation = rng.choice(sorted(live)), REALLOC
        else:
            slot = next(n for n in range(32) if n not in live)
            operation = rng.choice((MALLOC, MALLOC, MALLOC, CALLOC, MEMALIGN))
        live[slot] = size
        steps.append((operation, slot, size))
    return steps

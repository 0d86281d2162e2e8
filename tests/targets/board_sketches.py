"""Sketches for simulated boards, and what came of measuring them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from virtual_boards import OWN_BOARD, VirtualBoard

from mlbench.core.execution import Functions, OutputBuffer, PredictedLimit
from mlbench.core.firmware import BoardBuild, Firmware
from mlbench.measure.profile import Profile
from mlbench.suite.suite_file import SketchSpec, Source

SMALL = {
    "small.ino": """\
#include <Arduino.h>
#include "model.h"
static signed char input[16], output[4];
void setup() { prepare(); }
void loop() { input[0]++; infer(input, output); Serial.println(output[0]); }
""",
    "model.h": "void prepare();\nint infer(const signed char *in, signed char *out);\n",
    # Without the buffer it does what sketches do: it waits for somebody to notice.
    "model.cpp": """\
#include <stdlib.h>
#include "model.h"
static int *weights;
void prepare() {
  weights = (int *)malloc(3000);
  if (!weights) for (;;) {}
  for (int i = 0; i < 750; i++) weights[i] = i * 7 % 13;
}
int infer(const signed char *in, signed char *out) {
  int sum = 0;
  for (int i = 0; i < 750; i++) sum += weights[i] * in[i % 16];
  out[0] = (signed char)sum;
  out[3] = 5;
  return sum;
}
""",
}
STATIC = {
    "static_model.ino": """\
#include <Arduino.h>
#include "model.h"
static signed char input[16], output[4];
void setup() {}
void loop() { input[0] += 3; infer(input, output); }
""",
    "model.h": "int infer(const signed char *in, signed char *out);\n",
    "model.cpp": """\
#include "model.h"
int infer(const signed char *in, signed char *out) {
  int sum = 0;
  for (int i = 0; i < 400; i++) sum = sum * 5 + in[i % 16] * i;
  out[1] = (signed char)sum;
  return sum;
}
""",
}
SPEC = SketchSpec(
    "small",
    Path("small"),
    OWN_BOARD,
    Source(),
    backend="board",
    functions=Functions("prepare()", "infer(signed char const*, signed char*)", (OutputBuffer(1, 4),)),
)


SPARE_SECONDS = 6.0
"""A board in this process answers within a tenth of a second; a hung one is to be found out soon."""


@dataclass(frozen=True)
class Sketch:
    """A sketch for the board: built, and what the emulator says of it."""

    firmware: Firmware
    spec: SketchSpec
    emulated: Profile
    rebuild: Callable[[BoardBuild, int | None], Firmware]

    @property
    def limit(self) -> int:
        return self.emulated.measures.unused_ram.bytes

    def predict_limit(self, _firmware: Firmware) -> PredictedLimit:
        return PredictedLimit(self.limit, (), True)


@dataclass
class Measured:
    """What a run on a simulated board gave, and what happened to the board."""

    profile: Profile
    board: VirtualBoard
    said: list[str]

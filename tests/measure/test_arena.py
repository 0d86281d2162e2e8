"""The least arena of an interpreter is found without a compile, and is the one that linking again finds."""

from __future__ import annotations

import pytest
from measure_bench import Bench

from mlbench.core.execution import Functions
from mlbench.results.values import ArenaUse, RamNeed

FUNCTIONS = Functions("model_init", "model_infer")
# As TensorFlow Lite Micro's: what is taken at initialization and what an inference takes lie in one buffer.
HEADER = """
#pragma once
#include <Arduino.h>
namespace tflite {
class Model; class MicroOpResolver; class ErrorReporter;
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
class MicroInterpreter {
 public:
  MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena, size_t size,
      ErrorReporter* = nullptr);
  TfLiteStatus AllocateTensors();
  int Invoke();
 private:
  uint8_t *arena_; size_t size_;
};
}
"""
LIBRARY = """
#include "interpreter.h"
namespace tflite {{
MicroInterpreter::MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena, size_t size,
    ErrorReporter*) : arena_(arena), size_(size) {{}}
TfLiteStatus MicroInterpreter::AllocateTensors() {{
  if (size_ < {planned}) return kTfLiteError;
  for (int n = 0; n < {planned}; n++) arena_[n] = n;
  return kTfLiteOk;
}}
int MicroInterpreter::Invoke() {{
  if (size_ < {used}) return -1;
  int sum = 0; for (int n = 0; n < {planned}; n++) sum += arena_[n]; return sum;
}}
}}
"""
SKETCH = """
#include <new>
#include "interpreter.h"
alignas(16) static uint8_t tensors[4096];
alignas(tflite::MicroInterpreter) static uint8_t place[sizeof(tflite::MicroInterpreter)];
static tflite::MicroInterpreter *interpreter;
__attribute__((noinline)) void model_init() {
  const tflite::MicroOpResolver *none = (const tflite::MicroOpResolver *)tensors;
  interpreter = new (place) tflite::MicroInterpreter(nullptr, *none, tensors, sizeof(tensors));
  if (interpreter->AllocateTensors() != tflite::kTfLiteOk) for (;;) Serial.println("failed");
}
__attribute__((noinline)) int model_infer() { return interpreter->Invoke(); }
void setup() { Serial.begin(115200); model_init(); Serial.println(model_infer()); }
void loop() {}
"""


@pytest.mark.parametrize(
    ("planned", "used", "needs"),
    [(3000, 1000, 3000), (3001, 0, 3008), (1000, 3016, 3016), (4096, 0, 4096)],
    ids=["when it is allocated", "by whole steps", "in an inference only", "all of it"],
)
def test_the_least_arena_is_told(bench: Bench, planned: int, used: int, needs: int) -> None:
    code = LIBRARY.format(planned=planned, used=used)
    firmware = bench.build("arena", {"arena.ino": SKETCH, "interpreter.h": HEADER, "interpreter.cpp": code})
    need = bench.profile(firmware, FUNCTIONS).measures.ram_need
    assert isinstance(need, RamNeed)
    assert need.arenas == (ArenaUse("tensors", 4096, needs),)


def test_no_interpreter_has_no_arena(bench: Bench) -> None:
    plain = "int value; void model_init() { value = 1; } int model_infer() { return value; }"
    plain += " void setup() { model_init(); Serial.println(model_infer()); } void loop() {}"
    plain = plain.replace("void model_init", "__attribute__((noinline)) void model_init")
    plain = plain.replace("int model_infer", "__attribute__((noinline)) int model_infer")
    firmware = bench.build("plain", {"plain.ino": plain})
    need = bench.profile(firmware, FUNCTIONS).measures.ram_need
    assert isinstance(need, RamNeed)
    assert need.arenas == ()

"""The least arena of an interpreter is found without a compile, and is the one that linking again finds."""

from __future__ import annotations

import pytest
from measure_bench import Bench

from mlbench.core.execution import Functions
from mlbench.results.values import ArenaUse, RamNeed, Time

FUNCTIONS = Functions("model_init", "model_infer")
# As TensorFlow Lite Micro's: what is taken at initialization and what an inference takes lie in one buffer.
SKETCH = """
#include <new>
namespace tflite {{
class Model; class MicroOpResolver; class ErrorReporter;
enum TfLiteStatus {{ kTfLiteOk = 0, kTfLiteError = 1 }};
class MicroInterpreter {{
 public:
  MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena, size_t size, ErrorReporter* = nullptr);
  TfLiteStatus AllocateTensors();
  int Invoke();
 private:
  uint8_t *arena_; size_t size_;
}};
__attribute__((noinline)) MicroInterpreter::MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena,
    size_t size, ErrorReporter*) : arena_(arena), size_(size) {{}}
__attribute__((noinline)) TfLiteStatus MicroInterpreter::AllocateTensors() {{
  if (size_ < {planned}) return kTfLiteError;
  for (int n = 0; n < {planned}; n++) arena_[n] = n;
  return kTfLiteOk;
}}
__attribute__((noinline)) int MicroInterpreter::Invoke() {{
  if (size_ < {used}) return -1;
  int sum = 0; for (int n = 0; n < {planned}; n++) sum += arena_[n]; return sum;
}}
}}
alignas(16) static uint8_t tensors[{arena}];
alignas(tflite::MicroInterpreter) static uint8_t place[sizeof(tflite::MicroInterpreter)];
static tflite::MicroInterpreter *interpreter;
__attribute__((noinline)) void model_init() {{
  const tflite::MicroOpResolver *none = (const tflite::MicroOpResolver *)tensors;
  interpreter = new (place) tflite::MicroInterpreter(nullptr, *none, tensors, sizeof(tensors));
  if (interpreter->AllocateTensors() != tflite::kTfLiteOk) for (;;) Serial.println("AllocateTensors() failed");
}}
__attribute__((noinline)) int model_infer() {{ return interpreter->Invoke(); }}
void setup() {{ Serial.begin(115200); model_init(); Serial.println(model_infer()); }}
void loop() {{ }}
"""


def _measured(bench: Bench, name: str, **sizes: int) -> RamNeed:
    firmware = bench.build(name, {f"{name}.ino": SKETCH.format(**sizes)})
    measures = bench.profile(firmware, FUNCTIONS).measures
    assert isinstance(measures.inference_time, Time)
    assert isinstance(measures.ram_need, RamNeed)
    return measures.ram_need


@pytest.mark.parametrize(
    ("planned", "used", "needs"),
    [(3000, 1000, 3000), (3001, 0, 3008), (1000, 3016, 3016), (4096, 0, 4096)],
    ids=["when it is allocated", "by whole steps", "in an inference only", "all of it"],
)
def test_the_least_arena_is_told(bench: Bench, planned: int, used: int, needs: int) -> None:
    need = _measured(bench, "arena", planned=planned, used=used, arena=4096)
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

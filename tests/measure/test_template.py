"""The `$alloc_size` template, held against sketches with the size compiled in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from measure_bench import Bench

from mlbench.core.execution import Functions, Outcome, Probe
from mlbench.results.values import Absent, UnusedRam

# The form that the template must have, around a model that allocates a little and uses its stack.
TEMPLATE = """\
#include "model.h"

static Model model;
static char* ptr;
void setup() {
  ptr = (char*) malloc($alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
  int8_t input_data[1920] = {0};
  int8_t output_data[4];
  model = Model();
  model.inference(input_data, output_data);
  free(ptr);
  Serial.begin(115200);
}

void loop() {
  Serial.println(1);
}
"""
PLAIN = """\
#include "model.h"

static Model model;
void setup() {
  int8_t input_data[1920] = {0};
  int8_t output_data[4];
  model = Model();
  model.inference(input_data, output_data);
  Serial.begin(115200);
}

void loop() {
  Serial.println(1);
}
"""
MODEL_H = """\
#pragma once
#include <Arduino.h>
#include <stdlib.h>
class Model {
 public:
  Model();
  void inference(const void *input, void *output);
 private:
  char *tensors_[3];
};
"""
MODEL_CPP = """\
#include "model.h"
static char *need(size_t size) {
  char *p = (char *)malloc(size);
  if (!p) for (;;) {}
  memset(p, 1, size);
  return p;
}
Model::Model() : tensors_{} {}
void Model::inference(const void *input, void *output) {
  for (int n = 0; n < 3; n++) tensors_[n] = need(1000 * (n + 1));
  int sum = 0;
  for (int n = 0; n < 1920; n++) sum += ((const int8_t *)input)[n] + tensors_[n % 3][n % 1000];
  memcpy(output, &sum, 4);
  for (char *p : tensors_) free(p);
}
"""
FUNCTIONS = Functions("Model::Model()", "Model::inference")


def files(name: str, sketch: str) -> dict[str, str]:
    return {f"{name}.ino": sketch, "model.h": MODEL_H, "model.cpp": MODEL_CPP}


def board(newlib: str) -> str:
    return "mlbench:nrf52840:nano33ble" + (":newlib=nano" if newlib == "nano" else "")


@pytest.fixture(scope="module")
def limit(bench: Bench, newlib: str) -> UnusedRam:
    name = f"template_{newlib}"
    firmware = bench.build(name, files(name, TEMPLATE), board=board(newlib))
    assert firmware.is_template
    found = bench.profile(firmware, Functions()).measures
    assert isinstance(found.unused_ram, UnusedRam), found.unused_ram
    assert isinstance(found.init_time, Absent)
    return found.unused_ram


def test_limit_equals_that_of_literals_to_the_byte(bench: Bench, newlib: str, limit: UnusedRam) -> None:
    assert limit.by == "template"
    assert limit.certified
    for size, passes in ((limit.bytes, True), (limit.bytes + 1, False)):
        name = f"literal_{newlib}_{passes}"
        sketch = TEMPLATE.replace("$alloc_size", str(size))
        firmware = bench.build(name, files(name, sketch), board=board(newlib))
        assert not firmware.is_template
        # The sketch says itself how it went: it prints, or spins before it can.
        session = bench.open(replace(firmware, is_template=False), Functions(None, "Model::inference"))
        result = session.run(Probe(), 2e6)
        assert (result.outcome is Outcome.PASSED) == passes, (size, result.reason)


def test_injected_probe_differs_only_by_the_templates_own_pointer(
    bench: Bench, newlib: str, limit: UnusedRam
) -> None:
    name = f"plain_{newlib}"
    firmware = bench.build(name, files(name, PLAIN), board=board(newlib))
    found = bench.profile(firmware, FUNCTIONS).measures.unused_ram
    assert isinstance(found, UnusedRam)
    assert found.by == "injected"
    # Four bytes of .bss move the heap; alignment makes that 0, 4 or 8 bytes of limit.
    assert found.bytes - limit.bytes in (0, 4, 8)


def test_template_with_functions_named_is_timed_as_well(bench: Bench) -> None:
    name = "template_full"
    firmware = bench.build(name, files(name, TEMPLATE), board=board("full"))
    found = bench.profile(firmware, FUNCTIONS).measures
    assert isinstance(found.unused_ram, UnusedRam)
    assert not isinstance(found.init_time, Absent)
    assert not isinstance(found.inference_time, Absent)
    assert found.inference_time.count == 1

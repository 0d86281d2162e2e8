"""The sample models: made by the script, and equal to the reference in both implementations."""

from __future__ import annotations

import random

import make_weights
import pytest
import quantize
import reference
from host_models import LIBRARIES, LIBRARY_OF, infer_on_host

INPUTS = {"keyword_spotting": 20, "person_detection": 3}


def some_inputs(network, count: int) -> list[list[int]]:
    source = random.Random(2021)
    size = network.input_shape.size
    drawn = [quantize.sample_input(network.input_shape, source) for _ in range(count)]
    return [*drawn, reference.pattern(size), [-128] * size, [127] * size]


@pytest.mark.parametrize("name", LIBRARY_OF)
def test_both_implementations_equal_the_reference(name, networks, host_compiler, host_library, tmp_path):
    network, operations = networks[name]
    inputs = some_inputs(network, INPUTS[name])
    expected = [reference.infer(operations, values) for values in inputs]
    for implementation in ("graph", "aot"):
        sketch = f"{name}_{implementation}"
        got = infer_on_host(host_compiler, host_library, tmp_path, sketch, inputs, len(expected[0]))
        assert got == expected, implementation
    assert len({tuple(output) for output in expected}) > 0.7 * len(expected)


def test_the_template_model_fills_the_49th_frame(networks, host_compiler, host_library, tmp_path):
    network, operations = networks["keyword_spotting"]
    inputs = [values[:1920] for values in some_inputs(network, 3)]
    expected = [reference.infer(operations, values + [network.input_zero] * 40) for values in inputs]
    sketch = "keyword_spotting_template"
    assert infer_on_host(host_compiler, host_library, tmp_path, sketch, inputs, 4) == expected


@pytest.mark.parametrize("name", LIBRARY_OF)
def test_hidden_layers_are_neither_constant_nor_saturated(name, networks):
    network, operations = networks[name]
    values = some_inputs(network, 1)[0]
    for operation in operations[:-1]:
        values = reference.apply(operation, values)
        if len(values) < 64:
            continue
        extremes = sum(value in (-128, 127) for value in values) / len(values)
        assert extremes < 0.8, operation.layer.name
        assert len(set(values)) > 20, operation.layer.name


@pytest.mark.parametrize("name", LIBRARY_OF)
def test_files_in_the_repository_are_what_the_script_makes(name, networks):
    made = make_weights.library(*networks[name])
    for path, text in made.items():
        assert (LIBRARIES / path).read_text(encoding="utf-8") == text, f"{path}: run make_weights.py"
    present = {path.relative_to(LIBRARIES).as_posix() for path in (LIBRARIES / LIBRARY_OF[name]).rglob("*.*")}
    assert present == set(made)


def test_sizes_are_those_of_real_models(networks):
    weights = {name: sum(len(op.weights) for op in ops) for name, (_, ops) in networks.items()}
    assert 17_000 <= weights["keyword_spotting"] <= 19_000
    assert 200_000 <= weights["person_detection"] <= 300_000
    assert networks["keyword_spotting"][0].input_shape.size == 1960
    assert networks["person_detection"][0].input_shape.size == 96 * 96
    for path in LIBRARIES.rglob("*.cpp"):
        assert path.stat().st_size < 2**20
        assert max(map(len, path.read_text().splitlines())) <= 120


@pytest.mark.parametrize(("ratio", "shift"), [((1, 4), 32), ((230, 1_000_000), 43)])
def test_fixed_point_is_the_nearest_below(ratio, shift):
    multiplier, chosen = quantize.fixed_point(*ratio)
    assert chosen == shift
    assert multiplier * ratio[1] <= ratio[0] * 2**shift < (multiplier + 1) * ratio[1]


def test_a_ratio_the_kernels_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="out of the kernels' reach"):
        quantize.fixed_point(1, 1)


TEMPLATE = """\
#include "src/model.h"

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


def test_the_template_is_the_published_one():
    sketch = LIBRARIES.parent / "keyword_spotting_template" / "keyword_spotting_template.ino"
    assert sketch.read_text() == TEMPLATE

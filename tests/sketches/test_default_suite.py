"""The suite in sketches/: complete, and its models compute on the board what the reference does."""

from __future__ import annotations

import pytest
import reference
from emulated import ROOT, Workshop, entries

from mlbench.core.execution import Outcome

SUITE = ROOT / "sketches" / "mlbench.yml"


def test_every_sketch_is_in_the_suite():
    folders = {path.parent.name for path in SUITE.parent.glob("*/*.ino")}
    assert {str(spec.sketch) for spec in entries(SUITE).values()} == folders
    assert folders >= {
        "empty", "keyword_spotting_template",
        *(f"{model}_{way}" for model in ("keyword_spotting", "person_detection") for way in ("graph", "aot")),
    }  # fmt: skip


def test_the_empty_sketch_is_empty():
    code = [line for line in (SUITE.parent / "empty/empty.ino").read_text().splitlines() if line[:2] != "//"]
    assert code == ["void setup() {}", "void loop() {}"]


@pytest.mark.parametrize("sketch", ["keyword_spotting_graph", "keyword_spotting_aot"])
def test_keyword_spotting_equals_the_reference_on_the_board(sketch, networks, workshop: Workshop):
    _equals_the_reference(sketch, networks, workshop)


@pytest.mark.slow
@pytest.mark.parametrize("sketch", ["person_detection_graph", "person_detection_aot"])
def test_person_detection_equals_the_reference_on_the_board(sketch, networks, workshop: Workshop):
    _equals_the_reference(sketch, networks, workshop)


def _equals_the_reference(sketch, networks, workshop):
    network, operations = networks[sketch.rpartition("_")[0]]
    expected = reference.infer(operations, reference.pattern(network.input_shape.size))
    result = workshop.run(entries(SUITE)[sketch])
    assert result.outcome is Outcome.PASSED, result.reason
    assert result.outputs[-1] == bytes(value % 256 for value in expected)


def test_sketches_print_what_the_model_gives(networks, workshop: Workshop):
    network, operations = networks["keyword_spotting"]
    expected = reference.infer(operations, reference.pattern(network.input_shape.size))
    result = workshop.run(entries(SUITE)["keyword_spotting_aot"], inferences=2)
    assert result.serial.decode().splitlines()[0] == f"output: {' '.join(map(str, expected))}"


def test_the_template_infers_on_zeros(networks, workshop: Workshop):
    network, operations = networks["keyword_spotting"]
    expected = reference.infer(operations, [0] * 1920 + [network.input_zero] * 40)
    result = workshop.run(entries(SUITE)["keyword_spotting_template"])
    assert result.outcome is Outcome.PASSED, result.reason
    assert result.outputs[-1] == bytes(value % 256 for value in expected)

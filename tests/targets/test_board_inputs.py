"""Inputs on a board: text is sent to the sketch, sensors cannot be fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from board_sketches import SPEC, STATIC, Measured, Sketch

from mlbench.core.inputs import TypedText
from mlbench.errors import UsageError
from mlbench.pipeline.firmware_dir import _inputs
from mlbench.suite.inputs import InputFiles

TYPED = {
    "typed_model.ino": """\
#include <Arduino.h>
#include "model.h"
static signed char input[16], output[4];
void setup() { Serial.begin(115200); Serial.println("Type a number"); }
void loop() {
  static int number;
  int byte = Serial.read();
  if (byte >= '0' && byte <= '9') number = 10 * number + byte - '0';
  if (byte != ';') return;
  input[0] = number; number = 0;
  infer(input, output);
}
""",
    "model.h": STATIC["model.h"],
    "model.cpp": STATIC["model.cpp"],
}
TEXT = (TypedText("12;"), TypedText("13;"), TypedText("14;"))


@pytest.fixture(scope="module")
def typed(sketch_of: Callable[..., Sketch]) -> Sketch:
    functions = replace(SPEC.functions, init=None)
    inputs = InputFiles(TEXT)
    spec = replace(SPEC, name="typed_model", sketch=Path("typed_model"), functions=functions, inputs=inputs)
    return sketch_of(TYPED, spec)


def test_a_sketch_that_waits_for_text_is_measured(typed: Sketch, on_board: Callable[..., Measured]) -> None:
    assert typed.emulated.failure is None
    assert typed.emulated.measures.inference_time.runs == 3
    measured = on_board(typed, ram_search="none")
    assert measured.profile.failure is None
    assert measured.profile.measures.inference_time.runs == 3


def test_sensors_are_refused(typed: Sketch, on_board: Callable[..., Measured], tmp_path: Path) -> None:
    (tmp_path / "ring.csv").write_text("t,ax,ay,az,gx,gy,gz\n0,0,0,1,0,0,0\n")
    inputs = InputFiles(imu="ring.csv")
    measured = on_board(typed, inputs=inputs, own_folder=tmp_path)
    assert measured.profile.failure is not None
    assert "a real board's sensors cannot be fed: inputs imu" in measured.profile.failure.message


def test_a_bundle_types_and_refuses() -> None:
    data = {"name": "kws", "inputs": {"serial": [["go", ""], ["7", "?"]], "sensors": []}}
    assert _inputs(data).serial == (TypedText("go"), TypedText("7", "?"))
    assert _inputs({"name": "kws"}) == InputFiles()
    data["inputs"] = {"serial": [], "sensors": ["microphone"]}
    with pytest.raises(UsageError, match=r"^kws: a real board's sensors cannot be fed: inputs microphone"):
        _inputs(data)

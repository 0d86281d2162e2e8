"""Boards that keep no records, and the faithful way: an upload a probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from board_sketches import SPEC, STATIC, Measured, Sketch
from virtual_boards import OWN_BOARD

from mlbench.boards import board_for
from mlbench.core.execution import Functions
from mlbench.core.firmware import BoardBuild, Harness
from mlbench.elf.image import Image
from mlbench.results.values import Absent, Time, UnusedRam
from mlbench.simulated.faults import Faults

TEMPLATE = {
    "template.ino": """\
#include <Arduino.h>
#include "model.h"
static char *ptr;
void setup() {
  ptr = (char *)malloc($alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
  signed char in[16] = {0}, out[4];
  infer(in, out);
  free(ptr);
  Serial.begin(115200);
}
void loop() { Serial.println(1); delay(20); }
""",
    "model.h": STATIC["model.h"],
    "model.cpp": STATIC["model.cpp"],
}
MARKED = {
    "marked.ino": """\
#include <MLBench.h>
#include "model.h"
static signed char input[16], output[4];
void setup() { MLBenchInit mark; delay(2); }
void loop() {
  MLBenchInference mark;
  input[0]++;
  infer(input, output);
}
""",
    "model.h": STATIC["model.h"],
    "model.cpp": STATIC["model.cpp"],
}


def live(sketch: Sketch) -> Sketch:
    """The sketch for a board that keeps no records."""
    functions = sketch.spec.functions
    outputs = tuple((output.arg, output.bytes) for output in functions.outputs)
    wanted = BoardBuild(Harness(functions.init, functions.inference, outputs))
    return replace(sketch, firmware=sketch.rebuild(wanted, None))


@pytest.fixture(scope="module")
def template(sketch_of: Callable[..., Sketch]) -> Sketch:
    functions = Functions(None, "infer(signed char const*, signed char*)")
    return sketch_of(TEMPLATE, replace(SPEC, name="template", sketch=Path("template"), functions=functions))


def heap_of(elf: Path) -> int:
    """Where the heap begins."""
    symbol = Image.load(elf).symbol("__HeapBase")
    assert symbol is not None
    return symbol.address


def test_the_limit_by_an_upload_a_probe(small: Sketch, on_board: Callable[..., Measured]) -> None:
    sketch = live(small)
    image = sketch.firmware.board
    assert image is not None
    found = on_board(sketch).profile
    ram = found.measures.unused_ram
    assert isinstance(ram, UnusedRam), (ram, found.notes)
    # What it is measured with lies below the heap, which begins at eights, as variables do.
    assert 0 < image.extra_ram <= 48
    moved = heap_of(image.elf) - heap_of(sketch.firmware.probe_elf)
    assert abs(moved - image.extra_ram) < 16
    assert sketch.limit - ram.bytes == moved
    assert not ram.certified
    for name in ("init_time", "inference_time"):
        mine, its = getattr(found.measures, name), getattr(sketch.emulated.measures, name)
        assert isinstance(mine, Time), name
        assert mine.median_us == pytest.approx(its.median_us, rel=0.02, abs=3), name
    uploads = int(found.notes[-1].split()[0])
    assert uploads <= 12
    assert found.notes[-1] == f"{uploads} uploads and {uploads} runs on the board"


def test_times_come_through_noise(small: Sketch, on_board: Callable[..., Measured]) -> None:
    noise = Faults(drop=0.003, double=0.003, garbage=0.003)
    found = on_board(live(small), noise, seed=12, ram_search="none")
    time = found.profile.measures.inference_time
    assert isinstance(time, Time)
    assert time.median_us == pytest.approx(small.emulated.measures.inference_time.median_us, rel=0.02, abs=3)
    assert found.board.simulated.counts["drop"] + found.board.simulated.counts["garbage"]


def test_without_a_compiler_there_is_no_limit_but_there_are_times(
    small: Sketch, on_board: Callable[..., Measured]
) -> None:
    found = on_board(replace(live(small), rebuild=None)).profile
    assert isinstance(found.measures.unused_ram, Absent)
    assert "no compiler is to be used" in found.measures.unused_ram.reason
    assert isinstance(found.measures.inference_time, Time)


def test_the_faithful_way(template: Sketch, on_board: Callable[..., Measured]) -> None:
    limit = template.limit
    found = on_board(live(template), ram_search="faithful", ram_min=limit - 3, ram_max=limit + 4)
    ram = found.profile.measures.unused_ram
    assert isinstance(ram, UnusedRam), ram
    # To the byte what the emulator found, which had N in a word of flash.
    assert ram.bytes == limit
    assert "nothing came within" in ram.first_failure


@pytest.mark.parametrize("records", [True, False], ids=["channel", "live"])
def test_the_librarys_marks(
    sketch_of: Callable[..., Sketch], on_board: Callable[..., Measured], records: bool
) -> None:
    sketch = sketch_of(MARKED, replace(SPEC, name="marked", sketch=Path("marked"), functions=Functions()))
    sketch = sketch if records else live(sketch)
    search = "replay" if records else "none"
    found = on_board(sketch, ram_search=search).profile
    for name in ("init_time", "inference_time"):
        mine, its = getattr(found.measures, name), getattr(sketch.emulated.measures, name)
        assert isinstance(mine, Time), (name, found)
        assert mine.median_us == pytest.approx(its.median_us, rel=0.02, abs=4), name
    if records:
        assert sketch.firmware.board is not None
        assert sketch.firmware.board.extra_ram == 0
        assert isinstance(found.measures.unused_ram, UnusedRam)
        assert found.measures.unused_ram.bytes == sketch.limit


def test_the_template_by_orders(template: Sketch, on_board: Callable[..., Measured]) -> None:
    found = on_board(template).profile
    assert isinstance(found.measures.unused_ram, UnusedRam)
    assert found.measures.unused_ram.bytes == template.limit
    assert found.measures.unused_ram.by == "template"


def test_a_wrong_guess_costs_runs_and_no_bytes(small: Sketch, on_board: Callable[..., Measured]) -> None:
    for wrong in (-40_000, 900):

        def predict_limit(_firmware: object, wrong: int = wrong) -> object:
            return replace(small.predict_limit(small.firmware), limit=small.limit + wrong)

        ram = on_board(_With(small, predict_limit)).profile.measures.unused_ram
        assert isinstance(ram, UnusedRam)
        assert ram.bytes == small.limit
        assert not ram.certified


class _With:
    """A sketch of which something else is predicted_limit."""

    def __init__(self, sketch: Sketch, predict_limit: Callable[..., object]) -> None:
        self._sketch, self.predict_limit = sketch, predict_limit

    def __getattr__(self, name: str) -> object:
        return getattr(self._sketch, name)


def test_the_board_is_the_one_that_is_simulated() -> None:
    board = board_for(OWN_BOARD)
    assert board.keeps.records is not None
    assert board.keeps.scratch is not None

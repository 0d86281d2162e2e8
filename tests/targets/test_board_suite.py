"""The sample suite on a simulated board, against the emulator: the same figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from board_sketches import Measured, Sketch

from mlbench.results.values import Time
from mlbench.suite.suite_file import load_suite

SKETCHES = Path(__file__).parents[2] / "sketches"
SPECS = {spec.name: spec for spec in load_suite(SKETCHES / "mlbench.yml").sketches if spec.name != "empty"}
STEP_US = 2.0
"""Both ends of a span are read from a clock of 1 us."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_the_sample_suite_on_a_board_equals_the_emulators(
    name: str, sketch_of: Callable[..., Sketch], on_board: Callable[..., Measured]
) -> None:
    # Two inferences of 1.8 s say what three do.
    spec = replace(SPECS[name], backend="board", inferences=2 if "person" in name else 3)
    folder = SKETCHES / spec.sketch
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    libraries = tuple(SKETCHES / library for library in spec.libraries)
    sketch = sketch_of(files, spec, libraries)
    found = on_board(sketch)
    mine, its = found.profile.measures, sketch.emulated.measures
    assert found.profile.failure is None
    assert mine.flash == its.flash
    assert mine.unused_ram.bytes == its.unused_ram.bytes
    assert mine.unused_ram.certified
    # What the sketch is linked with moves its constants, and with them a few reads of flash.
    for kind in ("init_time", "inference_time"):
        time, plain = getattr(mine, kind), getattr(its, kind)
        assert isinstance(time, Time)
        assert time.resolution_us == 1
        # Initialization runs once: what is in the cache before it is not what it is without channel.
        rel = 0.01 if kind == "inference_time" else 0.03
        assert time.median_us == pytest.approx(plain.median_us, rel=rel, abs=STEP_US), kind
    assert found.board.simulated.counts["uploaded"] == 1
    runs = found.profile.notes[-1]
    assert runs in {f"1 upload and {count} runs on the board" for count in (5, 6, 7)}

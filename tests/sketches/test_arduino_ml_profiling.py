"""The suite of a public repository of sketches: whole, and right where that repository can be had.

``MLBENCH_SEED_REPO`` names a local clone of it; without one nothing is fetched and nothing is built.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from emulated import ROOT, Workshop, entries

from mlbench.core.execution import Outcome
from mlbench.suite.suite_file import load_suite

SUITE = ROOT / "suites" / "arduino-ml-profiling.yml"
MBED_BOARD = "arduino:mbed_nano:nano33ble"
TVM = {
    f"{model}_{way}_executor" for model in ("micro_speech", "person_detection") for way in ("aot", "graph")
}


def test_all_sketches_are_there_on_their_boards():
    own, mbed = entries(SUITE), entries(SUITE, MBED_BOARD)
    assert {spec.sketch.name for spec in own.values()} == TVM
    assert {spec.sketch.name for spec in mbed.values()} == TVM | {
        "micro_speech_tlfm", "person_detection_tlfm",
    }  # fmt: skip
    for spec in load_suite(SUITE).sketches:
        assert spec.source.ref == "9232483f210d2c4110a5e5b1e7cbb6123d00cedc"
        assert spec.functions.init
        assert spec.functions.inference


def test_overlays_hold_the_mended_sketch_and_nothing_else():
    mended = [spec for spec in load_suite(SUITE).sketches if spec.overlay]
    assert {spec.name for spec in mended} == {f"{spec.sketch.name}_mended" for spec in mended}
    for spec in mended:
        (overlay,) = spec.overlay
        folder = SUITE.parent / overlay
        files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        assert files == [spec.sketch / f"{spec.sketch.name}.ino"]


@pytest.fixture
def published():
    """The suite's entries, from a local clone."""
    clone = os.environ.get("MLBENCH_SEED_REPO")
    if not clone:
        pytest.skip("MLBENCH_SEED_REPO names no local clone of the repository")
    return {
        name: replace(spec, source=replace(spec.source, url=clone)) for name, spec in entries(SUITE).items()
    }


@pytest.mark.slow
def test_an_aot_sketch_that_never_sets_up_its_workspace_hangs(published, workshop: Workshop):
    result = workshop.run(published["micro_speech_aot_executor"])
    assert result.outcome is Outcome.HUNG
    assert "TVMPlatformAbort" in [frame.function.partition("(")[0] for frame in result.chain]


@pytest.mark.slow
def test_a_graph_sketch_that_reads_past_ram_faults(published, workshop: Workshop):
    result = workshop.run(published["micro_speech_graph_executor"])
    assert result.outcome is Outcome.FAULT
    assert "0x20040000" in result.reason


@pytest.mark.slow
def test_mended_sketches_agree(published, workshop: Workshop):
    graph = workshop.run(published["micro_speech_graph_executor_mended"])
    aot = workshop.run(published["micro_speech_aot_executor_mended"])
    assert graph.outcome is aot.outcome is Outcome.PASSED, (graph.reason, aot.reason)
    assert graph.outputs[-1] == aot.outputs[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["person_detection_aot_executor", "person_detection_aot_executor_mended"])
def test_person_detection_by_aot_does_not_fit(published, workshop: Workshop, name):
    firmware = workshop.build(published[name])
    assert [overflow.region for overflow in firmware.overflows] == ["RAM"]

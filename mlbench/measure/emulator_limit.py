"""The limit of unused RAM that an emulator of the board finds, for a search on the board to begin at."""

from __future__ import annotations

from dataclasses import replace

from mlbench.core import backends
from mlbench.core.execution import PredictedLimit, Target
from mlbench.core.firmware import Firmware
from mlbench.errors import MLBenchError
from mlbench.measure.cache import Measure
from mlbench.results.values import UnusedRam
from mlbench.suite.suite_file import SketchSpec


def predict_limit(
    firmware: Firmware, spec: SketchSpec, emulator: Target, measure: Measure
) -> PredictedLimit | None:
    """What the emulator says of this firmware; None where it cannot run it."""
    emulated = replace(spec, backend=backends.default(), ram_search="replay", ram_min=0, ram_max=None)
    try:
        limit = measure(firmware, emulated, emulator, None).measures.unused_ram
    except MLBenchError:
        return None
    if not isinstance(limit, UnusedRam):
        return None
    return PredictedLimit(limit.bytes, limit.islands, limit.certified)

"""Measures without a shape of their own, taken from the run that gives the times.

A measure of this kind is a row of ``core.measures``, and an entry here under the row's key.
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.core.execution import RunResult
from mlbench.core.firmware import Firmware
from mlbench.results.values import Absent, Amount

Take = Callable[[Firmware, RunResult], Amount | Absent]
"""What a measure is, of firmware and a good run of it."""

TAKEN: dict[str, Take] = {}
"""By the measure's key."""


def take(firmware: Firmware, run: RunResult) -> tuple[tuple[str, Amount | Absent], ...]:
    """Every further measure of a run that passed."""
    return tuple((key, taken(firmware, run)) for key, taken in TAKEN.items())

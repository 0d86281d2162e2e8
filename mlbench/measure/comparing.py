"""Whether a probe's run did what the run without a probe did."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlbench.targets.protocol import RunResult

_NUMBER = re.compile(rb"\d+")
_SHOWN = 24


class Reference:
    """The run without a probe, and which numbers in its text depend on time.

    Args:
        result: the run.
        perturbed: gives a run in which time passes differently; called once, when first needed.
        compare_serial: whether serial text counts.
    """

    def __init__(
        self, result: RunResult, perturbed: Callable[[], RunResult], *, compare_serial: bool = True
    ) -> None:
        self.result = result
        self._perturbed = perturbed
        self._compare_serial = compare_serial
        self._masked: frozenset[int] | None = None

    def difference(self, other: RunResult) -> str:
        """How ``other`` differs from the reference, in one line; empty when it does not."""
        for index, (mine, its) in enumerate(zip(self.result.outputs, other.outputs, strict=False)):
            if mine != its:
                return f"output {index} is {_hex(its)}, without a probe it is {_hex(mine)}"
        if len(self.result.outputs) != len(other.outputs):
            return "an output is missing"
        if not self._compare_serial or self.result.serial == other.serial:
            return ""
        if self._same_but_for_time(other.serial):
            return ""
        return _serial_difference(self.result.serial, other.serial)

    def _same_but_for_time(self, text: bytes) -> bool:
        mine = self.result.serial
        if _NUMBER.split(mine) != _NUMBER.split(text):
            return False
        if self._masked is None:
            self._masked = self._time_dependent()
        pairs = zip(_NUMBER.findall(mine), _NUMBER.findall(text), strict=True)
        return all(index in self._masked or a == b for index, (a, b) in enumerate(pairs))

    def _time_dependent(self) -> frozenset[int]:
        """Which of the numbers printed change when nothing but time does."""
        text = self._perturbed().serial
        mine = self.result.serial
        if _NUMBER.split(mine) != _NUMBER.split(text):
            return frozenset()
        pairs = zip(_NUMBER.findall(mine), _NUMBER.findall(text), strict=True)
        return frozenset(index for index, (a, b) in enumerate(pairs) if a != b)


def _hex(data: bytes) -> str:
    return data[:_SHOWN].hex(" ") + (" ..." if len(data) > _SHOWN else "")


def _serial_difference(mine: bytes, its: bytes) -> str:
    at = next(
        (n for n, (a, b) in enumerate(zip(mine, its, strict=False)) if a != b), min(len(mine), len(its))
    )
    start = max(0, at - 8)
    return (
        f"serial text differs from byte {at}: {its[start : at + _SHOWN]!r}, "
        f"without a probe {mine[start : at + _SHOWN]!r}"
    )

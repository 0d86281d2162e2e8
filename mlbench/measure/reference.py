"""Whether a probe's run did what the run without a probe did."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlbench.core.execution import RunResult

_NUMBER = re.compile(rb"(?<= \*)[0-9a-f]{8}(?![0-9A-Za-z])|\d+")
"""Decimal, or a checksum as the MLBench library prints it: that is one number, whatever its digits are."""
_MARK_LINE = re.compile(rb"mlbench (?:init|inference)_time (\d+) us #\d+ \*([0-9a-f]{8})(?![0-9A-Za-z])")
"""What the MLBench library prints for each measure: its time and its checksum depend on time."""
_SHOWN = 24


class Reference:
    """The run without a probe, and which numbers in its text depend on time.

    Args:
        result: the run.
        shifted: gives a run in which time passes differently, by number; called when first needed.
        compare_serial: whether serial text counts.
        inferences: how many inferences it made; a probe makes as many.
    """

    def __init__(
        self,
        result: RunResult,
        shifted: Callable[[int], RunResult],
        *,
        compare_serial: bool = True,
        inferences: int = 1,
    ) -> None:
        self.result = result
        self.inferences = inferences
        self._shifted = shifted
        self._compare_serial = compare_serial
        self._masked: frozenset[int] | None = None

    def difference(self, other: RunResult) -> str:
        """How ``other`` differs from the reference, in one line; empty when it does not."""
        for index, (mine, its) in enumerate(zip(self.result.outputs, other.outputs, strict=False)):
            if mine != its:
                at = _first_difference(mine, its)
                instead = f"{_hex(its[at:])}, without a probe {_hex(mine[at:])}"
                return f"output {index} differs from byte {at}: {instead}"
        if len(self.result.outputs) != len(other.outputs):
            return "an output is missing"
        mine, text = _texts(self.result, other)
        if not self._compare_serial or mine == text:
            return ""
        if self._same_but_for_time(mine, text):
            return ""
        return _serial_difference(mine, text)

    def _same_but_for_time(self, mine: bytes, text: bytes) -> bool:
        if _NUMBER.split(mine) != _NUMBER.split(text):
            return False
        if self._masked is None:
            self._masked = self._time_dependent()
        pairs = zip(_NUMBER.findall(mine), _NUMBER.findall(text), strict=True)
        return all(index in self._masked or a == b for index, (a, b) in enumerate(pairs))

    def _time_dependent(self) -> frozenset[int]:
        """Which of the numbers printed change when nothing but time does, or are times by their line."""
        mine = b"".join(self.result.steady)
        numbers = list(_NUMBER.finditer(mine))
        lines = {match.span(group) for match in _MARK_LINE.finditer(mine) for group in (1, 2)}
        changing = {index for index, number in enumerate(numbers) if number.span() in lines}
        # More than one, as a rounded duration may happen to come out the same.
        for variant in (1, 2, 3):
            mine, text = _texts(self.result, self._shifted(variant))
            if _NUMBER.split(mine) == _NUMBER.split(text):
                pairs = zip(_NUMBER.findall(mine), _NUMBER.findall(text), strict=True)
                changing |= {index for index, (a, b) in enumerate(pairs) if a != b}
        return frozenset(changing)


def _texts(mine: RunResult, its: RunResult) -> tuple[bytes, bytes]:
    """The texts of two runs that must be the same."""
    if mine.lines is None and its.lines is None:
        return mine.serial, its.serial
    both = min(len(mine.steady), len(its.steady))
    return b"".join(mine.steady[:both]), b"".join(its.steady[:both])


def _hex(data: bytes) -> str:
    return data[:_SHOWN].hex(" ") + (" ..." if len(data) > _SHOWN else "")


def _first_difference(mine: bytes, its: bytes) -> int:
    pairs = enumerate(zip(mine, its, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(mine), len(its)))


def _serial_difference(mine: bytes, its: bytes) -> str:
    at = next(
        (n for n, (a, b) in enumerate(zip(mine, its, strict=False)) if a != b), min(len(mine), len(its))
    )
    start = max(0, at - 8)
    return (
        f"serial text differs from byte {at}: {its[start : at + _SHOWN]!r}, "
        f"without a probe {mine[start : at + _SHOWN]!r}"
    )

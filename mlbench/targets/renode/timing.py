"""Times of spans under Renode: by its trace and the emulator's cost table, or roughly by counting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mlbench.boards import Board
from mlbench.boards.board import RenodeData
from mlbench.core.execution import SpanKind, TimedSpan
from mlbench.cycles.model import CostModel
from mlbench.elf.image import Image
from mlbench.errors import SketchError
from mlbench.renode.pricing import TracePricer
from mlbench.renode.trace import Trace, TraceSpan

_MOST_TRACED, _MOST_TRACED_SLOWLY = 150_000_000, 4_000_000
"""Instructions that are traced and priced at most: in C, and without a compiler."""


class TracedTimes:
    """Follows the trace of one run, from reset to the end of its first inference.

    Args:
        model: what instructions cost.
        image: the firmware.
        flash: addresses of flash.
        handlers: where exceptions lead.
    """

    def __init__(self, model: CostModel, image: Image, flash: range, handlers: frozenset[int]) -> None:
        self._table = f"trace, cost table {model.version}"
        self._pricer = TracePricer(model, _reader(image), flash, handlers)
        self._cycles: dict[int, int] = {}

    @property
    def instructions(self) -> int:
        """How many have been traced."""
        return self._pricer.instructions

    @property
    def usual_limit(self) -> int:
        """How many are traced at most where nobody says: fewer where pricing takes its time."""
        return _MOST_TRACED if self._pricer.native else _MOST_TRACED_SLOWLY

    def follow(self, path: Path, trace: Trace) -> None:
        """Go on with a file of the trace, which is deleted. Raises EnvironmentFault where it is damaged."""
        counts = {count for span in trace.spans() for count in (span.end - span.instructions, span.end)}
        # A span that is still open begins at a count that only its end will tell: all entries are kept.
        counts |= set(trace.entries)
        try:
            self._cycles.update(self._pricer.follow(path, sorted(counts)))
        finally:
            path.unlink(missing_ok=True)

    def timed(self, spans: list[TraceSpan], clock_hz: int) -> tuple[TimedSpan, ...] | None:
        """The spans with their times; None where one has none.

        One that was not traced takes as long as a traced one of its kind that has as many instructions.
        """
        known: dict[tuple[SpanKind, int], int] = {}
        timed: list[TimedSpan] = []
        for span in spans:
            begin, end = self._cycles.get(span.end - span.instructions), self._cycles.get(span.end)
            key = span.kind, span.instructions
            if begin is not None and end is not None:
                known[key] = end - begin
            if key not in known:
                return None
            cycles = known[key]
            us = cycles * 1e6 / clock_hz
            timed.append(TimedSpan(span.kind, us, cycles, span.instructions, cost_table=self._table))
        return tuple(timed)


def rough_times(spans: list[TraceSpan], data: RenodeData, board: Board) -> tuple[TimedSpan, ...]:
    """The spans with times by their instructions alone."""
    factor = data.cycles_per_instruction
    per_us = board.clock_hz / 1e6
    return tuple(
        TimedSpan(
            span.kind,
            span.instructions * factor / per_us,
            instructions=span.instructions,
            method=f"instructions x {factor} cycles",
            cost_table=rough_table(data),
        )
        for span in spans
    )


def rough_table(data: RenodeData) -> str:
    """What stands in for a cost table where instructions are only counted."""
    return f"rough {data.cycles_per_instruction}"


def _reader(image: Image) -> Callable[[int, int], bytes]:
    def read(address: int, size: int) -> bytes:
        try:
            return image.read(address, size)
        except SketchError:
            # The last instruction of a section is read with what would follow it.
            half = b""
            if size > 2:
                try:
                    half = image.read(address, 2)
                except SketchError:
                    half = b""
            return half.ljust(size, b"\0")

    return read

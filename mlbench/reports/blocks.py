"""Markdown that fits: parts of a report that give way, row by row, where there is too much of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ReportBlock:
    """One part of a report: rows between what opens and what closes them.

    What is left out is always said: ``stub`` is the whole block in one line, ``cut`` says how many rows
    are missing. A block without rows is its stub, and always stands.
    """

    stub: str
    open: str = ""
    rows: tuple[str, ...] = ()
    close: str = ""
    cut: Callable[[int], str] = lambda missing: f"{missing:,} more are left out here."

    def first(self, number: int) -> str:
        """The block with so many of its rows."""
        if number == 0:
            return self.stub
        if number == len(self.rows):
            return "\n".join(filter(None, (self.open, *self.rows, self.close)))
        cut_line = f"\n{self.cut(len(self.rows) - number)}"
        return "\n".join(filter(None, (self.open, *self.rows[:number], cut_line, self.close)))


def size(text: str) -> int:
    """Bytes of UTF-8: at least as many as characters, however those are counted."""
    return len(text.encode("utf-8"))


def fit(blocks: Sequence[ReportBlock], limit: int) -> tuple[str, bool]:
    """All blocks in at most ``limit`` bytes, and whether anything was left out.

    The first ones are given room first; of each at least its stub stands, so that nothing is hidden.
    """
    gap = 2
    left = limit - sum(size(block.stub) + gap for block in blocks)
    parts = []
    whole = True
    for block in blocks:
        spare = left + size(block.stub)
        number = _most(block, spare)
        text = block.first(number)
        whole &= number == len(block.rows)
        left = spare - size(text)
        parts.append(text)
    return "\n\n".join(filter(None, parts)), not whole


def _most(block: ReportBlock, space: int) -> int:
    """How many rows of the block fit."""
    everything = len(block.rows)
    if size(block.first(everything)) <= space:
        return everything
    low, high = 0, max(0, everything - 1)  # `low` rows always fit: none is the stub
    while low < high:
        middle = (low + high + 1) // 2
        if size(block.first(middle)) <= space:
            low = middle
        else:
            high = middle - 1
    return low

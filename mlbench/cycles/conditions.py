"""On which condition each instruction of a block is executed (ARMv7-M ARM, DDI 0403E, A7.3)."""

from __future__ import annotations

from collections.abc import Iterator

from mlbench.cycles.insn import Decoded

ALWAYS = 14
"""The condition of an instruction outside of an IT block."""


def conditions(block: list[Decoded], state: int = 0) -> Iterator[tuple[int, int]]:
    """The condition of each instruction of a block (ITAdvance, A7.3.2), and where its IT instruction is.

    ``state`` is ITSTATE where the block begins; its IT instruction is told as the block's start.
    """
    at = block[0][0]
    for pc, first, _, _ in block:
        yield (state >> 4, at) if state & 15 else (ALWAYS, pc)
        if first & 0xFF00 == 0xBF00 and first & 15:
            state, at = first & 0xFF, pc
        elif state:
            state = state & 0xE0 | state << 1 & 0x1F if state & 7 else 0

"""What the instructions of a block cost in the Cortex-M4's pipeline, one by one, with zero wait states.

Sources are named with the costs in the table. Rules, all of the Cortex-M4 and Cortex-M3 manuals' section on
load and store timings: a load right after a load overlaps it, and so does a store to a register offset;
nothing overlaps a store, a load or store of several words, or one that writes its base back; an address
that the data processing instruction before has just computed is a cycle late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mlbench.cycles.insn import Insn


class Cost(NamedTuple):
    """Cycles of an instruction, and of each register that it moves."""

    cycles: int
    each: int


MEMORY = ("load", "store", "float_load", "float_store", "pop_pc", "table_branch")
"""How the kinds of instructions begin that access memory."""
_OVERLAPPED = {"load": "load_pipelined", "store_reg": "store_reg_pipelined"}
_FLOAT_DIVIDES = ("float_div", "float_sqrt")


class Pipeline:
    """Prices instructions in the order in which they run."""

    def __init__(self, costs: Mapping[str, Cost], *, address_stall: int, float_stall: int) -> None:
        self._costs = costs
        self._address_stall = address_stall
        self._float_stall = float_stall
        self._before: Insn | None = None
        self._divide_left = 0

    def cost(self, insn: Insn) -> int:
        """Cycles that ``insn`` adds to those before it."""
        before, self._before = self._before, insn
        cycles = self._alone(insn, before)
        waits = 0
        if insn.kind.startswith("float"):
            # The FPU is busy dividing; other instructions go on meanwhile.
            waits, self._divide_left = self._divide_left, 0
            if before is not None and before.floats & insn.float_reads and not waits:
                waits = self._float_stall
        else:
            self._divide_left = max(0, self._divide_left - cycles)
        if insn.kind in _FLOAT_DIVIDES:
            self._divide_left = cycles - 1
            cycles = 1
        return cycles + waits

    def rest(self) -> int:
        """Cycles until everything has come to its end."""
        left, self._divide_left = self._divide_left, 0
        return left

    def _alone(self, insn: Insn, before: Insn | None) -> int:
        kind = insn.kind
        stall = 0
        if before is not None:
            depends = bool(before.writes & insn.address)
            if depends and kind.startswith(MEMORY) and not before.kind.startswith(MEMORY):
                stall = self._address_stall
            overlaps = before.kind == "load" and not before.writeback and not depends and not insn.writeback
            if overlaps:
                kind = _OVERLAPPED.get(kind, kind)
            if kind == "it" and before.size == 2:
                kind = "it_folded"
        base, each = self._costs[kind]
        return base + each * insn.transfers + stall

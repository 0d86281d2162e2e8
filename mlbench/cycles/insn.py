"""One instruction as the cost model sees it."""

from __future__ import annotations

from typing import NamedTuple

SP, LR, PC = 13, 14, 15


class Insn(NamedTuple):
    """One instruction as the cost model sees it.

    ``writes`` and ``address`` are bit masks of core registers: those written, and those that form
    the address of a load or store. ``transfers`` is the number of registers moved, ``width`` the bytes
    of one of them in memory. ``sp`` is the change of SP in bytes; ``sp_dynamic`` means that it depends
    on a register. ``literal`` is the address of a load relative to PC, else None. ``floats`` and
    ``float_reads`` are bit masks of the registers S0 to S31 that an instruction of the FPU's arithmetic
    writes, and that an instruction needs at once.
    """

    size: int
    kind: str
    writes: int = 0
    address: int = 0
    transfers: int = 1
    sp: int = 0
    sp_dynamic: bool = False
    literal: int | None = None
    writeback: bool = False
    width: int = 4
    signed: bool = False
    floats: int = 0
    float_reads: int = 0


Decoded = tuple[int, int, int, Insn]
"""Address, first and second halfword, and what they decode to."""

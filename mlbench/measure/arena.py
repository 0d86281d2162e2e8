"""The least arena that gives the same output, found without a compile.

A smaller arena is one number at the interpreter's construction. What each size does is asked of the firmware
itself, from setup() on: whether its tensors could be taken from it, and, of the least one, whether inference
then gives what it gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlbench.core.execution import Outcome, Probe, RunResult, Session
from mlbench.elf.image import Image
from mlbench.measure.reference import Reference
from mlbench.results.values import ArenaUse

_STEP = 8
"""Bytes: what is taken from an arena are multiples of it, nearly always of 16."""
_LONGER, _LEAST_US = 4, 1e5
"""A trial may take so many times what the run with the whole arena did, and so much."""


@dataclass(frozen=True)
class ArenaSearch:
    """Tries sizes of the arena of the first interpreter.

    Args:
        session: the firmware.
        reference: a run with the whole arena, which one with less must equal.
        most_us: virtual time for each run.
    """

    session: Session
    reference: Reference
    most_us: float

    def uses(self, image: Image) -> tuple[ArenaUse, ...]:
        """What is needed of the arena; nothing where there is none, or where less of it cannot be tried."""
        arenas = self.reference.result.arenas
        if len(arenas) != 1 or not 0 < arenas[0].bytes <= _most(image):
            return ()
        arena = arenas[0]
        least = _smallest(0, arena.bytes, self._is_allocated) if arena.allocated else 0
        if least < arena.bytes and not (least and self._is_same(least)):
            # Memory that only an inference takes.
            least = _smallest(least, arena.bytes, self._is_same)
        return (ArenaUse(_name(image, arena.address), arena.bytes, least),)

    def _is_allocated(self, size: int) -> bool:
        arenas = self._run(size, until_allocated=True).arenas
        return bool(arenas and arenas[0].allocated)

    def _is_same(self, size: int) -> bool:
        run = self._run(size, until_allocated=False)
        return run.outcome is Outcome.PASSED and self.reference.difference(run) is None

    def _run(self, size: int, *, until_allocated: bool) -> RunResult:
        probe = Probe(inferences=self.reference.inferences, arena=size, until_allocated=until_allocated)
        full_us = self.reference.result.virtual_us
        return self.session.run(probe, min(self.most_us, max(_LONGER * full_us, _LEAST_US)))


def arena_notes(uses: tuple[ArenaUse, ...]) -> tuple[str, ...]:
    """What to tell the user of arenas."""
    return tuple(
        f"arena {use.name}: {use.bytes:,} bytes, needs {use.needs:,}: "
        f"{use.bytes - use.needs:,} bytes more unused RAM"
        for use in uses
        if use.needs < use.bytes
    )


def _smallest(least: int, most: int, works: Callable[[int], bool]) -> int:
    """The least multiple of a step above ``least``, which does not work, that does; ``most`` does."""
    low, high = least // _STEP, -(-most // _STEP)
    while high - low > 1:
        middle = (low + high) // 2
        if works(_STEP * middle):
            high = middle
        else:
            low = middle
    return min(most, _STEP * high)


def _most(image: Image) -> int:
    return sum(size for _, size in image.static_ram()) + (1 << 20)


def _name(image: Image, address: int) -> str:
    """The variable that an arena lies in, without what it is local to; empty where it is none."""
    for symbol in image.symbols:
        if symbol.kind == "object" and symbol.address <= address < symbol.address + symbol.size:
            return symbol.demangled
    return "on the heap"

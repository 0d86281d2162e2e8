"""Result values: what one job (sketch x board x backend) gave. Written as JSON by ``document.py``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from mlbench.core import measures
from mlbench.core.call_tree import CallTree
from mlbench.core.execution import CycleBasis, Frame, Instrument, StackUse
from mlbench.core.firmware import BuildKeys, Diagnostic, MemoryLimit, MemoryLimits, Overflow

AS_OBJECT = {"json": "object"}
"""Metadata of a field with many names and bytes: an object in JSON, which is short and quick to check."""
INLINE = {"json": "inline"}
"""Metadata of a field of pairs: in JSON they stand among the keys of the object that it is a field of."""


class Status(Enum):
    """How a job ended as a whole."""

    OK = "ok"
    DOES_NOT_FIT = "does not fit"
    """Flash is measured and starred, the rest is absent."""
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Absent:
    """A measure that is not there, and why, in one line."""

    reason: str


@dataclass(frozen=True)
class Amount:
    """A figure with nothing to say beside it, in the unit of its measure's kind."""

    amount: float


@dataclass(frozen=True)
class Flash:
    """Flash the image occupies. ``overhead`` is the empty sketch's, same board and toolchain.

    ``bytes`` is by the image's sections.
    """

    bytes: int
    sections: tuple[tuple[str, int], ...]
    starred: bool = False
    overhead: int | None = None
    symbols: tuple[tuple[str, int], ...] = field(default=(), metadata=AS_OBJECT)
    """Bytes of each function and object, largest first; a name stands for all that have it."""
    unlisted: int = 0
    """Bytes of the symbols that are too many to list."""
    platform_bytes: int | None = None
    """As the platform's own size recipe counts it; None where that is not known."""

    @property
    def counted(self) -> int:
        """The figure that is shown: the platform's own count, where it is known."""
        return self.bytes if self.platform_bytes is None else self.platform_bytes

    @property
    def amount(self) -> float:
        """The figure that is compared."""
        return float(self.counted)

    @property
    def unnamed(self) -> int:
        """Bytes that no symbol has: padding, merged strings, code without symbols."""
        return self.bytes - self.unlisted - sum(size for _, size in self.symbols)


@dataclass(frozen=True)
class UnusedRam:
    """The first limit of N (see the design's table of measures), in bytes."""

    bytes: int
    method: str
    """``replay`` or ``bisect``; ``board`` where runs on a board found it, from a guess."""
    certified: bool
    """Every M up to the limit passes by replay, N and N+1 by full runs."""
    full_runs: int
    replays: int
    islands: tuple[tuple[int, int], ...] = ()
    """Later passing ranges of N, both ends included."""
    uncertified_islands: int = 0
    """How many of the later passing ranges are only predicted by the replay."""
    first_failure: str = ""
    """How N+1 fails, in one line."""
    overlap: int = 0
    """Bytes by which stack and heap silently overlap at the limit; 0: they do not."""
    by: str = ""
    """``template``, ``injected`` or ``library``: how N reached the firmware."""
    observed: str = ""
    """What the firmware's text or outputs say at N + 1, where that sets the limit and not the memory."""
    fallback: str = ""
    """Why plain bisection was used though a replay was asked for."""
    proposed: str = ""
    """The inference that must go on working, where mlbench proposed it and nobody named it."""
    refused_from: int | None = None
    """The first N for which the firmware gets less memory than it asks for, though it goes on working."""

    @property
    def amount(self) -> float:
        """The figure that is compared."""
        return float(self.bytes)


@dataclass(frozen=True)
class ArenaUse:
    """An interpreter's arena: its bytes, and the least with which the output is the same."""

    name: str
    bytes: int
    needs: int


@dataclass(frozen=True)
class RamNeed:
    """Static - reserved stack + peak heap requested + peak stack, in bytes."""

    bytes: int
    static: int
    peak_heap: int
    peak_stack: int
    """Of all stacks that are not on the heap together."""
    sections: tuple[tuple[str, int], ...] = ()
    symbols: tuple[tuple[str, int], ...] = field(default=(), metadata=AS_OBJECT)
    """Bytes of ``static`` of each object, largest first."""
    unlisted: int = 0
    """Bytes of the symbols that are too many to list."""
    reserved_stack: int = 0
    """Bytes of ``static`` that are stacks of threads: what they used is in ``peak_stack`` instead."""
    stacks: tuple[StackUse, ...] = ()
    """The deepest use of each stack."""
    heap_break: int = 0
    """Bytes by which the heap grew."""
    sbrk_steps: int = 0
    """In so many steps."""
    arenas: tuple[ArenaUse, ...] = ()
    """Those of interpreters whose constructor was found."""

    @property
    def amount(self) -> float:
        """The figure that is compared."""
        return float(self.bytes)


@dataclass(frozen=True)
class CanonicalTime:
    """The median span of an image in the canonical layout, in cycles; changes are judged on it."""

    cycles: int
    placement: int
    """Of ``cycles``, all that the layout costs; less than 0 where it saves some."""
    functions: tuple[tuple[str, int], ...] = field(default=(), metadata=AS_OBJECT)
    """The rest of ``cycles`` by function, with all that each calls: those that take most of it."""


@dataclass(frozen=True)
class Time:
    """A time in microseconds over ``count`` spans; cycles and instructions of the median span.

    Of an even count they are the means of the middle two.

    What only a board's clock has is None on emulators, whose times are exact.
    """

    median_us: float
    minimum_us: float
    maximum_us: float
    count: int
    cycles: int | None = None
    instructions: int | None = None
    placement: int | None = None
    """Of ``cycles``, those of straddled branch targets and of conflict misses of the instruction cache."""
    method: str = ""
    """How the times came about where it is neither a board's clock nor the cycle model: they are rough."""
    first_us: float | None = None
    """The first run, which caches and start-up work make another than the rest: it is none of ``count``."""
    mad_us: float | None = None
    """Median of the spans' distances from ``median_us``; None also where one span has no distance."""
    resolution_us: float | None = None
    """Step of the clock that took the times."""
    calls: CallTree | None = None
    """Where the cycles of the median span went; None where that is not known."""
    basis: CycleBasis | None = None
    """What the cycles of the median span rest on; None where they are not modelled."""
    proposed: str = ""
    """The function that was timed, where mlbench proposed it and nobody named it."""
    data_placement: int | None = None
    """Of ``cycles``, those of reads of flash beyond the 8 bytes read last, and of unaligned operands."""
    canonical: CanonicalTime | None = None
    """The same in the canonical layout; None where that was not asked for, or there is none."""

    @property
    def amount(self) -> float:
        """The figure that is compared."""
        return self.median_us

    @property
    def runs(self) -> int:
        """How many spans there were: ``count``, and the first where it is told apart."""
        return self.count + (self.first_us is not None)


@dataclass(frozen=True)
class Failure:
    """Why a sketch failed, with the call chain where firmware ran."""

    message: str
    chain: tuple[Frame, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    exit_status: int = 3
    outcome: str = ""
    """``not started`` where a loader did not start the sketch; empty for any other failure."""

    @property
    def word(self) -> str:
        """What became of the sketch, for people."""
        return self.outcome or "failed"


Value = Flash | UnusedRam | RamNeed | Time | Amount | Absent
"""What one measure gave."""


@dataclass(frozen=True)
class Measures:
    """The measures of one sketch: those with a shape of their own, and all further ones by key."""

    flash: Flash | Absent
    unused_ram: UnusedRam | Absent
    ram_need: RamNeed | Absent
    init_time: Time | Absent
    inference_time: Time | Absent
    further: tuple[tuple[str, Amount | Absent], ...] = field(default=(), metadata=INLINE)

    @classmethod
    def none(
        cls,
        why: Absent,
        flash: Flash | Absent | None = None,
        known: tuple[tuple[str, Amount | Absent], ...] = (),
    ) -> Measures:
        """Every measure absent for one reason, but for flash and further ones where they are known."""
        core_measures = cls(flash or why, why, why, why, why)
        further = (row.key for row in measures.rows() if row.key not in core_measures._own())
        values: dict[str, Amount | Absent] = dict(known)
        return replace(core_measures, further=tuple((key, values.get(key, why)) for key in further))

    def _own(self) -> dict[str, Value]:
        return {
            measures.FLASH: self.flash,
            measures.UNUSED_RAM: self.unused_ram,
            measures.RAM_NEED: self.ram_need,
            measures.INIT_TIME: self.init_time,
            measures.INFERENCE_TIME: self.inference_time,
        }

    def of(self, key: str) -> Value:
        """The value of the measure with this key; absent where whoever measured did not know it."""
        return {**self._own(), **dict(self.further)}.get(
            key, Absent("not known to the version that measured")
        )

    def items(self) -> Iterator[tuple[measures.Measure, Value]]:
        """Each measure with its value, in the order that reports show them."""
        return ((measure, self.of(measure.key)) for measure in measures.rows())

    def times(self) -> tuple[Time, ...]:
        """The times that are there."""
        return tuple(value for _, value in self.items() if isinstance(value, Time))


@dataclass(frozen=True)
class Result:
    """One job's result."""

    sketch: str
    board: str
    backend: str
    status: Status
    measures: Measures
    instrument: Instrument | None = None
    build: BuildKeys | None = None
    overflows: tuple[Overflow, ...] = ()
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    serial: str = ""
    """What the sketch printed, bounded: beginning and end."""
    seconds: tuple[tuple[str, float], ...] = ()
    """Host seconds by step (build, measure); never part of what is compared."""
    cached: bool = field(default=False, compare=False)
    """Whether the figures were measured by an earlier run, of the very same image."""
    limits: MemoryLimits = MemoryLimits()
    """What the platform allows."""
    memories: tuple[MemoryLimit, ...] = ()
    """What a loader leaves to the sketch, and what the sketch takes of it; empty where there is no loader."""

"""The protocol between the measures and the places where firmware runs.

A target runs one firmware with one probe and returns one outcome. A deadline is part of every
call: in virtual time on an emulator, in wall time on a board. No firmware can make a run hang.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from mlbench.core.call_tree import CallTree
from mlbench.core.firmware import Firmware
from mlbench.core.inputs import NO_INPUTS, Inputs


class Outcome(Enum):
    """How a run ended."""

    PASSED = "passed"
    NO_MEMORY = "no memory"
    FAULT = "fault"
    HUNG = "hung"
    CORRUPTED = "corrupted"
    NOT_STARTED = "not started"
    """A loader did not start the sketch."""


@dataclass(frozen=True)
class Frame:
    """One level of a call chain, innermost first. ``line`` is 0 where unknown."""

    pc: int
    function: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f" ({self.file}:{self.line})" if self.file else ""
        return f"{self.function or hex(self.pc)}{place}"


@dataclass(frozen=True)
class OutputBuffer:
    """A buffer to compare after inference: argument ``arg`` (0 first) points to ``bytes`` bytes.

    For a method, argument 0 is ``this``. Where ``arg`` is None, ``symbol`` names a global object instead.
    """

    arg: int | None
    bytes: int
    symbol: str = ""


@dataclass(frozen=True)
class Functions:
    """Names of the functions that initialize and infer, demangled, with or without arguments.

    ``returns`` tells whether the number that inference returns is compared.
    """

    init: str | None = None
    inference: str | None = None
    outputs: tuple[OutputBuffer, ...] = ()
    returns: bool = True


@dataclass(frozen=True)
class Probe:
    """One question to firmware: allocate ``alloc`` bytes first (None: no probe), then work.

    ``inferences`` is how many inferences to let finish before the run ends; with 0 an emulated run waits for
    none, and goes on to its deadline. ``probe_image`` runs the image of the probes without one: the
    reference that probes are held against. ``record`` keeps the heap's calls. ``time_shift`` (1, 2, ...)
    shifts the time and slows the code, each value differently, to show what text depends on time. ``calls``
    keeps where the cycles of each span went. ``canonical``: the ``placement`` of spans is all that the layout
    of code costs, counted from an empty instruction cache at the begin of each. ``arena``: bytes that the
    first interpreter is told that its arena has; ``until_allocated``: the run ends when it has taken its
    tensors from it, or could not. ``trace_limit``: how many instructions are traced and priced, where times
    come from a trace; None: as many as the target takes for reasonable.
    """

    alloc: int | None = None
    inferences: int = 1
    probe_image: bool = False
    record: bool = False
    time_shift: int = 0
    calls: bool = False
    canonical: bool = False
    arena: int | None = None
    until_allocated: bool = False
    trace_limit: int | None = None


_ROUGH = 0.1
"""The share of assumed cycles above which a time is rough."""


class SpanKind(Enum):
    """What a mark stands for."""

    INIT = "init"
    INFERENCE = "inference"


@dataclass(frozen=True)
class CycleBasis:
    """What the cycles of a time rest on: Arm's manuals, the chip's product specification, a fit, or nothing.

    ``error_percent`` is how far boards were found from such times, in percent (docs/fidelity.md).
    """

    manual: int
    specification: int
    fitted: int
    assumed: int
    error_percent: int

    @property
    def is_rough(self) -> bool:
        """Whether too many of the cycles are assumed for the time to be more than a rough one."""
        every = self.manual + self.specification + self.fitted + self.assumed
        return self.assumed > _ROUGH * every


@dataclass(frozen=True)
class TimedSpan:
    """One timed span.

    ``cycles`` is modelled cycles (None on a board); ``placement`` its alignment
    cycles, which depend only on where the linker placed the code; ``data_placement`` those that depend on
    where data lie; ``us`` is microseconds.
    """

    kind: SpanKind
    us: float
    cycles: int | None = None
    instructions: int | None = None
    placement: int | None = None
    method: str = ""
    """How ``us`` came about where it is neither a clock nor the cycle model: a rough time."""
    cost_table: str = ""
    """What ``us`` came from where the target's instrument does not say so of all its spans."""
    waits: tuple[tuple[str, int], ...] = ()
    """Cycles of it that were only waited, by the peripheral that was waited for; most first."""
    calls: CallTree | None = None
    """Where its cycles went; None: not asked, or not known."""
    basis: CycleBasis | None = None
    """What its cycles rest on; None where they are not modelled."""
    data_placement: int | None = None


@dataclass(frozen=True)
class HeapUse:
    """Peak of what the firmware asked of its heap, in bytes, and how far it moved the break.

    ``steps`` is how often sbrk moved the break up, ``live`` what was in use at the end of each inference.
    ``complete`` tells that all calls were followed; else ``peak_requested`` and ``live`` are unknown.
    """

    peak_requested: int
    peak_break: int
    calls: int
    steps: int = 0
    live: tuple[int, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class FrameUse:
    """What one call had on a stack, in bytes; ``function`` is empty for all that came before the first."""

    function: str
    bytes: int


@dataclass(frozen=True)
class StackUse:
    """The deepest use of one stack, in bytes.

    ``name`` is the thread's, ``MSP`` for the main stack; ``size`` is what is reserved for it, None where
    unknown. ``static`` tells that the reserve is among the image's variables, part of its static RAM.
    """

    name: str
    used: int
    size: int | None = None
    static: bool = False
    frames: tuple[FrameUse, ...] = ()
    """What ``used`` was made of, innermost call first; nothing where that is not known."""


@dataclass(frozen=True)
class Arena:
    """The memory that an interpreter was constructed with.

    ``allocated`` tells whether it could take its tensors from it; None where that was not seen.
    """

    address: int
    bytes: int
    allocated: bool | None = None


@dataclass(frozen=True)
class RunResult:
    """What one run gave."""

    outcome: Outcome
    reason: str
    """One line for the user; empty when passed."""
    serial: bytes
    spans: tuple[TimedSpan, ...]
    virtual_us: float
    instructions: int = 0
    chain: tuple[Frame, ...] = ()
    outputs: tuple[bytes, ...] = ()
    """Contents of the output buffers after the last inference, and its return value first."""
    peak_stack: int | None = None
    """The deepest use of all stacks together that are not on the heap."""
    stacks: tuple[StackUse, ...] = ()
    heap: HeapUse | None = None
    overlap: int | None = None
    """Bytes by which the stack went below the break of the heap; 0: it did not."""
    notes: tuple[str, ...] = ()
    lines: tuple[bytes, ...] | None = None
    """What another run must send too, as far as both have it; None: all of ``serial``.

    Over USB the host may open the port in the middle of a line, and sooner or later.
    """
    before_loop: int | None = None
    """Bytes of ``serial`` that had been sent when loop() was entered first; None where that is not known.

    A template ends at some turn of loop(), by how long it takes to be sent what it prints there.
    """
    unfinished: tuple[tuple[SpanKind, CallTree], ...] = ()
    """Where the cycles of spans went that had not ended, where calls were followed."""
    arenas: tuple[Arena, ...] = ()
    """Those of interpreters that were constructed since setup() was entered, in their order."""

    @property
    def steady(self) -> tuple[bytes, ...]:
        """The lines to hold against another run's."""
        return tuple(self.serial.splitlines(keepends=True)) if self.lines is None else self.lines


@dataclass(frozen=True)
class Instrument:
    """What measured. Must match for two figures to be subtracted."""

    board: str
    backend: str
    version: str
    cost_table: str


class ReplayError(Exception):
    """The firmware's allocator did not come back from a replay: it needs more than its own memory."""


class NothingRuns(Exception):
    """No firmware runs on this target; says why, and what to do."""


class NoProbes(Exception):
    """No allocation can be tried on this target; says why."""


@dataclass(frozen=True)
class Place:
    """Where a first allocation lies.

    ``address`` is its block's, 0 where it was refused; ``end`` is the end of the heap behind it; ``state`` is
    a digest: two sizes with the same one leave the allocator in the same state.
    """

    address: int
    end: int
    state: int


class Allocator(Protocol):
    """A replay of recorded heap calls on the firmware's own allocator."""

    @property
    def count(self) -> int:
        """How many replays were run."""

    @property
    def calls(self) -> int:
        """How many heap calls a replay repeats."""

    @property
    def capacity(self) -> int:
        """Bytes by which the break can still grow."""

    @property
    def heap_in_use(self) -> int:
        """Bytes of heap in use before the first allocation."""

    def passes(self, size: int, shorter: int = 0) -> bool:
        """Whether a first allocation of ``size`` bytes leaves all others working.

        ``shorter`` takes so many bytes off the end of the heap. Raises ReplayError.
        """

    @property
    def unit(self) -> int | None:
        """Blocks are multiples of so many bytes of a memory that does not grow; None: the heap grows."""

    @property
    def growth(self) -> int:
        """A digest of how the last replay moved the end of the heap: to which pages, and by which calls."""

    @property
    def spare(self) -> int:
        """Bytes between the highest end of the heap in the last replay and where it may end."""

    @property
    def alignment(self) -> int:
        """The largest alignment that a heap call asks for, 8 at least."""

    @property
    def complete(self) -> bool:
        """Whether all heap calls are replayed, and not the first ones only."""

    def place(self, size: int) -> Place:
        """What a first allocation of ``size`` bytes alone leads to. Raises ReplayError."""


@dataclass(frozen=True)
class PredictedLimit:
    """The limit of unused RAM that is expected before anything was tried.

    ``certified`` tells that an emulator of the same board has tried every size up to it.
    """

    limit: int
    islands: tuple[tuple[int, int], ...] = ()
    certified: bool = False


class Session(Protocol):
    """A target with one firmware on it."""

    @property
    def exact(self) -> bool:
        """Whether a run gives the same each time; otherwise limits are tried twice."""

    @property
    def resolution_us(self) -> float | None:
        """The step of the clock that times are taken with; None where every cycle is counted."""

    @property
    def most_islands(self) -> int:
        """How many of the later passing ranges that a replay predicts are tried by full runs."""

    def predicted_limit(self) -> PredictedLimit | None:
        """What limit is expected; None where there is nothing to go by."""

    def remarks(self) -> tuple[str, ...]:
        """What to tell the user of all runs together."""

    def run(self, probe: Probe, deadline_us: float) -> RunResult:
        """Run from reset with one probe. Raises EnvironmentFault, never on account of firmware."""

    @property
    def method(self) -> str:
        """How the sketch is measured: ``template``, ``functions``, ``library`` or ``nothing``."""

    def replay(self) -> Allocator | None:
        """The replay of the heap calls that the last run with ``record`` made; None where there is none.

        Raises ReplayError, which says why the calls cannot be replayed.
        """

    def close(self) -> None:
        """Release what is held."""


class Target(Protocol):
    """A place where firmware runs."""

    @property
    def instrument(self) -> Instrument:
        """What this target measures with."""

    def open(self, firmware: Firmware, functions: Functions, inputs: Inputs = NO_INPUTS) -> Session:
        """Put firmware on the target.

        Raises UsageError for names that do not resolve, and NothingRuns where the image alone is measured.
        """

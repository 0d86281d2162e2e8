"""What a build gives: one firmware a sketch and board, for all its probes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlbench.core.sketch_project import PlatformPin


@dataclass(frozen=True)
class Diagnostic:
    """One message of the compiler. ``line`` and ``column`` are 0 where unknown."""

    severity: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.severity}: {self.message}" if place else f"{self.severity}: {self.message}"


@dataclass(frozen=True)
class BuildKeys:
    """What built an image. May differ between two results that are compared; is then named."""

    fqbn: str
    platform: str
    """Platform id and version, ``mlbench:nrf52840@0.1.0``."""
    compiler: str
    """First line of what the compiler says of its version."""
    builder: str
    """``arduino-cli 1.5.1`` or ``arduino-builder 1.3.25``."""
    libraries: tuple[str, ...] = ()
    """``Name@version`` of each library that was linked."""


@dataclass(frozen=True)
class Overflow:
    """Bytes by which a link overflowed a memory region of the board."""

    region: str
    bytes: int


@dataclass(frozen=True)
class MemoryLimits:
    """Bytes that the platform allows a sketch, as its boards.txt has them; None where it does not say."""

    flash: int | None = None
    ram: int | None = None


@dataclass(frozen=True)
class MemoryLimit:
    """What one memory of a loader leaves to a sketch, and what the sketch takes of it, in bytes.

    ``limit`` is None where it is not known, which ``unknown`` explains. ``parts`` are what ``used`` is made
    of.
    """

    name: str
    used: int
    limit: int | None = None
    parts: tuple[tuple[str, int], ...] = ()
    unknown: str = ""

    @property
    def excess(self) -> int:
        """Bytes that are too many; 0: it fits, or the limit is not known."""
        return max(0, self.used - self.limit) if self.limit is not None else 0

    @property
    def share(self) -> float | None:
        """The part of the limit that is used."""
        return self.used / self.limit if self.limit else None


@dataclass(frozen=True)
class ThreadRecords:
    """Where a loader's kernel says which thread runs, and where that thread's record says what of it.

    ``current`` is the address of the pointer to the record; the others are offsets in it.
    """

    current: int
    name: int
    stack_start: int
    stack_size: int


@dataclass(frozen=True)
class SketchParts:
    """What an image is made of where a prebuilt loader starts the sketch.

    ``mode`` is ``dynamic`` (the loader copies the sketch into RAM) or ``static`` (it runs from flash). Sizes
    are in bytes; ``sketch_bytes`` has the header of 16 in it. ``base`` is where the sketch's partition
    begins.
    """

    loader: str
    """The file's name."""
    loader_bytes: int
    header_version: int
    sketch_bytes: int
    mode: str
    base: int
    loader_ram: int | None = None
    """The loader's static RAM; None where only its ELF file would tell it."""
    limits: tuple[MemoryLimit, ...] = ()
    missing: tuple[str, ...] = ()
    """Names that the sketch needs and the loader does not export."""
    threads: ThreadRecords | None = None
    """None where its debug information does not tell."""
    records: tuple[int, int] | None = None
    """Where the loader keeps its list of what it has loaded, and in an entry of it the address of the code;
    None where its debug information does not tell."""


@dataclass(frozen=True)
class Harness:
    """What a sketch is to be linked with so that it can be measured on a board.

    ``init`` and ``inference`` are names as the user writes them; ``outputs`` are pairs of an argument and its
    bytes, ``objects`` of a global object and its bytes, as in ``OutputBuffer``; ``returns`` tells whether the
    number that inference returns counts.
    """

    init: str | None = None
    inference: str | None = None
    outputs: tuple[tuple[int, int], ...] = ()
    objects: tuple[tuple[str, int], ...] = ()
    returns: bool = True
    baud: int = 115200
    records: tuple[int, int, int] | None = None
    """Start, size and page of flash that outlives resets; None: the order is in the image."""
    scratch: tuple[int, ...] = ()
    """Two registers, where there are records: a template's N, and whether setup() was reached."""
    alloc: int | None = None
    """What is tried, where the order is in the image; None: no allocation."""


@dataclass(frozen=True)
class BoardBuild:
    """Asks for an image to upload: ``harness`` None is the sketch alone."""

    harness: Harness | None = None


@dataclass(frozen=True)
class BoardImage:
    """What is uploaded to a board.

    ``folder`` holds the ELF and what the platform made of it, and nothing else. ``missing`` says why a named
    function cannot be timed on a board; ``extra_ram`` is the static RAM that the harness adds, in bytes.
    """

    folder: Path
    elf: Path
    session: int = 0
    missing: str = ""
    extra_ram: int = 0
    harness: Harness | None = None


@dataclass(frozen=True)
class BuildRequest:
    """One sketch to build for one board.

    ``sketch`` is its folder (holding ``<folder>.ino``) or an ``.ino`` file.
    """

    sketch: Path
    fqbn: str
    build_properties: tuple[str, ...] = ()
    """``key=value`` each, given to the sketch compiler as they are."""
    libraries: tuple[Path, ...] = ()
    """Folders of libraries, each the library itself."""
    timeout_s: float = 1200.0
    """Host seconds for one call of the sketch compiler."""
    board: BoardBuild | None = None
    """An image to upload to a board is wanted as well."""
    probes: bool = True
    """An image that RAM can be probed with is wanted as well."""
    literal: int | None = None
    """What a template's ``$alloc_size`` becomes, to the letter; None: one image serves every N."""
    canonical: bool = False
    """An image in the canonical layout is wanted as well, to judge changes on."""
    platforms: tuple[PlatformPin, ...] = ()
    """Releases of platforms to build with, where the sketch's own project file has none for the board."""


@dataclass(frozen=True)
class Firmware:
    """A built sketch.

    ``elf`` is the link without any harness: flash and emulated time come from it. ``probe_elf`` is
    the image for RAM probes: the same file where it can serve (it has ``malloc``, or the sketch is
    a template), else a second link with ``malloc`` in it. When the sketch does not fit the board
    (``overflows`` not empty), ``elf`` is the link with enlarged regions, good for flash only.
    """

    name: str
    source: Path
    elf: Path
    probe_elf: Path
    is_template: bool
    keys: BuildKeys
    overflows: tuple[Overflow, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0
    cached: bool = False
    notes: tuple[str, ...] = ()
    """What the user should know of this build, a line each."""
    board: BoardImage | None = None
    """The image to upload to a board, where it was asked for and fits."""
    platform_bytes: int | None = None
    """Flash of ``elf`` as the platform's own size recipe counts it; None where that is not known."""
    platform_variables: int | None = None
    """Static RAM as it counts it, where the image's sections do not tell it (RISC-V, Xtensa)."""
    limits: MemoryLimits = MemoryLimits()
    canonical_elf: Path | None = None
    """The same objects in the canonical layout, where that was asked for and can be."""
    no_canonical: str = ""
    """Why there is none, where it was asked for."""

    @property
    def fits(self) -> bool:
        """Whether the image fits the board's memory."""
        return not self.overflows


ALLOC_SIZE_SYMBOL = "mlbench_alloc_size"
"""The word in .rodata that stands for ``$alloc_size`` of a template."""

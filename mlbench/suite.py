"""Suites: what ``mlbench.yml`` says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlbench.targets.protocol import Functions


@dataclass(frozen=True)
class Source:
    """Where a model project is: a git URL and a ref, or a folder (``url`` empty)."""

    url: str = ""
    ref: str = ""
    folder: Path = Path()
    """The local project folder, or the subdirectory inside the checkout."""


@dataclass(frozen=True)
class SketchSpec:
    """One sketch of a suite, for one board and backend."""

    name: str
    sketch: Path
    """Folder or .ino, relative to the source's folder."""
    board: str
    """FQBN."""
    source: Source
    backend: str = "emulator"
    functions: Functions = Functions()
    build_properties: tuple[str, ...] = ()
    libraries: tuple[Path, ...] = ()
    overlay: tuple[Path, ...] = ()
    """Folders whose files are laid over the checkout."""
    prepare: tuple[str, ...] = ()
    """A command, as argument list, run in the model project before compiling."""
    ram_search: str = "replay"
    """``replay``, ``bisect``."""
    ram_min: int = 0
    ram_max: int | None = None
    inferences: int = 3
    timeout_us: float = 60e6
    """Virtual time within which initialization and one inference must finish."""
    serial: str = "exact"
    """``exact``: a probe's serial text must equal the reference's; ``ignore``."""
    where: str = ""
    """File and line this entry was read from."""

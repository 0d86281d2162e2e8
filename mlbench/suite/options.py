"""What a command line, or the inputs of the action, ask to be measured."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.core.execution import OutputBuffer


@dataclass(frozen=True)
class RunOptions:
    """One start's choice of sketches, and how they are built, measured and compared.

    Paths are as they were written, relative to the folder of the start. Empty: not given.
    """

    sketch: str = ""
    """A sketch, by its path or its name in the suite, or a suite."""
    only: tuple[str, ...] = ()
    """Names or patterns of sketches; empty: all."""
    boards: tuple[str, ...] = ()
    backend: str = ""
    port: str = ""
    """Serial port of a board: without ``backend``, boards are meant."""
    libraries: tuple[str, ...] = ()
    """Folders of libraries for every sketch."""
    build_properties: tuple[str, ...] = ()
    """``KEY=VALUE`` for the sketch compiler."""
    init: str = ""
    inference: str = ""
    outputs: tuple[OutputBuffer, ...] = ()
    ram_min: int | None = None
    ram_max: int | None = None
    ram_search: str = ""
    inferences: int | None = None
    timeout: str = ""
    """Virtual time, such as ``60 s``."""
    firmware_dir: str = ""
    """The bundle that is measured or written."""
    thresholds: str = ""
    """The suite that has the thresholds for a bundle."""
    baseline: str = ""
    """A branch, a commit, or a result file."""
    comparison: str = ""
    """Where the comparison goes; ``-`` is standard output."""
    skip_unchanged: bool = False

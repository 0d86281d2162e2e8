"""The measures, a row each: all that reports, thresholds, comparisons and schemas know of one.

Whoever needs the measures asks the functions below when it needs them. Values are in bytes, in
microseconds, or plain numbers, as the row's kind says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class MeasureKind(Enum):
    """What a measure counts."""

    BYTES = "bytes"
    TIME = "time"
    """Microseconds in results, milliseconds where people read."""
    COUNT = "count"


class MemoryKind(Enum):
    """A memory of the board whose size bounds a measure."""

    FLASH = "flash"
    RAM = "ram"


@dataclass(frozen=True)
class Measure:
    """One measure."""

    key: str
    """Its name in results and in mlbench.yml."""
    name: str
    """For people, within a line: ``unused RAM``."""
    column: str
    """For people, as the heading of a column of the table."""
    kind: MeasureKind
    more_is_better: bool = False
    memory: MemoryKind | None = None
    """Of which memory it takes or leaves a part."""
    of_image: bool = False
    """It is of the image alone, so whatever instrument read it, two figures may be subtracted."""
    steps: bool = False
    """It moves in the allocator's steps."""
    beside: str = ""
    """The key of a measure that is shown along with it, since each explains the other."""
    part_of: str = ""
    """The key of a measure that it is a part of, and that is shown instead where it is known."""
    alignment_cycles: bool = False
    """Cycles that only the place of the code decides may be a part of it, and are not judged."""

    @property
    def title(self) -> str:
        """The name at the beginning of a line."""
        return self.name if self.key.startswith(FUNCTION) else self.name[0].upper() + self.name[1:]


FLASH, UNUSED_RAM, STATIC_RAM, RAM_NEED = "flash", "unused_ram", "static_ram", "ram_need"
INIT_TIME, INFERENCE_TIME = "init_time", "inference_time"
FUNCTION = "function "
"""Begins the key of what one function takes of a time, for limits of its own; the function's name follows."""

MEASURES = (
    Measure(FLASH, "flash", "Flash", MeasureKind.BYTES, memory=MemoryKind.FLASH, of_image=True),
    Measure(
        UNUSED_RAM,
        "unused RAM",
        "Unused RAM",
        MeasureKind.BYTES,
        more_is_better=True,
        memory=MemoryKind.RAM,
        steps=True,
        beside=RAM_NEED,
    ),
    Measure(
        STATIC_RAM,
        "static RAM",
        "Static RAM",
        MeasureKind.BYTES,
        memory=MemoryKind.RAM,
        of_image=True,
        part_of=RAM_NEED,
    ),
    Measure(RAM_NEED, "RAM need", "RAM need", MeasureKind.BYTES, memory=MemoryKind.RAM, beside=UNUSED_RAM),
    Measure(INIT_TIME, "initialization", "Init", MeasureKind.TIME, alignment_cycles=True),
    Measure(INFERENCE_TIME, "inference", "Inference", MeasureKind.TIME, alignment_cycles=True),
)
"""In the order that reports show them."""


def rows() -> tuple[Measure, ...]:
    """All measures, in the order that reports show them."""
    return MEASURES


def keys() -> tuple[str, ...]:
    """Their keys, in that order."""
    return tuple(measure.key for measure in MEASURES)


def row(key: str) -> Measure:
    """The measure of a key, or of a function's time. Raises KeyError where there is none."""
    for measure in MEASURES:
        if measure.key == key:
            return measure
    if key.startswith(FUNCTION):
        name = _plain(key.removeprefix(FUNCTION))
        return Measure(key, name, name, MeasureKind.TIME)
    raise KeyError(key)


def _plain(function: str) -> str:
    """A function's name without arguments, of characters that mean nothing in any report."""
    name = re.sub(r"\(anonymous namespace\)::", "", function)
    name = re.sub(r"(?<=\w)[(<].*", "", name)
    return f"{re.sub(r'[^0-9A-Za-z_:~]', '_', name)[:80]}()"

"""Measures without a shape of their own, taken from the image, or from the run that gives the times.

A measure of this kind is a row of ``core.measures``, and an entry here under the row's key.
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.core.execution import RunResult
from mlbench.core.firmware import Firmware
from mlbench.core.measures import STATIC_RAM
from mlbench.elf.composed import read_parts, sketch_sections
from mlbench.elf.image import Image
from mlbench.results.values import Absent, Amount

Further = tuple[tuple[str, "Amount | Absent"], ...]
"""Measures by their keys."""
Take = Callable[[Firmware, RunResult], Amount | Absent]
"""What a measure is, of firmware and a good run of it."""

TAKEN: dict[str, Take] = {}
"""By the measure's key."""


def static_ram(firmware: Firmware) -> Amount | Absent:
    """Bytes of variables in the image that is measured: without what probes alone need."""
    if firmware.platform_variables is not None:
        return Amount(float(firmware.platform_variables))
    image = Image.load(firmware.elf)
    if image.bytes_alone:
        return Absent("the file does not tell what is RAM: put the ELF file it was made from beside it")
    own = sketch_sections(image) if read_parts(image) is not None else None
    return Amount(float(sum(size for name, size in image.static_ram() if own is None or name in own)))


OF_IMAGE: dict[str, Callable[[Firmware], Amount | Absent]] = {STATIC_RAM: static_ram}
"""Those that are known of every image, whether it ran or not."""


def of_image(firmware: Firmware) -> Further:
    """Every further measure of an image. Raises as ``Image.load``."""
    return tuple((key, measured(firmware)) for key, measured in OF_IMAGE.items())


def take(firmware: Firmware, run: RunResult) -> Further:
    """Every further measure of a run that passed."""
    return (*of_image(firmware), *((key, taken(firmware, run)) for key, taken in TAKEN.items()))

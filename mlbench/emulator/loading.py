"""An image into the memories of a chip, as a programmer would, and where its vector table is."""

from __future__ import annotations

from mlbench.elf.image import Image
from mlbench.elf.vectors import vector_table
from mlbench.emulator.chip import Chip
from mlbench.emulator.cpu import Cpu
from mlbench.errors import SketchError


def load_image(cpu: Cpu, image: Image, chip: Chip) -> int:
    """Put the image's segments at their load addresses; the rest of flash is erased.

    Returns the address of its vector table: the lowest that looks like one.

    Raises:
        SketchError: the image is not for this chip.
    """
    flash = cpu.memory_at(chip.flash.start)
    assert flash is not None
    flash.data[:] = b"\xff" * flash.size
    loads = [segment for segment in image.segments if segment.data]
    for segment in loads:
        memory = cpu.memory_at(segment.load)
        if memory is None or segment.load + len(segment.data) > memory.end:
            raise SketchError(
                f"the image has {len(segment.data)} bytes at {segment.load:#x}, where the chip has no memory",
                where=str(image.path),
                do=f"give an image linked for {chip.title}",
            )
        offset = segment.load - memory.start
        memory.data[offset : offset + len(segment.data)] = segment.data
    ram = range(chip.ram.start, chip.ram.end)
    return vector_table(image, ram, lambda address: cpu.memory_at(address) is not None, chip.title)

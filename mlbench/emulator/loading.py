"""An image into the memories of a chip, as a programmer would, and where its vector table is."""

from __future__ import annotations

from mlbench.elf.image import Image
from mlbench.elf.vectors import vector_table
from mlbench.emulator.bus import Bus
from mlbench.emulator.chip import Chip
from mlbench.emulator.cpu import Cpu
from mlbench.emulator.peripherals.ficr_uicr import Uicr
from mlbench.errors import SketchError


def load_image(cpu: Cpu, bus: Bus, image: Image, chip: Chip) -> int:
    """Put what the image programs at its load addresses; the rest of flash is erased.

    Returns the address of its vector table: the lowest that looks like one.

    Raises:
        SketchError: the image is not for this chip.
    """
    flash = cpu.memory_at(chip.flash.start)
    assert flash is not None
    flash.data[:] = b"\xff" * flash.size
    for address, data in image.programmed:
        memory, part = cpu.memory_at(address), bus.find(address)
        if memory is not None and address + len(data) <= memory.end:
            offset = address - memory.start
            memory.data[offset : offset + len(data)] = data
        elif isinstance(part, Uicr) and address + len(data) <= part.base + part.size:
            part.burn(address - part.base, data)
        else:
            raise _nothing_there(image, address, len(data), chip)
    ram = range(chip.ram.start, chip.ram.end)
    return vector_table(image, ram, lambda address: cpu.memory_at(address) is not None, chip.title)


def _nothing_there(image: Image, address: int, size: int, chip: Chip) -> SketchError:
    """Bytes for an address that nothing of the chip can be programmed at."""
    file = next((s.name for s in image.sections if s.address == address and s.size == size), "")
    return SketchError(
        f"the image has {size:,} bytes at {address:#x}, where {chip.title} has nothing to program",
        where=file if image.assembled and file else str(image.path),
        do=f"give an image linked for {chip.title}",
    )

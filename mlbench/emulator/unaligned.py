"""What lies at an address that is unaligned for an instruction, in words."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.elf.image import Image
from mlbench.elf.symbols import Symbol
from mlbench.emulator.chip import Chip

_ALIGNMENT = 4
_ADVICE = "alignas(16)"
"""What TensorFlow Lite Micro asks of models and arenas, and more than any instruction does."""


def object_at(image: Image, address: int) -> Symbol | None:
    """The named object that holds an address, the smallest where several do."""
    holding = (
        symbol
        for symbol in image.symbols
        if symbol.kind == "object" and symbol.address <= address < symbol.address + symbol.size
    )
    return min(holding, key=lambda symbol: symbol.size, default=None)


def describe_unaligned(
    address: int, image: Image, chip: Chip, sp: int, describe_ram: Callable[[int], str]
) -> str:
    """What is known of an address that should have been aligned; empty where that is nothing.

    Args:
        address: of the access.
        image: what is in memory by name.
        chip: where its RAM is.
        sp: the stack pointer in use.
        describe_ram: says what is at an address of RAM that has no name; empty where that cannot be told.
    """
    symbol = object_at(image, address)
    if symbol is not None:
        offset, name = address - symbol.address, symbol.demangled
        if symbol.address % _ALIGNMENT == 0:
            return f" (offset {offset} in {name}, which is itself aligned)"
        kind = "an odd address" if symbol.address % 2 else "a multiple of 2, not of 4"
        return f" (offset {offset} in {name}, which starts at {kind}: declare it {_ADVICE})"
    block = describe_ram(address)
    if block:
        return block
    if chip.ram.holds(address) and address >= sp:
        return f" ({address - sp} bytes above SP, on the stack)"
    return ""

"""Where an image's vector table is (ARMv7-M Architecture Reference Manual, B1.5.3)."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.elf.image import Image
from mlbench.errors import SketchError


def vector_table(image: Image, ram: range, mapped: Callable[[int], bool], chip: str) -> int:
    """The lowest load address that begins with a stack pointer in RAM and the Thumb address of a handler.

    Args:
        image: the image.
        ram: addresses of the chip's RAM; the stack may begin at its very end.
        mapped: whether there is memory at the handler's address.
        chip: what the image should be linked for, for messages.

    Raises:
        SketchError: there is none.
    """
    if not image.is_arm:
        do = f"give an image linked for {chip}"
        raise SketchError(f"is built for {image.machine}, not for a 32-bit ARM", where=str(image.path), do=do)
    for address, data in image.programmed:
        stack, reset = (int.from_bytes(data[n : n + 4], "little") for n in (0, 4))
        if ram.start <= stack <= ram.stop and reset & 1 and mapped(reset):
            return address
    raise SketchError(
        "no vector table at the start of the image (stack pointer in RAM, then the reset handler)",
        where=str(image.path),
        do=f"give an image linked for {chip}",
    )

"""What a device can be made of: built firmware, or the file or files that somebody else built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlbench.boards import Board
from mlbench.core.firmware import Firmware
from mlbench.elf.given_files import GivenFiles, GivenImage, read_given
from mlbench.elf.image import Image
from mlbench.pipeline.prebuilt import families_of

AnyFirmware = Firmware | Path | str | Sequence[Path | str]
"""Built firmware, a file (ELF, HEX, UF2, BIN), or files that are one image together."""


def image_of(
    firmware: AnyFirmware, board: Board, base: int | Sequence[int] = (), names: Path | str = ""
) -> GivenImage:
    """The image of a device's firmware.

    Args:
        firmware: what it is made of.
        board: what it is for.
        base: address of a BIN file, or of each, in their order.
        names: the ELF file with the names; empty: the one beside a file.

    Raises:
        MLBenchError: a file is missing, damaged or no firmware, or they do not go together.
    """
    if isinstance(firmware, Firmware):
        return GivenImage(Image.load(firmware.elf), whole=True)
    files = (firmware,) if isinstance(firmware, Path | str) else tuple(firmware)
    bases = (base,) if isinstance(base, int) else tuple(base)
    given = GivenFiles(tuple(Path(file) for file in files), bases, Path(names) if names else None)
    return read_given(given, families_of(board))

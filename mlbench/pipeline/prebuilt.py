"""A firmware image that somebody else built: as much of a firmware as is known of it."""

from __future__ import annotations

from pathlib import Path

from mlbench.boards import Board, board_for, default_board
from mlbench.core.execution import Functions, Outcome, Probe, Target
from mlbench.core.firmware import ALLOC_SIZE_SYMBOL, BuildKeys, Firmware
from mlbench.elf.image import Image
from mlbench.emulator.chips import check_chip
from mlbench.errors import SketchError, UsageError
from mlbench.suite.suite_file import SketchSpec, Source

_LISTEN_US = 1e6
GIVEN = "given image"
"""Stands for what only a build of one's own can know."""


def firmware_of(path: Path) -> Firmware:
    """The image as a firmware; ``malloc`` is in it or is not, there is no second link.

    Raises:
        UsageError: there is no such file, or it is no firmware.
    """
    try:
        image = Image.load(path)
    except SketchError as error:
        # It was not built here: what is wrong is what was named.
        raise UsageError(error.what, where=error.where, do=error.do) from None
    if not image.maps_memory:
        do = "give an image for the board's Cortex-M"
        raise UsageError(f"is built for {image.machine}, not for a 32-bit ARM", where=str(path), do=do)
    return Firmware(
        name=path.stem,
        source=path,
        elf=path,
        probe_elf=path,
        is_template=image.symbol(ALLOC_SIZE_SYMBOL) is not None,
        keys=BuildKeys(GIVEN, GIVEN, GIVEN, GIVEN),
    )


def spec_of(firmware: Firmware, board: str, *, ram: bool) -> SketchSpec:
    """An entry for the image on a board; without ``ram`` the limit is not searched for.

    Raises:
        UsageError: no such board, or one that is not like its chip.
    """
    return SketchSpec(
        name=firmware.name,
        sketch=firmware.source,
        board=_board(board).id,
        source=Source(folder=firmware.source.parent),
        ram_search="replay" if ram else "none",
    )


def listen(firmware: Firmware, target: Target) -> tuple[bytes, str]:
    """What an image sends in a second of the board's time that nothing in it is timed in, and how it ended.

    The second is empty where it was still running.
    """
    session = target.open(firmware, Functions())
    try:
        result = session.run(Probe(), _LISTEN_US)
    finally:
        session.close()
    ran_on = result.outcome in (Outcome.PASSED, Outcome.HUNG)
    return result.serial, "" if ran_on else f"{result.outcome.value}: {result.reason}"


def _board(name: str) -> Board:
    board = board_for(name) if name else default_board()
    check_chip(board)
    return board

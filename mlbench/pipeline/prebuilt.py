"""A firmware image that somebody else built: as much of a firmware as is known of it."""

from __future__ import annotations

from pathlib import Path

from mlbench.boards import Board, board_for, default_board
from mlbench.core.execution import Functions, Outcome, Probe, Target
from mlbench.core.firmware import ALLOC_SIZE_SYMBOL, BuildKeys, Firmware
from mlbench.elf.given_files import GivenFiles, read_given
from mlbench.elf.image import Image
from mlbench.emulator.chips import CHIPS, check_chip
from mlbench.errors import SketchError, UsageError
from mlbench.host.cache_dir import unwritable
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
    return _firmware(image, path, path, ())


def firmware_of_files(given: GivenFiles, board: str, folder: Path) -> Firmware:
    """Given files as a firmware for a board. Its ELF file is written into ``folder`` where none was given.

    Raises:
        UsageError: a file is missing, damaged or no firmware, or they do not go together.
        EnvironmentFault: the folder cannot be written.
    """
    image = read_given(given, families_of(_board(board)))
    if image.whole:
        return firmware_of(given.main)
    elf = folder / "firmware.elf"
    try:
        elf.write_bytes(image.image.data)
    except OSError as error:
        raise unwritable(folder, error) from error
    return _firmware(image.image, given.main, elf, image.notes)


def families_of(board: Board) -> tuple[int, ...] | None:
    """The UF2 families of the board's chip; None where they are not known."""
    chip = CHIPS.get(board.emulator.chip) if board.emulator is not None else None
    return chip.uf2_families if chip is not None else None


def _firmware(image: Image, path: Path, elf: Path, notes: tuple[str, ...]) -> Firmware:
    if not image.maps_memory:
        do = "give an image for the board's Cortex-M"
        raise UsageError(f"is built for {image.machine}, not for a 32-bit ARM", where=str(path), do=do)
    return Firmware(
        name=path.stem,
        source=path,
        elf=elf,
        probe_elf=elf,
        is_template=image.symbol(ALLOC_SIZE_SYMBOL) is not None,
        keys=BuildKeys(GIVEN, GIVEN, GIVEN, GIVEN),
        notes=notes,
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

    The second is empty where it was still running, or has exited well.
    """
    session = target.open(firmware, Functions())
    try:
        result = session.run(Probe(inferences=0), _LISTEN_US)
    finally:
        session.close()
    ran_on = result.outcome in (Outcome.PASSED, Outcome.HUNG)
    return result.serial, "" if ran_on else f"{result.outcome.value}: {result.reason}"


def _board(name: str) -> Board:
    board = board_for(name) if name else default_board()
    check_chip(board)
    return board

"""The chips that are emulated: a module each, and a row here."""

from __future__ import annotations

from dataclasses import replace

from mlbench.boards.board import Board, Region
from mlbench.emulator.chip import Chip
from mlbench.emulator.chips.nrf52832 import NRF52832
from mlbench.emulator.chips.nrf52833 import NRF52833
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.errors import UsageError

CHIPS = {chip.name: chip for chip in (NRF52832, NRF52833, NRF52840)}
"""By name."""


def load_chip(name: str) -> Chip:
    """A chip by its name.

    Raises:
        UsageError: there is none; says which there are.
    """
    if name not in CHIPS:
        raise UsageError(f"chip {name!r} is not emulated", do=f"name one of: {', '.join(sorted(CHIPS))}")
    return CHIPS[name]


def chip_of(board: Board) -> Chip:
    """The chip of a board, with the sensors that the board has at its pins.

    Its RAM must be the board's, as sketches are measured with all of it. Of its flash a bootloader may take a
    part.

    Raises:
        UsageError: the board has no emulator, or one that is not known, or is not like its chip.
    """
    where, data = board.file, board.emulator
    if data is None:
        do = "name a board that has one: mlbench boards"
        raise UsageError(f"board {board.id} has no emulator", where=where, do=do)
    try:
        chip = load_chip(data.chip)
    except UsageError as error:
        raise UsageError(f"board {board.id}: {error.what}", where=where, do=error.do) from None
    if board.ram != chip.ram:
        raise _contradicts(board, chip, "RAM", board.ram, chip.ram)
    if not board.flash.within(chip.flash):
        raise _contradicts(board, chip, "flash", board.flash, chip.flash)
    if data.cost_table not in ("", chip.cost_table):
        theirs = f"its chip {chip.name} {chip.cost_table!r}"
        what = f"board {board.id} has the cost table {data.cost_table!r}, {theirs}"
        raise UsageError(what, where=where, do="leave cost_table out")
    return replace(chip, sensors=data.sensors) if data.sensors is not None else chip


def check_chip(board: Board) -> None:
    """Hold a board against its chip, where that is emulated.

    Raises:
        UsageError: see ``chip_of``.
    """
    if board.emulator is not None:
        chip_of(board)


def _contradicts(board: Board, chip: Chip, memory: str, has: Region, should: Region) -> UsageError:
    what = f"board {board.id} has {has} of {memory}, its chip {chip.name} {should}"
    return UsageError(what, where=board.file, do="correct the board's memory, or leave out its emulator")

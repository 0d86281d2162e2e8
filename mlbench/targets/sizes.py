"""The target of boards that nothing runs sketches for: the image alone is measured."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench import version
from mlbench.boards import Board
from mlbench.core.execution import Functions, Instrument, NothingRuns, Session
from mlbench.core.firmware import Firmware
from mlbench.core.inputs import NO_INPUTS, Inputs


@dataclass(frozen=True)
class SizesTarget:
    """Runs nothing, and says what would."""

    board: Board

    @property
    def instrument(self) -> Instrument:
        """See ``Target``."""
        return Instrument(self.board.id, "none", version.__version__, "")

    def open(self, _firmware: Firmware, _functions: Functions, _inputs: Inputs = NO_INPUTS) -> Session:
        """See ``Target``: raises NothingRuns."""
        board = self.board
        if not board.listed:
            do = "describe the board to measure RAM and times on it (docs/boards.md)"
            raise NothingRuns(f"no board file has {board.id}, so nothing runs the sketch: {do}")
        if not board.backends:
            raise NothingRuns(f"board {board.id} has no backend, so nothing runs the sketch")
        if "emulator" not in board.backends:
            do = f"choose the backend {' or '.join(board.backends)} to measure RAM and times"
            raise NothingRuns(f"board {board.id} has no emulator, so nothing runs the sketch: {do}")
        raise NothingRuns("the backend none runs nothing")

"""Renode as a target."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlbench.boards import Board
from mlbench.boards.board import RenodeData
from mlbench.core.execution import Functions, Instrument
from mlbench.core.firmware import Firmware
from mlbench.core.inputs import NO_INPUTS, Inputs
from mlbench.elf.composed import read_parts
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.renode.process import INSTALL, RenodeProcess, find_renode
from mlbench.targets.renode.session import RenodeSession
from mlbench.targets.renode.timing import rough_table


@cache
def renode_version(program: Path, _changed: float) -> str:
    """The version of a Renode, asked once a start of mlbench."""
    with RenodeProcess(program) as process:
        return process.version


@dataclass(frozen=True)
class RenodeTarget:
    """Measures under Renode."""

    board: Board
    host_seconds: float = 120.0
    """Wall time for which Renode may be silent before it is given up."""

    @property
    def instrument(self) -> Instrument:
        """See ``Target``. Starts Renode once, to ask for its version."""
        data = self._data()
        program = find_renode()
        if program is None or not program.is_file():
            raise EnvironmentFault("there is no renode on PATH", do=INSTALL)
        version = renode_version(program, program.stat().st_mtime)
        return Instrument(self.board.id, "renode", version, rough_table(data))

    def _data(self) -> RenodeData:
        if self.board.renode is None:
            raise UsageError(
                f"board {self.board.id} cannot be run under Renode",
                do="choose another backend for it in mlbench.yml",
            )
        return self.board.renode

    def open(self, firmware: Firmware, functions: Functions, inputs: Inputs = NO_INPUTS) -> RenodeSession:
        """See ``Target``. Nothing feeds this one.

        Raises:
            UsageError: there are inputs, or a loader starts the sketch.
        """
        if inputs.digest:
            what = "the backend renode takes no inputs"
            raise UsageError(what, where=firmware.name, do="measure it on the emulator, or leave them out")
        if read_parts(Image.load(firmware.elf)) is not None:
            what = "is started by a loader, which mlbench runs on its own emulator only"
            raise UsageError(what, where=firmware.name, do="measure it with `backend: emulator`")
        return RenodeSession(self.board, self._data(), self.host_seconds, firmware, functions)

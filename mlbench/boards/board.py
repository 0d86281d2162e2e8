"""Boards, each one YAML file beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mlbench.errors import UsageError


@dataclass(frozen=True)
class Region:
    """A range of addresses."""

    start: int
    size: int


@dataclass(frozen=True)
class EmulatorData:
    """What the embedded emulator needs: the chip, and the name of its cost table."""

    chip: str
    cost_table: str


@dataclass(frozen=True)
class RenodeData:
    """What Renode needs: ``cycles_per_instruction`` turns its exact instruction counts to a rough time."""

    platform: str
    cycles_per_instruction: float


@dataclass(frozen=True)
class Board:
    """One board. ``fqbns`` are the FQBNs it is compiled for, without options."""

    id: str
    name: str
    fqbns: tuple[str, ...]
    cpu: str
    clock_hz: int
    flash: Region
    ram: Region
    emulator: EmulatorData | None
    renode: RenodeData | None = None

    @property
    def backends(self) -> tuple[str, ...]:
        """Where sketches for this board can be measured."""
        found = (("emulator", self.emulator), ("renode", self.renode))
        return tuple(name for name, data in found if data is not None)


@cache
def load_boards() -> tuple[Board, ...]:
    """All boards, by id."""
    folder = files("mlbench.boards")
    boards = [
        _board(item.read_text(encoding="utf-8")) for item in folder.iterdir() if item.name.endswith(".yml")
    ]
    return tuple(sorted(boards, key=lambda board: board.id))


def _board(text: str) -> Board:
    # Imported here: the list of boards is the quickest thing the command line does.
    import yaml

    data: dict[str, Any] = yaml.safe_load(text)
    emulator, renode = data.get("emulator"), data.get("renode")
    return Board(
        data["id"],
        data["name"],
        tuple(data["fqbns"]),
        data["cpu"],
        int(data["clock_hz"]),
        Region(**data["memory"]["flash"]),
        Region(**data["memory"]["ram"]),
        EmulatorData(**emulator) if emulator else None,
        RenodeData(renode["platform"], renode["cycles_per_instruction"]) if renode else None,
    )


def board_for(name: str) -> Board:
    """The board of an FQBN (options allowed) or a board's id.

    Raises:
        UsageError: no board has it; says which there are.
    """
    plain = ":".join(name.split(":")[:3])
    for board in load_boards():
        if plain in board.fqbns or name == board.id:
            return board
    known = ", ".join(fqbn for board in load_boards() for fqbn in board.fqbns)
    raise UsageError(f"board {name} is not known", do=f"name one of: {known}")

"""What a check of a board found: as frozen values, as a file to send, and as text for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

SCHEMA = "mlbench/board-check/1"
_CYCLES, _PERCENT = 0.25, 5.0
"""How far a cost may be from the emulator's: a loop of 200 rounds tells no less."""


@dataclass(frozen=True)
class BoardPoint:
    """One point: what the board gave and what the emulator gives.

    ``agrees`` is None where the point could not be checked; ``note`` then says why.
    """

    name: str
    board: float | None
    emulated: float | None
    agrees: bool | None
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class LoopCost:
    """Cycles of one loop's body."""

    name: str
    board: float
    emulated: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is as small as the loop can tell."""
        return abs(self.board - self.emulated) <= max(_CYCLES, _PERCENT / 100 * self.emulated)


@dataclass(frozen=True)
class BoardCheck:
    """The whole check."""

    board: str
    fqbn: str
    port: str
    """How the board shows itself on USB; its serial number is left out."""
    date: str
    version: str
    keys: Mapping[str, str]
    """Compiler, platform and cost table."""
    seconds: float
    checks: tuple[BoardPoint, ...]
    costs: tuple[LoopCost, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs; what could not be checked does not count."""
        return all(check.agrees is not False for check in self.checks) and all(
            cost.agrees for cost in self.costs
        )


def to_json(check: BoardCheck) -> str:
    """The file to send."""
    data = asdict(check)
    data["costs"] = [{**asdict(cost), "agrees": cost.agrees} for cost in check.costs]
    return json.dumps({"schema": SCHEMA, **data, "agrees": check.agrees}, indent=2) + "\n"


def to_text(check: BoardCheck) -> str:
    """A line for each point; of the costs those that differ."""
    rows = [("", "board", "emulated", "")]
    rows += [
        (_named(point), _number(point.board), _number(point.emulated), _verdict(point))
        for point in check.checks
    ]
    off = sorted((cost for cost in check.costs if not cost.agrees), key=lambda cost: -_difference(cost))
    rows += [(f"{cost.name}, cycles", f"{cost.board:.2f}", f"{cost.emulated:.2f}", "differs") for cost in off]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{a:{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows]
    if check.costs:
        lines.append(f"costs: {len(check.costs) - len(off)} of {len(check.costs)} as emulated")
    return "\n".join(lines)


def _named(point: BoardPoint) -> str:
    return f"{point.name}, {point.unit}" if point.unit else point.name


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"


def _verdict(point: BoardPoint) -> str:
    words = {True: "ok", False: "differs", None: "not checked"}[point.agrees]
    return f"{words}: {point.note}" if point.note else words


def _difference(cost: LoopCost) -> float:
    return abs(cost.board - cost.emulated)


def costs(board: Mapping[str, float], emulated: Mapping[str, float]) -> Iterable[LoopCost]:
    """The costs of both, by name."""
    return (LoopCost(name, board[name], cycles) for name, cycles in emulated.items())

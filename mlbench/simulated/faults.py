"""What can go wrong with a board on a cable, on demand, and repeatable by its seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mlbench.errors import UsageError
from mlbench.util.schema import suggestion

Log = Callable[[str, str], None]
"""Told of each fault that happens: its name, and what it did."""


@dataclass(frozen=True)
class Faults:
    """Which faults there are, and how much of each."""

    drop: float = 0.0
    """Chance that a byte to the computer is lost."""
    double: float = 0.0
    """Chance that it comes twice."""
    garbage: float = 0.0
    """Chance that a byte of nonsense comes before it."""
    hang: int = 0
    """The firmware hangs, interrupts and all, after so many bytes that somebody read; 0: not. Once."""
    reset: int = 0
    """The board is reset after so many bytes. Once."""
    gone: int = 0
    """The port goes, and comes back, after so many bytes; the firmware runs on. Once."""
    baud: int = 0
    """The only rate at which bytes arrive as they were sent; 0: any."""
    upload: int = 0
    """How many uploads fail, in the middle."""
    slow: float = 0.0
    """Seconds that the port takes longer to appear."""


HELP = {
    "drop": "chance that a byte is lost",
    "double": "chance that it comes twice",
    "garbage": "chance that a byte of nonsense comes before it",
    "hang": "the firmware hangs after so many bytes",
    "reset": "the board is reset after so many bytes",
    "gone": "the port goes and comes back after so many bytes",
    "baud": "the only rate at which bytes arrive as they were",
    "upload": "so many uploads fail in the middle",
    "slow": "seconds that the port takes longer to appear",
}


def parse_faults(items: Sequence[str]) -> Faults:
    """Faults as the command line has them: ``drop=0.01``, ``upload=2``.

    Raises:
        UsageError: there is no such fault, or its amount is none.
    """
    none = Faults()
    kinds: dict[str, type[int] | type[float]] = {
        field.name: type(getattr(none, field.name)) for field in fields(Faults)
    }
    amounts: dict[str, Any] = {}
    for item in items:
        name, _, amount = item.partition("=")
        if name not in kinds:
            raise UsageError(f"there is no fault {name!r}", where="--fault", do=suggestion(name, kinds))
        try:
            number = kinds[name](amount)
            chance = name in ("drop", "double", "garbage")
            if not 0 <= number <= (1 if chance else 1e9):
                raise ValueError
        except ValueError:
            do = f"write {name}=NUMBER: {HELP[name]}"
            raise UsageError(f"{item!r} says no amount", where="--fault", do=do) from None
        amounts[name] = number
    return Faults(**amounts)


class Noise:
    """What a line does to the bytes of the board, and after how many of them something else happens."""

    def __init__(self, faults: Faults, seed: int, log: Log) -> None:
        self._faults, self._log = faults, log
        self._random = random.Random(seed)  # noqa: S311 (repeatable, not secret)
        self.sent = 0
        """Bytes that the board has sent to somebody who has the port open, before noise."""
        self._to_come = {name: getattr(faults, name) for name in ("hang", "reset", "gone")}

    def due(self) -> Iterator[str]:
        """The faults that happen now, each once."""
        for name, after in self._to_come.items():
            if after and self.sent >= after:
                self._to_come[name] = 0
                self._log(name, f"after {self.sent} bytes")
                yield name

    def spoil(self, data: bytes, baud: int) -> bytes:
        """The bytes as they arrive at a computer that listens at this rate."""
        self.sent += len(data)
        faults = self._faults
        if faults.baud and baud != faults.baud:
            self._log("baud", f"{len(data)} bytes at {baud}")
            return self._random.randbytes(len(data))
        if not (faults.drop or faults.double or faults.garbage):
            return data
        out = bytearray()
        for byte in data:
            if self._happens("garbage", faults.garbage):
                out.append(self._random.randrange(256))
            if self._happens("drop", faults.drop):
                continue
            out.append(byte)
            if self._happens("double", faults.double):
                out.append(byte)
        return bytes(out)

    def _happens(self, name: str, chance: float) -> bool:
        if not chance or self._random.random() >= chance:
            return False
        self._log(name, f"byte {self.sent}")
        return True

"""Figures with units, so that a budget in a test reads as it is meant and a broken one shows both sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import total_ordering

from mlbench.core.measures import MeasureKind
from mlbench.errors import UsageError
from mlbench.suite.suite_file import virtual_us

TIME, BYTES, COUNT = MeasureKind.TIME.value, MeasureKind.BYTES.value, MeasureKind.COUNT.value


@total_ordering
@dataclass(frozen=True, eq=False)
class Quantity:
    """A time in microseconds, an amount of memory in bytes, or a plain number.

    Compares with quantities of its own kind only. ``baseline`` is what it was before, shown beside it.
    """

    value: float
    kind: str
    baseline: float | None = None

    def __eq__(self, other: object) -> bool:
        if self.kind == COUNT and isinstance(other, (int, float)):
            return self.value == other
        return isinstance(other, Quantity) and self.kind == other.kind and self.value == other.value

    def __hash__(self) -> int:
        return hash((self.value, self.kind))

    def __lt__(self, other: object) -> bool:
        return self.value < self._comparable(other)

    def _comparable(self, other: object) -> float:
        if self.kind == COUNT and isinstance(other, (int, float)):
            return other
        if not isinstance(other, Quantity) or other.kind != self.kind:
            unit = "ms(...) or us(...)" if self.kind == TIME else "kib(...) or nbytes(...)"
            raise TypeError(f"{self!r} compares with {unit}, not with {other!r}")
        return other.value

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.value + self._comparable(other), self.kind)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.value - self._comparable(other), self.kind)

    def __mul__(self, factor: float) -> Quantity:
        return Quantity(self.value * factor, self.kind)

    __rmul__ = __mul__

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        text = _shown(self.value, self.kind)
        if self.baseline is None:
            return text
        change = self.value - self.baseline
        percent = f", {100 * change / self.baseline:+.1f} %" if self.baseline else ""
        return (
            f"{text} (baseline {_shown(self.baseline, self.kind)}, {_shown(change, self.kind, '+')}{percent})"
        )


def _shown(value: float, kind: str, sign: str = "") -> str:
    if kind == COUNT:
        return f"{value:{sign},.10g}"
    if kind == BYTES:
        exact = f"{value:{sign},.0f} bytes"
        return f"{value / 1024:{sign}.1f} KiB ({exact})" if abs(value) >= 1024 else exact
    for limit, factor, unit in ((1e6, 1e6, "s"), (1e3, 1e3, "ms")):
        if abs(value) >= limit:
            return f"{value / factor:{sign}.3f} {unit}"
    return f"{value:{sign}.1f} us"


def us(value: float) -> Quantity:
    """Microseconds."""
    return Quantity(value, TIME)


def ms(value: float) -> Quantity:
    """Milliseconds."""
    return Quantity(1e3 * value, TIME)


def seconds(value: float) -> Quantity:
    """Seconds."""
    return Quantity(1e6 * value, TIME)


def nbytes(value: float) -> Quantity:
    """Bytes."""
    return Quantity(value, BYTES)


def kib(value: float) -> Quantity:
    """Kibibytes, 1,024 bytes each."""
    return Quantity(1024 * value, BYTES)


def mib(value: float) -> Quantity:
    """Mebibytes."""
    return Quantity(1024 * 1024 * value, BYTES)


def microseconds(time: str | Quantity) -> float:
    """A time given as ``"50 ms"`` or ``ms(50)``.

    Raises:
        UsageError: it is no time.
    """
    if isinstance(time, Quantity):
        if time.kind != TIME:
            raise UsageError(f"{time!r} is not a time", do="give ms(50) or '50 ms'")
        return time.value
    if not isinstance(time, str):
        raise UsageError(f"{time!r} is not a time", do="give ms(50) or '50 ms'")
    return virtual_us(time)

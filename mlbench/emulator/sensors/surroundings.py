"""What the sensors of a board feel: motion that is fed to them, and rest where nothing is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

from mlbench.emulator.peripherals.base import Cause, MachineAccess, Peripheral

REST = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
"""Flat on a table: 1 g upwards, no turn."""
FIELD = (20.0, 0.0, -40.0)
"""Magnetic field in microtesla, about the earth's in middle latitudes; it does not turn with the board."""
UNFED = "a motion sensor is read that nothing moves: it feels rest, 1 g upwards; feed it with `inputs: imu`"
CELSIUS, HUMIDITY, KILOPASCALS = 25.0, 50.0, 101.325


class Motion(NamedTuple):
    """One moment: seconds, acceleration in g, turn in degrees a second, by the board's axes.

    Those are the axes of Arduino's libraries for its sensors.
    """

    time: float
    ax: float
    ay: float
    az: float
    gx: float = 0.0
    gy: float = 0.0
    gz: float = 0.0


class Surroundings(Peripheral):
    """The motion of a board. It begins when firmware first switches a sensor of motion on."""

    name = "motion"

    def __init__(self, machine: MachineAccess) -> None:
        super().__init__(machine)
        self.rows: list[Motion] = []
        """What is fed, by its time."""
        self.began: int | None = None
        """The cycle of time 0."""

    def feed(self, rows: Iterable[Motion]) -> None:
        """Motion to come: after what was fed before, or, once that is over, from now on.

        Times count from the first row's own, which may be any.
        """
        more = list(rows)
        if not more:
            return
        start = self._seconds(self.machine.now())
        if self.rows:
            last = self.rows[-1].time
            step = last - self.rows[-2].time if len(self.rows) > 1 else 0.0
            start = max(start, last + step)
        shift = start - (more[0].time if self.rows or self.began is not None else 0.0)
        self.rows += [row._replace(time=row.time + shift) for row in more]

    def begin(self) -> None:
        """A sensor of motion was switched on."""
        if self.began is None:
            self.began = self.machine.now()

    def _seconds(self, cycle: int) -> float:
        return 0.0 if self.began is None else (cycle - self.began) / self.machine.hz()

    def at(self, cycle: int) -> tuple[float, ...]:
        """Acceleration in g and turn in degrees a second, x, y, z each, at a cycle of the clock.

        Between two rows it changes evenly; before the first and after the last there is rest.
        """
        if not self.rows:
            self.machine.note(UNFED)
            return REST
        time = self._seconds(cycle)
        if not self.rows[0].time <= time <= self.rows[-1].time:
            return REST
        index = bisect_right(self.rows, time, key=lambda row: row.time)
        before = self.rows[index - 1]
        if index == len(self.rows):
            return before[1:]
        after = self.rows[index]
        part = (time - before.time) / (after.time - before.time)
        return tuple(a + (b - a) * part for a, b in zip(before[1:], after[1:], strict=True))

    def survives(self, _cause: Cause) -> bool:
        """What is outside the chip knows nothing of its resets."""
        return True

    def state(self) -> dict[str, Any]:
        """The attributes that a snapshot must hold."""
        return {"rows": self.rows, "began": self.began}

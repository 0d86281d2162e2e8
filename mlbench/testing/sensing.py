"""The sensors of an emulated device, as tests feed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from mlbench.emulator.machine import Machine
from mlbench.emulator.peripherals.pdm_i2s_pwm import Pdm
from mlbench.emulator.sensors.surroundings import Motion
from mlbench.errors import UsageError
from mlbench.suite.inputs import read_motion, read_sound


class Microphone:
    """What the board's microphone hears: silence, unless something is played to it."""

    def __init__(self, machine: Callable[[], Machine]) -> None:
        self._machine = machine

    def play(self, sound: str | Path | bytes | Sequence[int]) -> None:
        """Play a sound, after what was played before.

        Firmware hears it from the next buffer on that it records, and only while it records.

        Args:
            sound: a WAV file, the content of one, or samples of 16 bits, 16,000 a second.

        Raises:
            UsageError: it is no sound that can be read.
        """
        if isinstance(sound, str | Path):
            content, name = _content(Path(sound)), str(sound)
        elif isinstance(sound, bytes):
            content, name = sound, "the sound"
        else:
            try:
                samples = b"".join(value.to_bytes(2, "little", signed=True) for value in sound)
            except (OverflowError, AttributeError):
                what = "a sample is no whole number of 16 bits"
                raise UsageError(what, do="give numbers from -32768 to 32767") from None
            self._machine().part(Pdm, "PDM").hear(samples)
            return
        self._machine().part(Pdm, "PDM").hear(read_sound(content, name)[0])


class Imu:
    """What the board's motion sensors feel: rest, unless they are fed."""

    def __init__(self, machine: Callable[[], Machine]) -> None:
        self._machine = machine

    def feed(self, motion: str | Path | Iterable[Sequence[float]]) -> None:
        """Move the board, after what was fed before, or from now on; rest follows.

        Before firmware has switched a motion sensor on, time 0 is when it does.

        Args:
            motion: a CSV file with the columns t, ax, ay, az, gx, gy, gz, or rows of such numbers:
                seconds, g, degrees a second.

        Raises:
            UsageError: it is no such motion, or the board has no sensor of it.
        """
        sensors = self._machine().sensors
        if sensors is None:
            raise UsageError("the board has no motion sensor", do="name one that has")
        if isinstance(motion, str | Path):
            rows = read_motion(_content(Path(motion)), str(motion))
        else:
            rows = tuple(tuple(float(value) for value in row) for row in motion)
        if any(len(row) not in (4, 7) for row in rows):
            what = "a row of motion has 7 numbers: t, ax, ay, az, gx, gy, gz"
            raise UsageError(what, do="give them, or 4 without a turn")
        if any(after[0] <= before[0] for before, after in pairwise(rows)):
            raise UsageError("the rows of motion are not sorted by their time", do="sort them by t")
        sensors.surroundings.feed(Motion(*row) for row in rows)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        do = "name a file that exists"
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), do=do) from None

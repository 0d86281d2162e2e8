"""The key ``inputs`` of a suite: what is typed, and files of sound and motion, read and checked."""

from __future__ import annotations

import array
import csv
import io
import math
import sys
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlbench.core.inputs import NO_INPUTS, Inputs, TypedText
from mlbench.errors import UsageError

SOUND_HZ = 16_000
COLUMNS = ("t", "ax", "ay", "az", "gx", "gy", "gz")
"""Of a file of motion: seconds, g and degrees a second."""

_MOST_BYTES = 64_000_000
_RIFF = "save it as a WAV file of 16,000 samples a second, 16 bits, mono"
_MOST_SHOWN = 30


@dataclass(frozen=True)
class InputFiles:
    """What an entry of a suite says. Files are relative to the suite's folder."""

    serial: tuple[TypedText, ...] = ()
    microphone: str = ""
    imu: str = ""
    where: str = ""
    """File and line."""

    @property
    def sensors(self) -> tuple[str, ...]:
        """Keys of what only sensors feel."""
        return tuple(key for key in ("microphone", "imu") if getattr(self, key))

    def read(self, folder: Path) -> Inputs:
        """The inputs themselves.

        Raises:
            UsageError: a file is not there, or is not what it should be.
        """
        if not (self.serial or self.microphone or self.imu):
            return NO_INPUTS
        sound, notes = self._sound(folder) if self.microphone else (b"", ())
        rows = read_motion(self._content(folder, self.imu, "imu"), self.imu) if self.imu else ()
        return Inputs(self.serial, sound, rows, notes)

    def _sound(self, folder: Path) -> tuple[bytes, tuple[str, ...]]:
        return read_sound(self._content(folder, self.microphone, "microphone"), self.microphone)

    def _content(self, folder: Path, name: str, key: str) -> bytes:
        path = folder / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                what = f"inputs: {key}: {name} has more than {_MOST_BYTES:,} bytes"
                raise UsageError(what, where=self.where, do="give a shorter one")
            return path.read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            what = f"inputs: {key}: cannot read {name}: {why}"
            do = "name a file by its path from the suite's folder"
            raise UsageError(what, where=self.where, do=do) from None


def refused_sensors(keys: Sequence[str], where: str) -> UsageError:
    """Why a real board takes no inputs for its sensors, which feel what is around it."""
    what = f"a real board's sensors cannot be fed: inputs {' and '.join(keys)}"
    return UsageError(what, where=where, do="measure it on the emulator, or leave them out")


def files_of(given: Mapping[str, Any], where: str) -> InputFiles:
    """The inputs of an entry that keeps to the suite's schema."""
    items = given.get("serial", [])
    typed = tuple(
        TypedText(item) if isinstance(item, str) else TypedText(item["text"], item.get("after", ""))
        for item in ([items] if isinstance(items, str | dict) else items)
    )
    return InputFiles(typed, given.get("microphone", ""), given.get("imu", ""), where)


def read_sound(content: bytes, name: str) -> tuple[bytes, tuple[str, ...]]:
    """Samples of a WAV file as the microphone gives them, and what was done for that.

    Raises:
        UsageError: it is no WAV file of whole numbers.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:
        raise UsageError(f"{name} is no WAV file: {error or 'it is cut'}", where=name, do=_RIFF) from None
    if width not in (1, 2, 3, 4) or not rate or not frames:
        raise UsageError(f"{name} has no sound that can be read", where=name, do=_RIFF)
    if (channels, width, rate) == (1, 2, SOUND_HZ):
        return frames, ()
    samples = _resampled(_mono(frames, channels, width), rate)
    shape = "mono" if channels == 1 else f"{channels} channels"
    note = f"{name}: {rate:,} Hz, {8 * width} bits, {shape}; converted to {SOUND_HZ:,} Hz, 16 bits, mono"
    return samples, (note,)


def _mono(frames: bytes, channels: int, width: int) -> list[float]:
    """The mean of the channels, on the scale of 16 bits."""
    # Samples of 8 bits have no sign, those of more have.
    offset, scale = (128, 256.0) if width == 1 else (0, 2.0 ** (16 - 8 * width))
    values = [
        (int.from_bytes(frames[at : at + width], "little", signed=width > 1) - offset) * scale
        for at in range(0, len(frames) - width + 1, width)
    ]
    return [
        sum(values[at : at + channels]) / channels for at in range(0, len(values) - channels + 1, channels)
    ]


def _resampled(values: list[float], rate: int) -> bytes:
    """By straight lines between the samples."""
    count = len(values) * SOUND_HZ // rate
    samples = array.array("h")
    for number in range(count):
        at = number * rate / SOUND_HZ
        index = min(int(at), len(values) - 1)
        after = values[min(index + 1, len(values) - 1)]
        value = values[index] + (after - values[index]) * (at - index)
        samples.append(max(-0x8000, min(0x7FFF, round(value))))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def read_motion(content: bytes, name: str) -> tuple[tuple[float, ...], ...]:
    """Rows of a CSV file with the columns t, ax, ay, az, gx, gy, gz, in any order, by their time.

    Raises:
        UsageError: a column is missing, or a value is no number, with its line.
    """
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig")), skipinitialspace=True)
        table = [(lines.line_num, row) for row in lines if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{name} is no CSV file: {error}", where=name, do=_columns()) from None
    heads = [cell.strip().lower() for cell in table[0][1]] if table else []
    missing = [column for column in COLUMNS if column not in heads]
    if missing:
        what = f"{name} has no column {', '.join(missing)}"
        raise UsageError(what, where=f"{name}:1", do=_columns())
    places = [heads.index(column) for column in COLUMNS]
    rows: list[tuple[float, ...]] = []
    for line, cells in table[1:]:
        row = tuple(
            _number(cells[place] if place < len(cells) else "", column, f"{name}:{line}")
            for place, column in zip(places, COLUMNS, strict=True)
        )
        if rows and row[0] <= rows[-1][0]:
            what = f"its time {row[0]:g} s is not after that of the row before"
            raise UsageError(
                what, where=f"{name}:{line}", do="sort the rows by t, each with a time of its own"
            )
        rows.append(row)
    if not rows:
        raise UsageError(f"{name} has no rows", where=name, do=_columns())
    return tuple(rows)


def _columns() -> str:
    return "begin with the line 't,ax,ay,az,gx,gy,gz': seconds, g, degrees a second"


def _number(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        what = f"column {column} is {text.strip()[:_MOST_SHOWN]!r}, not a number"
        raise UsageError(what, where=where, do="correct the row, or leave it out")
    return value

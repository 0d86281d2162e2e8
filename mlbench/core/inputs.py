"""What a sketch is given while it is measured: text on its serial line, sound, motion."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class TypedText:
    """Text that is sent to firmware: when it has printed ``after``, or else when it asks for input."""

    text: str
    after: str = ""


@dataclass(frozen=True)
class Inputs:
    """Everything that one run is given, the same in each."""

    serial: tuple[TypedText, ...] = ()
    """One after the other."""
    microphone: bytes = b""
    """16,000 samples a second of 16 bits, the lower byte first; silence after it."""
    imu: tuple[tuple[float, ...], ...] = ()
    """Rows of seconds, acceleration in g and turn in degrees a second (x, y, z each); rest after them."""
    notes: tuple[str, ...] = ()
    """What was done to make it fit."""

    @property
    def sensors(self) -> tuple[str, ...]:
        """Keys of what only sensors feel."""
        return tuple(name for name in ("microphone", "imu") if getattr(self, name))

    @property
    def digest(self) -> str:
        """What they are, for keys; empty where there are none."""
        if not (self.serial or self.sensors):
            return ""
        parts = repr((self.serial, self.imu)).encode() + self.microphone
        return hashlib.sha256(parts).hexdigest()


NO_INPUTS = Inputs()

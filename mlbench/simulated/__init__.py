"""A board that is none: uploaded firmware on the embedded emulator, behind a serial port that misbehaves."""

from __future__ import annotations

"""Renode's log: read on from where it was left, and kept from filling the disk."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_ABORT = re.compile(r"CPU abort \[PC=(0x[0-9A-Fa-f]+)\]: ?(.*)")
_MOST_BYTES = 64 << 20
_CHUNK = 1 << 20


class LogFile:
    """The log of one process, which writes it while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._emptied = 0
        """Up to here, what was read is no longer on the disk."""
        self._rest = ""
        self._abort = ""

    def aborted(self) -> str:
        """What the log says of an abort of the CPU; empty while there was none."""
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._offset)
            while not self._abort and (data := file.read(_CHUNK)):
                self._offset += len(data)
                *lines, self._rest = (self._rest + data.decode("utf-8", "replace")).split("\n")
                for line in lines:
                    if match := _ABORT.search(line):
                        what = match[2].strip().rstrip(".") or "the CPU was aborted"
                        self._abort = f"{what} (PC {match[1].lower()})"
                        break
        if self._offset - self._emptied > _MOST_BYTES:
            # Renode goes on writing behind it; what is in front then takes no room.
            with suppress(OSError):
                os.truncate(self._path, 0)
                self._emptied = self._offset
        return self._abort

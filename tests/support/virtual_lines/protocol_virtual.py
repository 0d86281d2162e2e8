"""``virtual://NUMBER``: the computer's end of a virtual board's line, as pyserial opens it."""

from __future__ import annotations

import errno

from virtual_boards import SOCKETS, Wire


class Serial:
    """As much of pyserial's as mlbench uses."""

    dtr = True

    def __init__(self, _port: None, baudrate: int, timeout: float | None) -> None:
        assert timeout == 0, "who waits would wait for ever"
        self.port, self.baudrate = "", baudrate
        self._wire: Wire | None = None

    def open(self) -> None:
        wire = SOCKETS[self.port].wire
        if wire is None:
            raise OSError(errno.ENOENT, "no such port")
        if wire.is_open:
            raise OSError(errno.EBUSY, "open already")
        wire.is_open, wire.baud = True, self.baudrate
        self._wire = wire

    def read(self, size: int = 1) -> bytes:
        wire = self._plugged()
        data = bytes(wire.to_computer[:size])
        del wire.to_computer[:size]
        return data

    def write(self, data: bytes) -> int:
        self._plugged().to_board += data
        return len(data)

    def close(self) -> None:
        if self._wire is not None:
            self._wire.is_open = False
            self._wire.to_computer.clear()

    def _plugged(self) -> Wire:
        assert self._wire is not None
        if self._wire is not SOCKETS[self.port].wire:
            raise OSError(errno.EIO, "the port has gone")
        return self._wire

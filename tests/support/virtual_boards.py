"""Simulated boards in virtual time, so that nobody waits: not for them, and not for a busy machine.

Board and computer take turns in one thread. The board lives when code on the computer sleeps, for as long as
that; so a time-out of a minute takes as long as it takes to emulate what the board does in it, and everything
happens in the same order each time. The line between them is no pseudo-terminal but two buffers: nothing is
on its way while nobody looks. Processes on real ports are in ``simulated_boards``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import serial

from mlbench.boards import board_for
from mlbench.boards.board import UsbId
from mlbench.ports.finding import Port
from mlbench.ports.opening import Times
from mlbench.simulated.board import SimulatedBoard, SimulationOptions
from mlbench.simulated.chip import ChipState
from mlbench.simulated.faults import Faults

OWN_BOARD = "mlbench:nrf52840:nano33ble"
SOCKETS: dict[str, VirtualBoard] = {}
"""By the URL of their port."""
_BOOTLOADER, _SKETCH = UsbId(0x2341, 0x005A), UsbId(0x2341, 0x805A)
_CHUNK = 4096
_BEGIN = 1000.0
NONE = Faults()
_NUMBERS = count(1)

if "virtual_lines" not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append("virtual_lines")


class Wire:
    """The line from one plugging in to the next pulling: the board's end, as ``Cable``."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self.is_open, self.baud = False, 9600
        self.to_computer, self.to_board = bytearray(), bytearray()

    def __enter__(self) -> Wire:
        self._board.wire = self
        return self

    def __exit__(self, *_: object) -> None:
        self._board.wire = None

    def line(self) -> tuple[bool, int]:
        return self.is_open, self.baud

    def write(self, data: bytes) -> None:
        if self.is_open:
            self.to_computer += data

    def wait(self, seconds: float) -> bytes:
        if not self.to_board:
            self._board.passes(seconds)
        data = bytes(self.to_board[:_CHUNK])
        del self.to_board[:_CHUNK]
        return data


class VirtualBoard:
    """A board that lives while its computer waits."""

    def __init__(self, faults: Faults = NONE, seed: int = 0) -> None:
        url = f"virtual://{next(_NUMBERS)}"
        SOCKETS[url] = self
        self.wire: Wire | None = None
        self._computers = self._boards = _BEGIN
        self.times = Times(lambda: self._computers, self._sleep)
        """Of the code under test."""
        self.simulated = SimulatedBoard(
            board_for(OWN_BOARD),
            Path(url),
            SimulationOptions(faults, seed, enumeration=0.02),
            Times(lambda: self._boards, self.passes),
            lambda _: Wire(self),
        )
        self._port = Port(url, location="1-1")
        self.simulated.start(None)

    @property
    def port(self) -> Port:
        """As it is found while it is there. What it shows itself as tells what runs on it."""
        waits = self.simulated.chip.state is ChipState.BOOTLOADER
        return Port(self._port.device, _BOOTLOADER if waits else _SKETCH, location=self._port.location)

    def ports(self) -> Sequence[Port]:
        """Those of its computer."""
        return (self.port,) if self.wire is not None else ()

    def passes(self, seconds: float) -> None:
        """So much of the board's time."""
        self._boards += seconds

    def _sleep(self, seconds: float) -> None:
        until = self._computers + seconds
        while self._boards < until:
            self.simulated.step()
        self._computers = until

    def close(self) -> None:
        self.simulated.close()
        SOCKETS.pop(self._port.device, None)

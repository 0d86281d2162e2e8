"""Which port a board has: by its FQBN's USB ids, by VID:PID, by serial number, or by the port's name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlbench.boards import Board, load_boards
from mlbench.boards.board import UsbId
from mlbench.errors import EnvironmentFault

_USB_ID = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?")
_URL = re.compile(r"[a-z][a-z0-9+]*://")
"""What pyserial opens by ``serial_for_url``: ``rfc2217://host:port``, ``socket://host:port``."""


@dataclass(frozen=True)
class Port:
    """One serial port. What USB says of it is empty for others."""

    device: str
    """A device's path, or a URL."""
    usb: UsbId | None = None
    serial_number: str = ""
    location: str = ""
    """Where it hangs, such as ``1-2.3``: the same before and after a reset, whatever it shows itself as."""
    product: str = ""

    @property
    def is_url(self) -> bool:
        """Whether it is on another machine."""
        return bool(_URL.match(self.device))

    @property
    def key(self) -> str:
        """What stays the same of a board's port, to tell one board from another on this machine."""
        if self.location:
            return f"usb-{self.location}"
        return self.device if self.is_url or _is_link(self.device) else os.path.realpath(self.device)

    def __str__(self) -> str:
        about = ", ".join(filter(None, [str(self.usb or ""), self.serial_number, self.product]))
        return f"{self.device} ({about})" if about else self.device


@dataclass(frozen=True)
class PortSelector:
    """Which port is asked for; empty fields ask for nothing."""

    device: str = ""
    usb: UsbId | None = None
    serial_number: str = ""

    @property
    def anything(self) -> bool:
        """Whether nothing is asked for: any port that looks like the board."""
        return not (self.device or self.usb or self.serial_number)

    def fits(self, port: Port) -> bool:
        """Whether a port is one that is asked for."""
        return (
            (not self.device or _same_device(self.device, port.device))
            and (self.usb is None or self.usb == port.usb)
            and (not self.serial_number or self.serial_number.lower() == port.serial_number.lower())
        )


def parse_selector(text: str) -> PortSelector:
    """What ``--port`` asks for.

    A path or a URL, ``VID:PID`` or ``VID:PID:SERIAL`` in hexadecimal digits, or else a serial number.
    """
    if not text:
        return PortSelector()
    if _URL.match(text) or "/" in text or re.fullmatch(r"COM[0-9]+", text):
        return PortSelector(device=text)
    match = _USB_ID.fullmatch(text)
    if match:
        return PortSelector("", UsbId(int(match[1], 16), int(match[2], 16)), match[3] or "")
    if re.fullmatch(r"tty[A-Za-z]+[0-9]+", text):
        return PortSelector(device=f"/dev/{text}")
    return PortSelector(serial_number=text)


def list_ports() -> tuple[Port, ...]:
    """All ports of this machine that hang on USB, by name; the rest is taken only where it is named."""
    from serial.tools import list_ports as pyserial

    ports = []
    for item in pyserial.comports():
        if item.vid is None or item.pid is None:
            continue
        location = (item.location or "").partition(":")[0]
        usb = UsbId(item.vid, item.pid)
        ports.append(Port(item.device, usb, item.serial_number or "", location, item.product or ""))
    return tuple(sorted(ports, key=lambda port: [_number(part) for part in re.split(r"(\d+)", port.device)]))


def find_ports(
    board: Board, selector: PortSelector, list_all: Callable[[], Sequence[Port]] = list_ports
) -> tuple[Port, ...]:
    """The ports that may be the board's, the surest first.

    Args:
        board: what is looked for; not asked where the selector names a port.
        selector: what the user asks for.
        list_all: gives the ports that there are.

    Raises:
        EnvironmentFault: there is none; says which ports there are, and what to do.
    """
    ports = list_all()
    if selector.device:
        listed = tuple(port for port in ports if selector.fits(port))
        if listed:
            return listed[:1]
        if _URL.match(selector.device) or os.path.exists(selector.device):  # noqa: PTH110 (text as named)
            return (Port(selector.device),)
        raise _nothing(board, f"there is no port {selector.device}", ports)
    ids = board.serial.usb if board.serial is not None else ()
    candidates = tuple(
        port
        for port in _first_of_each(ports)
        if selector.fits(port) and (not selector.anything or port.usb in ids)
    )
    if candidates:
        return candidates
    if selector.anything and not ids:
        raise _nothing(board, f"board {board.id} has no USB ids to be found by", ports)
    selector_text = ":".join(filter(None, [str(selector.usb or ""), selector.serial_number]))
    what = f"no port is {selector_text}" if selector_text else f"no {board.name} is connected"
    raise _nothing(board, what, ports)


def boards_of(port: Port) -> tuple[Board, ...]:
    """The boards that a port may be."""
    return tuple(
        board for board in load_boards() if board.serial is not None and port.usb in board.serial.usb
    )


def _first_of_each(ports: Sequence[Port]) -> tuple[Port, ...]:
    """One port a device: the first, where it has several."""
    return tuple({port.key: port for port in reversed(ports)}.values())[::-1]


def _nothing(board: Board, what: str, ports: Sequence[Port]) -> EnvironmentFault:
    there = f"there are: {', '.join(map(str, ports))}" if ports else "no board is connected by USB"
    press = ", press its reset button twice" if board.reset.double_tap else ""
    return EnvironmentFault(what, do=f"{there}; connect the board{press}, or name its port by --port")


def _same_device(one: str, other: str) -> bool:
    if _URL.match(one) or _URL.match(other):
        return one == other
    return os.path.realpath(one) == os.path.realpath(other)


def _is_link(device: str) -> bool:
    # A link that udev keeps (/dev/serial/by-id/...) stays, what it leads to does not.
    return os.path.islink(device)  # noqa: PTH114 (text as named)


def _number(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)

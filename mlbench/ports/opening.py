"""Opening a port, touching it, and following it through a reset. Retries are bounded and say why."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlbench.errors import EnvironmentFault
from mlbench.host.cache_dir import Say
from mlbench.ports.finding import Port, list_ports

TOUCH_BAUD = 1200
"""Opening and closing at this rate asks Arduino's boards for their bootloader."""

_TRIES = 8
_FIRST_WAIT = 0.05
"""Seconds before the second try, doubled with each: 6 s in all. udev may take one for a port's rights."""
_POLL_SECONDS = 0.05
_SETTLE_SECONDS = 1.5
"""For which a port that was to vanish may stay, before it is taken for one that does not vanish."""
_TOUCH_SECONDS = 0.1


class Line(Protocol):
    """An open port, as far as it is used here; pyserial's ``SerialBase`` is one."""

    dtr: bool
    baudrate: int

    def read(self, size: int = 1) -> bytes:
        """What has come, at most so many bytes; nothing, where nothing has come."""

    def write(self, data: bytes) -> int | None:
        """Send; gives how many bytes were taken."""

    def close(self) -> None:
        """Give the port back."""


@dataclass(frozen=True)
class Times:
    """Where time comes from; a test has its own."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def open_port(port: Port, baud: int, say: Say, *, tries: int = _TRIES, times: Times | None = None) -> Line:
    """Open a port, for this process alone.

    Args:
        port: a device, or the URL of one on another machine.
        baud: bits a second.
        say: gets a line with the reason of each retry.
        tries: how often it is tried at most.
        times: where time comes from.

    Raises:
        EnvironmentFault: it cannot be opened; with the last reason, and what to do.
    """
    times = times or Times()
    wait, reason, do = _FIRST_WAIT, "", ""
    for attempt in range(1, tries + 1):
        try:
            return _open(port, baud)
        except (OSError, ValueError) as error:  # pyserial's SerialException is an OSError
            reason, do, lasting = _why(port, error)
        if lasting:
            break
        if attempt < tries:
            say(f"{port.device}: {reason}; trying again ({attempt + 1} of {tries})")
            times.sleep(wait)
            wait *= 2
    raise EnvironmentFault(f"cannot be opened: {reason}", where=port.device, do=do)


def touch(port: Port, say: Say, *, times: Times | None = None) -> None:
    """Open at 1200 baud and close, as the Arduino IDE does. A port that goes meanwhile is one that obeys.

    Raises:
        EnvironmentFault: it cannot be opened.
    """
    times = times or Times()
    line = open_port(port, TOUCH_BAUD, say, times=times)
    with suppress(OSError):
        line.dtr = True
    times.sleep(_TOUCH_SECONDS)
    with suppress(OSError):
        line.dtr = False
    with suppress(OSError):
        line.close()


def pulse_dtr(port: Port, baud: int, say: Say, *, times: Times | None = None) -> None:
    """Reset a board that hangs on DTR behind a bridge.

    Raises:
        EnvironmentFault: the port cannot be opened.
    """
    times = times or Times()
    line = open_port(port, baud, say, times=times)
    try:
        line.dtr = False
        times.sleep(_TOUCH_SECONDS)
        line.dtr = True
    except OSError as error:
        what = f"DTR cannot be set ({error})"
        raise EnvironmentFault(what, where=port.device, do="connect the board to another port") from error
    finally:
        with suppress(OSError):
            line.close()


@dataclass(frozen=True)
class Returned:
    """A port after a reset, and whether it was seen to go."""

    port: Port
    went: bool


def await_return(
    port: Port,
    seconds: float,
    *,
    before: Sequence[Port] = (),
    list_all: Callable[[], Sequence[Port]] = list_ports,
    times: Times | None = None,
) -> Returned:
    """Wait until a board that was reset is there again, under whatever name.

    It is known by its place on USB, else by its serial number, else by the name of its port. A port that
    stays for 1.5 s is one that does not go: a bridge, or a board that did not obey.

    Args:
        port: as it was.
        seconds: how long it may take.
        before: all ports as they were: of these none is it, but itself.
        list_all: gives the ports that there are.
        times: where time comes from.

    Raises:
        EnvironmentFault: it did not come back.
    """
    times = times or Times()
    begin, went = times.clock(), False
    others = {other.device for other in before} - {port.device}
    first = _identity(port)
    while True:
        current = find_again(port, [other for other in list_all() if other.device not in others])
        if current is None:
            went = True
        elif went or _identity(current) != first or current.device != port.device or current.usb != port.usb:
            return Returned(current, True)
        elif times.clock() - begin >= min(_SETTLE_SECONDS, seconds):
            return Returned(current, False)
        if times.clock() - begin >= seconds:
            what = f"the port went and did not come back within {seconds:g} s"
            do = "press the board's reset button (twice for its bootloader), or connect it anew"
            raise EnvironmentFault(what, where=port.device, do=do)
        times.sleep(_POLL_SECONDS)


def find_again(port: Port, ports: Sequence[Port]) -> Port | None:
    """A board among the ports that there are now, by what it was known as; None while it is not there."""
    if port.location:
        return next((other for other in ports if other.location == port.location), None)
    if port.serial_number:
        return next((other for other in ports if other.serial_number == port.serial_number), None)
    if port.is_url:
        return port
    listed = next((other for other in ports if other.device == port.device), None)
    return listed or (port if os.path.exists(port.device) else None)  # noqa: PTH110 (text as named)


def _identity(port: Port) -> object:
    """What changes when a device file is made anew, for ports that USB says nothing of."""
    if port.is_url:
        return None
    try:
        status = Path(port.device).lstat()
    except OSError:
        return None
    link_time = status.st_ctime_ns if stat.S_ISLNK(status.st_mode) else 0  # of a device it changes with use
    return status.st_dev, status.st_ino, status.st_rdev, link_time


def _open(port: Port, baud: int) -> Line:
    import termios

    import serial

    line: Line
    if port.is_url:
        # Without a timeout of writing: pyserial's RFC 2217 refuses to have one.
        line = serial.serial_for_url(port.device, baudrate=baud, timeout=0)
        return line
    try:
        # Exclusive: another program that reads along takes bytes away, and nobody knows which.
        line = serial.Serial(port.device, baud, timeout=0, write_timeout=1.0, exclusive=True)
    except termios.error as error:
        # The port went between being opened and being set; this one is no OSError.
        raise OSError(*error.args) from error
    return line


def _why(port: Port, error: Exception) -> tuple[str, str, bool]:
    """The reason in a few words, what to do, and whether trying again is of no use."""
    number = getattr(error, "errno", None)
    if isinstance(error, ValueError):
        return str(error), "name a port such as /dev/ttyACM0 or rfc2217://host:port", True
    if number == errno.EACCES:
        return "this user may not open it", rights_advice(port.device), False
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return "it is not there", "connect the board, or name its port by --port", False
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return "another program has it open", "close serial monitors; `fuser` names who has it", False
    return " ".join(str(error).split()), "see that the board is connected and answers", False


def rights_advice(device: str) -> str:
    """What to do where a port may not be opened: the group that may, and that a login takes it over."""
    import grp

    try:
        group = grp.getgrgid(os.stat(device).st_gid).gr_name  # noqa: PTH116 (text as named)
    except (OSError, KeyError):
        group = "dialout"
    if group == "root":
        return "let udev give it to a group (docs/boards.md), or start as root"
    members = []
    with suppress(KeyError):
        members = grp.getgrnam(group).gr_mem
    user = os.environ.get("USER", "")
    if user and user in members:
        return (
            f"{user} is in the group {group} since this login began: log in anew (or start the runner anew)"
        )
    return f"`sudo usermod -aG {group} $USER`, then log in anew"

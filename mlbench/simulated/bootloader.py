"""The bootloader's side of an upload, and the programmer's.

A protocol of our own over the bootloader's port, so that nothing has to be installed. ``mlbench who`` and a
line feed ask what is there; ``load SIZE SHA256`` and a line feed are answered by ``send``; then the ELF file,
answered by ``done`` or ``error REASON``. After an error nothing is heard until somebody asks who is there.
bossac's protocol is not spoken.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import EnvironmentFault, MLBenchError, UsageError
from mlbench.ports.finding import Port
from mlbench.ports.opening import Line, Times, open_port

WHO = b"mlbench who\n"
HERE = b"mlbench bootloader 1\n"
MOST_BYTES = 64 << 20
"""An ELF file with all its symbols; the chip's flash has 1 MiB."""

_LOAD = re.compile(rb"load ([0-9]{1,9}) ([0-9a-f]{64})\n")
_LONGEST_LINE = 100
_ANSWER_SECONDS = 10.0
_CHUNK = 4096
_MOST_STALE = 1 << 16
"""Bytes of an earlier conversation that may still be on the line."""


@dataclass(frozen=True)
class Loaded:
    """What became of some bytes: an answer, and the firmware, once it is there."""

    answer: bytes = b""
    firmware: bytes | None = None


class Bootloader:
    """Takes bytes as they come, in whatever pieces."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        """How many uploads are still to fail, each in its middle."""
        self._pending = bytearray()
        self._size = 0
        self._sha256 = ""
        self._deaf = False
        """After an error: the rest of what was being sent is no order."""

    def feed(self, data: bytes) -> Loaded:
        """Go on with what has come."""
        self._pending += data
        if self._deaf:
            at = self._pending.find(WHO)
            del self._pending[: at if at >= 0 else max(0, len(self._pending) - len(WHO) + 1)]
            if at < 0:
                return Loaded()
            self._deaf = False
        if self._size:
            return self._firmware()
        line, newline, _ = bytes(self._pending).partition(b"\n")
        if not newline:
            if len(line) > _LONGEST_LINE:
                self._pending.clear()  # what a sketch was sent, or noise
            return Loaded()
        del self._pending[: len(line) + 1]
        if (line + b"\n").endswith(WHO):
            return Loaded(HERE)
        match = _LOAD.fullmatch(line + b"\n")
        if match is None or not 0 < int(match[1]) <= MOST_BYTES:
            return self._error(b"not understood")
        self._size, self._sha256 = int(match[1]), match[2].decode()
        return Loaded(b"send\n")

    def _firmware(self) -> Loaded:
        if self.failures and len(self._pending) >= self._size // 2:
            self.failures -= 1
            return self._error(b"flash cannot be written")
        if len(self._pending) < self._size:
            return Loaded()
        firmware = bytes(self._pending[: self._size])
        self._size = 0
        self._pending.clear()
        if hashlib.sha256(firmware).hexdigest() != self._sha256:
            return self._error(b"checksum")
        return Loaded(b"done\n", firmware)

    def _error(self, reason: bytes) -> Loaded:
        self._deaf, self._size = True, 0
        self._pending.clear()
        return Loaded(b"error " + reason + b"\n")


def upload(port: Port, elf: Path, times: Times | None = None) -> None:
    """Put firmware on a simulated board whose bootloader is at a port.

    Raises:
        UsageError: there is no such file.
        EnvironmentFault: it did not get there; says why.
    """
    try:
        firmware = elf.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise UsageError(what, where=str(elf), do="name an ELF file") from None
    times = times or Times()
    line = open_port(port, 115200, _say, times=times)
    try:
        line.write(WHO)
        _expect(line, port, HERE.strip(), times, most=_MOST_STALE)
        line.write(f"load {len(firmware)} {hashlib.sha256(firmware).hexdigest()}\n".encode())
        _expect(line, port, b"send", times)
        for at in range(0, len(firmware), _CHUNK):
            line.write(firmware[at : at + _CHUNK])
        _expect(line, port, b"done", times)
    except OSError as error:
        raise EnvironmentFault(f"the upload broke off ({error})", where=port.device, do="try again") from None
    finally:
        line.close()


def _expect(line: Line, port: Port, word: bytes, times: Times, most: int = _LONGEST_LINE) -> None:
    """Read until a line says the word. With more than a line's length, others may stand before it."""
    heard, deadline = b"", times.clock() + _ANSWER_SECONDS
    while True:
        byte = line.read(1)
        heard += byte
        if byte == b"\n":
            if heard.endswith(word + b"\n"):
                return
            if most == _LONGEST_LINE:
                answer = heard.strip().decode("ascii", "backslashreplace")
                raise EnvironmentFault(f"the upload failed: {answer}", where=port.device, do="try again")
        if times.clock() > deadline or len(heard) > most:
            raise EnvironmentFault("no bootloader answers", where=port.device, do="touch the port first")
        if not byte:
            times.sleep(0.002)


def _say(text: str) -> None:
    print(f"mlbench: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """``python -m mlbench.simulated.bootloader PORT FIRMWARE.elf``: for a board's ``upload: command``."""
    if len(sys.argv) != 3:
        _say("name a port and an ELF file")
        return 2
    try:
        upload(Port(sys.argv[1]), Path(sys.argv[2]))
    except MLBenchError as error:
        _say(str(error))
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Renode's binary traces of execution: every instruction's address, its memory accesses, operands of divides.

The format is that of ``TraceBinaryWriter.cs`` and ``TraceFormat.cs`` of Renode's infrastructure, version 5:
the word ReTrace, a byte of version, a byte of the width of an address, a byte whether opcodes follow. Then
for each instruction its address, any number of records, and a byte 0. All numbers are little-endian.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from mlbench.errors import EnvironmentFault

HEADER = b"ReTrace\x05\x04\x00"
"""Version 5, addresses of 4 bytes, no opcodes."""
IO_READ, IO_WRITE, READ, WRITE = range(4)
WRITES = (IO_WRITE, WRITE)
_CHUNK = 1 << 18
LONGEST = 4096
"""No instruction has as much beside it."""
WRONG = ("a record of an unknown kind", "an access of an unknown kind", "a register of an unknown size")
"""What the native reader may say is wrong, by its number."""
_ACCESS = Struct("<BQQQ")


class TracedAccess(NamedTuple):
    """One access. ``kind`` is ``IO_READ``, ``IO_WRITE``, ``READ`` or ``WRITE``."""

    kind: int
    address: int
    value: int


class Traced(NamedTuple):
    """One instruction; ``registers`` are those before it, by number, where they were asked for."""

    pc: int
    accesses: tuple[TracedAccess, ...] = ()
    registers: tuple[int, ...] = ()


class _Cut(Exception):
    """The bytes end within an instruction."""


def read_trace_file(path: Path) -> Iterator[Traced]:
    """The instructions of a compressed trace, in order.

    Raises:
        EnvironmentFault: the file is cut off, or is no such trace.
    """
    position = 0
    try:
        with gzip.open(path) as file:
            if (header := file.read(len(HEADER))) != HEADER:
                raise refused(path, f"begins with {header[:16]!r}, which is no trace of version 5")
            data, at, ended = b"", 0, False
            while not ended:
                more = file.read(_CHUNK)
                ended = not more
                position += at
                data, at = data[at:] + more, 0
                try:
                    while at < len(data):
                        entry, end = _entry(data, at)
                        yield entry
                        at = end
                except _Cut:
                    if len(data) - at > LONGEST:
                        raise ValueError("no end of an instruction") from None
            if at < len(data):
                raise refused(
                    path, f"is cut off within an instruction, {len(HEADER) + position + at} bytes in"
                )
    except ValueError as error:
        raise refused(path, f"is corrupted: {error}, {len(HEADER) + position} bytes in or later") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise refused(path, f"is cut off or corrupted ({error})") from None


def _entry(data: bytes, at: int) -> tuple[Traced, int]:
    """The instruction that begins at ``at``, and where the next one does."""
    length = len(data)
    if at + 5 > length:
        raise _Cut
    pc = int.from_bytes(data[at : at + 4], "little")
    at += 4
    if not data[at]:
        return Traced(pc), at + 1
    accesses: list[TracedAccess] = []
    registers: tuple[int, ...] = ()
    while True:
        if at >= length:
            raise _Cut
        record = data[at]
        at += 1
        if record == 0:
            return Traced(pc, tuple(accesses), registers), at
        if record == 1:
            if at + _ACCESS.size > length:
                raise _Cut
            kind, address, value, _ = _ACCESS.unpack_from(data, at)
            if kind > WRITE or address >> 32:
                raise ValueError(f"an access of kind {kind} at {address:#x}")
            accesses.append(TracedAccess(kind, address, value & 0xFFFFFFFF))
            at += _ACCESS.size
        elif record == 4:
            before, values, at = _registers(data, at)
            registers = values if before else registers
        else:
            raise ValueError(f"a record of kind {record}")


def _registers(data: bytes, at: int) -> tuple[bool, tuple[int, ...], int]:
    """A record of registers: whether they are those before the instruction, their values, and its end."""
    try:
        before, count = data[at], data[at + 1]
        at += 2
        values = []
        for _ in range(count):
            at += 1 + data[at]  # the name
            size = data[at]
            if size > 8:
                raise ValueError(f"a register of {size} bytes")
            values.append(int.from_bytes(data[at + 1 : at + 1 + size], "little"))
            at += 1 + size
    except IndexError:
        raise _Cut from None
    if at > len(data):
        raise _Cut
    return bool(before), tuple(values), at


def refused(path: Path, what: str) -> EnvironmentFault:
    """The error for a file that cannot be used."""
    return EnvironmentFault(what, where=path.name, do="look for room on the disk, and run it again")

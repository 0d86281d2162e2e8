"""Semihosting: what firmware asks of a debugger by BKPT 0xAB (Arm, "Semihosting for AArch32 and AArch64").

Only what goes to a terminal is there: characters out, nothing to read in, a clock in virtual time, and
the end of the program. Files are refused, as a debugger without a file system does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlbench.emulator.clock import Clock
from mlbench.emulator.console import Console
from mlbench.emulator.cpu import Cpu

BKPT = 0xBEAB
_FAILED = 0xFFFFFFFF
_APPLICATION_EXIT = 0x20026
_STDOUT, _STDERR, _STDIN = 1, 2, 3
"""Handles. Firmware writes to 1 and 2 without opening them, as they are what OpenOCD gives out; that of the
input is not 0, because SYS_OPEN must not give 0."""
_LONGEST = 1 << 16
"""Of a name or a text that ends with a zero."""


@dataclass(frozen=True)
class Exit:
    """The firmware ended itself."""

    status: int


class Semihosting:
    """Answers calls: the operation is in r0, its argument or block of arguments in r1."""

    def __init__(self, cpu: Cpu, clock: Clock, console: Console) -> None:
        self._cpu, self._clock, self._console = cpu, clock, console
        self._calls: dict[int, Callable[[int], int]] = {
            0x01: self._open,
            0x02: lambda _: 0,  # SYS_CLOSE
            0x03: self._write_character,
            0x04: self._write_text,
            0x05: self._write,
            0x06: lambda at: self._word(at, 2),  # SYS_READ: so many bytes were not read
            0x08: lambda at: 0 if self._word(at) <= _STDIN else 1,  # SYS_ISERROR
            0x09: lambda _: 1,  # SYS_ISTTY
            0x0C: lambda _: 0,  # SYS_FLEN
            0x10: lambda _: self._clock.now * 100 // self._clock.hz,
            0x11: lambda _: self._clock.now // self._clock.hz,
            0x13: lambda _: 0,  # SYS_ERRNO
            0x15: self._command_line,
            0x16: self._heap,
            0x30: self._elapsed,
            0x31: lambda _: self._clock.hz,
        }

    def call(self) -> Exit | None:
        """Do what r0 asks for; an Exit where that is the end."""
        operation, argument = self._cpu.r(0), self._cpu.r(1)
        if operation == 0x18:
            return Exit(0 if argument == _APPLICATION_EXIT else 1)
        if operation == 0x20:
            reason, status = self._word(argument), self._word(argument, 1)
            return Exit(status if reason == _APPLICATION_EXIT else 1)
        handler = self._calls.get(operation)
        self._cpu.set_r(0, handler(argument) if handler else _FAILED)
        return None

    def _word(self, block: int, index: int = 0) -> int:
        return self._cpu.word(block + 4 * index)

    def _put(self, data: bytes) -> None:
        self._console.put("semihosting", data)

    def _open(self, block: int) -> int:
        name = self._cpu.read(self._word(block), self._word(block, 2))
        if name != b":tt":
            return _FAILED
        # The mode is fopen's: r, w, a, each four of them.
        return {0: _STDIN, 1: _STDOUT}.get(self._word(block, 1) // 4, _STDERR)

    def _write_character(self, address: int) -> int:
        self._put(self._cpu.read(address, 1))
        return 0

    def _write_text(self, address: int) -> int:
        self._put(self._cpu.read(address, _LONGEST).split(b"\0")[0])
        return 0

    def _write(self, block: int) -> int:
        handle, start, size = (self._word(block, n) for n in range(3))
        if handle not in (_STDOUT, _STDERR):
            return size
        data = self._cpu.read(start, size)
        self._put(data)
        return size - len(data)

    def _command_line(self, block: int) -> int:
        buffer, size = self._word(block), self._word(block, 1)
        if not size or not self._writes(buffer, b"\0") or not self._writes(block + 4, bytes(4)):
            return _FAILED
        return 0

    def _heap(self, block: int) -> int:
        # Zeros: the debugger has no opinion on where heap and stack are.
        return 0 if self._writes(self._word(block), bytes(16)) else _FAILED

    def _elapsed(self, block: int) -> int:
        return 0 if self._writes(block, self._clock.now.to_bytes(8, "little")) else _FAILED

    def _writes(self, address: int, data: bytes) -> bool:
        memory = self._cpu.memory_at(address)
        if memory is None or not memory.writable:
            return False
        try:
            self._cpu.write(address, data)
        except ValueError:
            return False
        return True

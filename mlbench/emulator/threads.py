"""Where the stack of a thread lies: from the kernel's own records, symbols, or the word at its bottom.

RTX 5's thread block and kernel block are those of its header rtx_os.h (CMSIS 5.7, "RTX v5
Implementation", osRtxThread_t and osRtxInfo_t); the offsets are the ones that its assembly uses
(irq_armv7m.S: I_T_RUN_OFS, TCB_SM_OFS, TCB_SP_OFS).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from mlbench.core.firmware import ThreadRecords
from mlbench.elf.composed import read_parts
from mlbench.elf.image import Image, Symbol
from mlbench.emulator.chip import Region
from mlbench.emulator.cpu import Cpu

RTX_CURRENT = 20
"""Of osRtxInfo: thread.run.curr."""
RTX_THREAD_ID = 0xF1
RTX_NAME, RTX_STACK_MEMORY, RTX_STACK_SIZE = 4, 48, 52
RTX_MAGIC = 0xE25A2EA5
"""osRtxStackMagicWord, the lowest word of a thread's stack."""

_LONGEST_NAME = 32
_LARGEST_STACK = 0x10000
"""So far below SP the magic word is looked for."""
_LEAST_STACK = 64
_TOP_SLACK = 512
"""A thread begins that near to the end of the object that is its stack: a kernel may put a block on it."""


@dataclass(frozen=True)
class Bounds:
    """A thread's stack: its lowest address and, where it is known, its size in bytes."""

    name: str
    low: int
    size: int | None


class ThreadFinder:
    """Finds the stack that a thread runs on."""

    def __init__(self, image: Image, cpu: Cpu, ram: Region) -> None:
        self._cpu, self._ram = cpu, ram
        info = image.symbol("osRtxInfo")
        self._rtx = info.address if info is not None and info.kind == "object" else 0
        parts = read_parts(image)
        self._zephyr = parts.threads if parts is not None else None
        self._objects = sorted(
            (
                symbol
                for symbol in image.symbols
                if symbol.kind == "object" and symbol.size >= _LEAST_STACK and ram.holds(symbol.address)
            ),
            key=lambda symbol: symbol.address,
        )
        self._starts = [s.address for s in self._objects]

    def running(self) -> Bounds | None:
        """The thread that RTX or Zephyr says is running; None where there is neither, or not yet."""
        if self._zephyr is not None:
            return self._of_zephyr(self._zephyr)
        if not self._rtx:
            return None
        block = self._cpu.word(self._rtx + RTX_CURRENT)
        if not self._ram.holds(block) or self._cpu.read(block, 1) != bytes([RTX_THREAD_ID]):
            return None
        low, size = self._cpu.word(block + RTX_STACK_MEMORY), self._cpu.word(block + RTX_STACK_SIZE)
        if not self._ram.holds(low) or not _LEAST_STACK <= size <= self._ram.end - low:
            return None
        return Bounds(self._text(self._cpu.word(block + RTX_NAME)), low, size)

    def _of_zephyr(self, records: ThreadRecords) -> Bounds | None:
        thread = self._cpu.word(records.current)
        if not self._ram.holds(thread):
            return None
        low = self._cpu.word(thread + records.stack_start)
        size = self._cpu.word(thread + records.stack_size)
        if not self._ram.holds(low) or not _LEAST_STACK <= size <= self._ram.end - low:
            return None
        return Bounds(self._text(thread + records.name), low, size)

    def beginning(self, sp: int) -> Bounds | None:
        """The stack of a thread that is seen for the first time, with SP where it begins."""
        symbol = self.object_at(sp - 1)
        if symbol is not None and symbol.address + symbol.size - sp <= _TOP_SLACK:
            return Bounds(symbol.name, symbol.address, symbol.size)
        start = max(self._ram.start, sp - _LARGEST_STACK)
        below = self._cpu.read(start, max(0, sp - start))
        at = below.rfind(RTX_MAGIC.to_bytes(4, "little"))
        while at >= 0 and (start + at) % 8:
            at = below.rfind(RTX_MAGIC.to_bytes(4, "little"), 0, at + 3)
        return Bounds("", start + at, None) if at >= 0 else None

    def object_at(self, address: int) -> Symbol | None:
        """The variable in RAM that holds ``address``."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        symbol = self._objects[index]
        return symbol if address < symbol.address + symbol.size else None

    def _text(self, address: int) -> str:
        raw = self._cpu.read(address, _LONGEST_NAME).partition(b"\0")[0]
        return raw.decode("ascii") if raw.isascii() and raw.decode("ascii").isprintable() else ""

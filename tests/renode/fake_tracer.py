"""The stand-in's execution tracer, in the format of Renode's (``TraceBinaryWriter.cs``, version 5).

Accesses are computed from the instructions and the registers before them: Unicorn's hooks of memory change
what the code does that it runs.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import unicorn

from mlbench.cycles.decode import decode
from mlbench.cycles.insn import PC, Insn
from mlbench.cycles.sums import Pointer, pointer

if TYPE_CHECKING:
    from fake_machine import RenodeLike

_DIVIDE = "div"


class Tracer:
    """Writes each instruction that is executed from now on to a compressed file."""

    def __init__(self, behind: RenodeLike, path: Path) -> None:
        self._machine = behind.machine
        self._file = gzip.GzipFile(path, "xb", compresslevel=1)
        self._file.write(b"ReTrace\x05\x04\x00")
        self.tracks_memory = False
        self._divides: list[int] = []
        self._known: dict[int, tuple[bytes, Insn, Pointer | None]] = {}
        self._last = (-1, -1)
        self._in_it: list[int] = []
        self.count = 0
        self._hook = self._machine.cpu.uc.hook_add(unicorn.UC_HOOK_CODE, self._executed)
        self._machine.cpu.uc.ctl_flush_tb()

    def TrackRegisters(self, registers: list[int], mask: int, value: int, before: bool) -> None:  # noqa: N802
        assert (mask, value, before) == (0xFFD0, 0xFB90, True)
        self._divides = list(registers)

    def _executed(self, _uc: Any, address: int, _size: int, _user: object) -> None:
        # A stop before an instruction that is then looked at again is none more.
        now = address, self._machine.hook.instructions
        if now == self._last:
            return
        self._last = now
        # What an IT block leaves out is told here by its absence; Renode lists it like all others.
        while self._in_it and self._in_it[0] != address:
            self._write(self._in_it.pop(0), b"")
        if self._in_it:
            del self._in_it[0]
        _, insn, where = self._known_at(address)
        first = self._machine.cpu.halfwords(address)[0] if insn.kind == "it" else 0
        if first & 15:
            at = address + 2
            for _ in range(4 - ((first & -first).bit_length() - 1)):
                self._in_it.append(at)
                at += self._known_at(at)[1].size
        record = b""
        if self._divides and insn.kind == _DIVIDE:
            record = self._registers()
        elif self.tracks_memory and where is not None:
            record = self._accesses(insn, where, address)
        self._write(address, record)

    def _write(self, address: int, record: bytes) -> None:
        self.count += 1
        self._file.write(self._known_at(address)[0] + record + b"\0")

    def _known_at(self, address: int) -> tuple[bytes, Insn, Pointer | None]:
        if address not in self._known:
            halves = self._machine.cpu.halfwords(address)
            insn = decode(address, *halves)
            self._known[address] = struct.pack("<I", address), insn, pointer(*halves, insn)
        return self._known[address]

    def _registers(self) -> bytes:
        record = bytes((4, 1, len(self._divides)))
        for number in self._divides:
            name = f"R{number}".encode()
            record += bytes((len(name),)) + name + b"\x04" + struct.pack("<I", self._machine.cpu.r(number))
        return record

    def _accesses(self, insn: Insn, where: Pointer, pc: int) -> bytes:
        cpu = self._machine.cpu
        base = 0 if where.base < 0 else (pc + 4 & ~3) if where.base == PC else cpu.r(where.base)
        address = base + where.offset + (cpu.r(where.scaled) << where.shift if where.scaled >= 0 else 0)
        stores = "store" in insn.kind
        if where.base == 13 and where.moves < 0 and where.offset == 0:
            address += where.moves
        count = max(1, insn.transfers) if "multiple" in insn.kind or "pop" in insn.kind else 1
        if "double" in insn.kind or insn.kind.startswith("float"):
            count = max(count, insn.transfers)
        value = self._stored(pc) if stores and count == 1 else 0
        record = b""
        for number in range(count):
            at = address + 4 * number & 0xFFFFFFFF
            plain = cpu.memory_at(at) is not None
            record += b"\x01" + struct.pack("<BQQQ", (2 if plain else 0) + stores, at, value, at)
        return record

    def _stored(self, pc: int) -> int:
        first, second = self._machine.cpu.halfwords(pc)
        if first >> 11 in (0b11101, 0b11110, 0b11111):
            return self._machine.cpu.r(second >> 12)
        return self._machine.cpu.r(first >> 8 & 7 if first >> 12 == 9 else first & 7)

    def end(self) -> None:
        self._machine.cpu.uc.hook_del(self._hook)
        self._machine.cpu.uc.ctl_flush_tb()
        self._file.close()

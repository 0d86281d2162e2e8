"""Registers of the CPU emulation that Unicorn has no names for: the MPU, FPCCR, FPDSCR, fault addresses.

A saved context holds the CPU's whole state, and is how they are read and written. Where they lie in it is
found out, once a process: the exception number is looked for by writing it, and the fields around it must
hold what a reset Cortex-M4 has there. Where that fails, ``available`` is False: the MPU is then not
enforced, and the machine says so.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import unicorn
from unicorn import arm_const as arm

# Relative to the exception number, in the order of Unicorn 2.1's state of an M-profile CPU; fields that
# ARMv8-M banks come in pairs.
_MPU_CTRL, _AIRCR, _FPCCR, _FPDSCR, _NSACR = -8, 20, 68, 76, 92
_SYNDROME, _FSR, _FAULT_ADDRESS = 96, 100, 104
_AT_RESET = ((_AIRCR, 0x2000), (_FPCCR, 0x80000000), (_FPCCR + 4, 0xC0000004), (_NSACR, 0xCFF))
_REGIONS = 8
_TAIL = 3 * 4 * (1 + _REGIONS) + 6 * 4
"""Behind the state come three arrays of the MPU, each with its length, and six absent ones of ARMv8-M."""

_OBJECT_BYTES = 1 << 15
"""Behind the start of the state, for its pointers to the arrays."""
_REGISTERS = range(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R0 + 13)

_known: list[int] = []
_pointers: list[int] = []
"""Where in the state are those to the arrays of the MPU: the same for all CPUs of a process."""


def _address(context: unicorn.unicorn.UcContext) -> int:
    value = ctypes.cast(context.context, ctypes.c_void_p).value
    assert value is not None
    return value


def _content(uc: unicorn.Uc) -> bytes:
    context = uc.context_save()
    return ctypes.string_at(_address(context), context.size)


def _find(uc: unicorn.Uc) -> int | None:
    before = uc.reg_read(arm.UC_ARM_REG_IPSR)
    places: set[int] | None = None
    for number in (0x155, 0x0AA):
        uc.reg_write(arm.UC_ARM_REG_IPSR, number)
        words = memoryview(_content(uc)).cast("I")
        matches = {4 * n for n, word in enumerate(words) if word == number}
        places = matches if places is None else places & matches
    uc.reg_write(arm.UC_ARM_REG_IPSR, before)
    content = _content(uc)
    tail = len(content) - _TAIL
    for place in sorted(places or ()):
        fits = place + _FAULT_ADDRESS + 8 <= tail and all(
            struct.unpack_from("<I", content, place + offset)[0] == value for offset, value in _AT_RESET
        )
        if fits and struct.unpack_from("<I", content, tail)[0] == _REGIONS:
            return place
    return None


class LiveMpu(NamedTuple):
    """Host addresses: MPU_CTRL, twice in a row, and for all regions RBAR, and the two halves of RASR."""

    control: int
    regions: tuple[int, int, int]


def _live(content: bytes, registers: int, at: int, memory: int) -> LiveMpu | None:
    """See ``CpuFields.live``. The state that ``content`` is a copy of is where its registers are.

    The regions are behind pointers in it, which are found by what they point to.
    """
    size = 4 * (1 + _REGIONS)
    tail = len(content) - _TAIL
    numbers = content.find(os.pread(memory, 4 * len(_REGISTERS), registers))
    if numbers < 0:
        return None
    base, first, last = registers - numbers, at + _MPU_CTRL, at + _FAULT_ADDRESS + 8
    if os.pread(memory, last - first, base + first) != content[first:last]:
        return None
    patterns = [content[tail + n * size + 4 : tail + (n + 1) * size] for n in range(3)]
    if not _pointers:
        _pointers.extend(_find_pointers(os.pread(memory, _OBJECT_BYTES, base), patterns, memory))
    if len(_pointers) != len(patterns):
        return None
    places = [int.from_bytes(os.pread(memory, 8, base + offset), "little") for offset in _pointers]
    if any(_peek(memory, place) != pattern for place, pattern in zip(places, patterns, strict=True)):
        return None
    return LiveMpu(base + first, (places[0], places[1], places[2]))


def _find_pointers(state: bytes, patterns: list[bytes], memory: int) -> list[int]:
    """Where in a state are pointers to the patterns: offsets in their order; fewer where one is not there."""
    pointers: dict[bytes, int] = {}
    for offset in range(0, len(state) - 7, 8):
        place = int.from_bytes(state[offset : offset + 8], "little")
        if place % 4 == 0 and 0x1000 < place < 1 << 47:
            pattern = _peek(memory, place)
            if pattern in patterns:
                pointers.setdefault(pattern, offset)
    return [pointers[pattern] for pattern in patterns if pattern in pointers]


def _peek(memory: int, place: int) -> bytes:
    try:
        return os.pread(memory, 4 * _REGIONS, place)
    except OSError:
        return b""


class CpuFields:
    """Reads and writes them. Made when the CPU is fresh."""

    def __init__(self, uc: unicorn.Uc) -> None:
        self._uc = uc
        if not _known:
            place = _find(uc)
            if place is not None:
                _known.append(place)
        self._at = _known[0] if _known else 0
        self.available = bool(_known)

    def _read(self, offset: int) -> int:
        return int(struct.unpack_from("<I", _content(self._uc), self._at + offset)[0])

    def _write(self, *fields: tuple[int, bytes]) -> None:
        context = self._uc.context_save()
        start = _address(context)
        for offset, data in fields:
            ctypes.memmove(start + offset, data, len(data))
        self._uc.context_restore(context)

    def fault(self) -> tuple[int, int]:
        """Address and kind (the low 4 bits of a fault status register) of the last fault of memory."""
        content = _content(self._uc)
        address, kind = (struct.unpack_from("<I", content, self._at + n)[0] for n in (_FAULT_ADDRESS, _FSR))
        return address, kind & 15

    def set_floating(self, automatic: bool, default: int) -> None:
        """FPCCR.ASPEN, and FPDSCR: what FPSCR is for a new floating-point context."""
        if not self.available:
            return
        control = 0x80000000 if automatic else 0
        # Unicorn looks at the secure bank for ASPEN; both are written as one.
        self._write(
            (self._at + _FPCCR, struct.pack("<2I", control, control | 0x40000004)),
            (self._at + _FPDSCR, struct.pack("<2I", default, default)),
        )

    def live(self, registers: int) -> LiveMpu | None:
        """Where what ``set_mpu`` writes lies in the running CPU; None where that cannot be told.

        Args:
            registers: host address of r0 (``cpu_registers.find_registers``).
        """
        if not self.available:
            return None
        before = self._uc.context_save()
        content = self._patterned()
        try:
            with Path("/proc/self/mem").open("rb", buffering=0) as memory:
                return _live(content, registers, self._at, memory.fileno())
        except OSError:
            return None
        finally:
            self._uc.context_restore(before)

    def _patterned(self) -> bytes:
        """The CPU's state with numbers in registers and regions that are nowhere else."""
        words = iter(range(0x5EED0020, 0x7EED0020, 0x10020))
        for register in _REGISTERS:
            self._uc.reg_write(register, next(words))
        size = ctypes.sizeof(ctypes.c_uint32) * (1 + _REGIONS)
        tail = self._uc.context_save().size - _TAIL
        regions = [[next(words) for _ in range(_REGIONS)] for _ in range(3)]
        self._write(
            *((tail + n * size + 4, struct.pack(f"<{_REGIONS}I", *each)) for n, each in enumerate(regions))
        )
        return _content(self._uc)

    def set_mpu(self, control: int, bases: Sequence[int], attributes: Sequence[int]) -> None:
        """MPU_CTRL, and RBAR and RASR of each region."""
        size = ctypes.sizeof(ctypes.c_uint32) * (1 + _REGIONS)
        tail = self._uc.context_save().size - _TAIL
        arrays = (
            [base & ~0x1F for base in bases],
            [value & 0xFF3F for value in attributes],
            [value >> 16 & 0x173F for value in attributes],
        )
        self._write(
            (self._at + _MPU_CTRL, struct.pack("<2I", control, control)),
            *((tail + n * size + 4, struct.pack(f"<{_REGIONS}I", *a)) for n, a in enumerate(arrays)),
        )
        self._uc.ctl(unicorn.UC_CTL_TLB_FLUSH, unicorn.UC_CTL_IO_WRITE)

"""Registers of the CPU emulation that Unicorn has no names for: the MPU, FPCCR, FPDSCR, fault addresses.

A saved context holds the CPU's whole state, and is how they are read and written. Where they lie in it is
found out, once a process: the exception number is looked for by writing it, and the fields around it must
hold what a reset Cortex-M4 has there. Where that fails, ``available`` is False: the MPU is then not
enforced, and the machine says so.
"""

from __future__ import annotations

import ctypes
import struct

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

_known: list[int] = []


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

    def set_mpu(self, control: int, bases: list[int], attributes: list[int]) -> None:
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

"""What decides on exceptions, shared by ``_block_hook.c`` and Python: the NVIC's state, some registers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, MutableSet
from enum import IntEnum

from unicorn import arm_const as arm

_WORDS = 8
MOST_EXCEPTIONS = 32 * _WORDS

_REGISTERS = {
    "xpsr": arm.UC_ARM_REG_XPSR,
    "ipsr": arm.UC_ARM_REG_IPSR,
    "iepsr": arm.UC_ARM_REG_IEPSR,
    "control": arm.UC_ARM_REG_CONTROL,
    "primask": arm.UC_ARM_REG_PRIMASK,
    "basepri": arm.UC_ARM_REG_BASEPRI,
    "faultmask": arm.UC_ARM_REG_FAULTMASK,
    "psp": arm.UC_ARM_REG_PSP,
    "msp": arm.UC_ARM_REG_MSP,
    "nzcv": arm.UC_ARM_REG_APSR_NZCV,
    "nzcvqg": arm.UC_ARM_REG_XPSR_NZCVQG,
    "fpscr": arm.UC_ARM_REG_FPSCR,
    "s0": arm.UC_ARM_REG_S0,
}


_REGIONS = 8
_KEPT = 4
"""So many accesses of registers in one block are dealt with in C; further ones are the host's."""


class RunningMode(IntEnum):
    """Which stack the CPU uses, where that is known; shared with ``_block_hook.c``."""

    MAIN = 0
    HANDLER = 1
    PROCESS = 2
    UNKNOWN = 3


Switched = Callable[[int, int], None]
"""Told where stacks may change: the frame of an exception, or 0, and a ``RunningMode``."""


class LastRead(ctypes.Structure):
    """Mirror of ``last_read_t``."""

    _fields_ = [
        ("cycles", ctypes.c_uint64),
        ("distance", ctypes.c_uint64),
        ("waited", ctypes.c_uint64),
        ("address", ctypes.c_uint32),
        ("value", ctypes.c_uint32),
    ]


class KeptAccess(ctypes.Structure):
    """Mirror of ``kept_t``."""

    _fields_ = [
        ("address", ctypes.c_uint32),
        ("stores", ctypes.c_uint32),
        ("registers", ctypes.c_uint32 * 16),
    ]


class CoreRecord(ctypes.Structure):
    """Mirror of ``core_t``."""

    _fields_ = [
        *((name, ctypes.c_uint32 * _WORDS) for name in ("enabled", "pending", "active", "lines")),
        ("priority", ctypes.c_uint8 * MOST_EXCEPTIONS),
        *(
            (name, ctypes.c_uint32)
            for name in (
                *("group", "priority_mask", "vector_table", "scr", "ccr", "shcsr", "demcr", "fpccr", "fpcar"),
                *("mpu_on", "mpu_default", "mpu_control", "mpu_region"),
            )
        ),
        ("mpu_bases", ctypes.c_uint32 * _REGIONS),
        ("mpu_attributes", ctypes.c_uint32 * _REGIONS),
        *(
            (name, ctypes.c_uint32)
            for name in (
                *("host", "taken", "entry_cycles", "exit_cycles", "chain_cycles", "float_cycles"),
                *("ram_start", "ram_size", "host_calls"),
            )
        ),
        *((name, ctypes.c_int32) for name in _REGISTERS),
        ("ram", ctypes.c_void_p),
        ("last_read", ctypes.c_void_p),
        ("kept_at", ctypes.c_uint64),
        *((name, ctypes.c_uint32) for name in ("end", "reads_told", "touched", "count", "kept")),
        ("accesses", KeptAccess * _KEPT),
        ("flush", ctypes.c_uint32),
        ("ctl", ctypes.c_void_p),
        ("live_control", ctypes.c_void_p),
        ("live_regions", ctypes.c_void_p * 3),
    ]


def make_record() -> CoreRecord:
    """A record that knows Unicorn's numbers of registers; all else is 0."""
    record = CoreRecord()
    for name, number in _REGISTERS.items():
        setattr(record, name, number)
    return record


class ExceptionSet(MutableSet[int]):
    """A set of exception numbers, in the words of a record."""

    def __init__(self, words: ctypes.Array[ctypes.c_uint32]) -> None:
        self._words = words

    def _bits(self) -> int:
        return int.from_bytes(self._words, "little")

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        return bool(self._words[number >> 5] >> (number & 31) & 1)

    def __iter__(self) -> Iterator[int]:
        bits = self._bits()
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest

    def __len__(self) -> int:
        return self._bits().bit_count()

    def __bool__(self) -> bool:
        return bool(self._bits())

    def add(self, value: int) -> None:
        """Take a number in."""
        self._words[value >> 5] |= 1 << (value & 31)

    def discard(self, value: int) -> None:
        """Take a number out, if it is there."""
        self._words[value >> 5] &= ~(1 << (value & 31)) & 0xFFFFFFFF

    def clear(self) -> None:
        """Take all out."""
        self._words[:] = [0] * _WORDS

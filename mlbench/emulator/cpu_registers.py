"""Where Unicorn keeps the registers of an emulated CPU, so that the block hook can read them in place.

Unicorn has no call for this. The place is found by what it holds: distinctive values are written to the
registers through the ordinary interface, and looked for in the memory that the CPU's handle points to.
Two rounds with different values must find one and the same place; else there is none, and the block hook
asks Unicorn for each register, which takes longer and gives the same. Memory is read through
/proc/self/mem, where a bad pointer is an error and not a crash.
"""

from __future__ import annotations

import itertools
import os
import random
import struct
from pathlib import Path

import unicorn
from unicorn import arm_const as arm

_HANDLE_BYTES = 4096
_OBJECT_BYTES = 1 << 17
_REGISTERS = range(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R0 + 13)

_known: list[tuple[int, int]] = []
"""Where they were found so far: offset of the pointer in the handle, and of the registers behind it.

Most are the same for all CPUs of a process. But a pointer to something else may have led to them by chance.
"""
_seeds = itertools.count()


def find_registers(uc: unicorn.Uc) -> int | None:
    """Host address of r0, with r1 to r15 behind it as 32-bit words; None where it cannot be told."""
    handle = uc._uch.value
    saved = [uc.reg_read(register) for register in _REGISTERS]
    try:
        with Path("/proc/self/mem").open("rb", buffering=0) as memory:
            return _find(uc, handle, memory.fileno())
    except OSError:
        return None
    finally:
        for register, value in zip(_REGISTERS, saved, strict=True):
            uc.reg_write(register, value)


def _find(uc: unicorn.Uc, handle: int, memory: int) -> int | None:
    place = _at_known(uc, handle, memory)
    if place is None:
        first, second = (_candidates(uc, handle, memory) for _ in range(2))
        _known.extend(sorted(first & second - set(_known)))
        place = _at_known(uc, handle, memory)
    return place


def _at_known(uc: unicorn.Uc, handle: int, memory: int) -> int | None:
    pattern = _write_pattern(uc)
    for pointer_at, offset in _known:
        pointer = int.from_bytes(_read(memory, handle + pointer_at, 8), "little")
        if _read(memory, pointer + offset, len(pattern)) == pattern:
            return pointer + offset
    return None


def _write_pattern(uc: unicorn.Uc) -> bytes:
    rng = random.Random(next(_seeds))  # noqa: S311 - only has to be distinctive
    values = [rng.getrandbits(32) for _ in _REGISTERS]
    for register, value in zip(_REGISTERS, values, strict=True):
        uc.reg_write(register, value)
    return struct.pack(f"<{len(values)}I", *values)


def _candidates(uc: unicorn.Uc, handle: int, memory: int) -> set[tuple[int, int]]:
    pattern = _write_pattern(uc)
    pairs: set[tuple[int, int]] = set()
    content = _read(memory, handle, _HANDLE_BYTES)
    for at in range(0, len(content) - 7, 8):
        pointer = int.from_bytes(content[at : at + 8], "little")
        if pointer % 8 or not 0x1000 < pointer < 1 << 47:
            continue
        offset = _read(memory, pointer, _OBJECT_BYTES).find(pattern)
        if offset >= 0 and offset % 4 == 0:
            pairs.add((at, offset))
    return pairs


def _read(memory: int, address: int, size: int) -> bytes:

    try:
        return os.pread(memory, size, address)
    except OSError:
        return b""

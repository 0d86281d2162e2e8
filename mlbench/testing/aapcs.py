"""Where arguments go and results come from: the Procedure Call Standard for the Arm Architecture (AAPCS32).

Base standard for core registers and stack (6.5, "Parameter passing"), and the VFP variant (7.1.2.4), by which
Arduino's Cortex-M4F cores are built (``-mfloat-abi=hard``).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from mlbench.elf.types import Type, ValueKind
from mlbench.errors import UsageError

_CORE_REGISTERS = 4
_FLOAT_REGISTERS = 16


@dataclass(frozen=True)
class CallWords:
    """The words of a call: r0 to r3, s0 to s15 as bits (none without floats), what lies at SP and above."""

    core: tuple[int, ...]
    floats: tuple[int, ...]
    stack: bytes


def place(values: Sequence[int | float], types: Sequence[Type], *, base: bool = False) -> CallWords:
    """Put arguments where a function looks for them.

    Args:
        values: numbers; addresses for pointers.
        types: of each value.
        base: the base standard holds, without float registers: of softfp firmware, and of functions that
            take any number of arguments.

    Raises:
        UsageError: a value does not fit its type, or the type cannot be passed from outside.
    """
    placing = _Placing(base)
    for number, (value, kind) in enumerate(zip(values, types, strict=True)):
        placing.add(_bytes_of(value, kind, number), kind)
    floats = tuple(placing.floats) if any(kind.kind is ValueKind.FLOAT for kind in types) else ()
    return CallWords(tuple(placing.core), floats, bytes(placing.stack))


class _Placing:
    """The state of 6.5: next core register, next float register, next address on the stack."""

    def __init__(self, base: bool) -> None:
        self.core = [0] * _CORE_REGISTERS
        self.floats = [0] * _FLOAT_REGISTERS
        self.stack = bytearray()
        self._next_core = 0
        self._free = [] if base else list(range(_FLOAT_REGISTERS))
        self._base = base

    def add(self, data: bytes, kind: Type) -> None:
        if kind.kind is ValueKind.FLOAT and not self._base:
            self._add_float(data)
        else:
            self._add_core(data)

    def _add_float(self, data: bytes) -> None:
        # C.1.vfp: the lowest register of its size that is free, also one left between others.
        words = len(data) // 4
        at = next(
            (n for n in self._free if n % words == 0 and all(n + k in self._free for k in range(words))), None
        )
        if at is None:
            # C.2.vfp: from now on all floats go to the stack.
            self._free = []
            self._push(data)
            return
        for k in range(words):
            self._free.remove(at + k)
            self.floats[at + k] = int.from_bytes(data[4 * k : 4 * k + 4], "little")

    def _add_core(self, data: bytes) -> None:
        words = len(data) // 4
        if words == 2:
            self._next_core += self._next_core & 1  # C.3
        if self._next_core + words <= _CORE_REGISTERS:  # C.4
            for k in range(words):
                self.core[self._next_core + k] = int.from_bytes(data[4 * k : 4 * k + 4], "little")
            self._next_core += words
            return
        self._next_core = _CORE_REGISTERS  # C.6
        self._push(data)

    def _push(self, data: bytes) -> None:
        if len(data) == 8 and len(self.stack) % 8:
            self.stack += bytes(4)  # C.7
        self.stack += data  # C.8


def _bytes_of(value: int | float, kind: Type, number: int) -> bytes:
    """A value as the words that are passed: small integers are widened to one."""
    where = f"argument {number}"
    if kind.kind in (ValueKind.AGGREGATE, ValueKind.OTHER, ValueKind.VOID):
        what = f"{where} is passed by value as a {kind}"
        raise UsageError(what, do="call a function that takes its address, or numbers")
    if kind.kind is ValueKind.FLOAT:
        if kind.size not in (4, 8):
            raise UsageError(f"{where} is a {kind}", do="call a function that takes float or double")
        try:
            return struct.pack("<f" if kind.size == 4 else "<d", value)
        except (struct.error, OverflowError, TypeError):
            raise UsageError(f"{where}: {value!r} is no {kind}", do="give a number that fits") from None
    if isinstance(value, float) or int(value) != value:
        raise UsageError(f"{where}: {value!r} is no {kind}", do="give a whole number")
    bits = 8 * kind.size
    low, high = (-(1 << bits - 1), 1 << bits - 1) if kind.kind is ValueKind.SIGNED else (0, 1 << bits)
    if kind.kind is ValueKind.POINTER:
        low = 0
    if not low <= value < high:
        raise UsageError(f"{where}: {value} does not fit a {kind}", do="give a number that fits")
    size = 8 if kind.size == 8 else 4
    return (int(value) & (1 << 8 * size) - 1).to_bytes(size, "little")


def result(
    kind: Type, core: Sequence[int], floats: Sequence[int], *, base: bool = False
) -> int | float | bool | None:
    """The value that a function returned, from r0 and r1 or s0 and s1 as they are behind it (6.6, 7.1.2.5).

    Raises:
        UsageError: it returns a structure.
    """
    if kind.kind is ValueKind.VOID:
        return None
    if kind.kind in (ValueKind.AGGREGATE, ValueKind.OTHER):
        raise UsageError(f"it returns a {kind}", do="call a function that writes it to an address")
    words = floats if kind.kind is ValueKind.FLOAT and not base else core
    data = b"".join(word.to_bytes(4, "little") for word in words[:2])
    if kind.kind is ValueKind.FLOAT:
        number: float = struct.unpack("<f" if kind.size == 4 else "<d", data[: kind.size])[0]
        return number
    if kind.kind is ValueKind.BOOLEAN:
        return bool(data[0])
    return int.from_bytes(data[: kind.size], "little", signed=kind.kind is ValueKind.SIGNED)

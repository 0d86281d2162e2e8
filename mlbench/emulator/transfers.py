"""What a load or store that faulted must still do to its registers, where the firmware goes on behind it.

ARMv7-M Architecture Reference Manual (DDI 0403E), A5.2 and A5.3 (encodings of loads and stores).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

_IT = 0x0600FC00
"""ICI/IT bits of xPSR (B1.4.2)."""


class StoreInstruction(NamedTuple):
    """A store: its size in bytes, and what it adds to a base register (none: -1)."""

    size: int
    base: int = -1
    change: int = 0


def decode_store(first: int, second: int) -> StoreInstruction | None:
    """The store that two halfwords hold; None if they hold another instruction or an exclusive store."""
    if first >> 11 < 0b11101:
        return _narrow(first)
    if first & 0xFE00 == 0xE800:
        return _multiple(first, second)
    if first & 0xFF10 == 0xF800 and first & 0x60 != 0x60:
        return _single(first, second)
    if first & 0xFE10 == 0xEC00 and second & 0x0E00 == 0x0A00:
        return _floating(first, second)
    return None


def _narrow(code: int) -> StoreInstruction | None:
    if code & 0xF600 == 0xB400:
        return StoreInstruction(2, 13, -4 * (code & 0x1FF).bit_count())
    if code & 0xF800 == 0xC000:
        return StoreInstruction(2, code >> 8 & 7, 4 * (code & 0xFF).bit_count())
    offset = code & 0xF000 == 0x5000 and code >> 9 & 7 < 3
    immediate = code & 0xF800 in (0x6000, 0x7000, 0x8000, 0x9000)
    return StoreInstruction(2) if offset or immediate else None


def _signed(up: int, amount: int) -> int:
    return amount if up else -amount


def _single(first: int, second: int) -> StoreInstruction:
    # T4 has an 8-bit immediate, which may be written back; T3 (bit 7 of the first half) has 12 bits.
    if not first & 0x80 and second & 0x900 == 0x900:
        return StoreInstruction(4, first & 15, _signed(second & 0x200, second & 0xFF))
    return StoreInstruction(4)


def _multiple(first: int, second: int) -> StoreInstruction | None:
    load, back, up = first & 0x10, first & 0x20, first & 0x80
    if load:
        return None
    if first & 0x40:
        # STRD; without P and W it is an exclusive store.
        if not first & 0x100 and not back:
            return None
        return (
            StoreInstruction(4, first & 15, _signed(up, 4 * (second & 0xFF))) if back else StoreInstruction(4)
        )
    amount = 4 * second.bit_count()
    return (
        StoreInstruction(4, first & 15, amount if first & 0x80 else -amount) if back else StoreInstruction(4)
    )


def _floating(first: int, second: int) -> StoreInstruction:
    if first & 0x20:
        return StoreInstruction(4, first & 15, _signed(first & 0x80, 4 * (second & 0xFF)))
    return StoreInstruction(4)


class Piece(NamedTuple):
    """What one access of a store writes."""

    address: int
    data: bytes


def pieces(
    first: int, second: int, core: Callable[[int], int], double: Callable[[int], int]
) -> tuple[Piece, ...] | None:
    """The accesses of a store of a word or halfword, or of double-precision registers; None: another one.

    Args:
        first: the instruction's first halfword.
        second: its second halfword; what follows, where it has one alone.
        core: gives a core register's value.
        double: gives a double-precision register's value.
    """
    if first >> 11 < 0b11101:
        return _narrow_piece(first, core)
    if first & 0xFF10 == 0xF800 and first & 0x60 in (0x20, 0x40):
        size = 4 if first & 0x40 else 2
        return (Piece(_single_address(first, second, core), _bytes(core(second >> 12), size)),)
    if first & 0xFE10 == 0xEC00 and second & 0x0F00 == 0x0B00:
        return _double_pieces(first, second, core(first & 15), double)
    return None


def _bytes(value: int, size: int) -> bytes:
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _narrow_piece(code: int, core: Callable[[int], int]) -> tuple[Piece, ...] | None:
    base, operand = core(code >> 3 & 7), code >> 6 & 31
    if code & 0xFC00 == 0x5000:
        size, address = (2 if code & 0x200 else 4), base + core(code >> 6 & 7)
    elif code & 0xF800 == 0x6000:
        size, address = 4, base + 4 * operand
    elif code & 0xF800 == 0x8000:
        size, address = 2, base + 2 * operand
    elif code & 0xF800 == 0x9000:
        return (Piece(core(13) + 4 * (code & 0xFF) & 0xFFFFFFFF, _bytes(core(code >> 8 & 7), 4)),)
    else:
        return None
    return (Piece(address & 0xFFFFFFFF, _bytes(core(code & 7), size)),)


def _single_address(first: int, second: int, core: Callable[[int], int]) -> int:
    base = core(first & 15)
    if first & 0x80:
        base += second & 0xFFF
    elif not second & 0x800:
        base += core(second & 15) << (second >> 4 & 3)
    elif second & 0x400:
        base += _signed(second & 0x200, second & 0xFF)
    return base & 0xFFFFFFFF


def _double_pieces(first: int, second: int, base: int, double: Callable[[int], int]) -> tuple[Piece, ...]:
    register, amount = first >> 2 & 16 | second >> 12, 4 * (second & 0xFF)
    if first & 0x120 == 0x100:
        count, address = 1, base + _signed(first & 0x80, amount)
    else:
        count, address = (second & 0xFF) >> 1, base - (0 if first & 0x80 else amount)
    return tuple(Piece(address + 8 * n & 0xFFFFFFFF, _bytes(double(register + n), 8)) for n in range(count))


def is_unprivileged(first: int, second: int) -> bool:
    """Whether a store is STRT, STRHT or STRBT, which has the rights of unprivileged code (A7.7.167)."""
    return first & 0xFF90 == 0xF800 and second & 0xF00 == 0xE00


def further_words(first: int, second: int) -> list[int]:
    """The core registers that a store of several words writes behind its lowest word, in their order."""
    if first & 0xF800 == 0xC000:
        registers = [n for n in range(8) if first >> n & 1]
    elif first & 0xFE40 == 0xE840:
        registers = [second >> 12 & 15, second >> 8 & 15]
    elif first & 0xFE40 == 0xE800:
        registers = [n for n in range(15) if second >> n & 1]
    else:
        return []
    return registers[1:]


def it_state(xpsr: int) -> int:
    """ITSTATE of an xPSR."""
    return xpsr >> 25 & 3 | xpsr >> 8 & 0xFC


def after_instruction(xpsr: int) -> int:
    """xPSR with its IT state moved to the next instruction (ITAdvance)."""
    state = it_state(xpsr)
    state = state & 0xE0 | state << 1 & 0x1F if state & 7 else 0
    return xpsr & ~_IT | (state & 3) << 25 | (state & 0xFC) << 8

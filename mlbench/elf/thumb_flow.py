"""Where the instructions of a function lead: its edges, as far as the code itself says them.

Encodings are those of the Armv7-M Architecture Reference Manual (DDI 0403E), A5 and A7.7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_MOST_INSTRUCTIONS = 20_000
_MOST_STRAIGHT = 24
"""Instructions without a branch that a block may have in front of a place, or behind it."""


@dataclass(frozen=True)
class FunctionFlow:
    """Edges between instructions of a function, by their addresses."""

    edges: frozenset[tuple[int, int]]
    leaves: frozenset[int]
    """Instructions that end the function: returns, and branches out of it."""
    breaks: frozenset[int]
    """Instructions behind which a block of the emulator ends: branches and calls."""

    def began(self, address: int) -> frozenset[int] | None:
        """Where the blocks begin that run on to an address without a branch; None where that is too far."""
        starts = set[int]()
        for _ in range(_MOST_STRAIGHT):
            before = {at for at, to in self.edges if to == address}
            straight = {at for at in before if at not in self.breaks}
            if before - straight or not straight:
                starts.add(address)
            if not straight:
                return frozenset(starts)
            (address,) = straight
        return None

    def next_blocks(self, address: int) -> frozenset[int] | None:
        """The blocks that begin behind the next branch from an address; None where that is too far."""
        for _ in range(_MOST_STRAIGHT):
            after = {to for at, to in self.edges if at == address}
            if address in self.leaves:
                return None
            if address in self.breaks:
                return frozenset(after)
            if len(after) != 1:
                return None
            (address,) = after
        return None


@dataclass(frozen=True)
class _Step:
    size: int
    target: int | None = None
    goes_on: bool = True
    """Whether the next instruction may follow."""
    ends: bool = False
    known: bool = True


def flow_of(start: int, end: int, read: Callable[[int, int], bytes]) -> FunctionFlow | None:
    """The edges of a function from ``start`` to ``end``; None where a branch goes by a register or table."""
    edges: set[tuple[int, int]] = set()
    leaves: set[int] = set()
    breaks: set[int] = set()
    reached = {start}
    # Each with how many instructions of an IT block begin there.
    queue = [(start, 0)]
    while queue:
        address, conditional = queue.pop()
        if not start <= address < end or len(reached) > _MOST_INSTRUCTIONS:
            return None
        first, second = _halves(address, end, read)
        step = _step(first, second, address)
        if not step.known:
            return None
        block = _it_block(first) or max(0, conditional - 1)
        if step.ends:
            leaves.add(address)
        if (
            step.ends
            or step.target is not None
            or (step.size == 4 and _is_call(first, second))
            or _calls(first)
        ):
            breaks.add(address)
        targets = []
        if step.target is not None:
            if start <= step.target < end:
                targets.append((step.target, 0))
            else:
                leaves.add(address)
        if step.goes_on or conditional:
            targets.append((address + step.size, block))
        for target in targets:
            edges.add((address, target[0]))
            if target[0] not in reached:
                reached.add(target[0])
                queue.append(target)
    return FunctionFlow(frozenset(edges), frozenset(leaves), frozenset(breaks))


def calls_of(start: int, end: int, callee: int, read: Callable[[int, int], bytes]) -> tuple[int, ...]:
    """Where a function from ``start`` to ``end`` calls another by BL, as far as its bytes look like it."""
    return tuple(
        address
        for address in range(start, min(end - 2, start + 4 * _MOST_INSTRUCTIONS), 2)
        if _is_call(*_halves(address, end, read)) and _far(*_halves(address, end, read), address) == callee
    )


def _halves(address: int, end: int, read: Callable[[int, int], bytes]) -> tuple[int, int]:
    data = read(address, min(4, end - address)).ljust(4, b"\0")
    return int.from_bytes(data[:2], "little"), int.from_bytes(data[2:], "little")


def _it_block(first: int) -> int:
    """How many instructions an IT makes conditional; 0 for other instructions (A7.7, IT)."""
    mask = first & 0xF
    if first & 0xFF00 != 0xBF00 or not mask:
        return 0
    return 4 - ((mask & -mask).bit_length() - 1)


def _step(first: int, second: int, address: int) -> _Step:
    if first >> 11 in (0b11101, 0b11110, 0b11111):
        return _wide(first, second, address)
    if first & 0xF000 == 0xD000 and first & 0x0E00 != 0x0E00:
        return _Step(2, address + 4 + _signed(first & 0xFF, 8) * 2)
    if first & 0xF800 == 0xE000:
        return _Step(2, address + 4 + _signed(first & 0x7FF, 11) * 2, goes_on=False)
    if first & 0xF500 == 0xB100:
        return _Step(2, address + 4 + ((first >> 3 & 0x40) | (first >> 2 & 0x3E)))
    if first & 0xFF80 == 0x4700 or first & 0xFF00 == 0xBD00:
        return _Step(2, goes_on=False, ends=True)
    # MOV and ADD with PC as the destination.
    return _Step(2, known=first & 0xFF87 not in (0x4687, 0x4487))


def _wide(first: int, second: int, address: int) -> _Step:
    if first & 0xF800 == 0xF000 and second & 0x8000:
        if _is_call(first, second):
            return _Step(4)
        if second & 0x5000 == 0x1000:
            return _Step(4, _far(first, second, address), goes_on=False)
        if first >> 7 & 7 != 7 and not second & 0x5000:
            sign, bits = first >> 10 & 1, (second >> 11 & 1) << 1 | (second >> 13 & 1)
            offset = sign << 19 | bits << 17 | (first & 0x3F) << 11 | (second & 0x7FF)
            return _Step(4, address + 4 + _signed(offset, 20) * 2)
        return _Step(4)
    if first & 0xFE50 == 0xE810 and second & 0x8000:
        return _Step(4, goes_on=False, ends=True)  # LDM with PC
    if first & 0xFF70 == 0xF850 and second >> 12 == 15:
        pops = first == 0xF85D and second & 0xFFF == 0xB04
        return _Step(4, goes_on=False, ends=True, known=pops)
    return _Step(4, known=not (first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000))


def _is_call(first: int, second: int) -> bool:
    return first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000


def _calls(first: int) -> bool:
    """BLX by a register."""
    return first & 0xFF87 == 0x4780


def _far(first: int, second: int, address: int) -> int:
    """The target of a BL or B.W (A7.7, encodings T1 and T4)."""
    sign = first >> 10 & 1
    one, two = (~((second >> shift & 1) ^ sign) & 1 for shift in (13, 11))
    offset = sign << 23 | one << 22 | two << 21 | (first & 0x3FF) << 11 | (second & 0x7FF)
    return address + 4 + _signed(offset, 24) * 2


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value

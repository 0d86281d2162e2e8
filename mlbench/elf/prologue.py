"""What a function's first instructions tell of its stack frame.

For code without call frame information: hand-written assembly, libraries delivered without it.
Encodings are those of the ARMv7-M Architecture Reference Manual (ARM DDI 0403E.b), chapter A7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_LR = 14
_MOST_INSTRUCTIONS = 32


@dataclass
class StackFrame:
    """``size`` bytes lie between the stack pointer and its value at entry.

    ``saved`` maps a register to the distance of its slot from the stack pointer at entry (negative).
    """

    size: int = 0
    saved: dict[int, int] = field(default_factory=dict)


def stack_frame(code: bytes, until: int) -> StackFrame:
    """The frame of the function with instructions ``code`` when it is ``until`` bytes in.

    Follows the first instructions up to the first that leaves the prologue: a call, a jump, a return.
    """
    frame = StackFrame()
    for at, first, second in _instructions(code):
        if at >= until or _leaves(first, second):
            break
        _apply(frame, first, second)
    return frame


def follows_call(before: bytes) -> bool:
    """Whether the four bytes before an address end in BL or BLX, so that it can be a return address."""
    if len(before) < 4:
        return False
    first, second = int.from_bytes(before[:2], "little"), int.from_bytes(before[2:4], "little")
    return _is_bl(first, second) or second & 0xFF87 == 0x4780


def call_target(before: bytes, return_address: int) -> int | None:
    """Where the BL before a return address goes; None for BLX (A7.7.18, encoding T1)."""
    first, second = int.from_bytes(before[:2], "little"), int.from_bytes(before[2:4], "little")
    if not _is_bl(first, second):
        return None
    sign = first >> 10 & 1
    i1, i2 = 1 - ((second >> 13 & 1) ^ sign), 1 - ((second >> 11 & 1) ^ sign)
    offset = i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
    return (return_address + offset - (sign << 24)) & 0xFFFF_FFFE


def _instructions(code: bytes) -> Iterator[tuple[int, int, int]]:
    at = 0
    for _ in range(_MOST_INSTRUCTIONS):
        if at + 2 > len(code):
            return
        first = int.from_bytes(code[at : at + 2], "little")
        wide = first >> 11 in (0x1D, 0x1E, 0x1F)
        second = int.from_bytes(code[at + 2 : at + 4], "little") if wide else 0
        yield at, first, second
        at += 4 if wide else 2


def _is_bl(first: int, second: int) -> bool:
    return first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000


def _leaves(first: int, second: int) -> bool:
    pop = first & 0xFE00 == 0xBC00 or first == 0xE8BD or (first == 0xF85D and second & 0xFFF == 0xB04)
    jump = first & 0xF800 == 0xE000 or first & 0xFF00 == 0x4700
    # B.W (T4) and BL; the conditional B.W (T3) goes on, as a prologue may follow an early way out.
    wide_jump = first & 0xF800 == 0xF000 and second & 0x9000 == 0x9000
    return pop or jump or wide_jump


def _apply(frame: StackFrame, first: int, second: int) -> None:
    if first & 0xFE00 == 0xB400:  # PUSH (T1)
        _push(frame, first & 0xFF | (first & 0x100) << 6)
    elif first == 0xE92D:  # PUSH (T2): STMDB SP!
        _push(frame, second)
    elif first == 0xF84D and second & 0x0FFF == 0x0D04:  # PUSH (T3): STR Rt, [SP, #-4]!
        _push(frame, 1 << (second >> 12))
    elif first & 0xFF80 == 0xB080:  # SUB SP, #imm7 * 4 (T1)
        frame.size += (first & 0x7F) * 4
    elif first & 0xFBFF == 0xF1AD and second & 0x8F00 == 0x0D00:  # SUB.W SP, SP, #const (T2)
        frame.size += _expand(first, second)
    elif first & 0xFBFF == 0xF2AD and second & 0x8F00 == 0x0D00:  # SUBW SP, SP, #imm12 (T3)
        frame.size += _immediate(first, second)
    elif first & 0xFFBF == 0xED2D and second & 0x0E00 == 0x0A00:  # VPUSH (T1, T2)
        frame.size += (second & 0xFF) * 4


def _push(frame: StackFrame, mask: int) -> None:
    registers = [number for number in range(15) if mask >> number & 1]
    frame.size += 4 * len(registers)
    for index, number in enumerate(registers):
        # The first push of a register holds the caller's value.
        frame.saved.setdefault(number, 4 * index - frame.size)


def _immediate(first: int, second: int) -> int:
    return (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF


def _expand(first: int, second: int) -> int:
    """ThumbExpandImm (A5.3.2)."""
    value = _immediate(first, second)
    low = value & 0xFF
    if value >> 10 == 0:
        return (low, low * 0x10001, low * 0x1000100, low * 0x1010101)[value >> 8 & 3]
    rotate = value >> 7
    unrotated = 0x80 | value & 0x7F
    return (unrotated >> rotate | unrotated << (32 - rotate)) & 0xFFFF_FFFF

"""The call chain from registers and memory, innermost first.

Each step takes the best source there is: call frame information, then what the function's first
instructions say, then the link register of a function that calls nothing, then a search of the stack.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlbench.core.execution import Frame
from mlbench.elf.functions import plain_name
from mlbench.elf.prologue import call_target, follows_call, stack_frame
from mlbench.elf.wording import readable
from mlbench.errors import SketchError

if TYPE_CHECKING:
    from mlbench.elf.image import Image

Reader = Callable[[int, int], bytes]

MOST_FRAMES = 64
EXCEPTION = "<exception>"
"""The name of the level between a handler and what it interrupted."""
_SP, _LR, _PC = 13, 14, 15
_SEARCHED_WORDS = 1024
# EXC_RETURN values (ARM DDI 0403E.b, B1.5.8, table B1-8 and B1-9). Bit 2: the frame is on the process
# stack; bit 4 clear: it holds floating-point registers too.
_EXC_RETURN = {0xFFFF_FFE1, 0xFFFF_FFE9, 0xFFFF_FFED, 0xFFFF_FFF1, 0xFFFF_FFF9, 0xFFFF_FFFD}
_BASIC_WORDS, _EXTENDED_WORDS = 8, 26
_STACKED = (0, 1, 2, 3, 12, _LR, _PC)


@dataclass(frozen=True)
class _Level:
    """The registers of one level. ``exact``: pc is the next instruction, not a return address."""

    registers: dict[int, int]
    exact: bool

    @property
    def pc(self) -> int:
        return self.registers[_PC] & ~1

    @property
    def code(self) -> int:
        """An address in the instruction that the level stands at: for a return address, in the call."""
        return self.pc if self.exact else (self.pc - 1) & 0xFFFF_FFFF


def unwind(
    image: Image,
    pc: int,
    registers: dict[int, int],
    read: Reader,
    *,
    psp: int | None = None,
    places: bool = True,
) -> list[Frame]:
    """The call chain that led to ``pc``.

    Args:
        image: the firmware.
        pc: the instruction that runs or faulted.
        registers: r0 to r15 by number, as many as are known; 13 is the stack pointer in use.
        read: gives memory (address, bytes). It may raise or return less: that ends the chain.
        psp: the process stack pointer, where a handler runs that may have interrupted a thread.
        places: say files, lines and inlined functions too. The first time that reads the debug
            information of the units concerned, which takes some tenths of a second.

    Returns:
        At least the level of ``pc`` and at most MOST_FRAMES levels, inlined functions as levels of
        their own. The pc of an outer level is the return address. A level named ``<exception>``
        stands between a handler and what it interrupted.
    """
    known = {number: value & 0xFFFF_FFFF for number, value in registers.items()}
    level: _Level | None = _Level({**known, _PC: pc & 0xFFFF_FFFF}, True)
    frames: list[Frame] = []
    seen: set[tuple[int, int]] = set()
    while level is not None and len(frames) < MOST_FRAMES:
        place = (level.registers[_PC], level.registers.get(_SP, 0))
        if place in seen:
            break
        seen.add(place)
        if level.registers[_PC] in _EXC_RETURN:
            frames.append(Frame(level.registers[_PC], EXCEPTION))
            level = _interrupted(level, read, psp)
            continue
        if frames and not image.is_code(level.code):
            break
        frames += _frames(image, level, places)
        level = _caller(image, level, read)
    return frames[:MOST_FRAMES]


def _frames(image: Image, level: _Level, places: bool) -> list[Frame]:
    pc, code = level.pc, level.code
    symbol = image.function_at(code)
    name = plain_name(symbol) if symbol else ""
    if not places:
        return [Frame(pc, name)]
    place = image.debug.line(code) or ("", 0)
    frames = []
    for inline in image.debug.inline_chain(code):
        if inline.called_at is None:
            break
        frames.append(Frame(pc, readable(inline.name), *place))
        place = (inline.called_at.file, inline.called_at.line)
    return [*frames, Frame(pc, name, *place)]


def _caller(image: Image, level: _Level, read: Reader) -> _Level | None:
    if _SP not in level.registers:
        return _by_link(image, level)
    if not image.is_code(level.code):
        # A jump to nowhere: the stack is still the caller's.
        return _by_link(image, level) or _by_search(image, level, read)
    symbol = image.function_at(level.code)
    if symbol is not None and symbol.address <= image.entry < symbol.address + max(symbol.size, 1):
        return None
    return _by_rules(image, level, read)


def _by_rules(image: Image, level: _Level, read: Reader) -> _Level | None:
    """By call frame information; without it by the function's first instructions."""
    row = image.frames.row(level.code)
    registers = level.registers
    if row is None:
        return _by_prologue(image, level, read)
    if row.cfa_register not in registers:
        return None
    cfa = (registers[row.cfa_register] + row.cfa_offset) & 0xFFFF_FFFF
    outer = {**registers, _SP: cfa}
    for number, other in row.moved.items():
        if other in registers:
            outer[number] = registers[other]
    if not _restore(outer, row.saved, cfa, read):
        return None
    link = row.return_register
    if link in row.undefined or not (level.exact or link in row.saved or link in row.moved):
        return None
    return _returning(outer, outer.get(link))


def _by_prologue(image: Image, level: _Level, read: Reader) -> _Level | None:
    symbol = image.function_at(level.code)
    if symbol is None:
        return _by_link(image, level) or _by_search(image, level, read)
    try:
        code = image.read(symbol.address, level.code + 1 - symbol.address)
    except SketchError:
        return None
    frame = stack_frame(code, level.code - symbol.address)
    cfa = (level.registers[_SP] + frame.size) & 0xFFFF_FFFF
    outer = {**level.registers, _SP: cfa}
    if _LR in frame.saved and _restore(outer, frame.saved, cfa, read):
        caller = _returning(outer, outer[_LR])
        if caller is not None and _can_return_to(image, caller.registers[_PC]):
            return caller
    elif level.exact and _can_return_to(image, level.registers.get(_LR, 0)):
        return _returning(outer, outer[_LR])
    return _by_search(image, level, read)


def _by_link(image: Image, level: _Level) -> _Level | None:
    link = level.registers.get(_LR, 0)
    if level.exact and _can_return_to(image, link):
        return _returning(dict(level.registers), link)
    return None


def _by_search(image: Image, level: _Level, read: Reader) -> _Level | None:
    """The first word of the stack that can be a return address, best one that calls this function."""
    callee = image.function_at(level.code)
    start = level.registers[_SP] & ~3
    second_best: int | None = None
    for at in range(start, start + 4 * _SEARCHED_WORDS, 4):
        value = _word(read, at)
        if value is None:
            break
        if value not in _EXC_RETURN and not _can_return_to(image, value):
            continue
        before = b"" if value in _EXC_RETURN else _before(image, value)
        if callee is None or value in _EXC_RETURN or call_target(before, value & ~1) == callee.address:
            return _found_at(level, at, value)
        second_best = at if second_best is None else second_best
    if second_best is None:
        return None
    value = _word(read, second_best)
    return _found_at(level, second_best, value) if value is not None else None


def _found_at(level: _Level, slot: int, value: int) -> _Level:
    return _Level({**level.registers, _SP: slot + 4, _LR: value, _PC: value}, False)


def _interrupted(level: _Level, read: Reader, psp: int | None) -> _Level | None:
    """What an exception interrupted, from the frame the processor stacked (B1.5.6 and B1.5.7)."""
    value = level.registers[_PC]
    stack = psp if value & 4 else level.registers.get(_SP)
    if stack is None:
        return None
    words = [_word(read, stack + 4 * index) for index in range(_BASIC_WORDS)]
    status = words[-1]
    if status is None or None in words:
        return None
    size = 4 * (_BASIC_WORDS if value & 0x10 else _EXTENDED_WORDS)
    padding = 4 if status & 1 << 9 else 0  # the processor aligned the stack to 8 bytes
    stacked = {number: word for number, word in zip(_STACKED, words, strict=False) if word is not None}
    return _Level({**level.registers, **stacked, _SP: stack + size + padding}, True)


def _returning(outer: dict[int, int], link: int | None) -> _Level | None:
    return _Level({**outer, _LR: link, _PC: link}, False) if link is not None else None


def _restore(outer: dict[int, int], saved: dict[int, int], cfa: int, read: Reader) -> bool:
    for number, offset in saved.items():
        if number > _PC:  # floating-point registers
            continue
        value = _word(read, (cfa + offset) & 0xFFFF_FFFF)
        if value is None:
            return False
        outer[number] = value
    return True


def _can_return_to(image: Image, value: int) -> bool:
    if value in _EXC_RETURN:
        return True
    return bool(value & 1) and image.is_code(value & ~1) and follows_call(_before(image, value))


def _before(image: Image, value: int) -> bytes:
    try:
        return image.read((value & ~1) - 4, 4)
    except SketchError:
        return b""


def _word(read: Reader, address: int) -> int | None:
    try:
        data = read(address, 4)
    except Exception:  # a target's own way of saying that there is no memory
        return None
    return int(struct.unpack("<I", data)[0]) if len(data) == 4 else None

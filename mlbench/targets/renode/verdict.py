"""How a run under Renode ended, in the words of the emulator."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.boards import Board
from mlbench.core import addresses
from mlbench.core.execution import Frame, Outcome
from mlbench.cycles.decode import decode
from mlbench.elf.image import Image
from mlbench.errors import SketchError
from mlbench.renode.hooks import HookEvent
from mlbench.renode.platform import ABSENT

_NAMES = {3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault"}
_DEBUG_MONITOR = 12
_THUMB = 1 << 24
"""xPSR.T: ARMv7-M Architecture Reference Manual (DDI 0403E), B1.4.2."""


@dataclass(frozen=True)
class RunEnding:
    """How a run ended; ``reason`` is empty where it passed."""

    outcome: Outcome
    reason: str = ""
    chain: tuple[Frame, ...] = ()


def frame_of(image: Image, address: int) -> Frame:
    """The place of an address in an image."""
    symbol = image.function_at(address)
    line = image.debug.line(address)
    return Frame(address, symbol.demangled if symbol else "", *(line or ("", 0)))


def of_end(event: HookEvent, image: Image, board: Board, alloc: int | None) -> RunEnding:
    """What an event means that ends a run."""
    if event.letter == "N":
        return RunEnding(Outcome.NO_MEMORY, f"malloc({alloc}) returned NULL")
    if event.letter == "Z":
        return RunEnding(Outcome.FAULT, "the firmware reset the chip")
    if event.letter == "W":
        name, chain = ABSENT[event.value(0)], (frame_of(image, event.value(1) & ~1),)
        return RunEnding(Outcome.HUNG, f"waits for {name}, which Renode does not have, in {chain[0]}", chain)
    if event.letter == "M":
        return _of_access(event, image, board)
    return _of_fault(event, image)


def of_flash_write(address: int, pc: int | None, image: Image, board: Board) -> RunEnding:
    """Flash was written without leave of its controller."""
    chain = (frame_of(image, pc & ~1),) if pc is not None else ()
    place = f" in {chain[0]}" if chain else ""
    return RunEnding(
        Outcome.FAULT, f"BusFault: writing {address:#010x}{_remark(address, board)}{place}", chain
    )


def is_trap(event: HookEvent, image: Image) -> bool:
    """Whether a fault is that of UDF, which compilers put behind what must not be reached."""
    return event.letter == "F" and _halfwords(image, event.value(0) & ~1)[0] >> 8 == 0xDE


def lacking(absent: list[HookEvent]) -> tuple[str, ...]:
    """A note for each peripheral that the firmware used and Renode lacks."""
    return tuple(
        f"Renode has no {ABSENT[event.value(0)]} ({event.value(0):#010x}): what the firmware reads there is 0"
        for event in absent
    )


def _of_access(event: HookEvent, image: Image, board: Board) -> RunEnding:
    kind, (address, pc, sp, link, start) = event.words[0], (event.value(n) for n in range(1, 6))
    executed = pc & ~1 == address & ~1 or (kind == "read" and start <= pc and not image.is_code(pc & ~1))
    if executed:
        chain = (Frame(address & ~1, ""), *_called_from(image, link))
        return RunEnding(Outcome.FAULT, f"BusFault: executing {address & ~1:#010x} in {chain[0]}", chain)
    verb = {"read": "reading", "write": "writing"}[kind]
    what = f"{verb} {address:#010x}{_remark(address, board)}"
    ram = range(board.ram.start, board.ram.start + board.ram.size)
    if addresses.stack_left_ram(address, sp, ram):
        what = f"stack overflow: {what}, SP {sp:#010x}"
    chain = (frame_of(image, pc & ~1), *_called_from(image, link))
    return RunEnding(Outcome.FAULT, f"BusFault: {what} in {chain[0]}", chain)


def _of_fault(event: HookEvent, image: Image) -> RunEnding:
    """By the exception's number, the frame, and the instruction, as Renode makes a HardFault of most."""
    pc, link, xpsr = (event.value(n) for n in range(3))
    place = pc & ~1
    chain = (frame_of(image, place), *_called_from(image, link)) if pc else ()
    where = f" in {chain[0]}" if chain else ""
    first, second = _halfwords(image, place)
    if first >> 8 == 0xBE or event.number == _DEBUG_MONITOR:
        # The chip has no debugger attached: a breakpoint is a HardFault there (B1.5.14, C1.6.2).
        number = f" (bkpt #{first & 0xFF:#04x})" if first >> 8 == 0xBE else ""
        what = f"HardFault: a breakpoint instruction{number} without a debugger"
    elif pc and not xpsr & _THUMB:
        what = f"UsageFault: branch to {place:#010x} without the Thumb bit"
    elif decode(place, first, second).kind == "undefined":
        what = f"UsageFault: undefined instruction at {place:#010x}"
    elif _is_float(first, second):
        what = f"UsageFault: floating-point instruction while the FPU is off at {place:#010x}"
    else:
        what = _NAMES[event.number] + (f" at PC {place:#010x}" if pc else "")
    return RunEnding(Outcome.FAULT, f"{what}{where}", chain)


def _is_float(first: int, second: int) -> bool:
    """Coprocessors 10 and 11 are the FPU (A5.3.18)."""
    return first & 0xEC00 == 0xEC00 and second >> 8 & 0xE == 0xA


def _halfwords(image: Image, address: int) -> tuple[int, int]:
    code = b""
    for size in (4, 2):
        try:
            code = image.read(address, size)
            break
        except SketchError:
            continue
    code = code.ljust(4, b"\0")
    return int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")


def _called_from(image: Image, link: int) -> tuple[Frame, ...]:
    """The function that a return address lies in, where it is one."""
    place = (link & ~1) - 2
    return (frame_of(image, place),) if link & 1 and image.is_code(place) else ()


def _remark(address: int, board: Board) -> str:
    ram = range(board.ram.start, board.ram.start + board.ram.size)
    # The bootloader's part of flash, in front of the board's, is flash as well.
    return addresses.remark(address, ram=ram, flash=range(board.flash.start + board.flash.size))

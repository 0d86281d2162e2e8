"""Exception entry and return of the M profile, done on the host.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5.6 (exception entry), B1.5.7 (stacking), B1.5.8
(exception return). Floating-point state is written to the frame at once also where FPCCR.LSPEN would delay
it until the handler's first floating-point instruction: what software can tell (LSPACT, FPCAR, CONTROL.FPCA,
which registers a return loads) is as the manual has it, but a delayed store cannot fault.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from unicorn import arm_const as arm

from mlbench.emulator.core_record import RunningMode
from mlbench.emulator.cpu import Cpu

NPRIV, SPSEL, FPCA = 1, 2, 4
_BASIC_WORDS, _FLOAT_WORDS = 8, 18
_SP_ALIGN = 1 << 9
"""Bit 9 of the stacked xPSR: SP was moved down 4 bytes to align it."""
THUMB = 1 << 24
FLOAT_OFFSET = 4 * _BASIC_WORDS
"""Where S0 is in a frame."""

Allowed = Callable[[int, int, bool, bool], bool]
"""Whether the MPU lets (address, size, privileged, write) through."""


class Refused(Enum):
    """Why a frame could not be written or read."""

    BUS = "no memory"
    MPU = "the MPU forbids it"


class ExceptionFrame(NamedTuple):
    """A frame that was stacked. ``exc_return`` is what returns from it."""

    address: int
    exc_return: int
    floating: bool
    refused: Refused | None


class Unstacked(NamedTuple):
    """What a frame held, and where SP goes when it is taken off."""

    address: int
    words: tuple[int, ...]
    sp: int
    refused: Refused | None = None


def _words(*values: int) -> bytes:
    return b"".join((value & 0xFFFFFFFF).to_bytes(4, "little") for value in values)


def ipsr(cpu: Cpu) -> int:
    """Number of the exception that runs; 0 in thread mode."""
    return cpu.reg(arm.UC_ARM_REG_XPSR) & 0x1FF


def control(cpu: Cpu) -> int:
    """CONTROL."""
    return cpu.reg(arm.UC_ARM_REG_CONTROL) & 7


def running_mode(cpu: Cpu) -> RunningMode:
    """Which stack the CPU uses (ARMv7-M ARM, B1.4.1)."""
    if ipsr(cpu):
        return RunningMode.HANDLER
    return RunningMode.PROCESS if control(cpu) & SPSEL else RunningMode.MAIN


def unprivileged(cpu: Cpu) -> bool:
    """Whether what runs is unprivileged: thread mode with CONTROL.nPRIV."""
    return bool(control(cpu) & NPRIV) and not ipsr(cpu)


def masks(cpu: Cpu) -> tuple[int, int, int]:
    """PRIMASK, BASEPRI and FAULTMASK."""
    number = None
    if unprivileged(cpu):
        # Unicorn answers as the CPU would answer the program: 0 to unprivileged code.
        number = ipsr(cpu)
        cpu.set_reg(arm.UC_ARM_REG_IPSR, 2)
    values = (
        cpu.reg(arm.UC_ARM_REG_PRIMASK) & 1,
        cpu.reg(arm.UC_ARM_REG_BASEPRI) & 0xFF,
        cpu.reg(arm.UC_ARM_REG_FAULTMASK) & 1,
    )
    if number is not None:
        cpu.set_reg(arm.UC_ARM_REG_IPSR, number)
    return values


def push(cpu: Cpu, align: bool, allowed: Allowed) -> ExceptionFrame:
    """Stack a frame (PushStack); SP moves also where the memory refuses it.

    Args:
        cpu: still in the state to be stacked.
        align: CCR.STKALIGN.
        allowed: asked whether the MPU lets the frame be written.
    """
    state = control(cpu)
    xpsr = cpu.reg(arm.UC_ARM_REG_XPSR)
    thread = not xpsr & 0x1FF
    use_psp = thread and bool(state & SPSEL)
    floating = bool(state & FPCA)
    sp = cpu.sp
    size = 4 * (_BASIC_WORDS + (_FLOAT_WORDS if floating else 0))
    align = align or floating
    padding = sp & 4 if align else 0
    frame = (sp - size) & (0xFFFFFFF8 if align else 0xFFFFFFFC)
    xpsr = xpsr & ~_SP_ALIGN | (_SP_ALIGN if padding else 0)
    data = _words(*(cpu.r(n) for n in (0, 1, 2, 3, 12)), cpu.lr, cpu.pc, xpsr)
    if floating:
        floats = (cpu.reg(arm.UC_ARM_REG_S0 + n) for n in range(16))
        data += _words(*floats, cpu.reg(arm.UC_ARM_REG_FPSCR), 0)
    exc_return = 0xFFFFFFE1 | (0 if floating else 0x10) | (0x8 if thread else 0) | (0x4 if use_psp else 0)
    cpu.set_reg(arm.UC_ARM_REG_SP, frame)
    refused = None
    if not allowed(frame, size, not (thread and state & NPRIV), True):
        refused = Refused.MPU
    else:
        try:
            cpu.write(frame, data)
        except ValueError:
            refused = Refused.BUS
    return ExceptionFrame(frame, exc_return, floating, refused)


def take(cpu: Cpu, number: int, handler: int, exc_return: int) -> None:
    """Go to a handler (ExceptionTaken): handler mode, on MSP, without a floating-point context."""
    state = control(cpu)
    if state & NPRIV and not ipsr(cpu):
        # Unicorn lets unprivileged code alone with CONTROL: gain privilege in handler mode first.
        cpu.set_reg(arm.UC_ARM_REG_IPSR, number)
        cpu.set_reg(arm.UC_ARM_REG_CONTROL, state & ~NPRIV)
        cpu.set_reg(arm.UC_ARM_REG_IPSR, 0)
    # SPSEL can be written in thread mode only; nPRIV stays what it was.
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, state & ~(SPSEL | FPCA | NPRIV))
    cpu.set_reg(arm.UC_ARM_REG_IEPSR, THUMB | number)
    if state & NPRIV:
        cpu.set_reg(arm.UC_ARM_REG_CONTROL, NPRIV)
    cpu.set_reg(arm.UC_ARM_REG_LR, exc_return)
    cpu.pc = handler
    cpu.mode_changed()


def look(cpu: Cpu, exc_return: int, align: bool, allowed: Allowed) -> Unstacked:
    """Read the frame that ``exc_return`` names (the first half of PopStack)."""
    floating = not exc_return & 0x10
    to_psp = bool(exc_return & 4)
    frame = cpu.reg(arm.UC_ARM_REG_PSP if to_psp else arm.UC_ARM_REG_MSP)
    size = 4 * (_BASIC_WORDS + (_FLOAT_WORDS if floating else 0))
    data = cpu.read(frame, size)
    if len(data) < size:
        return Unstacked(frame, (), frame, Refused.BUS)
    to_thread = bool(exc_return & 8)
    if not allowed(frame, size, not (to_thread and control(cpu) & NPRIV), False):
        return Unstacked(frame, (), frame, Refused.MPU)
    words = tuple(int.from_bytes(data[n : n + 4], "little") for n in range(0, size, 4))
    padding = 4 if words[7] & _SP_ALIGN and (align or floating) else 0
    return Unstacked(frame, words, frame + size | padding)


def resume(cpu: Cpu, exc_return: int, frame: Unstacked, load_floats: bool) -> None:
    """Take a frame off and go on as it says (the second half of PopStack)."""
    use_psp, floating = bool(exc_return & 4), not exc_return & 0x10
    words, xpsr = frame.words, frame.words[7]
    private = control(cpu) & NPRIV
    cpu.set_reg(arm.UC_ARM_REG_PSP if use_psp else arm.UC_ARM_REG_MSP, frame.sp)
    # Handler mode is privileged, and stays so in thread mode until the last write of CONTROL.
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, 0)
    cpu.set_reg(arm.UC_ARM_REG_XPSR_NZCVQG, xpsr & ~_SP_ALIGN)
    state = (SPSEL if use_psp else 0) | (FPCA if floating else 0) | private
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, state)
    if floating and load_floats:
        for n in range(16):
            cpu.set_reg(arm.UC_ARM_REG_S0 + n, words[_BASIC_WORDS + n])
        cpu.set_reg(arm.UC_ARM_REG_FPSCR, words[24])
    for register, value in zip((0, 1, 2, 3, 12), words, strict=False):
        cpu.set_r(register, value)
    cpu.set_reg(arm.UC_ARM_REG_LR, words[5])
    cpu.pc = words[6]
    if not xpsr & THUMB:
        cpu.set_reg(arm.UC_ARM_REG_EPSR, xpsr & ~THUMB)
    cpu.mode_changed()


def reset(cpu: Cpu, stack: int) -> None:
    """Registers as after a reset (TakeReset(), B1.5.5); r0 to r12 are 0, which the manual leaves open."""
    # From handler mode, which is privileged, whatever the mode was.
    cpu.set_reg(arm.UC_ARM_REG_IPSR, 1)
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, 0)
    for register in (arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_BASEPRI, arm.UC_ARM_REG_FAULTMASK):
        cpu.set_reg(register, 0)
    cpu.set_reg(arm.UC_ARM_REG_XPSR_NZCVQG, THUMB)
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, 0)
    for register in range(13):
        cpu.set_r(register, 0)
    cpu.set_reg(arm.UC_ARM_REG_FPSCR, 0)
    cpu.set_reg(arm.UC_ARM_REG_PSP, 0)
    cpu.set_reg(arm.UC_ARM_REG_MSP, stack)
    cpu.set_reg(arm.UC_ARM_REG_LR, 0xFFFFFFFF)
    cpu.mode_changed()

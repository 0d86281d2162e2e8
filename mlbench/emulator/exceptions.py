"""Exception entry and return of the M profile, done on the host.

ARMv7-M Architecture Reference Manual (DDI 0403E), B1.5.6 (exception entry), B1.5.8 (exception
return). Floating-point state is always stacked at once: lazy stacking (FPCCR.LSPEN) differs only in
the time it takes and in what the reserved words hold meanwhile, which no firmware may rely on.
"""

from __future__ import annotations

from unicorn import arm_const as arm

from mlbench.emulator.cpu import Cpu
from mlbench.emulator.nvic import Nvic

SPSEL, FPCA = 2, 4
_SFPA = 8
"""Unicorn's CPU takes itself for a secure ARMv8-M one: without this bit beside FPCA it begins a new
floating-point context, which clears FPSCR."""
_BASIC_WORDS, _FLOAT_WORDS = 8, 18
_SP_ALIGN = 1 << 9
"""Bit 9 of the stacked xPSR: SP was moved down 4 bytes to align it."""


class ExceptionFault(Exception):
    """Stacking, unstacking or the vector fetch failed: ``what`` says how."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


def _words(*values: int) -> bytes:
    return b"".join((value & 0xFFFFFFFF).to_bytes(4, "little") for value in values)


def ipsr(cpu: Cpu) -> int:
    """Number of the exception that runs; 0 in thread mode."""
    return cpu.reg(arm.UC_ARM_REG_XPSR) & 0x1FF


def control(cpu: Cpu) -> int:
    """CONTROL without the bits that ARMv8-M added."""
    return cpu.reg(arm.UC_ARM_REG_CONTROL) & 7


def enter(cpu: Cpu, nvic: Nvic, number: int, vector_table: int) -> int:
    """Take exception ``number``: stack, and go to its handler. Gives the address of the frame.

    Raises:
        ExceptionFault: the stack is not memory, or the vector is not code.
    """
    state = control(cpu)
    thread = ipsr(cpu) == 0
    use_psp = thread and bool(state & SPSEL)
    with_float = bool(state & FPCA)
    sp = cpu.sp
    size = 4 * (_BASIC_WORDS + (_FLOAT_WORDS if with_float else 0))
    # CCR.STKALIGN is set out of reset on this core: frames are 8-byte aligned.
    padding = sp & 4
    frame = (sp - size - padding) & ~7
    xpsr = cpu.reg(arm.UC_ARM_REG_XPSR) & ~_SP_ALIGN | (_SP_ALIGN if padding else 0)
    data = _words(*(cpu.r(n) for n in (0, 1, 2, 3, 12)), cpu.lr, cpu.pc, xpsr)
    if with_float:
        floats = (cpu.reg(arm.UC_ARM_REG_S0 + n) for n in range(16))
        data += _words(*floats, cpu.reg(arm.UC_ARM_REG_FPSCR), 0)
    try:
        cpu.write(frame, data)
    except ValueError:
        raise ExceptionFault(f"stacking an exception frame at {frame:#010x}") from None
    handler = cpu.word(vector_table + 4 * number)
    if not handler & 1:
        raise ExceptionFault(f"vector {number} is {handler:#010x}, not Thumb code")
    exc_return = 0xFFFFFFE1 | (0 if with_float else 0x10) | (0x8 if thread else 0)
    exc_return |= 0x4 if use_psp else 0
    cpu.set_reg(arm.UC_ARM_REG_SP, frame)
    if use_psp:
        cpu.set_reg(arm.UC_ARM_REG_PSP, frame)
    # Handler mode always runs on MSP and without a float context of its own. IPSR first: writing
    # CONTROL.SPSEL is ignored in handler mode.
    msp = cpu.reg(arm.UC_ARM_REG_MSP) if use_psp else frame
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, state & ~(SPSEL | FPCA))
    cpu.set_reg(arm.UC_ARM_REG_XPSR, xpsr & 0xF80F0000 & ~0x0600FC00 | 0x01000000 | number)
    cpu.set_reg(arm.UC_ARM_REG_MSP, msp)
    cpu.set_reg(arm.UC_ARM_REG_SP, msp)
    cpu.set_reg(arm.UC_ARM_REG_LR, exc_return)
    cpu.pc = handler
    nvic.enter(number)
    return frame


def leave(cpu: Cpu, nvic: Nvic, exc_return: int) -> int:
    """Return from the exception that runs, by the value that was branched to. Gives the frame's address.

    Raises:
        ExceptionFault: the value or the frame is not one that an exception left behind.
    """
    number = ipsr(cpu)
    if number == 0 or number not in nvic.active:
        raise ExceptionFault(f"branch to {exc_return:#010x} outside of an exception")
    to_thread = bool(exc_return & 8)
    use_psp = bool(exc_return & 4)
    with_float = not exc_return & 0x10
    if exc_return | 0x1F != 0xFFFFFFFF or (use_psp and not to_thread):
        raise ExceptionFault(f"{exc_return:#010x} is no exception return value")
    if to_thread != (len(nvic.active) == 1):
        # The integrity checks of B1.5.8; CCR.NONBASETHRDENA is not modelled.
        mode = "thread mode with" if to_thread else "handler mode without"
        raise ExceptionFault(f"return to {mode} another exception active")
    frame = cpu.reg(arm.UC_ARM_REG_PSP) if use_psp else cpu.sp
    size = 4 * (_BASIC_WORDS + (_FLOAT_WORDS if with_float else 0))
    data = cpu.read(frame, size)
    if len(data) < size:
        raise ExceptionFault(f"unstacking an exception frame at {frame:#010x}")
    words = [int.from_bytes(data[n : n + 4], "little") for n in range(0, size, 4)]
    xpsr = words[7]
    sp = frame + size + (4 if xpsr & _SP_ALIGN else 0)
    state = control(cpu) & ~(SPSEL | FPCA)
    msp = cpu.sp
    nvic.leave(number)
    # FAULTMASK is cleared by any return but NMI's (B1.5.8).
    if number != 2:
        cpu.set_reg(arm.UC_ARM_REG_FAULTMASK, 0)
    cpu.set_reg(arm.UC_ARM_REG_XPSR, xpsr & ~_SP_ALIGN)
    floating = FPCA | _SFPA if with_float else 0
    cpu.set_reg(arm.UC_ARM_REG_CONTROL, state | (SPSEL if use_psp else 0) | floating)
    if use_psp:
        cpu.set_reg(arm.UC_ARM_REG_MSP, msp)
        cpu.set_reg(arm.UC_ARM_REG_PSP, sp)
    else:
        cpu.set_reg(arm.UC_ARM_REG_MSP, sp)
    cpu.set_reg(arm.UC_ARM_REG_SP, sp)
    if with_float:
        for n in range(16):
            cpu.set_reg(arm.UC_ARM_REG_S0 + n, words[8 + n])
        cpu.set_reg(arm.UC_ARM_REG_FPSCR, words[24])
    for register, value in zip((0, 1, 2, 3, 12), words, strict=False):
        cpu.set_r(register, value)
    cpu.set_reg(arm.UC_ARM_REG_LR, words[5])
    cpu.pc = words[6]
    return frame

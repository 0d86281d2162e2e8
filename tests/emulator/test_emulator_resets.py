"""What a reset leaves alone, and that firmware can go on after one."""

from __future__ import annotations

from bare_image import MS, Compiler, finish, notes

from mlbench.emulator.machine import End
from mlbench.emulator.peripherals.base import Cause

_RESET = "REG(0xE000ED0C) = 0x05FA0004; BARRIER(); for (;;) ;"


def test_firmware_goes_on_after_its_own_reset(bare: Compiler) -> None:
    # From within an interrupt handler on a masked CPU with a running timer: nothing of it may be left.
    machine = bare.machine(
        f"""
        #define KEPT ((volatile u32 *)0x20030000)
        void irq8_handler(void) {{ KEPT[0] = 0x600D; KEPT[1] = REG(0xE0001004);
          __asm volatile("cpsid i" ::: "memory"); {_RESET} }}
        int main(void) {{
          note(KEPT[0]); note(REG(0x40000400)); note(REG(0x4000051C)); note(REG(0x40008508));
          note(REG(0xE000E100)); note(REG(0xE000ED04) & 0x1FF); note(REG(0xE0001004) > KEPT[1]);
          if (KEPT[0] == 0x600D) return 0;
          REG(0xE0001000) |= 1; REG(0x4000051C) = 0xA5; REG(0x40008508) = 3; REG(0x40008540) = 100;
          REG(0x40008304) = 1 << 16; ENABLE(8); REG(0x40008000) = 1; for (;;) ; }}"""
    )
    ending = machine.run(MS)
    assert (ending.end, ending.cause) == (End.RESET, Cause.SOFTWARE)
    before = machine.clock.now
    machine.restart(ending.cause)
    assert finish(machine) == [0x600D, 4, 0xA5, 0, 0, 0, 1]
    assert machine.clock.now > before


def test_reset_reasons_add_up_until_cleared(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { note(REG(0x40000400)); return 0; }")
    seen = []
    for cause in (Cause.SOFTWARE, Cause.LOCKUP):
        machine.restart(cause)
        seen += finish(machine)
    assert seen == [4, 12]


def test_a_watchdog_reset_clears_what_a_soft_one_retains(bare: Compiler) -> None:
    machine = bare.machine(
        "int main(void) { note(REG(0x4000051C)); note(REG(0x40000400)); REG(0x4000051C) = 7; return 0; }"
    )
    assert finish(machine) == [0, 0]
    machine.restart(Cause.SOFTWARE)
    assert finish(machine) == [7, 4]
    machine.restart(Cause.WATCHDOG)
    assert finish(machine) == [0, 6]
    assert notes(machine) == [0, 6]

"""Accesses that must be aligned: what is told of them, and how they meet the rest of the machine."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address, finish

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine

_OBJECTS = """
.bss
.balign 8
.globl model, arena, half
.type model, %object
.size model, 64
model: .space 65
.type arena, %object
.size arena, 64
arena: .space 65
.type half, %object
.size half, 16
half: .space 16
.text
.type main, %function
.globl main
main:
  ldr r0, =PLACE
  b culprit
.type culprit, %function
.globl culprit
culprit: ldrd r1, r2, [r0, #8]
  bx lr
.ltorg
"""


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("model + 1", "(offset 9 in model, which is itself aligned)"),
        ("arena", "(offset 8 in arena, which starts at an odd address: declare it alignas(16))"),
        ("half", "(offset 8 in half, which starts at a multiple of 2, not of 4: declare it alignas(16))"),
        ("0x2003FF02", ""),
    ],
)  # fmt: skip
def test_the_object_is_named(bare: Compiler, place: str, told: str) -> None:
    machine = bare.machine(_OBJECTS.replace("PLACE", place), asm=True)
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert ending.text == f"UsageFault: unaligned access to {ending.address:#010x}{' ' * bool(told)}{told}"
    assert ending.address == machine.cpu.r(0) + 8
    assert machine.cpu.pc == address(machine, "culprit")


def test_the_stack_is_named(bare: Compiler) -> None:
    machine = bare.machine(
        'int main(void) { __asm volatile("sub sp, #16; add r0, sp, #6; ldm r0, {r1, r2}"); return 0; }'
    )
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert "(6 bytes above SP, on the stack)" in ending.text


_SEEN = """
NAKED void usage_fault_handler(void) { __asm("mrs r0, msp; b seen"); }
__attribute__((used)) void seen(u32 *frame) { note(REG(0xE000ED28)); REG(0xE000ED28) = ~0u; frame[6] += 4; }
"""


def _again(machine: Machine, force_python: bool) -> Machine:
    return Machine(machine.image, machine.chip, force_python=force_python)


def test_code_in_ram_that_becomes_other_code(bare: Compiler, force_python: bool) -> None:
    # ldrd r2, r3, [r0]; bx lr, and then the same by r1, which is aligned, and again by r0.
    machine = bare.machine(
        _SEEN
        + """
        u16 code[] __attribute__((section(".data"), aligned(4))) = {0xE9D0, 0x2300, 0x4770};
        static u32 space[4];
        __attribute__((noinline)) void call(u32 a, u32 b) { ((void (*)(u32, u32))((u32)code | 1))(a, b); }
        int main(void) { REG(0xE000ED24) = 1 << 18; u32 off = (u32)space + 2;
          call((u32)space, off); note(1); call(off, 0); note(2);
          *(volatile u16 *)code = 0xE9D1; call(off, (u32)space); note(3); call(0, off); note(4);
          *(volatile u16 *)code = 0xE9D0; call((u32)space, off); note(5); call(off, 0); note(6); return 0; }
        """
    )
    unaligned = 1 << 24
    assert finish(_again(machine, force_python)) == [1, unaligned, 2, 3, unaligned, 4, 5, unaligned, 6]


def test_in_an_interrupt_handler_it_escalates_by_priority(bare: Compiler, force_python: bool) -> None:
    machine = bare.machine(
        _SEEN
        + """
        NAKED void hard_fault_handler(void) { __asm("mrs r0, msp; b seen"); }
        static u32 space[4];
        void irq1_handler(void) {
          register u32 r0 __asm("r0") = (u32)space + 1;
          __asm volatile("ldrd r2, r3, [r0]" :: "r"(r0) : "r2", "r3"); note(REG(0xE000ED2C)); }
        int main(void) { REG(0xE000ED24) = 1 << 18; PRIORITY(1, 0x40); SYSTEM_PRIORITY(6, 0x80); ENABLE(1);
          PEND(1); BARRIER(); SYSTEM_PRIORITY(6, 0x20); REG(0xE000ED2C) = ~0u; PEND(1); BARRIER(); return 0; }
        """
    )
    assert finish(_again(machine, force_python)) == [1 << 24, 1 << 30, 1 << 24, 0]


def test_a_run_from_a_snapshot_faults_as_the_first(bare: Compiler, force_python: bool) -> None:
    machine = _again(bare.machine(_OBJECTS.replace("PLACE", "arena"), asm=True), force_python)
    saved = machine.save()
    first = machine.run(MS), machine.hook.cycles, machine.hook.instructions
    machine.load(saved)
    assert (machine.run(MS), machine.hook.cycles, machine.hook.instructions) == first


def test_a_breakpoint_at_the_instruction_comes_first(bare: Compiler, force_python: bool) -> None:
    machine = _again(bare.machine(_OBJECTS.replace("PLACE", "arena"), asm=True), force_python)
    machine.set_break(address(machine, "culprit"))
    assert machine.run(MS).end is End.BREAKPOINT
    assert machine.run(MS, resume=True).end is End.FAULT


def test_looking_at_a_base_within_an_it_block_costs_nothing(bare: Compiler, force_python: bool) -> None:
    image = bare.machine(
        """
        static u32 space[8]; u32 pointer;
        int main(void) { pointer = (u32)space;
          __asm volatile("movs r4, #20; ldr r5, =pointer; 1: cmp r4, #7; itt ne; ldrne r0, [r5];"
            "ldrdne r2, r3, [r0, #8]; mul r3, r4, r4; adds r3, #1; subs r4, #1; bne 1b"
            ::: "r0", "r2", "r3", "r4", "r5", "memory"); return 0; }
        """
    ).image
    spent = []
    for looked in (True, False):
        machine = Machine(image, NRF52840, force_python=force_python)
        if not looked:
            machine.processor.aligned_bases.look = lambda block: None  # type: ignore[method-assign]
        finish(machine)
        spent.append((machine.hook.cycles, machine.hook.instructions))
    assert spent[0] == spent[1]

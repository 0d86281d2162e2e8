"""Stacks at the bottom of RAM, as flip-link puts them: what leaves RAM is named as a stack overflow."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address

from mlbench.emulator.endings import End

STACK = "-Wl,--defsym=RAM_LENGTH=0x100"
"""The stack's top is where RAM ends: 256 bytes, and no variables below."""
_ISR = ".globl pendsv_handler\n.thumb_func\npendsv_handler: bx lr\n"


def run(bare: Compiler, source: str):
    machine = bare.machine(f".globl main\n.thumb_func\n{source}\n{_ISR}", asm=True, flags=("-O1", STACK))
    return machine, machine.run(10 * MS)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("main: push {r0-r6, lr}\nbl main", "writing"),
        ("main: push {r0, lr}\nbl main", "writing"),
        ("main: stmdb sp!, {r0-r12, lr}\nbl main", "writing"),
        ("main: vpush {d0-d15}\nbl main", "writing"),
        ("main: str lr, [sp, #-200]!\nbl main", "writing"),
        ("main: sub sp, #0x1000\nstr r0, [sp, #8]\nbl main", "writing"),
        ("main: sub sp, #0x1000\nldr r0, [sp, #8]\nbl main", "reading"),
        ("main: sub.w r4, sp, #0x800\nmov sp, r4\npush {r0}\nbl main", "writing"),
    ],
)
def test_pushes_and_frames_that_leave_ram(bare: Compiler, code: str, kind: str) -> None:
    machine, ending = run(bare, code)
    assert ending.end is End.FAULT
    assert ending.text.startswith(f"BusFault: stack overflow: {kind} 0x1fff")
    assert "(below RAM), SP 0x" in ending.text
    assert 0x1FFC0000 <= ending.address < 0x20000000
    start = address(machine, "main")
    assert start <= machine.cpu.pc < start + 16


def test_an_exception_that_is_stacked_below_ram(bare: Compiler) -> None:
    _, ending = run(
        bare,
        "main: ldr r0, =0x20000010\nmov sp, r0\nldr r0, =0xE000ED04\nldr r1, =0x10000000\nstr r1, [r0]\n"
        "dsb\nisb\nb .\n.ltorg",
    )
    assert ending.end is End.FAULT
    assert ending.text.startswith("BusFault: stack overflow: stacking an exception frame at 0x1ffffff0")
    assert ending.text.endswith("(below RAM) for PendSV")


def test_other_accesses_below_ram_are_no_stack_overflow(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { note(REG(0x1ffffff0)); return 0; }")
    assert machine.run(10 * MS).text == "BusFault: reading 0x1ffffff0 (below RAM)"

"""Where the CPU emulation cuts code into blocks must not be seen."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address, run_to, words

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine

# An IT block with loads, a 32-bit instruction and a store to a register that pends PendSV, at `SKIP`
# halfwords before a page ends.
_ACROSS = """
.globl main, pendsv_handler, finish
.thumb_func
main:
  push {r4-r7, lr}
  ldr r5, =0xE000ED04
  mov r6, #0x10000000
  movs r0, #0
  ldr r1, =out
  movs r7, #0
  b start
.ltorg
.balign 4096
.space 4096 - 2 * SKIP
start:
  adds r7, #1
  cmp r7, #2
  itett eq
  addeq r0, #1
  addne.w r0, r0, #16
  streq r6, [r5]
  ldreq.w r2, [r1, #128]
  ittee ne
  addne r0, #32
  ldrne.w r2, [r1, #128]
  addeq.w r0, r0, #256
  addeq r0, #1
  add r0, r2
  cmp r7, #4
  blt start
  str r0, [r1]
  pop {r4-r7, pc}
.thumb_func
pendsv_handler:
  ldr r1, =out
  ldr r2, [r1, #4]
  adds r2, #1
  str r2, [r1, #4]
  cmp r2, #99
  it ne
  bxne lr
  b .
.ltorg
.bss
.globl out
out: .space 256
"""
_EXPECTED = (16 + 32) * 3 + 1 + 256 + 1


@pytest.mark.parametrize("skip", range(1, 16, 2))
def test_it_blocks_across_a_page_with_an_exception_inside(bare: Compiler, skip: int) -> None:
    image = bare.image(_ACROSS.replace("SKIP", str(skip)), asm=True)
    whole = Machine(image, NRF52840)
    assert run_to(whole, "finish").end is End.BREAKPOINT
    assert words(whole, "out", 2) == [_EXPECTED, 1]
    # The same, looked at after every single block.
    stepped = Machine(image, NRF52840)
    stepped.set_break(address(stepped, "finish"))
    stops = 0
    while stepped.run(stepped.clock.now + 1).end is End.DEADLINE:
        stepped.load(stepped.save())
        stops += 1
        assert stops < 1000
    assert stops > 10
    assert words(stepped, "out", 2) == [_EXPECTED, 1]
    assert stepped.hook.cycles == whole.hook.cycles
    assert stepped.hook.instructions == whole.hook.instructions
    python = Machine(image, NRF52840, force_python=True)
    assert run_to(python, "finish").end is End.BREAKPOINT
    assert (python.hook.cycles, python.hook.instructions) == (whole.hook.cycles, whole.hook.instructions)


def test_long_straight_code_is_counted_to_the_instruction(bare: Compiler) -> None:
    machine = bare.machine(
        ".globl main, begin, done\n.thumb_func\nmain: b begin\n.thumb_func\nbegin:\n.rept 5000\n"
        " nop\n add.w r0, r1, r2\n"
        " .endr\nb done\n.thumb_func\ndone: bx lr\n",
        asm=True,
    )
    for name in ("begin", "done"):
        machine.set_break(address(machine, name))
    assert machine.run(10 * MS).address == address(machine, "begin")
    before = machine.hook.instructions
    assert machine.run(10 * MS, resume=True).address == address(machine, "done")
    assert machine.hook.instructions - before == 10001


# Unicorn raises it again after emu_start; that its callback then has no result to convert is its affair.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mistake_in_a_peripheral_is_not_swallowed(bare: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = bare.machine("int main(void) { note(REG(0x40008540)); REG(0x40008540) = 1; return 0; }")

    def broken(*_: object) -> int:
        raise KeyError("a mistake")

    monkeypatch.setattr(machine.bus.by_name["TIMER0"], "read", broken)
    with pytest.raises(KeyError):
        machine.run(MS)

"""Code in RAM that becomes other code of the same size: executed as it is, and priced as it is."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, finish, notes, run_to

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine

# Two bodies of eight bytes: four additions, or a division and two of them.
_SOURCE = """
extern u16 slow[], quick[];
__asm(".section .rodata\\n.balign 4\\n.globl slow, quick\\n"
  "slow: udiv r0, r0, r0\\n udiv r0, r0, r0\\n bx lr\\n nop\\n"
  ".balign 4\\nquick: adds r0, #1\\n adds r0, #1\\n adds r0, #1\\n adds r0, #1\\n bx lr\\n nop\\n.text");
static u16 code[6] __attribute__((aligned(4)));
static void put(const volatile u16 *from) { for (int i = 0; i < 6; i++) ((volatile u16 *)code)[i] = from[i]; }
__attribute__((noinline)) static u32 timed(void) {
  u32 before = REG(0xE0001004); u32 r = ((u32 (*)(u32))((u32)code | 1))(20);
  __asm volatile("" :: "r"(r)); BARRIER(); note(r); return REG(0xE0001004) - before; }
"""


def _build(bare: Compiler, body: str, python: bool) -> Machine:
    image = bare.image(_SOURCE + "int main(void) { REG(0xE0001000) |= 1;" + body + " return 0; }")
    return Machine(image, NRF52840, force_python=python)


@pytest.mark.parametrize("python", [False, True])
def test_by_the_cpu(bare: Compiler, python: bool) -> None:
    machine = _build(
        bare,
        "u32 a, b, c; put(slow); timed(); a = timed(); put(quick); timed(); b = timed(); put(slow); timed();"
        "c = timed(); note(a - b); note(a - c);",
        python,
    )
    *results, faster, same = finish(machine)
    assert results == [1, 1, 24, 24, 1, 1]
    assert 0 < faster < 40
    assert same == 0


@pytest.mark.parametrize("python", [False, True])
@pytest.mark.parametrize("snapshot", [False, True])
def test_at_the_second_address_of_ram(bare: Compiler, python: bool, snapshot: bool) -> None:
    """Code RAM at 0x00800000 has the same cells: written at one address, executed at the other."""
    machine = _build(
        bare,
        """u32 twice = (u32)code - 0x20000000 + 0x00800000;
        put(slow); note(((u32 (*)(u32))(twice | 1))(20)); PEND(1); note(((u32 (*)(u32))(twice | 1))(20));
        put(quick); note(((u32 (*)(u32))(twice | 1))(20)); note(((u32 (*)(u32))((u32)code | 1))(20));
        for (int i = 0; i < 6; i++) ((volatile u16 *)twice)[i] = slow[i];
        note(((u32 (*)(u32))((u32)code | 1))(20)); note(((u32 (*)(u32))(twice | 1))(20));
        note(*(volatile u32 *)twice == *(volatile u32 *)code);""",
        python,
    )
    if snapshot:
        machine.run(200)
        machine.load(machine.save())
    assert finish(machine) == [1, 1, 24, 24, 1, 1, 1]


@pytest.mark.parametrize("python", [False, True])
def test_code_ram_shares_its_bus_with_nothing(bare: Compiler, python: bool) -> None:
    """Each word of code, each branch at 0x20000000 takes a cycle more, which no source gives; none here."""

    def timed(start: str) -> tuple[int, int]:
        machine = _build(
            bare,
            f"""u32 there = (u32)code - 0x20000000 + {start}; put(quick);
            for (int i = 0; i < 3; i++) {{ u32 before = REG(0xE0001004); ((u32 (*)(u32))(there | 1))(20);
              u32 after = REG(0xE0001004); if (i == 2) note(after - before); }}""",
            python,
        )
        (cycles,) = finish(machine)
        return cycles, machine.hook.assumed

    (shared, assumed), (alone, none_assumed) = timed("0x20000000"), timed("0x00800000")
    # Three words of code, and the branch back.
    assert shared - alone == 4
    assert (assumed, none_assumed) == (9, 0)


@pytest.mark.parametrize("python", [False, True])
def test_by_dma(bare: Compiler, python: bool) -> None:
    # The receiver writes over the code while the CPU waits.
    machine = _build(
        bare,
        """put(slow); timed(); u32 a = timed();
        REG(0x40002500) = 8; REG(0x40002524) = 0x10000000; REG(0x40002534) = (u32)code; REG(0x40002538) = 12;
        REG(0x40002000) = 1; while (!REG(0x40002110)) ; timed(); note(a - timed());""",
        python,
    )
    assert machine.run(MS).end is End.DEADLINE
    symbol = machine.image.symbol("quick")
    assert symbol is not None
    machine.console.feed("uart0", machine.cpu.read(symbol.address, 12))
    assert run_to(machine, "finish").end is End.BREAKPOINT
    *results, faster = notes(machine)
    assert results == [1, 1, 24, 24]
    assert 0 < faster < 40


def test_an_instruction_changes_the_one_after_the_barrier(bare: Compiler) -> None:
    # DDI 0403E, A3.7.3: ISB makes the change seen.
    machine = bare.machine(
        """
        u16 code[] __attribute__((section(".data"), aligned(4))) = {
          0x8008, 0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F, 0x2007, 0x4770 };
        int main(void) { u32 (*f)(u32, u16 *) = (void *)((u32)code | 1);
          for (u32 n = 1; n < 5; n++) note(f(0x2000 + n, code + 5));
          return 0; }
        """
    )
    assert finish(machine) == [1, 2, 3, 4]

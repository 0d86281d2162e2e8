"""Flash that firmware writes and erases, and UICR."""

from __future__ import annotations

import pytest
from bare_image import MS, Chip, Compiler, address, finish, run_to

from mlbench.emulator.machine import End, Machine
from mlbench.emulator.peripherals.base import Cause

NVMC = 0x4001E000
_LIB = """
#define NVMC(o) REG(0x4001E000 + (o))
static u32 us(void) { REG(0x40009040) = 1; return REG(0x40009540); }
static void start_clock(void) { REG(0x40009508) = 3; REG(0x40009000) = 1; }
static void mode(u32 m) { NVMC(0x504) = m; while (!NVMC(0x400)) ; }
#define CELL ((volatile u32 *)0x80000)
"""


def test_bits_are_written_to_0_and_erased_to_1(bare: Compiler) -> None:
    machine = bare.machine(
        _LIB
        + """int main(void) {
          note(CELL[0]); mode(1); CELL[0] = 0x0F0F0F0F; note(CELL[0]); CELL[0] = 0xFFFF0000; note(CELL[0]);
          CELL[1] = 5; CELL[1023] = 7; CELL[1024] = 9; mode(2); NVMC(0x508) = 0x80000; mode(0);
          note(CELL[0]); note(CELL[1]); note(CELL[1023]); note(CELL[1024]); return 0; }"""
    )
    erased = 0xFFFFFFFF
    assert finish(machine, 200) == [erased, 0x0F0F0F0F, 0x0F0F0000, erased, erased, erased, 9]
    assert machine.notes == []


def test_the_cpu_waits_for_the_cells(bare: Compiler) -> None:
    machine = bare.machine(
        _LIB
        + """int main(void) { start_clock(); mode(1); u32 a = us(); CELL[0] = 1; note(us() - a);
          a = us(); for (u32 i = 1; i < 11; i++) CELL[i] = i; note(us() - a);
          mode(2); a = us(); NVMC(0x508) = 0x80000; note(us() - a); note(NVMC(0x400));
          a = us(); NVMC(0x51C) = 20; NVMC(0x518) = 0x80000; note(us() - a); return 0; }"""
    )
    word, ten, page, ready, part = finish(machine, 300)
    assert 41 <= word <= 44
    assert 410 <= ten <= 416
    assert 85_000 <= page <= 85_003
    assert ready == 1
    assert 20_000 <= part <= 20_003


def test_code_in_ram_goes_on_meanwhile(bare: Compiler) -> None:
    machine = bare.machine(
        _LIB
        + """__attribute__((section(".data.code"), noinline)) void work(void) {
            NVMC(0x504) = 2; NVMC(0x51C) = 2; NVMC(0x518) = 0x80000; out[0] = NVMC(0x400); u32 n = 0;
            while (!NVMC(0x400)) n++; out[1] = n;
            NVMC(0x504) = 1; CELL[0] = 3; out[2] = NVMC(0x400); while (!NVMC(0x400)) ; out[3] = CELL[0]; }
          int main(void) { ((void (*)(void))((u32)work | 1))(); count = 4; return 0; }""",
        flags=("-O1", "-mlong-calls"),
    )
    busy, loops, again, word = finish(machine, 300)
    assert (busy, again, word) == (0, 0, 3)
    assert loops > 1000
    assert machine.clock.now > 2 * MS


@pytest.mark.parametrize(
    "store",
    [
        "CELL[0] = 0x1234;",
        "mode(2); CELL[0] = 0x1234;",
        "mode(1); *(volatile u16 *)0x80000 = 0x1234;",
        "mode(1); *(volatile u8 *)0x80001 = 0x12;",
        "NVMC(0x800) = 0x80000; NVMC(0x804) = 0x1000; NVMC(0x808) = 2; mode(1); CELL[0] = 0x1234;",
    ],
    ids=["off", "erasing", "halfword", "byte", "protected"],
)
def test_what_the_controller_refuses_is_a_fault(bare: Compiler, store: str) -> None:
    machine = bare.machine(_LIB + f"int main(void) {{ {store} return 0; }}")
    ending = run_to(machine, "finish", 10)
    assert ending.end is End.FAULT
    assert "0x0008000" in ending.text
    assert machine.cpu.word(0x80000) == 0xFFFFFFFF


def test_stores_of_every_kind_are_gone_on_from(bare: Compiler) -> None:
    source = """
      .globl main
      .thumb_func
      main: push {r4-r7, lr}
        ldr r0, =0x4001E504
        movs r1, #1
        str r1, [r0]
        ldr r0, =0x80000
        movs r1, #1
        movs r2, #2
        movs r3, #3
        mov r8, #8
        str r1, [r0], #4
        str r2, [r0, #4]!
        adds r0, #4
        stmia r0!, {r1, r2, r3}
        strd r2, r3, [r0], #8
        str.w r8, [r0, #4]
        movs r4, #8
        str r1, [r0, r4]
        str.w r2, [r0, r4, lsl #1]
        stmia.w r0, {r3}
        movs r5, #0
        adds r5, #1
        ldr r6, =out
        str r0, [r6]
        str r5, [r6, #4]
        ldr r6, =count
        movs r5, #2
        str r5, [r6]
        pop {r4-r7, pc}
      .bss
      .globl out, count
      out: .space 64
      count: .space 4
    """
    machine = bare.machine(source, asm=True)
    before = machine.hook.instructions
    assert finish(machine) == [0x80020, 1]
    cells = [machine.cpu.word(0x80000 + 4 * n) for n in range(13)]
    nothing = 0xFFFFFFFF
    assert cells == [1, nothing, 2, 1, 2, 3, 2, 3, 3, 8, 1, nothing, 2]
    # Each instruction is counted once, though the CPU has stopped at every store to flash.
    whole = bare.machine(source.replace("0x80000", "0x20010000"), asm=True)
    finish(whole)
    assert machine.hook.instructions - before == whole.hook.instructions


def test_code_that_was_run_and_written_again_is_seen(bare: Compiler) -> None:
    # movs r0, #n; bx lr - three times another n, with the page erased in between.
    machine = bare.machine(
        _LIB
        + """int main(void) { for (u32 n = 1; n < 4; n++) {
            mode(2); NVMC(0x508) = 0x80000; mode(1); CELL[0] = 0x47702000 + n; mode(0);
            for (int i = 0; i < 3; i++) note(((u32 (*)(void))0x80001)()); }
          return 0; }"""
    )
    assert finish(machine, 400) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_patch_of_code_from_outside_is_seen(bare: Compiler) -> None:
    machine = bare.machine(
        '__attribute__((noinline)) u32 f(void) { __asm volatile(""); return 1; }'
        ' int main(void) { for (;;) { note(f()); if (count == 2) break; __asm volatile("nop"); } return 0; }'
    )
    machine.set_break(address(machine, "f"))
    machine.run(MS)
    machine.run(MS, resume=True)
    code = machine.cpu.read(address(machine, "f"), 2)
    assert code == b"\x01\x20"
    machine.patch_flash(address(machine, "f"), b"\x07\x20")
    machine.set_break(address(machine, "f"), False)
    assert finish(machine) == [1, 7]


def test_a_patch_may_be_of_ram(bare: Compiler) -> None:
    machine = bare.machine(
        "volatile u32 given; int main(void) { for (;;) if (given) { note(given); return 0; } }"
    )
    machine.run(MS)
    machine.patch_flash(address(machine, "given"), b"\x2a")
    assert finish(machine) == [42]


def _cells(machine: Machine) -> list[int]:
    return [machine.cpu.word(0x80000 + 4 * n) for n in range(4)]


def test_snapshots_hold_changed_flash_and_nothing_else(bare: Compiler) -> None:
    machine = bare.machine(
        _LIB
        + """volatile u32 go; int main(void) { mode(1); for (u32 i = 0; i < 4; i++) { CELL[i] = i;
            while (go <= i) __asm volatile("nop"); } return 0; }"""
    )
    start = machine.save()
    machine.run(MS)
    assert _cells(machine) == [0, *[0xFFFFFFFF] * 3]
    first = machine.save()
    assert [len(page) for page in machine.flash_array.save().values()] == [4096]
    machine.cpu.write(address(machine, "go"), b"\x04")
    finish(machine)
    assert _cells(machine) == [0, 1, 2, 3]
    machine.load(first)
    assert _cells(machine) == [0, *[0xFFFFFFFF] * 3]
    machine.load(start)
    assert _cells(machine) == [0xFFFFFFFF] * 4
    assert machine.flash_array.save() == {}
    machine.load(first)
    machine.restart(Cause.SOFTWARE)
    assert _cells(machine)[0] == 0
    machine.reset()
    assert _cells(machine)[0] == 0xFFFFFFFF


def test_partial_erases_add_up(chip: Chip) -> None:
    chip[NVMC + 0x504] = 1
    assert chip.machine.cpu.program is not None
    assert chip.machine.cpu.program(0x80000, 4, 0)
    chip[NVMC + 0x504], chip[NVMC + 0x51C] = 2, 30
    for held in (0, 0, 0xFFFFFFFF):
        chip[NVMC + 0x518] = 0x80000
        assert chip.machine.cpu.word(0x80000) == held


def test_uicr_is_flash_too(chip: Chip) -> None:
    assert (chip[0x10001200], chip[0x10001080]) == (18, 0xFFFFFFFF)
    chip[0x10001080] = 5
    assert chip[0x10001080] == 0xFFFFFFFF
    assert any("UICR" in note for note in chip.machine.notes)
    chip[NVMC + 0x504] = 1
    chip[0x10001080] = 0xFF
    chip[0x10001080] = 0xF0F
    assert chip[0x10001080] == 0x0F
    chip.machine.restart(Cause.SOFTWARE)
    assert chip[0x10001080] == 0x0F
    chip[NVMC + 0x514] = 1
    assert chip[0x10001080] == 0x0F
    chip[NVMC + 0x504] = 2
    chip[NVMC + 0x514] = 1
    assert (chip[0x10001200], chip[0x10001080]) == (0xFFFFFFFF, 0xFFFFFFFF)

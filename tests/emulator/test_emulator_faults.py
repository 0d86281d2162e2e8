"""What firmware does wrong, and what is said of it."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address, run_to

from mlbench.emulator.machine import End


@pytest.mark.parametrize(
    ("code", "kind", "fault"),
    [
        ("*(volatile u32 *)0 = 1", "writing", 0),
        ("*(volatile u32 *)0x10000 = 1", "writing", 0x10000),
        ("*(volatile u8 *)4 = 1", "writing", 4),
        ("note(*(volatile u32 *)0x20040000)", "reading", 0x20040000),
        ("*(volatile u32 *)0x20040004 = 1", "writing", 0x20040004),
        ("note(*(volatile u16 *)0x60000000)", "reading", 0x60000000),
        ("((void (*)(void))0x08000001)()", "executing", 0x08000000),
        ("((void (*)(void))0x20040001)()", "executing", 0x20040000),
    ],
)
def test_bad_accesses_name_kind_and_address(bare: Compiler, code: str, kind: str, fault: int) -> None:
    machine = bare.machine(
        f"__attribute__((noinline)) void bad(void) {{ {code}; }} int main(void) {{ bad(); return 0; }}"
    )
    ending = machine.run(10 * MS)
    assert ending.end is End.FAULT
    assert kind in ending.text
    assert f"{fault:#010x}" in ending.text
    assert ending.address == fault
    if kind != "executing":
        start = address(machine, "bad")
        assert start <= machine.cpu.pc < start + 32


def test_the_pc_of_a_fault_is_its_instruction(bare: Compiler) -> None:
    machine = bare.machine(
        """
        .globl main, culprit
        .thumb_func
        main: movs r0, #0
          movs r1, #1
          adds r1, #1
        .thumb_func
        culprit: str r1, [r0, #8]
          movs r1, #7
          bx lr
        """,
        asm=True,
    )
    ending = machine.run(MS)
    assert (ending.end, ending.address) == (End.FAULT, 8)
    assert machine.cpu.pc == address(machine, "culprit")
    assert machine.cpu.r(1) == 2


@pytest.mark.parametrize("before", ["nop", "sev", "nop; wfe; nop", "it eq; nopeq"])
@pytest.mark.parametrize("code", ["udf #1", "udf.w #1", ".inst.w 0xec000000"])
def test_undefined_instructions(bare: Compiler, code: str, before: str) -> None:
    before = before.replace("nop; wfe", "sev; wfe")
    machine = bare.machine(
        f".globl main, culprit\n.thumb_func\nmain: {before}\n.thumb_func\nculprit: {code}\nbx lr\n", asm=True
    )
    ending = machine.run(MS)
    assert ending.end is End.FAULT, ending
    assert "undefined instruction" in ending.text
    assert ending.address == address(machine, "culprit")


def test_undefined_straight_after_wfe_is_not_sleep(bare: Compiler) -> None:
    machine = bare.machine(
        ".globl main, culprit\n.thumb_func\nmain: sev\nwfe\n.thumb_func\nculprit: udf #0\nbx lr\n", asm=True
    )
    ending = machine.run(MS)
    assert (ending.end, ending.address) == (End.FAULT, address(machine, "culprit"))


def test_bkpt_names_its_address(bare: Compiler) -> None:
    machine = bare.machine(
        'NAKED void stop(void) { __asm("bkpt #0x12"); } int main(void) { stop(); return 0; }'
    )
    ending = machine.run(MS)
    assert (ending.end, ending.address) == (End.FAULT, address(machine, "stop"))
    assert "bkpt #0x12" in ending.text


def test_exc_return_in_thread_mode_is_a_fault(bare: Compiler) -> None:
    machine = bare.machine(".globl main\n.thumb_func\nmain: ldr r0, =0xFFFFFFF9\nbx r0\n.ltorg\n", asm=True)
    ending = machine.run(MS)
    assert ending.end is End.FAULT


@pytest.mark.parametrize("value", [0xFFFFFFF5, 0xFFFFFFF1, 0xFFFFFFE5])
def test_exc_returns_that_do_not_fit_are_faults(bare: Compiler, value: int) -> None:
    machine = bare.machine(
        f"""
        NAKED void irq1_handler(void) {{ __asm("ldr r0, ={value:#x}; bx r0; .ltorg"); }}
        int main(void) {{ ENABLE(1); PEND(1); BARRIER(); return 0; }}
        """
    )
    ending = run_to(machine, "finish")
    assert ending.end is End.FAULT


@pytest.mark.parametrize("mask", ["cpsid i", "cpsid f"])
def test_svc_while_masked_is_a_hard_fault(bare: Compiler, mask: str) -> None:
    machine = bare.machine(f'int main(void) {{ __asm volatile("{mask}; nop; svc #0"); return 0; }}')
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert "SVC" in ending.text
    assert machine.cpu.read(ending.address, 2) == b"\x00\xdf"


def test_svc_from_an_equally_urgent_handler_is_a_hard_fault(bare: Compiler) -> None:
    machine = bare.machine(
        'void irq1_handler(void) { __asm volatile("svc #0"); }'
        "int main(void) { ENABLE(1); PEND(1); return 0; }"
    )
    ending = run_to(machine, "finish")
    assert ending.end is End.FAULT


def test_svc_with_a_more_urgent_one_pending_in_the_same_block(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) { out[count++] = 1; }
        void svc_handler(void) { out[count++] = 11; }
        int main(void) {
          SYSTEM_PRIORITY(11, 0x80); ENABLE(1);
          __asm volatile("str %1, [%0]; svc #0" :: "r"(0xE000E200), "r"(2) : "memory");
          out[count++] = 3; return 0; }
        """
    )
    assert run_to(machine, "finish").end is End.BREAKPOINT
    assert [
        int.from_bytes(machine.cpu.read(address(machine, "out") + 4 * n, 4), "little") for n in range(3)
    ] == [1, 11, 3]


def test_a_stack_outside_of_memory_is_told(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) {}
        int main(void) { ENABLE(1); __asm volatile("mov sp, %2; str %1, [%0]; nop; nop; b ." ::
           "r"(0xE000E200), "r"(2), "r"(0x30000000)); return 0; }
        """
    )
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert "stacking" in ending.text
    assert "interrupt 1" in ending.text


def test_a_vector_that_is_no_code_is_told(bare: Compiler) -> None:
    machine = bare.machine(
        """
        static u32 table[64] __attribute__((aligned(256)));
        int main(void) { REG(0xE000ED08) = (u32)table; ICSR = PENDSVSET; BARRIER(); return 0; }
        """
    )
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert "PendSV" in ending.text


def test_reset_request(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { REG(0xE000ED0C) = 0x05FA0004; for (;;) ; }")
    assert machine.run(MS).end is End.RESET
    machine.reset()
    assert machine.clock.now == 0
    assert machine.run(MS).end is End.RESET
    wrong_key = bare.machine("int main(void) { REG(0xE000ED0C) = 0x00000004; for (;;) ; }")
    assert wrong_key.run(10 * MS).end is End.IDLE


def test_code_in_ram_runs_and_is_new_after_a_snapshot(bare: Compiler) -> None:
    # A function in RAM is replaced by the host between two runs from one snapshot.
    machine = bare.machine(
        """
        u16 code[] __attribute__((section(".data"), aligned(4))) = {0x2001, 0x4770, 0x2002, 0x4770};
        __attribute__((noinline)) u32 probe(void) { return ((u32 (*)(void))((u32)code | 1))(); }
        int main(void) { note(probe()); *(volatile u32 *)code = *(volatile u32 *)(code + 2);
          note(probe()); return 0; }
        """
    )
    where = address(machine, "probe")
    machine.set_break(where)
    assert machine.run(MS).address == where
    machine.set_break(where, False)
    saved = machine.save()
    for _ in range(2):
        machine.load(saved)
        assert run_to(machine, "finish").end is End.BREAKPOINT
        data = machine.cpu.read(address(machine, "out"), 8)
        assert data == b"\1\0\0\0\2\0\0\0"

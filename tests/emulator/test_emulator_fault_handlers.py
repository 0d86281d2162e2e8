"""Faults are taken by the firmware's own handlers (DDI 0403E, B1.5.14, B3.2.15 to B3.2.18)."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address, finish, notes, run_to

from mlbench.emulator.endings import End
from mlbench.emulator.exceptions import ipsr
from mlbench.emulator.machine import Machine

# A handler that notes its exception's number, CFSR, HFSR, and goes on behind the instruction that faulted.
_HANDLER = """
#define CFSR REG(0xE000ED28)
#define HFSR REG(0xE000ED2C)
#define MMFAR REG(0xE000ED34)
#define BFAR REG(0xE000ED38)
#define SHCSR REG(0xE000ED24)
#define SHOWN(name) \\
  NAKED void name(void) { __asm("tst lr, #4; ite eq; mrseq r0, msp; mrsne r0, psp; b seen"); }
static u32 step_over = 1;
__attribute__((used)) void seen(u32 *frame) {
  note(ICSR & 0x1ff); note(CFSR); note(HFSR); CFSR = ~0u; HFSR = ~0u;
  if (step_over) { u16 first = *(u16 *)frame[6]; frame[6] += first >> 11 >= 29 ? 4 : 2; } }
SHOWN(hard_fault_handler) SHOWN(mem_manage_handler) SHOWN(bus_fault_handler) SHOWN(usage_fault_handler)
"""
_FORCED = 1 << 30
_PRECISE, _IMPRECISE = 1 << 9 | 1 << 15, 1 << 10


def _main(body: str) -> str:
    return _HANDLER + "int main(void) { " + body + " return 0; }"


_READ = "(void)REG(0x60000010); note(BFAR);"


@pytest.mark.parametrize(
    ("enable", "code", "expected"),
    [
        (0, _READ, [3, _PRECISE, _FORCED, 0x60000010]),
        (1 << 17, _READ, [5, _PRECISE, 0, 0x60000010]),
        (1 << 18, _READ, [3, _PRECISE, _FORCED, 0x60000010]),
        (1 << 18, '__asm volatile("udf #0");', [6, 1 << 16, 0]),
        (0, '__asm volatile("udf #0");', [3, 1 << 16, _FORCED]),
        (1 << 18, '__asm volatile("udf.w #0");', [6, 1 << 16, 0]),
        (1 << 18, '__asm volatile("cdp p0, #0, c0, c0, c0, #0");', [6, 1 << 19, 0]),
        (1 << 18, "REG(0xE000ED14) |= 16; BARRIER(); u32 a = 7, z = 0;"
         '__asm volatile("udiv %0, %0, %1" : "+r"(a) : "r"(z));', [6, 1 << 25, 0]),
        (1 << 18, "REG(0xE000ED14) |= 16; BARRIER(); int a = 7, z = 0;"
         '__asm volatile("cmp %1, #0; it ne; sdivne %0, %0, %1" : "+r"(a) : "r"(z) : "cc"); note(a);', [7]),
        (1 << 18, 'int a = 7, z = 0; __asm volatile("sdiv %0, %0, %1" : "+r"(a) : "r"(z)); note(a);', [0]),
        (1 << 18, "REG(0xE000ED14) |= 8; BARRIER(); note(*(volatile u32 *)((u32)out + 129));", [6, 1 << 24,
          0, 0]),
        (1 << 18, "out[40] = 0x11223344; note(*(volatile u32 *)((u32)out + 161));", [0x112233]),
        (1 << 18, "REG(0xE000ED88) = 0; BARRIER(); __asm volatile(\"vadd.f32 s0, s1, s2\"); note(1);",
         [6, 1 << 19, 0, 1]),
        (1 << 18, 'u32 d; __asm volatile("ldrex %0, [%1]" : "=r"(d) : "r"((u32)out + 1));', [6, 1 << 24, 0]),
    ],
)  # fmt: skip
def test_status_and_exception(bare: Compiler, enable: int, code: str, expected: list[int]) -> None:
    got = finish(bare.machine(_main(f"SHCSR = {enable}; {code}")))
    if expected[0] == 6 and expected[-1] == 0 and "129" in code:
        got = [*got[:3], 0]  # what a load that never was leaves behind
    assert got == expected


def test_a_division_that_traps_leaves_its_register(bare: Compiler) -> None:
    code = """SHCSR = 1 << 18; REG(0xE000ED14) |= 16; BARRIER(); u32 a = 7, z = 0;
      __asm volatile("udiv %0, %0, %1" : "+r"(a) : "r"(z)); note(a);"""
    assert finish(bare.machine(_main(code))) == [6, 1 << 25, 0, 7]


@pytest.mark.parametrize(
    ("store", "base_after"),
    [
        ("str r2, [r1]", 0), ("str r2, [r1, #4]", 0), ("str r2, [r1], #8", 8), ("str r2, [r1, #-16]!", -16),
        ("strb.w r2, [r1, #1]", 0), ("strh r2, [r1], #2", 2), ("strd r2, r3, [r1], #-8", -8),
        ("stm r1!, {r2, r3}", 8), ("stmdb r1!, {r2, r3, r4}", -12), ("vstr s0, [r1, #4]", 0),
        ("vstm r1!, {s0-s3}", 16), ("str r2, [r1, r3]", 0), ("strb.w r2, [r1, r3, lsl #1]", 0),
    ],
)  # fmt: skip
def test_stores_fault_behind_themselves(bare: Compiler, store: str, base_after: int) -> None:
    # The write buffer has taken the store: it counts as done, its base is written back (B1.5.14; TRM 3.3.3).
    machine = bare.machine(
        _HANDLER
        + f"""int main(void) {{ step_over = 0; SHCSR = 1 << 17; u32 a, b;
          __asm volatile("ldr r1, =0x20050000; movs r3, #0; movs r2, #0; mov r4, #0; {store}; adds r2, #1;"
             "mov %0, r1; mov %1, r2" : "=r"(a), "=r"(b) :: "r1", "r2", "r3", "r4", "memory");
          note(a - 0x20050000); note(b); return 0; }}"""
    )
    assert finish(machine) == [5, _IMPRECISE, 0, base_after & 0xFFFFFFFF, 1]


def test_stores_in_an_it_block_fault_and_the_block_goes_on(bare: Compiler) -> None:
    machine = bare.machine(
        _HANDLER
        + """int main(void) { step_over = 0; SHCSR = 1 << 17; u32 a;
          __asm volatile("ldr r1, =0x20050000; movs r2, #0; cmp r2, #0; ittte eq; moveq r3, #1;"
            "streq r2, [r1]; addeq r3, #2; addne r3, #64; mov %0, r3" : "=r"(a) :: "r1", "r2", "r3", "cc");
          note(a); return 0; }"""
    )
    assert finish(machine) == [5, _IMPRECISE, 0, 3]


def test_without_the_write_buffer_stores_are_precise(bare: Compiler) -> None:
    machine = bare.machine(_main("SHCSR = 1 << 17; REG(0xE000E008) = 2; REG(0x20050000) = 1; note(BFAR);"))
    assert finish(machine) == [5, _PRECISE, 0, 0x20050000]


def test_imprecise_faults_wait_for_their_priority(bare: Compiler) -> None:
    machine = bare.machine(
        _HANDLER
        + """void irq1_handler(void) { REG(0x20050000) = 1; BARRIER(); note(1); note(SHCSR >> 14 & 1); }
        int main(void) { step_over = 0; SHCSR = 1 << 17; SYSTEM_PRIORITY(5, 0x80); PRIORITY(1, 0x40);
          ENABLE(1); PEND(1); BARRIER(); note(2); return 0; }"""
    )
    assert finish(machine) == [1, 1, 5, _IMPRECISE, 0, 2]


@pytest.mark.parametrize(
    ("call", "number", "status"),
    [
        ("((void (*)(void))0x20000100)()", 6, 1 << 17),  # no Thumb bit: INVSTATE
        ("((void (*)(void))0x40000001)()", 4, 1 << 0),  # peripherals are never executable: IACCVIOL
        ("((void (*)(void))0xE0001001)()", 4, 1 << 0),
        ("((void (*)(void))0x90000001)()", 5, 1 << 8),  # nothing there: IBUSERR
        ("((void (*)(void))0x60000001)()", 5, 1 << 8),
    ],
)
def test_branches_to_where_no_code_is(bare: Compiler, call: str, number: int, status: int) -> None:
    machine = bare.machine(
        """
        NAKED void look(void) { __asm("mov r0, sp; b seen"); }
        void mem_manage_handler(void) __attribute__((alias("look")));
        void bus_fault_handler(void) __attribute__((alias("look")));
        void usage_fault_handler(void) __attribute__((alias("look")));
        __attribute__((used)) void seen(u32 *frame) {
          note(ICSR & 0x1ff); note(REG(0xE000ED28)); frame[6] = frame[5] & ~1u; frame[7] |= 1 << 24; }
        int main(void) { REG(0xE000ED24) = 7 << 16; CALL; return 0; }
        """.replace("CALL", call)
    )
    assert finish(machine) == [number, status]


def test_a_handled_fault_is_a_remark(bare: Compiler) -> None:
    machine = bare.machine(
        _HANDLER
        + """__attribute__((noinline)) void culprit(void) { (void)REG(0x20040010); }
        int main(void) { SHCSR = 1 << 17; culprit(); culprit(); return 0; }""",
        flags=("-O1", "-g"),
    )
    assert len(finish(machine)) == 6
    remarks = [text for text in machine.notes if "BusFault" in text]
    assert len(remarks) == 1
    at = f"{address(machine, 'culprit'):#010x}"[:-1]
    for part in ("reading 0x20040010", at, "in culprit", ".c:", "BusFault handler returned"):
        assert part in remarks[0], remarks


def _ends_as_fault(machine: Machine, text: str, symbol: str) -> None:
    ending = machine.run(2000 * MS)
    assert ending.end is End.FAULT, ending
    assert text in ending.text
    start = address(machine, symbol)
    assert start <= machine.cpu.pc < start + 40, hex(machine.cpu.pc)


@pytest.mark.parametrize(
    "handler",
    [
        "for (;;) ;",
        "for (;;) __asm volatile(\"nop\");",
        "for (;;) __asm volatile(\"wfi\");",
        "REG(0xE000ED0C) = 0x05FA0004; for (;;) ;",
        "__asm volatile(\"bkpt #0\");",
        "(void)REG(0x20040000);",
        "REG(0x20040000) = 1;",
        "__asm volatile(\"udf #0\");",
        "__asm volatile(\"svc #0\");",
        "((void (*)(void))0x20000100)();",
        "",
    ],
)  # fmt: skip
def test_handlers_that_do_not_come_back_end_the_run_by_the_first_cause(bare: Compiler, handler: str) -> None:
    # The last one returns to the load, which faults again, and again.
    machine = bare.machine(
        f"void hard_fault_handler(void) {{ {handler} }}"
        "__attribute__((noinline)) void culprit(void) { (void)REG(0x20040010); }"
        "int main(void) { REG(0xE000E014) = 999999; REG(0xE000E010) = 7; culprit(); return 0; }"
        "void systick_handler(void) { }"
    )
    _ends_as_fault(machine, "BusFault: reading 0x20040010 (past the end of RAM)", "culprit")
    assert ipsr(machine.cpu) == 0


def test_a_crash_dump_is_seen(bare: Compiler) -> None:
    machine = bare.machine(
        """
        static u8 text[] = "crash!";
        void hard_fault_handler(void) {
          REG(0x40002500) = 8; REG(0x40002524) = 0x01D7E000; REG(0x40002544) = (u32)text; REG(0x40002548) = 6;
          REG(0x40002008) = 1; while (!REG(0x40002120)) ; for (;;) ; }
        int main(void) { (void)REG(0x20040010); return 0; }
        """
    )
    assert machine.run(100 * MS).end is End.FAULT
    assert machine.serial() == b"crash!"


def test_after_a_fault_the_machine_starts_again(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { note(1); (void)REG(0x20040010); return 0; }")
    for _ in range(3):
        assert machine.run(MS).end is End.FAULT
        assert notes(machine) == [1]
        machine.reset()
        assert notes(machine) == []


def test_pending_and_active_bits_of_faults(bare: Compiler) -> None:
    machine = bare.machine(
        """
        #define SHCSR REG(0xE000ED24)
        void usage_fault_handler(void) { note(SHCSR & 0xffff); }
        void svc_handler(void) { note(SHCSR & 0xffff); }
        void bus_fault_handler(void) { note(SHCSR & 0xffff); }
        int main(void) {
          SHCSR = 7 << 16; note(SHCSR);
          SYSTEM_PRIORITY(11, 0x40);
          __asm volatile("cpsid i" ::: "memory");
          SHCSR |= 1 << 12 | 1 << 14; note(SHCSR & 0xffff);
          __asm volatile("cpsie i" ::: "memory"); BARRIER();
          __asm volatile("svc #0");
          return 0; }
        """
    )
    # Both of priority 0: BusFault (5) before UsageFault (6), which waits.
    assert finish(machine) == [7 << 16, 0x5000, 1 << 12 | 1 << 1, 1 << 3, 1 << 7]


def test_an_escalated_fault_pends_nothing_else(bare: Compiler) -> None:
    machine = bare.machine(
        _HANDLER
        + """void irq1_handler(void) { note(100); (void)REG(0x60000010); note(101); }
        int main(void) { SHCSR = 7 << 16; SYSTEM_PRIORITY(5, 0x80); PRIORITY(1, 0x40); ENABLE(1); PEND(1);
          BARRIER(); return 0; }"""
    )
    assert finish(machine) == [100, 3, _PRECISE, _FORCED, 101]


def test_stacking_fault_runs_the_handler_on_the_bad_stack(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) { note(1); }
        NAKED void hard_fault_handler(void) { __asm("ldr sp, =0x20030000; b seen; .ltorg"); }
        __attribute__((used)) void seen(void) { note(ICSR & 0x1ff); note(REG(0xE000ED28));
          note(REG(0xE000ED2C));
          __asm volatile("b finish"); }
        int main(void) { ENABLE(1); __asm volatile("mov sp, %2; str %1, [%0]; nop; nop; b ." ::
           "r"(0xE000E200), "r"(2), "r"(0x1FFFFF00)); return 0; }
        """
    )
    assert run_to(machine, "finish").end is End.BREAKPOINT
    assert notes(machine)[:3] == [3, 1 << 12, _FORCED]


def test_lockup_by_a_vector_table_that_is_not_there(bare: Compiler) -> None:
    machine = bare.machine(
        "int main(void) { REG(0xE000ED08) = 0x30000000; BARRIER(); ICSR = PENDSVSET; for (;;) ; }"
    )
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert "vector of PendSV" in ending.text


@pytest.mark.parametrize("enabled", [False, True])
def test_bkpt_goes_to_the_debug_monitor_where_it_is_on(bare: Compiler, enabled: bool) -> None:
    machine = bare.machine(
        """
        NAKED void hard_fault_handler(void) { __asm("mov r0, sp; b seen"); }
        NAKED void monitor(void) { __asm("mov r0, sp; b seen"); }
        static u32 table[64] __attribute__((aligned(256)));
        extern u32 vectors[];
        __attribute__((used)) void seen(u32 *frame) {
          note(ICSR & 0x1ff); note(REG(0xE000ED2C)); note(REG(0xE000ED30)); frame[6] += 2; }
        int main(void) {
          for (int i = 0; i < 64; i++) table[i] = vectors[i];
          table[12] = (u32)monitor; REG(0xE000ED08) = (u32)table;
          REG(0xE000EDFC) |= ENABLED << 16; BARRIER();
          __asm volatile("bkpt #1"); return 0; }
        """.replace("ENABLED", str(int(enabled)))
    )
    assert finish(machine) == ([12, 0, 2] if enabled else [3, 0x80000000, 2])


def test_a_fault_in_a_faults_handler_is_told_behind_the_first(bare: Compiler) -> None:
    machine = bare.machine(
        """
        __attribute__((noinline)) void report(void) { note(REG(0x60000020)); }
        void hard_fault_handler(void) { report(); for (;;) ; }
        __attribute__((noinline)) void bad(void) { note(REG(0x60000010)); }
        int main(void) { bad(); return 0; }
        """
    )
    ending = machine.run(10 * MS)
    assert (ending.end, ending.text) == (End.FAULT, "BusFault: reading 0x60000010")
    assert machine.image.function_at(machine.cpu.pc).name == "bad"
    told = "; then, in the HardFault handler: BusFault: reading 0x60000020, at 0x"
    assert ending.more.startswith(told)
    assert ending.more.endswith(" in report")


def test_each_further_fault_is_told_once(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void bus_fault_handler(void) { note(REG(0x60000020)); }
        void hard_fault_handler(void) { __asm("udf #1"); }
        int main(void) { REG(0xE000ED24) = 1 << 17; note(REG(0x60000010)); return 0; }
        """
    )
    ending = machine.run(10 * MS)
    assert ending.text == "BusFault: reading 0x60000010"
    first, second, third = ending.more.split("; ")
    assert first == ""
    assert second.startswith("then, in the BusFault handler: BusFault: reading 0x60000020, at 0x")
    assert third.startswith("then, in the HardFault handler: UsageFault: undefined instruction at 0x")

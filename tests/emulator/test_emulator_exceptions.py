"""Exceptions of the M profile, on the emulated chip."""

from __future__ import annotations

import struct

import pytest
from bare_image import MS, Compiler, address, finish, notes, run_to, words

from mlbench.emulator.machine import End


def test_svc_passes_arguments_and_result_in_the_frame(bare: Compiler) -> None:
    machine = bare.machine(
        """
        u32 call(u32, u32);
        __asm(".thumb_func\\n.globl call\\ncall: svc #7\\nbx lr");
        NAKED void svc_handler(void) { __asm("mov r0, sp\\n mov r1, lr\\n b handle"); }
        __attribute__((used)) void handle(u32 *frame, u32 lr) {
          note(lr); note(((u8 *)frame[6])[-2]); note(ICSR & 0x1ff);
          frame[0] = frame[0] * 10 + frame[1];
        }
        int main(void) { note(call(4, 2)); note(ICSR & 0x1ff); return 0; }
        """
    )
    assert finish(machine) == [0xFFFFFFF9, 7, 11, 42, 0]


def test_pendsv_runs_at_once_and_registers_survive(bare: Compiler) -> None:
    machine = bare.machine(
        """
        .globl main, pendsv_handler
        .thumb_func
        main:
          push {r4-r11, lr}
          movs r0, #1; movs r1, #2; movs r2, #3; movs r3, #4; mov r12, #5
          mov r4, #0x10000000
          ldr r5, =0xE000ED04
          cmp r0, r0
          str r4, [r5]
          dsb
          isb
          ite eq
          moveq r7, #77
          movne r7, #0
          ldr r6, =out
          stm r6!, {r0, r1, r2, r3, r7, r12}
          movs r0, #6
          ldr r1, =count
          str r0, [r1]
          pop {r4-r11, pc}
        .thumb_func
        pendsv_handler:
          movs r0, #0; movs r1, #0; movs r2, #0; movs r3, #0; mov r12, #0
          adds r0, #1
          ldr r1, =seen
          str r0, [r1]
          bx lr
        .ltorg
        .bss
        .globl out, count, seen
        out: .space 256
        count: .space 4
        seen: .space 4
        """,
        asm=True,
    )
    assert finish(machine) == [1, 2, 3, 4, 77, 5]
    assert words(machine, "seen", 1) == [1]


def test_priorities_decide_who_preempts_and_who_waits(bare: Compiler) -> None:
    # 20 is more urgent than 21; 22 has 21's priority and a higher number.
    machine = bare.machine(
        """
        void irq20_handler(void) { note(20); }
        void irq21_handler(void) {
          note(210); PEND(22); BARRIER(); note(211); PEND(20); BARRIER(); note(212);
        }
        void irq22_handler(void) { note(22); }
        int main(void) {
          PRIORITY(20, 0x20); PRIORITY(21, 0x40); PRIORITY(22, 0x40);
          ENABLE(20); ENABLE(21); ENABLE(22);
          PEND(21); BARRIER(); note(1);
          return 0;
        }
        """
    )
    assert finish(machine) == [210, 211, 20, 212, 22, 1]


def test_pending_at_once_are_taken_by_priority_then_number(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq3_handler(void) { note(3); }
        void irq5_handler(void) { note(5); }
        void irq40_handler(void) { note(40); }
        void pendsv_handler(void) { note(14); }
        int main(void) {
          PRIORITY(3, 0x60); PRIORITY(5, 0x60); PRIORITY(40, 0x20); SYSTEM_PRIORITY(14, 0xE0);
          ENABLE(3); ENABLE(5); ENABLE(40);
          __asm volatile("cpsid i" ::: "memory");
          ICSR = PENDSVSET; PEND(5); PEND(3); PEND(40); BARRIER(); note(1);
          note(ICSR >> 12 & 0x1ff);
          __asm volatile("cpsie i" ::: "memory");
          note(2);
          return 0;
        }
        """
    )
    assert finish(machine) == [1, 56, 40, 3, 5, 14, 2]


def test_sub_priority_orders_but_does_not_preempt(bare: Compiler) -> None:
    # PRIGROUP 6: bit 7 preempts, bits 6 and 5 only order.
    machine = bare.machine(
        """
        void irq1_handler(void) { note(10); PEND(2); BARRIER(); note(11); }
        void irq2_handler(void) { note(2); }
        void irq3_handler(void) { note(3); }
        int main(void) {
          REG(0xE000ED0C) = 0x05FA0600;
          PRIORITY(1, 0xE0); PRIORITY(2, 0xA0); PRIORITY(3, 0xC0);
          ENABLE(1); ENABLE(2); ENABLE(3);
          PEND(1); BARRIER();
          __asm volatile("cpsid i" ::: "memory");
          PEND(3); PEND(2);
          __asm volatile("cpsie i" ::: "memory");
          note(4); return 0;
        }
        """
    )
    assert finish(machine) == [10, 11, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("mask", "unmask"),
    [
        ("cpsid i", "cpsie i"),
        ("movs r0, #1; msr primask, r0", "movs r0, #0; msr primask, r0"),
        ("cpsid f", "cpsie f"),
        ("movs r0, #0x40; msr basepri, r0", "movs r0, #0; msr basepri, r0"),
        ("movs r0, #0x40; msr basepri, r0", "movs r0, #0x80; msr basepri, r0"),
        ("movs r0, #0x40; msr basepri_max, r0", "movs r0, #0; msr basepri, r0"),
        ("cpsid i", "cmp r0, r0; it eq; msreq primask, r1"),
    ],
)
def test_masks_hold_back_until_the_very_instruction_that_lifts_them(
    bare: Compiler, mask: str, unmask: str
) -> None:
    machine = bare.machine(
        f"""
        void irq7_handler(void) {{ note(7); }}
        int main(void) {{
          PRIORITY(7, 0x60); ENABLE(7);
          __asm volatile("movs r1, #0; {mask}" ::: "r0", "r1", "memory", "cc");
          PEND(7); BARRIER(); note(1);
          u32 a;
          __asm volatile("movs r1, #0; {unmask}; ldr %0, [%1]"
                         : "=l"(a) : "l"(&count) : "r0", "r1", "memory", "cc");
          note(a); note(2);
          return 0;
        }}
        """
    )
    # The load straight after the unmasking instruction already sees the handler's note.
    assert finish(machine) == [1, 7, 2, 2]


def test_basepri_lets_more_urgent_ones_through(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) { note(1); }
        void irq2_handler(void) { note(2); }
        int main(void) {
          PRIORITY(1, 0x20); PRIORITY(2, 0x40); ENABLE(1); ENABLE(2);
          __asm volatile("msr basepri, %0" :: "r"(0x40) : "memory");
          PEND(2); PEND(1); BARRIER(); note(9);
          __asm volatile("msr basepri, %0" :: "r"(0) : "memory");
          return 0;
        }
        """
    )
    assert finish(machine) == [1, 9, 2]


def test_returning_from_an_exception_clears_faultmask(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) { __asm volatile("cpsid f"); note(1); }
        int main(void) {
          u32 mask; ENABLE(1); PEND(1); BARRIER();
          __asm volatile("mrs %0, faultmask" : "=r"(mask)); note(mask);
          PEND(1); BARRIER(); note(2); return 0;
        }
        """
    )
    assert finish(machine) == [1, 0, 1, 2]


@pytest.mark.parametrize("leave", ["bx lr", "push {lr}; pop {pc}", "push {r4, lr}; ldmia sp!, {r4, pc}",
                                   "push {lr}; ldr pc, [sp], #4", "mov r0, lr; bx r0"])  # fmt: skip
def test_every_way_to_branch_to_exc_return(bare: Compiler, leave: str) -> None:
    machine = bare.machine(
        f"""
        NAKED void irq1_handler(void) {{ __asm("ldr r0, =out; movs r1, #5; str r1, [r0]; {leave}; .ltorg"); }}
        int main(void) {{ ENABLE(1); PEND(1); BARRIER(); count = 1; note(out[0]); return 0; }}
        """
    )
    assert finish(machine) == [5, 5]


@pytest.mark.parametrize("shift", [0, 4])
def test_frames_are_aligned_to_eight_bytes(bare: Compiler, shift: int) -> None:
    machine = bare.machine(
        f"""
        NAKED void irq1_handler(void) {{ __asm("mov r0, sp; b look"); }}
        __attribute__((used)) void look(u32 *frame) {{ note((u32)frame & 7); note(frame[7] >> 9 & 1); }}
        int main(void) {{
          u32 before, after;
          ENABLE(1);
          __asm volatile("sub sp, %2\\n mov %0, sp\\n str %4, [%3]\\n dsb\\n isb\\n mov %1, sp\\n add sp, %2"
             : "=&r"(before), "=&r"(after) : "r"({shift}), "r"(0xE000E200), "r"(2) : "memory");
          note(before == after); note(before & 7);
          return 0;
        }}
        """
    )
    aligned, padded, same, low = finish(machine)
    assert (aligned, same) == (0, 1)
    assert padded == (low == 4)


def test_both_shifts_meet_both_alignments(bare: Compiler) -> None:
    source = """
        NAKED void irq1_handler(void) {{ __asm("bx lr"); }}
        int main(void) {{
          u32 sp;
          __asm volatile("sub sp, #{0}; mov %0, sp; add sp, #{0}" : "=r"(sp));
          note(sp & 7); return 0; }}
        """
    assert {finish(bare.machine(source.format(n)))[0] for n in (0, 4)} == {0, 4}


_FLOATS = """
    .globl main, irq1_handler
    .thumb_func
    main:
      push {r4-r11, lr}
      ldr r0, =0xE000ED88; ldr r1, [r0]; orr r1, #0xF00000; str r1, [r0]; dsb; isb
      ldr r0, =0xE000E100; movs r1, #2; str r1, [r0]
      ldr r0, =values
      vldmia r0!, {s0-s15}
      vldmia r0!, {s16-s31}
      mov r2, #0x01000000
      vmsr fpscr, r2
      ldr r0, =0xE000E200; str r1, [r0]; dsb; isb
      ldr r0, =out
      vstmia r0!, {s0-s15}
      vstmia r0!, {s16-s31}
      vmrs r2, fpscr
      str r2, [r0], #4
      mrs r2, control
      str r2, [r0], #4
      pop {r4-r11, pc}
    .thumb_func
    irq1_handler:
      mov r3, lr
      mrs r2, control
      ldr r0, =seen
      stm r0!, {r2, r3}
      USE
      mrs r2, control
      str r2, [r0]
      bx r3
    .ltorg
    .section .rodata
    values:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .word 0x3f800000 + \\n
    .endr
    .bss
    .globl out, seen
    out: .space 256
    seen: .space 16
"""


@pytest.mark.parametrize("uses", [True, False])
def test_floats_survive_an_interrupt_that_uses_the_fpu(bare: Compiler, uses: bool) -> None:
    clobber = "vmov s0, r3; vmov s7, r3; vmov s15, r3; vadd.f32 s1, s0, s0" if uses else "nop"
    machine = bare.machine(_FLOATS.replace("USE", clobber), asm=True)
    finish_only = run_to(machine, "finish")
    assert finish_only.end is End.BREAKPOINT, finish_only
    assert words(machine, "out", 32) == [0x3F800000 + n for n in range(32)]
    fpscr, control = words(machine, "out", 34)[32:]
    assert fpscr & 0x01000000
    assert control & 4
    before, lr, after = words(machine, "seen", 3)
    # A float frame: EXC_RETURN without bit 4; the handler starts without a float context of its own.
    assert (before & 4, lr, after & 4) == (0, 0xFFFFFFE9, 4 if uses else 0)


_THREADS = """
static u32 stack_a[128] __attribute__((aligned(8))), stack_b[128] __attribute__((aligned(8)));
volatile u32 *psp[2]; volatile u32 current; volatile u32 turns[2]; volatile float sums[2];
static void yield(void) { ICSR = PENDSVSET; BARRIER(); }
NAKED void pendsv_handler(void) { __asm(
  "mrs r0, psp; isb; tst lr, #16; it eq; vstmdbeq r0!, {s16-s31}; stmdb r0!, {r4-r11, lr}\\n"
  "bl next_thread\\n"
  "ldmia r0!, {r4-r11, lr}; tst lr, #16; it eq; vldmiaeq r0!, {s16-s31}; msr psp, r0; isb; bx lr"); }
__attribute__((used)) u32 next_thread(u32 sp) {
  psp[current] = (u32 *)sp; current ^= 1; return (u32)psp[current]; }
static void thread_a(void) { float s = 0; for (int i = 0; i < 50; i++) { s += 1.5f; turns[0]++; yield(); }
  sums[0] = s; note(100); for (;;) yield(); }
static void thread_b(void) { float s = 100; for (int i = 0; i < 60; i++) { FLOATS turns[1]++; yield(); }
  sums[1] = s; note(200); finish_threads: for (;;) yield(); }
static u32 *frame(u32 *top, void (*f)(void)) {
  u32 *sp = top - 8; sp[7] = 0x01000000; sp[6] = (u32)f; sp[5] = 0xFFFFFFFF;
  sp -= 9; sp[8] = 0xFFFFFFFD; return sp; }
int main(void) {
  SYSTEM_PRIORITY(14, 0xE0);
  psp[1] = frame(stack_b + 128, thread_b);
  __asm volatile("msr psp, %0; mov r0, #2; msr control, r0; isb; bx %1"
                 :: "r"(stack_a + 128), "r"((u32)thread_a | 1) : "r0");
  return 0; }
"""


@pytest.mark.parametrize("floats", ["s -= 0.25f;", ""])
def test_two_threads_switch_by_pendsv(bare: Compiler, floats: str) -> None:
    machine = bare.machine(_THREADS.replace("FLOATS", floats).replace("finish_threads: ", ""))
    ending = machine.run(5 * MS)
    assert ending.end is End.DEADLINE, ending
    assert sorted(notes(machine)) == [100, 200]
    assert words(machine, "turns", 2) == [50, 60]
    data = machine.cpu.read(address(machine, "sums"), 8)
    assert struct.unpack("<2f", data) == (75.0, 85.0 if floats else 100.0)


def test_handlers_run_on_msp_while_the_thread_has_psp(bare: Compiler) -> None:
    machine = bare.machine(
        """
        static u32 stack[64] __attribute__((aligned(8)));
        NAKED void irq1_handler(void) {
          __asm("mov r0, sp; mrs r1, msp; mrs r2, psp; mov r3, lr; b look"); }
        __attribute__((used)) void look(u32 sp, u32 msp, u32 psp, u32 lr) {
          note(sp == msp); note(psp == (u32)stack + 256 - 32); note(lr); }
        int main(void) {
          u32 a, b, c;
          ENABLE(1);
          __asm volatile("mrs r4, msp; msr psp, %3; mov r0, #2; msr control, r0; isb; str %5, [%4]; dsb; isb;"
            "mov %0, sp; mrs %1, msp; mrs %2, control; mov r0, #0; msr control, r0; isb; sub %1, r4"
            : "=&r"(a), "=&r"(b), "=&r"(c) : "r"((u32)stack + 256), "r"(0xE000E200), "r"(2)
            : "r0", "r4", "memory");
          note(a == (u32)stack + 256); note(b); note(c & 3);
          return 0;
        }
        """
    )
    assert finish(machine) == [1, 1, 0xFFFFFFFD, 1, 0, 2]


def test_vector_table_moves_to_ram(bare: Compiler) -> None:
    machine = bare.machine(
        """
        static u32 table[64] __attribute__((aligned(256)));
        extern u32 vectors[];
        static void mine(void) { note(9); }
        void irq1_handler(void) { note(1); }
        int main(void) {
          ENABLE(1); PEND(1); BARRIER();
          for (int i = 0; i < 64; i++) table[i] = vectors[i];
          table[17] = (u32)mine | 1;
          REG(0xE000ED08) = (u32)table; BARRIER();
          note(REG(0xE000ED08) == (u32)table);
          PEND(1); BARRIER();
          return 0;
        }
        """
    )
    assert finish(machine) == [1, 1, 9]


def test_svc_inside_an_it_block_goes_on_in_it(bare: Compiler) -> None:
    machine = bare.machine(
        """
        .globl main, svc_handler
        .thumb_func
        main:
          mov r11, lr
          movs r4, #0; movs r5, #0
          cmp r4, #0
          ittte eq
          addeq r5, #1
          svceq #1
          addeq r5, #2
          addne r5, #64
          add r5, #4
          ldr r0, =out; str r5, [r0]
          bx r11
        .thumb_func
        svc_handler:
          movs r0, #1; cmp r0, #0
          bx lr
        .ltorg
        .bss
        .globl out
        out: .space 256
        """,
        asm=True,
    )
    assert run_to(machine, "finish").end is End.BREAKPOINT
    assert words(machine, "out", 1) == [7]


def test_a_level_that_stays_high_interrupts_again(bare: Compiler) -> None:
    # TIMER0 COMPARE0 is not cleared the first two times.
    machine = bare.machine(
        """
        void irq8_handler(void) {
          note(8);
          if (count >= 3) { REG(0x40008140) = 0; (void)REG(0x40008140); }
        }
        int main(void) {
          ENABLE(8); REG(0x40008304) = 1 << 16; REG(0x40008540) = 10; REG(0x40008000) = 1;
          while (count < 3) ;
          for (volatile int i = 0; i < 1000; i++) ;
          return 0;
        }
        """
    )
    assert finish(machine) == [8, 8, 8]


def test_an_exception_frame_counts_for_the_lowest_sp(bare: Compiler) -> None:
    machine = bare.machine(
        """
        .globl main, irq1_handler
        .thumb_func
        main:
          ldr r0, =0xE000E100; movs r1, #2; str r1, [r0]
          ldr r0, =0xE000E200; str r1, [r0]; dsb; isb
          bx lr
        .thumb_func
        irq1_handler: bx lr
        .ltorg
        .bss
        .globl out
        out: .space 8
        """,
        asm=True,
    )
    assert run_to(machine, "finish").end is End.BREAKPOINT
    assert machine.hook.low_sp == 0x20040000 - 32


def test_tail_chained_handlers_share_one_frame(bare: Compiler) -> None:
    machine = bare.machine(
        """
        NAKED void irq1_handler(void) { __asm("mov r0, sp; ldr r1, [sp, #24]; b look"); }
        NAKED void irq2_handler(void) { __asm("mov r0, sp; ldr r1, [sp, #24]; b look"); }
        __attribute__((used)) void look(u32 sp, u32 pc) { note(sp); note(pc); }
        int main(void) {
          ENABLE(1); ENABLE(2);
          __asm volatile("cpsid i" ::: "memory"); PEND(1); PEND(2); __asm volatile("cpsie i" ::: "memory");
          return 0; }
        """
    )
    sp1, pc1, sp2, pc2 = finish(machine)
    assert (sp1, pc1) == (sp2, pc2)


def test_tail_chaining_leaves_the_frame_alone(bare: Compiler) -> None:
    # The first handler moves PSP away: nothing is read from there, and the second one puts it back.
    machine = bare.machine(
        """
        static u32 stack[64] __attribute__((aligned(8)));
        volatile u32 kept;
        NAKED void irq1_handler(void) {
          __asm("mrs r0, psp; ldr r1, =kept; str r0, [r1]; ldr r0, =0x30000000; msr psp, r0;"
            "bx lr; .ltorg"); }
        NAKED void irq2_handler(void) {
          __asm("mrs r0, psp; push {r4, lr}; bl note_it; pop {r4, lr}; ldr r1, =kept; ldr r0, [r1];"
            "msr psp, r0;"
            "bx lr; .ltorg"); }
        __attribute__((used)) void note_it(u32 v) { note(v); }
        int main(void) { u32 saved; ENABLE(1); ENABLE(2);
          __asm volatile("cpsid i" ::: "memory"); PEND(1); PEND(2);
          __asm volatile("mov %0, sp; msr psp, %1; mov r0, #2; msr control, r0; isb; cpsie i; isb;"
            "mov r0, #0; msr control, r0; isb" : "=&r"(saved) : "r"((u32)stack + 256) : "r0", "memory");
          note(7); return 0; }
        """
    )
    assert finish(machine) == [0x30000000, 7]
    assert not machine.notes

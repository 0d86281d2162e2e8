"""Firmware that does what a script in its RAM says, in two threads and in handlers: a new one for each seed.

One image serves all: the script is written into RAM. Each step is done by whoever comes next (a thread or a
handler), so that the order of exceptions decides what is done, and everything ends in RAM.
"""

from __future__ import annotations

import random

from bare_image import address, run_to

from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine

STEPS = 256
KINDS = 27

PROGRAM = """
typedef struct { u8 what, a, b, c; } Step;
volatile Step script[256]; volatile u32 at, written; u32 log[1024]; volatile float sum; volatile u32 now;
static u32 stacks[2][256] __attribute__((aligned(1024))); u32 pointers[2];
static inline u32 ipsr(void) { u32 v; __asm volatile("mrs %0, ipsr" : "=r"(v)); return v; }
static inline u32 control(void) { u32 v; __asm volatile("mrs %0, control" : "=r"(v)); return v; }
static void write_log(u32 v) { log[written++ % 1024] = v; }
static u32 irq_of(u8 v) { return 20 + v % 6; }
static __attribute__((noinline)) void act(u32 privileged) {
  Step s = { script[at % 256].what, script[at % 256].a, script[at % 256].b, script[at % 256].c }; at++;
  u32 n = irq_of(s.a), mask;
  write_log(ipsr() | s.what << 16 | (control() & 4) << 24);
  if (s.what < 4) { for (volatile int i = 0; i < s.a % 24; i++) ; return; }
  if (s.what < 6) { sum = sum * 1.0625f + s.a; return; }
  if (s.what == 6 && (!ipsr() || s.a < 8)) { __asm volatile("svc #1" ::: "memory"); return; }
  if (s.what == 7) { if (!ipsr()) __asm volatile("wfe"); return; }
  if (!privileged || s.what == 6) return;
  switch (s.what) {
    case 8: PEND(n); break;
    case 9: PEND(n); PEND(irq_of(s.b)); BARRIER(); break;
    case 10: PRIORITY(n, s.b); break;
    case 11: SYSTEM_PRIORITY(s.a % 3 == 0 ? 11 : s.a % 3 == 1 ? 14 : 15, s.b); break;
    case 12: ICSR = PENDSVSET; BARRIER(); break;
    case 13: __asm volatile("cpsid i" ::: "memory"); PEND(n); ICSR = PENDSVSET;
             for (volatile int i = 0; i < s.b % 9; i++) ;
             write_log(ICSR); __asm volatile("cpsie i" ::: "memory"); break;
    case 14: mask = s.b; __asm volatile("msr basepri, %0" :: "r"(mask) : "memory");
             PEND(n); BARRIER(); write_log(REG(0xE000E300));
             mask = 0; __asm volatile("msr basepri, %0" :: "r"(mask) : "memory"); break;
    case 15: REG(s.b & 1 ? 0xE000E180 : 0xE000E100) = 1u << n; break;
    case 16: REG(0xE000E280) = 1u << n; write_log(REG(0xE000E200)); break;
    case 17: REG(0xE000ED0C) = 0x05FA0000 | (s.b & 7) << 8; break;
    case 18: REG(0xE000ED14) = (REG(0xE000ED14) & ~0x200) | (s.b & 1) << 9; break;
    case 19: REG(0xE000EF34) = (u32)(s.b & 3) << 30;
             write_log(REG(0xE000EF34)); write_log(REG(0xE000EF38)); break;
    case 20: REG(0xE000ED10) = s.b & 0x10; break;
    case 21: REG(0xE000E014) = 150 + 4 * s.b; REG(0xE000E010) = 7; break;
    case 22: if (ipsr()) __asm volatile("cpsid f" ::: "memory"); PEND(n); break;
    case 24: REG(0x4000A040) = 1; ICSR = PENDSVSET; REG(0x4000A044) = 1; write_log(REG(0x4000A540));
             PEND(n); ICSR = s.b & 1 ? 1u << 27 : 0; REG(0x4000A048) = 1; write_log(REG(0x4000A544));
             write_log(REG(0x4000A548)); break;
    case 25: __asm volatile("cpsid i" ::: "memory");
             REG(0x4000A00C) = 1; REG(0x4000A54C) = 8 + s.b; REG(0x4000A14C) = 0; PEND(n);
             while (!REG(0x4000A14C)) ;
             __asm volatile("cpsie i" ::: "memory"); break;
    case 26: for (volatile int i = 0; i < s.b % 20; i++) (void)ICSR;
             for (mask = s.b % 20; mask; mask--) (void)ICSR; break;
    case 23: REG(0xE000EF00) = n; ICSR = s.b & 1 ? 1u << 27 : 1u << 26; break;
  }
}
void handle(void) { act(1); if (at & 1) act(1); }
#define HANDLER(name) void name(void) { handle(); }
HANDLER(irq20_handler) HANDLER(irq21_handler) HANDLER(irq22_handler) HANDLER(irq23_handler)
HANDLER(irq24_handler) HANDLER(irq25_handler) HANDLER(systick_handler) HANDLER(svc_handler)
void irq8_handler(void) { REG(0x40008140) = 0; (void)REG(0x40008140); handle(); }
void hard_fault_handler(void) { write_log(0xFA017); }
NAKED void pendsv_handler(void) { __asm(
  "mrs r0, psp\\n tst lr, #16\\n it eq\\n vstmdbeq r0!, {s16-s31}\\n stmdb r0!, {r4-r11, lr}\\n"
  "ldr r1, =now\\n ldr r2, [r1]\\n ldr r3, =pointers\\n str r0, [r3, r2, lsl #2]\\n"
  "eor r2, #1\\n str r2, [r1]\\n ldr r0, [r3, r2, lsl #2]\\n mrs r1, control\\n bic r1, #1\\n orr r1, r2\\n"
  "msr control, r1\\n ldmia r0!, {r4-r11, lr}\\n tst lr, #16\\n it eq\\n vldmiaeq r0!, {s16-s31}\\n"
  "msr psp, r0\\n bx lr\\n"); }
static void thread(void) { for (;;) act(!(control() & 1)); }
int main(void) {
  for (int n = 0; n < 6; n++) { ENABLE(20 + n); PRIORITY(20 + n, 0x20 * (n + 1)); }
  SYSTEM_PRIORITY(14, 0xE0); SYSTEM_PRIORITY(15, 0x80); SYSTEM_PRIORITY(11, 0xA0);
  PRIORITY(8, 0x40); ENABLE(8);
  REG(0x40008508) = 3; REG(0x40008510) = 0; REG(0x40008540) = 97; REG(0x40008200) = 1;
  REG(0x40008304) = 1 << 16; REG(0x40008000) = 1;
  REG(0x4000A508) = 3; REG(0x4000A510) = 0; REG(0x4000A000) = 1;
  REG(0xE000E014) = 399; REG(0xE000E010) = 7;
#ifdef GUARDED
  // All is open; the first thread's stack is for privileged code, the end of the other's for nobody.
  REG(0xE000ED9C) = 0x10; REG(0xE000EDA0) = 3 << 24 | 31 << 1 | 1;
  REG(0xE000ED9C) = (u32)stacks[0] | 0x11; REG(0xE000EDA0) = 1 << 24 | 9 << 1 | 1;
  REG(0xE000ED9C) = (u32)stacks[1] | 0x12; REG(0xE000EDA0) = 0 << 24 | 0xFE << 8 | 9 << 1 | 1;
  REG(0xE000ED94) = 5; BARRIER();
#endif
  u32 *frame = stacks[1] + 256 - 8;
  frame[6] = (u32)thread; frame[7] = 1 << 24;
  frame -= 9; frame[8] = 0xFFFFFFFD; pointers[1] = (u32)frame;
  __asm volatile("msr psp, %0\\n mov r0, #2\\n msr control, r0\\n isb"
                 :: "r"(stacks[0] + 256) : "r0", "memory");
  thread(); return 0;
}
"""


def machine_with(image: Image, seed: object, *, python: bool) -> Machine:
    """A machine in main() of ``PROGRAM``, with the script of a seed."""
    machine = Machine(image, NRF52840, force_python=python)
    assert run_to(machine, "main").end is End.BREAKPOINT
    draw = random.Random(f"{seed}")
    kinds = [draw.randrange(KINDS) for _ in range(draw.randrange(4, KINDS))]
    steps = b"".join(bytes((draw.choice(kinds), *draw.randbytes(3))) for _ in range(STEPS))
    machine.cpu.write(address(machine, "script"), steps)
    return machine

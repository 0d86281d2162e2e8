"""A small operating system of neither Arduino nor Mbed: what real-time kernels of Cortex-M do, all at once.

Vectors at 0, threads on PSP that PendSV switches with their floats,
  unprivileged threads that call the kernel by
SVC, an MPU guard below each stack, a tick of SysTick or of RTC1, text by UARTE, RTT or semihosting, a fault
handler that ends the thread at fault and goes on with the others.
"""

from __future__ import annotations

import struct

import pytest
from bare_image import MS, Compiler, address, notes, words

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine

_KERNEL = """
#define THREADS 3
#define STACK 256
static u32 stacks[THREADS + 1][STACK] __attribute__((aligned(1024)));
static struct { volatile u32 sp, alive, control; } threads[THREADS + 1];
static volatile u32 current, ticks, switches; volatile float sums[THREADS]; volatile u32 turns[THREADS];
static volatile u32 faulted;

static void guard(u32 n) {
  REG(0xE000ED9C) = (u32)stacks[n] | 16 | 7; REG(0xE000EDA0) = 6u << 24 | 4 << 1 | 1; }
__attribute__((used)) u32 next_thread(u32 sp) {
  threads[current].sp = sp; switches++;
  do current = (current + 1) % (THREADS + 1); while (!threads[current].alive);
  guard(current);
  __asm volatile("msr control, %0; isb" :: "r"(threads[current].control | 2));
  return threads[current].sp; }
NAKED void pendsv_handler(void) { __asm(
  "mrs r0, psp; tst lr, #16; it eq; vstmdbeq r0!, {s16-s31}; stmdb r0!, {r4-r11, lr};"
  "bl next_thread;"
  "ldmia r0!, {r4-r11, lr}; tst lr, #16; it eq; vldmiaeq r0!, {s16-s31}; msr psp, r0; isb; bx lr"); }
static void reschedule(void) { ICSR = PENDSVSET; BARRIER(); }

// SVC 0 yields, 1 writes a byte (r0), 2 ends the thread.
static void put(u32 c);
__attribute__((used)) void served(u32 *frame) {
  u8 number = ((u8 *)frame[6])[-2];
  if (number == 1) put(frame[0]); else { if (number == 2) threads[current].alive = 0; reschedule(); } }
NAKED void svc_handler(void) { __asm("tst lr, #4; ite eq; mrseq r0, msp; mrsne r0, psp; b served"); }
static inline void yield(void) { __asm volatile("svc #0" ::: "memory"); }
static inline void leave(void) { __asm volatile("svc #2" ::: "memory"); for (;;) ; }
static inline void say(u32 c) { register u32 r0 __asm("r0") = c;
  __asm volatile("svc #1" :: "r"(r0) : "memory"); }

__attribute__((used)) void fatal(u32 *frame, u32 lr) {
  faulted++; note(current); note(REG(0xE000ED28)); note(lr >> 2 & 1); REG(0xE000ED28) = ~0u;
  threads[current].alive = 0;
  // The frame may not be there: have the next one start from a sound one.
  __asm volatile("msr psp, %0" :: "r"(&stacks[current][STACK - 64])); reschedule(); }
#define FATAL(name) NAKED void name(void) { __asm("mrs r0, psp; mov r1, lr; b fatal"); }
FATAL(mem_manage_handler) FATAL(bus_fault_handler) FATAL(usage_fault_handler)
void hard_fault_handler(void) { note(0xdead); for (;;) ; }

static void work(u32 me) {
  float sum = me; for (u32 i = 0; i < 40; i++) { sum += 0.5f * me + 0.25f; turns[me]++;
    if (i % 3 == me) yield();
    for (volatile u32 j = 0; j < 200; j++) ; }
  sums[me] = sum; say('0' + me); }
__attribute__((noinline)) static u32 deep(u32 n) { volatile u32 room[8]; room[n & 7] = n;
  return n ? deep(n - 1) + room[n & 7] : 0; }
static void thread0(void) { work(0); leave(); }
static void thread1(void) { work(1); @BAD@ leave(); }
static void thread2(void) { work(2); leave(); }
static void idle(void) { for (;;) { __asm volatile("wfi");
  if (!(threads[0].alive | threads[1].alive | threads[2].alive)) {
    say('.'); @END@ } } }

static void start(u32 n, void (*f)(void), u32 control) {
  u32 *sp = &stacks[n][STACK - 8]; sp[7] = 1 << 24; sp[6] = (u32)f & ~1u; sp[5] = ~0u;
  sp -= 9; sp[8] = 0xFFFFFFFD; threads[n].sp = (u32)sp; threads[n].alive = 1; threads[n].control = control; }
@TICK@
@TEXT@
int main(void) {
  REG(0xE000ED24) = 7 << 16;
  SYSTEM_PRIORITY(14, 0xE0); SYSTEM_PRIORITY(15, 0xC0); SYSTEM_PRIORITY(11, 0x80);
  start(0, thread0, 0); start(1, thread1, 1); start(2, thread2, 0); start(3, idle, 0);
  // All memory for everyone, but for the guards.
  REG(0xE000ED9C) = 0 | 16 | 0; REG(0xE000EDA0) = 3 << 24 | 31 << 1 | 1;
  guard(3); REG(0xE000ED94) = 5; BARRIER();
  tick_start(); text_start();
  current = 3;
  // The main stack stays the handlers'.
  __asm volatile("msr psp, %0; mov r0, #2; msr control, r0; isb; bx %1"
    :: "r"(&stacks[3][STACK]), "r"(idle) : "r0");
  return 0; }
"""
_SYSTICK = """
void systick_handler(void) { ticks++; reschedule(); }
static void tick_start(void) { REG(0xE000E014) = 6399; REG(0xE000E018) = 0; REG(0xE000E010) = 7; }
"""
_RTC = """
void irq17_handler(void) { REG(0x40011100) = 0; (void)REG(0x40011100); ticks++; reschedule(); }
static void tick_start(void) { REG(0x40000008) = 1; PRIORITY(17, 0xC0); ENABLE(17); REG(0x40011304) = 1;
  REG(0x40011508) = 3; REG(0x40011000) = 1; }
"""
_SEMIHOSTING = """
static void text_start(void) { }
static void put(u32 c) { u8 b = c; register u32 r0 __asm("r0") = 3; register u8 *r1 __asm("r1") = &b;
  __asm volatile("bkpt #0xAB" : "+r"(r0) : "r"(r1) : "memory"); }
"""
_UART = """
static void text_start(void) { REG(0x40002500) = 8; REG(0x40002524) = 0x10000000; REG(0x40002548) = 1; }
static void put(u32 c) { static u8 b; b = c; REG(0x40002544) = (u32)&b; REG(0x40002120) = 0;
  REG(0x40002008) = 1;
  while (!REG(0x40002120)) ; }
"""
_RTT = """
static u8 room[64];
static struct { char id[16]; int up, down; struct { const char *name; u8 *data; u32 size;
  volatile u32 wr, rd, flags; }
  ring[2]; } _SEGGER_RTT __attribute__((used));
static void text_start(void) { _SEGGER_RTT.up = 1; _SEGGER_RTT.down = 0; _SEGGER_RTT.ring[0].data = room;
  _SEGGER_RTT.ring[0].size = 64; _SEGGER_RTT.ring[0].name = "Terminal";
  const char *id = "SEGGER RTT"; for (int i = 0; i < 11; i++) ((volatile char *)_SEGGER_RTT.id)[i] = id[i]; }
static void put(u32 c) { u32 at = _SEGGER_RTT.ring[0].wr; room[at] = c;
  _SEGGER_RTT.ring[0].wr = (at + 1) % 64; }
"""
_EXIT = """{ register u32 r0 __asm("r0") = 0x18; register u32 r1 __asm("r1") = 0x20026;
  __asm volatile("bkpt #0xAB" :: "r"(r0), "r"(r1)); }"""
_TICKS = {"SysTick": _SYSTICK, "RTC1": _RTC}
_TEXTS = {"semihosting": _SEMIHOSTING, "UARTE": _UART, "RTT": _RTT}


def _machine(
    bare: Compiler, tick: str, text: str, bad: str = "", end: str = _EXIT, python: bool = False
) -> Machine:
    source = _KERNEL
    for place, code in {"TICK": _TICKS[tick], "TEXT": _TEXTS[text], "BAD": bad, "END": end}.items():
        source = source.replace(f"@{place}@", code)
    image = bare.image(source, flags=("-O1", "-Wl,--defsym=FLASH_ORIGIN=0"))
    return Machine(image, NRF52840, force_python=python)


def _sums(machine: Machine) -> tuple[float, ...]:
    return struct.unpack("<3f", machine.cpu.read(address(machine, "sums"), 12))


@pytest.mark.parametrize("tick", _TICKS)
@pytest.mark.parametrize("text", _TEXTS)
def test_threads_run_to_their_end(bare: Compiler, tick: str, text: str) -> None:
    machine = _machine(bare, tick, text)
    ending = machine.run(400 * MS, host_seconds=60)
    assert (ending.end, ending.text) == (End.SEMIHOSTING, "the firmware exited with status 0"), ending
    assert _sums(machine) == (10.0, 31.0, 52.0)
    assert words(machine, "turns", 3) == [40, 40, 40]
    said = machine.serial().replace(b"\0", b"")
    assert sorted(said[:3]) == [ord("0"), ord("1"), ord("2")]
    assert said[3:] == b"."
    assert words(machine, "switches", 1)[0] > 30
    assert machine.scs.vector_table == 0


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ("deep(100);", 1 << 1 | 1 << 4 | 1 << 7),  # into the guard, as does the frame of the fault
        ("(void)REG(0x30000000);", 1 << 9 | 1 << 15),
        ("(void)REG(0xE000E100);", 1 << 9 | 1 << 15),  # thread 1 is not privileged
        ('__asm volatile("udf #0");', 1 << 16),
        ("((void (*)(void))0x20000000)();", 1 << 17),
        ("((void (*)(void))0x40000001)();", 1 << 8),  # the MPU lets it through, the bus has no code
    ],
)
def test_a_thread_at_fault_ends_and_the_others_go_on(bare: Compiler, bad: str, status: int) -> None:
    machine = _machine(bare, "SysTick", "semihosting", bad)
    ending = machine.run(400 * MS, host_seconds=60)
    assert ending.end is End.SEMIHOSTING, ending
    assert notes(machine)[:3] == [1, status, 1]
    assert words(machine, "faulted", 1) == [1]
    assert _sums(machine) == (10.0, 31.0, 52.0)
    assert any("thread1" in note or "deep" in note or "0x20000000" in note or "0x40000000" in note
               for note in machine.notes), machine.notes  # fmt: skip


def test_native_and_python_agree_and_a_snapshot_goes_on_alike(bare: Compiler) -> None:
    states = []
    for python in (False, True):
        machine = _machine(bare, "SysTick", "semihosting", "deep(100);", python=python)
        machine.run(2 * MS, host_seconds=60)
        saved = machine.save()
        for _ in range(2):
            ending = machine.run(400 * MS, host_seconds=60)
            hook = machine.hook
            states.append(
                (ending.end, hook.cycles, hook.instructions, bytes(machine.ram.data), machine.serial())
            )
            machine.load(saved)
    assert states[0] == states[1] == states[2] == states[3]
    assert states[0][0] is End.SEMIHOSTING

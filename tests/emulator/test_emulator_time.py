"""Virtual time: sleeping, idling, deadlines, counters."""

from __future__ import annotations

from itertools import pairwise

import pytest
from bare_image import MS, Compiler, address, finish, notes, run_to, words

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine

_TIMER = """
#define TIMER0 0x40008000
static void compare_in(u32 us) {  /* TIMER0 runs at 1 MHz */
  REG(TIMER0 + 0x508) = 3; REG(TIMER0 + 0x510) = 4; REG(TIMER0 + 0x540) = us;
  REG(TIMER0 + 0x304) = 1 << 16; ENABLE(8); REG(TIMER0 + 0xC) = 1; REG(TIMER0) = 1; }
static u32 now(void) { REG(TIMER0 + 0x44) = 1; return REG(TIMER0 + 0x544); }
void irq8_handler(void) { REG(TIMER0 + 0x140) = 0; (void)REG(TIMER0 + 0x140); note(now()); }
"""


@pytest.mark.parametrize("sleep", ["wfi", "wfe", ".inst.w 0xf3af8003", ".inst.w 0xf3af8002"])
def test_sleep_jumps_to_the_next_compare(bare: Compiler, sleep: str) -> None:
    machine = bare.machine(
        _TIMER + f'int main(void) {{ compare_in(50000); __asm volatile("{sleep}"); note(1); return 0; }}'
    )
    at, after = finish(machine)
    assert 50000 <= at <= 50001
    assert after == 1
    assert machine.hook.instructions < 400


def test_wfi_wakes_with_interrupts_masked_and_takes_none(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER
        + """int main(void) { compare_in(100);
             __asm volatile("cpsid i; wfi" ::: "memory"); note(now() >= 100);
             __asm volatile("cpsie i" ::: "memory"); note(2); return 0; }"""
    )
    woke, at, last = finish(machine)
    assert (woke, last) == (1, 2)
    assert at >= 100


def test_wfi_under_basepri_sleeps_on(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER
        + """int main(void) { PRIORITY(8, 0x80); compare_in(100);
             __asm volatile("msr basepri, %0; wfi" :: "r"(0x80) : "memory"); note(2); return 0; }"""
    )
    ending = machine.run(10 * MS)
    assert ending.end is End.DEADLINE
    assert notes(machine) == []


def test_rtc_wakes(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq11_handler(void) { REG(0x4000B140) = 0; (void)REG(0x4000B140); note(REG(0x4000B504)); }
        int main(void) {
          REG(0x4000B508) = 0; REG(0x4000B540) = 3277; REG(0x4000B304) = 1 << 16; REG(0x4000B000) = 1;
          ENABLE(11); __asm volatile("wfi"); note(1); return 0; }
        """
    )
    assert finish(machine, 200) == [3277, 1]
    assert abs(machine.clock.now - 100.01 * MS) < 1000


@pytest.mark.parametrize("sev", ["sev", ".inst.w 0xf3af8004"])
def test_sev_lets_one_wfe_through(bare: Compiler, sev: str) -> None:
    machine = bare.machine(
        f'int main(void) {{ __asm volatile("{sev}"); note(1); __asm volatile("{sev}; wfe"); note(2);'
        ' __asm volatile("wfe"); note(3); return 0; }'
    )
    ending = machine.run(10 * MS)
    assert ending.end is End.IDLE
    assert notes(machine) == [1, 2]
    code = machine.cpu.read(ending.address, 2)
    assert code == b"\x20\xbf"


def test_an_interrupt_sets_the_event_register(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) { note(1); }
        int main(void) { ENABLE(1); PEND(1); BARRIER(); __asm volatile("wfe"); note(2);
          __asm volatile("wfe"); note(3); return 0; }
        """
    )
    assert machine.run(10 * MS).end is End.IDLE
    assert notes(machine) == [1, 2]


def test_wfe_loops_wait_for_a_flag(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER.replace("note(now());", "flag = 1;").replace(
            "#define", "static volatile u32 flag;\n#define", 1
        )
        + """int main(void) { compare_in(700); u32 turns = 0;
             while (!flag) { __asm volatile("wfe"); turns++; } note(turns); note(now()); return 0; }"""
    )
    turns, at = finish(machine)
    assert turns <= 2
    assert 700 <= at <= 701


@pytest.mark.parametrize("loop", ["b .", "b.w ."])
def test_an_endless_loop_is_idle_and_says_where(bare: Compiler, loop: str) -> None:
    machine = bare.machine(
        f'NAKED void stuck(void) {{ __asm("{loop}"); }} int main(void) {{ stuck(); return 0; }}'
    )
    ending = machine.run(1000 * MS)
    assert (ending.end, ending.address) == (End.IDLE, address(machine, "stuck"))
    # Behind the last event there is, of the USB cable that is plugged in, and long before the deadline.
    assert machine.clock.now < 2 * MS


def test_an_endless_loop_with_an_interrupt_to_come_goes_on(bare: Compiler) -> None:
    machine = bare.machine(_TIMER + "int main(void) { compare_in(3000); for (;;) ; }")
    # What is left is the timer's wrap in more than an hour.
    assert machine.run(1000 * MS).end is End.DEADLINE
    assert 3000 <= notes(machine)[0] <= 3001


@pytest.mark.parametrize("loop", ["for (;;) ;", 'for (;;) __asm volatile("wfi");'])
@pytest.mark.parametrize("slice_us", [7, 1000, 50_000])
def test_short_runs_go_on_as_a_long_one(bare: Compiler, loop: str, slice_us: int) -> None:
    source = _TIMER + f"int main(void) {{ compare_in(30000); {loop} }}"
    whole, sliced = bare.machine(source), bare.machine(source)
    assert whole.run(40 * MS).end is End.DEADLINE
    while sliced.clock.now < 40 * MS:
        deadline = min(sliced.clock.now + sliced.clock.cycles(slice_us), 40 * MS)
        assert sliced.run(deadline).end is End.DEADLINE
    assert notes(whole) == notes(sliced)
    assert 30_000 <= notes(whole)[0] <= 30_001
    assert (whole.clock.now, whole.hook.instructions) == (sliced.clock.now, sliced.hook.instructions)


@pytest.mark.parametrize("fault", ["usage_fault", "hard_fault"])
def test_a_fault_handler_that_spins_lets_more_urgent_interrupts_come(bare: Compiler, fault: str) -> None:
    machine = bare.machine(
        _TIMER
        + f"""void {fault}_handler(void) {{ note(7); for (;;) ; }}
        int main(void) {{ if ({int(fault == "usage_fault")}) REG(0xE000ED24) = 1 << 18;
          SYSTEM_PRIORITY(6, 0x80); compare_in(1000); __asm volatile("udf #0"); return 0; }}"""
    )
    assert machine.run(1000 * MS).end is End.FAULT
    assert notes(machine)[0] == 7
    # Nothing comes between HardFault and its end.
    assert len(notes(machine)) == (2 if fault == "usage_fault" else 1)


def test_an_endless_loop_after_reading_the_time_is_idle(bare: Compiler) -> None:
    # A capture leaves a value in CC1 that nobody waits for.
    machine = bare.machine(
        _TIMER + "int main(void) { REG(TIMER0 + 0x508) = 3; REG(TIMER0) = 1; note(now() + 1); for (;;) ; }"
    )
    assert machine.run(1000 * MS).end is End.IDLE


def test_breakpoint_on_an_endless_loop(bare: Compiler) -> None:
    machine = bare.machine(_TIMER + "int main(void) { compare_in(100); return 0; }")
    assert run_to(machine, "finish").end is End.BREAKPOINT
    where = address(machine, "finish")
    machine.set_break(where)
    first = machine.run(machine.clock.now + MS)
    assert (first.end, first.address) == (End.BREAKPOINT, where)
    again = machine.run(machine.clock.now + MS)
    assert (again.end, again.address) == (End.BREAKPOINT, where)
    # Past it: the interrupt comes, returns to the loop, and that is not a new visit.
    ending = machine.run(machine.clock.now + MS, resume=True)
    assert ending.end is not End.BREAKPOINT
    assert len(notes(machine)) == 1


def test_a_breakpoint_is_met_once_when_an_interrupt_comes_first(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq1_handler(void) { note(1); }
        __attribute__((noinline)) void probe(void) { note(5); }
        int main(void) { ENABLE(1); probe(); note(6); return 0; }
        """
    )
    where = address(machine, "probe")
    machine.set_break(where)
    assert machine.run(10 * MS).address == where
    machine.nvic.pending.add(17)
    machine.set_break(address(machine, "finish"))
    ending = machine.run(10 * MS, resume=True)
    assert ending.address == address(machine, "finish"), (ending, notes(machine))
    assert notes(machine) == [1, 5, 6]


def test_a_loop_back_to_a_breakpoint_meets_it_again(bare: Compiler) -> None:
    machine = bare.machine(
        """
        .globl main, spin
        .thumb_func
        main: movs r0, #3
        .thumb_func
        spin: subs r0, #1
          bne spin
          bx lr
        """,
        asm=True,
    )
    where = address(machine, "spin")
    machine.set_break(where)
    machine.set_break(address(machine, "finish"))
    seen = []
    ending = machine.run(MS)
    while ending.address == where and len(seen) < 10:
        seen.append(machine.cpu.r(0))
        ending = machine.run(MS, resume=True)
    # Entered by falling through the first time: no block starts there.
    assert seen in ([2, 1], [3, 2, 1])
    assert ending.address == address(machine, "finish")


def test_spinning_stops_at_the_same_cycle_on_every_run(bare: Compiler) -> None:
    image = bare.image("int main(void) { for (;;) count++; }")
    ends = set()
    for deadline in (MS, MS, 2 * MS):
        machine = Machine(image, NRF52840)
        assert machine.run(MS // 2).end is End.DEADLINE
        assert machine.run(deadline).end is End.DEADLINE
        assert deadline <= machine.clock.now < deadline + 20
        ends.add((deadline, machine.clock.now, machine.hook.instructions, tuple(words(machine, "count", 1))))
    assert len(ends) == 2


def test_the_deadline_holds_for_sleepers_too(bare: Compiler) -> None:
    machine = bare.machine(_TIMER + 'int main(void) { compare_in(50000); for (;;) __asm volatile("wfi"); }')
    assert machine.run(3 * MS).end is End.DEADLINE
    assert machine.clock.now == 3 * MS
    assert notes(machine) == []
    assert machine.run(51 * MS).end is End.DEADLINE
    assert 50000 <= notes(machine)[0] <= 50001


def test_an_event_exactly_at_the_deadline_is_not_lost(bare: Compiler) -> None:
    source = _TIMER + 'int main(void) { compare_in(500); for (;;) __asm volatile("wfi"); }'
    probe = bare.machine(source)
    probe.run(MS // 10)
    due = probe.clock.next_at()
    for deadline in (due - 1, due, due + 1):
        machine = bare.machine(source)
        assert machine.run(deadline).end is End.DEADLINE
        assert machine.run(2 * MS).end is End.DEADLINE
        assert 500 <= notes(machine)[0] <= 501


def test_cycle_counter_shows_the_machines_cycles(bare: Compiler) -> None:
    machine = bare.machine(
        """
        __attribute__((noinline)) static u32 read(void) { return REG(0xE0001004); }
        int main(void) {
          REG(0xE000EDFC) |= 1 << 24; REG(0xE0001000) |= 1; REG(0xE0001004) = 0;
          note(read()); for (volatile int i = 0; i < 1000; i++) ; note(read());
          REG(0xE0001000) &= ~1u; note(read()); note(read()); return 0; }
        """
    )
    where = address(machine, "read")
    machine.set_break(where)
    machine.set_break(address(machine, "finish"))
    at = []
    ending = machine.run(100 * MS)
    while ending.address == where:
        at.append(machine.hook.cycles)
        ending = machine.run(100 * MS, resume=True)
    first, second, third, fourth = notes(machine)
    assert second - first == at[1] - at[0]
    assert third == fourth
    assert third - second < 200


def test_systick_counts_cycles_and_interrupts_each_period(bare: Compiler) -> None:
    machine = bare.machine(
        """
        static volatile u32 ticks;
        void systick_handler(void) { if (++ticks == 10) note(REG(0xE0001004)); }
        int main(void) {
          REG(0xE0001000) |= 1; REG(0xE000E014) = 6399; REG(0xE000E018) = 0; REG(0xE0001004) = 0;
          REG(0xE000E010) = 7;
          while (ticks < 10) ;
          u32 a = REG(0xE000E018); BARRIER(); u32 b = REG(0xE000E018); note(a - b); note(a <= 6399);
          REG(0xE000E010) = 0; note(REG(0xE000E018) == REG(0xE000E018)); note(REG(0xE000E018) > 0);
          return 0; }
        """
    )
    cycles, step, within, frozen, kept = finish(machine)
    assert 64000 <= cycles < 64100
    assert 0 < step < 200
    assert (within, frozen, kept) == (1, 1, 1)


def test_systick_flag_is_raised_once_a_period(bare: Compiler) -> None:
    machine = bare.machine(
        """
        int main(void) {
          REG(0xE0001000) |= 1; REG(0xE000E014) = 999; REG(0xE000E018) = 0; REG(0xE000E010) = 5;
          REG(0xE0001004) = 0;
          for (int i = 0; i < 20; i++) while (!(REG(0xE000E010) & 0x10000)) ;
          note(REG(0xE0001004)); note(REG(0xE000E010) >> 16);
          return 0; }
        """
    )
    cycles, again = finish(machine)
    assert 19900 <= cycles <= 20100
    assert again == 0


def test_systick_reload_holds_from_the_next_countdown(bare: Compiler) -> None:
    # What a tickless kernel does: a short countdown first, then full periods.
    machine = bare.machine(
        """
        void systick_handler(void) { note(REG(0xE0001004)); if (count == 3) REG(0xE000E010) = 0; }
        int main(void) {
          REG(0xE0001000) |= 1; REG(0xE000E014) = 499; REG(0xE000E018) = 0; REG(0xE0001004) = 0;
          REG(0xE000E010) = 7; REG(0xE000E014) = 9999;
          while (count < 3) ;
          return 0; }
        """
    )
    first, second, third = finish(machine)
    assert 500 <= first < 600
    assert abs(second - first - 10000) < 30
    assert abs(third - second - 10000) < 30


def test_periodic_events_do_not_drift(bare: Compiler) -> None:
    # A period of 7 us with blocks of many cycles in between: each event keeps its own time.
    machine = bare.machine(
        """
        static volatile u32 ticks;
        void irq8_handler(void) { REG(0x40008140) = 0; (void)REG(0x40008140); ticks++; }
        int main(void) {
          REG(0x40008508) = 3; REG(0x40008540) = 7; REG(0x40008200) = 1; REG(0x40008304) = 1 << 16;
          ENABLE(8); REG(0x40008000) = 1;
          REG(0x40009508) = 3; REG(0x40009000) = 1;
          while (ticks < 1000) { __asm volatile(".rept 40\\n udiv r0, r0, r0\\n .endr" ::: "r0"); }
          REG(0x40009040) = 1; note(REG(0x40009540)); return 0; }
        """
    )
    assert abs(finish(machine)[0] - 7000) <= 20


def test_an_overdue_compare_is_not_lost_when_the_timer_is_written(bare: Compiler) -> None:
    # The compare comes due inside one long block that ends by writing another compare register.
    machine = bare.machine(
        """
        int main(void) {
          REG(0x40008508) = 3; REG(0x40008510) = 0; REG(0x40008540) = 20; REG(0x40008304) = 0;
          REG(0x40008000) = 1; BARRIER();
          __asm volatile(".rept 30\\n udiv r0, r0, r0\\n .endr\\n str %1, [%0]" ::
                         "r"(0x40008544), "r"(0x100000) : "r0", "memory");
          note(REG(0x40008140)); return 0; }
        """
    )
    assert finish(machine) == [1]


def test_many_reads_of_the_time_do_not_fill_memory(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER + "int main(void) { compare_in(1000000); for (int i = 0; i < 5000; i++) now(); return 0; }"
    )
    finish(machine, 1000)
    assert len(machine.clock._queue) < 200


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
def test_time_goes_on_within_a_block(bare: Compiler, python: bool) -> None:
    # Reads of the same register, with 1, 3 and 9 cycles of other instructions between them, none of which
    # ends a block; then a load by another base, two registers, and a write-back.
    image = bare.image(
        """
        .globl main
        .thumb_func
        main: push {r4-r7, lr}
          ldr r0, =0xE000EDFC
          mov r1, #1 << 24
          str r1, [r0]
          ldr r0, =0xE0001000
          movs r1, #1
          str r1, [r0]
          ldr r7, =out
          b 1f
        1: ldr r1, [r0, #4]
          nop
          ldr r2, [r0, #4]
          nop
          nop
          nop
          ldr r3, [r0, #4]
          .rept 9
          nop
          .endr
          ldr r4, [r0, #4]!
          nop
          ldr r5, [r0]
          nop
          ldmia r0!, {r6}
          str r1, [r7], #4
          stmia r7!, {r2-r6}
          b 2f
        2: pop {r4-r7, pc}
        .ltorg
        .bss
        .balign 4
        .globl out
        out: .space 64
        """,
        asm=True,
    )
    machine = Machine(image, NRF52840, force_python=python)
    snapshot = machine.save()
    seen = []
    for _ in range(2):
        machine.load(snapshot)
        run_to(machine, "finish")
        seen.append(words(machine, "out", 6))
    first = seen[0]
    # An LDR takes 2 cycles, whatever stands between it and the next one comes on top.
    assert [b - a for a, b in pairwise(first)] == [3, 5, 11, 3, 3]
    assert seen[0] == seen[1]

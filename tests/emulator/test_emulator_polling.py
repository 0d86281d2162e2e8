"""Waiting loops that are counted instead of run: nothing but the host's time may tell."""

from __future__ import annotations

import pytest
from bare_image import Compiler, finish

from mlbench.emulator.machine import Machine
from mlbench.emulator.polling import Polling

HEAD = """
#define UARTE 0x40002000
static u8 text[40];
static void send(u32 bytes) {
  REG(UARTE + 0x500) = 8; REG(UARTE + 0x544) = (u32)text; REG(UARTE + 0x548) = bytes;
  REG(UARTE + 0x120) = 0; REG(UARTE + 0x008) = 1; }
"""
LOOPS = {
    "plain": "send(40); while (!REG(UARTE + 0x120)) ; note(1);",
    "twice": "send(9); while (!REG(UARTE + 0x120)) ; send(20); while (!REG(UARTE + 0x120)) ; note(2);",
    "through flash": """static const u32 mask[4] = {0, 0, 1, 0}; send(40);
        while (!(REG(UARTE + 0x120) & *(const volatile u32 *)&mask[2])) ; note(3);""",
    "counted in a register": "u32 n = 0; send(10); while (!REG(UARTE + 0x120)) n++; note(n);",
    "counted in RAM": "volatile u32 n = 0; send(10); while (!REG(UARTE + 0x120)) n++; note(n);",
    "counted in a float": """float f = 0; REG(0xE000ED88) |= 0xF << 20; BARRIER(); send(10);
        while (!REG(UARTE + 0x120)) { f += 0.5f; __asm volatile("" : "+t"(f)); } note((u32)f);""",
    "interrupted": """REG(0xE000E014) = 4999; REG(0xE000E010) = 7; send(40);
        while (!REG(UARTE + 0x120)) ; note(ticks);""",
    "two registers": """send(20); REG(0x40000104) = 0; REG(0x40000008) = 1;
        while (!REG(UARTE + 0x120) && !REG(0x40000104)) ; note(REG(0x40000104));""",
    "a status": """REG(0x40000100) = 0; REG(0x40000000) = 1;
        while (!(REG(0x4000040C) & 0x10000)) ; while (REG(0x4000040C) != 0x10001) ; note(REG(0x40000100));""",
    "a count that is kept": """REG(UARTE + 0x54C); send(40);
        while (REG(UARTE + 0x54C) != 40) ; note(REG(UARTE + 0x120));""",
    "a status, and an event of another": """REG(0x4000D304) = 0; REG(0x4000D000) = 1; send(30); u32 n;
        while (!REG(UARTE + 0x120) && REG(0x4000040C)) ; n = REG(0x4000D100); note(n);""",
    "four registers": """send(40); u32 n = 9;
        while (!REG(UARTE + 0x120)) {
          n |= REG(UARTE + 0x110); n |= REG(UARTE + 0x144); n |= REG(UARTE + 0x500); } note(n);""",
    "a value that takes turns": """send(40); u32 n = 9;
        while (!REG(UARTE + 0x120)) n ^= REG(UARTE + 0x500); note(n);""",
    "the same register in two places": """send(30);
        for (;;) { if (REG(UARTE + 0x120)) break; __asm volatile("nop"); if (REG(UARTE + 0x120)) break;
          __asm volatile("nop; nop; nop"); } note(8);""",
    "a counter": """REG(0x4000B000) = 1; while (REG(0x4000B504) < 5) ; note(REG(0x4000B504));
        u32 n = REG(0x4000B504); while (REG(0x4000B504) == n) ; note(REG(0x4000B504));""",
    "a counter, and an event": """REG(0x4000B508) = 3; REG(0x4000B000) = 1; send(8);
        while (REG(0x4000B504) < 4 || !REG(UARTE + 0x120)) ; note(REG(0x4000B504));""",
    "a counter at the end of a long turn": """REG(0x4000B508) = 1; REG(0x4000B000) = 1; send(40); u32 n = 0;
        while (!REG(UARTE + 0x120)) {
          n |= REG(0x4000B504); for (int i = 0; i < 30; i++) __asm volatile("nop");
          n |= REG(0x4000B504); } note(n);""",
    "the flag of SysTick": """REG(0xE000E014) = 9999; REG(0xE000E018) = 0; REG(0xE000E010) = 5; u32 n = 0;
        for (int i = 0; i < 4; i++) { while (!(REG(0xE000E010) & 1 << 16)) ; n = n << 4 | 3; } note(n);""",
    "a timer that PPI captures": """REG(0x4001F510) = UARTE + 0x120; REG(0x4001F514) = 0x40008044;
        REG(0x4001F504) = 1; REG(0x40008000) = 1; send(20);
        while (!REG(0x40008544)) ; note(REG(0x40008544));""",
    "a cycle counter": """REG(0xE0001000) = 1; u32 n = REG(0xE0001004);
        while (REG(0xE0001004) - n < 9999) ; note(1);""",
}
SKIPPED = set(LOOPS) - {
    *("counted in a register", "counted in RAM", "counted in a float", "a cycle counter"),
    "a value that takes turns",
}


def told(bare: Compiler, loop: str) -> tuple[list[int], tuple[object, ...], int]:
    source = f"{HEAD} static volatile u32 ticks; void systick_handler(void) {{ ticks++; }}"
    machine = bare.machine(f"{source} int main(void) {{ {loop} note(7); return 0; }}")
    begin = machine.clock.waiting.save()
    notes = finish(machine)
    hook = machine.hook
    counts = (hook.cycles, hook.instructions, hook.placement, hook.flash_reads, machine.waited(begin))
    return notes, counts, skipped(machine)


def skipped(machine: Machine) -> int:
    return machine._polling.skipped


@pytest.mark.parametrize("name", LOOPS)
def test_time_and_counts_are_those_of_a_loop_that_is_run(
    bare: Compiler, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, counts, turns = told(bare, LOOPS[name])
    assert (turns > 50) == (name in SKIPPED)
    monkeypatch.setattr(Polling, "read", lambda *_: None)
    assert told(bare, LOOPS[name]) == (notes, counts, 0)
    assert notes[-1] == 7


@pytest.mark.parametrize("after", range(13))
def test_an_event_between_the_reads_of_a_turn_is_seen(bare: Compiler, after: int) -> None:
    """Wherever in the turn it comes: registers read before it are not taken for what they are now."""
    code = f"""send(40); u32 n = 9; __asm volatile(".rept {after}; nop; .endr");
        while (!REG(UARTE + 0x120)) {{
          n |= REG(UARTE + 0x110); n |= REG(UARTE + 0x144); n |= REG(UARTE + 0x500); }} note(n);"""
    machine = bare.machine(f"{HEAD} int main(void) {{ {code} return 0; }}")
    finish(machine)
    # 40 bytes of ten bits at 250,000 baud: 1.6 ms.
    assert machine.clock.now < machine.clock.cycles(2000)


def test_a_loop_that_waits_for_ever_comes_to_its_deadline_at_once(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { while (!REG(0x40002120)) ; return 0; }")
    machine.run(machine.clock.cycles(5e6), host_seconds=10)
    assert machine.clock.now >= machine.clock.cycles(5e6)
    # Hundreds of millions of cycles, of which hardly any was run.
    assert skipped(machine) > 10_000_000

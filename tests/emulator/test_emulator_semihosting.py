"""Semihosting and trace: what firmware sends to a debugger (Arm, "Semihosting"; DDI 0403E, C1.7, C1.8)."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, finish

from mlbench.emulator.endings import End

_CALL = """
static inline u32 call(u32 op, const volatile void *arg) {
  register u32 r0 __asm("r0") = op; register const volatile void *r1 __asm("r1") = arg;
  __asm volatile("bkpt #0xAB" : "+r"(r0) : "r"(r1) : "memory"); return r0; }
"""


def test_text_comes_out_in_order(bare: Compiler) -> None:
    machine = bare.machine(
        _CALL
        + """
        int main(void) {
          volatile u32 open[] = {(u32)":tt", 4, 3}; u32 handle = call(1, open); note(handle > 0);
          volatile u32 bad[] = {(u32)"file", 4, 4}; note(call(1, bad));
          volatile u32 write[] = {handle, (u32)"hello", 5};
          call(4, "zero\\n"); u8 c = '!'; call(3, &c); note(call(5, write));
          volatile u32 wrong[] = {77, (u32)"hello", 5}; note(call(5, wrong));
          note(call(9, open)); note(call(0x77, open)); note(call(2, open)); note(call(0x31, 0));
          return 0; }
        """
    )
    assert finish(machine) == [1, 0xFFFFFFFF, 0, 5, 1, 0xFFFFFFFF, 0, 64_000_000]
    assert machine.serial() == b"zero\n!hello"
    assert any("semihosting" in note for note in machine.notes)


def test_the_clock_is_the_virtual_one(bare: Compiler) -> None:
    machine = bare.machine(
        _CALL
        + """int main(void) { u32 at[2]; note(call(0x10, 0)); for (volatile int i = 0; i < 400000; i++) ;
          note(call(0x10, 0)); call(0x30, at); note(at[0]); return 0; }"""
    )
    first, second, ticks = finish(machine)
    assert first == 0
    assert second == ticks // 640_000 > 1


@pytest.mark.parametrize(
    ("leave", "status"),
    [
        ("call(0x18, (void *)0x20026);", 0),
        ("call(0x18, (void *)0x20023);", 1),
        ("volatile u32 block[] = {0x20026, 42}; call(0x20, block);", 42),
    ],
)
def test_exit_ends_the_run(bare: Compiler, leave: str, status: int) -> None:
    ending = bare.machine(_CALL + f"int main(void) {{ {leave} for (;;) ; }}").run(MS)
    assert (ending.end, ending.text) == (End.SEMIHOSTING, f"the firmware exited with status {status}")


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("traced", [True, False])
def test_stimulus_port_0_is_text(bare: Compiler, width: int, traced: bool) -> None:
    kind = {1: "u8", 2: "u16", 4: "u32"}[width]
    machine = bare.machine(
        f"""int main(void) {{ REG(0xE000EDFC) = {int(traced)} << 24; REG(0xE0000FB0) = 0xC5ACCE55;
          REG(0xE0000E00) = 1; REG(0xE0000E80) = 1; note(REG(0xE0000000));
          *(volatile {kind} *)0xE0000000 = 0x64636261; *(volatile u8 *)0xE0000004 = 'x'; return 0; }}"""
    )
    assert finish(machine) == [int(traced)]
    assert machine.serial() == (b"abcd"[:width] if traced else b"")


def test_no_debugger_is_seen_and_the_cycle_counter_needs_trcena(bare: Compiler) -> None:
    machine = bare.machine(
        """int main(void) { note(REG(0xE000EDF0) & 1);
          REG(0xE000EDF0) = 0xA05F0001; note(REG(0xE000EDF0) & 1);
          REG(0xE0001000) |= 1; u32 a = REG(0xE0001004); BARRIER(); u32 b = REG(0xE0001004); note(b > a);
          REG(0xE000EDFC) &= ~(1u << 24); a = REG(0xE0001004); BARRIER(); b = REG(0xE0001004); note(b == a);
          note(REG(0xE0001000) >> 28); note(REG(0xE0040004)); return 0; }"""
    )
    assert finish(machine) == [0, 0, 1, 1, 4, 1]
    assert not [note for note in machine.notes if "not modelled" in note]


def test_a_debugger_is_seen_exactly_where_semihosting_is_answered(bare: Compiler) -> None:
    machine = bare.machine(
        _CALL
        + """int main(void) { note(REG(0xE000EDF0) & 1); REG(0xE000EDF0) = 0xA05F0000;
          if (REG(0xE000EDF0) & 1) call(4, "seen\\n"); return 0; }"""
    )
    assert finish(machine) == [1]
    assert machine.serial() == b"seen\n"


def test_handles_1_and_2_are_the_outputs_without_being_opened(bare: Compiler) -> None:
    machine = bare.machine(
        _CALL
        + """int main(void) {
          volatile u32 out1[] = {1, (u32)"out ", 4}, err[] = {2, (u32)"err ", 4}, in[] = {3, (u32)"no", 2};
          note(call(5, out1)); note(call(5, err)); note(call(5, in));
          volatile u32 opened[] = {(u32)":tt", 0, 3}; note(call(1, opened)); opened[1] = 4;
          note(call(1, opened)); opened[1] = 8; note(call(1, opened)); return 0; }"""
    )
    assert finish(machine) == [0, 0, 2, 3, 1, 2]
    assert machine.serial() == b"out err "


def test_other_breakpoints_stop_where_a_debugger_is(bare: Compiler) -> None:
    machine = bare.machine(
        _CALL + 'int main(void) { call(4, "x"); __asm volatile("bkpt #3"); note(1); return 0; }'
    )
    ending = machine.run(MS)
    assert ending.end is End.SEMIHOSTING
    assert ending.text == "the debugger stopped the firmware at a breakpoint instruction (bkpt #0x03)"
    assert ending.exit_status is None


@pytest.mark.parametrize(("code", "status"), [(0x20026, 0), (0x20023, 1)])
def test_an_exit_has_its_status(bare: Compiler, code: int, status: int) -> None:
    ending = bare.machine(_CALL + f"int main(void) {{ call(0x18, (void *){code:#x}); return 0; }}").run(MS)
    assert ending.exit_status == status

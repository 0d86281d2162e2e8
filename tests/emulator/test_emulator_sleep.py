"""WFI, WFE, SEV, SEVONPEND and SLEEPONEXIT (DDI 0403E, B1.5.17 to B1.5.19)."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, finish, notes, run_to

from mlbench.emulator.endings import End

# TIMER0 compares after about 1 ms, with or without its interrupt enabled.
_TIMER = """
static void timer(u32 us) { REG(0x40008304) = 1 << 16; REG(0x40008540) = us; REG(0x40008508) = 3;
  REG(0x4000850C) = 1; REG(0x40008000) = 1; }
void irq8_handler(void) { note(8); REG(0x40008140) = 0; (void)REG(0x40008140); }
#define WFE() __asm volatile("wfe" ::: "memory")
#define WFI() __asm volatile("wfi" ::: "memory")
#define SEV() __asm volatile("sev" ::: "memory")
#define DISABLE() __asm volatile("cpsid i" ::: "memory")
#define RESTORE() __asm volatile("cpsie i" ::: "memory")
#define SCR REG(0xE000ED10)
"""


def _ends(bare: Compiler, body: str) -> tuple[End, list[int]]:
    machine = bare.machine(_TIMER + f"int main(void) {{ {body} return 0; }}")
    ending = run_to(machine, "finish")
    return ending.end, notes(machine)


@pytest.mark.parametrize(
    ("body", "wakes", "noted"),
    [
        # PRIMASK does not keep WFI from waking, and does WFE.
        ("ENABLE(8); timer(500); WFI(); note(1);", True, [8, 1]),
        ("ENABLE(8); timer(500); DISABLE(); WFI(); note(1); RESTORE();", True, [1, 8]),
        ("ENABLE(8); timer(500); DISABLE(); SEV(); WFE(); WFE(); note(1); RESTORE();", False, []),
        # A disabled interrupt wakes nobody, but for WFE with SEVONPEND.
        ("timer(500); WFI(); note(1);", False, []),
        ("timer(500); SEV(); WFE(); WFE(); note(1);", False, []),
        ("SCR = 16; timer(500); SEV(); WFE(); WFE(); note(1);", True, [1]),
        ("SCR = 16; ENABLE(8); timer(500); DISABLE(); SEV(); WFE(); WFE(); note(1); RESTORE();", True,
         [1, 8]),
        ("SCR = 16; timer(500); WFI(); note(1);", False, []),
        # BASEPRI holds both.
        ('PRIORITY(8, 0x80); ENABLE(8); timer(500); __asm volatile("msr basepri, %0" :: "r"(0x40)); WFI();'
         "note(1);",
         False, []),
        # The event register is one bit, and SEV, exceptions' entry and return set it.
        ("SEV(); SEV(); WFE(); note(1); WFE(); note(2);", False, [1]),
        ("SEV(); WFE(); ENABLE(8); PEND(8); BARRIER(); WFE(); note(1); WFE(); note(2);", False, [8, 1]),
    ],
)  # fmt: skip
def test_what_wakes(bare: Compiler, body: str, wakes: bool, noted: list[int]) -> None:
    end, got = _ends(bare, body)
    assert got == noted
    assert end in ((End.BREAKPOINT,) if wakes else (End.IDLE, End.DEADLINE))


def test_time_passes_asleep(bare: Compiler) -> None:
    machine = bare.machine(_TIMER + "int main(void) { ENABLE(8); timer(3000); WFI(); return 0; }")
    assert finish(machine) == [8]
    assert 3 * MS <= machine.clock.now < 3.1 * MS
    assert machine.hook.instructions < 500


def test_sleep_on_exit_stays_asleep_between_interrupts(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER
        + """void irq9_handler(void) { REG(0x40009140) = 0; (void)REG(0x40009140); note(9); SCR = 0; }
        int main(void) { ENABLE(8); ENABLE(9); timer(500);
          REG(0x40009304) = 1 << 16; REG(0x40009540) = 1500; REG(0x40009000) = 1; SCR = 2;
          WFI(); note(1); return 0; }"""
    )
    # The first handler returns into sleep; the second one clears the bit.
    assert finish(machine) == [8, 9, 1]


def test_sleep_on_exit_without_a_further_interrupt_is_the_end(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER + "int main(void) { ENABLE(8); SCR = 2; timer(500); WFI(); note(1); return 0; }"
    )
    assert run_to(machine, "finish").end in (End.IDLE, End.DEADLINE)
    assert notes(machine) == [8]


def test_sleep_survives_a_snapshot(bare: Compiler) -> None:
    machine = bare.machine(
        _TIMER + "int main(void) { SCR = 16; timer(2000); SEV(); WFE(); WFE(); note(1); return 0; }"
    )
    machine.run(MS)
    saved = machine.save()
    for _ in range(2):
        assert finish(machine) == [1]
        assert 2 * MS <= machine.clock.now < 2.1 * MS
        machine.load(saved)
        assert notes(machine) == []

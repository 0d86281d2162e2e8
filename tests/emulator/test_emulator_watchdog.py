"""The watchdog: who starts it must feed it, and nothing but its own reset ends it."""

from __future__ import annotations

import pytest
from bare_image import MS, Chip, Compiler, finish

from mlbench.emulator.machine import End
from mlbench.emulator.peripherals.base import Cause

WDT = 0x40010000
_RELOAD = 0x6E524635


def test_it_bites_after_its_time_and_tells_so(bare: Compiler) -> None:
    machine = bare.machine(
        """#define KEPT ((volatile u32 *)0x20030000)
        void irq16_handler(void) { KEPT[0] = 0xB17E; REG(0x40010100) = 0; BARRIER(); }
        int main(void) { note(REG(0x40000400)); note(KEPT[0]); note(REG(0x40010400)); note(REG(0x4000051C));
          if (REG(0x40000400) & 2) return 0;
          REG(0x4000051C) = 0x77; REG(0x40010504) = 3276; REG(0x40010304) = 1; ENABLE(16);
          REG(0x40010000) = 1; for (;;) ; }"""
    )
    ending = machine.run(1000 * MS)
    assert (ending.end, ending.cause) == (End.RESET, Cause.WATCHDOG)
    assert "watchdog" in ending.text
    # 3277 ticks of the slow clock, and two more to the reset.
    assert machine.clock.us(machine.clock.now) == pytest.approx(3279e6 / 32768, abs=40)
    machine.restart(ending.cause)
    assert finish(machine) == [2, 0xB17E, 0, 0]


def test_it_is_fed_by_all_enabled_channels_only(chip: Chip) -> None:
    chip[WDT + 0x504], chip[WDT + 0x508] = 327, 0b101
    chip[WDT] = 1
    for _ in range(5):
        chip.wait(8000)
        assert chip[WDT + 0x404] == 0b101
        chip[WDT + 0x600] = _RELOAD
        chip[WDT + 0x604] = _RELOAD
        assert chip[WDT + 0x404] == 0b100
        chip[WDT + 0x608] = 0x12345678
        assert chip[WDT + 0x404] == 0b100
        chip[WDT + 0x608] = _RELOAD
    chip.wait(8000)
    chip[WDT + 0x600] = _RELOAD
    assert chip.wait(8000).cause is Cause.WATCHDOG


def test_it_cannot_be_stopped_or_changed(chip: Chip) -> None:
    chip[WDT + 0x504] = 327
    assert chip[WDT + 0x400] == 0
    chip[WDT] = 1
    assert chip[WDT + 0x400] == 1
    chip[WDT + 0x504], chip[WDT + 0x508], chip[WDT + 0x50C] = 0xFFFFFFFF, 0xFF, 0
    assert (chip[WDT + 0x504], chip[WDT + 0x508], chip[WDT + 0x50C]) == (327, 1, 1)
    assert chip.wait(20_000).cause is Cause.WATCHDOG


def test_it_survives_a_soft_reset(chip: Chip) -> None:
    chip[WDT + 0x504] = 3276
    chip[WDT] = 1
    chip.wait(60_000)
    chip.machine.restart(Cause.SOFTWARE)
    assert (chip[WDT + 0x400], chip[WDT + 0x504]) == (1, 3276)
    begin = chip.machine.clock.now
    assert chip.wait(100_000).cause is Cause.WATCHDOG
    assert chip.machine.clock.us(chip.machine.clock.now - begin) == pytest.approx(40_000, abs=200)
    chip.machine.restart(Cause.WATCHDOG)
    assert (chip[WDT + 0x400], chip[WDT + 0x504]) == (0, 0xFFFFFFFF)

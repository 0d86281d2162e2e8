"""CLOCK and POWER: supplies, retained registers, and who the chip is."""

from __future__ import annotations

import itertools

import pytest
from bare_image import Chip, Compiler, finish

from mlbench.emulator.machine import End
from mlbench.emulator.peripherals.base import Cause

POWER = 0x40000000


def test_a_cable_brings_its_events_in_order(chip: Chip) -> None:
    machine = chip.machine
    machine.reset()
    assert (chip[POWER + 0x438], chip[POWER + 0x11C]) == (0, 0)
    assert chip.time_to(POWER + 0x11C) > 0
    assert (chip[POWER + 0x438], chip[POWER + 0x124]) == (1, 0)
    assert chip.time_to(POWER + 0x124) > 0
    assert chip[POWER + 0x438] == 3
    machine.usb.detach()
    assert (chip[POWER + 0x438], chip[POWER + 0x120]) == (0, 1)


def test_without_a_cable_there_is_no_event(chip: Chip) -> None:
    machine = chip.machine
    machine.reset()
    machine.usb.detach()
    chip.wait(10_000)
    assert [chip[POWER + offset] for offset in (0x438, 0x11C, 0x120, 0x124)] == [0, 0, 0, 0]


def test_retained_registers_have_eight_bits(chip: Chip) -> None:
    chip[POWER + 0x51C] = chip[POWER + 0x520] = 0x12345
    assert (chip[POWER + 0x51C], chip[POWER + 0x520]) == (0x45, 0x45)


def test_sections_of_ram_are_switched_by_bits(chip: Chip) -> None:
    assert chip[POWER + 0x900] == 0xFFFF
    chip[POWER + 0x908] = 0x3
    assert chip[POWER + 0x900] == 0xFFFC
    chip[POWER + 0x904] = 0x1
    assert (chip[POWER + 0x900], chip[POWER + 0x980]) == (0xFFFD, 0xFFFF)


def test_system_off_ends_the_run(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { REG(0x40000500) = 1; BARRIER(); for (;;) ; }")
    ending = machine.run(64_000)
    assert (ending.end, ending.cause) == (End.RESET, Cause.WAKE_BY_PIN)
    assert "system off" in ending.text


def test_the_slow_clock_says_what_it_runs_from(chip: Chip) -> None:
    chip[POWER + 0x518] = 1
    chip[POWER + 0x008] = 1
    assert (chip[POWER + 0x414], chip[POWER + 0x418] >> 16) == (1, 0)
    chip.time_to(POWER + 0x104)
    assert (chip[POWER + 0x418], chip[POWER + 0x41C]) == (0x10001, 1)
    chip[POWER + 0x00C] = 1
    assert chip[POWER + 0x418] >> 16 == 0


def test_calibration_ends(chip: Chip) -> None:
    chip[POWER + 0x010] = 1
    assert 1000 < chip.time_to(POWER + 0x10C) < 50_000


def test_drivers_tell_the_revision_by_undocumented_words(chip: Chip) -> None:
    assert (chip[0x10000130], chip[0x10000134]) == (8, 3)
    assert (chip[0xF0000FE0] & 0xFF, chip[0xF0000FE4] & 0xF, chip[0xF0000FE8] >> 4 & 15) == (8, 0, 3)
    assert chip.machine.notes == []


def test_the_calibration_timer(chip: Chip) -> None:
    chip[POWER + 0x538] = 2
    chip[POWER + 0x014] = 1
    assert 0 < chip.time_to(POWER + 0x128) < 100
    assert chip.time_to(POWER + 0x110) > 499_000
    chip[POWER + 0x018] = 1
    assert 0 < chip.time_to(POWER + 0x12C) < 100


def test_the_slow_clock_changes_its_source_while_it_runs(chip: Chip) -> None:
    rc, crystal = 0, 1
    chip[POWER + 0x518] = rc
    chip[POWER + 0x008] = 1
    chip.time_to(POWER + 0x104)
    chip[POWER + 0x104] = 0
    chip[POWER + 0x518] = crystal
    assert chip[POWER + 0x41C] == rc, "LFCLKSRC alone changes nothing"
    chip[POWER + 0x008] = 1
    assert (chip[POWER + 0x418], chip[POWER + 0x41C]) == (0x10000 | rc, crystal)
    assert chip[POWER + 0x104] == 0
    chip.time_to(POWER + 0x104)
    assert (chip[POWER + 0x418], chip[POWER + 0x41C]) == (0x10000 | crystal, crystal)
    chip[POWER + 0x104] = 0
    chip[POWER + 0x008] = 1
    assert chip[POWER + 0x104] == 1, "it runs from that source already"


def test_firmware_waits_for_the_crystal_after_the_rc_oscillator(bare: Compiler) -> None:
    machine = bare.machine("""
int main(void) {
  REG(0x40000518) = 0; REG(0x40000008) = 1;
  while (!REG(0x40000104)) ;
  REG(0x40000104) = 0;
  REG(0x40000518) = 1; REG(0x40000008) = 1;
  while ((REG(0x40000418) & 3) != 1) ;
  return 0;
}""")
    assert finish(machine, 10) == []


_STEPS = ("start", "stop", "rc", "crystal", "clear", "wait")


@pytest.mark.parametrize("first", _STEPS)
def test_the_slow_clock_in_any_order(chip: Chip, first: str) -> None:
    saved = chip.machine.save()
    for rest in itertools.product(_STEPS, repeat=3):
        chip.machine.load(saved)
        selected = running = copied = 0
        raised = starting = False
        for step in (first, *rest, "wait"):
            if step in ("rc", "crystal"):
                selected = chip[POWER + 0x518] = int(step == "crystal")
            elif step == "clear":
                raised = chip[POWER + 0x104] = 0
            elif step == "stop":
                chip[POWER + 0x00C] = 1
                running, starting = 0, False
            elif step == "start":
                same = running == 2 and selected == chip[POWER + 0x418] & 3
                chip[POWER + 0x008] = 1
                running, copied, starting, raised = running or 1, selected, not same, raised or same
            else:
                chip.wait(1000)
                running, raised, starting = 2 if starting else running, raised or starting, False
                assert chip[POWER + 0x104] == raised, (first, rest)
                assert chip[POWER + 0x418] == (0x10000 | copied if running else 0), (first, rest)
            assert chip[POWER + 0x414] == int(running > 0), (first, rest)
            assert chip[POWER + 0x41C] == copied, (first, rest)


@pytest.mark.parametrize("first", ["start", "stop", "clear", "wait"])
def test_the_fast_clock_in_any_order(chip: Chip, first: str) -> None:
    saved = chip.machine.save()
    for rest in itertools.product(("start", "stop", "clear", "wait"), repeat=4):
        chip.machine.load(saved)
        crystal = raised = starting = False
        for step in (first, *rest, "wait"):
            if step == "clear":
                chip[POWER + 0x100], raised = 0, False
            elif step == "stop":
                chip[POWER + 0x004] = 1
                crystal = starting = False
            elif step == "start":
                chip[POWER] = 1
                starting, raised = starting or not crystal, raised or crystal
            else:
                chip.wait(1000)
                crystal, raised, starting = crystal or starting, raised or starting, False
            assert chip[POWER + 0x100] == raised, (first, rest)
            assert chip[POWER + 0x408] == int(crystal or starting), (first, rest)
            assert chip[POWER + 0x40C] == 0x10000 | crystal, (first, rest)

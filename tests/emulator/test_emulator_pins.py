"""GPIO's DETECT, GPIOTE's PORT event, and what PPI wires together."""

from __future__ import annotations

import pytest
from bare_image import MS, Chip, Compiler, finish

from mlbench.emulator.machine import End
from mlbench.emulator.peripherals.base import Cause

P0, GPIOTE, PPI, EGU = 0x50000000, 0x40006000, 0x4001F000, 0x40014000
_SENSE_HIGH, _SENSE_LOW, _PULL_UP = 2 << 16, 3 << 16, 3 << 2


def _cnf(pin: int) -> int:
    return P0 + 0x700 + 4 * pin


def test_a_pin_whose_buffer_is_off_reads_0(chip: Chip) -> None:
    chip[P0 + 0x508] = 1 << 5
    chip[_cnf(5)] = 3
    assert chip[P0 + 0x510] == 0
    chip[_cnf(5)] = 1
    assert chip[P0 + 0x510] == 1 << 5
    assert chip[P0 + 0x514] == 1 << 5
    chip[P0 + 0x51C] = 1 << 5
    assert chip[_cnf(5)] & 1 == 0


@pytest.mark.parametrize(("config", "levels"), [(_SENSE_HIGH, (1, 0)), (_SENSE_LOW | _PULL_UP, (0, 1))])
def test_a_sensed_pin_raises_port_once(chip: Chip, config: int, levels: tuple[int, int]) -> None:
    on, off = levels
    port = chip.part("P0")
    chip[_cnf(11)] = config
    assert chip[GPIOTE + 0x17C] == 0
    port.drive(11, on)
    assert (chip[GPIOTE + 0x17C], chip[P0 + 0x520]) == (1, 1 << 11)
    chip[GPIOTE + 0x17C] = 0
    port.drive(11, on)
    assert chip[GPIOTE + 0x17C] == 0
    chip[P0 + 0x520] = 1 << 11
    assert chip[P0 + 0x520] == 1 << 11  # it is still so
    port.drive(11, off)
    chip[P0 + 0x520] = 1 << 11
    assert chip[P0 + 0x520] == 0
    port.drive(11, on)
    assert chip[GPIOTE + 0x17C] == 1


def test_a_second_pin_is_hidden_by_the_first_unless_latched(chip: Chip) -> None:
    port = chip.part("P0")
    for latched in (0, 1):
        chip[P0 + 0x524] = latched
        for pin in (1, 2):
            port.drive(pin, 0)
            chip[_cnf(pin)] = _SENSE_HIGH
        chip[P0 + 0x520] = 6
        port.drive(1, 1)
        chip[GPIOTE + 0x17C] = 0
        port.drive(2, 1)
        assert chip[GPIOTE + 0x17C] == 0
        port.drive(1, 0)
        chip[P0 + 0x520] = 1 << 1
        # With LATCH there is a new edge, for what is left in it.
        assert chip[GPIOTE + 0x17C] == latched
        assert chip[P0 + 0x520] == 1 << 2


def test_port_wakes_firmware(bare: Compiler) -> None:
    machine = bare.machine(
        """void irq6_handler(void) { note(REG(0x50000520)); REG(0x4000617C) = 0; REG(0x50000520) = ~0u;
          BARRIER(); }
        int main(void) { REG(0x5000072C) = 2 << 16; REG(0x40006304) = 1u << 31; ENABLE(6);
          __asm volatile("wfi"); note(7); return 0; }"""
    )
    assert machine.run(2 * MS).end is End.IDLE
    machine.bus.by_name["P0"].drive(11, 1)  # type: ignore[attr-defined]
    assert finish(machine) == [1 << 11, 7]


def test_a_task_channel_has_its_pin(chip: Chip) -> None:
    chip[GPIOTE + 0x510] = 3 | 7 << 8 | 3 << 16 | 1 << 20
    assert (chip[P0 + 0x514] >> 7 & 1, chip[P0 + 0x504] >> 7 & 1) == (1, 1)
    chip[GPIOTE] = 1
    assert chip[P0 + 0x504] >> 7 & 1 == 0


def test_the_outside_does_not_mind_a_reset(chip: Chip) -> None:
    chip.part("P0").drive(3, 1)
    chip[_cnf(3)] = 0
    chip.machine.restart(Cause.SOFTWARE)
    assert chip[P0 + 0x510] == 0
    assert chip[_cnf(3)] == 2
    chip[_cnf(3)] = 0
    assert chip[P0 + 0x510] == 1 << 3


def test_groups_of_channels_are_switched_by_tasks(chip: Chip) -> None:
    for n in (3, 4):
        chip[PPI + 0x510 + 8 * n], chip[PPI + 0x514 + 8 * n] = EGU + 0x100 + 4 * n, EGU + 0x1000 + 4 * n
    chip[PPI + 0x800] = 0b11000
    chip[PPI + 0x910 + 4 * 3] = EGU + 0x2000
    chip[EGU + 12] = 1
    assert chip[EGU + 0x1000 + 0x10C] == 0
    chip[PPI + 0x000] = 1
    assert chip[PPI + 0x500] == 0b11000
    chip[EGU + 12] = chip[EGU + 16] = 1
    assert (chip[EGU + 0x1000 + 0x10C], chip[EGU + 0x1000 + 0x110], chip[EGU + 0x2000 + 0x100]) == (1, 1, 1)
    chip[PPI + 0x004] = 1
    assert chip[PPI + 0x500] == 0


def test_an_event_can_switch_a_group_off(chip: Chip) -> None:
    # The channel that starts the task is a member of the group: it works just once.
    chip[PPI + 0x510], chip[PPI + 0x514] = EGU + 0x100, PPI + 0x004
    chip[PPI + 0x910] = EGU + 0x1000
    chip[PPI + 0x800], chip[PPI + 0x504] = 1, 1
    chip[EGU] = 1
    assert (chip[PPI + 0x500], chip[EGU + 0x1100]) == (0, 1)


def test_fixed_channels(chip: Chip) -> None:
    # RTC0's first match starts and clears TIMER0 (channels 31 and 30).
    chip[PPI + 0x504] = 1 << 31 | 1 << 30
    chip[0x4000B540], chip[0x4000B344] = 3, 1 << 16
    chip[0x40008510], chip[0x40008508] = 0, 3
    chip[0x4000B000] = 1
    chip.wait(3e6 / 32768 + 50)
    chip[0x40008040] = 1
    assert chip[0x40008540] == pytest.approx(50 * 16, abs=20)


def test_a_ring_of_channels_hurts_nobody(chip: Chip) -> None:
    chip[PPI + 0x510], chip[PPI + 0x514] = EGU + 0x100, EGU
    chip[PPI + 0x504] = 1
    chip[EGU] = 1
    assert chip[EGU + 0x100] == 1
    assert any("ring" in note for note in chip.machine.notes)


def test_egu_interrupts(bare: Compiler) -> None:
    machine = bare.machine(
        """void irq25_handler(void) { note(REG(0x40019108)); REG(0x40019108) = 0; BARRIER(); }
        int main(void) { REG(0x40019304) = 1 << 2; ENABLE(25); REG(0x40019004) = 1; note(1);
          REG(0x40019008) = 1; BARRIER(); note(2); return 0; }"""
    )
    assert finish(machine) == [1, 1, 2]

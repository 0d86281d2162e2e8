"""TWIM, TWI, SPIM and SPI without devices: the time of the wire, and an answer that lets firmware go on."""

from __future__ import annotations

import pytest
from bare_image import Chip, Compiler, finish

BOX = 0x40003000
_ANACK = 2


@pytest.mark.parametrize(
    ("frequency", "hertz"), [(0x01980000, 100e3), (0x04000000, 250e3), (0x06400000, 390e3)]
)
@pytest.mark.parametrize("mode", [5, 6], ids=["TWI", "TWIM"])
@pytest.mark.parametrize("task", [0x000, 0x008], ids=["read", "write"])
def test_an_address_is_not_acknowledged(
    chip: Chip, mode: int, task: int, frequency: int, hertz: float
) -> None:
    chip[BOX + 0x500], chip[BOX + 0x524], chip[BOX + 0x588] = mode, frequency, 0x1E
    chip[BOX + 0x548] = chip[BOX + 0x538] = 4
    chip[BOX + task] = 1
    assert chip[BOX + 0x4C4] == 0
    assert chip.time_to(BOX + 0x124) == pytest.approx(10e6 / hertz, rel=0.02)
    assert chip[BOX + 0x4C4] == _ANACK
    chip[BOX + 0x4C4] = _ANACK
    assert chip[BOX + 0x4C4] == 0
    assert chip[BOX + 0x104] == 0
    chip[BOX + 0x014] = 1
    assert chip.time_to(BOX + 0x104) > 0
    assert (chip[BOX + 0x53C], chip[BOX + 0x54C]) == (0, 0)


def test_firmware_that_looks_for_a_sensor_finds_none(bare: Compiler) -> None:
    # As Wire.requestFrom() does: started, then last byte or error, then stopped.
    machine = bare.machine(
        """static u8 buffer[4];
        #define TWIM(o) REG(0x40003000 + (o))
        void irq3_handler(void) { if (TWIM(0x124)) { TWIM(0x124) = 0; TWIM(0x014) = 1; }
          BARRIER(); }
        int main(void) { TWIM(0x500) = 6; TWIM(0x524) = 0x06400000; TWIM(0x304) = 1 << 9; ENABLE(3);
          for (u32 address = 0x08; address < 0x78; address++) {
            TWIM(0x588) = address; TWIM(0x534) = (u32)buffer; TWIM(0x538) = 4; TWIM(0x200) = 1 << 12;
            TWIM(0x104) = 0; TWIM(0x4C4) = 3; TWIM(0) = 1;
            while (!TWIM(0x104)) ;
            if (TWIM(0x4C4) != 2 || TWIM(0x53C)) note(address); }
          note(0xD0D0); return 0; }"""
    )
    assert finish(machine) == [0xD0D0]
    assert machine.clock.us(machine.clock.now) > 112 * 25


@pytest.mark.parametrize(
    ("frequency", "hertz"), [(0x02000000, 125e3), (0x80000000, 8e6), (0x0A000000, 16e6), (0x14000000, 32e6)]
)
def test_spim_reads_ones(chip: Chip, frequency: int, hertz: float) -> None:
    chip[BOX + 0x500], chip[BOX + 0x524] = 7, frequency
    chip.machine.cpu.write(0x20001000, bytes(range(1, 17)))
    chip[BOX + 0x544], chip[BOX + 0x548] = 0x20001000, 2
    chip[BOX + 0x534], chip[BOX + 0x538] = 0x20001004, 8
    chip[BOX + 0x010] = 1
    assert chip[BOX + 0x14C] == 1
    assert chip.time_to(BOX + 0x120) == pytest.approx(16e6 / hertz, abs=0.1)
    assert chip[BOX + 0x118] == 0
    assert chip.time_to(BOX + 0x118) == pytest.approx(48e6 / hertz, abs=0.1)
    assert chip[BOX + 0x110] == 1
    assert (chip[BOX + 0x54C], chip[BOX + 0x53C]) == (2, 8)
    assert chip.machine.cpu.read(0x20001000, 16) == b"\x01\x02\x03\x04" + b"\xff" * 8 + b"\x0d\x0e\x0f\x10"


def test_spim_stops(chip: Chip) -> None:
    chip[BOX + 0x500], chip[BOX + 0x524], chip[BOX + 0x538], chip[BOX + 0x534] = (
        7,
        0x02000000,
        100,
        0x20001000,
    )
    chip[BOX + 0x010] = 1
    chip.wait(500)
    chip[BOX + 0x014] = 1
    assert chip.time_to(BOX + 0x104) < 100
    chip.wait(10_000)
    assert chip[BOX + 0x118] == 0
    assert chip[BOX + 0x53C] == 8, "500 us of 64 us a byte"
    assert chip.machine.cpu.read(0x20001000, 10) == b"\xff" * 8 + b"\0\0"


def test_a_shortcut_that_starts_the_next_transfer_leaves_the_amounts(chip: Chip) -> None:
    chip[BOX + 0x500], chip[BOX + 0x524], chip[BOX + 0x200] = 7, 0x02000000, 1 << 17
    chip[BOX + 0x544], chip[BOX + 0x548] = 0x20001000, 3
    chip[BOX + 0x534], chip[BOX + 0x538] = 0x20001010, 5
    chip[BOX + 0x010] = 1
    for _ in range(3):
        chip.time_to(BOX + 0x118)
        chip[BOX + 0x118] = 0
        assert (chip[BOX + 0x54C], chip[BOX + 0x53C]) == (3, 5)


def test_spi_byte_by_byte(chip: Chip) -> None:
    chip[BOX + 0x500], chip[BOX + 0x524] = 1, 0x10000000
    for _ in range(2):
        chip[BOX + 0x51C] = 0x55
        assert chip.time_to(BOX + 0x108) == pytest.approx(8, abs=0.1)
        assert chip[BOX + 0x518] == 0xFF
        chip[BOX + 0x108] = 0


def test_a_box_that_is_off_does_nothing(chip: Chip) -> None:
    for task in (0x000, 0x008, 0x010):
        chip[BOX + task] = 1
    chip.wait(10_000)
    assert [chip[BOX + event] for event in (0x104, 0x110, 0x118, 0x120, 0x124, 0x14C, 0x150)] == [0] * 7


def test_four_boxes_are_apart(chip: Chip) -> None:
    for base in (0x40004000, 0x40023000, 0x4002F000):
        chip[base + 0x500], chip[base + 0x548], chip[base + 0x544] = 7, 1, 0x20001000
        chip[base + 0x010] = 1
        chip.time_to(base + 0x118)
    assert chip[BOX + 0x118] == 0

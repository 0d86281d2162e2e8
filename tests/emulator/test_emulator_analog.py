"""SAADC, TEMP and the comparators."""

from __future__ import annotations

import pytest
from bare_image import Chip

ADC = 0x40007000


def _words(chip: Chip, count: int, at: int = 0x20001000) -> list[int]:
    data = chip.machine.cpu.read(at, 2 * count)
    return [int.from_bytes(data[n : n + 2], "little", signed=True) for n in range(0, 2 * count, 2)]


def _open(chip: Chip, channels: dict[int, tuple[int, int, int]], room: int, resolution: int = 2) -> None:
    chip[ADC + 0x500], chip[ADC + 0x5F0] = 1, resolution
    for n, (positive, negative, config) in channels.items():
        chip[ADC + 0x510 + 16 * n], chip[ADC + 0x514 + 16 * n] = positive, negative
        chip[ADC + 0x518 + 16 * n] = config
    chip[ADC + 0x62C], chip[ADC + 0x630] = 0x20001000, room
    chip[ADC] = 1
    assert chip[ADC + 0x100] == 1


_SIXTH, _DIFFERENTIAL, _OF_SUPPLY = 0x20000, 1 << 20, 1 << 12 | 2 << 8 | 2 << 16


@pytest.mark.parametrize(
    ("volts", "config", "resolution", "expected"),
    [
        (0.0, _SIXTH, 2, 0),
        (1.8, _SIXTH, 2, 2048),
        (1.8, _SIXTH, 0, 128),
        (1.8, _SIXTH, 3, 8192),
        (9.9, _SIXTH, 2, 4095),
        (1.65, _OF_SUPPLY, 1, 512),
        (0.3, _SIXTH & ~0x700 | 5 << 8, 2, 2048),
    ],
)
def test_a_voltage_is_converted_by_gain_and_reference(
    chip: Chip, volts: float, config: int, resolution: int, expected: int
) -> None:
    chip.part("SAADC").drive(4, volts)
    _open(chip, {0: (3, 0, config)}, 1, resolution)
    chip[ADC + 0x004] = 1
    assert chip[ADC + 0x400] == 1
    assert chip.time_to(ADC + 0x104) == pytest.approx(12, abs=0.1)
    assert chip[ADC + 0x400] == 0
    assert (_words(chip, 1), chip[ADC + 0x634]) == ([expected], 1)


def test_differential_inputs_and_the_supply(chip: Chip) -> None:
    chip.part("SAADC").drive(2, 1.0)
    chip.part("SAADC").drive(31, 1.6)
    _open(chip, {0: (1, 8, _SIXTH | _DIFFERENTIAL), 1: (8, 1, _SIXTH | _DIFFERENTIAL), 5: (9, 0, _SIXTH)}, 3)
    chip[ADC + 0x004] = 1
    assert chip.time_to(ADC + 0x104) == pytest.approx(36, abs=0.1)
    assert _words(chip, 3) == [-341, 341, round(3.3 / 3.6 * 4096)]


def test_the_buffer_ends_and_the_next_is_taken_at_start(chip: Chip) -> None:
    _open(chip, {0: (1, 0, _SIXTH)}, 2)
    chip[ADC + 0x62C] = 0x20002000  # for the next one
    for volts in (0.9, 1.8, 2.7):
        chip.part("SAADC").drive(2, volts)
        chip[ADC + 0x108] = 0
        chip[ADC + 0x004] = 1
        chip.time_to(ADC + 0x108)
    assert chip[ADC + 0x104] == 1
    assert _words(chip, 3) == [1024, 2048, 0]
    chip[ADC] = 1
    chip[ADC + 0x004] = 1
    chip.wait(100)
    assert _words(chip, 1, 0x20002000) == [3072]


def test_a_timer_of_its_own_samples_on(chip: Chip) -> None:
    chip[ADC + 0x5F8] = 1 << 12 | 1600
    _open(chip, {0: (1, 0, _SIXTH)}, 10)
    chip[ADC + 0x004] = 1
    assert chip.time_to(ADC + 0x104) == pytest.approx(12 + 9 * 100, abs=1)
    chip[ADC + 0x008] = 1
    assert chip.time_to(ADC + 0x114) > 0
    chip[ADC + 0x108] = 0
    chip.wait(1000)
    assert chip[ADC + 0x108] == 0


def test_limits_are_told(chip: Chip) -> None:
    _open(chip, {2: (1, 0, _SIXTH)}, 8)
    chip[ADC + 0x53C] = 2000 << 16 | 1000
    for volts, high, low in ((1.5, 0, 0), (1.9, 1, 0), (0.5, 0, 1)):
        chip.part("SAADC").drive(2, volts)
        chip[ADC + 0x128] = chip[ADC + 0x12C] = 0
        chip[ADC + 0x004] = 1
        chip.wait(50)
        assert (chip[ADC + 0x128], chip[ADC + 0x12C]) == (high, low)


def test_pins_without_the_converter_are_refused(chip: Chip) -> None:
    with pytest.raises(ValueError, match="no analog input"):
        chip.part("SAADC").drive(7, 1.0)


def test_temperature(chip: Chip) -> None:
    chip.part("TEMP").celsius = -12.25
    chip[0x4000C000] = 1
    assert chip.time_to(0x4000C100) == pytest.approx(36, abs=0.1)
    assert chip[0x4000C508] == -49 & 0xFFFFFFFF


def test_comparator(chip: Chip) -> None:
    chip[0x40013500] = 2
    chip[0x40013000] = 1
    assert 0 < chip.time_to(0x40013100) < 500
    chip[0x40013008] = 1
    assert chip[0x40013400] == 0
    chip.part("COMP").drive(True)
    assert [chip[0x40013000 + event] for event in (0x104, 0x108, 0x10C)] == [0, 1, 1]
    chip[0x40013008] = 1
    assert chip[0x40013400] == 1

"""Sensors behind TWIM and TWI, by their registers, as drivers use them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from bare_image import Chip

from mlbench.boards import board_for
from mlbench.boards.board import SensorData
from mlbench.emulator.sensors.bosch import Bmi270, Bmm150
from mlbench.emulator.sensors.climate import Apds9960, Hts221, Lps22hb
from mlbench.emulator.sensors.device import Sensor
from mlbench.emulator.sensors.lsm9ds1 import Lsm9ds1, Lsm9ds1Magnetometer
from mlbench.emulator.sensors.surroundings import FIELD, REST, Motion, Surroundings
from mlbench.emulator.sensors.wiring import KINDS, Sensors
from mlbench.util.schema import load_schema

BOX, SCL, SDA = 0x40003000, 15, 14
RAM = 0x20001000
EVERY = SensorData(SCL, SDA, tuple(KINDS), high=(19,))
_SHORT_STOP_TX, _SHORT_SUSPEND_TX, _SHORT_STOP_RX = 1 << 9, 1 << 8, 1 << 12


@dataclass
class Clock:
    """The machine, as far as a sensor knows it."""

    cycle: int = 0
    notes: list[str] = field(default_factory=list)

    def now(self) -> int:
        return self.cycle

    def hz(self) -> int:
        return 64_000_000

    def note(self, text: str) -> None:
        self.notes.append(text)

    def wait(self, seconds: float) -> None:
        self.cycle += round(seconds * 64e6)


class Wired:
    """A sensor with nothing but its wires."""

    def __init__(self, kind: type[Sensor]) -> None:
        self.clock = Clock()
        self.surroundings = Surroundings(self.clock)  # type: ignore[arg-type]
        self.sensor = kind(self.clock, self.surroundings)  # type: ignore[arg-type]

    def write(self, register: int, *values: int) -> None:
        assert self.sensor.begin(0, reading=False)
        assert all(self.sensor.take(byte) for byte in (register, *values))
        self.sensor.end()

    def read(self, register: int, count: int = 1) -> bytes:
        self.write(register)
        assert self.sensor.begin(0, reading=True)
        taken = bytes(self.sensor.give() for _ in range(count))
        self.sensor.end()
        return taken

    def axes(self, register: int) -> tuple[int, ...]:
        return struct.unpack("<3h", self.read(register, 6))


def _moves(*rows: Iterable[float]) -> list[Motion]:
    return [Motion(*row) for row in rows]


@pytest.mark.parametrize(
    ("kind", "register", "identity"),
    [(Lsm9ds1, 0x0F, 0x68), (Lsm9ds1Magnetometer, 0x0F, 0x3D), (Bmi270, 0x00, 0x24), (Apds9960, 0x92, 0xAB),
     (Hts221, 0x0F, 0xBC), (Lps22hb, 0x0F, 0xB1)],
)  # fmt: skip
def test_each_tells_who_it_is(kind: type[Sensor], register: int, identity: int) -> None:
    wired = Wired(kind)
    assert wired.read(register) == bytes([identity])
    wired.write(register, 0)
    assert wired.read(register) == bytes([identity])


def test_the_lsm9ds1_feels_what_it_is_fed_at_its_rate_and_scale() -> None:
    wired = Wired(Lsm9ds1)
    assert wired.axes(0xA8) == (0, 0, 0)
    wired.surroundings.feed(_moves((0, 1, -1, 0.5, 70, 0, -140), (1, 1, -1, 0.5, 70, 0, -140)))
    wired.write(0x10, 0x78)  # 119 Hz, 2,000 dps
    wired.write(0x20, 0x70)  # 4 g
    assert wired.read(0x17)[0] & 3 == 0
    wired.clock.wait(1.01 / 119)
    assert wired.read(0x17)[0] & 3 == 3
    assert wired.axes(0x18) == (1000, 0, -2000)
    assert wired.read(0x17)[0] & 3 == 1
    assert wired.axes(0x28) == (8197, -8197, 4098)
    assert wired.read(0x17)[0] & 3 == 0
    wired.write(0x20, 0x60)  # 2 g
    assert wired.axes(0x28) == (16393, -16393, 8197)
    assert not wired.clock.notes


def test_the_lsm9ds1_s_queue_keeps_the_newest_32() -> None:
    wired = Wired(Lsm9ds1)
    ramp = _moves((0, 0, 0, 0), (10, 1, 0, 0))
    wired.surroundings.feed(ramp)
    wired.write(0x20, 0x70)
    wired.write(0x10, 0x78)
    wired.write(0x23, 0x02)
    wired.write(0x2E, 0xC0)
    wired.clock.wait(10.5 / 119)
    assert wired.read(0x2F)[0] & 63 == 10
    taken = []
    while wired.read(0x2F)[0] & 63:
        wired.axes(0x18)
        taken.append(wired.axes(0x28)[0])
    assert len(taken) == 10
    assert taken == sorted(taken)
    wired.clock.wait(100 / 119)
    assert wired.read(0x2F)[0] & 63 == 32
    assert wired.axes(0x28)[0] > taken[-1] + 60 * (taken[1] - taken[0])


def test_the_magnetometer_and_the_other_scales() -> None:
    wired = Wired(Lsm9ds1Magnetometer)
    wired.write(0x22, 0)
    wired.clock.wait(2)
    assert wired.read(0x27)[0] & 8
    assert wired.axes(0xA8) == tuple(round(value / 0.014) for value in FIELD)
    assert not wired.read(0x27)[0] & 8
    assert wired.read(0x28, 2) == wired.read(0x28) * 2, (
        "without its highest bit the address does not count up"
    )


def _start(wired: Wired) -> None:
    """As drivers do: a reset, the program, both on at 100 Hz, 4 g and 2,000 dps."""
    wired.write(0x7E, 0xB6)
    assert wired.read(0x21) == b"\0"
    wired.write(0x59, 0)
    wired.write(0x5E, *range(200))
    wired.write(0x59, 1)
    assert wired.read(0x21) == b"\1"
    wired.write(0x41, 0x01)
    wired.write(0x40, 0xA8)
    wired.write(0x42, 0xA8)
    wired.write(0x7D, 0x06)


def test_the_bmi270_feels_it_by_its_own_axes() -> None:
    wired = Wired(Bmi270)
    wired.surroundings.feed(_moves((0, 1, 2, 0.5, 100, 50, 10), (9, 1, 2, 0.5, 100, 50, 10)))
    _start(wired)
    wired.clock.wait(0.0101)
    assert wired.read(0x03)[0] & 0xC0 == 0xC0
    assert wired.read(0x1D)[0] & 0xC0 == 0xC0
    assert wired.read(0x1D)[0] & 0xC0 == 0
    assert wired.axes(0x0C) == (-16384, -8192, 4096)
    assert wired.axes(0x12) == (-819, -1638, 164)
    assert wired.read(0x03)[0] & 0xC0 == 0


@pytest.mark.parametrize(("headers", "size"), [(0, 12), (0x10, 13)])
def test_the_bmi270_s_queue(headers: int, size: int) -> None:
    wired = Wired(Bmi270)
    wired.surroundings.feed(_moves((0, 0, 1, 0, 10, 0, 0), (9, 0, 1, 0, 10, 0, 0)))
    _start(wired)
    wired.write(0x49, 0xC0 | headers)
    wired.clock.wait(0.0551)
    length = int.from_bytes(wired.read(0x24, 2), "little")
    assert length == 5 * size
    frames = wired.read(0x26, length)
    assert [frames[at] for at in range(0, length, size)] == ([0x8C] * 5 if headers else [0] * 5)
    offset = size - 12
    assert struct.unpack("<6h", frames[offset:size]) == (0, -164, 0, -8192, 0, 0)
    assert wired.read(0x24, 2) == b"\0\0"
    wired.clock.wait(60)
    assert int.from_bytes(wired.read(0x24, 2), "little") == 2048 // size * size
    wired.write(0x7E, 0xB0)
    assert wired.read(0x24, 2) == b"\0\0"


def test_the_bmm150_answers_when_it_is_on() -> None:
    wired = Wired(Bmm150)
    assert wired.read(0x40) == b"\0"
    wired.write(0x4B, 1)
    assert wired.read(0x40) == b"\x32"
    wired.write(0x4C, 0)
    wired.clock.wait(0.11)
    x, y, z, hall = struct.unpack("<4h", wired.read(0x42, 8))
    assert hall & 1
    assert (x >> 3, y >> 3) == (64, 0)
    assert (z >> 1) * 0.3385 == pytest.approx(FIELD[2], rel=0.01)


def test_climate_and_light_at_rest() -> None:
    humid = Wired(Hts221)
    humid.write(0x20, 0x84)
    humid.write(0x21, 1)
    assert humid.read(0x21) == b"\1"
    humid.clock.wait(0.02)
    assert (humid.read(0x21), humid.read(0x27)) == (b"\0", b"\3")
    assert struct.unpack("<2h", humid.read(0xA8, 4)) == (16 * 20, 16 * 5), "20 % above 30, 5 degrees above 20"
    assert humid.read(0x27) == b"\0"
    pressure = Wired(Lps22hb)
    pressure.write(0x11, 1)
    pressure.clock.wait(0.02)
    assert pressure.read(0x11)[0] & 1 == 0
    assert int.from_bytes(pressure.read(0x28, 3), "little") / 40960 == pytest.approx(101.325)
    light = Wired(Apds9960)
    light.write(0x81, 253)
    light.write(0x80, 0x07)
    assert light.read(0x93)[0] & 3 == 2
    light.clock.wait(0.009)
    assert light.read(0x93)[0] & 3 == 3
    assert struct.unpack("<4H", light.read(0x94, 8)) == (200, 80, 70, 60)
    assert light.read(0x93)[0] & 1 == 0


def test_nobody_moves_a_board_that_is_not_fed() -> None:
    wired = Wired(Lsm9ds1)
    wired.write(0x20, 0x70)
    wired.clock.wait(1)
    assert wired.axes(0x28) == (0, 0, 8197)
    assert "inputs: imu" in wired.clock.notes[0]


def test_motion_begins_with_the_first_sensor_and_ends_in_rest() -> None:
    clock = Clock()
    surroundings = Surroundings(clock)  # type: ignore[arg-type]
    surroundings.feed(_moves((0, 0, 0, 0), (1, 2, 0, 0)))
    clock.wait(5)
    surroundings.begin()
    half = clock.cycle + 32_000_000
    assert surroundings.at(half)[0] == pytest.approx(1.0)
    assert surroundings.at(clock.cycle + 64_000_000)[0] == pytest.approx(2.0)
    assert surroundings.at(clock.cycle + 65_000_000) == REST
    clock.wait(3)
    surroundings.feed(_moves((7, 4, 0, 0), (8, 4, 0, 0)))
    assert surroundings.at(clock.cycle + 32_000_000)[0] == 4.0, "what is fed later begins then"


def test_board_files_name_the_sensors_that_there_are() -> None:
    schema = load_schema("mlbench.boards", "board.schema.json")
    parts = schema["properties"]["emulator"]["properties"]["sensors"]["properties"]["parts"]
    assert set(parts["items"]["enum"]) == set(KINDS)
    data = board_for("nano33ble").emulator
    assert data is not None
    assert data.sensors is not None
    addresses = [at for name in data.sensors.parts for kind in KINDS[name] for at in kind.addresses]
    assert len(set(addresses)) == len(addresses), "each answers for its own"


def _attach(chip: Chip) -> None:
    chip.machine.sensors = Sensors(chip.machine, EVERY)
    chip[BOX + 0x508], chip[BOX + 0x50C], chip[BOX + 0x524] = SCL, SDA, 0x06400000


def test_a_device_answers_over_twim(chip: Chip) -> None:
    """A register's address, a repeated start, and its value: ten bits an address, nine a byte."""
    _attach(chip)
    chip[BOX + 0x500], chip[BOX + 0x588] = 6, 0x6B
    chip.machine.cpu.write(RAM, b"\x0f")
    chip[BOX + 0x544], chip[BOX + 0x548], chip[BOX + 0x200] = RAM, 1, _SHORT_SUSPEND_TX
    chip[BOX + 0x008] = 1
    assert chip.time_to(BOX + 0x148) == pytest.approx(20 / 0.39, rel=0.05)
    chip[BOX + 0x534], chip[BOX + 0x538], chip[BOX + 0x200] = RAM + 4, 3, _SHORT_STOP_RX
    chip[BOX + 0x000] = 1
    assert chip.time_to(BOX + 0x104) == pytest.approx((10 + 27 + 2) / 0.39, rel=0.05)
    assert chip.machine.cpu.read(RAM + 4, 4) == b"\x68\x00\x00\x00"
    assert (chip[BOX + 0x53C], chip[BOX + 0x54C], chip[BOX + 0x4C4], chip[BOX + 0x124]) == (3, 1, 0, 0)
    chip[BOX + 0x104], chip[BOX + 0x588] = 0, 0x6A
    chip[BOX + 0x000] = 1
    chip.time_to(BOX + 0x124)
    assert chip[BOX + 0x4C4] == 2, "another address"
    assert chip.part("P0").levels() >> 19 & 1


def test_other_pins_are_other_wires(chip: Chip) -> None:
    _attach(chip)
    chip[BOX + 0x500], chip[BOX + 0x588], chip[BOX + 0x50C] = 6, 0x6B, 13
    chip[BOX + 0x548] = 1
    chip[BOX + 0x008] = 1
    chip.time_to(BOX + 0x124)
    assert chip[BOX + 0x4C4] == 2


def test_a_stop_in_the_middle_sends_what_has_gone(chip: Chip) -> None:
    _attach(chip)
    chip[BOX + 0x500], chip[BOX + 0x588] = 6, 0x6B
    chip.machine.cpu.write(RAM, b"\x04\x11\x22\x33\x44")
    chip[BOX + 0x544], chip[BOX + 0x548] = RAM, 5
    chip[BOX + 0x008] = 1
    chip.wait((10 + 9 * 2 + 4) / 0.39)
    chip[BOX + 0x014] = 1
    chip.time_to(BOX + 0x104)
    assert chip[BOX + 0x54C] == 3
    sensor = chip.machine.two_wire_device(SCL, SDA, 0x6B)
    assert isinstance(sensor, Lsm9ds1)
    assert sensor.bytes[0x04:0x08] == b"\x11\x22\0\0"


def test_a_device_answers_over_twi(chip: Chip) -> None:
    """Byte by byte, as Mbed's driver: RXDREADY, and a shortcut that suspends, then one that stops."""
    _attach(chip)
    chip[BOX + 0x500], chip[BOX + 0x588] = 5, 0x1E
    chip[BOX + 0x008] = 1
    for byte in (0xA0, 0x55):
        chip[BOX + 0x11C] = 0
        chip[BOX + 0x51C] = byte
        chip.time_to(BOX + 0x11C)
    chip[BOX + 0x014] = 1
    chip.time_to(BOX + 0x104)
    chip[BOX + 0x104] = 0
    chip[BOX + 0x11C] = 0
    chip[BOX + 0x008] = 1
    chip[BOX + 0x51C] = 0xA0
    chip.time_to(BOX + 0x11C)
    chip[BOX + 0x200] = 1
    chip[BOX + 0x000] = 1
    chip.time_to(BOX + 0x108)
    chip[BOX + 0x108] = 0
    assert chip[BOX + 0x518] == 0x55
    chip.wait(1000)
    assert chip[BOX + 0x108] == 0, "suspended"
    chip[BOX + 0x200] = 2
    chip[BOX + 0x020] = 1
    chip.time_to(BOX + 0x108)
    assert chip[BOX + 0x518] == 0
    assert chip[BOX + 0x104] or chip.time_to(BOX + 0x104) > 0


def test_a_snapshot_holds_sensors_and_transfers(chip: Chip) -> None:
    _attach(chip)
    assert chip.machine.sensors is not None
    for part in (chip.machine.sensors.surroundings, *chip.machine.sensors.parts):
        chip.machine.bus.add_outside(part)
    chip[BOX + 0x500], chip[BOX + 0x588] = 6, 0x6B
    chip.machine.cpu.write(RAM, b"\x04\x11\x22")
    chip[BOX + 0x544], chip[BOX + 0x548], chip[BOX + 0x200] = RAM, 3, _SHORT_STOP_TX
    chip[BOX + 0x008] = 1
    chip.wait(40)
    saved = chip.machine.save()
    for _ in range(2):
        chip.time_to(BOX + 0x104)
        sensor = chip.machine.two_wire_device(SCL, SDA, 0x6B)
        assert isinstance(sensor, Lsm9ds1)
        assert sensor.bytes[0x04:0x07] == b"\x11\x22\0"
        chip.machine.load(saved)
        assert sensor.bytes[0x04:0x07] == b"\0\0\0"


def test_the_microphone_hears_a_sound_once(chip: Chip) -> None:
    pdm = 0x4001D000
    chip.part("PDM").hear(struct.pack("<8h", *range(1, 9)))
    chip[pdm + 0x500], chip[pdm + 0x504], chip[pdm + 0x520], chip[pdm + 0x508] = 1, 0x0A000000, 1, 1
    chip[pdm + 0x560], chip[pdm + 0x564] = RAM, 6
    chip[pdm] = 1
    heard = []
    for _ in range(3):
        chip.time_to(pdm + 0x108)
        chip[pdm + 0x108] = 0
        heard += struct.unpack("<6h", chip.machine.cpu.read(RAM, 12))
    assert heard == [*range(1, 9), *[0] * 10]
    assert not [note for note in chip.machine.notes if "silence" in note]


def test_a_microphone_at_another_rate_and_in_stereo(chip: Chip) -> None:
    pdm = 0x4001D000
    chip.part("PDM").hear(struct.pack("<64h", *range(64)))
    # 2.667 MHz by 64: 41,667 Hz, both channels.
    chip[pdm + 0x500], chip[pdm + 0x504] = 1, 0x15000000
    chip[pdm + 0x560], chip[pdm + 0x564] = RAM, 16
    chip[pdm] = 1
    chip.time_to(pdm + 0x108)
    left_right = struct.unpack("<16h", chip.machine.cpu.read(RAM, 32))
    assert left_right == (0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2)

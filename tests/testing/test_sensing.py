"""Sensors of a device, fed by a test."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from bare_image import Compiler

from mlbench.errors import UsageError
from mlbench.testing import Device

# Takes the first sample of each of the microphone's buffers, and the acceleration along x.
_SENSES = """
#define PDM(o) REG(0x4001D000 + (o))
#define TWIM(o) REG(0x40003000 + (o))
static u8 sound[8], control[2] = {0x20, 0x70}, place[1] = {0x28}, axis[2];
volatile int first, x;
static void two_wires(u32 task, u32 event) { TWIM(event) = 0; TWIM(task) = 1; while (!TWIM(event)) ; }
__attribute__((noinline)) void heard_it(void) { __asm volatile("nop"); }
__attribute__((noinline)) void felt_it(void) { __asm volatile("nop"); }
__attribute__((noinline)) void setup(void) { __asm volatile("nop"); }
int main(void) {
  setup();
  PDM(0x500) = 1; PDM(0x504) = 0x0A000000; PDM(0x520) = 1; PDM(0x508) = 1;
  PDM(0x560) = (u32)sound; PDM(0x564) = 4; PDM(0) = 1;
  TWIM(0x508) = 15; TWIM(0x50C) = 14; TWIM(0x500) = 6; TWIM(0x588) = 0x6B;
  TWIM(0x544) = (u32)control; TWIM(0x548) = 2; TWIM(0x200) = 1 << 9; two_wires(0x008, 0x104);
  for (;;) {
    while (!PDM(0x108)) ;
    PDM(0x108) = 0;
    first = *(volatile short *)sound;
    if (first) heard_it();
    TWIM(0x544) = (u32)place; TWIM(0x548) = 1; TWIM(0x200) = 1 << 9; two_wires(0x008, 0x104);
    TWIM(0x534) = (u32)axis; TWIM(0x538) = 2; TWIM(0x200) = 1 << 12; two_wires(0x000, 0x104);
    x = *(volatile short *)axis;
    if (x) felt_it();
  }
}
"""


@pytest.fixture
def senses(bare: Compiler) -> Device:
    return Device(bare.image(_SENSES).path, board="mlbench:nrf52840:nano33ble")


def _word(device: Device, name: str) -> int:
    return int(struct.unpack("<i", device.memory[name])[0])


def test_a_device_hears_and_feels_what_it_is_given(senses: Device, tmp_path: Path) -> None:
    senses.run_for("50 ms")
    assert _word(senses, "first") == _word(senses, "x") == 0
    saved = senses.snapshot()
    senses.microphone.play([-300] * 8)
    senses.run_until(symbol="heard_it", timeout="5 ms")
    assert _word(senses, "first") == -300
    (tmp_path / "ring.csv").write_text("t,ax,ay,az,gx,gy,gz\n0,1,0,0,0,0,0\n5,1,0,0,0,0,0\n")
    senses.imu.feed(tmp_path / "ring.csv")
    senses.run_until(symbol="felt_it", timeout="50 ms")
    assert _word(senses, "x") == 8197
    senses.restore(saved)
    senses.run_for("50 ms")
    assert _word(senses, "first") == _word(senses, "x") == 0, "a snapshot is from before"
    senses.imu.feed([(0, 0.5, 0, 0), (1, 0.5, 0, 0)])
    senses.run_until(symbol="felt_it", timeout="50 ms")
    assert _word(senses, "x") == 4098


@pytest.mark.parametrize("rows", [[(0, 1)], [(1, 0, 0, 1), (1, 0, 0, 1)], "no.csv"])
def test_motion_that_is_none(senses: Device, rows: object) -> None:
    with pytest.raises(UsageError) as caught:
        senses.imu.feed(rows)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sound", [[70000], b"RIFF", "no.wav"])
def test_sound_that_is_none(senses: Device, sound: object) -> None:
    with pytest.raises(UsageError) as caught:
        senses.microphone.play(sound)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)

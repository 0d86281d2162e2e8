"""Wire, SPI and PDM, which come with the platform, on the emulated chip's TWIM, SPIM and PDM."""

from __future__ import annotations

import struct

import pytest
from arduino_bench import CLOCK_HZ, LTO, Bench, run

from mlbench.arduino import HARDWARE
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine
from mlbench.emulator.peripherals.pdm_i2s_pwm import pdm_clock

_WIRE = r"""
#include <Wire.h>
void scan(TwoWire &bus) {
  int found = 0;
  uint32_t start = micros();
  for (int address = 8; address < 120; address++) {
    bus.beginTransmission(address);
    found += bus.endTransmission() == 0;
  }
  Serial.println(found);
  Serial.println((micros() - start) / 112);
}
void setup() {
  Serial.begin(115200);
  Wire.beginTransmission(0x6B); Serial.println(Wire.endTransmission());
  Wire.begin(); Wire1.begin();
  scan(Wire);
  Wire1.setClock(400000);
  scan(Wire1);
  Wire1.beginTransmission(0x6B);
  Serial.println(Wire1.write(0x0F)); Serial.println(Wire1.endTransmission(false));
  Serial.println(Wire1.requestFrom(0x6B, 2)); Serial.println(Wire1.available()); Serial.println(Wire1.read());
  Wire1.beginTransmission(0x6B);
  for (int i = 0; i < 300; i++) Wire1.write(i);
  Serial.println(Wire1.endTransmission());
  noInterrupts(); Wire1.beginTransmission(1);
  Wire1.write(1); Serial.println(Wire1.endTransmission()); interrupts();
  Wire.end(); Wire.begin(); Wire.beginTransmission(1); Serial.println(Wire.endTransmission());
}
void loop() {}
"""

_SPI = r"""
#include <SPI.h>
uint8_t block[200];
void setup() {
  Serial.begin(115200);
  SPI.begin();
  for (uint32_t clock : (const uint32_t[]){8000000, 1999999, 1}) {
    SPI.beginTransaction(SPISettings(clock, MSBFIRST, SPI_MODE3));
    uint32_t start = micros();
    SPI.transfer(block, sizeof block);
    Serial.println((micros() - start) / 100);
    SPI.endTransaction();
  }
  Serial.println(block[199]); Serial.println(SPI.transfer(0x55)); Serial.println(SPI.transfer16(0x1234), HEX);
}
void loop() {}
"""

_PDM = r"""
#include <PDM.h>
short samples[256];
volatile int got, calls;
void heard() {
  int bytes = PDM.available();
  got += PDM.read(samples, bytes) / 2;
  calls++;
}
void setup() {
  Serial.begin(115200);
  Serial.println(PDM.begin(3, 16000)); Serial.println(PDM.begin(1, 8000));
  PDM.onReceive(heard);
  PDM.setBufferSize(512);
  PDM.setGain(30);
  uint32_t start = micros();
  Serial.println(PDM.begin(1, 16000));
  while (calls < 3) {}
  noInterrupts();
  Serial.println((micros() - start) / 1000);
  Serial.println(got);
  Serial.println(samples[0]); Serial.println(samples[255]);
  Serial.println(PDM.available());
  interrupts();
  PDM.end();
  int before = calls;
  delay(100);
  Serial.println(calls - before);
  PDM.onReceive(nullptr);
  Serial.println(PDM.begin(2, 16000));
  while (!PDM.available()) {}
  Serial.println(PDM.read(samples, 100)); Serial.println(PDM.available());
  PDM.end();
}
void loop() {}
"""


@pytest.mark.parametrize("properties", [(), LTO], ids=["plain", "lto"])
def test_nobody_answers_on_a_bus_without_devices(bench: Bench, properties: tuple[str, ...]) -> None:
    """An address takes ten bits, and the stop two more: 100,000 Hz, and 400,000 behind setClock()."""
    lines = run(bench.build(bench.sketch("wire", _WIRE), *properties)).lines
    first, second = int(lines.pop(4)), int(lines.pop(2))
    assert 120 <= second <= 160
    assert 30 <= first <= 60
    assert lines == ["4", "0", "0", "1", "2", "0", "0", "-1", "1", "2", "2"]


def test_spi_takes_the_time_of_its_clock(bench: Bench) -> None:
    """1,600 bits at 8 MHz, at 1 MHz, and at 125 kHz, the slowest; a line that nobody drives reads as ones."""
    lines = run(bench.build(bench.sketch("spi", _SPI))).lines
    assert lines == ["2", "16", "128", "255", "255", "FFFF"]


def test_the_microphone_fills_buffers_at_its_rate(bench: Bench) -> None:
    built = bench.build(bench.sketch("pdm", _PDM))
    machine = Machine(built.image, NRF52840)
    machine.set_break(built.address("loop"))
    machine.bus.by_name["PDM"].feed(struct.pack("<768h", *range(768)))  # type: ignore[attr-defined]
    assert machine.run(10 * CLOCK_HZ).end is End.BREAKPOINT
    lines = machine.serial().decode().split("\r\n")[:-1]
    assert lines == ["0", "0", "1", "48", "768", "512", "767", "0", "0", "1", "100", "412"]


@pytest.mark.parametrize(("used", "other"), [("Wire", "Wire1"), ("Wire1", "Wire")])
def test_a_bus_that_is_not_used_is_not_in_the_image(bench: Bench, used: str, other: str) -> None:
    text = f"#include <Wire.h>\nvoid setup() {{ {used}.begin(); }}\nvoid loop() {{}}\n"
    names = bench.build(bench.sketch(f"only-{used}", text)).names()
    assert used in names
    assert other not in names


def test_libraries_name_what_they_are_included_by() -> None:
    folders = [path for path in (HARDWARE / "mlbench/nrf52840/libraries").iterdir() if path.is_dir()]
    assert {path.name for path in folders} == {"Wire", "SPI", "PDM"}
    for folder in folders:
        text = (folder / "library.properties").read_text().splitlines()
        assert f"includes={folder.name}.h" in text
        assert (folder / "src" / f"{folder.name}.h").is_file()


@pytest.mark.parametrize(
    ("setting", "hertz"),
    [(0x08000000, 1_000_000), (0x08400000, 1_032_258), (0x08800000, 1_066_667), (0x09800000, 1_230_769),
     (0x0A000000, 1_280_000), (0x0A800000, 1_333_333), (0x15000000, 2_666_667)],
)  # fmt: skip
def test_rates_of_the_microphone_s_clock(setting: int, hertz: int) -> None:
    """Those of the product specification's table, and the double one that the board's own core uses."""
    assert round(pdm_clock(setting)) == hertz

"""Names that sketches for this board use: the chip's registers, its pins, and what else its own core has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from arduino_bench import Bench, run

from mlbench.devtools.register_headers import HEADER, VIEWS, header, peripherals, registers

_PINS = r"""
volatile int edges;
void setup() {
  Serial.begin(115200);
  Serial.println(digitalPinToPinName(9) == P0_27); Serial.println(digitalPinToPinName(99) == NC);
  Serial.println(analogPinToPinName(A0) == P0_4);
  attachInterrupt(P0_27, [] { edges = edges + 1; }, RISING);
  pinMode(P0_27, OUTPUT); digitalWrite(P0_27, HIGH); Serial.println(digitalRead(9)); Serial.println(edges);
  digitalWrite(9, LOW); Serial.println(digitalRead(P0_27));
  detachInterrupt(P0_27); digitalWrite(P0_27, HIGH); Serial.println(edges);
  pinMode(P0_20, OUTPUT); digitalWrite(P0_20, HIGH); Serial.println(NRF_P0->OUT >> 20 & 1);
  digitalWrite(P0_20, LOW); Serial.println(digitalRead(P0_20));
  pinMode(9, OUTPUT); *portOutputRegister(digitalPinToPort(9)) |= digitalPinToBitMask(9);
  Serial.println(*portInputRegister(digitalPinToPort(9)) & digitalPinToBitMask(9) ? 1 : 0);
  nrf_gpio_cfg_output(3); nrf_gpio_pin_set(3); nrf_gpio_pin_toggle(3);
  Serial.println(nrf_gpio_pin_out_read(3));
  uint32_t pin = 35; Serial.println(nrf_gpio_pin_port_decode(&pin) == NRF_P1 && pin == 3);
}
void loop() {}
"""

_TIMER = r"""
volatile int ticks, spi;
void on_tick() { NRF_TIMER3->EVENTS_COMPARE[0] = 0; (void)NRF_TIMER3->EVENTS_COMPARE[0]; ticks = ticks + 1; }
void setup() {
  Serial.begin(115200);
  uint32_t before = NVIC_GetVector(TIMER3_IRQn);
  NVIC_SetVector(TIMER3_IRQn, (uint32_t)on_tick);
  Serial.println(before != (uint32_t)on_tick && NVIC_GetVector(TIMER3_IRQn) == (uint32_t)on_tick);
  NRF_TIMER3->MODE = TIMER_MODE_MODE_Timer << TIMER_MODE_MODE_Pos;
  NRF_TIMER3->BITMODE = TIMER_BITMODE_BITMODE_32Bit;
  NRF_TIMER3->PRESCALER = 4;
  NRF_TIMER3->CC[0] = 1000;
  NRF_TIMER3->SHORTS = TIMER_SHORTS_COMPARE0_CLEAR_Msk;
  NRF_TIMER3->INTENSET = TIMER_INTENSET_COMPARE0_Msk;
  NVIC_EnableIRQ(TIMER3_IRQn);
  NRF_TIMER3->TASKS_START = 1;
  while (ticks < 3) __WFI();
  NRF_TIMER3->TASKS_STOP = 1;
  Serial.println(ticks);
  Serial.println(NRF_FICR->INFO.PART, HEX);
}
void loop() {}
"""

_TONE = r"""
void setup() {
  Serial.begin(115200);
  int edges = 0, last = 0;
  tone(5, 1000, 20);
  for (uint32_t start = millis(); millis() - start < 40;) {
    int now = digitalRead(5);
    edges += now != last;
    last = now;
  }
  Serial.println(edges);
  tone(6, 500);
  delay(3);
  noTone(6);
  int level = digitalRead(6);
  delay(3);
  Serial.println(level == 0 && digitalRead(6) == 0);
}
void loop() {}
"""

_REST = r"""
#include <nrf_gpio.h>
#include <hal/nrf_i2s.h>
#include <PinNames.h>
#if !defined(ARDUINO_ARDUINO_NANO33BLE) || defined(ARDUINO_ARCH_MBED)
#error "the macros of the board's own core"
#endif
REDIRECT_STDOUT_TO(Serial)
struct Line : public arduino::RingBufferN<3> {} line;
void setup() {
  SerialUSB.begin(115200);
  IPAddress ip(192, 168, 1, 7);
  Serial.println(ip); Serial.println(ip.toString());
  Serial.println(ip.fromString("10.0.0.256")); Serial.println(ip[3]);
  Serial.println(ip.fromString("10.0.0.25")); Serial.println(ip == IPAddress(10, 0, 0, 25));
  Serial.println((uint32_t)ip == 0x1900000A);
  for (char c = 'a'; c <= 'd'; c++) line.store_char(c);
  Serial.println(line.available()); Serial.println((char)line.read_char()); Serial.println(line.isFull());
  line.clear(); Serial.println(line.read_char());
  Serial.println(_BV(5)); _NOP();
  nrf_i2s_transfer_set(NRF_I2S, 16, nullptr, (uint32_t *)0x20000100);
  Serial.println(NRF_I2S->CONFIG.TXEN == 1 && NRF_I2S->CONFIG.RXEN == 0 && NRF_I2S->RXTXD.MAXCNT == 16);
}
void loop() {}
"""


_RADIO = r"""
/* As a library for Bluetooth declares what carries its commands. */
class HCITransportInterface {
 public:
  virtual int begin() = 0;
  virtual void end() = 0;
  virtual void wait(unsigned long) = 0;
  virtual int available() = 0;
  virtual int peek() = 0;
  virtual int read() = 0;
  virtual void lockForRead() {}
  virtual void unlockForRead() {}
  virtual size_t write(const uint8_t *, size_t) = 0;
};
extern HCITransportInterface &HCITransport;
void ask(uint8_t low, uint8_t high) {
  const uint8_t command[] = {1, low, high, 0};
  HCITransport.write(command, sizeof command);
  while (HCITransport.available()) { Serial.print(HCITransport.read()); Serial.print(' '); }
  Serial.println();
}
void setup() {
  Serial.begin(115200);
  Serial.println(HCITransport.begin()); Serial.println(HCITransport.available());
  ask(0x03, 0x0C); ask(0x02, 0x20);
  uint32_t start = millis(); HCITransport.wait(20); Serial.println(millis() - start);
  HCITransport.end(); Serial.println(HCITransport.read());
}
void loop() {}
"""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (_PINS, ["1", "1", "1", "1", "1", "0", "1", "1", "0", "1", "0", "1"]),
        (_TIMER, ["1", "3", "52840"]),
        (_TONE, ["40", "1"]),
        (
            _REST,
            ["192.168.1.7", "192.168.1.7", "0", "7", "1", "1", "1", "3", "a", "0", "-1", "32", "1"],
        ),
        (
            _RADIO,
            [
                "1",
                "0",
                "4 14 12 1 3 12 0 0 0 0 0 0 0 0 0 ",
                "4 14 12 1 2 32 0 251 0 4 0 0 0 0 0 ",
                "20",
                "-1",
            ],
        ),
    ],
    ids=["pins", "registers", "tone", "rest", "radio"],
)
def test_names_of_the_board_s_own_core(bench: Bench, text: str, lines: list[str]) -> None:
    assert run(bench.build(bench.sketch("named", text))).lines == lines


def test_the_header_is_made_from_the_emulator_s_tables() -> None:
    assert HEADER.read_text() == header(), "run python -m mlbench.devtools.register_headers"


def test_each_register_compiles_under_its_name(bench: Bench, tmp_path: Path) -> None:
    """At the place that the emulator has it."""
    parts = peripherals()
    lines = ["#include <stddef.h>", '#include "nrf.h"']
    for view in VIEWS:
        for name, peripheral in view.instances.items():
            part = parts[peripheral]
            lines.append(f'_Static_assert(NRF_{name}_BASE == {part.base:#x}u, "NRF_{name}");')
            lines += [
                f'_Static_assert(offsetof(NRF_{view.type}_Type, {register}) == {offset:#x}, "{register}");'
                for offset, register in registers(view, part).items()
            ]
    source = tmp_path / "names.c"
    source.write_text("\n".join(dict.fromkeys(lines)))
    compiler = bench.tools.gcc_bin / "arm-none-eabi-gcc"
    done = subprocess.run(
        [compiler, "-fsyntax-only", "-mcpu=cortex-m4", "-mthumb", "-I", HEADER.parent, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    assert len(lines) > 2000


def test_each_peripheral_of_the_chip_has_a_name() -> None:
    """And each of its registers: of those that stand at several addresses, at one of them at least."""
    parts = peripherals()
    undocumented = {"TRIM", "ROM"}
    assert {name for view in VIEWS for name in view.instances.values()} == set(parts) - undocumented
    shown: dict[type, set[int]] = {}
    for view in VIEWS:
        for name in view.instances.values():
            shown.setdefault(type(parts[name]), set()).update(registers(view, parts[name]))
    for name, part in parts.items():
        if name not in undocumented:
            assert {offset for offset, row in part.table.items() if row.name} <= shown[type(part)], name

"""Sketches that are called, talked to and broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from workshop import OWN_BOARD, Workshop

from mlbench.core.firmware import Firmware
from mlbench.firmware.toolchain import Toolchain
from mlbench.testing import Device

BOARD = OWN_BOARD

SKETCH = """\
#include <Arduino.h>
#include <stdlib.h>
#include <string.h>
struct Point { int32_t x, y; double weight; };
int32_t counter = 7;
uint8_t table[6] = {1, 2, 3, 4, 5, 6};
extern "C" {
__attribute__((noinline, used)) int32_t add(int32_t a, int32_t b) { return a + b; }
__attribute__((noinline, used)) int count_up() { return ++counter; }
__attribute__((noinline, used)) void reverse(uint8_t *data, uint32_t size) {
  for (uint32_t i = 0; i < size / 2; i++) {
    uint8_t t = data[i];
    data[i] = data[size - 1 - i];
    data[size - 1 - i] = t;
  }
}
__attribute__((noinline, used)) float mean(const float *v, uint32_t n) {
  float s = 0;
  for (uint32_t i = 0; i < n; i++) s += v[i];
  return s / n;
}
__attribute__((noinline, used)) void move(Point *p, int32_t dx, double w) {
  p->x += dx;
  p->y -= dx;
  p->weight = w;
}
__attribute__((noinline, used)) int by_value(Point p) { return p.x; }
__attribute__((noinline, used)) int deep(int n) {
  volatile uint8_t room[100];
  room[n % 100] = n;
  return n ? deep(n - 1) + room[n % 100] : 0;
}
__attribute__((noinline, used)) int heap_user(uint32_t size) {
  uint8_t *p = (uint8_t *)malloc(size), *q = (uint8_t *)malloc(size / 2);
  int ok = p && q;
  if (p) memset(p, 1, size);
  free(q);
  free(p);
  return ok;
}
__attribute__((noinline, used)) int broken(int how) {
  if (how == 0) return *(volatile int *)0x60000000;
  if (how == 1) for (;;) {}
  if (how == 2) abort();
  return how;
}
}
__attribute__((noinline, used)) int classify(const int8_t *input, int8_t *scores) {
  int best = 0;
  for (int k = 0; k < 4; k++) {
    int sum = 0;
    for (int i = 0; i < 16; i++) sum += input[i] * (k == i % 4 ? 3 : -1);
    scores[k] = sum > 127 ? 127 : sum < -128 ? -128 : sum;
    if (scores[k] > scores[best]) best = k;
  }
  return best;
}
// What only a test calls must be referred to, or the linker drops it.
void *volatile kept[] = {(void *)add, (void *)count_up, (void *)reverse, (void *)mean, (void *)move,
                         (void *)by_value, (void *)deep, (void *)heap_user, (void *)broken};
static int8_t input[16], scores[4];
void setup() {
  (void)kept[0];
  (void)*(volatile uint8_t *)table;
  Serial.begin(115200);
  Serial.println("READY");
}
void loop() {
  if (Serial.available()) {
    int c = Serial.read();
    if (c == 'i') { Serial.print("class "); Serial.println(classify(input, scores)); }
    else if (c == 'x') broken(0);
    else { Serial.print("got "); Serial.println((char)c); }
  }
}
"""


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Callable[..., Firmware]:
    workshop = Workshop(tools, tmp_path_factory.mktemp("harness"))
    return lambda name, text, *properties: workshop.build(name, {f"{name}.ino": text}, *properties)


@pytest.fixture(scope="session")
def firmware(make: Callable[..., Firmware]) -> Firmware:
    return make("spotter", SKETCH)


TIMED = """\
#include <Arduino.h>
__attribute__((noinline)) int classify(const int8_t *input) {
  int sum = 0;
  for (int i = 0; i < 100; i++) sum = sum * 3 + input[i % 16];
  return sum;
}
static int8_t input[16];
void setup() { Serial.begin(115200); }
void loop() { Serial.println(classify(input)); }
"""


@pytest.fixture(scope="session")
def timed(make: Callable[..., Firmware]) -> Firmware:
    return make("timed", TIMED)


@pytest.fixture
def dev(firmware: Firmware) -> Device:
    return Device(firmware)

"""Time, pins, interrupts, memory, and the ways to stop, on the emulated board."""

from __future__ import annotations

import pytest
from arduino_bench import CLOCK_HZ, LTO, Bench, Built, run

from mlbench.arduino import LIBRARIES
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End
from mlbench.targets.board.line_protocol import LineReader

TIME = r"""
#include <time.h>
volatile uint32_t ticks;
void setup() {
  Serial.begin(115200);
  uint32_t a = micros(), b = micros();
  Serial.println(b - a <= 1);
  a = micros(); delayMicroseconds(250); b = micros();
  Serial.println(b - a >= 250 && b - a < 260);
  a = millis(); delay(1000); b = millis();
  Serial.println(b - a);
  noInterrupts(); a = micros(); delay(2); b = micros(); interrupts();
  Serial.println(b - a >= 2000 && b - a < 2020);
  a = millis(); uint32_t c = micros();
  delay(5000000);
  Serial.println(millis() - a);
  Serial.println((uint32_t)(micros() - c) - (uint32_t)5000000000ull < 2000);
  Serial.println(millis() > 4294967);
  Serial.println((uint32_t)(clock() / CLOCKS_PER_SEC));
  delay(0);
}
void loop() {}
"""


def test_time(bench: Bench) -> None:
    """5,000 s is past the 71 minutes after which the timer's 32 bits wrap."""
    done = run(bench.build(bench.sketch("times", TIME)), seconds=6000)
    assert done.lines == ["1", "1", "1000", "1", "5000000", "1", "1", "5001"]
    assert 5001 < done.seconds < 5001.1


def test_idle_firmware_is_seen_to_be_idle(bench: Bench) -> None:
    """Nothing in the core keeps an event to come: who stops, even after delay(), has stopped."""
    sketch = "void setup() { delay(3); millis(); for (;;) {} }\nvoid loop() {}"
    done = run(bench.build(bench.sketch("stops", sketch)))
    assert done.function == "setup"
    assert done.ending.end in (End.IDLE, End.DEADLINE)
    if done.ending.end is End.IDLE:
        assert done.seconds < 0.1


PINS = r"""
volatile int rising, falling, changes, any;
void with(void *p) { ++*(volatile int *)p; }
void setup() {
  Serial.begin(115200);
  pinMode(D2, OUTPUT); pinMode(D3, OUTPUT); pinMode(LED_BUILTIN, OUTPUT);
  attachInterrupt(digitalPinToInterrupt(D2), [] { changes++; }, CHANGE);
  attachInterruptParam(D3, with, RISING, (void *)&rising);
  attachInterrupt(LED_BUILTIN, [] { falling++; Serial.println("from the handler"); }, FALLING);
  for (int i = 0; i < 3; i++) {
    for (int level = 1; level >= 0; level--) {
      digitalWrite(D2, level); digitalWrite(D3, level); digitalWrite(LED_BUILTIN, level);
      Serial.print("a text that is still going out when the handler prints ");
      Serial.println(digitalRead(D2));
    }
  }
  detachInterrupt(D2);
  digitalWrite(D2, HIGH);
  Serial.println(changes); Serial.println(rising); Serial.println(falling);
  pinMode(A3, INPUT_PULLUP); Serial.println(digitalRead(A3));
  pinMode(A3, INPUT_PULLDOWN); Serial.println(digitalRead(A3));
  Serial.println(digitalRead(200));
  noInterrupts(); digitalWrite(D3, HIGH); Serial.println(rising); interrupts(); Serial.println(rising);
  Serial.println(mlbench_gpio[LED_BUILTIN] == 13 && mlbench_gpio[A0] == 4 && mlbench_gpio[D0] == 35);
  shiftOut(D2, D3, MSBFIRST, 0xA5);
  Serial.println(analogRead(A0)); Serial.println(analogRead(0));
  analogReadResolution(12); Serial.println(analogRead(A0));
  analogReadResolution(16); Serial.println(analogRead(A0));
  analogReadResolution(8); Serial.println(analogRead(A0));
}
void loop() {}
"""


def test_pins_interrupts_and_analog(bench: Bench) -> None:
    built = bench.build(bench.sketch("pins", PINS))
    from mlbench.emulator.machine import Machine

    machine = Machine(built.image, NRF52840)
    machine.set_break(built.address("loop"))
    machine.bus.by_name["SAADC"].drive(4, 1.65)  # type: ignore[attr-defined]
    assert machine.run(10 * CLOCK_HZ).end is End.BREAKPOINT
    lines = machine.serial().decode().split("\r\n")[:-1]
    text = "a text that is still going out when the handler prints "
    pair = [f"{text}1", "from the handler", f"{text}0"]
    assert lines[:9] == pair * 3
    assert lines[9:] == [
        "6", "3", "3", "1", "0", "0", "3", "4", "1", "512", "512", "2048", "32768", "128",
    ]  # fmt: skip


def test_serial_text_from_a_handler_is_whole(bench: Bench) -> None:
    """A timer's handler prints at moments that fall anywhere into what the sketch prints."""
    sketch = r"""
    #define TIMER2(offset) (*(volatile uint32_t *)(0x4000A000u + (offset)))
    volatile int count;
    extern "C" void TIMER2_IRQHandler() {
      TIMER2(0x140) = 0; (void)TIMER2(0x140);
      if (++count > 40) { TIMER2(0x004) = 1; return; }
      Serial.print("<handler>");
    }
    void setup() {
      Serial.begin(115200);
      TIMER2(0x508) = 3; TIMER2(0x510) = 4; TIMER2(0x540) = 733; TIMER2(0x200) = 1; TIMER2(0x304) = 1 << 16;
      *(volatile uint32_t *)0xE000E100 = 1 << 10;
      TIMER2(0x000) = 1;
      while (count <= 40) { Serial.print("[a line of the sketch's own]"); }
      Serial.flush();
    }
    void loop() {}
    """
    done = run(bench.build(bench.sketch("mixed", sketch)))
    assert done.ending.end is End.BREAKPOINT, done.function
    rest = done.text.replace("<handler>", "")
    assert done.text.count("<handler>") == 40
    assert rest == "[a line of the sketch's own]" * (len(rest) // 28)


def test_serial_can_end_and_begin_again(bench: Bench) -> None:
    sketch = r"""
    void setup() {
      Serial.print("before begin ");
      Serial.begin(9600); Serial1.print("first "); Serial.end();
      Serial.begin(250000, SERIAL_8E2); Serial.print("second "); Serial.flush();
      uint32_t start = micros();
      Serial.print("0123456789"); Serial.flush();
      uint32_t took = micros() - start;
      Serial.println(took >= 480 && took < 520);
      Serial.println(&Serial == &Serial1 && (bool)Serial && Serial.availableForWrite() <= 64);
      static char large[300]; memset(large, 'x', 299);
      Serial.println(large);
    }
    void loop() {}
    """
    done = run(bench.build(bench.sketch("again", sketch)))
    assert done.text == "before begin first second 01234567891\r\n1\r\n" + "x" * 299 + "\r\n"


MEMORY = r"""
#include <errno.h>
#include <unistd.h>
extern "C" char __HeapBase[], __HeapLimit[], __StackTop[], __StackLimit[];
int initialized = 0x12345678, zeroed[100];
void setup() {
  Serial.begin(115200);
  int sum = 0; for (int z : zeroed) sum |= z;
  Serial.println(initialized == 0x12345678 && sum == 0);
  char *old = (char *)sbrk(0);
  Serial.println(old >= __HeapBase && old < __HeapBase + 0x2000);
  errno = 0;
  Serial.println(sbrk(__HeapLimit - old + 1) == (void *)-1 && errno == ENOMEM);
  Serial.println(sbrk(-(old - __HeapBase) - 1) == (void *)-1);
  Serial.println(sbrk(__HeapLimit - old) == old && sbrk(0) == __HeapLimit);
  Serial.println(malloc(4096) == nullptr);
  char here; Serial.println(&here < __StackTop && &here > __StackLimit);
  uint32_t control, vtor = *(volatile uint32_t *)0xE000ED08;
  __asm volatile("mrs %0, control" : "=r"(control));
  Serial.println((control & 3) == 0 && vtor == 0x10000);
  Serial.println((*(volatile uint32_t *)0xE000ED88 >> 20 & 0xF) == 0xF);
  Serial.println(*(volatile uint32_t *)0x4001E540 & 1);
}
void loop() {}
"""


@pytest.mark.parametrize("properties", [(), ("build.stack_size=8192",)], ids=["32 KiB", "8 KiB"])
def test_memory_as_set_up(bench: Bench, properties: tuple[str, ...]) -> None:
    assert run(bench.build(bench.sketch("memory", MEMORY), *properties)).lines == ["1"] * 10


STOPS = r"""
#include <assert.h>
#include <vector>
struct Base { Base() { call(); } void call() { pure(); } virtual void pure() = 0; };
struct Derived : Base { void pure() override {} };
void setup() {
  Serial.begin(115200);
  std::vector<int> none;
  switch (Serial.parseInt()) {
    case 1: { static char *volatile p; p = new char[300000]; } break;
    case 2: { Derived d; } break;
    case 3: abort();
    case 4: assert(none.size() == 3); break;
    case 5: none.reserve((size_t)-1); break;
    case 6: exit(3);
    case 7: *(volatile uint32_t *)0xE000E100 = 1 << 9; *(volatile uint32_t *)0xE000E200 = 1 << 11;
            *(volatile uint32_t *)0xE000E100 = 1 << 11; break;
    case 8: none.resize(300000 / 4); break;
  }
  for (;;) {}
}
void loop() {}
"""


@pytest.fixture(scope="module", params=[(), LTO], ids=["", "LTO"])
def stops(bench: Bench, request: pytest.FixtureRequest) -> Built:
    return bench.build(bench.sketch("halts", STOPS), *request.param)


@pytest.mark.parametrize(
    ("number", "function"),
    [
        (1, "mlbench_out_of_memory"),
        (2, "mlbench_cxx_error"),
        (3, "abort"),
        (4, "abort"),
        (5, "mlbench_cxx_error"),
        (6, "_exit"),
        (7, "RTC0_IRQHandler"),
        (8, "mlbench_out_of_memory"),
    ],
)
def test_each_way_to_stop_has_its_function(stops: Built, number: int, function: str) -> None:
    done = run(stops, b"%d\n" % number, seconds=5)
    assert done.ending.end in (End.IDLE, End.DEADLINE)
    assert done.function == function
    if number == 4:
        assert 'assertion "none.size() == 3" failed: file "' in done.text
        assert done.text.endswith(", function: void setup()\r\n")


@pytest.mark.parametrize("properties", [(), LTO], ids=["", "LTO"])
def test_library_prints_its_documented_lines(bench: Bench, properties: tuple[str, ...]) -> None:
    sketch = r"""
    #include <MLBench.h>
    struct Lines : Print {
      String text;
      size_t write(uint8_t c) override { text += (char)c; return 1; }
    } lines;
    void setup() {
      Serial.begin(115200);
      mlbench_init_begin(); delay(15); mlbench_init_end();
      { MLBenchInference mark; delayMicroseconds(500); }
      MLBench.quiet();
      { MLBenchInit mark; delay(2); }
      Serial.println(MLBench.initTime() / 1000);
      MLBench.quiet(false); MLBench.report(lines);
      { MLBenchInference mark; }
      Serial.print(lines.text);
    }
    void loop() {}
    """
    built = bench.build(bench.sketch("marks", sketch), *properties)
    reader = LineReader()
    init, inference, last = reader.feed(run(built).text.encode())
    for line, measure, least in ((init, "init_time", 15000), (inference, "inference_time", 500)):
        name, us, unit = line.words
        assert (name, unit) == (measure, "us")
        assert least <= int(us) < least + 50
    assert last.words[0] == "inference_time"
    assert [line.number for line in (init, inference, last)] == [0, 1, 2]
    assert reader.text() == b"2\r\n"
    assert (reader.gaps, reader.spoilt) == (0, 0)


def test_lines_say_what_the_library_measured(bench: Bench) -> None:
    """Among a sketch's own prints, whole and in their order, with the figures of initTime() and its like."""
    sketch = r"""
    #include <MLBench.h>
    void setup() {
      Serial.begin(115200);
      for (int n = 0; n < 12; n++) {
        Serial.print("took ");
        { MLBenchInit mark; delayMicroseconds(n * n * 37); }
        { MLBenchInference mark; delayMicroseconds(n * 1009); }
        Serial.println(MLBench.initTime());
        Serial.println(MLBench.inferenceTime());
      }
    }
    void loop() {}
    """
    reader = LineReader()
    lines = reader.feed(run(bench.build(bench.sketch("figures", sketch))).text.encode())
    assert [line.number for line in lines] == list(range(24))
    assert [line.words[0] for line in lines] == ["init_time", "inference_time"] * 12
    assert [line.words[1] for line in lines] == reader.text().decode().replace("took ", "").split()
    assert (reader.gaps, reader.spoilt) == (0, 0)


def test_example_of_the_library(bench: Bench) -> None:
    built = bench.build(LIBRARIES / "MLBench/examples/Marks")
    (first,) = LineReader().feed(run(built).text.encode())
    assert first.words[0] == "init_time"

"""What becomes of sketches that do not do as they should."""

from __future__ import annotations

import re

import pytest
from measure_bench import BOARD, Bench

from mlbench.boards import board_for
from mlbench.core.execution import Functions, Outcome, OutputBuffer, Probe
from mlbench.errors import HostTimeout
from mlbench.measure.profile import Profile
from mlbench.results.values import Absent, RamNeed, Time, UnusedRam
from mlbench.targets.emulator.target import EmulatorTarget

HEAD = """\
#include <Arduino.h>
#include <stdlib.h>
#define KEPT __attribute__((noinline))
volatile int sink;
KEPT void start() { sink = 1; }
"""
FUNCTIONS = Functions("start", "infer")


def profile(bench: Bench, name: str, body: str, functions: Functions = FUNCTIONS, **more: object) -> Profile:
    firmware = bench.build(name, {f"{name}.ino": HEAD + body})
    return bench.profile(firmware, functions, **more)


def failure(found: Profile) -> str:
    assert found.failure is not None
    assert isinstance(found.measures.inference_time, Absent)
    assert found.measures.flash.bytes > 500  # type: ignore[union-attr]
    return found.failure.message


def test_never_returning_setup_is_a_hang_with_its_call_chain(bench: Bench) -> None:
    body = """
KEPT void blink() { for (;;) {} }
KEPT int infer() { blink(); return 1; }
void setup() { start(); sink = infer(); }
void loop() {}
"""
    found = profile(bench, "hangs", body)
    assert failure(found).startswith("hung: an endless loop that nothing can end in blink()")
    assert found.failure is not None
    assert [frame.function.split("(")[0] for frame in found.failure.chain[:3]] == ["blink", "infer", "setup"]
    assert found.failure.chain[0].line == 7


def test_fault_names_address_function_and_line(bench: Bench) -> None:
    body = """
KEPT int infer(int *p) { int sum = 0; for (int n = 0; n < 600; n++) sum += p[n]; return sum; }
void setup() { start(); sink = infer((int *)0x2003ff00); }
void loop() {}
"""
    found = profile(bench, "faults", body)
    assert "reading 0x20040000 (past the end of RAM) in infer(int*)" in failure(found)


def test_write_through_null_is_a_fault(bench: Bench) -> None:
    body = """
KEPT int infer() { volatile int *volatile p = nullptr; *p = 7; return 1; }
void setup() { start(); sink = infer(); }
void loop() {}
"""
    assert "writing 0x00000000 (a null pointer)" in failure(profile(bench, "nulls", body))


def test_function_that_is_there_but_never_called(bench: Bench) -> None:
    body = """
KEPT int infer() { return sink + 1; }
void setup() { start(); if (sink == 99) sink = infer(); }
void loop() { delay(1); }
"""
    assert "infer was never called" in failure(profile(bench, "uncalled", body))


def test_printing_for_ever_ends_in_virtual_time(bench: Bench) -> None:
    body = """
KEPT int infer() { return sink + 1; }
void setup() { start(); Serial.begin(115200); while (sink) Serial.println("again"); }
void loop() { sink = infer(); }
"""
    found = profile(bench, "prints", body, timeout_us=3e5)
    assert failure(found).startswith("hung: did not finish in 300 ms of the board's time")
    assert b"again" in found.serial


def test_out_of_memory_without_a_probe(bench: Bench) -> None:
    body = """
KEPT int infer() { char *p = (char *)malloc(300000); if (!p) for (;;) {} return p[0]; }
void setup() { start(); sink = infer(); }
void loop() {}
"""
    assert failure(profile(bench, "starves", body)).startswith("no memory: the heap could not grow")


def test_output_that_tells_an_address_is_not_compared(bench: Bench) -> None:
    # The model's output depends on where its buffer lies: any probe moves it, however much memory there is.
    body = """
KEPT void infer(int *out) { char *p = (char *)malloc(64); if (!p) for (;;); *out = (int)p; free(p); }
static int out;
void setup() { start(); infer(&out); }
void loop() {}
"""
    found = profile(bench, "moves", body, Functions("start", "infer", (OutputBuffer(0, 4),)))
    unused = found.measures.unused_ram
    assert isinstance(unused, UnusedRam)
    assert unused.certified
    varies = "unused RAM: output 0 varies with 16 bytes less memory, so that is not compared"
    assert varies in found.notes
    assert isinstance(found.measures.inference_time, Time)


def test_text_that_tells_an_address_is_not_compared(bench: Bench) -> None:
    # A pointer is no time, and moves with every probe.
    body = """
KEPT void infer() {
  char *p = (char *)malloc(64);
  if (!p) for (;;);
  Serial.write((char)('a' + ((int)p >> 4) % 16));
  free(p);
}
void setup() { start(); infer(); }
void loop() {}
"""
    found = profile(bench, "says", body)
    unused = found.measures.unused_ram
    assert isinstance(unused, UnusedRam)
    assert unused.certified
    assert any(note.startswith("unused RAM: serial text (line 1, ") for note in found.notes)


def test_printed_times_do_not_count_as_corruption(bench: Bench) -> None:
    body = """
KEPT int infer() {
  unsigned long begin = micros();
  for (int n = 0; n < 100; n++) { char *p = (char *)malloc(1 + 30 * n); sink = p[0]; free(p); }
  Serial.print("took "); Serial.print(micros() - begin); Serial.println(" us, class 7");
  return 7;
}
void setup() { Serial.begin(115200); start(); Serial.println(micros()); sink = infer(); }
void loop() {}
"""
    unused = profile(bench, "times", body).measures.unused_ram
    assert isinstance(unused, UnusedRam), unused


def test_silent_overlap_is_flagged_and_does_not_fail(bench: Bench) -> None:
    # 40,000 bytes of stack where 32,768 are reserved: near the limit it lies over the heap, unseen.
    body = """
KEPT int infer() { volatile char deep[40000]; deep[39999] = 3; deep[0] = 1; return deep[0]; }
void setup() { start(); sink = infer(); }
void loop() {}
"""
    found = profile(bench, "overlaps", body)
    unused = found.measures.unused_ram
    assert isinstance(unused, UnusedRam), unused
    assert unused.certified
    assert 7_000 < unused.overlap < 8_192
    # Without a probe there is room enough, and more is used than was set aside.
    assert found.notes == ("the main stack used 40,024 bytes, 32,768 are reserved for it",)


@pytest.mark.parametrize("value", ["0.5f", "7"])
def test_return_value_is_compared(bench: Bench, value: str) -> None:
    kind = "float" if "f" in value else "int"
    name = f"returns_{kind}"
    body = f"""
KEPT {kind} infer() {{
  char *p = (char *)malloc(64);
  {kind} r = {value} + ((unsigned)p >= 0x20020000u);
  free(p);
  return r;
}}
volatile {kind} kept;
void setup() {{ start(); kept = infer(); }}
void loop() {{}}
"""
    # Half of the memory away, it is another number.
    unused = profile(bench, name, body).measures.unused_ram
    assert isinstance(unused, Absent)
    assert "memory does not run out, but the returned value differs from byte " in unused.reason
    assert unused.reason.endswith("leave them out of `output`, or say `returns: ignore`")


def test_inference_in_loop_counts_and_initialization_is_the_last_before_it(bench: Bench) -> None:
    body = """
KEPT int infer() { for (int n = 0; n < 100; n++) sink = n; return 1; }
void setup() { start(); delay(2); start(); }
void loop() { sink = infer(); delay(150); }
"""
    found = profile(bench, "looped", body)
    times = found.measures.inference_time
    assert isinstance(times, Time)
    assert times.count == 3
    assert times.minimum_us <= times.median_us <= times.maximum_us


def test_an_inference_that_dies_later_is_a_failure(bench: Bench) -> None:
    body = """
KEPT int infer() { static char *kept; kept = (char *)malloc(90000); if (!kept) for (;;) {} return kept[3]; }
void setup() { start(); }
void loop() { sink = infer(); }
"""
    assert failure(profile(bench, "leaks", body)).startswith("no memory: the heap could not grow")


def test_all_timed_inferences_count_for_ram(bench: Bench) -> None:
    body = """
KEPT int infer() {
  static int turn;
  char *p = (char *)malloc(30000 * ++turn);
  if (!p) for (;;) {}
  p[0] = turn;
  free(p);
  return turn;
}
void setup() { start(); }
void loop() { sink = infer(); }
"""
    found = profile(bench, "grows", body).measures
    assert isinstance(found.ram_need, RamNeed)
    assert found.ram_need.peak_heap == 90_000
    assert isinstance(found.unused_ram, UnusedRam)
    assert 130_000 < found.unused_ram.bytes < 230_000 - 90_000


def test_a_loop_that_polls_for_its_time_is_waited_for(bench: Bench) -> None:
    body = """
KEPT int infer() { for (int n = 0; n < 100; n++) sink = n; return 1; }
unsigned long last;
void setup() { start(); }
void loop() { if (millis() - last >= 300) { last = millis(); sink = infer(); } }
"""
    times = profile(bench, "polls", body, serial="ignore").measures.inference_time
    assert isinstance(times, Time)
    assert times.count == 3


def test_library_marks_need_no_names(bench: Bench) -> None:
    body = """
#include <MLBench.h>
KEPT int infer() { for (int n = 0; n < 100; n++) sink = n; return 1; }
void setup() {
  Serial.begin(115200);
  mlbench_init_begin(); start(); mlbench_init_end();
}
void loop() { mlbench_inference_begin(); sink = infer(); mlbench_inference_end(); }
"""
    found = profile(bench, "marked", body, Functions())
    assert found.failure is None, found.failure
    assert isinstance(found.measures.inference_time, Time)
    assert found.measures.inference_time.count == 3
    assert isinstance(found.measures.init_time, Time)
    assert isinstance(found.measures.unused_ram, UnusedRam)


def test_measures_are_the_same_every_time(bench: Bench) -> None:
    body = """
KEPT int infer() { char *p = (char *)malloc(500); sink = p[3]; free(p); return 1; }
void setup() { start(); sink = infer(); }
void loop() {}
"""
    assert profile(bench, "same", body) == profile(bench, "same", body)


WAITS_IN_SETUP = """
KEPT int infer(int n) { return sink + n; }
void setup() {
  start(); Serial.begin(115200); Serial.println("send a byte");
  while (!Serial.available()) {}
  sink = infer(Serial.read());
}
void loop() {}
"""
WAITS_IN_LOOP = """
KEPT int infer(int n) { return sink + n; }
void setup() { start(); Serial.begin(115200); }
void loop() { if (Serial.available() > 0) sink = infer(Serial.read()); }
"""
READS_LINES = """
KEPT int infer(int n) { return sink + n; }
static char line[8];
void setup() { start(); Serial.begin(115200); }
void loop() { if (Serial.readBytesUntil('\\n', line, 8)) sink = infer(line[0]); }
"""


@pytest.mark.parametrize(
    ("name", "body", "place"),
    [
        ("waits_in_setup", WAITS_IN_SETUP, "UARTSerial::available() called from setup"),
        ("waits_in_loop", WAITS_IN_LOOP, "UARTSerial::available() called from loop"),
    ],
)
def test_waiting_for_input_that_nobody_sends_is_told(bench: Bench, name: str, body: str, place: str) -> None:
    message = failure(profile(bench, name, body, timeout_us=12e6))
    assert message.startswith("hung: waits for serial input that nobody sends, in ")
    assert place in message
    assert "`inputs: {serial: [...]}`" in message
    assert message.endswith(" or let the sketch infer without input")


def test_asking_for_input_with_a_timeout_is_told_at_the_end(bench: Bench) -> None:
    message = failure(profile(bench, "reads_lines", READS_LINES, timeout_us=6e6))
    assert message.startswith(
        "hung: infer was never called, and the sketch asks for serial input all the time"
    )
    assert "in Stream::readBytesUntil(char, char*, unsigned int) called from loop" in message
    assert "or let the sketch infer without input, or name the function" in message


def test_looking_at_a_run_changes_nothing_of_it(bench: Bench) -> None:
    body = """
KEPT int infer() { int sum = 0; for (int n = 0; n < 999; n++) sum += sink; return sum; }
void setup() {
  Serial.begin(115200); start();
  while (!Serial.available() && millis() < 5000) delay(7);
  sink = infer();
}
void loop() { Serial.println(micros()); delay(3); sink = infer(); }
"""
    firmware = bench.build("looked_at", {"looked_at.ino": HEAD + body})
    looked, alone = bench.open(firmware, FUNCTIONS), bench.open(firmware, FUNCTIONS)
    emulated = alone.emulated(probe=False)
    emulated.machine.pause = None
    probe = Probe(inferences=3)
    assert looked.run(probe, 20e6) == alone.run(probe, 20e6)


@pytest.mark.parametrize(
    ("name", "body"), [("waits_in_setup", WAITS_IN_SETUP), ("waits_in_loop", WAITS_IN_LOOP)]
)
def test_a_wait_that_only_input_can_end_is_over_early(bench: Bench, name: str, body: str) -> None:
    firmware = bench.build(name, {f"{name}.ino": HEAD + body})
    session = bench.open(firmware, FUNCTIONS)
    assert session.run(Probe(), 3600e6).virtual_us < 10e6


@pytest.mark.parametrize(
    ("name", "wait"),
    [
        ("pauses", "delay(30000);"),
        (
            "asks_for_a_while",
            "while (!Serial.available() && millis() < 9000) for (int n = 0; n < 300; n++) sink = n;",
        ),
        ("asks_by_timer", "TIMER3_START; while (!Serial.available() && !rung) {}"),
        ("starts_slowly", "for (uint32_t n = 0; n < 60000000; n++) sink = n;"),
        ("asks_and_works", "for (uint32_t n = 0; n < 20000000 && !Serial.available(); n++) sink = n;"),
    ],
)
def test_a_slow_start_is_not_taken_for_a_wait(bench: Bench, name: str, wait: str) -> None:
    body = f"""
#define TIMER3 0x4001A000
#define REG(offset) (*(volatile uint32_t *)(TIMER3 + (offset)))
/* 16 MHz by 2 to the 9th: an interrupt after 9 s, of the nRF52840's TIMER3 (number 26). */
#define TIMER3_START REG(0x508) = 3, REG(0x510) = 9, REG(0x540) = 281250, REG(0x304) = 1 << 16, \\
  *(volatile uint32_t *)0xE000E100 = 1 << 26, REG(0) = 1
volatile bool rung;
extern "C" void TIMER3_IRQHandler() {{ REG(0x140) = 0; rung = true; }}
KEPT int infer() {{ return sink + 1; }}
void setup() {{ Serial.begin(115200); start(); {wait} Serial.println("go"); sink = infer(); }}
void loop() {{}}
"""
    firmware = bench.build(name, {f"{name}.ino": HEAD + body})
    result = bench.open(firmware, FUNCTIONS).run(Probe(), 60e6)
    assert (result.outcome, result.reason) == (Outcome.PASSED, "")
    assert result.serial == b"go\r\n"


def test_host_time_is_that_of_a_run_however_often_it_stops(bench: Bench) -> None:
    # Each call of the inference stops the machine twice, so no stretch between two stops is long.
    body = """
KEPT int infer() { return sink; }
void setup() { start(); for (;;) sink = infer(); }
void loop() {}
"""
    firmware = bench.build("busy", {"busy.ino": HEAD + body})
    target = EmulatorTarget(board_for(BOARD), host_seconds=0.5)
    session = target.open(firmware, FUNCTIONS)
    with pytest.raises(
        HostTimeout, match=r"gave up after \d+ s of the host's time, \d+\.\d+ s of the board's"
    ):
        session.run(Probe(inferences=10_000_000), 1e12)


TALKS = """
KEPT void talk() {
  Serial1.begin(115200);
  for (int n = 0; n < 4; n++) Serial1.println("a line of text, as banners in setup() have it");
  Serial1.flush();
}
KEPT void sleepy() { delay(3); for (int n = 0; n < 1000; n++) sink = n; }
KEPT void busy() { for (int n = 0; n < 100000; n++) sink = n; delay(1); }
void setup() { start(); talk(); busy(); sleepy(); }
void loop() {}
"""


@pytest.mark.parametrize(
    ("init", "inference", "notes"),
    [
        (
            "talk",
            "sleepy",
            [r"init .*: 9\d % waiting for UARTE0", r"inference .*: 9\d % asleep, as in delay\(\)"],
        ),
        ("start", "busy", []),
    ],
)
def test_time_that_is_mostly_waiting_is_told(
    bench: Bench, init: str, inference: str, notes: list[str]
) -> None:
    found = profile(bench, "talks", TALKS, Functions(init, inference))
    assert found.failure is None
    told = [note for note in found.notes if "spends its time waiting" in note]
    assert len(told) == len(notes)
    for note, pattern in zip(told, notes, strict=True):
        assert re.match(pattern, note), note

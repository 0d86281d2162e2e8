"""What a sketch brings of its own takes the place of the core's."""

from __future__ import annotations

import pytest
from arduino_bench import LTO, Bench, run

_END = 'extern "C" __attribute__((noinline, used)) void finished() { __asm volatile(""); }\n'

_MAIN = (
    _END
    + """
    int main() {
      init();  // as a main() for the AVR boards does
      setup();
      finished();
      return 0;
    }
    void setup() { Serial.begin(115200); Serial.println(millis() < 5); Serial.flush(); }
    void loop() {}
    """
)

_MAIN_ALONE = (
    _END
    + """
    int main(int count, char **arguments) {
      Serial.begin(115200);
      Serial.println("alone");
      Serial.flush();
      finished();
      return 0;
    }
    """
)

_SYSTEM = (
    _END
    + r"""
    #include <errno.h>
    #include <stdio.h>
    static uint8_t heap[30000] __attribute__((aligned(8)));
    static size_t top;
    static int written;
    extern "C" void *_sbrk(ptrdiff_t n) {
      if (top + n > sizeof heap) { errno = ENOMEM; return (void *)-1; }
      void *p = heap + top;
      top += n;
      return p;
    }
    extern "C" int _write(int file, const char *text, int size) {
      written += size;
      return Serial.write((const uint8_t *)text, size);
    }
    void setup() {
      Serial.begin(115200);
      uint8_t *got = (uint8_t *)malloc(20000);
      Serial.println(got >= heap && got < heap + sizeof heap);
      Serial.println(malloc(20000) == nullptr);
      printf("seven\r\n");
      fflush(stdout);
      Serial.println(written);
      Serial.flush();
      finished();
    }
    void loop() {}
    """
)

_MALLOC = (
    _END
    + r"""
    static uint8_t pool[4000] __attribute__((aligned(8)));
    static size_t top;
    static int freed;
    extern "C" void *malloc(size_t n) {
      n = (n + 7) & ~7u;
      if (top + n > sizeof pool) return nullptr;
      void *p = pool + top;
      top += n;
      return p;
    }
    extern "C" void free(void *p) { if (p) freed++; }
    extern "C" void *realloc(void *p, size_t n) {
      void *q = malloc(n); if (p && q) memcpy(q, p, n); return q; }
    extern "C" void *calloc(size_t a, size_t b) {
      void *p = malloc(a * b); if (p) memset(p, 0, a * b); return p; }
    void setup() {
      Serial.begin(115200);
      int *volatile one = new int(3);
      Serial.println((uint8_t *)one >= pool && (uint8_t *)one < pool + sizeof pool);
      delete one;
      String text = "a text that is long enough for the heap";
      Serial.println(text.length());
      Serial.println(freed);
      Serial.println(top > 40);
      Serial.flush();
      finished();
    }
    void loop() {}
    """
)

_NEW = (
    _END
    + r"""
    #include <new>
    static int news, deletes;
    void *operator new(size_t n) { news++; return malloc(n); }
    void operator delete(void *p) noexcept { deletes++; free(p); }
    struct Thing { int x[5]; };
    Thing *volatile kept;
    void init() { news += 100; }
    void setup() {
      Serial.begin(115200);
      kept = new Thing; delete kept; kept = new Thing[3]; delete[] kept;
      init();
      Serial.println(news); Serial.println(deletes);
      Serial.flush();
      finished();
    }
    void loop() {}
    """
)


@pytest.mark.parametrize("properties", [(), LTO], ids=["plain", "lto"])
@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("main", _MAIN, ["1"]),
        ("main-alone", _MAIN_ALONE, ["alone"]),
        ("system", _SYSTEM, ["1", "1", "seven", "7"]),
        ("malloc", _MALLOC, ["1", "39", "1", "1"]),
        ("new", _NEW, ["102", "2"]),
    ],
)
def test_a_sketch_brings_its_own(
    bench: Bench, name: str, text: str, lines: list[str], properties: tuple[str, ...]
) -> None:
    done = run(bench.build(bench.sketch(f"own-{name}", text), *properties), stop="finished")
    assert done.function == "finished"
    assert done.lines == lines


def test_a_main_that_returns_stops_the_firmware(bench: Bench) -> None:
    built = bench.build(bench.sketch("own-returns", "int main() { return 0; }\n"))
    done = run(built, seconds=1, stop="HardFault_Handler")
    assert done.function == "mlbench_start"

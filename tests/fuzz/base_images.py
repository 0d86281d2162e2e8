"""Four sound firmware images that mutations begin from, really compiled: each has something of its own.

All have setup() and loop(), a model whose functions can be named, an allocator and static RAM, and finish
two inferences within some milliseconds of the board's time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from elf_firmware import CPU, run_tool
from threaded import Threaded

SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0x00010000, LENGTH = 960K
  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 256K }
ENTRY(reset)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.*) . = ALIGN(4); } > FLASH
  .ARM.extab : { *(.ARM.extab*) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .data : { data_start = .; *(.data .data.* .ramcode) . = ALIGN(4); data_end = .; } > RAM AT > FLASH
  data_load = LOADADDR(.data);
  .bss (NOLOAD) : { bss_start = .; *(.bss .bss.* COMMON) . = ALIGN(8); bss_end = .; } > RAM
  .heap (NOLOAD) : { end = .; . = . + 0x8000; heap_end = .; } > RAM
  stack_top = ORIGIN(RAM) + LENGTH(RAM);
}
"""

START = """
#include <stddef.h>
#include <stdint.h>
extern "C" {
extern uint32_t data_start, data_end, data_load, bss_start, bss_end, stack_top;
extern char end, heap_end;
void setup(); void loop();
volatile uint32_t ticks;
void __aeabi_unwind_cpp_pr0() {}  /* what entries of .ARM.exidx name: never called */
void __aeabi_unwind_cpp_pr1() {}
void spin() { for (;;) {} }
void tick() { ticks = ticks + 1; }
void reset() {
  const uint32_t *from = &data_load;
  for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  *(volatile uint32_t *)0xE000ED88 = 0xF00000;  /* CPACR: the FPU is on */
  setup();
  for (;;) loop();
}
static char *top = &end;
__attribute__((noinline)) void *_sbrk(int more) {
  if (&heap_end - top < more) return (void *)-1;
  char *old = top;
  top += more;
  return old;
}
__attribute__((noinline)) void *_malloc_r(void *, size_t size) {  /* named as newlib's: it can be replayed */
  void *memory = size < 0x10000000 ? _sbrk((int)((size + 7) & ~7u)) : (void *)-1;
  return memory == (void *)-1 ? NULL : memory;
}
__attribute__((noinline)) void *malloc(size_t size) { return _malloc_r(NULL, size); }
__attribute__((noinline)) void free(void *) {}
__attribute__((section(".vectors"), used)) const void *const vectors[32] = {&stack_top, (void *)reset,
  (void *)spin, (void *)spin, (void *)spin, (void *)spin, (void *)spin, 0, 0, 0, 0, (void *)tick,
  (void *)spin, 0, (void *)spin, (void *)tick};
}
"""

MODEL = """
#include <stddef.h>
#include <stdint.h>
extern "C" void *malloc(size_t size);
volatile int sink;
int table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
const char text[] = "a longer text that lies in rodata";
static inline int twice(int x) { return x * 3 + sink; }
namespace net {
struct Base { int b; __attribute__((noinline)) Base(int x); virtual int value(); };
Base::Base(int x) : b(x) { sink = x; }
__attribute__((noinline)) int Base::value() { return sink + b; }
struct Model : Base {
  int8_t *arena;
  __attribute__((noinline)) Model(const char *name, size_t size);
  __attribute__((noinline)) int inference(void *in, void *out);
  template <typename T> __attribute__((noinline)) T run(T x) { sink = int(x); return x + b; }
};
Model::Model(const char *name, size_t size) : Base(name[0]), arena((int8_t *)malloc(size)) {
  if (!arena) for (;;) {}
  for (size_t i = 0; i < size; i++) arena[i] = int8_t(i);
}
int Model::inference(void *in, void *out) {
  int sum = 0;
  for (int i = 0; i < 200; i++) sum += arena[i] * table[i & 7] + twice(i);
  *(int *)out = sum + *(int *)in + int(run(2.5f)) + value();
#ifdef BUSY
  typedef int (*Code)(int);
  static uint16_t code[4];
  code[0] = 0x3001; code[1] = 0x4770; code[2] = 0xBF00;  /* adds r0, #1; bx lr */
  sum = ((Code)((uintptr_t)code | 1))(sum);
  __asm volatile("svc #1\\n wfe\\n" ::: "memory");
#endif
  return sum;
}
}
static net::Model *model;
alignas(net::Model) static char place[sizeof(net::Model)];
inline void *operator new(size_t, void *at) noexcept { return at; }
extern "C" void setup() {
#ifdef BUSY
  *(volatile uint32_t *)0xE000E014 = 6400; *(volatile uint32_t *)0xE000E018 = 0;
  *(volatile uint32_t *)0xE000E010 = 7;
#endif
  model = new (place) net::Model(text, 1000);
}
extern "C" void loop() {
  int in = 3, out = 0;
  sink = model->inference(&in, &out) + out;
}
"""

INIT, INFERENCE = "net::Model::Model", "net::Model::inference"


def _own(*flags: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / "script.ld").write_text(SCRIPT)
        for name, source in {"start.cpp": START, "model.cpp": MODEL}.items():
            (folder / name).write_text(source)
        elf = folder / "image.elf"
        run_tool(
            *("gcc", *CPU, "-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-ffreestanding"),
            *("-ffunction-sections", "-nostdlib", "-nostartfiles", *flags, f"-ffile-prefix-map={folder}=."),
            *("-Wl,--no-warn-rwx-segments", "-T", folder / "script.ld"),
            *(folder / "start.cpp", folder / "model.cpp", "-o", elf),
        )
        return elf

    return build


def _threads(folder: Path) -> Path:
    return Threaded(folder).build("--specs=nano.specs")


BASES: dict[str, tuple[Callable[[Path], Path], tuple[str, str]]] = {
    "dwarf 5": (_own("-O2", "-gdwarf-5"), (INIT, INFERENCE)),
    "packed dwarf 4": (_own("-Os", "-gdwarf-4", "-gz=zlib"), (INIT, INFERENCE)),
    "exidx and interrupts": (_own("-O1", "-funwind-tables", "-DBUSY"), (INIT, INFERENCE)),
    "threads and newlib": (_threads, ("model_init()", "model_infer")),
}
"""By name: what builds it into a folder, and the names of its functions."""


def build_bases(folder: Path) -> list[Path]:
    """Build all four into folders of their own, in the order of ``BASES``."""
    elves = []
    for number, (build, _) in enumerate(BASES.values()):
        own = folder / f"base{number}"
        own.mkdir(parents=True, exist_ok=True)
        elves.append(build(own))
    return elves

"""Bare firmware, really compiled: sources that several tests look at, and how they are built."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0x00010000, LENGTH = 960K
  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 256K }
ENTRY(reset)
SECTIONS {
  .vectors : { KEEP(*(.vectors)) } > FLASH
  .text : { *(.text .text.*) } > FLASH
  .rodata : { *(.rodata .rodata.*) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .data : { *(.data .data.*) } > RAM AT > FLASH
  .bss : { *(.bss .bss.* COMMON) } > RAM
  .noinit (NOLOAD) : { *(.noinit*) } > RAM
  .heap (NOLOAD) : { . = . + 0x2000; } > RAM
  .stack_dummy (COPY) : { . = . + 0x1000; } > RAM
}
"""
START = """
extern void start(void);
__attribute__((naked)) void reset(void) { __asm("bl start\\n b ."); }
__attribute__((section(".vectors"), used)) void *const vectors[] = {(void *)0x20040000, (void *)reset,
    (void *)start};
"""
CPU = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")

MODEL = """
#include <stdint.h>
#include <stddef.h>
extern "C" void *memcpy(void *to, const void *from, size_t n);
volatile int sink;
int table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
const char text[] = "a longer text that lies in rodata";
uint8_t arena[300];
__attribute__((section(".noinit"))) int kept[5];

namespace {
__attribute__((noinline)) int hidden(int x) { sink = x; return sink * 3; }
}
namespace net {
struct Base { int b; __attribute__((noinline)) Base(int x); virtual int value(); };
Base::Base(int x) : b(x) { sink = x; }
__attribute__((noinline)) int Base::value() { return sink + b; }
struct Model : virtual Base {
  int weights;
  __attribute__((noinline)) Model(const char *name, size_t size);
  int inference(void *in, void *out);
  int inference(int8_t value);
  float scale(const float *values, uint32_t count) const;
  template <typename T> __attribute__((noinline)) T run(T x) { sink = int(x); return x + weights; }
  int operator()(int x);
};
Model::Model(const char *name, size_t size) : Base(name[0]), weights(size) {}
__attribute__((noinline)) int Model::inference(void *in, void *out) {
  *(int *)out = *(int *)in * weights + hidden(weights);
  return sink;
}
__attribute__((noinline)) int Model::inference(int8_t value) { return sink = value * weights; }
__attribute__((noinline)) float Model::scale(const float *values, uint32_t count) const {
  float sum = 0;
  for (uint32_t i = 0; i < count; ++i) sum += values[i];
  return sum * weights;
}
__attribute__((noinline)) int Model::operator()(int x) { return sink = x ^ weights; }
struct Derived : Model { __attribute__((noinline)) Derived(); };
Derived::Derived() : Base(4), Model("d", 5) {}
}
extern "C" __attribute__((noinline)) int c_name(int x) { return sink = x + table[x & 7]; }
extern "C" int also_c_name(int) __attribute__((alias("c_name")));
extern "C" void start() {
  net::Model model(text, 5);
  net::Derived derived;
  int in = c_name(3), out = 0;
  float values[3] = {1, 2, float(in)};
  model.inference(&in, &out);
  model.inference(int8_t(in));
  sink = int(model.scale(values, 3)) + model.run(7) + int(model.run(2.0f)) + model(3) + derived.value();
  arena[in] = kept[in & 3] = also_c_name(out);
  for (;;) {}
}
"""


def run_tool(name: str, *arguments: object, text: str | None = None) -> str:
    """Run one of the ARM tools; what it printed."""
    path = shutil.which(f"arm-none-eabi-{name}")
    assert path, f"arm-none-eabi-{name} is not installed"
    command = [path, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, input=text, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build_elf(
    folder: Path, sources: Mapping[str, str], flags: Sequence[str], *, gc: bool = True, script: str = SCRIPT
) -> Path:
    """Compile sources (name -> text) with the start-up code and link them to ``folder``/image.elf."""
    (folder / "script.ld").write_text(script)
    objects = []
    for name, text in {**sources, "start.c": START}.items():
        source = folder / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        if name.endswith(".h"):
            continue
        objects.append(folder / f"{name.replace('/', '_')}.o")
        cxx = ("-std=gnu++17", "-fno-exceptions", "-fno-rtti") if name.endswith("pp") else ()
        run_tool("gcc", *CPU, "-ffunction-sections", *flags, *cxx, "-c", source, "-o", objects[-1])
    link = ["-nostdlib", "-nostartfiles", *(["-Wl,--gc-sections"] if gc else []), "-T", folder / "script.ld"]
    run_tool("gcc", *CPU, *flags, *link, *objects, "-o", folder / "image.elf")
    return folder / "image.elf"

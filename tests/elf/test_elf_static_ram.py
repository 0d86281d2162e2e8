"""Variables count as static RAM wherever the linker put them, and so does flash for what is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from elf_firmware import run_tool

from mlbench.elf.image import Image

SOURCES = {
    "net.c": """
int table[10] = {1, 2, 3};
char buffer[616688];
const int weights[50] = {7};
static void begin(void) { buffer[1] = 2; }
__attribute__((section(".init_array"), used)) void (*const begins[])(void) = {begin};
void start(void) { for (int i = 0;; i++) buffer[i] += table[i % 10] + weights[i]; }
"""
}
SECTIONS = """
ENTRY(reset)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) } > FLASH
  .init_array : { KEEP(*(.init_array*)) } > FLASH
  .rodata : { *(.rodata*) } > FLASH
  .data : ALIGN(8) { *(.data*) } > RAM %s
  .bss (NOLOAD) : { *(.bss*) *(COMMON) } > RAM
  .heap (NOLOAD) : { . = . + 0x1000; } > RAM
  /DISCARD/ : { *(.ARM.exidx*) *(.comment) }
}
"""
COPIED = SECTIONS % "AT > FLASH"
WHOLE = (
    "MEMORY { RAM (rwx) : ORIGIN = 0x0d000000, LENGTH = 1536K }" + SECTIONS.replace("> FLASH", "> RAM") % ""
)


def memory(flash: int, ram: int) -> str:
    regions = f"FLASH (rx) : ORIGIN = {flash:#x}, LENGTH = 1M RAM (rwx) : ORIGIN = {ram:#x}, LENGTH = 1M"
    return f"MEMORY {{ {regions} }} {COPIED}"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(memory(0, 0x2000_0000), id="internal RAM"),
        pytest.param(memory(0x0800_0000, 0x1000_0000), id="RAM coupled to the core"),
        pytest.param(memory(0x6000_0000, 0x2020_0000), id="external flash"),
        pytest.param(memory(0x0800_0000, 0xC000_0000), id="external RAM"),
        pytest.param(WHOLE, id="the whole image in RAM"),
    ],
)
def test_sizes_are_the_same_wherever_the_memory_lies(build: Callable[..., Path], script: str) -> None:
    elf = build(SOURCES, "-O1", gc=False, script=script)
    image = Image.load(elf)
    assert dict(image.static_ram()) == {".data": 40, ".bss": 616_688}
    text, data, bss = map(int, run_tool("size", "-B", elf).splitlines()[1].split()[:3])
    assert sum(size for _, size in image.flash_bytes()) == text + data
    # The heap is set aside, and no variable.
    assert bss == 616_688 + 0x1000


def test_templates_of_thread_variables_take_no_memory(build: Callable[..., Path]) -> None:
    script = memory(0x0800_0000, 0x2000_0000).replace(
        "  .data", "  .tdata : { *(.tdata*) } > FLASH\n  .tbss : { *(.tbss*) } > FLASH\n  .data"
    )
    sources = {"net.c": SOURCES["net.c"] + "__thread char own[100]; char *mine(void) { return own; }\n"}
    sources["aeabi.c"] = "void *__aeabi_read_tp(void) { return (void *)0x20000000; }\n"
    image = Image.load(build(sources, "-O1", "-mtp=soft", gc=False, script=script))
    section = image.section(".tbss")
    assert section is not None
    assert section.size == 100
    assert ".tbss" not in dict(image.static_ram())

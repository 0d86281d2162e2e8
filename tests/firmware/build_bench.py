"""Tools, caches, and platforms of our own that are laid out as third-party ones are."""

from __future__ import annotations

from pathlib import Path

from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.firmware import build
from mlbench.firmware.toolchain import Toolchain
from mlbench.util.progress import Silent

OWN_BOARD = "mlbench:nrf52840:nano33ble"
QUICK_BOARD = "acme:classic:nano"
"""Its core is one file."""

# As in platforms after Mbed: regions by expressions, a heap that fills RAM up to a fixed stack, the
# assertion of CMSIS that the two do not meet, and malloc nowhere before somebody calls it.
_SCRIPT = """\
#if !defined(STACK_SIZE)
  #define STACK_SIZE 0x400
#endif
/* MEMORY { RAM (rwx) : ORIGIN = 0, LENGTH = 1 } is what a comment may say */
MEMORY
{
  FLASH (rx) : ORIGIN = 0x10000, LENGTH = 0x100000 - 0x10000
  RAM_NVIC (rwx) : ORIGIN = 0x20000000, LENGTH = 0x100
  RAM_CRASH_DATA (rwx) : ORIGIN = (0x20000000 + 0x100), LENGTH = 0x100
  RAM (rwx) : ORIGIN = ((0x20000000 + 0x100) + 0x100), LENGTH = (256K - (0x100 + 0x100))
}
ENTRY(Reset_Handler)
SECTIONS
{
  .text : { KEEP(*(.isr_vector)) *(.text*) *(.rodata*) . = ALIGN(4); } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  __etext = .;
  .data : AT(__etext) { *(.data*) . = ALIGN(4); } > RAM
  .bss : { *(.bss*) *(COMMON) . = ALIGN(8); } > RAM
  .heap (NOLOAD) :
  {
    __end__ = .; end = .; __HeapBase = .;
    . = ORIGIN(RAM) + LENGTH(RAM) - STACK_SIZE;
    __HeapLimit = .;
  } > RAM
  .stack_dummy (NOLOAD) : { *(.stack*) } > RAM
  __StackTop = ORIGIN(RAM) + LENGTH(RAM);
  __StackLimit = __StackTop - STACK_SIZE;
  ASSERT(__StackLimit >= __HeapLimit, "region RAM overflowed with stack")
}
"""

_ARDUINO_H = """\
#pragma once
#include <stdlib.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
void setup(void);
void loop(void);
#ifdef __cplusplus
}
#endif
"""

_MAIN = """\
#include "Arduino.h"
#ifndef TELL
#define TELL 1
#endif
extern "C" { volatile int core_tells; }
extern "C" __attribute__((noreturn)) void Reset_Handler(void) { core_tells = TELL; setup(); for (;;) loop(); }
extern "C" char __StackTop[];
__attribute__((section(".isr_vector"), used)) void *const vectors[] = {__StackTop, (void *)Reset_Handler};
"""

_PLATFORM = """\
name=Look-alike
version=2.4.1
compiler.path=
compiler.warning_flags=-w
compiler.warning_flags.none=-w
compiler.warning_flags.default=
compiler.warning_flags.more=-Wall
compiler.warning_flags.all=-Wall -Wextra
build.extra_flags=
build.ldscript=linker_script.ld
compiler.c.extra_flags=
compiler.cpp.extra_flags=
compiler.S.extra_flags=
compiler.ar.extra_flags=
compiler.c.elf.extra_flags=
build.cpu=-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
compiler.flags=-c -g -O2 {build.cpu} {compiler.warning_flags} -ffunction-sections -fdata-sections -MMD
compiler.c.flags={compiler.flags} -std=gnu11
compiler.cpp.flags={compiler.flags} -std=gnu++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics
compiler.S.flags=-c -g {build.cpu} -MMD -x assembler-with-cpp
recipe.c.o.pattern="{compiler.path}arm-none-eabi-gcc" {compiler.c.flags} {compiler.c.extra_flags} \
{build.extra_flags} {includes} "{source_file}" -o "{object_file}"
recipe.cpp.o.pattern="{compiler.path}arm-none-eabi-g++" {compiler.cpp.flags} {compiler.cpp.extra_flags} \
{build.extra_flags} {includes} "{source_file}" -o "{object_file}"
recipe.S.o.pattern="{compiler.path}arm-none-eabi-gcc" {compiler.S.flags} {compiler.S.extra_flags} \
{build.extra_flags} {includes} "{source_file}" -o "{object_file}"
recipe.ar.pattern="{compiler.path}arm-none-eabi-ar" rcsD {compiler.ar.extra_flags} \
"{archive_file_path}" "{object_file}"
@HOOK@
recipe.c.combine.pattern="{compiler.path}arm-none-eabi-gcc" @EXTRA@ {build.cpu} -nostartfiles \
-Wl,--gc-sections "-T@SCRIPT@/{build.ldscript}" "-Wl,-Map,{build.path}/{build.project_name}.map" \
--specs=nano.specs --specs=nosys.specs -o "{build.path}/{build.project_name}.elf" {object_files} \
-Wl,--start-group "{archive_file_path}" -lc -lm -lgcc -lnosys -Wl,--end-group
recipe.size.pattern="{compiler.path}arm-none-eabi-size" -A "{build.path}/{build.project_name}.elf"
recipe.size.regex=^(?:\\.data|\\.text|\\.rodata)\\s+([0-9]+).*
recipe.size.regex.data=^(?:\\.data|\\.bss)\\s+([0-9]+).*
"""

_BOARDS = """\
nano.name=Look-alike nano
nano.build.core=bare
nano.build.variant=nano
nano.build.board=NANO
nano.upload.maximum_size=983040
nano.upload.maximum_data_size=262144
"""


def platform(
    folder: Path, script: str, *, hook: str = "", extra: str = "{compiler.c.elf.extra_flags}"
) -> None:
    core, variant = folder / "cores" / "bare", folder / "variants" / "nano"
    core.mkdir(parents=True)
    variant.mkdir(parents=True)
    text = _PLATFORM.replace("\\\n", "").replace("@SCRIPT@", script)
    (folder / "platform.txt").write_text(text.replace("@HOOK@", hook).replace("@EXTRA@", extra))
    (folder / "boards.txt").write_text(_BOARDS)
    (core / "Arduino.h").write_text(_ARDUINO_H)
    (core / "main.cpp").write_text(_MAIN)
    plain = "\n".join(line for line in _SCRIPT.splitlines() if not line.lstrip().startswith("#"))
    source = _SCRIPT if hook else plain.replace("STACK_SIZE", "0x400")
    (variant / "linker_script.ld").write_text(source)


class Bench:
    """Writes sketches and builds them."""

    def __init__(self, folder: Path, tools: Toolchain, cache: Path) -> None:
        self.folder = folder
        self.tools = tools
        self.cache = cache

    def sketch(self, name: str, text: str, **others: str) -> Path:
        """A sketch folder; further files by path with ``__`` for a slash and ``_`` for the last dot."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.ino").write_text(text)
        for key, content in others.items():
            stem, _, suffix = key.replace("__", "/").rpartition("_")
            path = folder / f"{stem}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return folder

    def build(self, sketch: Path, board: str = QUICK_BOARD, **options: object) -> Firmware:
        """Build with the bench's tools and cache."""
        return build(BuildRequest(sketch, board, **options), self.tools, self.cache, Silent())  # type: ignore[arg-type]

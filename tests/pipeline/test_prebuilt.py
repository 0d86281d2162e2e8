"""Images that somebody else built, with little or nothing known of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from threaded import Threaded

from mlbench.boards import board_for
from mlbench.core.execution import Functions, OutputBuffer
from mlbench.elf.image import Image
from mlbench.errors import UsageError
from mlbench.pipeline.prebuilt import firmware_of, listen
from mlbench.results.values import Absent, RamNeed, Time, UnusedRam
from mlbench.targets.emulator.target import EmulatorTarget

TARGET = EmulatorTarget(board_for("nano33ble"))


def test_what_is_no_firmware_is_the_callers_mistake(threaded: Threaded, tmp_path: Path) -> None:
    damaged = tmp_path / "half.elf"
    damaged.write_bytes(threaded.build().read_bytes()[:5000])
    text = tmp_path / "text.elf"
    text.write_text("no firmware")
    for path, word in (
        (tmp_path, "folder"),
        (damaged, "half"),
        (text, "text"),
        (tmp_path / "none.elf", "no such file"),
    ):
        with pytest.raises(UsageError, match=word) as caught:
            firmware_of(path)
        assert caught.value.exit_status == 2
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_stripped_image_is_listened_to(threaded: Threaded, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-strip", "-s", "-o", stripped, threaded.build()], check=True)
    sent, ended = listen(firmware_of(stripped), TARGET)
    assert sent.startswith(b"result ")
    assert ended == ""


def test_end_of_an_image_that_is_listened_to_is_told(threaded: Threaded) -> None:
    _, ended = listen(threaded.firmware(way="ABORTS"), TARGET)
    assert ended.startswith("fault: abort() was called in model_init()")


@pytest.mark.parametrize(
    ("functions", "text"),
    [
        (
            Functions(None, "model_infer", (OutputBuffer(1, 4),)),
            "model_infer has no argument 1 to be an output: it takes one argument, number 0",
        ),
        (Functions(None, "model_init", (OutputBuffer(0, 4),)), "it takes no arguments"),
    ],
)
def test_output_that_the_function_has_not(threaded: Threaded, functions: Functions, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        TARGET.open(threaded.firmware(), functions)


def test_output_is_believed_without_debug_information(threaded: Threaded, tmp_path: Path) -> None:
    plain = tmp_path / "plain.elf"
    subprocess.run(["arm-none-eabi-strip", "-g", "-o", plain, threaded.build()], check=True)
    TARGET.open(firmware_of(plain), Functions(None, "model_infer", (OutputBuffer(1, 4),))).close()


BARE = """
#include <stdlib.h>
extern char end[];
void *_sbrk(int n) { static char *top = end; char *old = top;
  if (top + n > (char *)0x20030000) return (void *)-1;
  top += n; return old; }
volatile int sink;
__attribute__((noinline)) int infer(void) {
  volatile char *p = malloc(500); if (!p) for (;;) ; p[0] = 1; return 0; }
void ENTRY(void) { sink = infer(); for (;;) ; }
void Reset_Handler(void) { START; for (;;) ; }
__attribute__((section(".vectors"), used)) void *vectors[64] = {(void *)0x20040000, Reset_Handler};
"""
SCRIPT = """
ENTRY(Reset_Handler)
SECTIONS { .text 0x10000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
           .ARM.exidx : { *(.ARM.exidx*) }
           .data 0x20000000 : { *(.data*) }
           .bss (NOLOAD) : { *(.bss*) *(COMMON) . = ALIGN(8); end = .; } }
"""


def bare(folder: Path, entry: str) -> Path:
    (folder / "bare.c").write_text(BARE.replace("ENTRY", entry).replace("START", f"{entry}()"))
    (folder / "bare.ld").write_text(SCRIPT)
    elf = folder / f"{entry}.elf"
    flags = ("-mcpu=cortex-m4", "-mthumb", "-O1", "-nostartfiles", "--specs=nosys.specs", "-Wno-main")
    subprocess.run(
        ["arm-none-eabi-gcc", *flags, "-T", folder / "bare.ld", folder / "bare.c", "-o", elf],
        check=True,
        capture_output=True,
    )
    return elf


def test_main_stands_for_setup(threaded: Threaded, tmp_path: Path) -> None:
    found = threaded.profile(firmware_of(bare(tmp_path, "main")), Functions(None, "infer"))
    assert "the image has no setup(): probes act at the entry of main()" in found.notes
    assert isinstance(found.measures.unused_ram, UnusedRam), found
    assert found.measures.unused_ram.certified


def test_image_without_a_place_for_probes_is_timed_all_the_same(threaded: Threaded, tmp_path: Path) -> None:
    found = threaded.profile(firmware_of(bare(tmp_path, "begin")), Functions(None, "infer"))
    assert any("neither setup() nor main(): it is measured from its entry" in note for note in found.notes)
    unused = found.measures.unused_ram
    assert isinstance(unused, Absent)
    assert "no place to try an allocation" in unused.reason
    assert isinstance(found.measures.inference_time, Time)
    assert isinstance(found.measures.ram_need, RamNeed)
    assert found.measures.ram_need.peak_heap == 500


def test_image_is_parsed_once_and_again_when_it_changed(threaded: Threaded, tmp_path: Path) -> None:
    path = tmp_path / "image.elf"
    data = threaded.build().read_bytes()
    path.write_bytes(data)
    first = Image.load(path)
    assert Image.load(path) is first
    path.write_bytes(data + b"\0")
    assert Image.load(path) is not first

"""Functions in which firmware ends, and what their arguments say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from threaded import Threaded

from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine
from mlbench.targets.emulator.fatal import FatalExit, FatalWatch

SOURCE = """
#define KEEP __attribute__((noinline, noclone, used))
volatile int sink;
KEEP void z_fatal_error(unsigned reason, void *frame) { sink = reason; for (;;) ; }
KEEP void vApplicationStackOverflowHook(void *task, char *name) { sink = *name; for (;;) ; }
KEEP void vApplicationMallocFailedHook(void) { for (;;) ; }
KEEP void assert_post_action(const char *file, unsigned line) { sink = *file; for (;;) ; }
KEEP void osRtxErrorNotify(unsigned code, void *object) { sink = code; for (;;) ; }
KEEP void __stack_chk_fail(void) { for (;;) ; }
KEEP void mbed_assert_internal(const char *e, const char *f, int l) { sink = *e + *f + l; for (;;) ; }
void copied(int n) __asm("abort.constprop.0");
__attribute__((noinline, noclone, used)) void copied(int n) { sink = n; for (;;) ; }
KEEP void _exit(int status) { sink = status; for (;;) ; }
void Reset_Handler(void) { CALL; for (;;) ; }
__attribute__((section(".vectors"), used)) void *vectors[64] = {(void *)0x20040000, Reset_Handler};
"""
SCRIPT = """
SECTIONS { .text 0x10000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
           .bss 0x20000000 (NOLOAD) : { *(.bss*) *(COMMON) } }
"""


def death(folder: Path, call: str) -> FatalExit:
    (folder / "end.c").write_text(SOURCE.replace("CALL", call))
    (folder / "end.ld").write_text(SCRIPT)
    subprocess.run(
        [
            *("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", "-nostdlib", "-ffreestanding"),
            *("-Wl,-e,Reset_Handler", "-T", folder / "end.ld", folder / "end.c", "-o", folder / "end.elf"),
        ],
        check=True,
        capture_output=True,
    )
    machine = Machine(Image.load(folder / "end.elf"), NRF52840)
    watch = FatalWatch(machine)
    ending = machine.run(machine.clock.cycles(1000))
    assert ending.end is End.BREAKPOINT
    found = watch.at(ending.address)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("z_fatal_error(2, 0)", FatalExit("Zephyr fatal error 2 (stack overflow)")),
        ("z_fatal_error(4, 0)", FatalExit("Zephyr fatal error 4 (kernel panic)")),
        (
            'vApplicationStackOverflowHook(0, "model")',
            FatalExit("stack overflow, found by FreeRTOS in task 'model'"),
        ),
        (
            "vApplicationMallocFailedHook()",
            FatalExit("the allocator of FreeRTOS had no memory", memory=True),
        ),
        ('assert_post_action("a.c", 31)', FatalExit("assertion failed (a.c:31)")),
        ("osRtxErrorNotify(1, (void *)16)", FatalExit("RTX error 1 (stack overflow), object 0x00000010")),
        ("__stack_chk_fail()", FatalExit("stack overflow, found by the compiler's guard (__stack_chk_fail)")),
        ('mbed_assert_internal("a\\n<  b", "b.c", 7)', FatalExit("assertion failed: a < b (b.c:7)")),
        ("copied(1)", FatalExit("abort was called")),
        ("_exit(-1)", FatalExit("_exit(-1) was called")),
        ("_exit(0)", FatalExit("_exit(0) was called", good=True)),
    ],
)
def test_reason_is_read_from_the_arguments(
    threaded: Threaded, tmp_path: Path, call: str, expected: FatalExit
) -> None:
    assert death(tmp_path, call) == expected

"""Loops of the instructions that must be aligned, as images: the most that their check can cost."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

KERNEL_BOARD = "mlbench:nrf52840:nano33ble"

_START = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.section .vectors, "a"
.word 0x20040000, reset
.fill 62, 4, 0
.text
.type reset, %function
.globl reset
reset:
  ldr r0, =0xE000ED88
  mov r1, #0xF00000
  str r1, [r0]
  dsb
  isb
1: bl kernel
  b 1b
.ltorg
.type kernel, %function
.globl kernel
"""
_COPY = """
kernel: push {r4-r10, lr}
  mov r12, #4000
1: ldr r0, =0x20000000
  ldr r1, =0x20010000
  mov lr, #32
2: ldmia r0!, {r3-r10}
  stmia r1!, {r3-r10}
  subs lr, #1
  bne 2b
  subs r12, #1
  bne 1b
  pop {r4-r10, pc}
.ltorg
"""
_FILTER = """
kernel: push {r4, lr}
  mov r12, #1000
1: ldr r0, =0x20000000
  mov r4, #32
2: mov r1, r0
  ldr r2, =0x20010000
  movs r3, #8
  vsub.f32 s0, s0, s0
3: vldmia r1!, {s4-s7}
  vldmia r2!, {s8-s11}
  vmla.f32 s0, s4, s8
  vmla.f32 s0, s5, s9
  vmla.f32 s0, s6, s10
  vmla.f32 s0, s7, s11
  subs r3, #1
  bne 3b
  vstr s0, [r2]
  adds r0, #4
  subs r4, #1
  bne 2b
  subs r12, #1
  bne 1b
  pop {r4, pc}
.ltorg
"""
_SCRIPT = "SECTIONS { .text 0x10000 : { KEEP(*(.vectors)) *(.text*) } }"
_KERNELS = {"memcpy by LDM and STM": _COPY, "float FIR": _FILTER}


def kernel_images(folder: Path) -> dict[str, Path]:
    """An image of each, whose function ``kernel`` is called again and again; none without a compiler."""
    return link_all(folder, {name: _START + code for name, code in _KERNELS.items()})


def link_all(folder: Path, sources: dict[str, str]) -> dict[str, Path]:
    """An image of each source in assembly, which has vectors and ``reset``; none without a compiler."""
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        return {}
    (folder / "kernel.ld").write_text(_SCRIPT)
    images = {}
    for number, (name, code) in enumerate(sources.items()):
        source, elf = folder / f"kernel{number}.s", folder / f"kernel{number}.elf"
        source.write_text(code)
        options = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-nostdlib")
        link = ("-Wl,-e,reset", "-Wl,--build-id=none", "-T", str(folder / "kernel.ld"))
        subprocess.run([gcc, *options, *link, str(source), "-o", str(elf)], check=True)
        images[name] = elf
    return images

"""What an exception with its return costs on the host, in C and in Python.

``python -m mlbench.devtools.exception_speed``: bare programs that do little else, each on both block hooks in
one go of this command. Host time is the process's own, so that a busy machine disturbs less; what the program
does between its exceptions is part of it. Beside it stands the program's speed by the board's: above 1, it is
faster than on the chip.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mlbench.boards import board_for
from mlbench.devtools.kernels import KERNEL_BOARD, link_all
from mlbench.elf.image import Image
from mlbench.emulator.chip import Chip
from mlbench.emulator.chips import chip_of
from mlbench.emulator.machine import Machine

_START = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.section .vectors, "a"
.word 0x20040000, reset
.fill 9, 4, 0
.word leave, 0, 0, PENDSV, leave
.fill 48, 4, 0
.text
.type reset, %function
.globl reset
reset:
  ldr r5, =0xE000ED04
  mov r6, #0x10000000
  b main
.ltorg
.type leave, %function
leave: bx lr
.type main, %function
"""
_YIELD = """
.type switch, %function
switch:
  mrs r0, psp
  stmdb r0!, {r4-r11, lr}
  ldr r1, =0x20000000
  ldr r2, [r1]
  str r0, [r1]
  str r2, [r1, #4]
  ldr r3, [r1, #8]
  str r0, [r1, #8]
  mov r0, r3
  ldmia r0!, {r4-r11, lr}
  msr psp, r0
  bx lr
main:
  ldr r1, =0x20000000
  ldr r0, =0x20002000
  sub r0, #68
  str r0, [r1, #8]
  ldr r2, =thread
  str r2, [r0, #60]
  mov r2, #0x1000000
  str r2, [r0, #64]
  mvn r2, #2
  str r2, [r0, #32]
  strd r5, r6, [r0, #4]
  ldr r0, =0x20001000
  msr psp, r0
  mov r0, #2
  msr control, r0
  isb
.type thread, %function
thread:
  str r6, [r5]
  dsb
  isb
  b thread
.ltorg
"""
_GUARD = """
  bic r1, r0, #31
  sub r1, #0x400
  orr r1, #0x17
  movw r2, #9
  movt r2, #0x600
  movw r3, #0xED9C
  movt r3, #0xE000
  strd r1, r2, [r3]
"""
"""Region 7, of 32 bytes, read only, 1 KB below the thread's stack pointer."""
_ENABLE = "main:\n  ldr r0, =0xE000ED94\n  movs r1, #5\n  str r1, [r0]\n"
_PROGRAMS = {
    "supervisor call": "main: svc #0\n b main\n",
    "PendSV, pended by ICSR": "main: str r6, [r5]\n dsb\n isb\n b main\n",
    "SysTick each 400 cycles": """
main: ldr r0, =0xE000E010
  movw r1, #399
  str r1, [r0, #4]
  movs r1, #7
  str r1, [r0]
1: adds r1, #1
  b 1b
.ltorg
""",
    "threads that yield": _YIELD,
    "with guards by the MPU": _YIELD.replace("  msr psp, r0\n  bx", f"{_GUARD}  msr psp, r0\n  bx").replace(
        "main:\n", _ENABLE
    ),
}
_WARM_UP = 100
"""Exceptions before the clock is started: blocks are met and translated."""
_CYCLES = 2_000
"""A step of a run, in which a program takes some exceptions."""


@dataclass(frozen=True)
class ExceptionCost:
    """Host time of an exception with its return, and the program's speed by the board's."""

    us: float
    of_board: float


def _source(code: str) -> str:
    return _START.replace("PENDSV", "switch" if "switch:" in code else "leave") + code


def measure(image: Image, chip: Chip, exceptions: int, rounds: int, *, force_python: bool) -> ExceptionCost:
    """The least of some rounds, each of at least so many exceptions."""
    machine = Machine(image, chip, force_python=force_python)
    _run(machine, _WARM_UP)
    costs = []
    for _ in range(rounds):
        count, cycles, begin = machine.activity.exceptions, machine.clock.now, time.process_time()
        _run(machine, exceptions)
        seconds = time.process_time() - begin
        board = machine.clock.us(machine.clock.now - cycles) / 1e6
        costs.append(ExceptionCost(1e6 * seconds / (machine.activity.exceptions - count), board / seconds))
    return min(costs, key=lambda cost: cost.us)


def _run(machine: Machine, exceptions: int) -> None:
    """Run on until so many more have been taken, in few steps."""
    until, step = machine.activity.exceptions + exceptions, _CYCLES
    while (left := until - machine.activity.exceptions) > 0:
        before = machine.activity.exceptions
        machine.run(machine.clock.now + step)
        step = max(_CYCLES, step * left // max(1, machine.activity.exceptions - before))


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.exception_speed", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--exceptions", type=int, default=50_000, help="of a round in C; in Python a hundredth"
    )
    parser.add_argument("--rounds", type=int, default=5, help="repetitions; the quickest counts")
    options = parser.parse_args()
    chip = chip_of(board_for(KERNEL_BOARD))
    print(f"{'':26}{'in C':>12}{'of board':>10}{'in Python':>12}{'of board':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory(prefix="mlbench-") as folder:
        images = link_all(Path(folder), {name: _source(code) for name, code in _PROGRAMS.items()})
        for name, elf in images.items():
            image = Image.load(elf)
            ours = measure(image, chip, options.exceptions, options.rounds, force_python=False)
            few = max(1, options.exceptions // 100)
            theirs = measure(image, chip, few, options.rounds, force_python=True)
            print(
                f"{name:26}{ours.us:9.2f} us{ours.of_board:10.2f}{theirs.us:9.2f} us{theirs.of_board:10.2f}"
                f"{theirs.us / ours.us:8.1f}"
            )
    if not images:
        print("mlbench: arm-none-eabi-gcc is not on PATH", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())

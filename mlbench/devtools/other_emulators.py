"""The same inference on other emulators, where they are installed: QEMU and LabWired.

They have other peripherals or none of the chip's, so they are given the firmware in the middle of its
run: flash and RAM as they are when the inference begins, and a few instructions in front that put the
registers back, call it, and stop. What runs is the same code on the same data.
"""

from __future__ import annotations

import importlib
import importlib.util
import resource
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

from mlbench.emulator.machine import Machine

_START, _TABLE, _COUNT = 0x100, 0x200, 0x240
"""Where the instructions in front, the registers and the number of rounds lie: below the firmware's flash."""
_FRONT = f"""
.syntax unified
.cpu cortex-m4
.thumb
  ldr r0, =0xE000ED88      @ CPACR: the FPU on
  mov.w r1, #0x00F00000
  str r1, [r0]
  dsb
  isb
again:
  movw r12, #{_TABLE}
  ldmia.w r12!, {{r0-r11}}
  ldr.w sp, [r12]
  ldr.w lr, =after + 1 + {_START}
  ldr.w pc, [r12, #4]
after:
  movw r0, #{_COUNT}
  ldr r1, [r0]
  subs r1, #1
  str r1, [r0]
  bne again
  movs r0, #0x18           @ semihosting SYS_EXIT, ADP_Stopped_ApplicationExit
  ldr r1, =0x20026
  bkpt #0xab
  b .
.ltorg
"""
_TARGET_INSTRUCTIONS = 400_000_000
"""QEMU runs so many: it starts in a fifth of a second, which is told apart by a second run of one round."""
_LABWIRED_INSTRUCTIONS = 3_000_000


def freeze(machine: Machine, rounds: int, folder: Path) -> Path | None:
    """An ELF that runs the function that ``machine`` is about to enter; None where it cannot be made."""
    flash, ram = bytearray(machine.flash.data), bytes(machine.ram.data)
    if any(flash[: _COUNT + 4].strip(b"\xff\0")):
        return None  # something of the firmware lies there
    front = _assembled(folder)
    if front is None or len(front) > _TABLE - _START:
        return None
    registers = [machine.cpu.r(number) for number in (*range(12), 13)]
    flash[0:8] = struct.pack("<2I", registers[12], _START | 1)
    flash[_START : _START + len(front)] = front
    flash[_TABLE : _TABLE + 56] = struct.pack("<14I", *registers, machine.cpu.pc | 1)
    flash[_COUNT : _COUNT + 4] = struct.pack("<I", rounds)
    path = folder / f"frozen{rounds}.elf"
    path.write_bytes(_elf(((machine.flash.start, bytes(flash)), (machine.ram.start, ram))))
    return path


def _assembled(folder: Path) -> bytes | None:
    tools = [shutil.which(f"arm-none-eabi-{name}") for name in ("as", "objcopy")]
    assembler, copier = tools
    if assembler is None or copier is None:
        return None
    plain, raw = folder / "front.o", folder / "front.bin"
    subprocess.run([assembler, "-", "-o", str(plain)], input=_FRONT.encode(), check=True)
    subprocess.run([copier, "-O", "binary", str(plain), str(raw)], check=True)
    return raw.read_bytes()


def _elf(segments: tuple[tuple[int, bytes], ...]) -> bytes:
    offset = 52 + 32 * len(segments)
    offset += -offset % 4
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 40, 1, _START | 1, 52, 0, 0x5000400,
                         52, 32, len(segments), 40, 0, 0)  # fmt: skip
    table, body = b"", b""
    for start, data in segments:
        table += struct.pack("<8I", 1, offset + len(body), start, start, len(data), len(data), 7, 4)
        body += data
    return (header + table).ljust(offset, b"\0") + body


def qemu(machine: Machine, instructions: int, folder: Path) -> float | None:
    """MIPS of QEMU's Cortex-M4F (machine mps2-an386, memory where the chip has it); None: not to be had."""
    program = shutil.which("qemu-system-arm")
    if program is None:
        return None
    rounds = max(2, _TARGET_INSTRUCTIONS // instructions)
    seconds = []
    for count in (1, rounds):
        image = freeze(machine, count, folder)
        if image is None:
            return None
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(
                [program, "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none",
                 "-semihosting-config", "enable=on,target=native", "-kernel", str(image)],
                timeout=120, capture_output=True, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    spent = seconds[1] - seconds[0]
    return (rounds - 1) * instructions / spent / 1e6 if spent > 0 else None


def labwired(machine: Machine, instructions: int, folder: Path) -> float | None:
    """MIPS of LabWired's nRF52840; None where it is not installed or does not get through."""
    image = freeze(machine, 1, folder) if importlib.util.find_spec("labwired") else None
    if image is None:
        return None
    package: Any = importlib.import_module("labwired")
    configurations = Path(package.__file__).parent / "configs"
    other = package.Machine(str(image), str(configurations / "systems" / "nrf52840-dk.yaml"))
    steps = min(instructions, _LABWIRED_INSTRUCTIONS)
    other.step(1000)
    before = time.process_time()
    other.step(steps)
    return steps / (time.process_time() - before) / 1e6

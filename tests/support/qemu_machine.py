"""The same bare images on the emulator and on QEMU's mps2-an386, a Cortex-M4 with FPU.

Code lies at 0 and data at 0x20000000, where both have memory. An image leaves its results by semihosting.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from bare_image import Compiler

from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine

QEMU = "qemu-system-arm"

_DUMP = """
.syntax unified
.thumb
.text
.globl dump
.thumb_func
dump:
  push {r4-r6, lr}
  mov r4, r0
  mov r5, r1
  sub sp, #16
  movs r0, #1
  adr r1, open
  bkpt #0xAB
  str r0, [sp]; str r4, [sp, #4]; str r5, [sp, #8]
  movs r0, #5
  mov r1, sp
  bkpt #0xAB
  movs r0, #0x18
  ldr r1, =0x20026
  bkpt #0xAB
  b .
.balign 4
open: .word terminal, 4, 3
terminal: .asciz ":tt"
.balign 4
.ltorg
"""


@dataclass(frozen=True)
class BothMachines:
    """Compiles images for both, and runs them."""

    compiler: Compiler
    folder: Path

    def image(self, source: str, *, asm: bool, lines: bool = False) -> Path:
        """An image whose ``main`` ends in ``dump(start, size)``; ``lines``: it knows its source lines."""
        (self.folder / "dump.s").write_text(_DUMP)
        flags = (
            "-O1",
            "-Wl,--defsym=FLASH_ORIGIN=0",
            str(self.folder / "dump.s"),
            *(["-g"] if lines else []),
        )
        return self.compiler.image(source, asm=asm, flags=flags).path

    def linked(self, objects: list[str]) -> Path:
        """An image of C++ object files, whose ``main`` ends in ``dump(start, size)``."""
        (self.folder / "dump.s").write_text(_DUMP)
        flags = (
            "-Wl,--defsym=FLASH_ORIGIN=0",
            "-Wl,--gc-sections",
            "-Wl,--defsym=end=bss_end",
            str(self.folder / "dump.s"),
            *objects,
        )
        return self.compiler.image("", asm=True, flags=(*flags, "-lm", "-lc", "-lnosys")).path

    def emulated(self, elf: Path, *, force_python: bool = False) -> bytes:
        """What the image leaves on the emulator."""
        return self.machine(elf, force_python=force_python).serial()

    def machine(self, elf: Path, *, force_python: bool = False) -> Machine:
        """The emulator after the image has run."""
        machine = Machine(Image.load(elf), NRF52840, force_python=force_python)
        ending = machine.run(64_000_000, host_seconds=60)
        assert ending.end is End.SEMIHOSTING, (ending, hex(machine.cpu.pc))
        return machine

    def reference(self, elf: Path) -> bytes:
        """What it leaves on QEMU."""
        done = subprocess.run(
            [QEMU, "-M", "mps2-an386", "-kernel", str(elf), "-display", "none", "-monitor", "none",
             "-serial", "none", "-semihosting-config", "enable=on,target=native"],
            capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


# `finish` of the start-up is where main returns to: the notes are left there.
_FINISH = """
.syntax unified
.thumb
.text
.globl finish
.thumb_func
finish:
  ldr r0, =out
  ldr r1, =count
  ldr r1, [r1]
  lsls r1, #2
  b dump
.ltorg
"""


@dataclass(frozen=True)
class OnReference:
    """Firmware of a conformance test, on QEMU."""

    machines: BothMachines
    elf: Path

    def finish(self) -> list[int]:
        """The firmware's notes."""
        return [word for (word,) in struct.iter_unpack("<I", self.machines.reference(self.elf))]


@dataclass(frozen=True)
class ReferenceCompiler:
    """Compiles conformance firmware for QEMU; stands in for ``Compiler``."""

    machines: BothMachines

    def machine(self, source: str, *, flags: tuple[str, ...] = ("-O1",)) -> OnReference:
        """Firmware about to run."""
        folder = self.machines.folder
        (folder / "dump.s").write_text(_DUMP)
        (folder / "finish.s").write_text(_FINISH)
        more = ("-Wl,--defsym=FLASH_ORIGIN=0", str(folder / "dump.s"), str(folder / "finish.s"))
        return OnReference(self.machines, self.machines.compiler.image(source, flags=(*flags, *more)).path)


@pytest.fixture(scope="session")
def both(bare: Compiler, tmp_path_factory: pytest.TempPathFactory) -> BothMachines:
    """The emulator and QEMU."""
    if shutil.which(QEMU) is None:
        pytest.skip(f"needs {QEMU} on PATH (`make tools` installs it)")
    return BothMachines(bare, tmp_path_factory.mktemp("both"))

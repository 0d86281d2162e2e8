"""Bare images: a vector table, a start-up and a few lines of C or assembly, without any library."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Ending, Machine

ROOT = Path(__file__).parents[2]
MS = 64_000
"""Cycles a millisecond."""

SCRIPT = """
MEMORY {
  FLASH (rx) : ORIGIN = DEFINED(FLASH_ORIGIN) ? FLASH_ORIGIN : 0x10000, LENGTH = 0xf0000
  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = DEFINED(RAM_LENGTH) ? RAM_LENGTH : 256K
}
ENTRY(reset_handler)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4); } > FLASH
  .data : { . = ALIGN(4); data_start = .; *(.data*) . = ALIGN(4); data_end = .; } > RAM AT > FLASH
  data_load = LOADADDR(.data);
  .bss (NOLOAD) : { bss_start = .; *(.bss*) *(COMMON) . = ALIGN(8); bss_end = .; } > RAM
  stack_top = ORIGIN(RAM) + LENGTH(RAM);
  /DISCARD/ : { *(.ARM.exidx*) *(.comment) }
}
"""

_NAMED = {2: "nmi", 3: "hard_fault", 4: "mem_manage", 5: "bus_fault", 6: "usage_fault", 11: "svc",
          14: "pendsv", 15: "systick"}  # fmt: skip


def _vectors() -> str:
    lines = [".syntax unified", ".cpu cortex-m4", ".fpu fpv4-sp-d16", ".thumb", '.section .vectors, "a"']
    names = {n: f"{name}_handler" for n, name in _NAMED.items()}
    names |= {16 + n: f"irq{n}_handler" for n in range(48)}
    lines += [".globl vectors", "vectors:", ".word stack_top", ".word reset_handler"]
    lines += [f".word {names.get(n, 'unexpected')}" for n in range(2, 64)]
    lines += [".text"]
    for name in names.values():
        lines += [f".weak {name}", f".thumb_set {name}, unexpected"]
    lines += [
        ".globl unexpected, reset_handler, finish",
        ".type unexpected, %function", ".type reset_handler, %function", ".type finish, %function",
        "unexpected: bkpt #0xEE",
        "reset_handler:",
        # DEMCR.TRCENA, for the cycle counter.
        "movw r0, #0xEDFC", "movt r0, #0xE000", "mov r1, #0x1000000", "str r1, [r0]", "nop",
        # CPACR: the FPU is on.
        "movw r0, #0xED88", "movt r0, #0xE000", "mov r1, #0xF00000", "str r1, [r0]", "nop",
        "ldr r0, =data_start", "ldr r1, =data_end", "ldr r2, =data_load",
        "1: cmp r0, r1", "itt lo", "ldrlo r3, [r2], #4", "strlo r3, [r0], #4", "blo 1b",
        "ldr r0, =bss_start", "ldr r1, =bss_end", "movs r3, #0",
        "2: cmp r0, r1", "it lo", "strlo r3, [r0], #4", "blo 2b",
        # Sixteen bytes, so that what follows lies on the same lines of the instruction cache.
        "bl main", "b.w finish", "nop.w", "nop.w", "nop.w",
        ".weak finish", "finish: b .",
        ".ltorg",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


PRELUDE = """
typedef unsigned u32; typedef unsigned char u8; typedef unsigned short u16;
#define REG(a) (*(volatile u32 *)(a))
#define ICSR REG(0xE000ED04)
#define PENDSVSET (1u << 28)
#define ENABLE(n) (REG(0xE000E100 + 4 * ((n) / 32)) = 1u << ((n) % 32))
#define PEND(n) (REG(0xE000E200 + 4 * ((n) / 32)) = 1u << ((n) % 32))
#define PRIORITY(n, p) (*(volatile u8 *)(0xE000E400 + (n)) = (p))
#define SYSTEM_PRIORITY(n, p) (*(volatile u8 *)(0xE000ED18 + (n) - 4) = (p))
#define BARRIER() __asm volatile("dsb; isb" ::: "memory")
#define NAKED __attribute__((naked))
volatile u32 out[64]; volatile u32 count;
static inline void note(u32 v) { out[count++] = v; }
"""


@dataclass(frozen=True)
class Compiler:
    """Compiles into a folder; the same source gives the same file."""

    folder: Path

    def image(self, source: str, *, asm: bool = False, flags: tuple[str, ...] = ("-O1",)) -> Image:
        """A bare image. C sources get ``PRELUDE``; assembly is for ``main`` and what it needs."""
        text = ".syntax unified\n.thumb\n.text\n" + source if asm else PRELUDE + source
        name = hashlib.sha256(repr((text, flags)).encode()).hexdigest()[:16]
        elf = self.folder / f"{name}.elf"
        if not elf.exists():
            start, script = self.folder / "start.s", self.folder / "bare.ld"
            if not start.exists():
                start.write_text(_vectors())
                script.write_text(SCRIPT)
            file = self.folder / f"{name}.{'s' if asm else 'c'}"
            file.write_text(text)
            command = [
                "arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16",
                "-ffreestanding", "-fno-delete-null-pointer-checks", "-fno-common", "-nostdlib",
                "-nostartfiles", "-Wl,--build-id=none",
                "-Wl,-z,max-page-size=4096",
                *flags, "-T", str(script), str(start), str(file),
                *(f for f in flags if f.startswith("-l")), "-lgcc", "-o", str(elf),
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        return Image.load(elf)

    def machine(self, source: str, *, asm: bool = False, flags: tuple[str, ...] = ("-O1",)) -> Machine:
        """A machine with a bare image, about to run its first instruction."""
        return Machine(self.image(source, asm=asm, flags=flags), NRF52840)


def address(machine: Machine, name: str) -> int:
    """Where a symbol is."""
    symbol = machine.image.symbol(name)
    assert symbol is not None, name
    return symbol.address & ~1 if symbol.kind == "func" else symbol.address


def words(machine: Machine, name: str = "out", count: int = 8, signed: bool = False) -> list[int]:
    """Words of an array of the firmware's."""
    data = machine.cpu.read(address(machine, name), 4 * count)
    return [int.from_bytes(data[n : n + 4], "little", signed=signed) for n in range(0, len(data), 4)]


def notes(machine: Machine) -> list[int]:
    """What the firmware gave to ``note``."""
    return words(machine, "out", words(machine, "count", 1)[0])


def run_to(machine: Machine, name: str, ms: float = 100) -> Ending:
    """Run to a symbol; anything else that happens is returned as well."""
    where = address(machine, name)
    machine.set_break(where)
    ending = machine.run(machine.clock.now + int(ms * MS), host_seconds=20)
    machine.set_break(where, False)
    return ending


class Elsewhere(Protocol):
    """The same firmware on something else."""

    def finish(self) -> list[int]:
        """See the function of this name."""


def finish(machine: Machine | Elsewhere, ms: float = 100) -> list[int]:
    """Run until ``main`` returns and give the firmware's notes."""
    if not isinstance(machine, Machine):
        return machine.finish()
    ending = run_to(machine, "finish", ms)
    assert ending.end is End.BREAKPOINT, (ending, notes(machine), hex(machine.cpu.pc))
    return notes(machine)


class Chip:
    """The registers of a chip whose firmware does nothing, for what needs no firmware."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        assert run_to(machine, "finish").end is End.BREAKPOINT

    def __getitem__(self, address: int) -> int:
        return self.machine.bus.read(address, 4)

    def __setitem__(self, address: int, value: int) -> None:
        self.machine.bus.write(address, 4, value)

    def part(self, name: str) -> Any:
        """A peripheral by name."""
        return self.machine.bus.by_name[name]

    def wait(self, us: float) -> Ending:
        """Let virtual time pass; what ended it before that, if something did."""
        machine = self.machine
        until = machine.clock.now + int(us * MS / 1000)
        while True:
            ending = machine.run(until, host_seconds=20)
            if ending.end not in (End.IDLE, End.DEADLINE):
                return ending
            machine.clock.sleep_until(until)
            if ending.end is End.DEADLINE:
                return ending

    def time_to(self, event: int, most_us: float = 1e6) -> float:
        """Microseconds until an event register is raised; it must not be yet."""
        machine = self.machine
        assert self[event] == 0
        begin = machine.clock.now
        while not self[event]:
            at = machine.clock.next_at()
            assert at <= begin + most_us * MS / 1000, "the event does not come"
            self.wait((at - machine.clock.now + 1) * 1000 / MS)
        return machine.clock.us(machine.clock.now - begin)


def build_native(folder: Path) -> Path | None:
    """The block hook as a library; None where there is no C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "block_hook.so"
    source = ROOT / "mlbench" / "emulator" / "_block_hook.c"
    subprocess.run(
        [
            compiler,
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
            "-ffreestanding",
            "-nostdlib",
            "-o",
            str(library),
            str(source),
        ],
        check=True,
    )
    return library

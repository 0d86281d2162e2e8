"""The tests' own platform of sketches behind a loader, built into a folder that stands for a sketchbook."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SOURCES = Path(__file__).parent / "zephyr_core"
_CPU = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_ALLOCATORS = ("calloc", "free", "malloc", "realloc")
_FUNCTIONS = ("loader_micros", "memcpy", "memset", "printk", "strlen", "uart_write")
BOARD = "arduino:zephyr:nano33ble"


@dataclass(frozen=True)
class Generation:
    """One state of the core: its header, its partition, and how large its heap of sketches is, in KiB."""

    version: int = 1
    base: int = 0x70000
    size: int = 0x88000
    heap_kb: int = 64
    """Of 128 in 2026's loader: the rest is left to malloc() here."""
    elf: bool = True
    """Whether the platform has the loader's ELF file."""


OF_2025 = Generation(0, 0xE0000, 0x18000, 64, elf=False)
OF_2026 = Generation()


def install(user: Path, generation: Generation = OF_2026, package: str = "arduino") -> Path:
    """Build the loader and put the platform into ``user``/hardware; the platform's folder."""
    platform = user / "hardware" / package / "zephyr"
    shutil.copytree(_SOURCES, platform)
    gcc = shutil.which("arm-none-eabi-gcc")
    assert gcc is not None
    values = {
        "GCC": str(Path(gcc).parent),
        "PYTHON": sys.executable,
        "VERSION": str(generation.version),
        "UPLOAD": hex(generation.base - 0x10000),
        "SIZE": str(generation.size),
        "DYNAMIC": "elf-zsk.bin" if generation.version else "llext.dfu.bin",
    }
    for name in ("boards.txt", "platform.txt"):
        text = (platform / name).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        if not generation.version:
            # The core of 2025 has no menu, and loads every sketch.
            text = text.replace("menu.link_mode.dynamic.", "").replace("nano33ble.menu.", "# ")
        (platform / name).write_text(text)
    firmwares = platform / "firmwares"
    firmwares.mkdir()
    elf = firmwares / "zephyr-nano33ble.elf"
    _run(
        gcc, *_CPU, "-Os", "-g", "-ffreestanding", "-nostdlib", "-fno-tree-loop-distribute-patterns",
        f"-DSKETCH_BASE={generation.base:#x}", f"-DSKETCH_SIZE={generation.size:#x}",
        f"-DLLEXT_HEAP_KB={generation.heap_kb}", *(() if generation.version else ("-DHEADER_V0",)),
        f"-T{platform / 'loader' / 'loader.ld'}", str(platform / "loader" / "loader.c"), "-lgcc",
        "-o", str(elf),
    )  # fmt: skip
    _run("arm-none-eabi-objcopy", "-O", "binary", str(elf), str(elf.with_suffix(".bin")))
    (platform / "variants" / "nano33ble").mkdir(parents=True, exist_ok=True)
    (platform / "variants" / "nano33ble" / "syms-static.ld").write_text(_symbols(elf, generation))
    if not generation.elf:
        elf.unlink()
    return platform


def _symbols(elf: Path, generation: Generation) -> str:
    """Addresses in the loader for linked sketches (variants/*/syms-static.ld of the core)."""
    listed = subprocess.run(["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True).stdout
    entries = [line.split() for line in listed.splitlines()]
    names = {entry[2]: int(entry[0], 16) for entry in entries if len(entry) == 3}
    lines = [f"PROVIDE({name} = {names[name] | 1:#x});" for name in (*_ALLOCATORS, *_FUNCTIONS)]
    lines += [f"PROVIDE(__wrap_{name} = {names[name] | 1:#x});" for name in _ALLOCATORS]
    lines += [
        f"_sketch_start = {generation.base:#x};",
        f"_sketch_max_size = {generation.size:#x};",
        f"kheap__sketch_heap = {names['llext_memory']:#x};",
        f"kheap__sketch_heap_size = {generation.heap_kb * 1024:#x};",
    ]
    return "\n".join(lines) + "\n"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

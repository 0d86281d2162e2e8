"""Firmware with threads of its own, built from ``threaded_sketch``."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.boards import board_for
from mlbench.core.execution import Functions, OutputBuffer
from mlbench.core.firmware import Firmware
from mlbench.elf.image import Image
from mlbench.measure.profile import Profile, profile
from mlbench.pipeline.prebuilt import firmware_of, spec_of
from mlbench.targets.emulator.target import EmulatorSession, EmulatorTarget

SOURCES = Path(__file__).parent / "threaded_sketch"
FUNCTIONS = Functions("model_init()", "model_infer", (OutputBuffer(0, 4),))
_WAYS = (
    *("GOOD", "ABORTS", "ASSERTS", "NEW_FAILS", "EXITS", "ERRORS", "DENSE", "SPARSE", "WRITES_NULL"),
    *("HANGS", "TERMINATES", "FAULTS", "MOVES", "IN_HANDLER", "JUMPS", "WORKER_SPARSE", "EXITS_WELL"),
    *("PURE_VIRTUAL", "DEEP", "SLEEPS", "WAITS", "WAITS_A_WHILE"),
)
"""As in sketch.cpp."""
_FLAGS = (
    *("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16", "-O2", "-g"),
    *("-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fno-exceptions"),
    "-fno-delete-null-pointer-checks",
)
HEADER = ("-DHEADER", "-Wl,--wrap=_malloc_r", "-Wl,--wrap=_free_r")
"""Puts a header before each block, by wrapping newlib's allocator."""
NANO = ("--specs=nano.specs",)
OTHER_KERNEL = ("-DINFO=kernel_info", "-DMAIN_STACK=z_main_stack", "-DBY_MSR")
"""No block that RTX would have; the first thread is entered without an exception."""
POOL = ("-DINFO=kernel_info", "-DPOOL")
"""Stacks that no symbol tells, only the word at their bottom."""


@dataclass(frozen=True)
class Threaded:
    """Builds into a folder; the same options give the same file."""

    folder: Path

    def build(self, *options: str) -> Path:
        name = hashlib.sha256(repr(options).encode()).hexdigest()[:12]
        elf = self.folder / f"{name}.elf"
        if elf.exists():
            return elf
        compiling = [option for option in options if option.startswith("-D")]
        objects = []
        for source, standard in (("kernel.c", "gnu11"), ("sketch.cpp", "gnu++14")):
            out = self.folder / f"{name}-{source}.o"
            file = SOURCES / source
            _gcc(
                *_FLAGS,
                f"-std={standard}",
                *compiling,
                f"-ffile-prefix-map={SOURCES}=.",
                "-c",
                file,
                "-o",
                out,
            )
            objects.append(out)
        linking = [option for option in options if not option.startswith("-D")]
        script = ("-T", SOURCES / "threaded.ld", "-Wl,--gc-sections")
        _gcc(*_FLAGS, "-nostartfiles", *script, *linking, *objects, "-lc", "-lgcc", "-o", elf)
        return elf

    def firmware(self, *options: str, way: str = "GOOD", churn: int = 40) -> Firmware:
        """The firmware that goes ``way``; its worker's blocks have ``churn`` bytes and more."""
        elf = self.build(*options)
        image = Image.load(elf)
        data = bytearray(elf.read_bytes())
        for name, value in (("way", _WAYS.index(way)), ("churn", churn)):
            symbol = image.symbol(name)
            assert symbol is not None
            section = image.section_at(symbol.address)
            assert section is not None
            at = section.offset + symbol.address - section.address
            data[at : at + 4] = value.to_bytes(4, "little")
        path = self.folder / f"{elf.stem}-{way}-{churn}.elf"
        path.write_bytes(data)
        return firmware_of(path)

    def open(self, firmware: Firmware, functions: Functions = FUNCTIONS) -> EmulatorSession:
        return EmulatorTarget(board_for(spec_of(firmware, "", ram=True).board)).open(firmware, functions)

    def profile(self, firmware: Firmware, functions: Functions = FUNCTIONS, **more: object) -> Profile:
        spec = replace(spec_of(firmware, "", ram=True), functions=functions, **more)  # type: ignore[arg-type]
        return profile(firmware, spec, EmulatorTarget(board_for(spec.board)))


def _gcc(*arguments: object) -> None:
    command = ["arm-none-eabi-gcc", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

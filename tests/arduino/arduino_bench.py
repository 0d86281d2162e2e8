"""Sketches for the project's own platform, compiled for real, and run on the embedded emulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Ending, Machine
from mlbench.firmware import build
from mlbench.firmware.toolchain import Toolchain
from mlbench.util.progress import Silent

BOARD = "mlbench:nrf52840:nano33ble"
CLOCK_HZ = 64_000_000
LTO = (
    "compiler.c.extra_flags=-flto",
    "compiler.cpp.extra_flags=-flto",
    "compiler.c.elf.extra_flags=-flto",
)


@dataclass(frozen=True)
class Built:
    """A built sketch and its image."""

    firmware: Firmware
    image: Image

    def address(self, name: str) -> int:
        symbol = self.image.symbol(name)
        assert symbol is not None, name
        return symbol.address

    def flash(self) -> bytes:
        """What is in flash, byte by byte."""
        return b"".join(segment.data for segment in self.image.segments)

    def flash_size(self) -> int:
        return sum(size for _, size in self.image.flash_bytes())

    def names(self) -> set[str]:
        return {symbol.demangled for symbol in self.image.symbols}


class Bench:
    """Writes sketches, builds them, runs them."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder = folder
        self.tools = tools

    def sketch(self, name: str, text: str, files: dict[str, str] | None = None, place: str = "a") -> Path:
        folder = self.folder / place / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in {f"{name}.ino": text, **(files or {})}.items():
            (folder / file).write_text(content)
        return folder

    def build(self, sketch: Path, *properties: str, options: str = "") -> Built:
        fqbn = f"{BOARD}:{options}" if options else BOARD
        request = BuildRequest(sketch, fqbn, build_properties=properties)
        firmware = build(request, self.tools, self.folder / "cache", Silent())
        return Built(firmware, Image.load(firmware.elf))


@dataclass
class Run:
    """A run of a machine: where it ended, and its text."""

    machine: Machine
    ending: Ending

    @property
    def text(self) -> str:
        return self.machine.serial().decode("latin-1")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\r\n")[:-1]

    @property
    def function(self) -> str:
        """The function in which it ended."""
        symbol = self.machine.image.function_at(self.ending.address or self.machine.cpu.pc)
        return symbol.demangled if symbol else ""

    @property
    def seconds(self) -> float:
        return self.machine.clock.now / CLOCK_HZ


def run(built: Built, received: bytes = b"", *, seconds: float = 60.0, stop: str = "loop") -> Run:
    """Run from reset until the function ``stop`` is entered, nothing more can happen, or time is up."""
    machine = Machine(built.image, NRF52840)
    machine.set_break(built.address(stop))
    machine.bus.by_name["UARTE0"].feed(received)  # type: ignore[attr-defined]
    return Run(machine, machine.run(int(seconds * CLOCK_HZ)))

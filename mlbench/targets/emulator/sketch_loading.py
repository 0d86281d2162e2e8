"""A sketch's start by its prebuilt loader: where the loader puts it, or why it does not.

The loader tells its reasons with printk(), which sketches may use too, so that even a loader of plain bytes
says where it is. What it is given is read there: Zephyr passes on what is printed to its log, which drops it
where no log is open yet, and then nobody sees it (Kconfig ``LOG_PRINTK``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlbench.core.firmware import SketchParts
from mlbench.elf.composed import read_parts, sketch_object, with_places
from mlbench.elf.functions import function_address
from mlbench.elf.image import Image
from mlbench.elf.sketch_places import MemoryBytes, find_places
from mlbench.elf.sketch_start import missing_names, refusal
from mlbench.emulator.chip import Chip
from mlbench.emulator.machine import End, Machine
from mlbench.errors import SketchError
from mlbench.targets.emulator import verdict

_REFUSALS = (
    "Failed to ",
    "No sketch found",
    "Invalid sketch header",
    "Unable to allocate",
    "Too many memory partitions",
)
"""What loader/main.c of arduino/ArduinoCore-zephyr prints where it gives up (commits 00ec495, 0709037)."""
_LONGEST_TEXT = 120
_SLICE_US = 20_000.0
"""So often RAM is looked at while a loader works."""
_UNDEFINED = re.compile(rb"Undefined symbol with no entry in symbol table ([A-Za-z0-9_.$]+)")
"""``llext_link`` of subsys/llext/llext_link.c, zephyr commit 0526fa1."""
_LOG = re.compile(rb"llext: ([^\r\n\x1b]+)")


class LoaderWatch:
    """Reads what a loader says of a sketch that it does not start."""

    def __init__(self, machine: Machine, parts: SketchParts) -> None:
        self._machine, self._parts = machine, parts
        self.address = function_address(machine.image, "printk")
        """Where the machine must stop for it; None where the loader cannot be listened to."""

    def refused(self, address: int) -> str:
        """At a breakpoint: the reason why the sketch is not started, else nothing."""
        if address != self.address:
            return ""
        cpu = self._machine.cpu
        own = range(self._parts.base, self._parts.base + self._parts.sketch_bytes)
        if cpu.r(14) in own or self._machine.chip.ram.holds(cpu.r(14)):
            return ""  # the sketch itself prints this
        raw = cpu.read(cpu.r(0), _LONGEST_TEXT).partition(b"\0")[0]
        text = raw.decode("latin-1").strip()
        if not text.startswith(_REFUSALS):
            return ""
        code = cpu.r(1) if "%d" in text else None
        if code is not None and code & 0x80000000:
            code -= 1 << 32
        return self._explained(text if code is None else text.replace("%d", str(code), 1), code)

    def _explained(self, text: str, code: int | None) -> str:
        printed = self._machine.serial()
        undefined = tuple(dict.fromkeys(name.decode() for name in _UNDEFINED.findall(printed)))
        if undefined:
            return missing_names(undefined, self._parts)
        logged = [line.decode("latin-1") for line in _LOG.findall(printed)]
        return refusal("; ".join([*logged[:1], text]), code, self._parts)


def started_image(image: Image, chip: Chip, deadline_us: float, host_seconds: float) -> Image:
    """An image with its sketch where it runs; one that no loader starts, as it is.

    Raises:
        SketchError: the loader does not start the sketch.
        EnvironmentFault: the host is too slow.
    """
    parts = read_parts(image)
    if parts is None or parts.mode != "dynamic":
        return image
    placed = place_sketch(image, parts, chip, deadline_us, host_seconds)
    if placed.refused:
        raise SketchError(f"was not started: {placed.refused}", where=image.path.name)
    return placed.image


@dataclass(frozen=True)
class Placed:
    """The image with the sketch where it runs; else ``refused`` says why it was not started."""

    image: Image
    refused: str = ""
    serial: bytes = b""
    virtual_us: float = 0.0


def place_sketch(
    image: Image, parts: SketchParts, chip: Chip, deadline_us: float, host_seconds: float
) -> Placed:
    """Let the loader start a dynamic sketch, and find where it has put it.

    Args:
        image: loader and sketch.
        parts: what it is made of.
        chip: what it runs on.
        deadline_us: how long it may take, in virtual time.
        host_seconds: how long it may take on the host.

    Raises:
        EnvironmentFault: the host is too slow.
        SketchError: the sketch's code is in RAM twice.
    """
    machine = Machine(image, chip)
    machine.reset()
    watch, sketch = LoaderWatch(machine, parts), sketch_object(image)
    if watch.address is not None:
        machine.set_break(watch.address)
    end, step = machine.clock.cycles(deadline_us), machine.clock.cycles(_SLICE_US)
    limit = machine.host_time(host_seconds)
    look, resume = step, False
    while machine.clock.now < end:
        ending = machine.run(min(end, look), resume=resume, host_time=limit)
        resume = ending.end is End.BREAKPOINT
        if resume:
            refused = watch.refused(ending.address)
            if refused:
                return Placed(image, refused, machine.serial(), machine.clock.us(machine.clock.now))
            continue
        look = machine.clock.now + step
        places = find_places(sketch, MemoryBytes(chip.ram.start, bytes(machine.ram.data)), parts.records)
        if places:
            return Placed(Image.parse(with_places(image, places), image.path))
        if ending.end is not End.DEADLINE:
            chain = verdict.call_chain(machine)
            _, reason = verdict.of_ending(machine, ending, chain, when="in the loader")
            return Placed(image, reason, machine.serial(), machine.clock.us(machine.clock.now))
    ms = deadline_us / 1e3
    reason = f"the loader {parts.loader} did not start the sketch in {ms:.0f} ms of the board's time"
    return Placed(image, reason, machine.serial(), deadline_us)

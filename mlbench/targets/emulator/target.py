"""The embedded emulator as a target: one machine an image, one snapshot at setup(), many runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlbench import version
from mlbench.boards import Board
from mlbench.core.execution import Functions, Instrument, Outcome, Probe, RunResult, SpanKind
from mlbench.core.firmware import ALLOC_SIZE_SYMBOL, Firmware
from mlbench.core.heap import Operation
from mlbench.core.inputs import NO_INPUTS, Inputs
from mlbench.cycles.model import load_model
from mlbench.elf.composed import read_parts
from mlbench.elf.image import Image
from mlbench.emulator.allocator import Replay
from mlbench.emulator.chip import Chip
from mlbench.emulator.chips import chip_of
from mlbench.emulator.machine import Machine
from mlbench.emulator.plain_replay import PlainReplay
from mlbench.emulator.sensors.wiring import MOTION_SENSORS
from mlbench.errors import UsageError
from mlbench.targets.emulator.run import EmulatedRun, RunSnapshot
from mlbench.targets.emulator.sketch_loading import place_sketch
from mlbench.targets.entry import Entry, ResolvedFunction
from mlbench.targets.functions import method_of, resolve_functions, template_word

_SILENT_RADIO = (
    "Bluetooth hears nobody, and its radio's stack is not in the image: flash and RAM are less than with the "
    "board's own core, --board arduino:mbed_nano:nano33ble"
)


@dataclass(frozen=True)
class EmulatorTarget:
    """Measures on the embedded emulator."""

    board: Board
    host_seconds: float = 600.0
    """Wall time one run may take before the environment is blamed."""
    force_python: bool = False

    @property
    def chip(self) -> Chip:
        """The board's chip.

        Raises:
            UsageError: there is no emulator of it.
        """
        if self.board.emulator is None:
            raise UsageError(
                f"board {self.board.id} has no emulator", do="choose another backend for it in mlbench.yml"
            )
        return chip_of(self.board)

    @property
    def instrument(self) -> Instrument:
        """See ``Target``."""
        table = self.chip.cost_table
        return Instrument(
            self.board.id,
            "emulator",
            version.__version__,
            f"{table}/{load_model(table).version}",
        )

    def open(self, firmware: Firmware, functions: Functions, inputs: Inputs = NO_INPUTS) -> EmulatorSession:
        """See ``Target``.

        Raises:
            UsageError: there is no sensor for an input.
        """
        chip = self.chip
        if inputs.imu and (chip.sensors is None or not set(chip.sensors.parts) & set(MOTION_SENSORS)):
            what = f"board {self.board.id} has no motion sensor that `inputs: imu` could feed"
            raise UsageError(what, where=firmware.name, do="leave it out")
        return EmulatorSession(self, firmware, functions, inputs)


class EmulatorSession:
    """One firmware on the emulator."""

    exact = True
    resolution_us: float | None = None
    most_islands = 8

    def __init__(
        self, target: EmulatorTarget, firmware: Firmware, functions: Functions, inputs: Inputs = NO_INPUTS
    ) -> None:
        self._target, self._chip = target, target.chip
        self._inputs = inputs
        self._firmware = firmware
        self._functions = functions
        self._images: dict[Path, Image] = {}
        self._runs: dict[Path, EmulatedRun] = {}
        self._starts: dict[Path, RunSnapshot | RunResult] = {}
        self._placed: set[Path] = set()
        """Images whose sketch stands where a loader has put it."""
        # Names are resolved now, so that a wrong one is told before anything runs.
        self.image = self._image(firmware.elf)
        self._named(self.image)

    def _image(self, path: Path) -> Image:
        if path not in self._images:
            self._images[path] = Image.load(path)
        return self._images[path]

    def _place(self, path: Path, deadline_us: float) -> RunResult | None:
        """Find out where a loader puts the sketch; a result is how it did not start."""
        image = self._image(path)
        parts = read_parts(image)
        if parts is None or parts.mode != "dynamic" or path in self._placed:
            return None
        placed = place_sketch(image, parts, self._chip, deadline_us, self._target.host_seconds)
        if placed.refused:
            return RunResult(Outcome.NOT_STARTED, placed.refused, placed.serial, (), placed.virtual_us)
        self._images[path] = placed.image
        self._placed.add(path)
        return None

    def _named(self, image: Image) -> dict[SpanKind, ResolvedFunction]:
        return resolve_functions(image, self._functions, inlined=True)

    @property
    def method(self) -> str:
        """How the sketch is measured: template, functions, library, or nothing."""
        return method_of(self._firmware, self._functions, self._named(self.image))

    def emulated(self, *, probe: bool) -> EmulatedRun:
        """The run object of the plain or the probe image."""
        path = self._firmware.probe_elf if probe else self._firmware.elf
        if path not in self._runs:
            image = self._image(path)
            machine = Machine(image, self._chip, force_python=self._target.force_python)
            self._runs[path] = EmulatedRun(
                machine,
                self._named(image),
                self._functions,
                entry=self._entry(image),
                host_seconds=self._target.host_seconds,
                ends_by_serial=self._firmware.is_template,
                inputs=self._inputs,
            )
        return self._runs[path]

    def _entry(self, image: Image) -> Entry:
        word = template_word(self._firmware, image)
        memories = self._chip.flash, self._chip.ram
        if word is not None and not any(memory.start <= word <= memory.end - 4 for memory in memories):
            raise UsageError(
                f"{ALLOC_SIZE_SYMBOL} is at {word:#010x}, where the chip has no memory",
                where=str(self._firmware.source),
                do="build it with this tool",
            )
        return Entry.of(image, word)

    def start(self, deadline_us: float, *, probe: bool) -> RunSnapshot | RunResult:
        """Boot to setup() once; every run goes on from there. A result is how booting failed."""
        path = self._firmware.probe_elf if probe else self._firmware.elf
        if path not in self._starts:
            refused = self._place(path, deadline_us)
            self._starts[path] = refused or self.emulated(probe=probe).boot(deadline_us)
        return self._starts[path]

    def run(self, probe: Probe, deadline_us: float) -> RunResult:
        """See ``Session``."""
        on_probe_image = probe.alloc is not None or probe.probe_image
        start = self.start(deadline_us, probe=on_probe_image)
        if isinstance(start, RunResult):
            return start
        return self.emulated(probe=on_probe_image).run(start, probe, deadline_us)

    def replay(self) -> Replay | PlainReplay | None:
        """See ``Session``."""
        path = self._firmware.probe_elf
        start = self._starts.get(path)
        if not isinstance(start, RunSnapshot):
            return None
        run = self._runs[path]
        header = 0
        if self._image(path).symbol(f"__wrap_{Operation.MALLOC.value}") is not None:
            # Mbed OS counts what is allocated, in a few bytes in front of each block.
            added = run.header(start)
            if added is None:
                return None
            header = added
        probe = None
        if self._firmware.is_template:
            # The template's own malloc: the first call of the size it was given, which was the least.
            sizes = [(call.operation, call.requested) for call in run.recorded]
            if (Operation.MALLOC, header + run.least) not in sizes:
                return None
            probe = sizes.index((Operation.MALLOC, header + run.least))
        if read_parts(self._image(path)) is not None:
            return PlainReplay(
                self._image(path),
                self._chip,
                start.ram,
                run.recorded,
                probe,
                complete=run.recording_complete,
            )
        return Replay(
            self._image(path),
            self._chip,
            start.ram,
            run.recorded,
            probe,
            start.heap_in_use,
            header,
            complete=run.recording_complete,
        )

    def predicted_limit(self) -> None:
        """See ``Session``: nothing."""

    def remarks(self) -> tuple[str, ...]:
        """See ``Session``: what the image says; each run tells its own."""
        return (_SILENT_RADIO,) if self.image.symbol("mlbench_silent_radio") is not None else ()

    def close(self) -> None:
        """See ``Session``."""
        self._runs.clear()
        self._starts.clear()

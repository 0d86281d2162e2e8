"""How fast the emulator is: one inference on bare Unicorn, with the cycle model, and in pure Python.

``python -m mlbench.devtools.emulator_speed [SUITE]``: all run the same instructions of the same image in one
go of this command, and what counts are the ratios; the speeds alone are the machine's. QEMU and LabWired,
where they are installed, are given the same inference (``other_emulators.py``). Inferences are of the suite's
sketches (default: the samples). Host time is the process's own, so that a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import unicorn
from unicorn import arm_const as arm

from mlbench.boards import board_for
from mlbench.core.firmware import Firmware
from mlbench.cycles.model import load_model
from mlbench.devtools import other_emulators as bench_neighbours
from mlbench.devtools.kernels import KERNEL_BOARD, kernel_images
from mlbench.elf.image import Image
from mlbench.elf.names import find_functions
from mlbench.emulator.block_hook import CORE_REGISTERS
from mlbench.emulator.chip import Chip
from mlbench.emulator.chips import chip_of
from mlbench.emulator.machine import End, Machine
from mlbench.errors import SketchError
from mlbench.pipeline.services import make_services
from mlbench.suite.suite_file import SketchSpec, load_suite
from mlbench.util.progress import make_progress
from mlbench.util.settings import Settings

SAMPLES = Path("sketches/mlbench.yml")
_FLOATS = tuple(range(arm.UC_ARM_REG_S0, arm.UC_ARM_REG_S0 + 32))
_PYTHON_LIMIT = 20_000_000
"""Inferences of more instructions are left out for the block hook in Python: they take minutes."""


@dataclass(frozen=True)
class Speed:
    """One measurement: million instructions a second."""

    name: str
    mips: float


def at_inference(
    image: Image, chip: Chip, function: str, *, force_python: bool = False, checks_alignment: bool = True
) -> tuple[Machine, int]:
    """A machine about to enter ``function`` for the first time, and the address it returns to."""
    model = load_model(chip.cost_table, checks_alignment=checks_alignment)
    machine = Machine(image, chip, model=model, force_python=force_python)
    for symbol in find_functions(image, function):
        machine.set_break(symbol.address)
    ending = machine.run(machine.clock.cycles(60e6))
    if ending.end is not End.BREAKPOINT:
        raise SketchError(f"{function} was not reached: {ending.text}", where=image.path.name)
    return machine, machine.cpu.lr & ~1


def with_model(
    image: Image, chip: Chip, function: str, rounds: int, *, force_python: bool
) -> tuple[int, float]:
    """Instructions of an inference, and its least seconds of all rounds with the cycle model."""
    machine, back = at_inference(image, chip, function, force_python=force_python)
    machine.set_break(back)
    snapshot = machine.save()
    # Once for the blocks to be met and translated.
    before = machine.hook.instructions
    machine.run(machine.clock.cycles(600e6), resume=True)
    instructions = machine.hook.instructions - before

    def again() -> None:
        machine.load(snapshot)
        machine.run(machine.clock.cycles(600e6), resume=True)

    return instructions, _least(again, rounds)


def bare(image: Image, chip: Chip, function: str, rounds: int) -> float:
    """Seconds of the same inference on Unicorn without any hook."""
    machine, back = at_inference(image, chip, function, force_python=False)
    cpu = Bare(machine)
    cpu.run(back)
    return min(cpu.run(back) for _ in range(rounds))


class Bare:
    """A machine's CPU and memory as they stand, on Unicorn without any hook, peripheral or interrupt."""

    def __init__(self, machine: Machine) -> None:
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        self._contents = [(memory.start, bytes(memory.data)) for memory in machine.cpu.memories]
        for start, data in self._contents:
            self.uc.mem_map(start, len(data))
            self.uc.mem_write(start, data)
        # Flash stays as it is: writing it would drop what is translated.
        self._changing = [memory.start for memory in machine.cpu.memories if memory.writable]
        self._registers = {r: machine.cpu.uc.reg_read(r) for r in (*CORE_REGISTERS[:15], *_FLOATS)}
        self._start = machine.cpu.pc

    def run(self, back: int) -> float:
        """Seconds from there to ``back``; again from the same state each time."""
        for address, data in self._contents:
            if address in self._changing:
                self.uc.mem_write(address, data)
        for register, value in self._registers.items():
            self.uc.reg_write(register, value)
        begin = time.process_time()
        self.uc.emu_start(self._start | 1, back)
        return time.process_time() - begin


def _least(action: Callable[[], None], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        action()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def alignment_ratio(image: Image, chip: Chip, function: str, pairs: int) -> float:
    """Speed with the check of alignment by that without it."""
    machines = []
    for checks_alignment in (False, True):
        machine, back = at_inference(image, chip, function, checks_alignment=checks_alignment)
        machine.set_break(back)
        machines.append((machine, machine.save()))
        machine.run(machine.clock.cycles(600e6), resume=True)
    return _ratio(lambda checks: _seconds(*machines[checks]), pairs)


def paths_ratio(image: Image, chip: Chip, function: str, pairs: int) -> float:
    """Speed with cycles charged to functions by that without it, on one machine."""
    machine, back = at_inference(image, chip, function)
    machine.set_break(back)
    snapshot = machine.save()
    machine.run(machine.clock.cycles(600e6), resume=True)

    def seconds(follows: bool) -> float:
        machine.follow_calls(follows)
        return _seconds(machine, snapshot)

    return _ratio(seconds, pairs)


def _seconds(machine: Machine, snapshot: object) -> float:
    machine.load(snapshot)
    begin = time.process_time()
    machine.run(machine.clock.cycles(600e6), resume=True)
    return time.process_time() - begin


def _ratio(seconds: Callable[[bool], float], pairs: int) -> float:
    """Speed with a part by that without it: the median of pairs, measured in turns."""
    ratios = []
    for pair in range(pairs):
        # In turns who goes first.
        first_has_it = pair % 2 == 0
        first, second = seconds(first_has_it), seconds(not first_has_it)
        ratios.append(second / first if first_has_it else first / second)
    return median(ratios)


def measure(firmware: Firmware, spec: SketchSpec, rounds: int) -> list[Speed]:
    """The speeds of one sketch, bare first."""
    function = spec.functions.inference
    assert function is not None
    image, chip = Image.load(firmware.elf), chip_of(board_for(spec.board))
    instructions, seconds = with_model(image, chip, function, rounds, force_python=False)
    native = at_inference(image, chip, function, force_python=False)[0].hook.native
    speeds = [
        Speed("Unicorn, no hook", instructions / bare(image, chip, function, rounds) / 1e6),
        Speed("cycle model" if native else "cycle model (not built natively)", instructions / seconds / 1e6),
    ]
    if native and instructions <= _PYTHON_LIMIT:
        _, slow = with_model(image, chip, function, 1, force_python=True)
        speeds.append(Speed("cycle model, in Python", instructions / slow / 1e6))
    machine, _ = at_inference(image, chip, function, force_python=False)
    with tempfile.TemporaryDirectory(prefix="mlbench-") as folder:
        for name, measured in (
            ("QEMU, mps2-an386", bench_neighbours.qemu(machine, instructions, Path(folder))),
            ("LabWired", bench_neighbours.labwired(machine, instructions, Path(folder))),
        ):
            if measured is not None:
                speeds.append(Speed(name, measured))
    return speeds


def main() -> int:
    """Print a table of speeds and ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m mlbench.devtools.emulator_speed", description=__doc__.splitlines()[0]
    )
    parser.add_argument("suite", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--rounds", type=int, default=5, help="repetitions; the quickest counts")
    parser.add_argument(
        "--pairs", type=int, default=10, help="runs with and without each part that is compared"
    )
    options = parser.parse_args()
    progress = make_progress(sys.stderr)
    services = make_services(Settings(), progress)
    print(f"{'sketch':28}{'emulated by':36}{'MIPS':>8}{'of bare':>9}")
    ratios: dict[str, tuple[float, float]] = {}
    for spec in load_suite(options.suite).sketches:
        if spec.functions.inference is None:
            continue
        firmware = services.build(services.locate(services.obtain(spec), spec))
        speeds = measure(firmware, spec, options.rounds)
        for speed in speeds:
            ratio = speed.mips / speeds[0].mips
            print(f"{spec.name:28}{speed.name:36}{speed.mips:8.1f}{ratio:9.2f}")
        image, chip = Image.load(firmware.elf), chip_of(board_for(spec.board))
        ratios[spec.name] = _both_ratios(image, chip, spec.functions.inference, options.pairs)
    with tempfile.TemporaryDirectory(prefix="mlbench-") as folder:
        for name, elf in kernel_images(Path(folder)).items():
            chip = chip_of(board_for(KERNEL_BOARD))
            ratios[name] = _both_ratios(Image.load(elf), chip, "kernel", options.pairs)
    print(f"\n{'speed with it, of without':48}{'check of alignment':>20}{'cycles by function':>20}")
    for name, (alignment, paths) in ratios.items():
        print(f"{name:48}{alignment:20.3f}{paths:20.3f}")
    return 0


def _both_ratios(image: Image, chip: Chip, function: str, pairs: int) -> tuple[float, float]:
    return alignment_ratio(image, chip, function, pairs), paths_ratio(image, chip, function, pairs)


if __name__ == "__main__":
    sys.exit(main())

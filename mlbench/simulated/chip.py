"""The chip of a simulated board: the emulator, and around it what a bootloader does at every reset."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from mlbench.boards import Board
from mlbench.elf.image import Image
from mlbench.emulator.block_hook import NEVER
from mlbench.emulator.chips import chip_of
from mlbench.emulator.console import Output
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine
from mlbench.emulator.peripherals.base import Cause


class ChipState(Enum):
    """What a chip is doing."""

    SKETCH = "sketch"
    BOOTLOADER = "bootloader"
    DEAD = "dead"
    """A fault, or an endless loop that nothing ends. The watchdog runs on."""


class SimulatedChip:
    """One chip with one firmware, from one upload to the next."""

    def __init__(self, board: Board) -> None:
        self.board, self.kind = board, chip_of(board)
        self.state = ChipState.BOOTLOADER
        self.why = "no firmware yet"
        """What brought it into its state."""
        self.idle = False
        """Whether nothing but an interrupt or the watchdog can go on."""
        self.machine: Machine | None = None
        self.heard: list[Output] = []

    def load(self, elf: Path) -> None:
        """Program firmware and start it. The watchdog runs on; flash outside of the image stays as it was.

        Raises:
            SketchError: the firmware is not for this chip; the old one stays.
        """
        image = Image.load(elf)
        machine = Machine(image, self.kind)
        old, self.machine = self.machine, machine
        if old is not None:
            content = bytearray(old.flash.data[:])
            for segment in image.segments:
                # A programmer erases whole pages.
                page = self.board.keeps.page or 1
                load = segment.load - machine.flash.start
                start, end = load // page * page, -(-(load + len(segment.data)) // page) * page
                if segment.data and start >= 0 and end <= len(content):
                    content[start:end] = machine.flash.data[start:end]
            machine.patch_flash(machine.flash.start, bytes(content))
            self._hand_over_watchdog(old, machine)
        machine.console.keep = False
        machine.console.listener = self.heard.append
        self._boot("uploaded")

    def _hand_over_watchdog(self, old: Machine, new: Machine) -> None:
        left = self.watchdog_us(old)
        if left is not None:
            name = self.kind.watchdog
            new.bus.by_name[name].load(old.bus.by_name[name].save())
            new.schedule(name, "TIMEOUT", left)

    @staticmethod
    def watchdog_us(machine: Machine) -> float | None:
        """Virtual time until the watchdog bites; None while it does not run."""
        at = machine.clock.at(machine.chip.watchdog, "TIMEOUT")
        return None if at == NEVER else max(0.0, machine.clock.us(at - machine.clock.now))

    @property
    def bites_in(self) -> float | None:
        """As ``watchdog_us``, in seconds, for the machine that there is."""
        left = self.watchdog_us(self.machine) if self.machine is not None else None
        return None if left is None else left / 1e6

    def reset(self, cause: Cause, why: str) -> None:
        """Reset it: by its pin (POWER_ON), its watchdog, or its software."""
        if self.machine is None:
            self.state = ChipState.BOOTLOADER
            return
        bus, call = self.machine.bus, self.kind.bootloader
        wants_bootloader = (
            call is not None and cause is Cause.SOFTWARE and bus.read(call.register, 4) in call.values
        )
        self.machine.restart(cause)
        self._boot(why)
        if wants_bootloader and call is not None:
            bus.write(call.register, 4, 0)
            self.enter_bootloader(f"{why}, asking for the bootloader")

    def enter_bootloader(self, why: str) -> None:
        """Stay in the bootloader."""
        self.state, self.why = ChipState.BOOTLOADER, why

    def _boot(self, why: str) -> None:
        assert self.machine is not None
        for region in self.board.keeps.cleared:
            self.machine.write_memory(region.start, bytes(region.size))
        self.state, self.why = ChipState.SKETCH, why

    def wait(self, seconds: float) -> bool:
        """Time passes without the CPU's work; whether the watchdog has bitten, and reset the chip."""
        if self.machine is None:
            return False
        left = self.bites_in
        clock = self.machine.clock
        clock.sleep_until(clock.now + clock.cycles(1e6 * (seconds if left is None else min(left, seconds))))
        if left is None or left > seconds:
            return False
        self.reset(Cause.WATCHDOG, "the watchdog reset the chip")
        return True

    def run(self, us: float) -> bool:
        """Run the sketch for a time of its own; whether the chip was reset meanwhile."""
        machine = self.machine
        assert machine is not None
        assert self.state is ChipState.SKETCH
        deadline = machine.clock.now + machine.clock.cycles(us)
        ending = machine.run(deadline)
        self.idle = ending.end is End.IDLE
        if ending.end is End.RESET:
            self.reset(ending.cause, ending.text)
            return True
        if ending.end not in (End.DEADLINE, End.IDLE):
            self.state, self.why = ChipState.DEAD, ending.text
        elif ending.end is End.IDLE:
            machine.clock.sleep_until(deadline)
        return False

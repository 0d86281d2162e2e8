"""A chip as a value: its memory, its interrupts, its peripherals, what its instructions cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlbench.boards.board import Region, SensorData
from mlbench.emulator.peripherals.base import MachineAccess, Peripheral, PeripheralSlot

if TYPE_CHECKING:
    from mlbench.emulator.usb_host import UsbHost

__all__ = [
    "BootloaderCall",
    "Chip",
    "EventRegisters",
    "Maker",
    "PeripheralSlot",
    "Region",
    "SensorData",
    "StartState",
]

Maker = Callable[[MachineAccess, PeripheralSlot], Peripheral]
"""Makes a peripheral at its place: its class, or a ``partial`` of it with what the chip decides of it."""


@dataclass(frozen=True)
class EventRegisters:
    """Registers that nothing but an event changes, so that a loop that reads one only waits.

    They are those of ``region`` of whose address the bits in ``mask`` are ``bits``.
    """

    region: Region
    mask: int
    bits: int

    def holds(self, address: int) -> bool:
        """Whether it is the address of one of them."""
        return self.region.holds(address) and address & self.mask == self.bits


@dataclass(frozen=True)
class StartState:
    """How an image finds the chip, behind its bootloader. VTOR is at the image's own vector table."""

    cache_on: bool
    """The instruction cache."""
    float_on: bool
    """CPACR gives full access to the FPU."""


@dataclass(frozen=True)
class BootloaderCall:
    """What asks for the bootloader at a reset by software: one of some values in a register that keeps it."""

    register: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class Chip:
    """One chip. Its core is a Cortex-M4 with FPU and an MPU of eight regions.

    Memories and windows begin and end at multiples of 4 KiB. Where the native block hook cannot tell the
    lines of the memories apart (``block_hook.tells_apart``), the one in Python runs, which is much slower.
    """

    name: str
    """As board files and ``CHIPS`` have it."""
    title: str
    """For people."""
    flash: Region
    ram: Region
    windows: tuple[Region, ...]
    """Ranges that hold registers, without the core's own."""
    irqs: int
    """Interrupts from outside the core."""
    priority_bits: int
    peripherals: tuple[tuple[Maker, PeripheralSlot], ...]
    """In the order in which they are made and reset."""
    cost_table: str
    """Name of the table in ``mlbench/cycles``."""
    start: StartState
    code_ram: int = 0
    """Where RAM is seen a second time, on the bus that code is fetched over; 0: nowhere."""
    absent: tuple[tuple[Region, str], ...] = ()
    """Peripherals that chips of its kind may have and this one has not, and where they would be."""
    sensors: SensorData | None = None
    """What the board has at its pins."""
    softdevice: bool = False
    """Whether Nordic's MBR and SoftDevice may stand in front of an image."""
    events: EventRegisters | None = None
    usb_host: Callable[[MachineAccess], UsbHost] | None = None
    """Makes what is at the other end of the USB cable, where the chip has USB."""
    watchdog: str = ""
    """Name of the peripheral that is the watchdog, where there is one."""
    bootloader: BootloaderCall | None = None
    uf2_families: tuple[int, ...] = ()
    """Numbers by which UF2 files name it."""

    def absent_at(self, address: int) -> str:
        """The name of the absent peripheral whose registers would be at an address; empty: there is none."""
        return next((name for region, name in self.absent if region.holds(address)), "")

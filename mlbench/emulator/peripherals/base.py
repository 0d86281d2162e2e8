"""What every peripheral shares: a table of registers, events, interrupts, time.

A peripheral declares its registers as data (offset, name, what reading and writing do); the bus finds
them. Peripherals know their clock and their interrupt line, nothing of the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from mlbench.emulator.hook_common import NEVER

if TYPE_CHECKING:
    from mlbench.emulator.console import Console
    from mlbench.emulator.peripherals.two_wires import TwoWireDevice

_Part = TypeVar("_Part", bound="Peripheral")
Reader = Callable[[], int]
Writer = Callable[[int], None]


class Register(NamedTuple):
    """One 32-bit register. Without ``read`` it reads back what is stored, ``reset`` at first;
    without ``write`` a write is stored, unless it is read-only. With ``ones`` only bits written as 1 act,
    so that the other bytes of a narrow write are zeros. ``until`` gives the first cycle at which the register
    may read otherwise although nothing has happened; without it, a register with ``read`` may at any time."""

    offset: int
    name: str
    reset: int = 0
    read: Reader | None = None
    write: Writer | None = None
    read_only: bool = False
    ones: bool = False
    until: Callable[[], int] | None = None


def never() -> int:
    """``until`` of a register that only events and writes change."""
    return NEVER


class PeripheralSlot(NamedTuple):
    """Where a chip has a peripheral: its name, the address of its registers, its interrupt."""

    name: str
    base: int
    irq: int | None = None


class FlashAccess(Protocol):
    """What a flash controller asks of the flash memory and of the CPU that runs from it."""

    def write(self, address: int, value: int) -> None:
        """Write a word."""

    def erase(self, start: int, size: int) -> None:
        """Erase pages."""

    def switch_cache(self, on: bool) -> None:
        """Switch the instruction cache."""

    def stall(self, us: float) -> None:
        """The CPU waits, time goes on."""

    def runs_from_flash(self) -> bool:
        """Whether the instruction that is executed lies in flash."""


class Cause(IntFlag):
    """What resets the chip, as RESETREAS names it (nRF52840 PS v1.7, section 5.3, RESETREAS).

    Power-on leaves no mark there.
    """

    POWER_ON = 0
    PIN = 1 << 0
    WATCHDOG = 1 << 1
    SOFTWARE = 1 << 2
    LOCKUP = 1 << 3
    WAKE_BY_PIN = 1 << 16


LIGHT_RESETS = (Cause.SOFTWARE, Cause.LOCKUP)
"""Those that leave the watchdog and the retained registers alone (PS v1.7, section 5.3, "Reset behavior")."""


class MachineAccess(Protocol):
    """What a peripheral may ask of the machine around it."""

    console: Console
    """Where serial peripherals put what is sent."""

    @property
    def flash_array(self) -> FlashAccess:
        """The flash memory."""

    def part(self, kind: type[_Part], name: str) -> _Part:
        """A peripheral that stands before this one in the chip's list."""

    def offer_stores(self, taken: Callable[[int, int, int], bool]) -> None:
        """Have each store to flash (address, size, value) offered, which faults unless it is taken."""

    def route_events(self, published: Callable[[int], None]) -> None:
        """Have the address of each event register that is raised told."""

    def start_task(self, address: int) -> None:
        """Write 1 to a task register."""

    def schedule(self, owner: str, name: str, after_us: float) -> None:
        """Call ``on_event(name)`` of the peripheral ``owner`` after ``after_us`` microseconds."""

    def schedule_at(self, owner: str, name: str, at: int) -> None:
        """The same, at a cycle of the CPU's clock."""

    def cancel(self, owner: str, name: str) -> None:
        """Forget a scheduled event."""

    def due(self, owner: str, name: str) -> bool:
        """Whether a scheduled event happens at this very moment, and only waits for its turn."""

    def now(self) -> int:
        """Cycles of the CPU's clock since power-on."""

    def hz(self) -> int:
        """The CPU's clock."""

    def set_line(self, irq: int, high: bool) -> None:
        """Drive an interrupt line."""

    def read_memory(self, address: int, size: int) -> bytes:
        """What EasyDMA reads: data RAM (nRF52840 PS v1.7, section 4.2: flash is out of its reach)."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """What EasyDMA writes; whether that is within its reach, else nothing is written."""

    def published(self, address: int) -> None:
        """An event register at ``address`` was raised: PPI may pass it on."""

    def note(self, text: str) -> None:
        """Keep a remark for the user, once."""

    def request_reset(self, cause: Cause) -> None:
        """Reset the chip before the next instruction."""

    def two_wire_device(self, scl: int, sda: int, address: int) -> TwoWireDevice | None:
        """The device that answers for an address on the wires at two pins, as PSEL has them."""


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    # One level is enough: states are numbers and collections of numbers. Probes load a snapshot each.
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in state.items()}


class Peripheral:
    """A block of registers at an address: where the chip has it, or where the architecture puts it."""

    name = ""
    base = 0
    first, size = 0, 0x1000
    """Registers lie from ``base + first`` up to ``base + size``."""
    irq: int | None = None

    def __init__(self, machine: MachineAccess, place: PeripheralSlot | None = None) -> None:
        self.machine = machine
        if place is not None:
            self.name, self.base, self.irq = place
        self.stored: dict[int, int] = {}
        self.table = {register.offset: register for register in self.registers()}

    def registers(self) -> list[Register]:
        """The register table."""
        return []

    def read(self, offset: int) -> int | None:
        """Read a register; None if there is none at ``offset``."""
        register = self.table.get(offset)
        if register is None:
            return None
        if register.read is not None:
            return register.read() & 0xFFFFFFFF
        return self.stored.get(offset, register.reset)

    def steady(self, offset: int) -> Callable[[], int] | None:
        """``until`` of a register whose reads do nothing; None where it cannot be told."""
        register = self.table.get(offset)
        if register is None:
            return None
        return never if register.read is None else register.until

    def write(self, offset: int, value: int) -> bool:
        """Write a register; False if there is none at ``offset``."""
        register = self.table.get(offset)
        if register is None:
            return False
        if register.write is not None:
            register.write(value)
        elif not register.read_only:
            self.stored[offset] = value
        return True

    def keep(self, offset: int, bits: int) -> Writer:
        """What a write to a register does of which only the lowest ``bits`` are there."""

        def write(value: int) -> None:
            self.stored[offset] = value & (1 << bits) - 1

        return write

    def on_event(self, name: str) -> None:
        """A scheduled event is due."""

    def state(self) -> dict[str, Any]:
        """The attributes that a snapshot must hold."""
        return {"stored": self.stored}

    def survives(self, _cause: Cause) -> bool:
        """Whether a reset of the chip leaves this part, and what it waits for, alone."""
        return False

    def reset(self, _cause: Cause, fresh: dict[str, Any]) -> None:
        """The chip is reset; ``fresh`` is the state after power-on."""
        self.load(fresh)

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        return _copied(self.state())

    def load(self, saved: dict[str, Any]) -> None:
        """Go back to what ``save`` gave."""
        for name, value in _copied(saved).items():
            setattr(self, name, value)


class NrfPeripheral(Peripheral):
    """A peripheral with Nordic's tasks, events, shortcuts and interrupt enables.

    nRF52840 Product Specification v1.7, section 6.1.1 to 6.1.7: tasks from 0x000, events from 0x100,
    SHORTS 0x200, INTEN 0x300, INTENSET 0x304, INTENCLR 0x308. Event n at 0x100 + 4n has bit n.
    """

    tasks: dict[int, str] = {}  # noqa: RUF012 - one table a class, never changed
    """Offset -> name; task NAME calls the method ``task_name``."""
    events: dict[int, str] = {}  # noqa: RUF012
    """Offset -> name."""
    shorts: dict[int, tuple[str, str]] = {}  # noqa: RUF012
    """Bit -> (event, task)."""

    def __init__(self, machine: MachineAccess, place: PeripheralSlot) -> None:
        self.raised: set[str] = set()
        self.inten = 0
        self._event_offset = {name: offset for offset, name in self.events.items()}
        super().__init__(machine, place)
        for offset, name in self.tasks.items():
            self.table[offset] = Register(offset, f"TASKS_{name}", write=self._task_writer(name))
        for offset, name in self.events.items():
            self.table[offset] = Register(
                offset, f"EVENTS_{name}", read=self._event_reader(name), write=self._event_writer(name)
            )
        self.table.setdefault(0x200, Register(0x200, "SHORTS"))
        self.table[0x300] = Register(0x300, "INTEN", read=lambda: self.inten, write=self._set_inten)
        self.table[0x304] = Register(
            0x304,
            "INTENSET",
            read=lambda: self.inten,
            write=lambda v: self._set_inten(self.inten | v),
            ones=True,
        )
        self.table[0x308] = Register(
            0x308,
            "INTENCLR",
            read=lambda: self.inten,
            write=lambda v: self._set_inten(self.inten & ~v),
            ones=True,
        )

    def _task_writer(self, name: str) -> Writer:
        def write(value: int) -> None:
            if value & 1:
                self.task(name)

        return write

    def _event_reader(self, name: str) -> Reader:
        return lambda: int(name in self.raised)

    def _event_writer(self, name: str) -> Writer:
        def write(value: int) -> None:
            if value & 1:
                self.event(name)
            else:
                self.raised.discard(name)
                self.update_line()

        return write

    def task(self, name: str) -> None:
        """Start a task."""
        getattr(self, f"task_{name.lower()}")()

    def event(self, name: str) -> None:
        """Raise an event: its register, its shortcuts, its interrupt, its PPI channels."""
        self.raised.add(name)
        enabled = self.stored.get(0x200, 0)
        for bit, (source, target) in self.shorts.items():
            if source == name and enabled >> bit & 1:
                self.task(target)
        self.update_line()
        self.machine.published(self.base + self._event_offset[name])

    def _set_inten(self, value: int) -> None:
        self.inten = value
        self.update_line()

    def update_line(self) -> None:
        """Drive the interrupt line from events and enables."""
        if self.irq is None:
            return
        high = any(self.inten >> ((self._event_offset[name] - 0x100) // 4) & 1 for name in self.raised)
        self.machine.set_line(self.irq, high)

    def after(self, us: float, name: str) -> None:
        """Have ``on_event(name)`` called after ``us`` microseconds."""
        self.machine.schedule(self.name, name, us)

    def state(self) -> dict[str, Any]:
        """The attributes that a snapshot must hold."""
        return {"stored": self.stored, "raised": self.raised, "inten": self.inten}


def plain(offset: int, name: str, reset: int = 0) -> Register:
    """A register that only stores."""
    return Register(offset, name, reset)

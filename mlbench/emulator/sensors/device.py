"""What the sensors share: byte registers that a controller reads and writes over two wires."""

from __future__ import annotations

from typing import Any

from mlbench.emulator.peripherals.base import Cause, MachineAccess, Peripheral
from mlbench.emulator.sensors.surroundings import Surroundings


def low_high(value: float) -> tuple[int, int]:
    """The two bytes of a signed number of 16 bits, the lower first; what is out of range is cut off."""
    word = max(-0x8000, min(0x7FFF, round(value))) & 0xFFFF
    return word & 0xFF, word >> 8


class Sensor(Peripheral):
    """A table of byte registers. The first byte of a write is a register's address, which then counts up."""

    addresses: tuple[int, ...] = ()
    fresh: dict[int, int] = {}  # noqa: RUF012 - one table a class, never changed
    """Registers that are not 0 after power-on."""
    read_only: frozenset[int] = frozenset()
    further_state: tuple[str, ...] = ()
    """Names of further attributes that a snapshot must hold."""

    def __init__(self, machine: MachineAccess, surroundings: Surroundings) -> None:
        super().__init__(machine)
        self.surroundings = surroundings
        self.samples = Sampler()
        self.bytes = bytearray(256)
        self.pointer = 0
        self.first = True
        """The next byte from the controller is a register's address."""
        self.power_on()

    def power_on(self) -> None:
        """The registers as after power-on."""
        self.bytes[:] = bytes(256)
        for register, value in self.fresh.items():
            self.bytes[register] = value

    # --- on the wires ------------------------------------------------------------------------

    def begin(self, _address: int, *, reading: bool) -> bool:
        """See ``TwoWireDevice``."""
        self.first = not reading
        return True

    def take(self, byte: int) -> bool:
        """See ``TwoWireDevice``."""
        if self.first:
            self.pointer, self.first = self.register_of(byte), False
        else:
            at = self.pointer
            self.pointer = self.after(at)
            if at not in self.read_only:
                self.store(at, byte)
        return True

    def give(self) -> int:
        """See ``TwoWireDevice``."""
        at = self.pointer
        self.pointer = self.after(at)
        return self.load_byte(at)

    def end(self) -> None:
        """See ``TwoWireDevice``."""

    # --- what a sensor says of its registers -------------------------------------------------

    def register_of(self, byte: int) -> int:
        """Which register the first byte of a write names."""
        return byte

    def after(self, register: int) -> int:
        """The register that follows on one in a transfer of several bytes."""
        return register + 1 & 0xFF

    def load_byte(self, register: int) -> int:
        """What a register reads as."""
        return self.bytes[register]

    def store(self, register: int, value: int) -> None:
        """A register is written."""
        self.bytes[register] = value

    # --- time --------------------------------------------------------------------------------

    def cycles(self, hertz: float) -> float:
        """Cycles of the CPU's clock from one sample to the next."""
        return self.machine.hz() / hertz

    def survives(self, _cause: Cause) -> bool:
        """A reset of the chip leaves the sensors alone: they keep their supply."""
        return True

    def state(self) -> dict[str, Any]:
        """The attributes that a snapshot must hold."""
        names = ("bytes", "pointer", "first", *self.further_state)
        return {**{name: getattr(self, name) for name in names}, "sampled": self.samples.state()}

    def load(self, saved: dict[str, Any]) -> None:
        """Go back to what ``save`` gave."""
        own = dict(saved)
        self.samples.load(own.pop("sampled"))
        super().load(own)


class Sampler:
    """When a sensor takes samples: from its switching on, at a rate; and which have been read."""

    def __init__(self) -> None:
        self.since, self.period = 0, 0.0
        """The cycle of switching on, and cycles a sample; 0: it is off."""
        self.read = 0
        """How many samples have been read or passed over."""

    def switch(self, now: int, period: float) -> None:
        """Sample at another rate, from now on."""
        if period != self.period:
            self.since, self.period, self.read = now, period, 0

    def taken(self, now: int) -> int:
        """How many samples there have been."""
        return int((now - self.since) / self.period) if self.period else 0

    def ready(self, now: int) -> bool:
        """Whether there is one that has not been read."""
        return self.taken(now) > self.read

    def cycle(self, number: int) -> int:
        """The cycle of a sample, the first of which is number 1."""
        return self.since + round(number * self.period)

    def state(self) -> tuple[int, float, int]:
        """What a snapshot must hold."""
        return self.since, self.period, self.read

    def load(self, state: tuple[int, float, int]) -> None:
        """Go back to what ``state`` gave."""
        self.since, self.period, self.read = state

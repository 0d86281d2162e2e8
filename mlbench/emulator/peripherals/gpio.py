"""GPIO ports and GPIOTE: nRF52840 Product Specification v1.7, sections 6.9 and 6.10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlbench.emulator.peripherals.base import (
    Cause,
    MachineAccess,
    NrfPeripheral,
    Peripheral,
    PeripheralSlot,
    Register,
    Writer,
    never,
)

_DISCONNECTED = 2
"""PIN_CNF after reset: an input whose buffer is off."""
_SENSE_HIGH, _SENSE_LOW = 2, 3


class Gpio(Peripheral):
    """One port. A pin has the level that its output drives, or that is set from outside, or of its pull."""

    first, size = 0x500, 0x800
    """Its registers start 0x500 after the base that the specification gives it."""

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, pins: int) -> None:
        self.pins = pins
        self.out = 0
        self.direction = 0
        self.driven, self.high = 0, 0
        """Pins that are driven from outside, and those of them that are high."""
        self.pulled_up = 0
        self.connected = 0
        """Pins whose input buffer is on."""
        self.sense_high, self.sense_low = 0, 0
        self.latch = 0
        self.detect = False
        self.listeners: list[Callable[[], None]] = []
        self.on_detect: Callable[[], None] | None = None
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of section 6.9.4."""
        table = [
            Register(0x504, "OUT", read=lambda: self.out, write=self._set_out),
            Register(0x510, "IN", read=lambda: self.levels() & self.connected, read_only=True, until=never),
            Register(0x514, "DIR", read=lambda: self.direction, write=self._set_dir),
            Register(
                0x520, "LATCH", read=lambda: self.latch, write=self._clear_latch, ones=True, until=never
            ),
            Register(0x524, "DETECTMODE", write=self._set_detect_mode),
        ]
        for offset, name, get, put in (
            (0x508, "OUT", lambda: self.out, self._set_out),
            (0x518, "DIR", lambda: self.direction, self._set_dir),
        ):
            table += [
                Register(offset, f"{name}SET", read=get, write=_setter(get, put), ones=True),
                Register(offset + 4, f"{name}CLR", read=get, write=_clearer(get, put), ones=True),
            ]
        table += [
            Register(0x700 + 4 * n, f"PIN_CNF{n}", _DISCONNECTED, write=self._configurer(n))
            for n in range(self.pins)
        ]
        return table

    def _configurer(self, n: int) -> Writer:
        mask = 1 << n

        def write(value: int) -> None:
            # Bit 0 of PIN_CNF and the pin's bit of DIR are one and the same (6.9.2).
            self.stored[0x700 + 4 * n] = value & ~1
            self.direction = self.direction & ~mask | (value & 1) << n
            self.connected = self.connected & ~mask | (0 if value & _DISCONNECTED else mask)
            self.pulled_up = self.pulled_up & ~mask | (mask if value >> 2 & 3 == 3 else 0)
            sense = value >> 16 & 3
            self.sense_high = self.sense_high & ~mask | (mask if sense == _SENSE_HIGH else 0)
            self.sense_low = self.sense_low & ~mask | (mask if sense == _SENSE_LOW else 0)
            self._changed()

        return write

    def read(self, offset: int) -> int | None:
        """PIN_CNF shows the pin's direction as DIR has it."""
        value = super().read(offset)
        if value is not None and offset >= 0x700:
            value |= self.direction >> (offset - 0x700) // 4 & 1
        return value

    def _set_out(self, value: int) -> None:
        self.out = value & 0xFFFFFFFF
        self._changed()

    def _set_dir(self, value: int) -> None:
        self.direction = value & 0xFFFFFFFF
        self._changed()

    def levels(self) -> int:
        """The level of every pin, whether or not its input buffer is on."""
        outside = self.high & self.driven | self.pulled_up & ~self.driven
        return self.out & self.direction | outside & ~self.direction

    def drive(self, pin: int, level: int) -> None:
        """Set the level of an input from outside."""
        mask = 1 << pin
        self.driven |= mask
        self.high = self.high & ~mask | (mask if level else 0)
        self._changed()

    def _changed(self) -> None:
        if self.sense_high | self.sense_low | self.latch:
            self._sense()
        for listener in self.listeners:
            listener()

    # --- DETECT (6.9.2.1) --------------------------------------------------------------------

    def _met(self) -> int:
        levels = self.levels()
        return (levels & self.sense_high | ~levels & self.sense_low) & self.connected

    def _sense(self) -> None:
        met = self._met()
        self.latch |= met
        self._set_detect(bool(self.latch if self.stored.get(0x524, 0) & 1 else met))

    def _set_detect(self, on: bool) -> None:
        rose, self.detect = on and not self.detect, on
        if rose and self.on_detect is not None:
            self.on_detect()

    def _clear_latch(self, value: int) -> None:
        self.latch = self.latch & ~value | self._met()
        if self.stored.get(0x524, 0) & 1:
            # With any bit of LATCH left there is a new edge, so that none is missed.
            self._set_detect(False)
        self._sense()

    def _set_detect_mode(self, value: int) -> None:
        self.stored[0x524] = value & 1
        self._sense()

    def reset(self, cause: Cause, fresh: dict[str, Any]) -> None:
        """What is outside stays as it is; after a wake from System OFF so do the pins (5.3)."""
        outside = self.driven, self.high
        if cause is not Cause.WAKE_BY_PIN:
            super().reset(cause, fresh)
        self.driven, self.high = outside

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        names = ("stored", "out", "direction", "driven", "high", "pulled_up", "connected", "sense_high",
                 "sense_low", "latch", "detect")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _setter(get: Callable[[], int], put: Callable[[int], None]) -> Writer:
    return lambda value: put(get() | value)


def _clearer(get: Callable[[], int], put: Callable[[int], None]) -> Writer:
    return lambda value: put(get() & ~value)


class Gpiote(NrfPeripheral):
    """Pin edges to events, tasks to pins."""

    events = {**{0x100 + 4 * n: f"IN{n}" for n in range(8)}, 0x17C: "PORT"}  # noqa: RUF012

    def __init__(self, machine: MachineAccess, place: PeripheralSlot, ports: tuple[str, ...]) -> None:
        self.ports = tuple(machine.part(Gpio, name) for name in ports)
        self.tasks = {0x000 + 4 * n: f"OUT{n}" for n in range(8)}
        self.tasks |= {0x030 + 4 * n: f"SET{n}" for n in range(8)}
        self.tasks |= {0x060 + 4 * n: f"CLR{n}" for n in range(8)}
        self.levels = [0 for _ in ports]
        super().__init__(machine, place)
        for port in self.ports:
            port.listeners.append(self._look)
            port.on_detect = self._port

    def registers(self) -> list[Register]:
        """Registers of section 6.10.4."""
        return [Register(0x510 + 4 * n, f"CONFIG{n}", write=self._configurer(n)) for n in range(8)]

    def _configurer(self, n: int) -> Writer:
        def write(value: int) -> None:
            self.stored[0x510 + 4 * n] = value
            if value & 3 == 3:
                # In task mode the channel has the pin: it is an output, at OUTINIT first (6.10.2).
                port, mask = self.ports[value >> 13 & 1], 1 << (value >> 8 & 31)
                level = port.out | mask if value >> 20 & 1 else port.out & ~mask
                port.write(0x514, port.direction | mask)
                port.write(0x504, level)

        return write

    def _port(self) -> None:
        """A port's DETECT rose."""
        self.event("PORT")

    def task(self, name: str) -> None:
        """Change the pin of a channel in task mode (CONFIG.MODE 3)."""
        channel = int(name[3:])
        config = self.stored.get(0x510 + 4 * channel, 0)
        if config & 3 != 3:
            return
        port, pin = self.ports[config >> 13 & 1], config >> 8 & 31
        action = {"SET": 1, "CLR": 2}.get(name[:3], config >> 16 & 3)
        mask = 1 << pin
        level = {1: port.out | mask, 2: port.out & ~mask, 3: port.out ^ mask}.get(action, port.out)
        port.write(0x504, level)

    def _look(self) -> None:
        for index, port in enumerate(self.ports):
            now = port.levels()
            changed = now ^ self.levels[index]
            self.levels[index] = now
            for channel in range(8) if changed else ():
                config = self.stored.get(0x510 + 4 * channel, 0)
                pin, polarity = config >> 8 & 31, config >> 16 & 3
                if config & 3 != 1 or config >> 13 & 1 != index or not changed >> pin & 1:
                    continue
                rising = now >> pin & 1
                if polarity == 3 or polarity == (1 if rising else 2):
                    self.event(f"IN{channel}")

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "levels": self.levels}

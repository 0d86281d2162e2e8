"""GPIO ports and GPIOTE: nRF52840 Product Specification v1.7, sections 6.9 and 6.10."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.peripherals.base import Machine, NrfPeripheral, Peripheral, Register, plain


class Gpio(Peripheral):
    """One port. Inputs read what a connected output drives, a pull, or the level set from outside."""

    first, size = 0x500, 0x800
    """Its registers start 0x500 after the base that the specification gives it."""

    def __init__(self, machine: Machine, index: int, base: int, pins: int) -> None:
        self.name, self.base, self.pins = f"P{index}", base, pins
        self.out = 0
        self.direction = 0
        self.driven: dict[int, int] = {}
        self.listeners: list[Callable[[], None]] = []
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 6.9.4."""
        return [
            Register(0x504, "OUT", read=lambda: self.out, write=self._set_out),
            Register(
                0x508, "OUTSET", read=lambda: self.out, write=lambda v: self._set_out(self.out | v), ones=True
            ),
            Register(
                0x50C,
                "OUTCLR",
                read=lambda: self.out,
                write=lambda v: self._set_out(self.out & ~v),
                ones=True,
            ),
            Register(0x510, "IN", read=self.levels),
            Register(0x514, "DIR", read=lambda: self.direction, write=self._set_dir),
            Register(
                0x518,
                "DIRSET",
                read=lambda: self.direction,
                write=lambda v: self._set_dir(self.direction | v),
                ones=True,
            ),
            Register(
                0x51C,
                "DIRCLR",
                read=lambda: self.direction,
                write=lambda v: self._set_dir(self.direction & ~v),
                ones=True,
            ),
            Register(0x520, "LATCH", read_only=True),
            plain(0x524, "DETECTMODE"),
            *(Register(0x700 + 4 * n, f"PIN_CNF{n}", 2, write=self._configurer(n)) for n in range(self.pins)),
        ]

    def _configurer(self, n: int) -> Callable[[int], None]:
        def write(value: int) -> None:
            self.stored[0x700 + 4 * n] = value
            self.direction = self.direction & ~(1 << n) | (value & 1) << n
            self._changed()

        return write

    def _set_out(self, value: int) -> None:
        self.out = value & 0xFFFFFFFF
        self._changed()

    def _set_dir(self, value: int) -> None:
        self.direction = value & 0xFFFFFFFF
        self._changed()

    def levels(self) -> int:
        """The level of every pin whose input buffer is connected."""
        value = 0
        for n in range(self.pins):
            config = self.stored.get(0x700 + 4 * n, 2)
            if config & 2 and not self.direction >> n & 1:
                continue
            if self.direction >> n & 1:
                level = self.out >> n & 1
            else:
                level = self.driven.get(n, int(config >> 2 & 3 == 3))
            value |= level << n
        return value

    def drive(self, pin: int, level: int) -> None:
        """Set the level of an input from outside."""
        self.driven[pin] = level
        self._changed()

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            "stored": self.stored,
            "out": self.out,
            "direction": self.direction,
            "driven": self.driven,
        }


class Gpiote(NrfPeripheral):
    """Pin edges to events. Tasks change pins only through PPI or by hand."""

    name, base, irq = "GPIOTE", 0x40006000, 6
    events = {**{0x100 + 4 * n: f"IN{n}" for n in range(8)}, 0x17C: "PORT"}  # noqa: RUF012

    def __init__(self, machine: Machine, ports: tuple[Gpio, Gpio]) -> None:
        self.ports = ports
        self.tasks = {0x000 + 4 * n: f"OUT{n}" for n in range(8)}
        self.tasks |= {0x030 + 4 * n: f"SET{n}" for n in range(8)}
        self.tasks |= {0x060 + 4 * n: f"CLR{n}" for n in range(8)}
        self.levels = [0, 0]
        super().__init__(machine)
        for port in ports:
            port.listeners.append(self._look)

    def registers(self) -> list[Register]:
        """Registers of section 6.10.4."""
        return [plain(0x510 + 4 * n, f"CONFIG{n}") for n in range(8)]

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

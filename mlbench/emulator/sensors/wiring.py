"""Which sensors a board has, and at which pins of the chip."""

from __future__ import annotations

from mlbench.boards.board import SensorData
from mlbench.emulator.peripherals.base import MachineAccess
from mlbench.emulator.peripherals.gpio import Gpio
from mlbench.emulator.sensors.bosch import Bmi270, Bmm150
from mlbench.emulator.sensors.climate import Apds9960, Hts221, Lps22hb
from mlbench.emulator.sensors.device import Sensor
from mlbench.emulator.sensors.lsm9ds1 import Lsm9ds1, Lsm9ds1Magnetometer
from mlbench.emulator.sensors.surroundings import Surroundings

KINDS: dict[str, tuple[type[Sensor], ...]] = {
    "LSM9DS1": (Lsm9ds1, Lsm9ds1Magnetometer),
    "BMI270": (Bmi270,),
    "BMM150": (Bmm150,),
    "APDS9960": (Apds9960,),
    "HTS221": (Hts221,),
    "LPS22HB": (Lps22hb,),
}
"""Sensors by the names that board files give them."""
MOTION_SENSORS = ("LSM9DS1", "BMI270")
"""Those that feel acceleration and turn."""


class Sensors:
    """The sensors of one board."""

    def __init__(self, machine: MachineAccess, data: SensorData) -> None:
        self.surroundings = Surroundings(machine)
        self._pins = (data.scl, data.sda)
        kinds = (kind for name in data.parts for kind in KINDS[name])
        self.parts = tuple(kind(machine, self.surroundings) for kind in kinds)
        self._by_address = {address: part for part in self.parts for address in part.addresses}
        for pin in data.high:
            # Lines for interrupts, which a resistor on the board holds up.
            machine.part(Gpio, f"P{pin // 32}").drive(pin % 32, 1)

    def at(self, scl: int, sda: int, address: int) -> Sensor | None:
        """The sensor that answers for an address on the wires at two pins."""
        return self._by_address.get(address) if (scl, sda) == self._pins else None

"""LSM9DS1: accelerometer and gyroscope at one address, magnetometer at another.

Registers, rates and sensitivities: STMicroelectronics' data sheet of the LSM9DS1 (DocID025715 Rev 3),
chapters 6 to 8 and table 3. Pins for interrupts, thresholds and filters are registers without effect.
"""

from __future__ import annotations

from mlbench.emulator.sensors.device import Sensor, low_high
from mlbench.emulator.sensors.surroundings import CELSIUS, FIELD

_WHO_AM_I = 0x0F
_CTRL_REG1_G, _CTRL_REG6_XL, _CTRL_REG8, _CTRL_REG9 = 0x10, 0x20, 0x22, 0x23
_OUT_TEMP, _STATUS, _STATUS_AGAIN, _OUT_G, _OUT_XL = 0x15, 0x17, 0x27, 0x18, 0x28
_FIFO_CTRL, _FIFO_SRC, _FIFO_DEPTH = 0x2E, 0x2F, 32
_RATES_G = (0.0, 14.9, 59.5, 119.0, 238.0, 476.0, 952.0, 0.0)
"""ODR_G: with the gyroscope on, the accelerometer has its rate (7.12)."""
_RATES_XL = (0.0, 10.0, 50.0, 119.0, 238.0, 476.0, 952.0, 0.0)
_MILLI_G = (0.061, 0.732, 0.122, 0.244)
"""A step of the accelerometer, by FS_XL: 2, 16, 4 and 8 g."""
_MILLI_DPS = (8.75, 17.5, 17.5, 70.0)
"""A step of the gyroscope, by FS_G: 245, 500 and 2,000 degrees a second; 2 is none."""


class Lsm9ds1(Sensor):
    """Accelerometer and gyroscope."""

    name = "LSM9DS1"
    addresses = (0x6B,)
    fresh = {_WHO_AM_I: 0x68, 0x1E: 0x38, 0x1F: 0x38, _CTRL_REG8: 0x04}  # noqa: RUF012
    read_only = frozenset((_WHO_AM_I, *range(0x15, 0x1E), *range(0x26, 0x2E), _FIFO_SRC))

    further_state = ("gyroscope_read",)
    gyroscope_read = 0
    """The number of the last sample of which the gyroscope's part was read."""

    def register_of(self, byte: int) -> int:
        """The highest bit is not part of the address."""
        return byte & 0x7F

    def after(self, register: int) -> int:
        """It counts up while IF_ADD_INC is set."""
        return register + 1 & 0x7F if self.bytes[_CTRL_REG8] & 4 else register

    @property
    def _queues(self) -> bool:
        return bool(self.bytes[_CTRL_REG9] & 2) and self.bytes[_FIFO_CTRL] >> 5 != 0

    def store(self, register: int, value: int) -> None:
        """Control registers decide what is on, and how fast."""
        if register == _CTRL_REG8 and value & 1:
            self.power_on()
        else:
            self.bytes[register] = value
        now = self.machine.now()
        gyroscope = _RATES_G[self.bytes[_CTRL_REG1_G] >> 5]
        rate = gyroscope or _RATES_XL[self.bytes[_CTRL_REG6_XL] >> 5]
        self.samples.switch(now, self.cycles(rate) if rate else 0.0)
        if rate:
            self.surroundings.begin()
        if register in (_CTRL_REG9, _FIFO_CTRL):
            # Another mode empties the queue.
            self.samples.read = self.gyroscope_read = self.samples.taken(now)

    def _waiting(self) -> int:
        """How many samples wait in the queue, the oldest of which are dropped when it is full."""
        taken = self.samples.taken(self.machine.now())
        self.samples.read = max(self.samples.read, taken - _FIFO_DEPTH)
        return taken - self.samples.read

    def _current(self) -> int:
        """The number of the sample that the output registers show."""
        taken = self.samples.taken(self.machine.now())
        if self._queues and self._waiting():
            return self.samples.read + 1
        return taken

    def load_byte(self, register: int) -> int:
        """Output registers show the last sample, or the oldest in the queue."""
        if register in (_STATUS, _STATUS_AGAIN):
            now = self.machine.now()
            gyroscope = self.bytes[_CTRL_REG1_G] >> 5 and self.samples.taken(now) > self.gyroscope_read
            return 4 * bool(self.samples.period) + 2 * bool(gyroscope) + int(self.samples.ready(now))
        if register == _FIFO_SRC:
            return self._waiting() if self._queues else 0
        if _OUT_TEMP <= register < _OUT_TEMP + 2:
            return low_high((CELSIUS - 25) * 16)[register - _OUT_TEMP]
        if _OUT_G <= register < _OUT_G + 6:
            return self._output(register - _OUT_G, gyroscope=True)
        if _OUT_XL <= register < _OUT_XL + 6:
            return self._output(register - _OUT_XL, gyroscope=False)
        return self.bytes[register]

    def _output(self, index: int, *, gyroscope: bool) -> int:
        number = self._current()
        axis, high = divmod(index, 2)
        scale = self.bytes[_CTRL_REG1_G if gyroscope else _CTRL_REG6_XL] >> 3 & 3
        on = self.bytes[_CTRL_REG1_G] >> 5 if gyroscope else self.samples.period
        value = 0.0
        if number and on:
            motion = self.surroundings.at(self.samples.cycle(number))
            step = _MILLI_DPS[scale] if gyroscope else _MILLI_G[scale]
            value = motion[axis + 3 * gyroscope] * 1000 / step
        if index == 5:
            self._read_whole(number, gyroscope=gyroscope)
        return low_high(value)[high]

    def _read_whole(self, number: int, *, gyroscope: bool) -> None:
        """A sample leaves the queue with the last byte of its acceleration, which stands behind the turn."""
        if gyroscope:
            self.gyroscope_read = number
        else:
            self.samples.read = max(self.samples.read, number)


_CTRL_REG1_M, _CTRL_REG2_M, _CTRL_REG3_M, _STATUS_M, _OUT_M = 0x20, 0x21, 0x22, 0x27, 0x28
_RATES_M = (0.625, 1.25, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
_MICROTESLA = (0.014, 0.029, 0.043, 0.058)
"""A step, by FS: 4, 8, 12 and 16 gauss (100 microtesla each)."""


class Lsm9ds1Magnetometer(Sensor):
    """The magnetometer, which has an address of its own."""

    name = "LSM9DS1-M"
    addresses = (0x1E,)
    fresh = {_WHO_AM_I: 0x3D, _CTRL_REG1_M: 0x10, _CTRL_REG3_M: 0x03}  # noqa: RUF012
    read_only = frozenset((_WHO_AM_I, _STATUS_M, *range(_OUT_M, _OUT_M + 6)))

    further_state = ("counts_up",)
    counts_up = False

    def register_of(self, byte: int) -> int:
        """The highest bit asks for counting up."""
        self.counts_up = bool(byte & 0x80)
        return byte & 0x7F

    def after(self, register: int) -> int:
        """The same register again, unless counting up was asked for."""
        return register + 1 & 0x7F if self.counts_up else register

    def store(self, register: int, value: int) -> None:
        """Control registers decide whether it is on, and how fast."""
        if register == _CTRL_REG2_M and value & 4:
            self.power_on()
        else:
            self.bytes[register] = value
        rate = _RATES_M[self.bytes[_CTRL_REG1_M] >> 2 & 7] if not self.bytes[_CTRL_REG3_M] & 3 else 0.0
        self.samples.switch(self.machine.now(), self.cycles(rate) if rate else 0.0)

    def load_byte(self, register: int) -> int:
        """The field does not change."""
        if register == _STATUS_M:
            return 0x0F if self.samples.ready(self.machine.now()) else 0
        if _OUT_M <= register < _OUT_M + 6:
            axis, high = divmod(register - _OUT_M, 2)
            if register == _OUT_M + 5:
                self.samples.read = self.samples.taken(self.machine.now())
            return low_high(FIELD[axis] / _MICROTESLA[self.bytes[_CTRL_REG2_M] >> 5 & 3])[high]
        return self.bytes[register]

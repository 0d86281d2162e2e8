"""BMI270 (accelerometer and gyroscope) and BMM150 (magnetometer).

Registers, rates and steps: Bosch Sensortec's data sheets of the BMI270 (BST-BMI270-DS000, chapter 5) and
the BMM150 (BST-BMM150-DS001, chapter 5). As the chip sits on the board, its x and y are the board's negative
y and x (Arduino's library for the Nano 33 BLE Sense Rev2 turns them back). Features, which the chip's own
program works out, and pins for interrupts are registers without effect.
"""

from __future__ import annotations

from mlbench.emulator.sensors.device import Sensor, low_high
from mlbench.emulator.sensors.surroundings import CELSIUS, FIELD

_STATUS, _ACC, _GYR, _TIME, _INT_STATUS_1 = 0x03, 0x0C, 0x12, 0x18, 0x1D
_INTERNAL_STATUS, _TEMPERATURE, _FIFO_LENGTH, _FIFO_DATA = 0x21, 0x22, 0x24, 0x26
_FEAT_PAGE, _FEATURES, _ACC_CONF, _ACC_RANGE, _GYR_CONF, _GYR_RANGE = 0x2F, 0x30, 0x40, 0x41, 0x42, 0x43
_FIFO_WTM, _FIFO_CONFIG_1, _INIT_CTRL, _INIT_DATA = 0x46, 0x49, 0x59, 0x5E
_PWR_CTRL, _CMD = 0x7D, 0x7E
_ACC_ON, _GYR_ON = 1 << 2, 1 << 1
_SOFT_RESET, _FIFO_FLUSH = 0xB6, 0xB0
_HEADERS, _ACC_QUEUED, _GYR_QUEUED = 1 << 4, 1 << 6, 1 << 7
_FIFO_BYTES, _FRAME_BOTH, _FRAME_GYR, _FRAME_ACC, _FRAME_NONE = 2048, 0x8C, 0x88, 0x84, 0x80


class Bmi270(Sensor):
    """Accelerometer and gyroscope, of which both sample at the accelerometer's rate where both are on."""

    name = "BMI270"
    addresses = (0x68,)
    fresh = {  # noqa: RUF012
        0x00: 0x24,
        _STATUS: 0x10,
        _ACC_CONF: 0xA8,
        _ACC_RANGE: 0x02,
        _GYR_CONF: 0xA9,
        0x48: 0x02,
        _FIFO_CONFIG_1: 0x10,
        0x7C: 0x03,
    }
    read_only = frozenset((0x00, 0x02, _STATUS, *range(0x04, 0x2F)))
    further_state = ("features", "queue", "queued", "told")

    queued = 0
    """The number of the last sample that went into the queue."""
    told = 0
    """The number of the last sample that the interrupt status has told of."""

    def power_on(self) -> None:
        """The registers as after power-on."""
        super().power_on()
        self.features = bytearray(8 * 16)
        self.queue = bytearray()

    def after(self, register: int) -> int:
        """Data of the queue, and of the program that is loaded, stay at their register."""
        return register if register in (_FIFO_DATA, _INIT_DATA) else super().after(register)

    def store(self, register: int, value: int) -> None:
        """Commands, switches and rates."""
        if register == _CMD:
            if value == _SOFT_RESET:
                self.power_on()
            elif value == _FIFO_FLUSH:
                self.queue.clear()
        elif _FEATURES <= register < _FEATURES + 16:
            self.features[16 * (self.bytes[_FEAT_PAGE] & 7) + register - _FEATURES] = value
            return
        else:
            self.bytes[register] = value
            if register == _INIT_CTRL:
                # 1: the program that was loaded has started.
                self.bytes[_INTERNAL_STATUS] = value & 1
        now, on = self.machine.now(), self.bytes[_PWR_CTRL]
        rate = 0.0
        if on & _ACC_ON:
            rate = 100.0 * 2.0 ** ((self.bytes[_ACC_CONF] & 15) - 8)
        elif on & _GYR_ON:
            rate = 100.0 * 2.0 ** ((self.bytes[_GYR_CONF] & 15) - 8)
        before = self.samples.since
        self.samples.switch(now, self.cycles(rate) if rate else 0.0)
        if before != self.samples.since:
            self.queued = self.told = 0
        if rate:
            self.surroundings.begin()
        if register == _FIFO_CONFIG_1:
            self.queue.clear()
            self.queued = self.samples.taken(now)

    def load_byte(self, register: int) -> int:
        """Data, the queue, and what is new."""
        now = self.machine.now()
        self._fill(now)
        if register == _STATUS:
            on, ready = self.bytes[_PWR_CTRL], self.samples.ready(now)
            return 0x10 | (0x80 if ready and on & _ACC_ON else 0) | (0x40 if ready and on & _GYR_ON else 0)
        if register == _INT_STATUS_1:
            return self._interrupts(now)
        if _ACC <= register < _TIME:
            number = self.samples.taken(now)
            if register == _TIME - 1:
                self.samples.read = number
            data = self._sample(number) if number else bytes(12)
            return data[register - _ACC]
        if _TIME <= register < _TIME + 3:
            # 39.0625 us a count.
            return int(now / self.machine.hz() * 25_600) >> 8 * (register - _TIME) & 0xFF
        if _TEMPERATURE <= register < _TEMPERATURE + 2:
            return low_high((CELSIUS - 23) * 512)[register - _TEMPERATURE]
        if _FIFO_LENGTH <= register < _FIFO_LENGTH + 2:
            return len(self.queue) >> 8 * (register - _FIFO_LENGTH) & 0xFF
        if register == _FIFO_DATA:
            return self.queue.pop(0) if self.queue else _FRAME_NONE
        if _FEATURES <= register < _FEATURES + 16:
            return self.features[16 * (self.bytes[_FEAT_PAGE] & 7) + register - _FEATURES]
        return self.bytes[register]

    def _interrupts(self, now: int) -> int:
        """What has come since it was last read, and how full the queue is."""
        taken, on = self.samples.taken(now), self.bytes[_PWR_CTRL]
        new = taken > self.told
        self.told = taken
        mark = int.from_bytes(self.bytes[_FIFO_WTM : _FIFO_WTM + 2], "little")
        full = len(self.queue) >= _FIFO_BYTES - 16
        status = int(full) | (2 if self.queue and mark and len(self.queue) >= min(mark, _FIFO_BYTES) else 0)
        return status | (0x80 if new and on & _ACC_ON else 0) | (0x40 if new and on & _GYR_ON else 0)

    def _sample(self, number: int) -> bytes:
        """Acceleration and turn of a sample by the chip's own axes."""
        ax, ay, az, gx, gy, gz = self.surroundings.at(self.samples.cycle(number))
        g = 16384 / (1 << (self.bytes[_ACC_RANGE] & 3))
        dps = 16.384 * (1 << min(4, self.bytes[_GYR_RANGE] & 7))
        on = self.bytes[_PWR_CTRL]
        acceleration = (-ay * g, -ax * g, az * g) if on & _ACC_ON else (0.0, 0.0, 0.0)
        turn = (-gy * dps, -gx * dps, gz * dps) if on & _GYR_ON else (0.0, 0.0, 0.0)
        return bytes(byte for value in (*acceleration, *turn) for byte in low_high(value))

    def _fill(self, now: int) -> None:
        """Put into the queue what has been sampled since."""
        config = self.bytes[_FIFO_CONFIG_1]
        taken = self.samples.taken(now)
        if not config & (_ACC_QUEUED | _GYR_QUEUED):
            self.queued = taken
            return
        both = _ACC_QUEUED | _GYR_QUEUED
        header = {both: _FRAME_BOTH, _GYR_QUEUED: _FRAME_GYR, _ACC_QUEUED: _FRAME_ACC}[config & both]
        size = (config & _HEADERS > 0) + 6 * ((config & _ACC_QUEUED > 0) + (config & _GYR_QUEUED > 0))
        for number in range(max(self.queued, taken - _FIFO_BYTES // size) + 1, taken + 1):
            data = self._sample(number)
            if config & _HEADERS:
                self.queue.append(header)
            if config & _GYR_QUEUED:
                self.queue += data[6:]
            if config & _ACC_QUEUED:
                self.queue += data[:6]
        self.queued = taken
        while len(self.queue) > _FIFO_BYTES:
            del self.queue[:size]


_BMM_ID, _BMM_DATA, _BMM_POWER, _BMM_OPERATION = 0x40, 0x42, 0x4B, 0x4C
_BMM_RATES = (10.0, 2.0, 6.0, 8.0, 15.0, 20.0, 25.0, 30.0)
_HALL, _Z1, _Z2 = 7000, 24747, 763
"""The resistance that temperature decides, and trim of z, of the usual size."""


class Bmm150(Sensor):
    """The magnetometer. Its trim makes a step 0.3125 microtesla in x and y, and about a third of one in z."""

    name = "BMM150"
    addresses = (0x10,)
    fresh = {  # noqa: RUF012
        _BMM_OPERATION: 0x06,
        **dict(enumerate(low_high(_Z2), 0x68)),
        **dict(enumerate(low_high(_Z1), 0x6A)),
        **dict(enumerate(low_high(_HALL), 0x6C)),
    }
    read_only = frozenset((_BMM_ID, *range(_BMM_DATA, 0x4B), *range(0x5D, 0x72)))

    def store(self, register: int, value: int) -> None:
        """Power, and how it samples."""
        if register == _BMM_POWER and value & 0x82 == 0x82:
            self.power_on()
            value = 1
        self.bytes[register] = value
        normal = self.bytes[_BMM_POWER] & 1 and self.bytes[_BMM_OPERATION] >> 1 & 3 == 0
        rate = _BMM_RATES[self.bytes[_BMM_OPERATION] >> 3 & 7]
        self.samples.switch(self.machine.now(), self.cycles(rate) if normal else 0.0)

    def load_byte(self, register: int) -> int:
        """Nothing but the switch answers while it is off."""
        if register == _BMM_POWER:
            return self.bytes[register]
        if not self.bytes[_BMM_POWER] & 1:
            return 0
        if register == _BMM_ID:
            return 0x32
        if _BMM_DATA <= register < _BMM_DATA + 8:
            data = self._data()
            if register == _BMM_DATA + 7:
                self.samples.read = self.samples.taken(self.machine.now())
            return data[register - _BMM_DATA]
        return self.bytes[register]

    def _data(self) -> bytes:
        """x and y in 13 bits, z in 15, the resistance in 14 with the sign of new data below."""
        step_z = 131072 / ((_Z2 + _Z1 * _HALL / 32768) * 4) / 16
        ready = self.samples.ready(self.machine.now())
        x, y = round(FIELD[0] / 0.3125) << 3, round(FIELD[1] / 0.3125) << 3
        z = round(FIELD[2] / step_z) << 1
        return bytes(byte for value in (x, y, z, _HALL << 2 | ready) for byte in low_high(value))

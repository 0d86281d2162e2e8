"""HTS221 (humidity and temperature), LPS22HB (pressure) and APDS9960 (light, distance, gestures), at rest.

Registers: STMicroelectronics' data sheets of the HTS221 (DocID026333 Rev 4, chapters 7 and 8) and the LPS22HB
(DocID027083 Rev 6, chapters 8 and 9), Broadcom's of the APDS-9960 (AV02-4191EN, "Register set").
"""

from __future__ import annotations

from mlbench.emulator.sensors.device import Sensor, low_high
from mlbench.emulator.sensors.surroundings import CELSIUS, HUMIDITY, KILOPASCALS

_WHO_AM_I, _STATUS = 0x0F, 0x27
_ONE_SHOT_MS = 15.0
"""Assumed: the data sheets give no time of one conversion."""


class _OneShot(Sensor):
    """A sensor of ST's that converts at a rate, or once when it is asked to."""

    rates: tuple[float, ...] = ()
    rate_register, rate_shift = 0x20, 0
    shot_register = 0x21
    powered = 0x80
    """Bits of the register with the rate of which one must be set; 0: it is always on."""
    further_state = ("due", "fetched")
    due = 0
    """The cycle at which the conversion that was asked for ends; 0: none is under way."""
    fetched = 0
    """Bits of STATUS that the last conversion has left to be read."""

    def _settle(self) -> None:
        now = self.machine.now()
        if self.due and now >= self.due:
            self.due, self.fetched = 0, 3
        if self.samples.ready(now):
            self.samples.read, self.fetched = self.samples.taken(now), 3

    def store(self, register: int, value: int) -> None:
        """The rate, or a conversion."""
        self.bytes[register] = value
        if register == self.rate_register:
            rate = self.rates[value >> self.rate_shift & len(self.rates) - 1]
            on = not self.powered or bool(value & self.powered)
            self.samples.switch(self.machine.now(), self.cycles(rate) if rate and on else 0.0)
        elif register == self.shot_register and value & 1:
            self.due = self.machine.now() + round(_ONE_SHOT_MS * self.machine.hz() / 1000)

    def load_byte(self, register: int) -> int:
        """STATUS says what is new; reading the highest byte of a result takes it."""
        self._settle()
        if register == self.shot_register:
            return self.bytes[register] & ~1 | int(self.due > 0)
        if register == _STATUS:
            return self.fetched
        return self.bytes[register]


class Hts221(_OneShot):
    """Humidity and temperature; its calibration makes a step a 16th of a percent and of a degree."""

    name = "HTS221"
    addresses = (0x5F,)
    rates = (0.0, 1.0, 7.0, 12.5)
    _T0, _T1, _H0, _H1 = 20, 40, 30, 70
    fresh = {  # noqa: RUF012
        _WHO_AM_I: 0xBC,
        0x10: 0x1B,
        0x30: 2 * _H0,
        0x31: 2 * _H1,
        0x32: 8 * _T0 & 0xFF,
        0x33: 8 * _T1 & 0xFF,
        0x35: 8 * _T0 >> 8 | 8 * _T1 >> 8 << 2,
        **dict(enumerate(low_high(0), 0x36)),
        **dict(enumerate(low_high(16 * (_H1 - _H0)), 0x3A)),
        **dict(enumerate(low_high(0), 0x3C)),
        **dict(enumerate(low_high(16 * (_T1 - _T0)), 0x3E)),
    }
    read_only = frozenset((_WHO_AM_I, *range(0x27, 0x40)))

    def register_of(self, byte: int) -> int:
        """The highest bit asks for counting up, which is all that a transfer of several bytes is good for."""
        return byte & 0x7F

    def load_byte(self, register: int) -> int:
        """Humidity at 0x28, temperature at 0x2A."""
        for start, bit, value in ((0x28, 2, HUMIDITY - self._H0), (0x2A, 1, CELSIUS - self._T0)):
            if start <= register < start + 2:
                if register == start + 1:
                    self.fetched &= ~bit
                return low_high(16 * value)[register - start]
        return super().load_byte(register)


class Lps22hb(_OneShot):
    """Pressure, 4,096 steps a hectopascal, and temperature, 100 a degree."""

    name = "LPS22HB"
    addresses = (0x5C,)
    rates = (0.0, 1.0, 10.0, 25.0, 50.0, 75.0, 0.0, 0.0)
    rate_register, rate_shift, shot_register, powered = 0x10, 4, 0x11, 0
    fresh = {_WHO_AM_I: 0xB1, 0x11: 0x10}  # noqa: RUF012
    read_only = frozenset((_WHO_AM_I, *range(0x25, 0x2D)))

    def store(self, register: int, value: int) -> None:
        """SWRESET is in the register that asks for a conversion."""
        if register == self.shot_register and value & 4:
            self.power_on()
        else:
            super().store(register, value)

    def load_byte(self, register: int) -> int:
        """Pressure at 0x28, temperature at 0x2B."""
        if 0x28 <= register < 0x2B:
            if register == 0x2A:
                self.fetched &= ~1
            return round(KILOPASCALS * 40960) >> 8 * (register - 0x28) & 0xFF
        if 0x2B <= register < 0x2D:
            if register == 0x2C:
                self.fetched &= ~2
            return low_high(100 * CELSIUS)[register - 0x2B]
        return super().load_byte(register)


_ENABLE, _ATIME, _AVALID, _PVALID = 0x80, 0x81, 1, 2
_LIGHT = (200, 80, 70, 60)
"""Counts of clear, red, green and blue light."""


class Apds9960(Sensor):
    """Even light, nothing near, no gesture."""

    name = "APDS9960"
    addresses = (0x39,)
    fresh = {_ATIME: 0xFF, 0x83: 0xFF, 0x8D: 0x60, 0x8E: 0x40, 0x90: 0x01, 0x92: 0xAB, 0xA6: 0x40}  # noqa: RUF012
    read_only = frozenset((0x92, 0x93, *range(0x94, 0x9D), 0xAE, 0xAF, *range(0xFC, 0x100)))
    further_state = ("began", "taken")
    began = 0
    """The cycle at which light began to be counted."""
    taken = False
    """The counts have been read."""

    def store(self, register: int, value: int) -> None:
        """ENABLE begins a count."""
        if register == _ENABLE and value & 3 == 3 and self.bytes[_ENABLE] & 3 != 3:
            self.began, self.taken = self.machine.now(), False
        self.bytes[register] = value

    def load_byte(self, register: int) -> int:
        """Light takes 2.78 ms times 256 less ATIME; distance is known at once."""
        if register == 0x93:
            milliseconds = 2.78 * (256 - self.bytes[_ATIME])
            counted = self.machine.now() - self.began >= milliseconds * self.machine.hz() / 1000
            on = self.bytes[_ENABLE]
            light = _AVALID if on & 3 == 3 and counted and not self.taken else 0
            return light | (_PVALID if on & 5 == 5 else 0)
        if 0x94 <= register < 0x9C:
            color, high = divmod(register - 0x94, 2)
            if register == 0x9B:
                self.began, self.taken = self.machine.now(), False
            return low_high(_LIGHT[color])[high]
        return self.bytes[register]

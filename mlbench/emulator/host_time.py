"""The host's time that a run may take, and what is told when it is used up.

Code runs faster on the emulator than on the board. What takes long on the host is what stops the emulated
CPU: exceptions, sleep, semihosting, accesses of registers, code that changes. Firmware that does so hundreds
of thousands of times a second of the board's is slow by its own doing, on every host.
"""

from __future__ import annotations

import time
from dataclasses import astuple, dataclass, fields, replace

from mlbench.emulator.clock import Clock
from mlbench.errors import HostTimeout, SlowFirmware

_SLOW = 5.0
"""CPU seconds for a second of the board's, from which on firmware counts as slow. The samples take less
than 1; with this many, a probe of the usual timeout takes all the host's time that there is."""
_OFTEN = 20_000.0
"""Stops in a second of the board's that may be why. Drivers and operating systems take some thousands."""
_OWN_SHARE = 0.2
"""Of the time allowed, which this thread must have had the CPU for: else the host is to blame first."""


@dataclass
class Activity:
    """How often firmware did what stops the emulated CPU, since the machine was made."""

    exceptions: int = 0
    sleeps: int = 0
    code_writes: int = 0
    semihosting: int = 0
    registers: int = 0

    def copy(self) -> Activity:
        """As it is now."""
        return replace(self)


_WORDS = {
    "exceptions": "takes {} exceptions",
    "sleeps": "executes WFI or WFE {} times",
    "code_writes": "rewrites its code {} times",
    "semihosting": "makes {} semihosting calls",
    "registers": "accesses registers of peripherals {} times",
}


class HostTime:
    """So many seconds for what begins now, however often it stops in between."""

    def __init__(self, seconds: float, clock: Clock, activity: Activity, where: str) -> None:
        self._seconds, self._clock, self._activity, self._where = seconds, clock, activity, where
        self._begun, self._cpu_begun = time.monotonic(), time.thread_time()
        self._board_begun, self._activity_begun = clock.now, activity.copy()

    def check(self) -> None:
        """Go on, unless the time is used up.

        Raises:
            SlowFirmware: it is, and by what the firmware does.
            HostTimeout: it is; says how far the firmware came.
        """
        passed = time.monotonic() - self._begun
        if passed <= self._seconds:
            return
        cpu = time.thread_time() - self._cpu_begun
        board = max(self._clock.us(self._clock.now - self._board_begun) / 1e6, 1e-6)
        rates = self._rates(board)
        if rates and cpu >= _OWN_SHARE * self._seconds and cpu >= _SLOW * board:
            raise SlowFirmware(
                f"took {cpu:.{1 if cpu < 10 else 0}f} s of CPU time for {board * 1e3:,.0f} ms on the board: "
                f"it {_listed(rates)} a second of the board's",
                where=self._where,
                do="let it do so less often, or shorten its `timeout`",
            )
        raise HostTimeout(
            f"gave up after {passed:.0f} s of the host's time, {board:.3f} s of the board's",
            where=self._where,
            do="shorten its `timeout`, or run on a faster or less loaded machine",
        )

    def _rates(self, board: float) -> list[tuple[float, str]]:
        """What it did often, the most often first: how often in a second of the board's, and what."""
        counts = zip(astuple(self._activity), astuple(self._activity_begun), fields(Activity), strict=True)
        rates = [((now - begun) / board, field.name) for now, begun, field in counts]
        return sorted((rate for rate in rates if rate[0] >= _OFTEN), reverse=True)


def _listed(rates: list[tuple[float, str]]) -> str:
    parts = [_WORDS[name].format(f"{_rounded(rate):,}") for rate, name in rates]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _rounded(rate: float) -> int:
    """Two digits: where in a loop time was up is chance."""
    step = int(10 ** max(0, len(str(int(rate))) - 2))
    return round(rate / step) * step

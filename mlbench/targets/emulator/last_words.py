"""What firmware still sends when it has ended: it often says why."""

from __future__ import annotations

from mlbench.emulator.host_time import HostTime
from mlbench.emulator.machine import End, Ending, Machine

_LAST_WORDS_US = 100_000.0
"""So long firmware that has ended may go on to send what it has printed."""


def last_words(machine: Machine, host_time: HostTime | None = None) -> Ending:
    """Let the firmware go on from the function in which it ends, whatever breakpoints it meets."""
    deadline = machine.clock.now + machine.clock.cycles(_LAST_WORDS_US)
    while True:
        ending = machine.run(deadline, resume=True, host_time=host_time)
        if ending.end not in (End.BREAKPOINT, End.PAUSE):
            return ending

"""How a run of a machine can end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mlbench.emulator.peripherals.base import Cause


class End(Enum):
    """Why ``Machine.run`` came back."""

    BREAKPOINT = "breakpoint"
    DEADLINE = "deadline"
    FAULT = "fault"
    IDLE = "idle"
    """Nothing but an interrupt could go on, and none can come."""
    PAUSE = "pause"
    """Who is asked by ``Machine.pause`` wants to look at the machine."""
    RESET = "reset"
    SEMIHOSTING = "breakpoint instruction"


@dataclass(frozen=True)
class Ending:
    """How a run ended: ``text`` says it in one line, ``address`` is the breakpoint or faulting address."""

    end: End
    text: str = ""
    address: int = 0
    cause: Cause = Cause.POWER_ON
    """What reset the chip, where that is the end."""
    more: str = ""
    """What else there is to say, behind the place."""
    exit_status: int | None = None
    """What the firmware exited with, where it ended itself by semihosting."""


RESETS = {
    Cause.SOFTWARE: "the firmware reset the chip",
    Cause.WATCHDOG: "the watchdog reset the chip",
    Cause.LOCKUP: "the CPU locked up, which resets the chip",
    Cause.WAKE_BY_PIN: "the firmware switched the system off, and only a pin wakes it, by a reset",
}

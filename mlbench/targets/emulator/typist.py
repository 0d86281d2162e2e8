"""Who types into the firmware's serial line, and feeds its sensors, as a suite's ``inputs`` say."""

from __future__ import annotations

import re
from typing import Any

from mlbench.core.inputs import Inputs, TypedText
from mlbench.emulator.calls import CallTracker
from mlbench.emulator.console import Output
from mlbench.emulator.machine import Machine
from mlbench.emulator.peripherals.base import Cause, Peripheral
from mlbench.emulator.peripherals.pdm_i2s_pwm import Pdm
from mlbench.emulator.sensors.surroundings import Motion

RECEIVES = re.compile(
    r"(?:Serial|UART|Uart|CDC|Stream|RTT)\w*::"
    r"(?:available|read\w*|peek|find\w*|parse\w+|timed\w+|readable|getc)\b"
    r"|^(?:SEGGER_RTT_(?:HasKey|HasData|Read\w*|GetKey|WaitKey)|getchar|uart_poll_in)\b"
)
"""Functions by which Arduino cores, Mbed OS, Zephyr and SEGGER RTT give what has been received."""

_BETWEEN_US = 100_000.0
"""So long after one text the next is typed at the earliest, where nothing printed is waited for."""
_MOST_KEPT = 4096
"""Of what was printed, in characters: so long a text can be waited for."""


def feed_sensors(machine: Machine, inputs: Inputs) -> None:
    """Give the sensors what they are to feel, from the time on that firmware switches each on."""
    if inputs.microphone:
        machine.part(Pdm, "PDM").hear(inputs.microphone)
    if inputs.imu and machine.sensors is not None:
        machine.sensors.surroundings.feed(Motion(*row) for row in inputs.imu)


class Typist(Peripheral):
    """Types each text in its turn, on the line on which the firmware printed last."""

    name = "typist"

    def __init__(self, machine: Machine, tracker: CallTracker, texts: tuple[TypedText, ...]) -> None:
        super().__init__(machine)
        self._machine, self._tracker, self._texts = machine, tracker, texts
        self.typed = 0
        """How many texts have been typed."""
        self.ready = True
        """Enough time has passed since the last one."""
        self.printed = ""
        """What the firmware has printed since."""
        self.line = "uart0"
        self._asking: dict[int, str] = {}
        if texts:
            machine.bus.add_outside(self)
            machine.console.listener = self._hear
            self._asking = {
                symbol.address: symbol.demangled
                for symbol in machine.image.functions
                if RECEIVES.search(symbol.demangled)
            }

    def start(self) -> None:
        """The machine was reset."""
        self.typed, self.ready, self.printed, self.line = 0, True, "", "uart0"
        self._wait()

    def _next(self) -> TypedText | None:
        return self._texts[self.typed] if self.typed < len(self._texts) else None

    def _wait(self) -> None:
        """Stop, or no longer stop, where the firmware asks for input."""
        text = self._next()
        stops = text is not None and not text.after and self.ready
        for address in self._asking:
            if stops:
                self._tracker.keep(address)
            elif self._tracker.kept(address):
                self._tracker.release(address)
        if stops and not self._asking:
            # Nothing tells when it asks: the other end of the wire waits until it is ready to receive.
            self._type()

    def at(self, address: int) -> None:
        """The machine has stopped at a breakpoint."""
        name = self._asking.get(address)
        text = self._next()
        if name is None or text is None or text.after or not self.ready:
            return
        if "USB" in name or "CDC" in name:
            self.line = "usb"
        elif "RTT" in name:
            self.line = "rtt"
        self._type()

    def _type(self) -> None:
        text = self._texts[self.typed]
        self.typed += 1
        self.ready, self.printed = False, ""
        self._machine.console.feed(self.line, text.text.encode())
        self._machine.schedule(self.name, "READY", _BETWEEN_US)
        self._wait()

    def _hear(self, output: Output) -> None:
        if output.source in ("usb", "uart0", "uart1", "rtt"):
            self.line = output.source
        self.printed = (self.printed + output.data.decode("utf-8", "replace"))[-_MOST_KEPT:]
        text = self._next()
        if text is not None and text.after and text.after in self.printed:
            self._type()

    def on_event(self, _name: str) -> None:
        """The next text may be typed."""
        self.ready = True
        self._wait()

    def survives(self, _cause: Cause) -> bool:
        """Whoever types does not notice a reset."""
        return True

    def state(self) -> dict[str, Any]:
        """The attributes that a snapshot must hold."""
        return {name: getattr(self, name) for name in ("typed", "ready", "printed", "line")}

    def load(self, saved: dict[str, Any]) -> None:
        """Go back to what ``save`` gave."""
        super().load(saved)
        self._wait()

"""PDM, I2S, PWM, QDEC and EGU: nRF52840 Product Specification v1.7, sections 6.15, 6.11, 6.17, 6.18, 6.8."""

from __future__ import annotations

from mlbench.emulator.peripherals.base import MachineAccess, NrfPeripheral, PeripheralSlot, Register, plain

I2S_STEP = 32_000_000 / 2**32
"""Of the register that divides the 32 MHz clock (6.11.10)."""


SOUND_HZ = 16_000
"""Samples a second of the sound that the microphone is given."""
_SAME_RATE = 0.02
"""So far from it, relatively, a rate that firmware sets is taken for it."""


def pdm_clock(setting: int) -> float:
    """Hz of a value of PDMCLKCTRL: 32 MHz by a whole number, as each rate of its table is.

    They are 1.000, 1.032, 1.067, 1.231, 1.280 and 1.333 MHz: 32 MHz by 32, 31, 30, 26, 25 and 24 (6.15.8).
    """
    return 32e6 / max(1, 2**32 // max(1, setting))


class Pdm(NrfPeripheral):
    """The microphone's interface: silence, or what it is given to hear, into RAM at the rate that is set."""

    tasks = {0x000: "START", 0x004: "STOP"}  # noqa: RUF012
    events = {0x100: "STARTED", 0x104: "STOPPED", 0x108: "END"}  # noqa: RUF012

    def registers(self) -> list[Register]:
        """Registers of section 6.15.8."""
        self.buffer, self.room = 0, 0
        self.incoming = bytearray()
        self.sound, self.heard = b"", 0.0
        return [
            plain(0x500, "ENABLE"),
            plain(0x504, "PDMCLKCTRL", 0x08400000),
            plain(0x508, "MODE"),
            plain(0x518, "GAINL", 0x28),
            plain(0x51C, "GAINR", 0x28),
            plain(0x520, "RATIO"),
            plain(0x540, "PSEL.CLK", 0xFFFFFFFF),
            plain(0x544, "PSEL.DIN", 0xFFFFFFFF),
            plain(0x560, "SAMPLE.PTR"),
            plain(0x564, "SAMPLE.MAXCNT"),
        ]

    def feed(self, samples: bytes) -> None:
        """Sound to come: 16-bit samples, low byte first, in the order RAM will have them."""
        self.incoming += samples

    def hear(self, samples: bytes) -> None:
        """Sound to come, after what it was given before: 16-bit samples, low byte first, 16,000 a second.

        It begins with the next buffer, and goes on as long as the microphone is on.
        """
        self.sound = self.sound[2 * int(self.heard) :] + samples
        self.heard = 0.0

    def _next_samples(self) -> bytes:
        """A buffer's worth, silence behind the sound; both channels hear the same."""
        channels = 1 if self.stored.get(0x508, 0) & 1 else 2
        step = SOUND_HZ * self.sample_us() * channels / 1e6
        if abs(step - 1) < _SAME_RATE:
            step = 1.0
        samples = bytearray()
        for number in range(self.room):
            at = 2 * int(self.heard + number // channels * step)
            samples += self.sound[at : at + 2].ljust(2, b"\0")
        self.heard = min(self.heard + self.room // channels * step, len(self.sound) / 2)
        return bytes(samples)

    def sample_us(self) -> float:
        """Time from one sample in RAM to the next: two share a period where both channels are on."""
        clock = pdm_clock(self.stored.get(0x504, 0x08400000))
        ratio = 80 if self.stored.get(0x520, 0) & 1 else 64
        mono = self.stored.get(0x508, 0) & 1
        return ratio * 1e6 / clock / (1 if mono else 2)

    def task_start(self) -> None:
        """Fill the buffer of SAMPLE.PTR; the registers may then be set for the next (6.15.6)."""
        if self.stored.get(0x500, 0) & 1:
            if not (self.sound or self.incoming):
                self.machine.note("the microphone hears silence; feed it with `inputs: microphone`")
            self._begin()

    def _begin(self) -> None:
        self.buffer, self.room = self.stored.get(0x560, 0), max(1, self.stored.get(0x564, 0) & 0x7FFF)
        self.after(self.sample_us() * self.room, "END")
        self.after(0.1, "STARTED")

    def task_stop(self) -> None:
        """Stop with the sample that is under way."""
        self.machine.cancel(self.name, "END")
        self.after(self.sample_us(), "STOPPED")

    def on_event(self, name: str) -> None:
        """A buffer is full, or has been taken."""
        if name == "END":
            samples = self.incoming[: 2 * self.room]
            del self.incoming[: 2 * self.room]
            self.machine.write_memory(
                self.buffer, bytes(samples).ljust(2 * self.room, b"\0") if samples else self._next_samples()
            )
            self._begin()
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        names = ("buffer", "room", "incoming", "sound", "heard")
        return {**super().state(), **{name: getattr(self, name) for name in names}}


class I2s(NrfPeripheral):
    """The audio interface as master: takes and gives buffers at its rate; what comes in is silence."""

    tasks = {0x000: "START", 0x004: "STOP"}  # noqa: RUF012
    events = {0x104: "RXPTRUPD", 0x108: "STOPPED", 0x114: "TXPTRUPD"}  # noqa: RUF012
    _RATIOS = (32, 48, 64, 96, 128, 192, 256, 384, 512)

    def registers(self) -> list[Register]:
        """Registers of section 6.11.10."""
        self.receiving = 0
        return [
            plain(0x500, "ENABLE"),
            plain(0x504, "CONFIG.MODE"),
            plain(0x508, "CONFIG.RXEN"),
            plain(0x50C, "CONFIG.TXEN", 1),
            plain(0x510, "CONFIG.MCKEN", 1),
            plain(0x514, "CONFIG.MCKFREQ", 0x20000000),
            plain(0x518, "CONFIG.RATIO", 6),
            plain(0x51C, "CONFIG.SWIDTH", 1),
            plain(0x520, "CONFIG.ALIGN"),
            plain(0x524, "CONFIG.FORMAT"),
            plain(0x528, "CONFIG.CHANNELS"),
            plain(0x538, "RXD.PTR"),
            plain(0x540, "TXD.PTR"),
            plain(0x550, "RXTXD.MAXCNT"),
            *(
                plain(0x560 + 4 * n, f"PSEL.{name}", 0xFFFFFFFF)
                for n, name in enumerate(("MCK", "SCK", "LRCK", "SDIN", "SDOUT"))
            ),
        ]

    def _buffer_us(self) -> float:
        """Time of RXTXD.MAXCNT words: 4, 2 or 1 samples each, by their width (6.11.7)."""
        rate = self.stored.get(0x514, 0x20000000) * I2S_STEP
        rate /= self._RATIOS[min(8, self.stored.get(0x518, 6))]
        per_word = (4, 2, 1, 1)[self.stored.get(0x51C, 1) & 3]
        channels = 1 if self.stored.get(0x528, 0) & 3 else 2
        words = max(1, self.stored.get(0x550, 0) & 0x3FFF)
        return words * per_word * 1e6 / channels / max(1.0, rate)

    def task_start(self) -> None:
        """Start: the pointers are taken, and again each time a buffer is through (6.11.8)."""
        if self.stored.get(0x500, 0) & 1:
            self.receiving = self.stored.get(0x538, 0)
            self.after(1.0, "TAKEN")

    def task_stop(self) -> None:
        """Stop."""
        self.machine.cancel(self.name, "TAKEN")
        self.after(self._buffer_us() / max(1, self.stored.get(0x550, 0)), "STOPPED")

    def on_event(self, name: str) -> None:
        """A buffer is through."""
        if name == "STOPPED":
            self.event(name)
            return
        if self.stored.get(0x508, 0) & 1:
            self.machine.write_memory(self.receiving, bytes(4 * (self.stored.get(0x550, 0) & 0x3FFF)))
            self.receiving = self.stored.get(0x538, 0)
            self.event("RXPTRUPD")
        if self.stored.get(0x50C, 1) & 1:
            self.event("TXPTRUPD")
        self.after(self._buffer_us(), "TAKEN")

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "receiving": self.receiving}


class Pwm(NrfPeripheral):
    """Pulse widths: sequences take their time and end; the pins' levels are not modelled."""

    tasks = {0x004: "STOP", 0x008: "SEQSTART0", 0x00C: "SEQSTART1", 0x010: "NEXTSTEP"}  # noqa: RUF012
    events = {  # noqa: RUF012
        0x104: "STOPPED",
        0x108: "SEQSTARTED0",
        0x10C: "SEQSTARTED1",
        0x110: "SEQEND0",
        0x114: "SEQEND1",
        0x118: "PWMPERIODEND",
        0x11C: "LOOPSDONE",
    }
    shorts = {  # noqa: RUF012
        0: ("SEQEND0", "STOP"),
        1: ("SEQEND1", "STOP"),
        2: ("LOOPSDONE", "SEQSTART0"),
        3: ("LOOPSDONE", "SEQSTART1"),
        4: ("LOOPSDONE", "STOP"),
    }

    def __init__(self, machine: MachineAccess, place: PeripheralSlot) -> None:
        self.playing = 0
        self.loops = 0
        self.running = False
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of section 6.17.5."""
        table = [
            plain(0x500, "ENABLE"),
            plain(0x504, "MODE"),
            plain(0x508, "COUNTERTOP", 0x3FF),
            plain(0x50C, "PRESCALER"),
            plain(0x510, "DECODER"),
            plain(0x514, "LOOP"),
            *(plain(0x560 + 4 * n, f"PSEL.OUT{n}", 0xFFFFFFFF) for n in range(4)),
        ]
        for n in (0, 1):
            at = 0x520 + 32 * n
            table += [plain(at, f"SEQ{n}.PTR"), plain(at + 4, f"SEQ{n}.CNT")]
            table += [plain(at + 8, f"SEQ{n}.REFRESH", 1), plain(at + 12, f"SEQ{n}.ENDDELAY")]
        return table

    def period_us(self) -> float:
        """One period: COUNTERTOP counts of 16 MHz / 2^PRESCALER, twice as long up and down."""
        top = self.stored.get(0x508, 0x3FF) & 0x7FFF
        return (
            max(3, top)
            * (1 << (self.stored.get(0x50C, 0) & 7))
            / 16
            * (2 if self.stored.get(0x504, 0) & 1 else 1)
        )

    def _sequence_us(self, n: int) -> float:
        at = 0x520 + 32 * n
        per_step = (1, 2, 4, 4)[self.stored.get(0x510, 0) & 3]
        steps = max(1, (self.stored.get(at + 4, 0) & 0x7FFF) // per_step)
        refresh = (self.stored.get(at + 8, 1) & 0xFFFFFF) + 1
        return (steps * refresh + (self.stored.get(at + 12, 0) & 0xFFFFFF)) * self.period_us()

    def task(self, name: str) -> None:
        """Start a sequence, or stop at the end of a period."""
        if name.startswith("SEQSTART"):
            if self.stored.get(0x500, 0) & 1:
                self.loops = self.stored.get(0x514, 0) & 0xFFFF
                self._play(int(name[-1]))
        elif name == "STOP":
            for event in ("SEQEND", "PERIOD"):
                self.machine.cancel(self.name, event)
            self.after(self.period_us() if self.running else 0.1, "STOPPED")
        # NEXTSTEP steps within a sequence whose levels nobody sees.

    def _play(self, n: int) -> None:
        self.playing, self.running = n, True
        self.event(f"SEQSTARTED{n}")
        self.after(self._sequence_us(n), "SEQEND")
        self._plan_period()

    def _plan_period(self) -> None:
        if self.running and self.inten >> 6 & 1:
            self.after(self.period_us(), "PERIOD")

    def _set_inten(self, value: int) -> None:
        super()._set_inten(value)
        self._plan_period()

    def on_event(self, name: str) -> None:
        """A period, a sequence or all its loops have ended (6.17.3)."""
        if name == "PERIOD":
            self._plan_period()
            self.event("PWMPERIODEND")
        elif name == "STOPPED":
            self.running = False
            self.event(name)
        else:
            ended = self.playing
            self.event("PWMPERIODEND")
            self.event(f"SEQEND{ended}")
            if self.loops and ended == 0 and self.running:
                self._play(1)
            elif self.loops and ended == 1:
                self.loops -= 1
                if self.loops:
                    self._play(0)
                else:
                    self.event("LOOPSDONE")

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "playing": self.playing, "loops": self.loops, "running": self.running}


class Qdec(NrfPeripheral):
    """The decoder of a knob that nobody turns: it samples, and has nothing to report."""

    tasks = {0x000: "START", 0x004: "STOP", 0x008: "READCLRACC", 0x00C: "RDCLRACC", 0x010: "RDCLRDBL"}  # noqa: RUF012
    events = {  # noqa: RUF012
        0x100: "SAMPLERDY",
        0x104: "REPORTRDY",
        0x108: "ACCOF",
        0x10C: "DBLRDY",
        0x110: "STOPPED",
    }

    def registers(self) -> list[Register]:
        """Registers of section 6.18.8."""
        self.running = False
        settings = {0x500: "ENABLE", 0x504: "LEDPOL", 0x508: "SAMPLEPER", 0x510: "REPORTPER", 0x528: "DBFEN"}
        counts = {0x50C: "SAMPLE", 0x514: "ACC", 0x518: "ACCREAD", 0x544: "ACCDBL", 0x548: "ACCDBLREAD"}
        pins = {0x51C: "PSEL.LED", 0x520: "PSEL.A", 0x524: "PSEL.B"}
        return [
            *(plain(offset, name) for offset, name in settings.items()),
            *(Register(offset, name, read_only=True) for offset, name in counts.items()),
            *(plain(offset, name, 0xFFFFFFFF) for offset, name in pins.items()),
            plain(0x540, "LEDPRE", 0x10),
        ]

    def task(self, name: str) -> None:
        """Start or stop; the accumulators that the others read and clear are 0."""
        if name == "START":
            self.running = True
            self._plan()
        elif name == "STOP":
            self.running = False
            self.machine.cancel(self.name, "SAMPLERDY")
            self.after(0.1, "STOPPED")

    def _plan(self) -> None:
        # A sample each 128 us * 2^SAMPLEPER; those that nobody waits for are left out.
        if self.running and self.inten & 1:
            self.after(128.0 * (1 << min(10, self.stored.get(0x508, 0))), "SAMPLERDY")

    def _set_inten(self, value: int) -> None:
        super()._set_inten(value)
        self._plan()

    def on_event(self, name: str) -> None:
        """A sample was taken, or it has stopped."""
        self.event(name)
        self._plan()

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "running": self.running}


class Egu(NrfPeripheral):
    """Events and interrupts by software, at once: no wire is between its tasks and events."""

    def __init__(self, machine: MachineAccess, place: PeripheralSlot) -> None:
        self.tasks = {4 * n: f"TRIGGER{n}" for n in range(16)}
        self.events = {0x100 + 4 * n: f"TRIGGERED{n}" for n in range(16)}
        super().__init__(machine, place)

    def task(self, name: str) -> None:
        """Each task raises its event."""
        self.event(f"TRIGGERED{name[7:]}")

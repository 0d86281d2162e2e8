"""RNG, and the cipher engines ECB, CCM and AAR: nRF52840 Product Specification v1.7, sections 6.20, 6.7, 6.4
and 6.1.

ECB enciphers. CCM and AAR do not: they end their work with the event that says it failed, and a note tells
so.
"""

from __future__ import annotations

from mlbench.emulator.aes import BLOCK, encrypted
from mlbench.emulator.peripherals.base import (
    MachineAccess,
    NrfPeripheral,
    PeripheralSlot,
    Register,
    never,
    plain,
)

_ECB_US = 6.2
"""t_ECB (6.7.2), 100 MHz bus clock apart: encrypting one block takes at most 7.2 us, typically this."""


_CCM_KEPT = {
    0x500: "ENABLE",
    0x504: "MODE",
    0x508: "CNFPTR",
    0x50C: "INPTR",
    0x510: "OUTPTR",
    0x514: "SCRATCHPTR",
    0x51C: "RATEOVERRIDE",
}


class Rng(NrfPeripheral):
    """The random number generator: a fixed sequence, so that runs repeat.

    A byte that nobody has taken notice of stays until its event is cleared: a generator that is left running
    costs nothing.
    """

    tasks = {0x000: "START", 0x004: "STOP"}  # noqa: RUF012
    events = {0x100: "VALRDY"}  # noqa: RUF012
    shorts = {0: ("VALRDY", "STOP")}  # noqa: RUF012

    def __init__(self, machine: MachineAccess, place: PeripheralSlot) -> None:
        self.value = 0
        self.seed = 0x2545F491
        self.running = False
        self.since = 0
        super().__init__(machine, place)

    def registers(self) -> list[Register]:
        """Registers of section 6.20.3."""
        return [plain(0x504, "CONFIG"), Register(0x508, "VALUE", read=lambda: self.value, until=never)]

    def task_start(self) -> None:
        """Start: a byte takes 30 us without, 120 us with bias correction (6.20.4)."""
        self.running = True
        self.since = self.machine.now()
        self._plan()

    def _plan(self) -> None:
        """The next byte comes at the end of the period that is under way."""
        period = int((120 if self.stored.get(0x504, 0) & 1 else 30) * self.machine.hz() / 1e6)
        passed = (self.machine.now() - self.since) // period
        self.machine.schedule_at(self.name, "VALRDY", self.since + (passed + 1) * period)

    def write(self, offset: int, value: int) -> bool:
        """A cleared event may come again."""
        done = super().write(offset, value)
        if offset == 0x100 and self.running and "VALRDY" not in self.raised:
            self._plan()
        return done

    def task_stop(self) -> None:
        """Stop."""
        self.running = False
        self.machine.cancel(self.name, "VALRDY")

    def on_event(self, name: str) -> None:
        """A byte is ready (xorshift32: any fixed sequence would do)."""
        self.seed ^= self.seed << 13 & 0xFFFFFFFF
        self.seed ^= self.seed >> 17
        self.seed ^= self.seed << 5 & 0xFFFFFFFF
        self.value = self.seed >> 11 & 0xFF
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {
            **super().state(),
            "value": self.value,
            "seed": self.seed,
            "running": self.running,
            "since": self.since,
        }


class Engine(NrfPeripheral):
    """A cipher engine that is started, takes its time, and fails."""

    ends: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - one table a class, never changed
    """Task -> the events that end it."""

    def task(self, name: str) -> None:
        """Start; other tasks stop what runs."""
        if name in self.ends:
            self.machine.note(f"{self.name} is not modelled: its work ends in an error")
            self.after(_ECB_US, name)
        else:
            for started in self.ends:
                self.machine.cancel(self.name, started)

    def on_event(self, name: str) -> None:
        """The time of the work has passed."""
        for event in self.ends[name]:
            self.event(event)


class Ecb(NrfPeripheral):
    """AES of one block: at ECBDATAPTR lie the key, the clear text, and space for the result (6.7.3)."""

    tasks = {0x000: "STARTECB", 0x004: "STOPECB"}  # noqa: RUF012
    events = {0x100: "ENDECB", 0x104: "ERRORECB"}  # noqa: RUF012

    def registers(self) -> list[Register]:
        """Registers of section 6.7.1."""
        self.busy = False
        return [plain(0x504, "ECBDATAPTR")]

    def task_startecb(self) -> None:
        """Encipher; a block under way goes on."""
        if not self.busy:
            self.busy = True
            self.after(_ECB_US, "ENDECB")

    def task_stopecb(self) -> None:
        """Stop; what is under way ends in an error (6.7.1)."""
        if self.busy:
            self.busy = False
            self.machine.cancel(self.name, "ENDECB")
            self.event("ERRORECB")

    def on_event(self, name: str) -> None:
        """The block is done."""
        self.busy = False
        pointer = self.stored.get(0x504, 0)
        data = self.machine.read_memory(pointer, 2 * BLOCK)
        if len(data) < 2 * BLOCK:
            self.machine.note(f"{self.name}: EasyDMA cannot read {pointer:#010x}, which is not in RAM")
            self.event("ERRORECB")
            return
        self.machine.write_memory(pointer + 2 * BLOCK, encrypted(data[:BLOCK], data[BLOCK:]))
        self.event(name)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "busy": self.busy}


class CcmAar(Engine):
    """CCM and AAR, which share an address."""

    tasks = {0x000: "KSGEN", 0x004: "CRYPT", 0x008: "STOP", 0x00C: "RATEOVERRIDE"}  # noqa: RUF012
    events = {0x100: "ENDKSGEN", 0x104: "ENDCRYPT", 0x108: "ERROR"}  # noqa: RUF012
    shorts = {0: ("ENDKSGEN", "CRYPT")}  # noqa: RUF012
    # As AAR the same offsets are END and NOTRESOLVED.
    ends = {"KSGEN": ("ENDKSGEN", "ERROR"), "CRYPT": ("ENDCRYPT", "ERROR")}  # noqa: RUF012

    def registers(self) -> list[Register]:
        """Registers of sections 6.4.8 and 6.1.9."""
        return [
            Register(0x400, "STATUS", read_only=True),
            plain(0x518, "MAXPACKETSIZE", 0xFB),
            *(plain(offset, name) for offset, name in _CCM_KEPT.items()),
        ]

"""DWT, ITM and TPIU: the core's cycle counter, and text over the trace pin.

ARMv7-M Architecture Reference Manual (DDI 0403E), C1.7 (ITM), C1.8 (DWT), C1.10 (TPIU).
"""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.peripherals.base import LIGHT_RESETS, Cause, MachineAccess, Peripheral, Register, plain

_UNLOCK = 0xC5ACCE55
_COMPARATORS = 4
_PORTS = 32


class _Trace(Peripheral):
    """What DEMCR.TRCENA turns on."""

    def __init__(self, machine: MachineAccess, traced: Callable[[], bool]) -> None:
        self._traced = traced
        super().__init__(machine)

    def survives(self, cause: Cause) -> bool:
        """Debug parts are left alone by light resets (nRF52840 PS v1.7, section 5.3, "Reset behavior")."""
        return cause in LIGHT_RESETS


class Dwt(_Trace):
    """Data watchpoint and trace: its cycle counter shows the modelled cycles. Nothing is watched."""

    name, base = "DWT", 0xE0001000

    def registers(self) -> list[Register]:
        """Registers of C1.8.6; the profiling counters stay 0."""
        self.offset = 0
        self.control = _COMPARATORS << 28
        return [
            Register(0x000, "CTRL", read=lambda: self.control, write=self._set_control),
            Register(0x004, "CYCCNT", read=self._count, write=self._set_count),
            *(plain(0x008 + 4 * n, name) for n, name in
              enumerate(("CPICNT", "EXCCNT", "SLEEPCNT", "LSUCNT", "FOLDCNT"))),
            Register(0x01C, "PCSR", read_only=True),
            *(plain(0x020 + 16 * n + 4 * m, f"{name}{n}")
              for n in range(_COMPARATORS) for m, name in enumerate(("COMP", "MASK", "FUNCTION"))),
        ]  # fmt: skip

    @property
    def _counts(self) -> bool:
        return bool(self.control & 1) and self._traced()

    def switch(self, change: Callable[[], None]) -> None:
        """Do what may start or stop the counter."""
        count = self._count()
        change()
        self._set_count(count)

    def _count(self) -> int:
        return ((self.machine.now() if self._counts else 0) - self.offset) & 0xFFFFFFFF

    def _set_count(self, value: int) -> None:
        self.offset = (self.machine.now() if self._counts else 0) - value

    def _set_control(self, value: int) -> None:
        def change() -> None:
            self.control = _COMPARATORS << 28 | value & 0x0FFFFFFF

        self.switch(change)

    def state(self) -> dict[str, object]:
        """The attributes that a snapshot must hold."""
        return {**super().state(), "offset": self.offset, "control": self.control}


class Itm(_Trace):
    """Instrumentation trace: what is written to stimulus port 0 is text for the trace pin."""

    name, base = "ITM", 0xE0000000

    def registers(self) -> list[Register]:
        """Registers of C1.7.2."""
        return [
            *(Register(4 * n, f"STIM{n}", read=lambda n=n: int(self._enabled(n)), write=lambda _: None)  # type: ignore[misc]
              for n in range(_PORTS)),
            plain(0xE00, "TER"), plain(0xE40, "TPR"), plain(0xE80, "TCR"),
            Register(0xFB0, "LAR", write=lambda _: None),
            # Neither locked nor lockable, so that it makes no difference whether firmware unlocks it.
            Register(0xFB4, "LSR", read_only=True),
        ]  # fmt: skip

    def _enabled(self, port: int) -> bool:
        return bool(
            self._traced() and self.stored.get(0xE80, 0) & 1 and self.stored.get(0xE00, 0) >> port & 1
        )

    def write_narrow(self, offset: int, size: int, value: int) -> bool:
        """A write of 1, 2 or 4 bytes: a stimulus port sends as many."""
        if offset >= 4 * _PORTS:
            return False
        if offset < 4 and self._enabled(0):
            self.machine.console.put("itm", (value & (1 << 8 * size) - 1).to_bytes(size, "little"))
        return True


class Tpiu(Peripheral):
    """The trace port: its set-up is kept, and nothing follows from it."""

    name, base = "TPIU", 0xE0040000

    def registers(self) -> list[Register]:
        """Registers of C1.10.3."""
        names = {0x000: ("SSPSR", 1), 0x004: ("CSPSR", 1), 0x010: ("ACPR", 0), 0x0F0: ("SPPR", 1),
                 0x300: ("FFSR", 8), 0x304: ("FFCR", 0x102)}  # fmt: skip
        return [plain(offset, name, reset) for offset, (name, reset) in names.items()]

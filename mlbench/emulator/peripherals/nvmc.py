"""NVMC, the flash controller: nRF52840 Product Specification v1.7, section 4.3."""

from __future__ import annotations

from collections.abc import Callable

from mlbench.emulator.peripherals.base import Machine, Peripheral, Register, plain


class Nvmc(Peripheral):
    """The flash controller: ready at once, instruction cache switched by ICACHECNF."""

    name, base = "NVMC", 0x4001E000

    def __init__(self, machine: Machine, cache_switch: Callable[[bool], None]) -> None:
        self._cache_switch = cache_switch
        super().__init__(machine)

    def registers(self) -> list[Register]:
        """Registers of section 4.3.9."""
        return [
            Register(0x400, "READY", reset=1, read_only=True),
            Register(0x408, "READYNEXT", reset=1, read_only=True),
            plain(0x504, "CONFIG"),
            Register(0x540, "ICACHECNF", write=self._set_cache),
            plain(0x548, "IHIT"),
            plain(0x54C, "IMISS"),
        ]

    def _set_cache(self, value: int) -> None:
        self.stored[0x540] = value & 0x101
        self._cache_switch(bool(value & 1))

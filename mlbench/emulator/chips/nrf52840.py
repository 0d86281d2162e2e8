"""The nRF52840: nRF52840 Product Specification v1.7, sections 4.2.3 (memory map), 4.2.4 (instantiation)."""

from __future__ import annotations

from functools import partial

from mlbench.emulator.chip import Region, StartState
from mlbench.emulator.chips import family
from mlbench.emulator.peripherals.power import ClockPower

_FLASH, _RAM = family.memory(1024, 256)
_COUNT_BITS = 16
"""EasyDMA's counts of UARTE (6.34.9), SPIM (6.25.8) and TWIM (6.31.9)."""
_IDENTITY = family.Identity(part=0x00052840, variant=0x41414430, package=0x2004, family=8, revision=3)
"""Revision 3 is what belongs to the variant AAD0; the package is QI (4.4.1)."""
_PERIPHERALS = (
    *family.shared(
        clock_power=partial(ClockPower, ram_blocks=9), ports={"P0": 32, "P1": 16}, count_bits=_COUNT_BITS
    ),
    *family.second_generation(_COUNT_BITS),
    *family.external_memory(),
    *family.memories(_IDENTITY, _FLASH, _RAM, reset_pin=18, ficr={0x350: ("PRODTEST0", 0xBB42319F)}),
)

NRF52840 = family.chip(
    "nrf52840",
    (_FLASH, _RAM),
    _PERIPHERALS,
    # Section 5.1, CPU.
    irqs=48,
    cost_table="nrf52840",
    # The Nano's bootloader, an Mbed program, has turned both on. The SoftDevices S140 6.1.1 and 7.3.0, which
    # stand before images of Adafruit's and Seeed's cores, turn on the cache too.
    start=StartState(cache_on=True, float_on=True),
    # NRF52840 (microsoft/uf2, utils/uf2families.json).
    uf2_families=(0xADA52840,),
    # CryptoCell's.
    windows=(Region(0x5002A000, 0x2000),),
)

"""The nRF52833: nRF52833 Product Specification v1.5, sections 4.2.3 (memory map), 4.2.4 (instantiation).

It is the nRF52840 with half the memory, six pins fewer on port 1, and without QSPI and CRYPTOCELL. Its own
registers for direction finding (RADIO) are not modelled.

What its instructions and its flash cost is assumed to be as on the nRF52840: the core, its clock, the cache
and the wait states are the same (chapter 4, CPU and NVMC); the fitted costs were fitted on that chip.
"""

from __future__ import annotations

from functools import partial

from mlbench.emulator.chip import StartState
from mlbench.emulator.chips import family
from mlbench.emulator.peripherals.base import plain
from mlbench.emulator.peripherals.power import ClockPower

_FLASH, _RAM = family.memory(512, 128)
_COUNT_BITS = 16
"""EasyDMA's counts of UARTE, SPIM and TWIM, as on the nRF52840."""
_IDENTITY = family.Identity(part=0x00052833, variant=0x41414130, package=0x2004, family=0xD, revision=0)
"""Revision 0 is what belongs to the variant AAA0; the package is QI (4.4.1)."""
_CLOCK = family.without(
    partial(ClockPower, ram_blocks=9),
    0x580,  # DCDCEN0: there is no such regulator (POWER)
    0x5B4,  # LFRCMODE (CLOCK)
)
_PERIPHERALS = (
    *family.shared(
        clock_power=family.and_with(_CLOCK, plain(0x52C, "LFXODEBOUNCE")),
        ports={"P0": 32, "P1": 10},
        count_bits=_COUNT_BITS,
    ),
    *family.second_generation(_COUNT_BITS),
    *family.memories(_IDENTITY, _FLASH, _RAM, reset_pin=18),
)

NRF52833 = family.chip(
    "nrf52833",
    (_FLASH, _RAM),
    _PERIPHERALS,
    # The last is SPIM3's, 47 (4.2.4).
    irqs=48,
    cost_table="nrf52840",
    # As after a reset: no bootloader is known to change it.
    start=StartState(cache_on=False, float_on=False),
    # NRF52833.
    uf2_families=(0x621E937A,),
)

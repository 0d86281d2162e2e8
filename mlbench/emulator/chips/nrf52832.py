"""The nRF52832 (QFAA): nRF52832 Product Specification v1.8, chapter 8 (memory map, instantiation).

It is older than its relatives: no USB, one UARTE, no SPIM3 and PWM3, one port, counts of EasyDMA of eight
bits, BPROT in place of ACL, and no IEEE 802.15.4.

What its instructions and its flash cost is assumed to be as on the nRF52840: the core, its clock, the cache
and the wait states are the same (chapters 7, CPU, and 11, NVMC); the fitted costs were fitted on that
chip. The times of writes and erases are taken from there, too.
"""

from __future__ import annotations

from functools import partial

from mlbench.emulator.chip import StartState
from mlbench.emulator.chips import family
from mlbench.emulator.peripherals.analog import Comparator
from mlbench.emulator.peripherals.base import plain
from mlbench.emulator.peripherals.crypto import CcmAar
from mlbench.emulator.peripherals.nvmc import ACL_REGISTERS
from mlbench.emulator.peripherals.pdm_i2s_pwm import Pdm
from mlbench.emulator.peripherals.power import ClockPower
from mlbench.emulator.peripherals.radio import Radio

_FLASH, _RAM = family.memory(512, 64)
_COUNT_BITS = 8
"""EasyDMA's counts of UARTE, SPIM and TWIM (chapters 35, 31 and 33)."""
_IDENTITY = family.Identity(part=0x00052832, variant=0x41414530, package=0x2000, family=6, revision=6)
"""Revision 6 is what belongs to the variant AAE0; the package is QF (chapter 13)."""

_CLOCK = family.without(
    partial(ClockPower, ram_blocks=8),
    *(0x11C, 0x120, 0x124, 0x438),  # of USB (chapter 18)
    *(0x580, 0x640),  # DCDCEN0 and MAINREGSTATUS: one regulator
    *(0x128, 0x12C),  # CTSTARTED, CTSTOPPED (chapter 19)
    *(0x528, 0x5B4),  # HFXODEBOUNCE, LFRCMODE
)
_PROTECTION = tuple(plain(0x600 + at, "BPROT") for at in (0x00, 0x04, 0x08, 0x10, 0x14))
"""BPROT's CONFIG0 to CONFIG3 and DISABLEINDEBUG (chapter 12), which share CLOCK's address: they are kept, and
protect nothing."""
_CLOCK_TRIMS = (plain(0x53C, "TRIM"), plain(0xEE4, "TRIM"))
_RADIO_TRIM = plain(0x73C, "TRIM")
_COMPARATOR_TRIMS = (plain(0x53C, "ISOURCE"), plain(0x540, "TRIM"))
"""The trims are undocumented: Nordic's start-up code writes them to get around anomalies 31, 108, 182 and 12
of this chip's revision. ISOURCE is COMP's (chapter 38)."""
_RADIO = family.without(
    family.and_with(Radio, _RADIO_TRIM),
    *(0x024, 0x028, 0x02C, 0x030),  # EDSTART, EDSTOP, CCASTART, CCASTOP
    *range(0x138, 0x160, 4),  # FRAMESTART to MHRMATCH
    *(0x168, 0x16C),  # SYNC, PHYEND
)
_PERIPHERALS = (
    *family.shared(
        clock_power=family.and_with(_CLOCK, *_PROTECTION, *_CLOCK_TRIMS),
        ports={"P0": 32},
        count_bits=_COUNT_BITS,
        radio=_RADIO,
        comparator=family.and_with(Comparator, *_COMPARATOR_TRIMS),
        ccm_aar=family.without(CcmAar, 0x00C, 0x518, 0x51C),  # RATEOVERRIDE, MAXPACKETSIZE (chapter 29)
        pdm=family.without(Pdm, 0x520),  # RATIO (chapter 43)
    ),
    *family.memories(
        _IDENTITY,
        _FLASH,
        _RAM,
        reset_pin=21,
        nvmc=family.without(
            family.flash_controller(_FLASH),
            *(0x408, 0x518, 0x51C),  # READYNEXT, ERASEPAGEPARTIAL, ERASEPAGEPARTIALCFG
            *ACL_REGISTERS,
        ),
    ),
)

NRF52832 = family.chip(
    "nrf52832",
    (_FLASH, _RAM),
    _PERIPHERALS,
    # The last is the FPU's, 38.
    irqs=39,
    cost_table="nrf52840",
    # As after a reset: no bootloader is known to change it.
    start=StartState(cache_on=False, float_on=False),
    # NRF52832xxAA.
    uf2_families=(0x72721D4E,),
    usb=False,
)

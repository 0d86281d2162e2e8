"""The nRF52840: nRF52840 Product Specification v1.7, sections 4.2.3 (memory map), 4.2.4 (instantiation)."""

from __future__ import annotations

from functools import partial

from mlbench.emulator.chip import (
    BootloaderCall,
    Chip,
    EventRegisters,
    Maker,
    PeripheralSlot,
    Region,
    StartState,
)
from mlbench.emulator.peripherals.analog import Comparator, Temp
from mlbench.emulator.peripherals.base import MachineAccess
from mlbench.emulator.peripherals.crypto import CcmAar, Ecb, Rng
from mlbench.emulator.peripherals.ficr_uicr import Trim, Uicr, Words
from mlbench.emulator.peripherals.gpio import Gpio, Gpiote
from mlbench.emulator.peripherals.nvmc import Nvmc
from mlbench.emulator.peripherals.pdm_i2s_pwm import Egu, I2s, Pdm, Pwm, Qdec
from mlbench.emulator.peripherals.power import ClockPower
from mlbench.emulator.peripherals.ppi import Ppi
from mlbench.emulator.peripherals.radio import Nfct, Radio
from mlbench.emulator.peripherals.rtc import Rtc
from mlbench.emulator.peripherals.saadc import Saadc
from mlbench.emulator.peripherals.spim_twim import SpimTwim
from mlbench.emulator.peripherals.stubs import CryptoCell, Mwu, Qspi
from mlbench.emulator.peripherals.timer import Timer
from mlbench.emulator.peripherals.uarte import Uarte
from mlbench.emulator.peripherals.usbd import Usbd
from mlbench.emulator.peripherals.watchdog import Watchdog
from mlbench.emulator.usb_host import UsbHost

_FLASH, _RAM = Region(0x00000000, 0x100000), Region(0x20000000, 0x40000)
_PAGE = 4096
_APB = Region(0x40000000, 0x80000)

_FICR = {
    0x010: ("CODEPAGESIZE", _PAGE),
    0x014: ("CODESIZE", _FLASH.size // _PAGE),
    0x060: ("DEVICEID0", 0x6D6C6265),
    0x064: ("DEVICEID1", 0x6E636821),
    0x0A0: ("DEVICEADDRTYPE", 1),
    0x0A4: ("DEVICEADDR0", 0x12345678),
    0x0A8: ("DEVICEADDR1", 0x0000C0DE),
    0x100: ("INFO.PART", 0x00052840),
    0x104: ("INFO.VARIANT", 0x41414430),
    0x108: ("INFO.PACKAGE", 0x2004),
    0x10C: ("INFO.RAM", _RAM.size // 1024),
    0x110: ("INFO.FLASH", _FLASH.size // 1024),
    # Undocumented; Nordic's start-up code tells chips and their revisions apart by them.
    0x130: ("INFO.PARTFAMILY", 8),
    0x134: ("INFO.REVISION", 3),
    0x350: ("PRODTEST0", 0xBB42319F),
}
"""The identity of a made-up but well-formed chip (4.4.1); all else reads as erased flash."""
_ROM = {offset: ("ID", value) for offset, value in ((0xFE0, 0x08), (0xFE4, 0), (0xFE8, 0x30), (0xFEC, 0))}
"""The component identification at the end of the ROM table, by which drivers tell revisions apart: part 8,
third revision, what belongs to the FICR's variant AAD0."""
_UICR = {0x200: 18, 0x204: 18}
"""The reset pin, as on the Nano 33 BLE."""

_AIN = (2, 3, 4, 5, 28, 29, 30, 31)
"""Pins of port 0 that are AIN0 to AIN7 (7.1)."""
_PREGIONS = ((0x40000000, 0x4001FFFF), (0x40020000, 0x4003FFFF))
"""What MWU may watch of the peripherals (6.13)."""

_RADIO, _AAR, _CCM, _TIMER0, _RTC0 = 0x40001000, 0x4000F000, 0x4000F000, 0x40008000, 0x4000B000
_WIRED = {
    20: (_TIMER0 + 0x140, _RADIO + 0x000),
    21: (_TIMER0 + 0x140, _RADIO + 0x004),
    22: (_TIMER0 + 0x144, _RADIO + 0x010),
    23: (_RADIO + 0x128, _AAR + 0x000),
    24: (_RADIO + 0x100, _CCM + 0x000),
    25: (_RADIO + 0x104, _CCM + 0x004),
    26: (_RADIO + 0x104, _TIMER0 + 0x044),
    27: (_RADIO + 0x10C, _TIMER0 + 0x048),
    28: (_RTC0 + 0x140, _RADIO + 0x000),
    29: (_RTC0 + 0x140, _RADIO + 0x004),
    30: (_RTC0 + 0x140, _TIMER0 + 0x00C),
    31: (_RTC0 + 0x140, _TIMER0 + 0x000),
}
"""Channels of PPI that are wired already: event and task (6.16.1)."""

_PERIPHERALS: tuple[tuple[Maker, PeripheralSlot], ...] = (
    (partial(ClockPower, ram_blocks=9), PeripheralSlot("CLOCK", 0x40000000, 0)),
    (partial(Gpio, pins=32), PeripheralSlot("P0", 0x50000000)),
    (partial(Gpio, pins=16), PeripheralSlot("P1", 0x50000300)),
    (partial(Gpiote, ports=("P0", "P1")), PeripheralSlot("GPIOTE", 0x40006000, 6)),
    (partial(Timer, channels=4), PeripheralSlot("TIMER0", _TIMER0, 8)),
    (partial(Timer, channels=4), PeripheralSlot("TIMER1", 0x40009000, 9)),
    (partial(Timer, channels=4), PeripheralSlot("TIMER2", 0x4000A000, 10)),
    (partial(Timer, channels=6), PeripheralSlot("TIMER3", 0x4001A000, 26)),
    (partial(Timer, channels=6), PeripheralSlot("TIMER4", 0x4001B000, 27)),
    (partial(Rtc, channels=3), PeripheralSlot("RTC0", _RTC0, 11)),
    (partial(Rtc, channels=4), PeripheralSlot("RTC1", 0x40011000, 17)),
    (partial(Rtc, channels=4), PeripheralSlot("RTC2", 0x40024000, 36)),
    (partial(Uarte, source="uart0"), PeripheralSlot("UARTE0", 0x40002000, 2)),
    (partial(Uarte, source="uart1"), PeripheralSlot("UARTE1", 0x40028000, 40)),
    (SpimTwim, PeripheralSlot("SPIM0_TWIM0", 0x40003000, 3)),
    (SpimTwim, PeripheralSlot("SPIM1_TWIM1", 0x40004000, 4)),
    (SpimTwim, PeripheralSlot("SPIM2", 0x40023000, 35)),
    (SpimTwim, PeripheralSlot("SPIM3", 0x4002F000, 47)),
    (Pwm, PeripheralSlot("PWM0", 0x4001C000, 28)),
    (Pwm, PeripheralSlot("PWM1", 0x40021000, 33)),
    (Pwm, PeripheralSlot("PWM2", 0x40022000, 34)),
    (Pwm, PeripheralSlot("PWM3", 0x4002D000, 45)),
    *((Egu, PeripheralSlot(f"EGU{n}", 0x40014000 + 0x1000 * n, 20 + n)) for n in range(6)),
    (partial(Saadc, pins=_AIN), PeripheralSlot("SAADC", 0x40007000, 7)),
    (Temp, PeripheralSlot("TEMP", 0x4000C000, 12)),
    (Comparator, PeripheralSlot("COMP", 0x40013000, 19)),
    (Rng, PeripheralSlot("RNG", 0x4000D000, 13)),
    (Ecb, PeripheralSlot("ECB", 0x4000E000, 14)),
    (CcmAar, PeripheralSlot("CCM", _CCM, 15)),
    (Watchdog, PeripheralSlot("WDT", 0x40010000, 16)),
    (Qdec, PeripheralSlot("QDEC", 0x40012000, 18)),
    (Pdm, PeripheralSlot("PDM", 0x4001D000, 29)),
    (I2s, PeripheralSlot("I2S", 0x40025000, 37)),
    (Radio, PeripheralSlot("RADIO", _RADIO, 1)),
    (Nfct, PeripheralSlot("NFCT", 0x40005000, 5)),
    (Qspi, PeripheralSlot("QSPI", 0x40029000, 41)),
    (partial(Mwu, regions=_PREGIONS), PeripheralSlot("MWU", 0x40020000, 32)),
    (CryptoCell, PeripheralSlot("CRYPTOCELL", 0x5002A000)),
    (partial(Words, words=_FICR, rest=0xFFFFFFFF), PeripheralSlot("FICR", 0x10000000)),
    (partial(Words, words=_ROM), PeripheralSlot("ROM", 0xF0000000)),
    (Trim, PeripheralSlot("TRIM", 0x4006E000)),
    (Usbd, PeripheralSlot("USBD", 0x40027000, 39)),
    (partial(Uicr, words=_UICR), PeripheralSlot("UICR", 0x10001000)),
    (partial(Nvmc, flash=_FLASH, page=_PAGE, uicr="UICR"), PeripheralSlot("NVMC", 0x4001E000)),
    (partial(Ppi, fixed=_WIRED), PeripheralSlot("PPI", 0x4001F000)),
)


def _usb_host(machine: MachineAccess) -> UsbHost:
    return UsbHost(machine, machine.part(Usbd, "USBD"), machine.part(ClockPower, "CLOCK"))


NRF52840 = Chip(
    name="nrf52840",
    title="the nRF52840",
    flash=_FLASH,
    ram=_RAM,
    windows=(
        Region(0x10000000, 0x2000),  # FICR and UICR
        _APB,
        Region(0x50000000, 0x1000),  # AHB
        Region(0x5002A000, 0x2000),
        Region(0xF0000000, 0x1000),  # the ROM table
    ),
    # Section 5.1, CPU.
    irqs=48,
    priority_bits=3,
    peripherals=_PERIPHERALS,
    cost_table="nrf52840",
    # The Nano's bootloader, an Mbed program, has turned both on.
    start=StartState(cache_on=True, float_on=True),
    # EVENTS registers are at 0x100 to 0x1ff of each peripheral (6.1.4).
    events=EventRegisters(_APB, 0xF00, 0x100),
    usb_host=_usb_host,
    watchdog="WDT",
    # GPREGRET, and what the Nano's core leaves in it (its variant's _ontouch1200bps_:
    # DFU_MAGIC_SERIAL_ONLY_RESET).
    bootloader=BootloaderCall(0x4000051C, 0xB0),
    # NRF52840, and NRF52 for all of them (microsoft/uf2, utils/uf2families.json).
    uf2_families=(0xADA52840, 0x1B57745F),
)

"""What the chips of the nRF52 series share: the same blocks, at the same addresses and interrupts.

A fact that is the same on all of them stands here, with its section in the nRF52840 Product Specification
v1.7 (PS840). The others' tables of instances are in the nRF52833 Product Specification v1.5, section 4.2.4,
and in the nRF52832 Product Specification v1.8, chapter 8, Memory; each chip's module says what its own has
more, less or otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
from mlbench.emulator.peripherals.base import MachineAccess, Peripheral, Register, plain
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

Part = tuple[Maker, PeripheralSlot]

FLASH_START, RAM_START = 0x00000000, 0x20000000
CODE_RAM = 0x00800000
"""Code RAM: the same cells as data RAM (nRF52840 Product Specification v1.7, 4.2 and figure 3)."""
PAGE = 4096
"""Bytes of flash that are erased at a time (PS840 4.3)."""
PRIORITY_BITS = 3
"""PS840 5.1; the same on all of them."""
_APB = Region(0x40000000, 0x80000)
WINDOWS = (
    Region(0x10000000, 0x2000),  # FICR and UICR
    _APB,
    Region(0x50000000, 0x1000),  # AHB
    Region(0xF0000000, 0x1000),  # the ROM table
)
EVENTS = EventRegisters(_APB, 0xF00, 0x100)
"""EVENTS registers are at 0x100 to 0x1ff of each peripheral (PS840 6.1.4)."""
UF2_FAMILY = 0x1B57745F
"""NRF52, by which UF2 files name any of them (microsoft/uf2, utils/uf2families.json)."""

BOOTLOADER = BootloaderCall(0x4000051C, (0xB0, 0x4E, 0x57, 0xA8))
"""GPREGRET, and what cores leave in it: Mbed variants of Arduino 0xB0 (DFU_MAGIC_SERIAL_ONLY_RESET),
Adafruit's and Seeed's cores 0x4E (the same), 0x57 (DFU_MAGIC_UF2_RESET) or 0xA8 (DFU_MAGIC_OTA_RESET)."""

_AIN = (2, 3, 4, 5, 28, 29, 30, 31)
"""Pins of port 0 that are AIN0 to AIN7 (PS840 7.1)."""
_PREGIONS = ((0x40000000, 0x4001FFFF), (0x40020000, 0x4003FFFF))
"""What MWU may watch of the peripherals (PS840 6.13)."""
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
"""Channels of PPI that are wired already: event and task (PS840 6.16.1)."""

_PRIORITIES = tuple(plain(0xE00 + 4 * n, f"RAMPRI{n}") for n in range(14))
"""AMLI, the priority of each bus master at the RAM, which shares CLOCK's address. The manuals leave it out
(older headers of Nordic's have NRF_AMLI), Bluetooth controllers write it. It is kept, and has no effect: here
no master waits for another."""

_P1_BASE = 0x50000300
_OPTIONAL = {
    "P1": Region(_P1_BASE + Gpio.first, Gpio.size - Gpio.first),
    "USBD": Region(0x40027000, 0x1000),
    "UARTE1": Region(0x40028000, 0x1000),
    "QSPI": Region(0x40029000, 0x1000),
    "PWM3": Region(0x4002D000, 0x1000),
    "SPIM3": Region(0x4002F000, 0x1000),
    "CRYPTOCELL": Region(0x5002A000, 0x2000),
}
"""What not every one of them has, and where its registers would be (PS840 4.2.4)."""


@dataclass(frozen=True)
class Identity:
    """What FICR and the ROM table say of a chip, made up but well-formed; all else reads as erased flash.

    ``family`` and ``revision`` are undocumented; Nordic's start-up code tells chips and their revisions apart
    by them, and takes the revision's work-arounds.
    """

    part: int
    variant: int
    """Four letters (INFO.VARIANT)."""
    package: int
    family: int
    revision: int

    def ficr(self, flash: Region, ram: Region) -> dict[int, tuple[str, int]]:
        """Words of FICR (PS840 4.4.1)."""
        return {
            0x010: ("CODEPAGESIZE", PAGE),
            0x014: ("CODESIZE", flash.size // PAGE),
            0x060: ("DEVICEID0", 0x6D6C6265),
            0x064: ("DEVICEID1", 0x6E636821),
            0x0A0: ("DEVICEADDRTYPE", 1),
            0x0A4: ("DEVICEADDR0", 0x12345678),
            0x0A8: ("DEVICEADDR1", 0x0000C0DE),
            0x100: ("INFO.PART", self.part),
            0x104: ("INFO.VARIANT", self.variant),
            0x108: ("INFO.PACKAGE", self.package),
            0x10C: ("INFO.RAM", ram.size // 1024),
            0x110: ("INFO.FLASH", flash.size // 1024),
            0x130: ("INFO.PARTFAMILY", self.family),
            0x134: ("INFO.REVISION", self.revision),
        }

    def rom(self) -> dict[int, tuple[str, int]]:
        """The component identification at the end of the ROM table, by which older drivers tell revisions."""
        words = ((0xFE0, self.family), (0xFE4, 0), (0xFE8, self.revision << 4), (0xFEC, 0))
        return {offset: ("ID", value) for offset, value in words}


def memory(flash_kib: int, ram_kib: int) -> tuple[Region, Region]:
    """Flash and RAM of so many KiB."""
    return Region(FLASH_START, flash_kib * 1024), Region(RAM_START, ram_kib * 1024)


def without(make: Maker, *offsets: int) -> Maker:
    """A peripheral less registers that this chip's has not."""
    return partial(_changed, make, offsets, ())


def and_with(make: Maker, *registers: Register) -> Maker:
    """A peripheral with registers that only this chip's has."""
    return partial(_changed, make, (), registers)


def _changed(
    make: Maker,
    gone: tuple[int, ...],
    added: tuple[Register, ...],
    machine: MachineAccess,
    place: PeripheralSlot,
) -> Peripheral:
    peripheral = make(machine, place)
    for offset in gone:
        del peripheral.table[offset]
    peripheral.table.update((register.offset, register) for register in added)
    return peripheral


def shared(
    *,
    clock_power: Maker,
    ports: dict[str, int],
    count_bits: int,
    radio: Maker = Radio,
    ccm_aar: Maker = CcmAar,
    comparator: Maker = Comparator,
    pdm: Maker = Pdm,
) -> tuple[Part, ...]:
    """The peripherals that all of them have (PS840 4.2.4).

    Args:
        clock_power: CLOCK and POWER, with what the chip has of them.
        ports: pins of each port, by its name.
        count_bits: how wide the counts of EasyDMA are, of UARTE, SPIM and TWIM.
        radio: RADIO, likewise.
        ccm_aar: CCM and AAR.
        comparator: COMP and LPCOMP.
        pdm: PDM.
    """
    spim_twim = partial(SpimTwim, count_bits=count_bits)
    bases = {"P0": 0x50000000, "P1": _P1_BASE}
    return (
        (and_with(clock_power, *_PRIORITIES), PeripheralSlot("CLOCK", 0x40000000, 0)),
        *((partial(Gpio, pins=pins), PeripheralSlot(name, bases[name])) for name, pins in ports.items()),
        (partial(Gpiote, ports=tuple(ports)), PeripheralSlot("GPIOTE", 0x40006000, 6)),
        (partial(Timer, channels=4), PeripheralSlot("TIMER0", _TIMER0, 8)),
        (partial(Timer, channels=4), PeripheralSlot("TIMER1", 0x40009000, 9)),
        (partial(Timer, channels=4), PeripheralSlot("TIMER2", 0x4000A000, 10)),
        (partial(Timer, channels=6), PeripheralSlot("TIMER3", 0x4001A000, 26)),
        (partial(Timer, channels=6), PeripheralSlot("TIMER4", 0x4001B000, 27)),
        (partial(Rtc, channels=3), PeripheralSlot("RTC0", _RTC0, 11)),
        (partial(Rtc, channels=4), PeripheralSlot("RTC1", 0x40011000, 17)),
        (partial(Rtc, channels=4), PeripheralSlot("RTC2", 0x40024000, 36)),
        (partial(Uarte, source="uart0", count_bits=count_bits), PeripheralSlot("UARTE0", 0x40002000, 2)),
        (spim_twim, PeripheralSlot("SPIM0_TWIM0", 0x40003000, 3)),
        (spim_twim, PeripheralSlot("SPIM1_TWIM1", 0x40004000, 4)),
        (spim_twim, PeripheralSlot("SPIM2", 0x40023000, 35)),
        (Pwm, PeripheralSlot("PWM0", 0x4001C000, 28)),
        (Pwm, PeripheralSlot("PWM1", 0x40021000, 33)),
        (Pwm, PeripheralSlot("PWM2", 0x40022000, 34)),
        *((Egu, PeripheralSlot(f"EGU{n}", 0x40014000 + 0x1000 * n, 20 + n)) for n in range(6)),
        (partial(Saadc, pins=_AIN), PeripheralSlot("SAADC", 0x40007000, 7)),
        (Temp, PeripheralSlot("TEMP", 0x4000C000, 12)),
        (comparator, PeripheralSlot("COMP", 0x40013000, 19)),
        (Rng, PeripheralSlot("RNG", 0x4000D000, 13)),
        (Ecb, PeripheralSlot("ECB", 0x4000E000, 14)),
        (ccm_aar, PeripheralSlot("CCM", _CCM, 15)),
        (Watchdog, PeripheralSlot("WDT", 0x40010000, 16)),
        (Qdec, PeripheralSlot("QDEC", 0x40012000, 18)),
        (pdm, PeripheralSlot("PDM", 0x4001D000, 29)),
        (I2s, PeripheralSlot("I2S", 0x40025000, 37)),
        (radio, PeripheralSlot("RADIO", _RADIO, 1)),
        (Nfct, PeripheralSlot("NFCT", 0x40005000, 5)),
        (partial(Mwu, regions=_PREGIONS), PeripheralSlot("MWU", 0x40020000, 32)),
    )


def memories(
    identity: Identity,
    flash: Region,
    ram: Region,
    *,
    reset_pin: int,
    ficr: dict[int, tuple[str, int]] | None = None,
    nvmc: Maker | None = None,
) -> tuple[Part, ...]:
    """The flash controller, what it writes to, and PPI, which all of them have.

    Args:
        identity: what the chip says of itself.
        flash: its flash.
        ram: its RAM.
        reset_pin: the pin that the boards' programmers have made the reset pin, in UICR's PSELRESET.
        ficr: further words of FICR.
        nvmc: the flash controller, where it is not the nRF52840's.
    """
    uicr = {0x200: reset_pin, 0x204: reset_pin}
    words = identity.ficr(flash, ram) | (ficr or {})
    return (
        (partial(Words, words=words, rest=0xFFFFFFFF), PeripheralSlot("FICR", 0x10000000)),
        (partial(Words, words=identity.rom()), PeripheralSlot("ROM", 0xF0000000)),
        (partial(Uicr, words=uicr), PeripheralSlot("UICR", 0x10001000)),
        (nvmc or flash_controller(flash), PeripheralSlot("NVMC", 0x4001E000)),
        (partial(Ppi, fixed=_WIRED), PeripheralSlot("PPI", 0x4001F000)),
    )


def flash_controller(flash: Region) -> Maker:
    """NVMC with ACL, as on the nRF52840."""
    return partial(Nvmc, flash=flash, page=PAGE, uicr="UICR")


def second_generation(count_bits: int) -> tuple[Part, ...]:
    """What the nRF52833 and the nRF52840 have more than the nRF52832 (PS840 4.2.4)."""
    return (
        (partial(Uarte, source="uart1", count_bits=count_bits), PeripheralSlot("UARTE1", 0x40028000, 40)),
        (partial(SpimTwim, count_bits=count_bits), PeripheralSlot("SPIM3", 0x4002F000, 47)),
        (Pwm, PeripheralSlot("PWM3", 0x4002D000, 45)),
        (Trim, PeripheralSlot("TRIM", 0x4006E000)),
        (Usbd, PeripheralSlot("USBD", 0x40027000, 39)),
    )


def external_memory() -> tuple[Part, ...]:
    """What only the nRF52840 has (PS840 4.2.4)."""
    return (
        (Qspi, PeripheralSlot("QSPI", 0x40029000, 41)),
        (CryptoCell, PeripheralSlot("CRYPTOCELL", 0x5002A000)),
    )


def absent(parts: Iterable[Part]) -> tuple[tuple[Region, str], ...]:
    """Where a chip with these peripherals has none, though its relatives have."""
    there = {place.name for _, place in parts}
    return tuple((region, name) for name, region in _OPTIONAL.items() if name not in there)


def usb_host(machine: MachineAccess) -> UsbHost:
    """What is at the other end of the USB cable."""
    return UsbHost(machine, machine.part(Usbd, "USBD"), machine.part(ClockPower, "CLOCK"))


def chip(
    name: str,
    memories: tuple[Region, Region],
    peripherals: tuple[Part, ...],
    *,
    irqs: int,
    cost_table: str,
    start: StartState,
    uf2_families: tuple[int, ...] = (),
    windows: tuple[Region, ...] = (),
    usb: bool = True,
) -> Chip:
    """A chip of the series, with what all of them have.

    Args:
        name: as in ``nrf52840``.
        memories: its flash and its RAM.
        peripherals: all that it has.
        irqs: how many interrupts.
        cost_table: what its instructions cost.
        start: what the bootloader in front leaves.
        uf2_families: its own, beside the one of the series.
        windows: more of them, for registers that not all have.
        usb: whether it has a USB device.
    """
    flash, ram = memories
    return Chip(
        name=name,
        title=f"the nRF{name.removeprefix('nrf')}",
        flash=flash,
        ram=ram,
        windows=(*WINDOWS, *windows),
        irqs=irqs,
        priority_bits=PRIORITY_BITS,
        peripherals=peripherals,
        cost_table=cost_table,
        start=start,
        code_ram=CODE_RAM,
        absent=absent(peripherals),
        softdevice=True,
        events=EVENTS,
        usb_host=usb_host if usb else None,
        watchdog="WDT",
        bootloader=BOOTLOADER,
        uf2_families=(*uf2_families, UF2_FAMILY),
    )

"""The nRF52840 put together: memory map and peripherals around a CPU.

nRF52840 Product Specification v1.7, section 4.2.3 (memory map) and 4.2.4 (instantiation).
"""

from __future__ import annotations

from mlbench.emulator.bus import Bus
from mlbench.emulator.peripherals.absent import CryptoCell, Mwu, Qspi
from mlbench.emulator.peripherals.analog import Comparator, Temp
from mlbench.emulator.peripherals.base import Machine
from mlbench.emulator.peripherals.crypto import CcmAar, Ecb, Rng
from mlbench.emulator.peripherals.gpio import Gpio, Gpiote
from mlbench.emulator.peripherals.information import Ficr, RomTable, Trim, Uicr
from mlbench.emulator.peripherals.nvmc import Cells, Nvmc
from mlbench.emulator.peripherals.power import ClockPower
from mlbench.emulator.peripherals.ppi import Ppi
from mlbench.emulator.peripherals.radio import Nfct, Radio
from mlbench.emulator.peripherals.rtc import Rtc
from mlbench.emulator.peripherals.saadc import Saadc
from mlbench.emulator.peripherals.streams import Egu, I2s, Pdm, Pwm, Qdec
from mlbench.emulator.peripherals.timer import Timer
from mlbench.emulator.peripherals.uarte import Uarte
from mlbench.emulator.peripherals.usbd import Usbd
from mlbench.emulator.peripherals.watchdog import Watchdog
from mlbench.emulator.peripherals.wires import Wires
from mlbench.emulator.usb_host import UsbHost

FLASH_START, FLASH_SIZE = 0x00000000, 0x100000
RAM_START, RAM_SIZE = 0x20000000, 0x40000
CORE_START = 0xE0000000
"""The core's own registers."""
PERIPHERAL_WINDOWS = (
    (0x10000000, 0x2000),
    (0x40000000, 0x80000),
    (0x50000000, 0x1000),
    (0x5002A000, 0x2000),
    (CORE_START, 0x100000),
    (0xF0000000, 0x1000),
)
"""Ranges that hold registers: FICR and UICR, APB, AHB, the core's own, the ROM table."""

_TIMERS = ((0, 0x40008000, 8, 4), (1, 0x40009000, 9, 4), (2, 0x4000A000, 10, 4),
           (3, 0x4001A000, 26, 6), (4, 0x4001B000, 27, 6))  # fmt: skip
_RTCS = ((0, 0x4000B000, 11, 3), (1, 0x40011000, 17, 4), (2, 0x40024000, 36, 4))
_UARTES = ((0, 0x40002000, 2), (1, 0x40028000, 40))
_WIRES = (("SPIM0_TWIM0", 0x40003000, 3), ("SPIM1_TWIM1", 0x40004000, 4), ("SPIM2", 0x40023000, 35),
          ("SPIM3", 0x4002F000, 47))  # fmt: skip
_PWMS = ((0, 0x4001C000, 28), (1, 0x40021000, 33), (2, 0x40022000, 34), (3, 0x4002D000, 45))
_SINGLE = (Saadc, Temp, Comparator, Rng, Ecb, CcmAar, Watchdog, Qdec, Pdm, I2s, Radio, Nfct, Qspi, Mwu,
           CryptoCell, Ficr, RomTable, Trim)  # fmt: skip


def add_peripherals(bus: Bus, machine: Machine, cells: Cells) -> tuple[Ppi, Nvmc, UsbHost]:
    """Put the chip's peripherals on the bus; returns PPI, to which events are published, NVMC, and USB's
    host."""
    power, usbd = ClockPower(machine), Usbd(machine)
    ports = (Gpio(machine, 0, 0x50000000, 32), Gpio(machine, 1, 0x50000300, 16))
    ppi = Ppi(machine, bus.start_task)
    uicr = Uicr(machine)
    nvmc = Nvmc(machine, cells, uicr)
    for peripheral in (
        power,
        *ports,
        Gpiote(machine, ports),
        *(Timer(machine, *place) for place in _TIMERS),
        *(Rtc(machine, *place) for place in _RTCS),
        *(Uarte(machine, *place) for place in _UARTES),
        *(Wires(machine, *place) for place in _WIRES),
        *(Pwm(machine, *place) for place in _PWMS),
        *(Egu(machine, index) for index in range(6)),
        *(kind(machine) for kind in _SINGLE),
        usbd,
        uicr,
        nvmc,
        ppi,
    ):
        bus.add(peripheral)
    host = UsbHost(machine, usbd, power)
    bus.add_outside(host)
    return ppi, nvmc, host

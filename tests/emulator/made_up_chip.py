"""A chip that there is none of, made by the steps of docs/contributing.md, "Add a chip"."""

from __future__ import annotations

from functools import partial

from mlbench.emulator.chip import Chip, EventRegisters, PeripheralSlot, Region, StartState
from mlbench.emulator.peripherals.ficr_uicr import Uicr
from mlbench.emulator.peripherals.nvmc import Nvmc
from mlbench.emulator.peripherals.timer import Timer
from mlbench.emulator.peripherals.uarte import Uarte
from mlbench.emulator.peripherals.watchdog import Watchdog

_FLASH = Region(0x08000000, 0x80000)
_WINDOW = Region(0x48000000, 0x10000)

MADE_UP = Chip(
    name="made_up",
    title="the made-up chip",
    flash=_FLASH,
    ram=Region(0x20000000, 0x10000),
    windows=(_WINDOW,),
    irqs=30,
    priority_bits=2,
    peripherals=(
        (partial(Uarte, source="uart0"), PeripheralSlot("UARTE0", 0x48002000, 29)),
        (partial(Timer, channels=2), PeripheralSlot("TIMER0", 0x48008000, 5)),
        (Watchdog, PeripheralSlot("WDT", 0x48009000, 6)),
        (partial(Uicr, words={}), PeripheralSlot("UICR", 0x4800D000)),
        (partial(Nvmc, flash=_FLASH, page=4096, uicr="UICR"), PeripheralSlot("NVMC", 0x4800E000)),
    ),
    cost_table="nrf52840",
    start=StartState(cache_on=False, float_on=False),
    events=EventRegisters(_WINDOW, 0xF00, 0x100),
    watchdog="WDT",
)

BOARD = """\
id: made_up
name: Made-up board
fqbns: ["own:made:up"]
cpu: Cortex-M4F
clock_hz: 64000000
memory:
  flash: {start: 0x08000000, size: 0x80000}
  ram: {start: 0x20000000, size: 0x10000}
emulator: {chip: made_up}
"""
LINKED = ("-O1", "-Wl,--defsym=FLASH_ORIGIN=0x08000000", "-Wl,--defsym=RAM_LENGTH=0x10000")
"""Flags of a bare image for it."""

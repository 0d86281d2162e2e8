"""The nRF52832, nRF52833 and nRF52840: what each has, what it has not, and what is told of that."""

from __future__ import annotations

import pytest
from bare_image import Chip as Registers
from bare_image import Compiler, finish, run_to

from mlbench.emulator.chip import Chip
from mlbench.emulator.chips import CHIPS
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine

NAMES = {
    "nrf52832": {"ports": ["P0"], "uarts": 1, "spims": 3, "pwms": 3, "usb": False, "qspi": False},
    "nrf52833": {"ports": ["P0", "P1"], "uarts": 2, "spims": 4, "pwms": 4, "usb": True, "qspi": False},
    "nrf52840": {"ports": ["P0", "P1"], "uarts": 2, "spims": 4, "pwms": 4, "usb": True, "qspi": True},
}
ABSENT = {
    "USBD": 0x40027500,
    "UARTE1": 0x40028500,
    "QSPI": 0x40029500,
    "PWM3": 0x4002D500,
    "SPIM3": 0x4002F500,
    "P1": 0x50000814,
}
"""A register of each that not all of them have."""
LACKS = {
    "nrf52832": {"USBD", "UARTE1", "QSPI", "PWM3", "SPIM3", "P1"},
    "nrf52833": {"QSPI"},
    "nrf52840": set(),
}
FAMILY = pytest.mark.parametrize("chip", [CHIPS[name] for name in NAMES], ids=lambda chip: chip.name)


def machine(bare: Compiler, chip: Chip, source: str, origin: int = 0) -> Machine:
    flags = ("-O1", f"-Wl,--defsym=FLASH_ORIGIN={origin:#x}", f"-Wl,--defsym=RAM_LENGTH={chip.ram.size:#x}")
    return Machine(bare.image(source, flags=flags), chip)


@pytest.fixture
def registers(bare: Compiler, chip: Chip) -> Registers:
    """Those of a chip whose firmware has ended."""
    return Registers(machine(bare, chip, "int main(void) { return 0; }"))


@FAMILY
@pytest.mark.parametrize("origin", [0, 0x1000, 0x26000, 0x27000])
def test_an_image_runs_behind_what_may_stand_in_front_of_it(bare: Compiler, chip: Chip, origin: int) -> None:
    """With interrupts, from its own vector table: alone, behind an MBR, and behind two SoftDevices."""
    made = machine(
        bare,
        chip,
        """static volatile u32 taken; void irq20_handler(void) { REG(0x40014100) = 0; taken++; }
        int main(void) { u32 here; note((u32)&main); note((u32)&here); ENABLE(20);
          REG(0x40014304) = 1; REG(0x40014000) = 1; BARRIER(); note(taken); return 0; }""",
        origin,
    )
    code, stack, taken = finish(made)
    assert origin <= code < origin + 0x1000
    assert chip.ram.end - 0x100 <= stack < chip.ram.end
    assert taken == 1
    assert made.notes == []


@FAMILY
def test_it_has_its_instances(bare: Compiler, chip: Chip) -> None:
    names, has = [place.name for _, place in chip.peripherals], NAMES[chip.name]
    assert [name for name in names if name in ("P0", "P1")] == has["ports"]
    assert sum(name.startswith("UARTE") for name in names) == has["uarts"]
    assert sum(name.startswith("SPIM") for name in names) == has["spims"]
    assert sum(name.startswith("PWM") for name in names) == has["pwms"]
    assert ("USBD" in names) == (chip.usb_host is not None) == has["usb"]
    assert ("QSPI" in names) == ("CRYPTOCELL" in names) == has["qspi"]
    assert sum(name.startswith("TIMER") for name in names) == 5
    assert sum(name.startswith("RTC") for name in names) == 3
    assert sum(name.startswith("EGU") for name in names) == 6


@FAMILY
def test_what_it_is_stands_in_ficr(chip: Chip, registers: Registers) -> None:
    kib = {"nrf52832": (64, 512), "nrf52833": (128, 512), "nrf52840": (256, 1024)}[chip.name]
    assert f"nrf{registers[0x10000100]:x}" == chip.name
    assert (registers[0x1000010C], registers[0x10000110]) == kib
    assert registers[0x10000010] * registers[0x10000014] == chip.flash.size
    # Old and new start-up code see the same revision.
    assert registers[0x10000130] == registers[0xF0000FE0]
    assert registers[0x10000134] == registers[0xF0000FE8] >> 4


@FAMILY
@pytest.mark.parametrize("name", ABSENT)
def test_an_access_to_an_absent_peripheral_is_told_as_that(bare: Compiler, chip: Chip, name: str) -> None:
    at = ABSENT[name]
    made = machine(
        bare,
        chip,
        f"int main(void) {{ note(REG({at:#x})); REG({at:#x}) = 1; note(REG({at:#x})); return 0; }}",
    )
    values = finish(made)
    if name in LACKS[chip.name]:
        assert values == [0, 0]
        assert len(made.notes) == 2
        read, written = made.notes
        assert read.startswith(f"read of {at:#010x} in main, by code at 0x")
        assert written.startswith(f"write to {at:#010x} in main, by code at 0x")
        assert all(note.endswith(f": {chip.title} has no {name}, reads as 0") for note in made.notes)
    else:
        assert made.notes == []


@FAMILY
def test_cryptocell_is_on_one_only(bare: Compiler, chip: Chip) -> None:
    made = machine(bare, chip, "int main(void) { note(REG(0x5002A500)); return 0; }")
    ending = run_to(made, "finish")
    if chip.name == "nrf52840":
        assert ending.end is End.BREAKPOINT
        return
    assert ending.end is End.FAULT
    assert ending.text == f"BusFault: reading 0x5002a500 ({chip.title} has no CRYPTOCELL)"


@FAMILY
def test_a_port_has_its_pins(chip: Chip, registers: Registers) -> None:
    pins = {"nrf52832": 0, "nrf52833": 10, "nrf52840": 16}[chip.name]
    there = []
    for n in range(32):
        assert registers[0x50000700 + 4 * n] == 2
        there.append(registers[0x50000A00 + 4 * n] == 2)
    assert there == [n < pins for n in range(32)]


@FAMILY
def test_easydma_counts_to_its_width(chip: Chip, registers: Registers) -> None:
    most = 0xFF if chip.name == "nrf52832" else 0xFFFF
    for at in (0x40002538, 0x40002548, 0x40003538, 0x40003548, 0x40023538, 0x40023548):
        registers[at] = 0xFFFFFFFF
        assert registers[at] == most


@FAMILY
def test_a_transfer_longer_than_its_count_is_cut(bare: Compiler, chip: Chip) -> None:
    made = machine(
        bare,
        chip,
        """#define UART 0x40002000
        static u8 text[600];
        int main(void) { for (u32 i = 0; i < 600; i++) text[i] = 'a' + i % 26;
          REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x10000000; REG(UART + 0x544) = (u32)text;
          REG(UART + 0x548) = 300; REG(UART + 8) = 1; while (!REG(UART + 0x120)) ;
          note(REG(UART + 0x54C)); return 0; }""",
    )
    sent = 300 & 0xFF if chip.name == "nrf52832" else 300
    assert finish(made) == [sent]
    assert len(made.serial()) == sent


@FAMILY
def test_registers_of_power_nvmc_and_radio_are_the_chips(chip: Chip, registers: Registers) -> None:
    """Each access to one that is not there leaves a note."""
    old, new = chip.name == "nrf52832", chip.name == "nrf52840"
    rows = {
        0x40000438: not old,  # USBREGSTATUS
        0x4000011C: not old,  # EVENTS_USBDETECTED
        0x40000980: not old,  # RAM8.POWER
        0x40000970: True,  # RAM7.POWER
        0x40000600: old,  # BPROT.CONFIG0
        0x40000E00: True,  # AMLI.RAMPRI.CPU0
        0x40000E34: True,  # the last of AMLI
        0x40000EE4: old,  # a trim of anomaly 108
        0x40013540: old,  # a trim of anomaly 12
        0x40000580: new,  # DCDCEN0
        0x400005B4: new,  # LFRCMODE
        0x4000052C: chip.name == "nrf52833",  # LFXODEBOUNCE
        0x4001E518: not old,  # ERASEPAGEPARTIAL
        0x4001E800: not old,  # ACL0.ADDR
        0x4000113C: not old,  # EVENTS_EDEND
        0x40001110: True,  # EVENTS_DISABLED
    }
    for at, there in rows.items():
        before = len(registers.machine.notes)
        _ = registers[at]
        assert (len(registers.machine.notes) == before) is there, hex(at)


@FAMILY
def test_its_interrupts_end_where_its_table_does(bare: Compiler, chip: Chip) -> None:
    made = machine(
        bare,
        chip,
        """int main(void) { REG(0xE000E104) = ~0u; note(REG(0xE000E104));
          REG(0xE000E108) = REG(0xE000E1BC) = REG(0xE000E45C) = REG(0xE000E5EC) = ~0u;
          note(REG(0xE000E108) | REG(0xE000E1BC) | REG(0xE000E33C) | REG(0xE000E45C) | REG(0xE000E5EC));
          return 0; }""",
    )
    enabled, beyond = finish(made)
    assert beyond == 0
    assert made.notes == []
    assert enabled == (1 << chip.irqs - 32) - 1
    assert chip.irqs == (39 if chip.name == "nrf52832" else 48)


@FAMILY
def test_it_starts_with_the_cache_as_what_stands_in_front_leaves_it(bare: Compiler, chip: Chip) -> None:
    made = machine(bare, chip, "int main(void) { note(REG(0x4001E540)); return 0; }", 0x27000)
    assert made.hook.cache_on == int(chip.name == "nrf52840")

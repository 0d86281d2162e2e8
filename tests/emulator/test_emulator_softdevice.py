"""Firmware that belongs behind an MBR and a SoftDevice, without them: what it asks of them is told."""

from __future__ import annotations

import pytest
from bare_image import Compiler, finish, run_to, words

from mlbench.emulator.chips import load_chip
from mlbench.emulator.endings import End, Ending
from mlbench.emulator.machine import Machine

S140, S140_6, S112, MBR, MBED, NOTHING = 0x27000, 0x26000, 0x19000, 0x1000, 0x10000, 0
IN_FRONT = """
__attribute__((section(".before"), used)) static const u32 before[] = {0x2C, 0x51B1E5DB};
"""
"""The first words of a SoftDevice's information: something stands in front."""


WITH_BOTH = """
extern u32 vectors[];
/* An MBR: it starts the SoftDevice, and hands it every call. */
__attribute__((section(".mbr_code"), naked)) void mbr_reset(void) {
  __asm volatile("ldr r0, =0x1000\\n ldr r1, [r0, #4]\\n bx r1\\n .ltorg"); }
__attribute__((section(".mbr_code"), naked)) void mbr_svc(void) {
  __asm volatile("ldr r0, =0x1000\\n ldr r1, [r0, #44]\\n bx r1\\n .ltorg"); }
__attribute__((section(".mbr"), used)) static void *const mbr[16] = {
  (void *)0x20000400, mbr_reset, [11] = mbr_svc};
/* A SoftDevice: it starts the application, answers calls from 0x10 on, and hands on the others. */
__attribute__((section(".sd_code"), naked)) void sd_reset(void) {
  __asm volatile("ldr r0, =vectors\\n ldr r1, [r0]\\n msr msp, r1\\n ldr r1, [r0, #4]\\n bx r1\\n .ltorg"); }
__attribute__((section(".sd_code"), naked)) void sd_svc(void) {
  __asm volatile("ldr r0, [sp, #24]\\n ldrb r1, [r0, #-2]\\n cmp r1, #16\\n bhs 1f\\n"
    "ldr r0, =vectors\\n ldr r1, [r0, #44]\\n bx r1\\n"
    "1: add r1, #0x500\\n str r1, [sp]\\n bx lr\\n .ltorg"); }
__attribute__((section(".sd"), used)) static void *const sd[16] = {
  (void *)0x20000400, sd_reset, [11] = sd_svc};
__attribute__((section(".sd_info"), used)) static const u32 information[] = {0x2C, 0x51B1E5DB};
"""
PLACES = tuple(
    f"-Wl,--section-start={name}={at:#x}"
    for name, at in {
        ".mbr": 0,
        ".mbr_code": 0x100,
        ".sd": 0x1000,
        ".sd_code": 0x1100,
        ".sd_info": 0x3000,
    }.items()
)
"""Both, as far as an application sees them: vectors, the way of a call, and the SoftDevice's information."""


def image_flags(origin: int, *more: str) -> tuple[str, ...]:
    return ("-O1", f"-Wl,--defsym=FLASH_ORIGIN={origin:#x}", "-Wl,--defsym=RAM_LENGTH=0x10000", *more)


def svc(number: int) -> str:
    """A call with the address of a byte, whose result and byte are noted."""
    return f"""
    static volatile u8 answer = 7; static volatile u32 served;
    void svc_handler(void) {{ served++; }}
    int main(void) {{
      register u32 r0 __asm("r0") = (u32)&answer;
      __asm volatile("svc #{number}" : "+r"(r0) :: "memory");
      note(r0 == (u32)&answer); note(r0); note(answer); note(served); return 0; }}"""


def run(
    bare: Compiler, source: str, origin: int, chip: str = "nrf52840", *more: str
) -> tuple[Machine, Ending]:
    machine = Machine(bare.image(source, flags=image_flags(origin, *more)), load_chip(chip))
    return machine, run_to(machine, "finish")


@pytest.mark.parametrize("chip", ["nrf52832", "nrf52833", "nrf52840"])
@pytest.mark.parametrize("origin", [S140, S140_6, S112])
@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x10, "SVC 0x10, sd_softdevice_enable"),
        (0x41, "SVC 0x41, its SoC library"),
        (0x60, "SVC 0x60, Bluetooth"),
        (0x18, "SVC 0x18, sd_mbr_command"),
        (0xC0, "SVC 0xc0"),
    ],
)
def test_a_call_of_a_missing_softdevice_is_told(
    bare: Compiler, chip: str, origin: int, number: int, name: str
) -> None:
    machine, ending = run(bare, svc(number), origin, chip)
    assert ending.end is End.FAULT
    what = f"the firmware calls a SoftDevice ({name}), which is not in the image; give its file too"
    assert ending.text == f"SVCall: {what}"
    assert machine.processor.faults.place(ending.address).split()[1:3] == ["in", "main"]


def test_a_call_of_a_missing_mbr_is_told(bare: Compiler) -> None:
    _, ending = run(bare, svc(0x18), MBR, "nrf52833")
    assert ending.end is End.FAULT
    assert "calls an MBR (SVC 0x18, sd_mbr_command), which is not in the image" in ending.text


@pytest.mark.parametrize(("number", "left"), [(0x11, 7), (0x12, 0)])
def test_whether_it_is_enabled_is_answered(bare: Compiler, number: int, left: int) -> None:
    """Cores ask before every sleep: their sketches run without the SoftDevice's file."""
    machine = Machine(bare.image(svc(number), flags=image_flags(S140)), load_chip("nrf52840"))
    assert finish(machine) == [0, 0, left, 0]
    (note,) = machine.notes
    assert "calls a SoftDevice" in note
    assert note.endswith("It is answered as by one that is not enabled")


@pytest.mark.parametrize(
    ("number", "origin"),
    [(0, S140), (0xF, S140), (0x10, MBED), (0x60, MBED), (0x10, NOTHING), (0x10, MBR)],
)
def test_calls_of_the_firmwares_own_reach_it(bare: Compiler, number: int, origin: int) -> None:
    """Numbers below 0x10, and images that do not stand where a SoftDevice ends."""
    machine, ending = run(bare, svc(number), origin)
    assert ending.end is End.BREAKPOINT
    assert words(machine, "served", 1) == [1]
    assert machine.notes == []


def test_a_call_of_one_that_is_there_reaches_the_vectors(bare: Compiler) -> None:
    place = "-Wl,--section-start=.before=0x3000"
    machine, ending = run(bare, IN_FRONT + svc(0x60), S140, "nrf52840", place)
    assert ending.end is End.BREAKPOINT
    assert words(machine, "served", 1) == [1]


@pytest.mark.parametrize("chip", ["nrf52832", "nrf52833", "nrf52840"])
def test_an_image_runs_behind_an_mbr_and_a_softdevice(bare: Compiler, chip: str) -> None:
    """The chip starts the MBR, the MBR the SoftDevice, and that the application; calls go the same way."""
    source = """static volatile u32 served; void svc_handler(void) { served++; }
    int main(void) {
      register u32 r0 __asm("r0") = 0;
      __asm volatile("svc #0x60" : "+r"(r0)); note(r0); note(served);
      __asm volatile("svc #3" : "+r"(r0)); note(served); note((u32)&main >> 12); return 0; }"""
    flags = image_flags(S140, *PLACES)
    machine = Machine(bare.image(WITH_BOTH + source, flags=flags), load_chip(chip))
    assert machine.cpu.pc & ~1 == machine.cpu.word(4) & ~1
    assert finish(machine) == [0x560, 0, 1, S140 >> 12]
    assert machine.notes == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "int main(void) { ((void (*)(void))REG(0x1000 + 4 * 11))(); return 0; }",
            "executing 0xfffffffe (from erased flash: the SoftDevice that belongs in front of",
        ),
        (
            "int main(void) { ((void (*)(void))0x2345)(); return 0; }",
            "undefined instruction at 0x00002344 (the SoftDevice that belongs there is not in the image)",
        ),
        (
            "int main(void) { note(*(volatile u32 *)(REG(0x3008) - 3)); return 0; }",
            "reading 0xfffffffc (from erased flash: the SoftDevice that belongs in front of",
        ),
    ],
)
def test_a_fault_by_what_is_missing_says_so(bare: Compiler, source: str, text: str) -> None:
    _, ending = run(bare, source, S140)
    assert ending.end is End.FAULT
    assert text in ending.text
    _, plain = run(bare, source, MBED)
    assert plain.end is End.FAULT
    assert "SoftDevice" not in plain.text


def test_a_null_pointer_stays_one(bare: Compiler) -> None:
    _, ending = run(bare, "int main(void) { REG(8) = 1; return 0; }", S140)
    assert ending.end is End.FAULT
    assert ending.text == "BusFault: writing 0x00000008 (a null pointer)"

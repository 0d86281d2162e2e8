"""Images that come as HEX, UF2 and BIN run as their ELF file does; UICR is programmed with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_image import MS, Compiler, finish, notes, run_to
from image_files import objcopy, uf2_blocks

from mlbench.elf.given_files import GivenFiles, read_given
from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine
from mlbench.errors import SketchError

WORK = """
volatile u32 table[40] = {3, 1, 4, 1, 5, 9, 2, 6}; volatile float scale = 1.5f; static volatile u32 zero[30];
__attribute__((noinline)) u32 mix(u32 x) { return x * 2654435761u ^ x >> 7; }
int main(void) {
  u32 sum = 7; float f = scale;
  for (u32 n = 0; n < 400; n++) { sum = mix(sum + table[n % 40] + zero[n % 30]); f = f * 0.75f + n; }
  note(sum); note((u32)f); note(REG(0x10001080)); note(REG(0x10001084)); note(REG(0x10001200));
  return 0; }
__attribute__((section(".uicr"), used)) const u32 words[2] = {0x12345678, 0xFFFF0012};
"""
AT_UICR = ("-O2", "-Wl,--section-start=.uicr=0x10001080")


def as_hex(image: Image, _folder: Path) -> GivenFiles:
    return GivenFiles((objcopy(image.path, "ihex"),))


def as_bin(image: Image, _folder: Path) -> GivenFiles:
    code = objcopy(image.path, "binary", "-R", ".uicr")
    words = code.with_name("uicr.bin")
    words.write_bytes(b"\x78\x56\x34\x12\x12\x00\xff\xff")
    return GivenFiles((words, code), (0x10001080, 0x10000))


def as_uf2(image: Image, folder: Path) -> GivenFiles:
    code = objcopy(image.path, "binary", "-R", ".uicr").read_bytes()
    path = folder / "app.uf2"
    blocks = uf2_blocks(0x10000, code)
    path.write_bytes(b"".join(blocks))
    words = folder / "uicr.bin"
    words.write_bytes(b"\x78\x56\x34\x12\x12\x00\xff\xff")
    return GivenFiles((words, path), (0x10001080,))


@pytest.mark.parametrize("form", [as_hex, as_bin, as_uf2])
@pytest.mark.parametrize("named", [True, False])
def test_it_runs_as_the_elf_file_does(bare: Compiler, tmp_path: Path, form, named: bool) -> None:
    image = bare.image(WORK, flags=AT_UICR)
    plain = Machine(image, NRF52840)
    expected = finish(plain)
    assert expected[2:] == [0x12345678, 0xFFFF0012, 18]
    given = form(image, tmp_path)
    names = image.path if named else None
    found = read_given(GivenFiles(given.files, given.bases, names), NRF52840.uf2_families)
    machine = Machine(found.image, NRF52840)
    assert bool(found.image.functions) is named
    # Of the file without names the run is held against the other's clock.
    ending = machine.run(plain.clock.now)
    assert ending.end in (End.DEADLINE, End.IDLE)
    assert machine.cpu.pc == plain.cpu.pc
    assert machine.hook.instructions == plain.hook.instructions
    assert bytes(machine.ram.data) == bytes(plain.ram.data)
    if named:
        assert notes(machine) == expected


def test_uicr_outlives_resets_and_is_written_over(bare: Compiler) -> None:
    image = bare.image(
        """int main(void) { note(REG(0x10001080)); REG(0x4001E504) = 1; REG(0x10001080) = 0x0000FFFF;
             REG(0x4001E504) = 0; note(REG(0x10001080)); note(REG(0x10001088)); return 0; }
           __attribute__((section(".uicr"), used)) const u32 word = 0x12345678;""",
        flags=("-O1", "-Wl,--section-start=.uicr=0x10001080"),
    )
    machine = Machine(image, NRF52840)
    assert finish(machine) == [0x12345678, 0x00005678, 0xFFFFFFFF]
    machine.reset()
    assert finish(machine) == [0x12345678, 0x00005678, 0xFFFFFFFF]


@pytest.mark.parametrize(("address", "size"), [(0x60000000, 4), (0x10000060, 4), (0x000FFFFC, 8)])
def test_where_the_chip_has_nothing_is_one_line(bare: Compiler, address: int, size: int) -> None:
    image = bare.image(
        "int main(void) { return 0; }"
        f' __attribute__((section(".far"), used)) const u8 far[{size}] = {{1}};',
        flags=("-O1", f"-Wl,--section-start=.far={address:#x}"),
    )
    message = f"the image has {size} bytes at {address:#x}, where the nRF52840 has nothing to program"
    with pytest.raises(SketchError, match=message) as caught:
        Machine(image, NRF52840)
    assert caught.value.where == str(image.path)
    found = read_given(GivenFiles((objcopy(image.path, "ihex"),)))
    with pytest.raises(SketchError, match=message) as caught:
        Machine(found.image, NRF52840)
    assert caught.value.where == f"app.hex at {address:#x}"


def test_the_lowest_vector_table_starts(bare: Compiler) -> None:
    """A bootloader in front runs first, and hands on to the application behind it."""
    app = bare.image("int main(void) { note(77); return 0; }")
    front = bare.image(
        "int main(void) { ((void (*)(void))REG(0x10004))(); return 0; }",
        flags=("-O1", "-Wl,--defsym=FLASH_ORIGIN=0", "-Wl,--defsym=RAM_LENGTH=0x1000"),
    )
    names = objcopy(app.path, "ihex").with_suffix(".elf")
    names.write_bytes(app.data)
    files = objcopy(front.path, "ihex"), objcopy(app.path, "ihex")
    machine = Machine(read_given(GivenFiles(files)).image, NRF52840)
    assert machine.cpu.pc < 0x1000
    assert run_to(machine, "finish").end is End.BREAKPOINT
    assert notes(machine) == [77]
    assert machine.clock.now < 100 * MS

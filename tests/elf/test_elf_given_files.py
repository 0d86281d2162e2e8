"""Images out of HEX, UF2 and BIN files, several files together, and names from an ELF file beside them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from bare_image import Compiler
from hypothesis import given
from hypothesis import strategies as st
from image_files import NRF52840, RP2040, hex_text, objcopy, record, uf2_blocks

from mlbench.elf.given_files import GivenFiles, GivenImage, read_given
from mlbench.elf.image import Image
from mlbench.errors import UsageError

pytestmark = pytest.mark.skipif(
    not (shutil.which("arm-none-eabi-gcc") and shutil.which("arm-none-eabi-objcopy")),
    reason="needs gcc and objcopy for ARM",
)
DATA = "volatile u32 kept[3] = {1, 2, 3}; volatile u32 zero[9]; int main(void) { return kept[zero[0]]; }"
UICR = DATA + '\n__attribute__((section(".uicr"), used)) const u32 words[2] = {0x12345678, 0xFFFF0012};'
AT_UICR = ("-O1", "-Wl,--section-start=.uicr=0x10001080")


def read(*files: Path, bases: Sequence[int] = (), names: Path | None = None) -> GivenImage:
    return read_given(GivenFiles(files, tuple(bases), names), (NRF52840,))


def flat(image: Image) -> dict[int, int]:
    """Each byte that is programmed, by its address."""
    return {at + n: byte for at, data in image.programmed for n, byte in enumerate(data)}


def refused(*files: Path, bases: Sequence[int] = (), names: Path | None = None) -> str:
    """The one line that files are refused with."""
    with pytest.raises(UsageError) as caught:
        read(*files, bases=bases, names=names)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def plain(bare: Compiler) -> Image:
    return bare.image(DATA)


@pytest.mark.parametrize("source", [DATA, UICR])
def test_hex_of_objcopy_programs_what_the_elf_file_does(bare: Compiler, source: str) -> None:
    image = bare.image(source, flags=AT_UICR)
    found = read(objcopy(image.path, "ihex")).image
    assert flat(found) == flat(image)
    assert found.bytes_alone
    assert found.entry == image.entry


def test_bin_of_objcopy_goes_to_its_base(plain: Image) -> None:
    path = objcopy(plain.path, "binary", "--gap-fill", "0xff")
    found = read(path, bases=[0x10000]).image
    assert flat(found).items() >= flat(plain).items()
    assert (found.path, found.entry) == (path, plain.entry)


def test_uf2_programs_its_blocks(tmp_path: Path, plain: Image) -> None:
    data = objcopy(plain.path, "binary", "--gap-fill", "0xff").read_bytes()
    path = tmp_path / "app.uf2"
    path.write_bytes(b"".join(uf2_blocks(0x10000, data)))
    found = flat(read(path).image)
    assert found.items() >= flat(plain).items()
    assert {byte for at, byte in found.items() if at >= 0x10000 + len(data)} <= {0xFF}


def test_names_and_ram_come_from_the_elf_file_beside_it(tmp_path: Path, bare: Compiler) -> None:
    image = bare.image(UICR, flags=AT_UICR)
    hex_file, names = tmp_path / "app.hex", tmp_path / "app.elf"
    shutil.copyfile(objcopy(image.path, "ihex"), hex_file)
    assert read(hex_file).image.functions == ()
    shutil.copyfile(image.path, names)
    found = read(hex_file).image
    assert found.functions == image.functions
    assert found.static_ram() == image.static_ram()
    assert found.flash_bytes() == image.flash_bytes()
    assert flat(found) == flat(image)
    assert not found.bytes_alone
    other = read(objcopy(image.path, "ihex"), names=names)
    assert other.image.functions == image.functions


def test_names_of_another_build_are_passed_over_or_refused(tmp_path: Path, bare: Compiler) -> None:
    hex_file, names = tmp_path / "app.hex", tmp_path / "app.elf"
    shutil.copyfile(objcopy(bare.image(DATA).path, "ihex"), hex_file)
    shutil.copyfile(bare.image(DATA.replace("zero[0]", "zero[3]")).path, names)
    found = read(hex_file)
    assert found.image.functions == ()
    (note,) = found.notes
    assert f"no names are taken from {names}: it differs from app.hex at 0x0001" in note
    assert f"{names}: is not the ELF file of {hex_file}: they differ at 0x0001" in refused(
        hex_file, names=names
    )


def test_what_was_left_out_of_a_file_is_not_programmed(tmp_path: Path, bare: Compiler) -> None:
    image = bare.image(UICR, flags=AT_UICR)
    found = read(objcopy(image.path, "ihex", "-R", ".uicr"), names=image.path).image
    assert {at for at in flat(image) if at not in flat(found)} == set(range(0x10001080, 0x10001088))
    assert found.functions == image.functions


def test_several_files_are_one_image(tmp_path: Path, bare: Compiler) -> None:
    front = bare.image("int main(void) { return 1; }", flags=("-O1", "-Wl,--defsym=FLASH_ORIGIN=0"))
    image = bare.image(DATA)
    names = objcopy(image.path, "ihex").with_suffix(".elf")
    shutil.copyfile(image.path, names)
    front_hex, app = objcopy(front.path, "ihex"), objcopy(image.path, "ihex")
    for files in ((front_hex, app), (front_hex, image.path), (front.path, app)):
        found = read(*files).image
        assert flat(found) == flat(front) | flat(image)
        assert found.path == files[-1]
        assert found.functions == image.functions
    found = read(front_hex, app).image
    assert sum(size for _, size in found.flash_bytes()) == len(flat(front)) + len(flat(image))
    names.unlink()
    assert flat(read(front_hex, app).image) == flat(front) | flat(image)


def test_elf_files_with_their_header_in_a_segment_clobber_nothing(bare: Compiler) -> None:
    """The linker puts the ELF file's header into the first page, where another file's code may be."""
    image = bare.image(DATA, flags=("-O1", "-Wl,--defsym=FLASH_ORIGIN=0x8000,-z,max-page-size=65536"))
    front = bare.image("int main(void) { return 1; }", flags=("-O1", "-Wl,--defsym=FLASH_ORIGIN=0"))
    assert flat(read(front.path, image.path).image) == flat(front) | flat(image)


LINES = hex_text([(0x10000, bytes(range(40)))]).splitlines(keepends=True)
BAD_HEX = {
    "no end": ("".join(LINES[:-1]), "has no end record (:00000001FF), so a piece may be missing"),
    "checksum": ("".join(LINES).replace("27", "28", 1), ":4: the checksum is 0x"),
    "cut off": ("".join(LINES)[:-20], ":4: is no record of Intel HEX"),
    "cut record": (LINES[0] + LINES[1][:-5] + "\n" + LINES[-1], ":2: the record has "),
    "text": (LINES[0] + "hello\n" + LINES[-1], ":2: is no record of Intel HEX"),
    "digits": (LINES[0] + ":0x\n" + LINES[-1], ":2: is no record of Intel HEX"),
    "twice": ("".join([*LINES[:2], LINES[1], LINES[-1]]), "has twice the byte at 0x00010000"),
    "after": ("".join([*LINES, LINES[1]]), f":{len(LINES) + 1}: stands behind the end record"),
    "type": (LINES[0] + record(9, 0, b"") + LINES[-1], ":2: no record of type 0x09 has 0 bytes of data"),
    "universal": (record(10, 0, b"\x99\x00") + LINES[-1], "universal HEX file for several boards"),
    "wraps": (record(2, 0, b"\x10\x00") + record(0, 0xFFF8, bytes(16)) + LINES[-1], "segment of 64 KiB"),
    "too far": (record(4, 0, b"\xff\xff") + record(0, 0xFFF8, bytes(16)) + LINES[-1], "address space"),
    "nothing": (LINES[-1], "holds nothing to program"),
    "empty": ("", "is empty"),
}


@pytest.mark.parametrize("name", BAD_HEX)
def test_bad_hex_files_are_one_line(tmp_path: Path, name: str) -> None:
    text, message = BAD_HEX[name]
    path = tmp_path / "app.hex"
    path.write_text(text)
    assert message in refused(path)
    assert str(path) in refused(path)


BLOCKS = uf2_blocks(0x26000, bytes(range(256)) * 4)
BAD_UF2 = {
    "missing": (BLOCKS[:1] + BLOCKS[2:], "block 1 of 4 is missing; copy"),
    "several missing": (BLOCKS[:1], "block 1 of 4 is missing, and 2 more"),
    "twice": ([*BLOCKS, BLOCKS[2]], "block 2 of 4 is there twice"),
    "cut off": ([*BLOCKS[:3], BLOCKS[3][:-1]], "ends within block 3"),
    "end mark": ([*BLOCKS[:3], BLOCKS[3][:-1] + b"\1"], "block 3 is no UF2 block"),
    "no blocks": ([b"UF2\nwhat".ljust(512, b" ")], "block 0 is no UF2 block"),
    "family": (uf2_blocks(0x2000, bytes(9), RP2040), "UF2 family 0xe48bff56 (RP2040), which this chip does"),
    "new family": (
        uf2_blocks(0x2000, bytes(9), 0x1234),
        "family 0x00001234, which this chip does not belong",
    ),
    "counts": ([*BLOCKS, *uf2_blocks(0, bytes(9))], "some blocks are of 4 and some of 1"),
    "files": (uf2_blocks(0, bytes(9), None, 0x1000), "block 0 is of a file, not of flash"),
    "remarks": (uf2_blocks(0, bytes(9), None, 1), "holds nothing to program"),
}


@pytest.mark.parametrize("name", BAD_UF2)
def test_bad_uf2_files_are_one_line(tmp_path: Path, name: str) -> None:
    blocks, message = BAD_UF2[name]
    path = tmp_path / "app.uf2"
    path.write_bytes(b"".join(blocks))
    assert message in refused(path)


def test_blocks_for_other_chips_and_in_any_order_are_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "app.uf2"
    path.write_bytes(b"".join([*uf2_blocks(0x2000, bytes(600), RP2040), *reversed(BLOCKS)]))
    assert read(path).image.programmed == ((0x26000, bytes(range(256)) * 4),)


def test_bases_belong_to_plain_bytes(tmp_path: Path, plain: Image) -> None:
    one, two, text = tmp_path / "one.bin", tmp_path / "two.BIN", tmp_path / "text.elf"
    one.write_bytes(bytes(16))
    two.write_bytes(bytes(16))
    text.write_text("no firmware")
    assert "one.bin: is plain bytes, which do not say where they go; give their address: --base" in refused(
        one
    )
    assert "two.BIN: is plain bytes" in refused(one, two, bases=[0x1000])
    assert "--base 0x3000 belongs to no file" in refused(one, bases=[0x1000, 0x3000])
    assert "--base 0x3000 belongs to no file" in refused(plain.path, bases=[0x3000])
    assert "one.bin: ends beyond the address space" in refused(one, bases=[0xFFFFFFF8])
    assert [at for at, _ in read(one, two, bases=[0x1000, 0x3000]).image.programmed] == [0x1000, 0x3000]
    both = f"{one} and {two} both have the byte at 0x00001008"
    assert both in refused(one, two, bases=[0x1000, 0x1008])
    assert "text.elf: is not an ELF file" in refused(text)
    assert "no such file" in refused(tmp_path / "none.hex")


PARTS = st.dictionaries(st.integers(0, 60), st.binary(min_size=1, max_size=700), min_size=1, max_size=6).map(
    lambda parts: [(at * 1024 + 0xF8F0, data) for at, data in parts.items()]
)


@given(PARTS)
def test_any_pieces_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, parts) -> None:
    path = tmp_path_factory.mktemp("pieces") / "app.hex"
    path.write_text(hex_text(parts))
    programmed = {at + n: byte for at, data in parts for n, byte in enumerate(data)}
    image = read(path).image
    assert flat(image) == programmed
    # objcopy reads our ELF file, and finds the same in it.
    elf = path.with_name("made.elf")
    elf.write_bytes(image.data)
    back = path.with_name("back.hex")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "ihex", str(elf), str(back)], check=True)
    assert flat(read(back).image) == programmed


@given(st.data())
def test_damaged_files_are_refused_or_read_but_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    suffix, content = data.draw(
        st.sampled_from([(".hex", "".join(LINES).encode()), (".uf2", b"".join(BLOCKS))])
    )
    at, size = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 40))
    mutated = content[:at] + data.draw(st.binary(max_size=40)) + content[at + size :]
    path = folder / f"app{suffix}"
    path.write_bytes(mutated)
    try:
        message, parts = "", read(path).image.programmed
    except UsageError as error:
        message, parts = str(error), ()
    assert bool(message) != bool(parts)
    assert "\n" not in message

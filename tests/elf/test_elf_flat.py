"""Files for tools that program flash, held against those that objcopy makes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from bare_image import Compiler

from mlbench.elf.flat import flat_binary, intel_hex
from mlbench.elf.image import Image
from mlbench.errors import SketchError

pytestmark = pytest.mark.skipif(
    not (shutil.which("arm-none-eabi-gcc") and shutil.which("arm-none-eabi-objcopy")),
    reason="needs gcc and objcopy for ARM",
)
OBJCOPY = ("arm-none-eabi-objcopy", "--gap-fill", "0xff")
DATA = "volatile u32 kept[3] = {1, 2, 3}; volatile u32 zero[9]; int main(void) { return kept[zero[0]]; }"
FAR = DATA + '\n__attribute__((section(".far"), used)) const u8 far[40] = {1, 2, 3};'
SOURCES = pytest.mark.parametrize(
    ("source", "flags"),
    [
        (DATA, ()),
        # The header of the ELF file gets into the first segment.
        (DATA, ("-Wl,--defsym=FLASH_ORIGIN=0x8000", "-Wl,-z,max-page-size=65536")),
        # A gap, and records that may not run over the end of 64 KiB.
        (FAR, ("-Wl,--section-start=.far=0x2fff5",)),
        (DATA, ("-Wl,--defsym=FLASH_ORIGIN=0x0",)),
    ],
)


@SOURCES
def test_flat_and_hex_are_as_objcopy_has_them(tmp_path: Path, source: str, flags: tuple[str, ...]) -> None:
    image = Compiler(tmp_path).image(source, flags=("-O1", *flags))
    subprocess.run([*OBJCOPY, "-O", "binary", str(image.path), str(tmp_path / "its.bin")], check=True)
    assert flat_binary(image) == (tmp_path / "its.bin").read_bytes()
    (tmp_path / "our.hex").write_text(intel_hex(image))
    subprocess.run(
        [*OBJCOPY, "-I", "ihex", "-O", "binary", str(tmp_path / "our.hex"), str(tmp_path / "of-hex.bin")],
        check=True,
    )
    assert (tmp_path / "of-hex.bin").read_bytes() == flat_binary(image)


def test_what_lies_too_far_apart_has_no_flat_file(tmp_path: Path) -> None:
    image = Compiler(tmp_path).image(FAR, flags=("-O1", "-Wl,--section-start=.far=0x60000000"))
    with pytest.raises(SketchError, match=r"spans .* bytes from 0x10000; upload \{hex\} or \{elf\}"):
        flat_binary(image)
    assert ":020000046000" in intel_hex(image)


def test_an_image_without_sections_goes_by_its_segments(tmp_path: Path) -> None:
    image = Compiler(tmp_path).image(DATA)
    bare = bytearray(image.data)
    bare[32:36], bare[48:52] = bytes(4), bytes(4)  # e_shoff; e_shnum and e_shstrndx
    assert flat_binary(Image.parse(bytes(bare))) == flat_binary(image)

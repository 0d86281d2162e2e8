"""Images for boards without an ARM: their sizes and names, where compilers are there to make some."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mlbench.elf.image import Image
from mlbench.elf.sizes import by_name, ram_symbol_sizes
from mlbench.elf.vectors import vector_table
from mlbench.errors import SketchError

SOURCE = """\
#include <stdlib.h>
int table[20] = {1, 2, 3};
char buffer[150];
int infer(int n) { return table[n] + buffer[n]; }
void setup(void) { buffer[0] = infer(2); }
int main(void) { setup(); return malloc(10) != 0; }
"""


@pytest.fixture(scope="module")
def avr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("avr-gcc") is None:
        pytest.skip("needs avr-gcc on PATH")
    folder = tmp_path_factory.mktemp("avr")
    (folder / "x.c").write_text(SOURCE)
    command = ["avr-gcc", "-mmcu=atmega328p", "-Os", "-g", "x.c", "-o", "x.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "x.elf"


def test_sizes_are_those_of_avr_size(avr: Path) -> None:
    image = Image.load(avr)
    text, data, bss = (
        int(word)
        for word in subprocess.run(["avr-size", str(avr)], check=True, capture_output=True, text=True)
        .stdout.splitlines()[1]
        .split()[:3]
    )
    assert sum(size for _, size in image.flash_bytes()) == text + data
    assert sum(size for _, size in image.static_ram()) == data + bss
    assert not image.is_arm
    assert dict(by_name(ram_symbol_sizes(image))[0])["buffer"] == 150


def test_it_runs_on_no_emulated_chip(avr: Path) -> None:
    with pytest.raises(SketchError, match="is built for AVR, not for a 32-bit ARM"):
        vector_table(Image.load(avr), range(0x20000000, 0x20040000), lambda _: True, "the chip")


def test_a_machine_is_what_the_header_says(model: Image) -> None:
    data = bytearray(model.data)
    data[18] = 83
    image = Image.parse(bytes(data))
    assert model.is_arm
    assert not image.is_arm
    # Addresses of an ARM's RAM are none of an AVR's.
    assert image.static_ram() == ()


def test_variables_of_other_machines_are_what_is_writable(tmp_path: Path) -> None:
    compiler = shutil.which("riscv64-unknown-elf-gcc")
    if compiler is None:
        pytest.skip("needs riscv64-unknown-elf-gcc on PATH")
    (tmp_path / "x.c").write_text(
        "int table[20] = {1}; char buffer[150]; const int weights[50] = {4};\n"
        "int _start(void) { return table[2] + weights[buffer[3]]; }\n"
    )
    command = [compiler, "-march=rv32imc", "-mabi=ilp32", "-Os", "-nostdlib", "-ffreestanding", "x.c"]
    subprocess.run([*command, "-o", "x.elf"], cwd=tmp_path, check=True)
    image = Image.load(tmp_path / "x.elf")
    assert (image.machine, image.maps_memory) == ("RISC-V", False)
    assert dict(image.static_ram())[".data"] == 80
    assert 150 <= dict(image.static_ram())[".bss"] <= 160
    assert {".text", ".rodata", ".data"} <= set(dict(image.flash_bytes()))
    assert dict(image.flash_bytes())[".rodata"] == 200

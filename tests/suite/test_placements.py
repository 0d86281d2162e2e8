"""The same sketch with its functions shifted: the same results, other times."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from workshop import run_on_sketch

from mlbench.devtools.code_shift import assemble, shift, write_assembler
from mlbench.elf.image import Image

ROOT = Path(__file__).parents[2]
ASSEMBLY = b"""\
\t.syntax unified
\t.thumb
\t.section .text.first,"ax",%progbits
\t.align 1
\t.global first
\t.thumb_func
\t.type\tfirst, %function
first:
.L2:
\tsubs r0, r0, #1
\tbne .L2
\tbx lr
\t.section .text.second,"ax",%progbits
\t.align 2
\t.global second
\t.thumb_func
\t.type\tsecond, %function
second:
\tldr r0, .L3
\tbx lr
\t.align 2
.L3:
\t.word 5
\t.data
\t.global value
\t.type value, %object
value:
\t.word 7
"""


def _needs(*tools: str) -> None:
    if not all(shutil.which(tool) for tool in tools):
        pytest.skip(f"needs {' and '.join(tools)} on PATH")


def test_nops_stand_before_the_labels_of_functions_alone() -> None:
    moved = shift(ASSEMBLY, 6)
    assert moved.count(b".rept 3\n\tnop\n\t.endr\n") == 2
    assert b".endr\nfirst:\n.L2:" in moved
    assert b".endr\nsecond:" in moved
    assert moved.replace(b"\t.rept 3\n\tnop\n\t.endr\n", b"") == ASSEMBLY
    assert shift(ASSEMBLY, 0) == ASSEMBLY


@pytest.mark.parametrize("size", [2, 4, 8])
def test_the_assembler_in_the_compilers_place_shifts_code(tmp_path: Path, size: int) -> None:
    _needs("arm-none-eabi-gcc", "arm-none-eabi-as")
    source, script = tmp_path / "code.c", tmp_path / "flat.ld"
    source.write_text("int data = 3; int twice(int n) { int s = 0; while (n--) s += data; return s; }\n"
                      "int main(void) { return twice(4); }\n")  # fmt: skip
    script.write_text("SECTIONS { .text 0x10000 : { *(.text*) } .data 0x20000000 : { *(.data*) } }\n")
    real = shutil.which("arm-none-eabi-as")
    assert real
    write_assembler(tmp_path / "b", real, size)
    addresses = []
    for more in ([], [f"-B{tmp_path / 'b'}/"]):
        elf = tmp_path / f"{len(more)}.elf"
        subprocess.run(
            ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-Os", "-ffunction-sections", "-nostdlib",
             "-ffreestanding", "-Wl,-emain", f"-Wl,-T{script}", *more, str(source), "-o", str(elf)],
            check=True, capture_output=True,
        )  # fmt: skip
        image = Image.load(elf)
        symbols = {name: image.symbol(name) for name in ("twice", "main", "data")}
        addresses.append({name: s.address & ~1 for name, s in symbols.items() if s})
    plain, moved = addresses
    first = min(plain["twice"], plain["main"])
    name = "twice" if plain["twice"] == first else "main"
    assert moved[name] - plain[name] == size
    assert moved["data"] == plain["data"]


def test_errors_of_the_assembler_are_the_callers(tmp_path: Path) -> None:
    _needs("arm-none-eabi-as")
    bad = tmp_path / "bad.s"
    bad.write_text("\tnot an instruction\n")
    assert assemble("arm-none-eabi-as", 2, ["-mcpu=cortex-m4", "-o", str(tmp_path / "bad.o"), str(bad)]) != 0


@pytest.mark.usefixtures("tools")
def test_a_sketch_at_each_placement(tmp_path: Path) -> None:
    # A loop of wide instructions, whose head lies on a word or across two.
    sketch = (
        "#include <Arduino.h>\nvolatile int sink;\n"
        "__attribute__((noinline)) int infer(int n) { int s = n; __asm volatile("
        '"1: add.w %0, %0, #3\\n subs.w %1, %1, #1\\n bne 1b" : "+r"(s), "+r"(n)); return s; }\n'
        "void setup() { sink = infer(20000); }\nvoid loop() {}\n"
    )
    module = "mlbench.devtools.code_placement"
    done = run_on_sketch(module, tmp_path, sketch, "--shifts", "0,2,4", seconds=300)
    assert done.returncode == 0, done.stderr
    row = re.search(
        r"^small +inference +([\d.]+) ms +([\d.]+) ms +([\d.]+) ms +([\d.]+)%$", done.stdout, re.M
    )
    assert row, done.stdout
    plain, two, four, spread = map(float, row.groups())
    # One cycle more in each of 20,000 rounds, in one of two placements that are half a word apart.
    assert abs(abs(plain - two) - 20000 / 64000) < 0.01
    assert abs(plain - four) < 0.01
    assert spread > 5

"""Branches written over an image, against the assembler's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.elf.image import Image
from mlbench.elf.redirect import _target, branch_and_link, find_calls, redirect_setup

CODE = """
extern "C" {
__attribute__((noinline)) void *malloc(unsigned n) {
  __asm volatile("" : "+r"(n));
  return (void *)(n + 1);
}
__attribute__((noinline)) void setup() { __asm volatile("nop"); }
__attribute__((noinline)) void loop() { setup(); __asm volatile("nop"); }
void start() { setup(); malloc(3); loop(); for (;;) {} }
}
"""


def decoded(address: int, data: bytes) -> int:
    return _target(address, int.from_bytes(data[:2], "little"), int.from_bytes(data[2:], "little"))


@given(st.integers(0, 0x7FFFFD), st.integers(2, 0x7FFFFF))
def test_a_branch_leads_where_it_was_told(at: int, to: int) -> None:
    assert decoded(2 * at, branch_and_link(2 * at, 2 * to)) == 2 * to


@pytest.mark.parametrize("offset", [4, 1 << 12, (1 << 22) + 2, (1 << 24) + 2, -(1 << 24) + 4])
def test_branches_are_those_of_the_assembler(offset: int, tmp_path: Path, tool: Callable[..., str]) -> None:
    source, linked = tmp_path / "b.s", tmp_path / "b.elf"
    source.write_text(
        f".syntax unified\n.thumb\n.global _start\n.thumb_func\n_start:\n bl _start + {offset}\n".replace(
            "\\\n", "\n"
        )
    )
    tool("as", "-mcpu=cortex-m4", source, "-o", tmp_path / "b.o")
    tool("ld", "-Ttext=0x2000000", tmp_path / "b.o", "-o", linked)
    data = Image.load(linked).read(0x2000000, 4)
    assert decoded(0x2000000, data) == 0x2000000 + offset
    assert branch_and_link(0x2000000, 0x2000000 + offset) == data


def test_out_of_reach() -> None:
    with pytest.raises(ValueError, match="out of a branch's reach"):
        branch_and_link(0, 0x2000000)


def test_every_call_is_found_and_turned(build: Callable[..., Path], tool: Callable[..., str]) -> None:
    path = build({"calls.cpp": CODE}, "-Os", "-fno-builtin")
    image = Image.load(path)
    symbols = {name: image.symbol(name) for name in ("setup", "malloc")}
    assert all(symbols.values())
    setup, malloc = (symbol.address for symbol in symbols.values() if symbol)
    listing = tool("objdump", "-d", path)
    expected = [
        int(line.split(":")[0], 16) for line in listing.splitlines() if "\tbl\t" in line and "<setup>" in line
    ]
    assert len(expected) == 2
    assert find_calls(image, setup) == expected
    found = redirect_setup(image, setup, malloc, 0x100000)
    stub, *turned = found.patches(12345)
    assert [patch.address for patch in turned] == expected
    assert all(decoded(patch.address, patch.data) == stub.address for patch in turned)
    # As the disassembler reads it.
    (path.parent / "stub.bin").write_bytes(stub.data)
    options = ("-D", "-bbinary", "-marm", "-Mforce-thumb", f"--adjust-vma={stub.address:#x}")
    text = tool("objdump", *options, path.parent / "stub.bin")
    words = [line.split("\t")[2:] for line in text.splitlines() if line.count("\t") >= 2]
    told = [" ".join(part.strip() for part in word) for word in words]
    assert told[0].startswith("push {r3, lr}")
    assert told[2].startswith(f"bl {malloc:#x}")
    assert told[3].startswith(f"cbz r0, {found.refused:#x}")
    assert told[4].startswith("ldmia.w sp!, {r3, lr}")
    assert told[5].startswith(f"b.w {setup:#x}")
    assert told[6].startswith(f"b.n {found.refused:#x}")
    assert (12345).to_bytes(4, "little") == stub.data[-4:]
    assert f"@ ({stub.address + 20:#x}" in text or f"; ({stub.address + 20:#x}" in text

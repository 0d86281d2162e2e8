from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.elf.image import Image
from mlbench.errors import MLBenchError, SketchError, UsageError


def test_symbols_are_those_of_nm(model: Image, model_elf: Path, tool: Callable[..., str]) -> None:
    expected = set()
    for line in tool("nm", "--defined-only", model_elf).splitlines():
        address, kind, name = line.split(maxsplit=2)
        expected.add((name, int(address, 16), kind.isupper() or kind in "vw"))
    assert {(s.name, s.address, not s.local) for s in model.symbols} == expected
    assert not any(s.name.startswith("$") for s in model.symbols)


def test_sizes_are_those_of_nm(model: Image, model_elf: Path, tool: Callable[..., str]) -> None:
    for line in tool("nm", "-S", "--defined-only", model_elf).splitlines():
        parts = line.split()
        if len(parts) == 4:
            symbol = model.symbol(parts[3])
            assert symbol is not None
            assert symbol.size == int(parts[1], 16)


def test_demangled_names_are_those_of_cxxfilt(model: Image, tool: Callable[..., str]) -> None:
    names = [s.name for s in model.symbols]
    expected = tool("c++filt", text="\n".join(names)).splitlines()
    assert [s.demangled for s in model.symbols] == expected
    assert "net::Model::inference(void*, void*)" in expected


def test_local_symbols_know_their_file(model: Image) -> None:
    hidden = next(s for s in model.functions if "hidden" in s.name)
    assert (hidden.local, hidden.file) == (True, "model.cpp")
    start = model.symbol("start")
    assert start is not None
    assert (start.local, start.file) == (False, "")


def test_flash_and_ram_agree_with_size(model: Image, model_elf: Path, tool: Callable[..., str]) -> None:
    text, data, bss = map(int, tool("size", "-B", model_elf).splitlines()[1].split()[:3])
    flash, ram = dict(model.flash_bytes()), dict(model.static_ram())
    assert sum(flash.values()) == text + data
    assert flash[".data"] == ram[".data"] == data == 32
    # size counts every NOBITS section as bss; the heap is only set aside.
    assert ram[".bss"] + ram[".noinit"] + 0x2000 == bss
    assert ram[".noinit"] == 20
    assert ".bss" not in flash
    assert ".noinit" not in flash
    assert model.reservations() == ((".heap", 0x2000), (".stack_dummy", 0x1000))


def test_flash_is_what_objcopy_writes(
    model: Image, model_elf: Path, tool: Callable[..., str], tmp_path: Path
) -> None:
    tool("objcopy", "-O", "binary", "--gap-fill", "0", model_elf, tmp_path / "image.bin")
    binary = (tmp_path / "image.bin").read_bytes()
    stored = [s for s in model.segments if s.data]
    base = min(s.load for s in stored)
    for segment in stored:
        at = segment.load - base
        assert binary[at : at + len(segment.data)] == segment.data
    # Only alignment between sections is not counted.
    assert 0 <= len(binary) - sum(size for _, size in model.flash_bytes()) < 32


def test_regions_of_another_board(model: Image) -> None:
    assert model.flash_bytes(flash=(0x0, 0x1000)) == ()
    assert model.static_ram(ram=(0x2010_0000, 0x2020_0000)) == ()


def test_functions_by_address(model: Image) -> None:
    function = model.symbol("c_name")
    assert function is not None
    assert function.size > 4
    for address in (function.address, function.address + 1, function.address + function.size - 1):
        found = model.function_at(address)
        assert found is not None
        assert found.address == function.address
    outside = model.function_at(function.address + function.size)
    assert outside is None or outside.address != function.address
    assert model.function_at(0x2000_0000) is None
    assert model.function_at(0) is None


def test_reading_memory(model: Image) -> None:
    table, arena, text = (model.symbol(name) for name in ("table", "arena", "_ZL4text"))
    assert table is not None
    assert arena is not None
    assert text is not None
    assert struct.unpack("<8I", model.read(table.address, 32)) == tuple(range(1, 9))
    assert model.read(arena.address, 300) == bytes(300)
    assert model.read(text.address, 8) == b"a longer"
    data = next(s for s in model.segments if s.address == 0x2000_0000)
    assert data.load != data.address
    assert model.read(data.load, 4) == data.data[:4]
    with pytest.raises(SketchError, match="holds no 4 bytes at 0x40000000"):
        model.read(0x4000_0000, 4)


def test_segments(model: Image) -> None:
    code = next(s for s in model.segments if s.executable)
    assert (code.address, code.load, code.writable) == (0x10000, 0x10000, False)
    assert model.read(0x10000, 4) == (0x2004_0000).to_bytes(4, "little")
    assert model.function_at(model.entry) == model.symbol("reset")


def test_stripped(model_elf: Path, tool: Callable[..., str], tmp_path: Path) -> None:
    tool("strip", "-o", tmp_path / "s.elf", model_elf)
    tool("strip", "--strip-debug", "-o", tmp_path / "d.elf", model_elf)
    stripped, no_debug, whole = (
        Image.load(path) for path in (tmp_path / "s.elf", tmp_path / "d.elf", model_elf)
    )
    assert stripped.stripped
    assert stripped.symbols == ()
    assert stripped.flash_bytes() == whole.flash_bytes()
    assert not no_debug.stripped
    assert {s.name for s in no_debug.functions} == {s.name for s in whole.functions}
    assert not no_debug.debug.present
    assert whole.debug.present


def test_without_section_headers_segments_count(model: Image) -> None:
    data = bytearray(model.data)
    data[32:36] = bytes(4)  # e_shoff
    data[48:52] = bytes(4)  # e_shnum, e_shstrndx
    bare = Image.parse(bytes(data))
    assert bare.stripped
    assert sum(size for _, size in bare.flash_bytes()) == pytest.approx(
        sum(size for _, size in model.flash_bytes()), abs=32
    )
    assert bare.is_code(model.entry)


def test_digest_is_of_the_file(model: Image, model_elf: Path) -> None:
    import hashlib

    assert model.digest == hashlib.sha256(model_elf.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b":020000040001F9\n", "is an Intel HEX file, not an ELF file; give the .elf it was made from"),
        (b"!<arch>\nfoo", "is an archive of object files, not an ELF file"),
        (b"UF2\nWQ]\x9e", "is a UF2 image, not an ELF file"),
        (b"#!/bin/sh\n", "is not an ELF file; give the .elf that the linker wrote"),
        (b"\x7fELF\x01\x01", "is truncated or damaged: its header is cut off"),
    ],
)
def test_not_an_elf(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "firmware.bin"
    path.write_bytes(content)
    with pytest.raises(SketchError, match=re.escape(f"{path}: {message}")):
        Image.load(path)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (18, 62, "is built for x86-64, not for a 32-bit ARM"),
        (18, 105, "is built for MSP430, not for a 32-bit ARM"),
        (18, 250, "is built for machine number 250"),
        (4, 2, "is a 64-bit ELF file"),
        (5, 2, "is built for machine number 10240"),
        (16, 1, "is a relocatable object file, not an executable image; link it"),
        (16, 3, "is a shared object, not an executable image"),
        (16, 4, "is a core dump"),
        (44, 0, "has no loadable segment"),
        (28, 250, "is truncated or damaged"),
        (42, 3, "a program header of 3 bytes is too small"),
    ],
)
def test_wrong_kind(model: Image, offset: int, value: int, message: str) -> None:
    data = bytearray(model.data)
    data[offset] = value
    if offset in (28,):
        data[offset : offset + 4] = b"\xff\xff\xff\x7f"
    with pytest.raises(SketchError, match=re.escape(message)):
        Image.parse(bytes(data))


def test_big_endian_and_object_files(build: Callable[..., Path], model_elf: Path) -> None:
    data = bytearray(model_elf.read_bytes())
    data[5] = 2
    data[16:20] = bytes((0, 2, 0, 40))
    with pytest.raises(SketchError, match="is big-endian"):
        Image.parse(bytes(data))
    with pytest.raises(SketchError, match="is a relocatable object file"):
        Image.load(model_elf.parent / "model.cpp.o")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Image.load(tmp_path / "none.elf")
    with pytest.raises(UsageError, match="is a folder"):
        Image.load(tmp_path)


@pytest.mark.parametrize("part", [0.001, 0.01, 0.2, 0.5, 0.9, 0.9999])
def test_a_truncated_file_says_so(model: Image, part: float) -> None:
    with pytest.raises(SketchError, match="truncated"):
        Image.parse(model.data[: max(20, int(len(model.data) * part))])


def everything(image: Image) -> None:
    """Look at all that an image has."""
    _ = image.symbols, image.segments, image.functions, image.digest
    _ = image.flash_bytes(), image.static_ram(), image.reservations()
    image.function_at(image.entry)
    image.symbol("start")
    for segment in image.segments[:4]:
        image.read(segment.address, min(segment.size, 16))


@settings(deadline=None)
@given(at=st.floats(0, 1), changes=st.lists(st.tuples(st.integers(0, 63), st.integers(0, 255)), max_size=8))
def test_damage_raises_nothing_else(model: Image, at: float, changes: list[tuple[int, int]]) -> None:
    """Headers, and any other place, changed at random: a usable image or one line."""
    data = bytearray(model.data)
    header = struct.unpack_from("<II", data, 28)
    for index, (offset, value) in enumerate(changes):
        places = (0, header[0], header[1], header[1] + int(at * 1600), int(at * (len(data) - 64)))
        data[min(places[index % 5] + offset, len(data) - 1)] = value
    whole_or_one_line(bytes(data))


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    for content in (data, b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\0\x28\0" + data):
        whole_or_one_line(content)


def whole_or_one_line(data: bytes) -> None:
    message = ""
    try:
        everything(Image.parse(data))
    except MLBenchError as error:
        message = str(error)
    assert "\n" not in message


def test_quick_on_a_large_image(build: Callable[..., Path]) -> None:
    """Thousands of symbols cost a few calls each, and their debug information none: some milliseconds."""
    functions = "\n".join(
        f"__attribute__((noinline)) int model_layer_{n}(int x) {{ sink = x + {n}; return sink * {n}; }}"
        for n in range(2000)
    )
    calls = "\n".join(f"sink = model_layer_{n}(sink);" for n in range(2000))
    source = f"volatile int sink;\n{functions}\nvoid start(void) {{ {calls} }}"
    path = build({"large.c": source}, "-O0", "-g3")
    assert path.stat().st_size > 300_000
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        image = Image.load(path)
        found = image.function_at(image.entry)
    finally:
        sys.setprofile(before)
    assert len(image.symbols) > 2000
    assert found is not None
    assert calls < 20 * len(image.symbols)

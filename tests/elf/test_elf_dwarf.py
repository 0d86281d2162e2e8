from __future__ import annotations

import posixpath
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_firmware import MODEL, SCRIPT
from hostile_elf import graft

from mlbench.elf.image import Image, Symbol
from mlbench.elf.sizes import LISTED, SymbolSize, by_name, ram_symbol_sizes, symbol_sizes


@pytest.mark.parametrize("flags", ["-Os -gdwarf-5", "-O2 -gdwarf-4", "-O3 -g3", "-O2 -g -gno-as-loc-support"])
def test_lines_are_those_of_addr2line(
    build: Callable[..., Path], tool: Callable[..., str], flags: str
) -> None:
    path = build({"model.cpp": MODEL, "deep/er/other.c": "int other;"}, *flags.split())
    image = Image.load(path)
    section = image.section(".text")
    assert section is not None
    addresses = range(section.address, section.end, 2)
    printed = tool("addr2line", "-e", path, text="\n".join(map(hex, addresses))).splitlines()
    known = 0
    for address, text in zip(addresses, printed, strict=True):
        file, _, number = re.sub(r" \(discriminator \d+\)", "", text).rpartition(":")
        expected = (posixpath.normpath(file), int(number)) if number.isdigit() and int(number) else None
        assert image.debug.line(address) == expected, hex(address)
        known += expected is not None
    assert known > 200


@pytest.mark.parametrize("flags", ["-Os", "-O2", "-O3"])
def test_inlined_levels_are_those_of_addr2line(
    build: Callable[..., Path], tool: Callable[..., str], flags: str
) -> None:
    path = build({"model.cpp": MODEL.replace("__attribute__((noinline))", "")}, flags, "-g")
    image = Image.load(path)
    section = image.section(".text")
    assert section is not None
    deepest = 0
    for address in range(section.address, section.end, 2):
        chain = image.debug.inline_chain(address)
        if not chain:
            continue
        lines = tool_inlines(tool, path, address)
        assert len(chain) == len(lines), hex(address)
        calls = [str(level.called_at) for level in chain[:-1] if level.called_at]
        assert calls == lines[1:]
        assert chain[-1].called_at is None
        deepest = max(deepest, len(chain))
    assert deepest > 1


_inlines: dict[Path, dict[int, list[str]]] = {}


def tool_inlines(tool: Callable[..., str], path: Path, address: int) -> list[str]:
    """Places of the levels at an address as addr2line -i has them, innermost first."""
    if path not in _inlines:
        section = Image.load(path).section(".text")
        assert section is not None
        addresses = "\n".join(hex(at) for at in range(section.address, section.end, 2))
        _inlines[path] = {}
        levels: list[str] = []
        for line in tool("addr2line", "-a", "-i", "-e", path, text=addresses).splitlines():
            if line.startswith("0x"):
                levels = _inlines[path].setdefault(int(line, 16), [])
            else:
                levels.append(posixpath.normpath(re.sub(r" \(discriminator \d+\)", "", line)))
    return _inlines[path][address]


def test_code_at_address_0(build: Callable[..., Path], tool: Callable[..., str]) -> None:
    """Dropped functions keep debug information that claims address 0: it must not be believed."""
    script = SCRIPT.replace("0x00010000", "0x00000000")
    script = script.replace(".vectors : { KEEP(*(.vectors)) } > FLASH", "")
    script = script.replace("{ *(.text .text.*) }", "{ KEEP(*(.vectors)) *(.text .text.*) }")
    source = "volatile int sink; int dropped_0(int x) { return x; } void start(void) { sink = 3; }"
    for n in range(1, 40):
        source += f"int dropped_{n}(int x) {{ return x * {n} + dropped_{n - 1}(x); }}"
    path = build({"zero.c": source}, "-Os", "-g", "-fno-inline", script=script)
    image = Image.load(path)
    assert image.is_code(0)
    for address in range(0, 0xC, 2):
        assert image.debug.line(address) is None
        assert image.frames.row(address) is None
    symbol = image.symbol("start")
    assert symbol is not None
    found = image.debug.line(symbol.address)
    assert found is not None
    assert found[0] == str(path.parent / "zero.c")


def test_without_debug_information(build: Callable[..., Path]) -> None:
    image = Image.load(build({"model.cpp": MODEL}, "-Os"))
    assert not image.debug.present
    assert image.debug.line(image.entry) is None
    assert image.debug.unit(image.entry) == ""
    assert image.debug.inline_chain(image.entry) == ()
    assert image.debug.inlined("start", lambda name: True) == ()


def test_units(model: Image, model_elf: Path) -> None:
    assert model.debug.unit(model.entry) == str(model_elf.parent / "start.c")
    assert model.debug.unit(0x2000_0000) == ""


@pytest.mark.parametrize("form", ["zlib-gabi", "zlib-gnu"])
def test_compressed_debug_information(
    form: str, build: Callable[..., Path], model_elf: Path, tool: Callable[..., str]
) -> None:
    path = model_elf.parent / "compressed.elf"
    tool("objcopy", f"--compress-debug-sections={form}", model_elf, path)
    assert path.stat().st_size < model_elf.stat().st_size
    compressed, plain = Image.load(path), Image.load(model_elf)
    for function in plain.functions:
        assert compressed.debug.line(function.address) == plain.debug.line(function.address)


ZLIB = b"ZLIB" + struct.pack(">Q", 100)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ZLIB",
        ZLIB,
        ZLIB[:11],
        ZLIB + b"no zlib stream",
        b"zlib" + ZLIB[4:] + zlib.compress(bytes(100)),
        b"ZLIB" + struct.pack(">Q", 1 << 63) + zlib.compress(bytes(100)),
        b"ZLIB" + struct.pack(">Q", 0) + zlib.compress(bytes(100)),
        ZLIB + zlib.compress(bytes(99)),
        ZLIB + zlib.compress(bytes(101)),
        ZLIB + zlib.compress(bytes(100))[:-8],
    ],
)
@pytest.mark.parametrize("name", ["info", "line"])
def test_damaged_compression_of_the_older_form_is_no_debug_information(
    name: str, content: bytes, model_elf: Path, tool: Callable[..., str]
) -> None:
    path = model_elf.parent / "older.elf"
    tool("objcopy", "--compress-debug-sections=zlib-gnu", model_elf, path)
    image = Image.parse(graft(path.read_bytes(), {f".zdebug_{name}": content}))
    assert image.functions == Image.load(model_elf).functions
    for function in image.functions:
        assert image.debug.line(function.address) is None
        if name == "info":
            assert image.debug.inline_chain(function.address) == ()


@pytest.mark.parametrize(
    ("steps", "line"),
    [(b"\x03\x0b", 12), (b"\x03\x60", None), (b"\x03\xff\xff\xff\xff\xff\x0f", None), (b"\x03\x7f", None)],
    ids=["12", "-31", "2**41", "0"],
)
def test_a_line_that_no_file_has_is_no_line(steps: bytes, line: int | None, model_elf: Path) -> None:
    """DW_LNS_advance_line takes a number with a sign, from line 1 (DWARF 5, sections 6.2.2 and 6.2.5.2)."""
    image = Image.load(model_elf)
    function = next(function for function in image.functions if function.name == "start")
    address = function.address & ~1
    head = b"\x01\x01\x01\xfb\x0e\x0d" + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + b"\0a.c\0\0\0\0\0"
    # Set the address, advance the line, copy; two bytes on the sequence ends.
    code = b"\0\x05\x02" + struct.pack("<I", address) + steps + b"\x01\x02\x02\0\x01\x01"
    body = struct.pack("<HI", 4, len(head)) + head + code
    entry = b"\x01" + struct.pack("<III", address, 2, 0)
    contents = {
        ".debug_line": struct.pack("<I", len(body)) + body,
        ".debug_abbrev": b"\x01\x11\0\x11\x01\x12\x06\x10\x17\0\0\0",
        ".debug_info": struct.pack("<IHIB", len(entry) + 7, 4, 0, 4) + entry,
        ".debug_aranges": b"",
    }
    assert Image.parse(graft(image.data, contents)).debug.line(address) == (line and ("a.c", line))


def test_sizes_of_symbols(model: Image, tool: Callable[..., str], model_elf: Path) -> None:
    sizes = symbol_sizes(model)
    assert [entry.bytes for entry in sizes] == sorted((e.bytes for e in sizes), reverse=True)
    by_name = {entry.symbol.name: entry for entry in sizes}
    table = by_name["table"]
    assert (table.bytes, table.section) == (32, ".data")
    assert ("c_name" in by_name) != ("also_c_name" in by_name)
    assert "arena" not in by_name  # .bss
    total = sum(size for _, size in model.flash_bytes())
    assert 0.95 * total < sum(entry.bytes for entry in sizes) <= total


def test_names_in_flash_and_padding_make_up_the_flash(model: Image) -> None:
    total = sum(size for _, size in model.flash_bytes())
    names, rest = by_name(symbol_sizes(model))
    assert rest == 0
    assert len(names) == len(dict(names))
    assert list(names) == sorted(names, key=lambda item: (-item[1], item[0]))
    assert sum(size for _, size in names) == sum(entry.bytes for entry in symbol_sizes(model)) <= total
    assert dict(names)["table"] == 32


def test_static_ram_by_name(model: Image) -> None:
    names = dict(by_name(ram_symbol_sizes(model))[0])
    assert names["table"] == 32  # .data
    assert names["arena"] > 0  # .bss
    assert "main" not in names
    assert sum(names.values()) <= sum(size for _, size in model.static_ram())


def test_clones_and_numbered_statics_count_as_one_name() -> None:
    def size(name: str, number: int) -> SymbolSize:
        return SymbolSize(Symbol(name, 16 * number, number, "func", True), ".text", number)

    clones = ("_Z3runi.constprop.0", "_Z3runi.part.1", "_Z3runi", "buffer.4711", "buffer.12")
    names, rest = by_name(tuple(size(name, number) for number, name in enumerate(clones, 1)))
    assert dict(names) == {"run(int)": 6, "buffer": 9}
    many = tuple(size(f"f{number}", number) for number in range(1, LISTED + 3))
    names, rest = by_name(many)
    assert (len(names), rest) == (LISTED, 1 + 2)
    assert len(by_name((size("f" * 9_999, 1),))[0][0][0]) < 400

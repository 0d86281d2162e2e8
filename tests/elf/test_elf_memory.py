"""No image makes its readers take more than 256 MiB, or long, whatever its tables say."""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_firmware import MODEL, build_elf, run_tool
from hostile_elf import HEADER, graft, set_section

MOST_MIB = 256
MIB = 1 << 20
DEBUG = (".debug_info", ".debug_abbrev", ".debug_line", ".debug_aranges", ".debug_str", ".debug_frame")


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_elf(tmp_path_factory.mktemp("memory"), {"model.cpp": MODEL}, ["-O2", "-g"], gc=False)


def no_bytes(data: bytes) -> bytes:
    hostile = bytearray(data)
    for name in DEBUG:
        set_section(hostile, name, type=8, size=0xFFFF_FFF0)
    return bytes(hostile)


def compressed(data: bytes) -> bytes:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(MIB)) for _ in range(1024)) + packer.flush()
    content = struct.pack("<3I", 1, 1 << 30, 1) + packed
    return graft(data, dict.fromkeys(DEBUG, content), flags=0x800)


def compressed_as_before(data: bytes) -> bytes:
    """In GNU's older form, with sizes that are told too small, too large, or as they are."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(MIB)) for _ in range(1024)) + packer.flush()
    sizes = dict(zip(DEBUG, (95 * MIB, 1 << 30, 1 << 40, (1 << 64) - 1, 0, 1), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.elf"
        path.write_bytes(graft(data, {n: b"ZLIB" + struct.pack(">Q", s) + packed for n, s in sizes.items()}))
        run_tool("objcopy", *(f"--rename-section={n}=.z{n.removeprefix('.')}" for n in DEBUG), path)
        return path.read_bytes()


def entry_head(size: int, version: int = 4) -> bytes:
    return struct.pack("<IHIB", size + 7, version, 0, 4)


def without_ranges(data: bytes) -> bytearray:
    hostile = bytearray(data)
    set_section(hostile, ".debug_aranges", type=8, size=0)
    return hostile


LOW = 0x10010
"""In .text."""


def top(attributes: bytes, children: bool = True) -> tuple[bytes, bytes]:
    """Abbreviation 1 and its entry: a unit that covers all code, with more attributes (name and form)."""
    head = b"\x01\x11" + bytes([children]) + b"\x11\x01\x12\x06"
    return head + attributes + b"\0\0", b"\x01" + struct.pack("<II", LOW, 0x10000)


def many_entries(data: bytes) -> bytes:
    """Entries of one byte, with a thousand attributes that have none."""
    spec, unit = top(b"")
    flags = b"".join(bytes([0x80 | n & 0x7F, n >> 7, 0x19]) for n in range(0x100, 0x500))
    abbreviations = spec + b"\x02\x2e\x00" + flags + b"\0\0" + b"\0"
    body = unit + b"\x02" * MIB
    contents = {".debug_abbrev": abbreviations, ".debug_info": entry_head(len(body)) + body}
    return graft(bytes(without_ranges(data)), contents)


def long_strings(data: bytes) -> bytes:
    """Entries whose name is the same text of a MiB."""
    spec, unit = top(b"")
    abbreviations = spec + b"\x02\x2e\x00\x03\x0e\0\0" + b"\0"
    body = unit + b"\x02\0\0\0\0" * 10_000
    text = b"hidden<" + b"x" * MIB + b"\0"
    contents = {
        ".debug_abbrev": abbreviations,
        ".debug_info": entry_head(len(body)) + body,
        ".debug_str": text,
    }
    return graft(bytes(without_ranges(data)), contents)


def small_units(data: bytes) -> bytes:
    spec, unit = top(b"", children=False)
    units = (entry_head(len(unit)) + unit) * 60_000
    return graft(bytes(without_ranges(data)), {".debug_abbrev": spec + b"\0", ".debug_info": units})


def with_lines(data: bytes, program: bytes) -> bytes:
    spec, unit = top(b"\x10\x17")
    unit += bytes(4)
    contents = {
        ".debug_abbrev": spec + b"\0",
        ".debug_info": entry_head(len(unit)) + unit,
        ".debug_line": program,
    }
    return graft(bytes(without_ranges(data)), contents)


def many_lines(data: bytes) -> bytes:
    head = b"\x01\x01\x01\xfb\x0e\x0d" + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + b"\0a.c\0\0\0\0\0"
    code = b"\0\x05\x02" + struct.pack("<I", LOW) + b"\x20" * (4 * MIB)
    unit = struct.pack("<HI", 4, len(head)) + head + code
    return with_lines(data, struct.pack("<I", len(unit)) + unit)


def endless_files(data: bytes) -> bytes:
    """Version 5: 2**40 folders of no fields."""
    head = b"\x01\x01\x01\xfb\x0e\x0d" + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
    head += b"\0" + b"\x80\x80\x80\x80\x80\x40" + b"\0\0"
    unit = struct.pack("<HBBI", 5, 4, 0, len(head)) + head
    return with_lines(data, struct.pack("<I", len(unit)) + unit)


def many_ranges(data: bytes) -> bytes:
    body = struct.pack("<HIBB", 2, 0, 4, 0) + bytes(4) + struct.pack("<II", LOW, 2) * MIB + bytes(8)
    return graft(data, {".debug_aranges": struct.pack("<I", len(body)) + body})


def section_names(data: bytes) -> bytes:
    """20,000 sections, each with another 64 KiB of one text as its name."""
    hostile = bytearray(data)
    size, count, names = struct.unpack_from("<3H", data, 46)
    table = struct.unpack_from("<I", data, 32)[0]
    headers = bytearray(data[table : table + count * size])
    HEADER.pack_into(headers, names * size, 0, 3, 0, 0, len(data), 100_000, 0, 0, 0, 0)
    for index in range(20_000):
        headers += HEADER.pack(index, 1, 2, LOW, 0, 4, 0, 0, 0, 0)
    struct.pack_into("<I", hostile, 32, len(data) + 100_000)
    struct.pack_into("<H", hostile, 48, count + 20_000)
    return bytes(hostile) + b"n" * 100_000 + bytes(headers)


def symbols(data: bytes, count: int, names: bytes) -> bytes:
    table = b"".join(
        struct.pack("<IIIBBH", 1 + n % (len(names) - 1), LOW, 4, 0x12, 0, 1) for n in range(count)
    )
    hostile = graft(graft(data, {".symtab": table}), {".strtab": names})
    mended = bytearray(hostile)
    set_section(mended, ".symtab", type=2)
    set_section(mended, ".strtab", type=3)
    return bytes(mended)


def many_segments(data: bytes) -> bytes:
    rows = struct.pack("<8I", 1, 0, 0x10000, 0x10000, len(data), 0xFFFF_0000 - 0x10000, 5, 4) * 60_000
    hostile = bytearray(data)
    struct.pack_into("<I", hostile, 28, len(data))
    struct.pack_into("<H", hostile, 44, 60_000)
    return bytes(hostile) + rows


def same_contents(data: bytes) -> bytes:
    """3,000 sections, all with the same MiB as their contents."""
    size, count = struct.unpack_from("<2H", data, 46)
    table = struct.unpack_from("<I", data, 32)[0]
    headers = data[table : table + count * size]
    for index in range(3000):
        headers += HEADER.pack(1, 1, 2, 0x10000 + index, len(data), MIB, 0, 0, 0, 0)
    hostile = bytearray(data)
    struct.pack_into("<I", hostile, 32, len(data) + MIB)
    struct.pack_into("<H", hostile, 48, count + 3000)
    return bytes(hostile) + bytes(MIB) + headers


def frames(entries: int, program: bytes) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        common = struct.pack("<I", 0xFFFF_FFFF) + b"\x01\0\x01\x7c\x0e\0\0\0"
        common = struct.pack("<I", len(common)) + common
        entry = struct.pack("<III", 0, LOW, 0x10000) + program
        return graft(data, {".debug_frame": common + (struct.pack("<I", len(entry)) + entry) * entries})

    return make


SAVES = b"".join(b"\x05" + bytes([0x80 | n & 0x7F, n >> 7]) + b"\x01" for n in range(4000))
MOVES = b"".join(
    b"\x09" + bytes([0x80 | n & 0x7F, 0x80 | n >> 7 & 0x7F, n >> 14, 1]) for n in range(1_000_000)
)
HOSTILE = {
    "sections without bytes": no_bytes,
    "compressed": compressed,
    "compressed as before": compressed_as_before,
    "many entries": many_entries,
    "long strings": long_strings,
    "small units": small_units,
    "many lines": many_lines,
    "endless files": endless_files,
    "many ranges": many_ranges,
    "section names": section_names,
    "symbol names": lambda data: symbols(data, 100_000, bytes([0]) + b"n" * 200_000),
    "many symbols": lambda data: symbols(data, 1_000_000, b"\0main\0"),
    "many segments": many_segments,
    "same contents": same_contents,
    "many frames": frames(500_000, b""),
    "remembered rules": frames(1, SAVES + b"\x0a" * 500_000),
    "moved registers": frames(1, MOVES),
    "a long number": frames(1, b"\x0d" + b"\xff" * (2 * MIB)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_is_bounded(name: str, sound: Path, tmp_path: Path):
    hostile = tmp_path / "hostile.elf"
    hostile.write_bytes(HOSTILE[name](sound.read_bytes()))
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, tests / "support" / "hostile_elf.py", sound, hostile],
        capture_output=True,
        env={"PYTHONPATH": str(tests.parent)},
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    mib, *messages = done.stdout.splitlines()
    print(name, mib, messages)
    assert float(mib) < MOST_MIB + hostile.stat().st_size / MIB, messages
    assert not any("\n" in message or len(message) > 500 for message in messages)

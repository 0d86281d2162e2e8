"""What plain bytes of a loader tell, and what its configuration adds."""

from __future__ import annotations

import json
import struct

import pytest

from mlbench.elf.composed import read_parts
from mlbench.elf.image import Image
from mlbench.elf.object_file import ObjectFile
from mlbench.elf.sketch_loader import HeapMemory, SketchLoader, loader_of_bytes, with_configuration
from mlbench.errors import SketchError

BASE = 0x10000
NAMES = ("calloc", "free", "malloc", "memcpy", "memset", "printk", "realloc", "strlen")
HEAPS = ((0x20001000, 1024), (0x20002000, 98_304))


def loader_bytes(
    names: tuple[str, ...] = NAMES, heaps: tuple[tuple[int, int], ...] = HEAPS, malloc: int = 0x10123
) -> bytes:
    """A vector table, names, the table of pairs, and records of heaps."""
    texts, offsets = bytearray(), {}
    for name in names:
        offsets[name] = 64 + len(texts)
        texts += name.encode() + b"\0"
    texts += bytes(-len(texts) % 8)
    pairs = [(BASE + offsets[name], malloc if name == "malloc" else 0x10201) for name in names]
    data = bytearray(64) + texts + b"".join(struct.pack("<2I", *pair) for pair in pairs)
    for start, size in heaps:
        data += struct.pack("<5I", 0, start, size, 0, 0)
    return bytes(data + bytes(16))


def read(data: bytes) -> SketchLoader:
    return loader_of_bytes(data, BASE, "zephyr.bin")


def test_the_exported_names_of_plain_bytes() -> None:
    loader = read(loader_bytes())
    assert tuple(loader.exports) == NAMES
    assert loader.exports["malloc"] == 0x10123
    assert loader.stored == len(loader_bytes())


def test_the_heap_of_sketches_is_the_second_of_two() -> None:
    assert read(loader_bytes()).sketch_heap == HeapMemory(0x20002000, 98_304)
    assert read(loader_bytes(heaps=HEAPS[:1])).sketch_heap is None
    # Three in a row are two pairs: neither is chosen.
    assert read(loader_bytes(heaps=(*HEAPS, (0x20030000, 2048)))).sketch_heap is None


@pytest.mark.parametrize("data", [b"", bytes(400), loader_bytes(NAMES[:3]), loader_bytes(malloc=0)])
def test_bytes_without_exported_names_are_no_loader(data: bytes) -> None:
    with pytest.raises(SketchError, match=r"no table of exported names .* no loader of sketches"):
        read(data)


def test_a_configuration_tells_what_plain_bytes_do_not() -> None:
    text = "# CONFIG_X is not set\nCONFIG_LLEXT_HEAP_SIZE=128\nCONFIG_MAIN_STACK_SIZE=16384\n"
    loader = with_configuration(read(loader_bytes(heaps=())), text)
    assert (loader.sketch_heap, loader.main_stack) == (HeapMemory(0, 131_072), 16_384)
    assert not loader.constants_in_flash
    # What the loader's own bytes say stands.
    known = with_configuration(read(loader_bytes()), f"{text}CONFIG_LLEXT_RODATA_NO_RELOC=y\n")
    assert known.sketch_heap == HeapMemory(0x20002000, 98_304)
    assert known.constants_in_flash


@pytest.mark.parametrize("cut", [0, 4, 30, 52, 80])
def test_a_damaged_object_file_is_refused(cut: int) -> None:
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 1, 40, 1, 0, 0, 52, 0, 52, 0, 0, 40, 2, 1)
    rows = bytes(40) + struct.pack("<10I", 0, 3, 0, 0, 4000, 100, 0, 0, 1, 0)
    with pytest.raises(SketchError):
        ObjectFile((header + rows)[:cut] if cut < 80 else header + rows, "sketch.elf")


def composed_image(parts: str) -> Image:
    """An image whose list of parts is this text."""
    names = b"\0.text\0.mlbench.parts\0.shstrtab\0"
    body = bytes(4) + parts.encode() + names
    rows = [
        (0,) * 10,
        (1, 1, 6, 0x10000, 84, 4, 0, 0, 4, 0),
        (7, 1, 0, 0, 88, len(parts), 0, 0, 1, 0),
        (22, 3, 0, 0, 88 + len(parts), len(names), 0, 0, 1, 0),
    ]
    header = struct.pack(
        "<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 40, 1, 0x10001, 52, 84 + len(body), 0, 52, 32, 1, 40, 4, 3
    )
    segment = struct.pack("<8I", 1, 84, 0x10000, 0x10000, 4, 4, 5, 4)
    return Image.parse(header + segment + body + b"".join(struct.pack("<10I", *row) for row in rows))


GOOD = {
    "loader": "zephyr.bin",
    "loader_bytes": 1,
    "header_version": 1,
    "sketch_bytes": 2,
    "mode": "dynamic",
    "base": 3,
    "loader_ram": None,
    "limits": [{"name": "x", "used": 1, "limit": None, "parts": [["y", 1]], "unknown": ""}],
    "missing": ["strtol"],
    "records": [0x20000000, 20],
    "threads": {"current": 0x20000000, "name": 1, "stack_start": 2, "stack_size": 3},
}


def test_parts_are_read_back() -> None:
    parts = read_parts(composed_image(json.dumps(GOOD)))
    assert parts is not None
    assert (parts.sketch_bytes, parts.limits[0].parts, parts.records) == (2, (("y", 1),), (0x20000000, 20))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 20_000,
        *(json.dumps({**GOOD, key: value}) for key, value in (("sketch_bytes", 1 << 40), ("mode", 5))),
        *(json.dumps({**GOOD, key: value}) for key, value in (("limits", [1]), ("missing", [None]))),
        *(json.dumps({**GOOD, key: value}) for key, value in (("records", [1]), ("loader", "x" * 5000))),
    ],
    ids=lambda text: text[:12],
)
def test_a_damaged_list_of_parts_is_told(text: str) -> None:
    with pytest.raises(SketchError, match="is damaged: its list of parts"):
        read_parts(composed_image(text))

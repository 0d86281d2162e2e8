"""Objects are linked once more with each function and constant on lines of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_bench import OWN_BOARD, QUICK_BOARD, Bench
from elf_firmware import CPU, run_tool

from mlbench.elf.image import Image
from mlbench.firmware.aligned_objects import LINE_BYTES, CannotAlign, aligned, objects

CODE = """
static const char *const names[] = {"one", "two", "a longer one"};
const unsigned char small[3] = {1, 2, 3}, large[40] = {4};
char flag, buffer[21];
int first(int n) { buffer[n] = flag; return names[n][1]; }
int second(int n) { return small[n] + large[n]; }
int third(int n) { return first(n) + second(n) * 3; }
"""
SKETCH = """
volatile int turn; char odd[3], buffer[50]; const char *texts[] = {"a", "bcd"};
__attribute__((noinline)) int prepare(int n) { buffer[n] = odd[n & 1]; return n; }
__attribute__((noinline)) int infer(int n) { return texts[n & 1][0] + buffer[n]; }
void setup() { turn = prepare(turn) + infer(turn); }
void loop() {}
"""


def compiled(folder: Path, *flags: str) -> Path:
    (folder / "code.c").write_text(CODE)
    run_tool("gcc", *CPU, "-Os", "-c", *flags, folder / "code.c", "-o", folder / "code.o")
    return folder / "code.o"


def linked(folder: Path, item: Path, *, archived: bool) -> Image:
    files = ["--whole-archive", item] if archived else [item]
    run_tool("ld", "-Ttext=0x10002", "-Tdata=0x20000001", "-e", "third", *files, "-o", folder / "out.elf")
    return Image.load(folder / "out.elf")


@pytest.mark.parametrize("archived", [False, True])
def test_functions_and_data_begin_on_lines(tmp_path: Path, archived: bool) -> None:
    item = compiled(tmp_path, "-ffunction-sections", "-fdata-sections")
    before = {symbol.name: symbol.size for symbol in linked(tmp_path, item, archived=False).symbols}
    if archived:
        run_tool("ar", "rcs", tmp_path / "code.a", item)
        item = tmp_path / "code.a"
    assert any(name == "code.o" for name in [each.member for each in objects(item.read_bytes())]) == archived
    changed = tmp_path / f"changed{item.suffix}"
    changed.write_bytes(aligned(item.read_bytes(), apart=True))
    image = linked(tmp_path, changed, archived=archived)
    for name in ("first", "second", "third", "small", "large", "names", "buffer"):
        symbol = image.symbol(name)
        assert symbol is not None
        assert (symbol.address & ~1) % LINE_BYTES == 0
        assert symbol.size == before[name]
    flag = image.symbol("flag")
    assert flag is not None
    assert flag.address % 4 == 0
    untouched = aligned(item.read_bytes(), members=())
    assert (untouched == item.read_bytes()) == archived


def test_what_cannot_be_parted_is_refused(tmp_path: Path) -> None:
    whole = compiled(tmp_path).read_bytes()
    assert aligned(whole) != whole
    with pytest.raises(CannotAlign, match=r"several functions share the section \.text"):
        aligned(whole, apart=True)
    item = compiled(tmp_path, "-flto", "-ffunction-sections")
    with pytest.raises(CannotAlign, match="link-time optimization"):
        aligned(item.read_bytes())
    run_tool("ar", "rcsT", tmp_path / "thin.a", compiled(tmp_path))
    with pytest.raises(CannotAlign, match="thin"):
        aligned((tmp_path / "thin.a").read_bytes())


def test_a_build_has_it_where_it_is_asked_for(bench: Bench) -> None:
    path = bench.sketch("use", SKETCH)
    for board in (OWN_BOARD, QUICK_BOARD):
        plain = bench.build(path, board)
        assert plain.canonical_elf is None
        firmware = bench.build(path, board, canonical=True)
        assert firmware.no_canonical == ""
        assert firmware.elf.read_bytes() == plain.elf.read_bytes()
        assert firmware.canonical_elf is not None
        image = Image.load(firmware.canonical_elf)
        for name in ("prepare(int)", "infer(int)"):
            symbol = next(each for each in image.functions if each.demangled == name)
            assert (symbol.address & ~1) % LINE_BYTES == 0
        again = bench.build(path, board, canonical=True)
        assert again.cached
        assert again.canonical_elf is not None
        assert again.canonical_elf.is_file()


@pytest.mark.parametrize(
    ("flag", "why"),
    [("-flto", "link-time optimization"), ("-fno-function-sections", "several functions share")],
)
def test_a_build_says_why_it_has_none(bench: Bench, flag: str, why: str) -> None:
    properties = (f"build.extra_flags={flag}",)
    firmware = bench.build(
        bench.sketch("use", SKETCH), OWN_BOARD, build_properties=properties, canonical=True
    )
    assert firmware.canonical_elf is None
    assert why in firmware.no_canonical


def test_the_heap_begins_at_a_page(bench: Bench) -> None:
    code = SKETCH.replace("turn = prepare(turn)", "turn = prepare((int)malloc(turn))")
    firmware = bench.build(bench.sketch("heap", code), OWN_BOARD, canonical=True)
    assert firmware.canonical_elf is not None
    start = Image.load(firmware.canonical_elf).symbol("__HeapBase")
    assert start is not None
    assert start.address % 4096 == 0

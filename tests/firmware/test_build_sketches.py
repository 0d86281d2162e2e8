"""Sketches built for real: what comes out, and what is said of those that cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlbench.core.firmware import ALLOC_SIZE_SYMBOL, Firmware
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault, HostTimeout, MLBenchError, SketchError, UsageError
from mlbench.firmware import BuildFailed, source_path

Bench = Any

EMPTY = "void setup() {}\nvoid loop() {}\n"
TEMPLATE = """\
static char* ptr;
void setup() {
  ptr = (char*) malloc($alloc_size);
  if (ptr == NULL) {
    for (;;) {}
  }
  free(ptr);
}

void loop() {
}
"""
OWN_BOARD = "mlbench:nrf52840:nano33ble"


def loaded(path: Path) -> list[tuple[int, bytes]]:
    return [(segment.load, segment.data) for segment in Image.load(path).segments]


def test_an_empty_sketch(bench: Bench) -> None:
    firmware = bench.build(bench.sketch("empty", EMPTY), OWN_BOARD)
    assert (firmware.name, firmware.fits, firmware.is_template) == ("empty", True, False)
    image, probe = Image.load(firmware.elf), Image.load(firmware.probe_elf)
    assert image.symbol("malloc") is None, "the link that is measured has no harness in it"
    assert probe.symbol("malloc") is not None
    assert probe.symbol("setup") is not None or probe.symbol("_Z5setupv") is not None
    assert firmware.keys.platform.startswith("mlbench:nrf52840@")
    assert "arm-none-eabi-gcc" in firmware.keys.compiler
    assert firmware.keys.builder.startswith("arduino-builder 1.")
    assert firmware.source == bench.folder / "empty"


def test_a_sketch_that_allocates_needs_no_second_image(bench: Bench) -> None:
    text = "void* volatile p;\nvoid setup() { p = malloc(8); }\nvoid loop() {}\n"
    firmware = bench.build(bench.sketch("allocates", text))
    assert firmware.elf == firmware.probe_elf


def test_the_template(bench: Bench) -> None:
    text = TEMPLATE.replace("free(ptr);", "free(ptr);\n  Serial.begin(115200);")
    firmware = bench.build(
        bench.sketch("template", text.replace("loop() {", "loop() {\n  Serial.println(1);")), OWN_BOARD
    )
    assert firmware.is_template
    assert firmware.elf == firmware.probe_elf
    image = Image.load(firmware.elf)
    word = image.symbol(ALLOC_SIZE_SYMBOL)
    assert word is not None
    assert word.address % 4 == 0
    assert word.size == 4
    assert 0x10000 <= word.address < 0x100000, "in flash: what lies in .data is copied at start-up"
    assert image.read(word.address, 4) == bytes(4)


def test_a_template_costs_eight_bytes_of_flash_and_no_ram(bench: Bench) -> None:
    templated = Image.load(bench.build(bench.sketch("one", TEMPLATE)).elf)
    literal = Image.load(bench.build(bench.sketch("two", TEMPLATE.replace("$alloc_size", "137332"))).elf)
    assert templated.static_ram() == literal.static_ram()
    more = sum(size for _, size in templated.flash_bytes()) - sum(size for _, size in literal.flash_bytes())
    assert 0 <= more <= 16


def test_a_template_in_namespaces_tabs_and_sources(bench: Bench) -> None:
    sketch = bench.sketch(
        "spread",
        "#include \"src/probe.h\"\nvoid setup() { /* $alloc_size */ deep::er::grab(); deep::also(); }\n"
        "void loop() {}\n",
        src__probe_h="#pragma once\nnamespace deep { void also(); namespace er { void grab(); } }\n",
        src__probe_cpp=(
            "#include <stdlib.h>\n#include \"probe.h\"\nstatic char *volatile p, *volatile q;\n"
            "namespace deep { namespace er { void grab() { p = (char*)malloc($alloc_size); } }\n"
            "void also() { q = (char*)malloc($alloc_size + $alloc_size); } }\n"
        ),
    )  # fmt: skip
    firmware = bench.build(sketch)
    assert firmware.is_template
    assert Image.load(firmware.elf).symbol(ALLOC_SIZE_SYMBOL) is not None


def test_the_image_does_not_depend_on_where_it_is_built(bench: Bench, tmp_path: Path) -> None:
    text = '#include "where.h"\nvoid setup() { keep = __FILE__; where(); }\nvoid loop() {}\n'
    assembly = "  .text\n  .global nothing\nnothing:\n  bx lr\n"
    header = "extern const char *volatile keep;\nvoid where();\n"
    source = '#include <assert.h>\n#include "where.h"\nconst char *volatile keep = __FILE__;\n'
    source += "void where() { assert(keep); keep = __DATE__ __TIME__; }\n"
    first = bench.build(bench.sketch("place", text, where_h=header, where_cpp=source, a_S=assembly))
    bench.cache = tmp_path / "another cache with a much longer name"
    bench.folder = tmp_path / "elsewhere"
    second = bench.build(bench.sketch("place", text, where_h=header, where_cpp=source, a_S=assembly))
    assert not second.cached
    assert loaded(first.elf) == loaded(second.elf)
    assert Image.load(first.elf).digest == Image.load(second.elf).digest
    assert str(tmp_path).encode() not in second.elf.read_bytes()


def test_names_in_debug_information_lead_back_to_the_user(bench: Bench) -> None:
    firmware = bench.build(bench.sketch("traced", EMPTY))
    assert source_path(firmware, "/sketch/traced/src/x.cpp") == str(bench.folder / "traced/src/x.cpp")
    assert source_path(firmware, "/platform/mlbench/main.c") == "/platform/mlbench/main.c"
    assert (
        b"/sketch/traced/traced.ino" in firmware.elf.read_bytes()
        or b"/sketch/traced" in firmware.elf.read_bytes()
    )


@pytest.mark.parametrize("name", ["with blank", "with.dot", "two  blanks.and.dots", "it-has_all 1.2"])
def test_odd_names_of_folders(bench: Bench, name: str) -> None:
    bench.folder = bench.folder / "a folder.with blanks"
    firmware = bench.build(bench.sketch(name, TEMPLATE, src__part_cpp="int part() { return 1; }\n"))
    assert firmware.fits
    assert firmware.name == name


def test_an_ino_may_lie_in_a_folder_of_another_name(bench: Bench) -> None:
    folder = bench.sketch("first", EMPTY, tab_ino="int tab() { return 7; }\n")
    (folder / "second.ino").write_text("int volatile v;\nvoid setup() { v = tab(); }\nvoid loop() {}\n")
    firmware = bench.build(folder / "second.ino")
    assert firmware.name == "second"
    assert Image.load(firmware.elf).symbol("v") is not None


def test_libraries(bench: Bench, tmp_path: Path) -> None:
    library = tmp_path / "Tiny Lib"
    (library / "src").mkdir(parents=True)
    (library / "library.properties").write_text(
        "name=Tiny\nversion=0.2.0\nauthor=a\nmaintainer=a\nsentence=s\nparagraph=p\ncategory=Other\nurl=u\n"
        "architectures=*\n"
    )
    (library / "src" / "TinyLib.h").write_text("int tiny();\n")
    (library / "src" / "tiny.cpp").write_text("int tiny() { return 3; }\n")
    text = "#include <TinyLib.h>\nint volatile v;\nvoid setup() { v = tiny(); }\nvoid loop() {}\n"
    sketch = bench.sketch("uses", text)
    firmware = bench.build(sketch, libraries=(library,))
    assert firmware.keys.libraries == ("Tiny@0.2.0",)
    (library / "src" / "tiny.cpp").write_text("int tiny() { return oops; }\n")
    with pytest.raises(BuildFailed) as caught:
        bench.build(sketch, libraries=(library,))
    assert caught.value.where == f"{library / 'src' / 'tiny.cpp'}:1"


def test_build_properties_reach_the_compiler_and_never_a_stale_core(bench: Bench) -> None:
    def tells(*properties: str) -> bytes:
        firmware = bench.build(sketch, build_properties=properties)
        return b"".join(data for _, data in loaded(firmware.elf))

    sketch = bench.sketch("told", EMPTY)
    plain, two, three = (
        tells(),
        tells("compiler.cpp.extra_flags=-DTELL=2"),
        tells("build.extra_flags=-DTELL=3"),
    )
    assert len({plain, two, three}) == 3
    assert tells() == plain
    quoted = tells("compiler.cpp.extra_flags='-DTELL=2' '-DNOTHING=a b'")
    assert quoted == two


def test_a_user_s_link_flags_are_kept(bench: Bench) -> None:
    sketch = bench.sketch("flagged", EMPTY)
    firmware = bench.build(sketch, build_properties=("compiler.c.elf.extra_flags=-Wl,--defsym=mine=0x1234",))
    for path in (firmware.elf, firmware.probe_elf):
        symbol = Image.load(path).symbol("mine")
        assert symbol is not None
        assert symbol.address == 0x1234


BIG_RAM = "char big[300000];\nint volatile v;\nvoid setup() { v = big[v]; big[v] = 1; }\nvoid loop() {}\n"
BIG_FLASH = """\
#define A 1, 2, 3, 4, 5, 6, 7, 8
extern const char big[1200000] = {A};
int volatile v;
void setup() { v = big[v]; }
void loop() {}
"""


@pytest.mark.parametrize(
    "board", ["mlbench:nrf52840:nano33ble", "acme:classic:nano", "acme:hooked:nano", "acme:stiff:nano"]
)
@pytest.mark.parametrize(("text", "region"), [(BIG_RAM, "RAM"), (BIG_FLASH, "FLASH")])
def test_what_does_not_fit_is_linked_with_longer_regions(
    bench: Bench, board: str, text: str, region: str
) -> None:
    firmware = bench.build(bench.sketch("large", text), board)
    assert not firmware.fits
    assert [overflow.region for overflow in firmware.overflows] == [region]
    image = Image.load(firmware.elf)
    flash = sum(size for _, size in image.flash_bytes())
    if region == "FLASH":
        assert firmware.overflows[0].bytes == flash - 0xF0000
        assert 1_200_000 < flash < 1_230_000
    else:
        assert 37_000 < firmware.overflows[0].bytes < 80_000
        assert flash < 40_000
        big = image.symbol("big")
        assert big is not None
        assert big.size == 300_000
    assert firmware.probe_elf == firmware.elf


def test_flash_of_what_does_not_fit_equals_that_on_a_board_where_it_fits(bench: Bench, book: Path) -> None:
    sketch = bench.sketch("large", BIG_RAM)
    script = book / "hardware/acme/classic/variants/nano/linker_script.ld"
    starred = bench.build(sketch)
    original = script.read_text()
    try:
        script.write_text(original.replace("256K", "1024K"))
        roomy = bench.build(sketch, build_properties=("upload.maximum_data_size=1048576",))
    finally:
        script.write_text(original)
    assert roomy.fits
    assert Image.load(starred.elf).flash_bytes() == Image.load(roomy.elf).flash_bytes()


def test_over_the_limits_of_boards_txt(bench: Bench) -> None:
    sketch = bench.sketch("limits", EMPTY)
    firmware = bench.build(sketch, build_properties=("upload.maximum_size=10",))
    flash = sum(size for _, size in Image.load(firmware.elf).flash_bytes())
    assert [(o.region, o.bytes) for o in firmware.overflows] == [("FLASH", flash - 10)]


@pytest.mark.parametrize("board", ["acme:classic:nano", "acme:hooked:nano", "acme:stiff:nano"])
def test_malloc_is_pulled_into_an_image_for_probes(bench: Bench, board: str) -> None:
    firmware = bench.build(bench.sketch("probe", EMPTY), board)
    assert Image.load(firmware.elf).symbol("malloc") is None
    assert Image.load(firmware.probe_elf).symbol("malloc") is not None


def _fails(sketch: Path, bench: Bench) -> BuildFailed:
    with pytest.raises(BuildFailed) as caught:
        bench.build(sketch)
    error = caught.value
    assert error.exit_status == 3
    assert error.diagnostics[0].severity == "error"
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize(
    ("text", "others", "where", "what"),
    [
        ("void setup() {\n  missing(1);\n}\nvoid loop() {}\n", {}, "{s}/bad.ino:2", "'missing' was not"),
        (EMPTY, {"tab_ino": "\n\nint f() { return x; }\n"}, "{s}/tab.ino:3", "'x' was not declared"),
        (EMPTY, {"src__m_cpp": "\nint m() {\n  return y;\n}\n"}, "{s}/src/m.cpp:3", "'y' was not declared"),
        (EMPTY, {"src__deep__m_c": "int m(void) { return y; }\n"}, "{s}/src/deep/m.c:1", "'y' undeclared"),
        ("#include <NoSuch.h>\n" + EMPTY, {}, "{s}/bad.ino:1", "NoSuch.h: No such file or directory"),
        ("#include \"h.h\"\n" + EMPTY, {"h_h": "#include <no.h>\n"}, "{s}/h.h:1", "no.h: No such file"),
        ('extern "C" void nowhere();\nvoid setup() {\n  nowhere();\n}\nvoid loop() {}\n', {}, "{s}/bad.ino:3",
         "undefined reference to `nowhere'"),
        (TEMPLATE.replace("free(ptr)", "free(ptr"), {}, "{s}/bad.ino:7", "expected ')'"),
        ("char a[$alloc_size];\nvoid* p = malloc(1);\n" + EMPTY, {}, "{s}/bad.ino:1",
         "statement-expressions are not allowed outside functions"),
        (EMPTY, {"m_S": "  .text\n  nonsense r0\n"}, "{s}/m.S:2", "bad instruction"),
        ("void setup() {}\n", {}, "{s}/bad.ino", "defines no loop()"),
        ("", {}, "{s}/bad.ino", "defines no setup() and no loop()"),
        (EMPTY, {"tab_ino": "\ufeff\n\nint f() { return x; }\n"}, "{s}/tab.ino:3", "'x' was not declared"),
    ],
    ids=["ino", "tab", "cpp", "c", "header", "in-header", "undefined", "template", "outside", "S", "no-loop",
         "empty", "byte-order-mark"],
)  # fmt: skip
def test_the_first_error_is_named_with_the_user_s_file_and_line(
    bench: Bench, text: str, others: dict[str, str], where: str, what: str
) -> None:
    sketch = bench.sketch("bad", text, **others)
    error = _fails(sketch, bench)
    if where:
        assert error.where == where.format(s=sketch)
    assert what in error.what
    if "char a[$" in text:
        assert "must stand within a function" in error.do


@pytest.mark.parametrize(
    ("flag", "what"),
    [
        ("-Wl,--no-such-option", "unrecognized option '--no-such-option'"),
        ("-lnowhere", "cannot find -lnowhere"),
        ("-Wl,--require-defined=zz", "required symbol `zz' not defined"),
        ("-Wl,--defsym=a=", "syntax error"),
        ("-Wl,-m,nowhere", "unrecognised emulation mode: nowhere"),
        ("-fuse-ld=nowhere", "unrecognized command"),
    ],
)
def test_what_the_linker_refuses_is_told(bench: Bench, flag: str, what: str) -> None:
    sketch = bench.sketch("linked", EMPTY)
    with pytest.raises(BuildFailed) as caught:
        bench.build(sketch, OWN_BOARD, build_properties=(f"compiler.c.elf.extra_flags={flag}",))
    assert caught.value.what.startswith(what)


def test_what_a_failed_program_said_goes_before_its_status(bench: Bench) -> None:
    properties = ("recipe.objcopy.bin.pattern=arm-none-eabi-objcopy nowhere.elf",)
    with pytest.raises(BuildFailed) as caught:
        bench.build(bench.sketch("copied", EMPTY), OWN_BOARD, build_properties=properties)
    assert "'nowhere.elf': No such file" in caught.value.what


def test_a_failed_sketch_builds_once_it_is_mended(bench: Bench) -> None:
    sketch = bench.sketch("mended", "oops\n" + EMPTY)
    _fails(sketch, bench)
    (sketch / "mended.ino").write_text(EMPTY)
    os.utime(sketch / "mended.ino", (1, 1))
    assert bench.build(sketch).fits


def test_a_removed_or_shadowing_file_is_seen(bench: Bench) -> None:
    text = "int volatile v;\nint part();\nvoid setup() { v = part(); }\nvoid loop() {}\n"
    sketch = bench.sketch("parts", text, part_cpp="int part() { return 1; }\n")
    bench.build(sketch)
    (sketch / "part.cpp").unlink()
    assert "undefined reference to `part()'" in _fails(sketch, bench).what


def _renamed(bench: Bench, name: str, to: str) -> Path:
    folder: Path = bench.sketch(name, EMPTY)
    (folder / f"{name}.ino").rename(folder / to)
    return folder


def _no_ino(bench: Bench) -> Path:
    return _renamed(bench, "hollow", "other.ino")


def _utf16(bench: Bench) -> Path:
    folder: Path = bench.sketch("wide", "")
    (folder / "wide.ino").write_text(EMPTY, encoding="utf-16")
    return folder


def test_a_sketch_of_old_tabs_builds_whatever_their_ends_of_lines_and_marks(bench: Bench) -> None:
    """Both suffixes, mixed: the main tab is a .pde and the other an .ino, and the other way round."""
    main = "\ufeffvoid setup() {\r\n  tab();\r\n}\r\nvoid loop() {}\r\n"
    tab = "\ufeffvolatile int told;\r\nvoid tab() { told = 1; }\r\n"
    for name, suffix, other in (("old", "pde", "ino"), ("new", "ino", "pde")):
        folder = bench.sketch(name, "")
        (folder / f"{name}.ino").unlink()
        (folder / f"{name}.{suffix}").write_text(main, newline="")
        (folder / f"tab.{other}").write_text(tab, newline="")
        firmware = bench.build(folder)
        assert Image.load(firmware.elf).symbol("told") is not None
        (folder / f"{name}.{suffix}").write_text(main.replace("tab();", "tub();"), newline="")
        assert _fails(folder, bench).where == f"{folder}/{name}.{suffix}:2"


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (_no_ino, SketchError, "has no hollow.ino.*is not named after its folder.*give .*other.ino itself"),
        (lambda b: _renamed(b, "upper", "Upper.ino"), SketchError,
         "Upper.ino differs from its folder's name, upper, in upper and lower case; give .*Upper.ino itself"),
        (lambda b: b.sketch("twice", EMPTY, twice_pde=EMPTY), SketchError, "has two main tabs, twice.ino"),
        (_utf16, SketchError, "wide.ino: is UTF-16 text.*save it as UTF-8"),
        (lambda b: b.folder / "nosuch", UsageError, "nosuch: no such sketch"),
        (lambda b: b.folder / "nosuch.ino", UsageError, "nosuch.ino: no such sketch"),
        (
            lambda b: b.sketch("silent", "int v;\nvoid setup() {\n v = $alloc_size;\n}\nvoid loop() {}\n"),
            SketchError,
            "silent.ino:3: uses \\$alloc_size but allocates nothing with it",
        ),
        (
            lambda b: b.sketch("gone", "void setup() { if (0) malloc($alloc_size); }\nvoid loop() {}\n"),
            SketchError,
            "gone.ino:1: the compiler left out",
        ),
    ],
)  # fmt: skip
def test_what_is_no_sketch(
    bench: Bench, make: Callable[[Bench], Path], kind: type[MLBenchError], text: str
) -> None:
    with pytest.raises(kind, match=text):
        bench.build(make(bench))


@pytest.mark.parametrize(
    ("board", "kind", "text"),
    [
        ("mlbench", UsageError, "'mlbench': is not a board name"),
        ("mlbench:nrf52840:nano33ble:what", UsageError, "is not a board name"),
        ("mlbench:nrf52840:nope", UsageError, "mlbench:nrf52840:nope: unknown board"),
        ("mlbench:avr:nope", EnvironmentFault, "platform mlbench:avr: is not installed"),
        ("arduino:mbed_nano:nano33ble", EnvironmentFault, "platform arduino:mbed_nano: is not installed"),
    ],
)  # fmt: skip
def test_boards_that_are_not_there(
    bench: Bench,
    board: str,
    kind: type[MLBenchError],
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(kind, match=text):
        bench.build(bench.sketch("any", EMPTY), board)


def test_no_sketch_compiler(bench: Bench) -> None:
    bench.tools = replace(bench.tools, arduino_builder=None)
    with pytest.raises(EnvironmentFault, match="no sketch compiler"):
        bench.build(bench.sketch("any", EMPTY))


def test_a_library_that_is_not_there(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such library"):
        bench.build(bench.sketch("any", EMPTY), libraries=(tmp_path / "none",))
    for place in ("a/Lib", "b/Lib"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "x.h").write_text("")
    with pytest.raises(UsageError, match="same folder name"):
        bench.build(bench.sketch("any", EMPTY), libraries=(tmp_path / "a/Lib", tmp_path / "b/Lib"))


def test_the_cache_answers_at_once_and_follows_content(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketch = bench.sketch("kept", EMPTY)
    first = bench.build(sketch)
    with monkeypatch.context() as patch:
        # At once: no program is started for it.
        patch.setattr("subprocess.Popen", None)
        again = bench.build(sketch)
    assert again.cached
    assert replace(again, cached=False) == first
    os.utime(sketch / "kept.ino", (1, 1))
    assert bench.build(sketch).cached, "times do not matter"
    moved = tmp_path / "moved" / "kept"
    moved.parent.mkdir()
    sketch.rename(moved)
    assert bench.build(moved).cached, "neither do places"
    assert bench.build(moved).source == moved
    (moved / "kept.ino").write_text(EMPTY + "int volatile more;\n")
    assert not bench.build(moved).cached
    assert not bench.build(moved, build_properties=("build.extra_flags=-DX",)).cached


def test_a_damaged_entry_is_built_again(bench: Bench) -> None:
    sketch = bench.sketch("damaged", EMPTY)
    firmware = bench.build(sketch)
    (firmware.elf.parent / "firmware.json").write_text("{")
    assert not bench.build(sketch).cached
    firmware.elf.unlink()
    assert not bench.build(sketch).cached
    assert bench.build(sketch).cached


def test_two_builds_at_once(bench: Bench, tmp_path: Path) -> None:
    bench.cache = tmp_path / "fresh"
    sketches = [bench.sketch("same", EMPTY), bench.sketch("same", EMPTY), bench.sketch("other", TEMPLATE)]
    found: list[Firmware | BaseException] = []

    def work(sketch: Path) -> None:
        try:
            found.append(bench.build(sketch))
        except BaseException as error:
            found.append(error)

    threads = [threading.Thread(target=work, args=(sketch,)) for sketch in sketches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [item for item in found if isinstance(item, BaseException)]
    same = [item for item in found if isinstance(item, Firmware) and item.name == "same"]
    assert same[0].elf.read_bytes() == same[1].elf.read_bytes()
    assert sorted(item.cached for item in same) == [False, True], "the second waits and takes the first one's"


def test_a_build_that_takes_too_long_is_the_hosts_fault_and_leaves_no_stale_room(bench: Bench) -> None:
    sketch = bench.sketch("slow", EMPTY)
    with pytest.raises(HostTimeout) as caught:
        bench.build(sketch, timeout_s=0.01)
    assert caught.value.exit_status == 4
    assert bench.build(sketch).fits


KILLED = """
import sys
from pathlib import Path
from mlbench.core.firmware import BuildRequest
from mlbench.firmware import build
from mlbench.firmware.toolchain import Toolchain
from mlbench.util.progress import Silent
builder, gcc, sketch, board, cache = sys.argv[1:]
tools = Toolchain(arduino_builder=Path(builder), gcc_bin=Path(gcc))
build(BuildRequest(Path(sketch), board), tools, Path(cache), Silent())
"""


def test_compilers_end_with_a_build_that_is_killed(bench: Bench, tmp_path: Path) -> None:
    builder = tmp_path / "arduino-builder"
    # Compilers run in process groups of their own, with arduino-cli at least.
    builder.write_text(
        f"#!/bin/sh\n[ $# -gt 2 ] || exec '{bench.tools.arduino_builder}' \"$@\"\nset -m\nsleep 60 &\n"
        f"echo $! > '{tmp_path}/new'; mv '{tmp_path}/new' '{tmp_path}/pid'\nwait\n"
    )
    builder.chmod(0o755)
    sketch, gcc = bench.sketch("killed", EMPTY), bench.tools.gcc_bin
    command = [sys.executable, "-c", KILLED, builder, gcc, sketch, OWN_BOARD, tmp_path / "cache"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([str(word) for word in command], env=environ) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "pid").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        process.kill()
    compiler = Path("/proc") / (tmp_path / "pid").read_text().strip()
    while (compiler / "cmdline").exists() and (compiler / "cmdline").read_bytes():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import shutil

    sketch = bench.sketch("full", EMPTY)
    kept = bench.build(sketch)
    (sketch / "full.ino").write_text(EMPTY + "int more;\n")
    real = shutil.copyfile

    def full(source: Path, target: Path) -> None:
        if "firmware" in str(target):
            Path(target).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("mlbench.firmware.firmware_cache.shutil.copyfile", full)
        with pytest.raises(EnvironmentFault, match="no space left") as caught:
            bench.build(sketch)
    assert caught.value.exit_status == 4
    entries = bench.cache / "build" / "firmware"
    assert not [path for path in entries.iterdir() if path.name.startswith(".")]
    assert not bench.build(sketch).cached
    (sketch / "full.ino").write_text(EMPTY)
    assert bench.build(sketch).cached
    assert kept.elf.is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_for_real(bench: Bench, tmp_path: Path) -> None:
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a small file system here")
    try:
        bench.cache = small
        with pytest.raises(EnvironmentFault) as caught:
            bench.build(bench.sketch("any", EMPTY))
        assert "\n" not in str(caught.value)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_cache_that_cannot_be_written(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bench.cache = tmp_path / "file"
    with pytest.raises(EnvironmentFault):
        bench.build(bench.sketch("any", EMPTY))


def test_the_environment_of_a_build_holds_no_secrets(
    bench: Bench, sketchbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    book = tmp_path / "book"
    shutil.copytree(sketchbook, book)
    platform = book / "hardware/acme/classic/platform.txt"
    hook = 'recipe.hooks.linking.prelink.1.pattern=sh -c "env > {build.path}/seen"'
    platform.write_text(f"{platform.read_text()}\n{hook}\n")
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(book))
    monkeypatch.setenv("INPUT_TOKEN", "hush-1")
    monkeypatch.setenv("GITHUB_TOKEN", "hush-2")
    bench.cache = tmp_path / "cache"
    bench.build(bench.sketch("spy", EMPTY))
    seen = next((tmp_path / "cache").rglob("seen")).read_text()
    assert "PATH=" in seen
    assert "hush" not in seen


def test_links_in_a_sketch_are_followed_without_cycles(bench: Bench, tmp_path: Path) -> None:
    sketch = bench.sketch("linked", '#include "shared.h"\n' + EMPTY)
    (tmp_path / "shared.h").write_text("#define SHARED 1\n")
    (sketch / "shared.h").symlink_to(tmp_path / "shared.h")
    (sketch / "loop").symlink_to(sketch, target_is_directory=True)
    (sketch / "dangling.h").symlink_to(tmp_path / "none.h")
    os.mkfifo(sketch / "pipe.cpp")
    assert bench.build(sketch).fits
    assert (tmp_path / "shared.h").read_text() == "#define SHARED 1\n"

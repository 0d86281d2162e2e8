"""Linker scripts and what the linker says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linker_said import BESIDE, FAILED_LINKS, LD

from mlbench.core.firmware import Diagnostic, Overflow
from mlbench.firmware import gcc_text, linker


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x100000 - 0x10000", 0xF0000),
        ("256K", 262144),
        ("1M", 1048576),
        ("1m - 64k", 1048576 - 65536),
        ("(0x40000 - (0x100 + 0x100))", 0x3FE00),
        ("983040", 983040),
        ("1 << 18", 262144),
        ("0x40000 / 2", 0x20000),
        ("FLASH_SIZE - 4", None),
        ("ORIGIN(RAM)", None),
        ("4 / 0", None),
        ("__import__('os')", None),
        ("", None),
    ],
)
def test_expressions(text: str, value: int | None) -> None:
    assert linker.evaluate(text) == value


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**20), st.sampled_from(["", "K", "M", "k", "m"]))
def test_expressions_add_up(base: int, count: int, unit: str) -> None:
    factor = {"": 1, "k": 1024, "m": 1024 * 1024}[unit.lower()]
    assert linker.evaluate(f"{base:#x} + ({count}{unit})") == base + count * factor


def test_regions_in_the_forms_that_scripts_use() -> None:
    script = """
    /* MEMORY { NO (r) : ORIGIN = 0, LENGTH = 1 } */
    MEMORY {
      FLASH (rx) : ORIGIN = 0x10000, LENGTH = 0x100000 - 0x10000
      ram.1 (rwx!x) : org = ((0x20000000 + 0x100) + 0x100) , len = (0x40000 - 0x200) /* comment */
      EXT : o = 0x60000000, l = 8M
    }
    SECTIONS { }
    MEMORY { LATE (w) : ORIGIN = 1, LENGTH = 2 } """
    regions = linker.parse_regions(script)
    assert [(r.name, r.attributes, r.origin, r.length) for r in regions] == [
        ("FLASH", "rx", "0x10000", "0x100000 - 0x10000"),
        ("ram.1", "rwx!x", "((0x20000000 + 0x100) + 0x100)", "(0x40000 - 0x200)"),
        ("EXT", "", "0x60000000", "8M"),
        ("LATE", "w", "1", "2"),
    ]
    assert [r.writable for r in regions] == [False, True, False, True]


def test_regions_on_one_line() -> None:
    script = "MEMORY { A (rx) : ORIGIN = 0, LENGTH = 64K B (rw) : ORIGIN = 0x20000000, LENGTH = 8K }"
    assert [(r.name, r.length) for r in linker.parse_regions(script)] == [("A", "64K"), ("B", "8K")]


def test_included_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "main.ld").write_text('INCLUDE "memory.x"\nSECTIONS {}')
    (tmp_path / "memory.x").write_text(
        "MEMORY { RAM (rw) : ORIGIN = 0x20000000, LENGTH = 8K }\nINCLUDE main.ld"
    )
    assert [r.name for r in linker.read_regions((tmp_path / "main.ld",))] == ["RAM"]


@pytest.mark.parametrize(
    "words",
    [
        '"-T{build.path}/s.ld"',
        "-T '{build.path}/s.ld'",
        "-Wl,-T,'{build.path}/s.ld'",
        "-Ts.ld -Ttext=0x0",
        "-Wl,--script=s.ld",
    ],
)
def test_scripts_of_a_recipe(tmp_path: Path, words: str) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "s.ld").write_text("")
    properties = {
        "recipe.c.combine.pattern": f'"gcc" {words} -o x {{object_files}}',
        "build.path": str(folder),
    }
    assert linker.scripts_of(properties, folder) == (folder / "s.ld",)


def test_enlarging_copies_the_expressions_and_grows_with_each_attempt() -> None:
    regions = (linker.LinkerRegion("RAM", "rwx", "0x20000000", "ORIGIN(FLASH) + 4"),)
    script = linker.enlarged(regions, (Overflow("RAM", 70624),), 0)
    assert "RAM (rwx) : ORIGIN = 0x20000000, LENGTH = (ORIGIN(FLASH) + 4) + 0x22000" in script
    later = linker.enlarged(regions, (Overflow("RAM", 70624),), 2)
    assert int(later.rsplit("+ ", 1)[1].split()[0], 16) > 0x22000
    assert linker.enlarged(regions, (Overflow("ELSEWHERE", 1),), 0) == ""


def test_overflow_lines() -> None:
    text = (
        "/usr/bin/ld: /x/a.elf section `.bss' will not fit in region `RAM'\n"
        "/usr/bin/ld: region `RAM' overflowed by 37856 bytes\n"
        "/usr/bin/ld: region `FLASH' overflowed by 1 byte\n"
        "collect2: error: ld returned 1 exit status\n"
    )
    assert linker.overflowed(text, ()) == (Overflow("RAM", 37856), Overflow("FLASH", 1))


def test_a_heap_pushed_out_of_its_region_is_an_overflow() -> None:
    regions = (
        linker.LinkerRegion("FLASH", "rx", "0x10000", "0xf0000"),
        linker.LinkerRegion("RAM", "rwx", "0x20000200", "256K - 0x200"),
    )
    text = "ld:/s.ld:27 cannot move location counter backwards (from 0000000020041010 to 000000002003fc00)"
    assert linker.overflowed(text, regions) == (Overflow("RAM", 0x1410),)
    assert linker.overflowed("ld: region RAM overflowed with stack", regions) == (Overflow("RAM", 0),)


@pytest.mark.parametrize(
    ("message", "region"),
    [
        ("Out of memory", "RAM"),
        ("not enough RAM for the stack", "RAM"),
        ("heap and stack overlap", "RAM"),
        ("ERROR: stack is too large", "RAM"),
        ("code exceeds flash: FLASH overflow", "FLASH"),
        ("undefined reference to `stack_overflow'", ""),
        ("cannot find -lmemory", ""),
    ],
)
def test_an_assertion_of_a_script_s_own_words_is_an_overflow(message: str, region: str) -> None:
    regions = linker.parse_regions(
        "MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 9\n RAM (rwx) : ORIGIN = 9, LENGTH = 9 }"
    )
    found = linker.overflowed(
        f"/usr/bin/arm-none-eabi-ld: {message}\ncollect2: error: ld returned 1", regions
    )
    assert found == ((Overflow(region, 0),) if region else ())
    assert linker.overflowed(f"a.ino:1: error: {message}", regions) == (), "what the compiler says is none"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/s k/a.ino:2:3: error: 'x' was not declared in this scope",
         Diagnostic("error", "'x' was not declared in this scope", "/s k/a.ino", 2, 3)),
        ("a.ino:1:10: fatal error: T.h: No such file or directory",
         Diagnostic("error", "T.h: No such file or directory", "a.ino", 1, 10)),
        ("/a.c:7:1: warning: unused [-Wunused]", Diagnostic("warning", "unused [-Wunused]", "/a.c", 7, 1)),
        ("/m.S:3: Error: bad instruction `foo'", Diagnostic("error", "bad instruction `foo'", "/m.S", 3)),
        ("/s/nolink.ino:2: undefined reference to `nowhere'",
         Diagnostic("error", "undefined reference to `nowhere'", "/s/nolink.ino", 2)),
        ("/usr/lib/gcc/../bin/ld: /s/x.cpp:9: undefined reference to `f(int)'",
         Diagnostic("error", "undefined reference to `f(int)'", "/s/x.cpp", 9)),
        ("/b/x.ino.cpp.o:(.text.setup+0x4): undefined reference to `nowhere'",
         Diagnostic("error", "undefined reference to `nowhere'", "/b/x.ino.cpp.o")),
        ("x.ino.cpp:(.text.setup+0x4): undefined reference to `nowhere'",
         Diagnostic("error", "undefined reference to `nowhere'", "x.ino.cpp")),
        ("arm-none-eabi/bin/ld: cannot find -lfoo: No such file or directory",
         Diagnostic("error", "cannot find -lfoo: No such file or directory")),
        ("cc1plus: fatal error: cannot open 'x'", Diagnostic("error", "cannot open 'x'")),
    ],
)  # fmt: skip
def test_diagnostics(line: str, expected: Diagnostic) -> None:
    assert gcc_text.parse(f"x: In function 'f':\n{line}\n   2 |  x(1);\n{line}\n") == (expected,)


def test_the_linkers_summary_is_no_diagnostic() -> None:
    assert gcc_text.parse("collect2: error: ld returned 1 exit status\nld: a.o: in function `setup':\n") == ()


@pytest.mark.parametrize(("first", "text"), FAILED_LINKS.values(), ids=FAILED_LINKS)
def test_every_line_of_a_failed_link_is_told(first: str, text: str) -> None:
    found = gcc_text.parse(text, failed=True)
    assert next(item.message for item in found if item.severity == "error") == first
    for line in text.splitlines():
        if not any(sign in line for sign in BESIDE) and line != "compilation terminated.":
            assert any(line.endswith(item.message) for item in found), line


def test_places_of_the_linker() -> None:
    def places(name: str) -> list[tuple[str, str, int]]:
        found = gcc_text.parse(FAILED_LINKS[name][1], failed=True)
        return [(item.message.split()[0], item.file, item.line) for item in found if item.file]

    assert places("2.35 backwards") == [("cannot", "back.ld", 4)]
    assert places("2.40 syntax") == [("syntax", "syn.ld", 6)]
    assert places("2.40 too far") == [("relocation", "r.c", 0)]
    assert places("2.44 undefined") == [("undefined", "/w/u.c", 1), ("dangerous", "/w/u.c", 1)]


def test_a_linker_that_comes_through_says_no_error() -> None:
    text = f"{LD}: skipping incompatible /x/libc.so when searching for -lc\n{LD}: something of note\n"
    assert gcc_text.parse(text) == ()
    warned = f"{LD}: warning: cannot find entry symbol _start; defaulting to 00008000\n"
    assert [item.severity for item in gcc_text.parse(warned)] == ["warning"]


def test_what_is_said_while_sections_go_names_no_failure() -> None:
    text = f"{LD}: removing unused section '.text.f' in file 'x.o'\n{LD}: cannot find -lfoo\n"
    assert [item.message for item in gcc_text.parse(text, failed=True)] == ["cannot find -lfoo"]


def test_lines_before_the_link_are_none_of_the_linkers() -> None:
    text = f"note.txt:3: read\n{LD}: /x.o: in function `f':\nx.c:9: more to say\n"
    assert [str(item) for item in gcc_text.parse(text, failed=True)] == ["x.c:9: error: more to say"]


@pytest.mark.parametrize(
    "name", ["arm-none-eabi-ld", "ld.bfd", "/a b/avr/bin/ld.exe", "xtensa-esp32-elf/bin/real-ld", "ld.gold"]
)
def test_linkers_by_other_names(name: str) -> None:
    assert gcc_text.parse(f"{name}: no words of ours", failed=True) == (
        Diagnostic("error", "no words of ours"),
    )

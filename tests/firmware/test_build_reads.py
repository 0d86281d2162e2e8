"""A firmware is used again only where all that it was made of is the same."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from build_bench import OWN_BOARD, Bench
from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.firmware import BuildRequest
from mlbench.firmware.build_inputs import compiler_folders
from mlbench.firmware.builder import build
from mlbench.firmware.dependencies import dependencies, loaded, named_by
from mlbench.firmware.source_tree import read_tree, tree_digest
from mlbench.results.result_file import Document, RunInfo, write
from mlbench.util.progress import Silent

SKETCH = '#include "own.h"\nint volatile v;\nvoid setup() { v = OWN; }\nvoid loop() {}\n'


@pytest.fixture
def fresh(bench: Bench, tmp_path: Path) -> Bench:
    """A bench with a cache of its own."""
    bench.cache = tmp_path / "cache"
    return bench


def write_files(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def sketch(bench: Bench, **others: str) -> Path:
    return bench.sketch("known", SKETCH, **{"own_h": "#define OWN 1\n", **others})


def test_nothing_changed(fresh: Bench) -> None:
    assert not fresh.build(sketch(fresh)).cached
    assert fresh.build(sketch(fresh)).cached


def test_reuse_can_be_refused(fresh: Bench) -> None:
    fresh.build(sketch(fresh))
    request = BuildRequest(fresh.folder / "known", "acme:classic:nano")
    again = build(request, fresh.tools, fresh.cache, Silent(), since=time.time())
    assert not again.cached


@pytest.mark.parametrize(
    "change",
    [
        {"own_h": "#define OWN 2\n"},
        {"other_h": ""},
        {"src__deep__part_cpp": "int part() { return 1; }\n"},
        {"data_bin": "weights"},
    ],
)
def test_any_file_of_the_sketch_counts(fresh: Bench, change: dict[str, str]) -> None:
    fresh.build(sketch(fresh))
    assert not fresh.build(sketch(fresh, **change)).cached


def test_a_files_name_counts(fresh: Bench) -> None:
    folder = sketch(fresh, a_cpp="int a;\n")
    fresh.build(folder)
    (folder / "a.cpp").rename(folder / "b.cpp")
    assert not fresh.build(folder).cached


def test_properties_and_boards_count(fresh: Bench) -> None:
    folder = sketch(fresh)
    fresh.build(folder)
    assert not fresh.build(folder, build_properties=("build.extra_flags=-DX=1",)).cached
    assert fresh.build(folder, build_properties=("build.extra_flags=-DX=1",)).cached
    assert not fresh.build(folder, build_properties=("build.extra_flags=-DX=2",)).cached
    assert not fresh.build(folder, "acme:hooked:nano").cached


def test_a_header_elsewhere_is_never_taken_for_unchanged(fresh: Bench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "shared" / "shared.h"
    elsewhere.parent.mkdir()
    elsewhere.write_text("#define OWN 1\n")
    folder = sketch(fresh, own_h=f'#include "{elsewhere}"\n')
    first = fresh.build(folder).elf.read_bytes()
    same = fresh.build(folder)
    assert not same.cached
    assert same.elf.read_bytes() == first
    elsewhere.write_text("#define OWN 2\n")
    os.utime(elsewhere, (1, 1))
    changed = fresh.build(folder)
    assert not changed.cached


def test_a_property_that_names_a_folder_is_never_taken_for_unchanged(fresh: Bench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "inc"
    elsewhere.mkdir()
    (elsewhere / "own.h").write_text("#define OWN 1\n")
    folder = fresh.sketch("known", SKETCH)
    options = {"build_properties": (f"build.extra_flags=-I{elsewhere}",)}
    fresh.build(folder, **options)
    assert not fresh.build(folder, **options).cached


def test_what_the_assembler_reads_is_built_anew(fresh: Bench, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"old weights")
    text = f'asm(".section .rodata\\n.global weights\\nweights: .incbin \\"{weights}\\"\\n.text");\n'
    text += (
        "extern const char weights[];\nint volatile v;\nvoid setup() { v = weights[0]; }\nvoid loop() {}\n"
    )
    folder = fresh.sketch("known", text)
    assert b"old weights" in fresh.build(folder).elf.read_bytes()
    weights.write_bytes(b"new weights")
    again = fresh.build(folder)
    assert not again.cached
    assert b"new weights" in again.elf.read_bytes()


def test_a_library_of_the_project_counts_by_content(fresh: Bench, tmp_path: Path) -> None:
    library = tmp_path / "net"
    library.mkdir()
    (library / "own.h").write_text("#define OWN 1\n")
    folder = fresh.sketch("known", SKETCH)
    fresh.build(folder, libraries=(library,))
    assert fresh.build(folder, libraries=(library,)).cached
    (library / "own.h").write_text("#define OWN 3\n")
    os.utime(library / "own.h", (1, 1))
    assert not fresh.build(folder, libraries=(library,)).cached


ABOUT = "name=Net\nversion=1.0.0\nauthor=a\nmaintainer=m\nsentence=s\nparagraph=p\nurl=u\narchitectures=*\n"
MODERN = {"library.properties": ABOUT, "src/own.h": '#include "x.inc"\n'}
FLAT = {"own.h": '#include "x.inc"\n'}
INCLUDED = "#define OWN 1\n"


@pytest.mark.parametrize(
    ("layout", "file", "counts"),
    [
        *(
            (MODERN, name, False)
            for name in ("README.md", "mlbench.yml", "tools/part.cpp", "examples/e/e.ino")
        ),
        *(
            (MODERN, name, True)
            for name in ("library.properties", "src/part.cpp", "src/data.txt", "src/m4/x.a")
        ),
        *((FLAT, name, False) for name in ("README.md", "mlbench.yml", "kws/kws.ino", "extras/x.cpp")),
        *((FLAT, name, True) for name in ("utility/part.cpp", "part.c", "x.a", "new.h")),
    ],
)
def test_what_a_build_can_read_of_a_library_counts(
    fresh: Bench, tmp_path: Path, layout: dict[str, str], file: str, counts: bool
) -> None:
    library = write_files(tmp_path / "net", layout)
    write_files(library, {("src/" if layout is MODERN else "") + "x.inc": INCLUDED})
    folder = fresh.sketch("known", SKETCH)
    fresh.build(folder, libraries=(library,))
    known = layout.get(file, "")
    write_files(library, {file: f"{known}\n"})
    assert fresh.build(folder, libraries=(library,)).cached is not counts


def test_a_file_of_another_kind_counts_where_it_is_included(fresh: Bench, tmp_path: Path) -> None:
    files = {"own.h": '#include "weights.txt"\n', "weights.txt": INCLUDED}
    library = write_files(tmp_path / "net", files)
    folder = fresh.sketch("known", SKETCH)
    fresh.build(folder, libraries=(library,))
    assert fresh.build(folder, libraries=(library,)).cached
    write_files(library, {"weights.txt": "#define OWN 2\n"})
    assert not fresh.build(folder, libraries=(library,)).cached


def test_a_file_that_no_key_covers_is_never_taken_for_unchanged(fresh: Bench, tmp_path: Path) -> None:
    """A name that only the preprocessor knows."""
    files = {"own.h": '#define PLACE "weights.txt"\n#include PLACE\n', "weights.txt": INCLUDED}
    library = write_files(tmp_path / "net", files)
    folder = fresh.sketch("known", SKETCH)
    for _ in range(2):
        assert not fresh.build(folder, libraries=(library,)).cached


def test_results_beside_a_sketch_compile_nothing(fresh: Bench) -> None:
    folder = sketch(fresh)
    fresh.build(folder)
    write(Document((), RunInfo("1")), str(folder / "mlbench-result.json"))
    assert fresh.build(folder).cached


def test_a_library_of_the_user_counts_by_content(fresh: Bench, book: Path) -> None:
    library = book / "libraries" / "Owner"
    library.mkdir()
    try:
        (library / "own.h").write_text("#define OWN 1\n")
        about = (library / "own.h").stat()
        folder = fresh.sketch("known", SKETCH)
        fresh.build(folder)
        assert fresh.build(folder).cached
        (library / "own.h").write_text("#define OWN 4\n")
        # As tools do that keep times: neither size nor time tell.
        os.utime(library / "own.h", ns=(about.st_atime_ns, about.st_mtime_ns))
        assert not fresh.build(folder).cached
    finally:
        shutil.rmtree(library)


def test_a_header_in_a_library_that_was_not_used_counts(fresh: Bench, book: Path) -> None:
    """It may now be the one that the sketch's include finds."""
    used, unused = book / "libraries" / "Owner", book / "libraries" / "own"
    used.mkdir()
    unused.mkdir()
    try:
        (used / "own.h").write_text("#define OWN 1\n")
        (unused / "unrelated.h").write_text("\n")
        folder = fresh.sketch("known", SKETCH)
        fresh.build(folder)
        assert fresh.build(folder).cached
        (unused / "own.h").write_text("#define OWN 5\n")
        assert not fresh.build(folder).cached
    finally:
        shutil.rmtree(used)
        shutil.rmtree(unused)


@pytest.fixture
def movable(fresh: Bench, tmp_path: Path) -> Path:
    """A prefix of links to the machine's compiler, in which one file can be another; ``fresh`` uses it."""
    gcc = fresh.tools.gcc
    assert gcc is not None
    prefix = tmp_path / "gcc"
    (prefix / "bin").mkdir(parents=True)
    for program in gcc.resolve().parent.glob("arm-none-eabi-*"):
        script = prefix / "bin" / program.name
        script.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
        script.chmod(0o755)
    for folder in compiler_folders(gcc):
        link = prefix / folder.relative_to(gcc.resolve().parent.parent)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)
    fresh.tools = replace(fresh.tools, gcc_bin=prefix / "bin")
    return prefix


@pytest.mark.parametrize("what", ["library", "header", "program"])
def test_the_compilers_own_files_count(fresh: Bench, movable: Path, what: str) -> None:
    """Debian packages newlib and libstdc++ apart from gcc: one is upgraded without the others."""
    places = {"library": "arm-none-eabi/lib", "header": "include/newlib/sys", "program": "bin"}
    folder = movable / places[what]
    for link in (folder, *folder.parents):
        if link.is_symlink():
            origin = link.resolve()
            link.unlink()
            shutil.copytree(origin, link, symlinks=True)
    if not folder.is_dir():
        folder.mkdir(parents=True)
    file = folder / "arm-none-eabi-other"
    file.write_text("one")
    fresh.build(sketch(fresh))
    assert fresh.build(sketch(fresh)).cached
    file.write_text("another")
    assert not fresh.build(sketch(fresh)).cached


def test_the_folders_of_the_compiler_are_found(tools) -> None:
    names = {path.name for folder in compiler_folders(tools.gcc) for path in folder.rglob("*")}
    assert {"libc.a", "_newlib_version.h", "cc1plus", "libgcc.a", "nano.specs"} <= names


def test_the_platform_counts(fresh: Bench, book: Path) -> None:
    header = book / "hardware/acme/classic/cores/bare/Arduino.h"
    before = header.read_text()
    fresh.build(sketch(fresh))
    try:
        header.write_text(f"{before}// changed\n")
        assert not fresh.build(sketch(fresh)).cached
    finally:
        header.write_text(before)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "-DX=1",
            "-DX",
            "-O3",
            "-mcpu=cortex-m4",
            "-ffast-math",
            "-std=gnu++17",
            "-Wall -Wextra",
            "-w",
        ),
        *("-I{build.source.path}/inc", "-flto -fno-fat-lto-objects", "-Wl,--gc-sections", ""),
    ],
)
def test_properties_that_name_no_file(value: str) -> None:
    assert named_by((f"compiler.cpp.extra_flags={value}",)) == ""


def test_plain_values_name_no_file_but_among_flags() -> None:
    assert named_by(("build.cpu=cortex-m4", "build.f_cpu=64000000L", "version=1.5")) == ""
    assert named_by(("build.extra_flags=cortex-m4",))
    assert named_by(("build.ldscript=/x.ld",))


@pytest.mark.parametrize(
    "value",
    [
        *("-I/inc", "-Iinc", "-I ../inc", "-include x.h", "@file", "-T script.ld", "-L.", "-specs=x.specs"),
        *(
            "-fplugin=x",
            "-fprofile-use=p",
            "-Wl,-T,x",
            "-Wl,x.a",
            "/x.a",
            "-B/x",
            "-isystem /x",
            "-Xlinker -T",
        ),
        *("-I{build.source.path}/../x", "-wrapper x", "-Wa,-I/x", "--sysroot=/x", "'-I/x'", '-DX="/x"'),
    ],
)
def test_properties_that_may_name_one(value: str) -> None:
    assert named_by((f"compiler.cpp.extra_flags={value}",))


names = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":\\"), min_size=1).map(
    lambda text: f"/{text}"
)


@given(st.lists(names, max_size=8))
def test_dependency_lists_are_read_back(files: list[str]) -> None:
    def written(name: str) -> str:
        return name.replace(" ", "\\ ").replace("#", "\\#").replace("$", "$$")

    text = "out.o: \\\n " + " \\\n ".join(map(written, files)) + "\n\n/phony.h:\n"
    assert dependencies(text) == tuple(files)


def test_names_with_blanks() -> None:
    assert dependencies("a.o: /with\\ blank/x.cpp /y.h\n") == ("/with blank/x.cpp", "/y.h")


def test_maps_name_what_was_linked() -> None:
    assert loaded("x\nLOAD /a.o\nLOAD linker stubs\nLOAD /lib/libc.a\n") == ("/a.o", "/lib/libc.a")


def test_whether_a_file_can_be_run_counts(tmp_path: Path) -> None:
    """A prepare command may be a script of the project."""
    script = tmp_path / "make.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    before = tree_digest(read_tree(tmp_path))
    script.chmod(0o755)
    assert tree_digest(read_tree(tmp_path)) != before


def test_what_git_says_of_a_work_tree_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.ino").write_text("")
    before = tree_digest(read_tree(tmp_path))
    (tmp_path / ".git").write_text("gitdir: /somewhere/else\n")
    assert tree_digest(read_tree(tmp_path)) == before


def test_firmware_of_the_own_platform_is_used_again(tools, cache: Path, tmp_path: Path) -> None:
    """Whatever it is linked with is known: no file of the compiler's is taken for a stranger."""
    bench = Bench(tmp_path, tools, cache)
    folder = bench.sketch("plain", "void setup() { Serial.begin(9600); }\nvoid loop() {}\n")
    bench.build(folder, OWN_BOARD)
    assert bench.build(folder, OWN_BOARD).cached


def test_a_cache_in_a_project_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.ino").write_text("")
    before = tree_digest(read_tree(tmp_path))
    write_files(tmp_path / "out" / "mlbench", {"CACHEDIR.TAG": "Signature: 8a47\n", "builds/a.elf": "x"})
    assert tree_digest(read_tree(tmp_path)) == before
    assert "builds/a.elf" in read_tree(tmp_path / "out" / "mlbench")

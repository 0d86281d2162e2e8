"""Builds that share objects: a library is compiled once, and the image is the one that it always was."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from build_bench import OWN_BOARD, QUICK_BOARD, Bench

from mlbench.core.firmware import Firmware
from mlbench.errors import HostTimeout
from mlbench.firmware import builder
from mlbench.firmware.object_server import ObjectServer

PROPERTIES = (
    "name=NAME\nversion=1.0.0\nauthor=a\nmaintainer=a\nsentence=s\nparagraph=p\nurl=u\narchitectures=*\n"
)


class Compiles:
    """The sources that compilers were run for, those that are only preprocessed left out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        compiled = ObjectServer._compile

        def count(server, connection, request):
            if not request.command.preprocess:
                self.names.append(Path(request.command.source).name)
            compiled(server, connection, request)

        monkeypatch.setattr(ObjectServer, "_compile", count)

    def take(self) -> list[str]:
        names, self.names = sorted(self.names), []
        return names


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> Compiles:
    return Compiles(monkeypatch)


def library(bench: Bench, name: str = "many", folder: Path | None = None) -> Path:
    """A library of three files and a header."""
    place = (folder or bench.folder) / name
    (place / "src").mkdir(parents=True)
    (place / "library.properties").write_text(PROPERTIES.replace("NAME", name))
    (place / "src" / f"{name}.h").write_text(
        f"int {name}_1(void);\nint {name}_2(void);\nint {name}_3(void);\n"
    )
    for number in range(1, 4):
        text = f'#include "{name}.h"\nint {name}_{number}(void) {{ return {number}; }}\n'
        (place / "src" / f"{name}_{number}.cpp").write_text(text)
    return place


def sketch(bench: Bench, name: str, *libraries: str) -> Path:
    includes = "".join(f"#include <{library}.h>\n" for library in libraries)
    calls = " + ".join(f"{library}_1() + {library}_2() + {library}_3()" for library in libraries)
    return bench.sketch(
        name, f"{includes}volatile int sum;\nvoid setup() {{ sum = {calls}; }}\nvoid loop() {{}}\n"
    )


def image(firmware: Firmware) -> tuple[bytes, bytes]:
    return firmware.elf.read_bytes(), firmware.probe_elf.read_bytes()


@pytest.mark.parametrize("board", [QUICK_BOARD, OWN_BOARD])
def test_the_second_sketch_of_a_library_costs_its_own_file(
    bench: Bench, tmp_path: Path, compiles: Compiles, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.cache = tmp_path / "cache"
    many, more = library(bench), library(bench, "more")
    first, second = sketch(bench, "first", "many"), sketch(bench, "second", "more", "many")
    bench.build(first, board, libraries=(many,))
    assert {"first.ino.cpp", "many_1.cpp", "many_2.cpp", "many_3.cpp"} <= set(compiles.take())
    kept = image(bench.build(second, board, libraries=(many, more)))
    assert compiles.take() == ["more_1.cpp", "more_2.cpp", "more_3.cpp", "second.ino.cpp"]
    # Another work tree, with one line changed: as base and head of a pull request are.
    other = library(bench, folder=tmp_path / "other")
    (other / "src" / "many_2.cpp").write_text('#include "many.h"\nint many_2(void) { return 22; }\n')
    changed = image(bench.build(second, board, libraries=(other, more)))
    # The sketch's own file names its place.
    assert compiles.take() == ["many_2.cpp", "second.ino.cpp"]
    monkeypatch.setattr(builder, "launcher", lambda folder: None)
    bench.cache = tmp_path / "another cache"
    assert image(bench.build(second, board, libraries=(many, more))) == kept
    assert image(bench.build(second, board, libraries=(other, more))) == changed != kept
    assert compiles.take() == []


def test_what_was_compiled_before_the_time_limit_stays(
    bench: Bench, tmp_path: Path, compiles: Compiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.cache = tmp_path / "cache"
    many = library(bench)
    # The assembler waits for somebody to write into it.
    os.mkfifo(tmp_path / "pipe")
    hopeless = many / "src" / "many_9.cpp"
    hopeless.write_text(f'asm(".incbin \\"{tmp_path}/pipe\\"");\n')
    first = sketch(bench, "first", "many")
    compiled: list[str] = []
    limit = 2.0
    while "many_9.cpp" not in compiled:
        with pytest.raises(HostTimeout, match="build_timeout"):
            bench.build(first, libraries=(many,), timeout_s=limit)
        compiled += compiles.take()
        limit *= 2
    assert [name for name in compiled if compiled.count(name) > 1 and name != "many_9.cpp"] == []
    hopeless.write_text("int many_9(void) { return 9; }\n")
    bench.build(first, libraries=(many,))
    names = compiles.take()
    assert "many_9.cpp" in names
    assert not set(names) & {"first.ino.cpp", "many_1.cpp", "many_2.cpp", "many_3.cpp"}


def test_nothing_of_before_counts_where_all_is_to_be_built_anew(
    bench: Bench, tmp_path: Path, compiles: Compiles
) -> None:
    from mlbench.core.firmware import BuildRequest
    from mlbench.firmware import build
    from mlbench.util.progress import Silent

    bench.cache = tmp_path / "cache"
    many = library(bench)
    first, second = sketch(bench, "first", "many"), sketch(bench, "second", "many")
    bench.build(first, libraries=(many,))
    compiles.take()
    since = time.time()
    for place in (first, second):
        request = BuildRequest(place, QUICK_BOARD, libraries=(many,))
        build(request, bench.tools, bench.cache, Silent(), since=since)
    names = compiles.take()
    assert [name for name in names if names.count(name) > 1] == []
    assert {"first.ino.cpp", "second.ino.cpp", "many_1.cpp", "main.cpp"} <= set(names)

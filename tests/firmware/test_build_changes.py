"""What changes while a sketch is compiled: the figure is that of one state of the files, or there is none."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from build_bench import QUICK_BOARD, Bench

from mlbench.core.firmware import BuildRequest, Firmware
from mlbench.elf.image import Image
from mlbench.errors import EnvironmentFault
from mlbench.firmware import BuildFailed, build
from mlbench.firmware.build_inputs import UsedTools, identities
from mlbench.firmware.compilation import Compilation
from mlbench.firmware.platforms import Platforms
from mlbench.firmware.toolchain import Toolchain
from mlbench.firmware.workspace import Workspace
from mlbench.util.progress import Silent

SKETCH = '#include "own.h"\nextern "C" { volatile int own = OWN; }\nvoid setup() { own++; }\nvoid loop() {}\n'


class Meanwhile:
    """A build during which files change: before, or behind the compiler's work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
        self.bench = bench
        self.changes: list[Callable[[], object]] = []
        self.compiles = 0
        compiled = Compilation.build

        def change_and_compile(work: Compilation, board):
            self.compiles += 1
            try:
                return compiled(work, board)
            finally:
                if self.changes:
                    self.changes.pop(0)()

        monkeypatch.setattr(Compilation, "build", change_and_compile)

    def value(self, folder: Path, *changes: Callable[[], object], **options) -> int:
        """What the image says that it was made of."""
        self.changes = list(changes)
        return value(self.bench.build(folder, **options))


def value(firmware: Firmware) -> int:
    image = Image.load(firmware.elf)
    symbol = image.symbol("own")
    assert symbol is not None
    return int.from_bytes(image.read(symbol.address, 4), "little")


@pytest.fixture
def meanwhile(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    bench.cache = tmp_path / "cache"
    return Meanwhile(monkeypatch, bench)


def writes(path: Path, number: int) -> Callable[[], object]:
    return lambda: path.write_text(f"#define OWN {number}\n")


def test_a_sketch_that_changes_is_compiled_again(meanwhile: Meanwhile) -> None:
    folder = meanwhile.bench.sketch("moving", SKETCH, own_h="#define OWN 1\n")
    assert meanwhile.value(folder, writes(folder / "own.h", 2)) == 2
    assert meanwhile.compiles == 2
    assert meanwhile.bench.build(folder).cached


def test_a_sketch_that_failed_half_written_is_compiled_again(meanwhile: Meanwhile) -> None:
    folder = meanwhile.bench.sketch("moving", SKETCH, own_h="#define OWN (\n")
    assert meanwhile.value(folder, writes(folder / "own.h", 3)) == 3
    (folder / "own.h").write_text("#define OWN (\n")
    with pytest.raises(BuildFailed):
        meanwhile.bench.build(folder)


def test_a_sketch_that_never_rests_has_no_figure(meanwhile: Meanwhile) -> None:
    folder = meanwhile.bench.sketch("moving", SKETCH, own_h="#define OWN 1\n")
    with pytest.raises(
        EnvironmentFault, match=r"changed 3 times while it was compiled; run again when it rests"
    ):
        meanwhile.value(folder, *(writes(folder / "own.h", number) for number in (2, 3, 4)))
    assert meanwhile.compiles == 3
    assert value(meanwhile.bench.build(folder)) == 4


def test_a_library_of_the_project_that_changes(meanwhile: Meanwhile, tmp_path: Path) -> None:
    library = tmp_path / "net"
    library.mkdir()
    writes(library / "own.h", 1)()
    folder = meanwhile.bench.sketch("moving", SKETCH)
    assert meanwhile.value(folder, writes(library / "own.h", 2), libraries=(library,)) == 2


def test_a_library_of_the_user_that_changes(meanwhile: Meanwhile, book: Path) -> None:
    library = book / "libraries" / "Owner"
    library.mkdir()
    try:
        writes(library / "own.h", 1)()
        folder = meanwhile.bench.sketch("moving", SKETCH)
        change = writes(library / "own.h", 2)
        assert meanwhile.value(folder, change) == 2
        assert meanwhile.bench.build(folder).cached
    finally:
        shutil.rmtree(library)


@contextmanager
def changed_header(book: Path) -> Iterator[Path]:
    header = book / "hardware/acme/classic/cores/bare/Arduino.h"
    before = header.read_text()
    try:
        yield header
    finally:
        header.write_text(before)


def test_a_platform_that_changes(meanwhile: Meanwhile, book: Path) -> None:
    with changed_header(book) as header:
        before = header.read_text()
        header.write_text(f"{before}#define OWN 1\n")
        folder = meanwhile.bench.sketch("moving", SKETCH, own_h="")
        assert meanwhile.value(folder, lambda: header.write_text(f"{before}#define OWN 2\n")) == 2


def test_a_platform_that_goes(meanwhile: Meanwhile, book: Path, tmp_path: Path) -> None:
    platform, away = book / "hardware/acme/classic", tmp_path / "away"
    folder = meanwhile.bench.sketch("moving", SKETCH, own_h="#define OWN 1\n")
    try:
        with pytest.raises(EnvironmentFault, match="acme:classic"):
            meanwhile.value(folder, lambda: platform.rename(away))
    finally:
        away.rename(platform)


def test_a_file_that_changes_between_its_digest_and_its_copy(
    meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = meanwhile.bench.sketch("moving", SKETCH, own_h="#define OWN 1\n")
    fill, numbers = Workspace.fill, [2]

    def change_and_fill(workspace, source):
        if numbers:
            writes(folder / "own.h", numbers.pop())()
        fill(workspace, source)

    monkeypatch.setattr(Workspace, "fill", change_and_fill)
    assert meanwhile.value(folder) == 2
    assert meanwhile.compiles == 1
    writes(folder / "own.h", 1)()
    assert value(meanwhile.bench.build(folder)) == 1


def test_a_package_of_tools_that_changes_in_place(bench: Bench, book: Path, tmp_path: Path) -> None:
    """Under the same version, as a package that is installed anew: nothing compiled before is used."""
    bench.cache = tmp_path / "cache"
    platform = book / "hardware/acme/classic"
    local = platform / "platform.local.txt"
    tool = tmp_path / "tools" / "bin"
    tool.mkdir(parents=True)
    gcc = bench.tools.gcc
    assert gcc is not None

    def install(number: int) -> None:
        for name in ("gcc", "g++", "ar", "objcopy", "size"):
            script = tool / f"arm-none-eabi-{name}"
            define = f" -DOWN={number}" if name in ("gcc", "g++") else ""
            script.write_text(f'#!/bin/sh\nexec {gcc.with_name(f"arm-none-eabi-{name}")}{define} "$@"\n')
            script.chmod(0o755)

    try:
        local.write_text(f"compiler.path={tool}/\n")
        install(1)
        folder = bench.sketch("tooled", SKETCH, own_h="")
        assert value(bench.build(folder)) == 1
        assert bench.build(folder).cached
        install(22)
        assert value(bench.build(folder)) == 22
    finally:
        local.unlink(missing_ok=True)


def test_what_was_built_before_a_time_is_not_used(bench: Bench, tmp_path: Path) -> None:
    bench.cache = tmp_path / "cache"
    folder = bench.sketch("again", SKETCH, own_h="#define OWN 1\n")
    request = BuildRequest(folder, QUICK_BOARD)
    old = bench.build(folder)
    begin = time.time()
    cores = {path: path.stat().st_ino for path in (bench.cache / "build" / "cores").iterdir()}
    assert cores
    first = build(request, bench.tools, bench.cache, Silent(), since=begin)
    assert not first.cached
    assert first.elf.read_bytes() == old.elf.read_bytes()
    assert all(path.stat().st_ino != number for path, number in cores.items())
    assert build(request, bench.tools, bench.cache, Silent(), since=begin).cached
    assert bench.build(folder).cached


def test_many_start_at_once(bench: Bench, tmp_path: Path) -> None:
    """Of two worktrees of one project: each gets the figure of its own files."""
    bench.cache = tmp_path / "cache"
    folders = {}
    for number in (1, 2):
        folder = tmp_path / str(number) / "same"
        folder.mkdir(parents=True)
        (folder / "same.ino").write_text(SKETCH.replace('#include "own.h"', f"#define OWN {number}"))
        folders[number] = folder
    numbers = [1, 2] * 16
    with ThreadPoolExecutor(len(numbers)) as pool:
        built = list(pool.map(lambda number: bench.build(folders[number]), numbers))
    assert [value(firmware) for firmware in built] == numbers
    assert sum(not firmware.cached for firmware in built) == 2


def test_the_packages_of_a_platform_are_found(tmp_path: Path) -> None:
    """A tool by its program or by a folder in a recipe, and a core that another platform lends."""
    data = tmp_path / "data"
    tool, headers = data / "packages/acme/tools/gcc/9", data / "packages/acme/tools/CMSIS/4.5.0"
    lent = data / "packages/arduino/hardware/avr/1.8.6"
    for folder in (tool / "bin", headers / "Include", lent / "cores/arduino"):
        folder.mkdir(parents=True)
    properties = {
        "compiler.path": f"{tool}/bin/",
        "recipe.c.o.pattern": f'"{{compiler.path}}gcc" "-I{headers}/Include" {{source_file}}',
        "build.core.path": str(lent / "cores/arduino"),
        "build.variant.path": "",
    }
    used = UsedTools.of(properties, Platforms(tmp_path, tmp_path, data))
    assert set(used.folders) == {tool, headers, lent}
    assert used.compilers == ()
    before = used.stamp()
    (headers / "Include" / "core.h").write_text("x")
    assert used.stamp() != before


def test_a_compiler_is_looked_at_again_when_somebody_asks_anew(tmp_path: Path) -> None:
    passes = tmp_path / "lib" / "gcc" / "arm-none-eabi"
    for folder in (tmp_path / "bin", passes):
        folder.mkdir(parents=True)
    (tmp_path / "bin" / "arm-none-eabi-gcc").write_text("")
    tools = Toolchain(gcc_bin=tmp_path / "bin")
    begin = time.monotonic()
    first = identities(tools, begin)
    (passes / "cc1").write_text("a pass")
    assert identities(tools, begin) == first, "seen since then"
    second = identities(tools)
    assert second != first
    assert identities(tools, begin) == second

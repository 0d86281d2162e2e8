"""Libraries that bring compiled code are linked as the library specification has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_bench import OWN_BOARD, Bench
from elf_firmware import CPU, run_tool

from mlbench.elf.image import Image
from mlbench.firmware.compilation import BuildFailed
from mlbench.firmware.compiler import UsedLibrary
from mlbench.firmware.precompiled import link_flags, precompiled

SKETCH = "#include <Net.h>\nvolatile int turn;\nvoid setup() { turn = net_infer(turn); }\nvoid loop() {}\n"
CODE = "int net_table[25] = {1, 2}; int net_infer(int n) { return net_table[n % 25]; }\n"


def library(folder: Path, properties: str, place: str = "src/cortex-m4", name: str = "libnet.a") -> Path:
    """A library Net, whose code is in an archive alone."""
    own = folder / "my libraries" / "Net"
    (own / place).mkdir(parents=True)
    (own / "src" / "Net.h").write_text('extern "C" int net_infer(int);\n')
    about = "author=a\nmaintainer=a\nsentence=s\nparagraph=p\nurl=\ncategory=Other\narchitectures=*\n"
    (own / "library.properties").write_text(f"name=Net\nversion=1.0.0\n{about}{properties}")
    (folder / "net.c").write_text(CODE)
    run_tool("gcc", *CPU, "-Os", "-ffunction-sections", "-c", folder / "net.c", "-o", folder / "net.o")
    run_tool("ar", "rcs", own / place / name, folder / "net.o")
    return own


@pytest.mark.parametrize("ldflags", ["ldflags=-lnet\n", ""])
@pytest.mark.parametrize("kind", ["true", "full"])
def test_its_archive_is_linked(bench: Bench, tmp_path: Path, kind: str, ldflags: str) -> None:
    net = library(tmp_path, f"precompiled={kind}\n{ldflags}")
    firmware = bench.build(bench.sketch("use", SKETCH), OWN_BOARD, libraries=(net,))
    image = Image.load(firmware.elf)
    assert image.symbol("net_infer") is not None
    table = image.symbol("net_table")
    assert table is not None
    assert table.size == 100
    assert bench.build(bench.sketch("use", SKETCH), OWN_BOARD, libraries=(net,)).cached
    assert firmware.platform_bytes == sum(size for _, size in image.flash_bytes())


def test_a_new_archive_is_another_firmware(bench: Bench, tmp_path: Path) -> None:
    net = library(tmp_path, "precompiled=true\nldflags=-lnet\n")
    bench.build(bench.sketch("use", SKETCH), OWN_BOARD, libraries=(net,))
    (tmp_path / "net.c").write_text(CODE.replace("25", "40"))
    run_tool("gcc", *CPU, "-Os", "-c", tmp_path / "net.c", "-o", tmp_path / "net.o")
    run_tool("ar", "rcs", net / "src/cortex-m4/libnet.a", tmp_path / "net.o")
    table = Image.load(bench.build(bench.sketch("use", SKETCH), OWN_BOARD, libraries=(net,)).elf).symbol(
        "net_table"
    )
    assert table is not None
    assert table.size == 160


@pytest.mark.parametrize(
    ("properties", "place"), [("", "src/cortex-m4"), ("precompiled=true\n", "src/cortex-m0plus")]
)
def test_an_archive_that_is_none_of_the_boards_is_not(
    bench: Bench, tmp_path: Path, properties: str, place: str
) -> None:
    net = library(tmp_path, properties, place)
    with pytest.raises(BuildFailed, match="undefined reference to `net_infer'"):
        bench.build(bench.sketch("use", SKETCH), OWN_BOARD, libraries=(net,))


def test_the_folder_of_the_floating_point_unit_goes_first(tmp_path: Path) -> None:
    known = {"build.mcu": "cortex-m4", "build.fpu": "fpv4-sp-d16", "build.float-abi": "hard"}
    net = tmp_path / "Net"
    for place in ("cortex-m4", "cortex-m4/fpv4-sp-d16-hard"):
        (net / "src" / place).mkdir(parents=True)
        (net / "src" / place / "libnet.a").write_bytes(b"!<arch>\n")
    (net / "library.properties").write_text("precompiled=true\r\nldflags=-lm\r\n")
    assert precompiled([UsedLibrary("Net", "", net), UsedLibrary("Gone", "", tmp_path / "gone")]) == (net,)
    assert link_flags([net], known) == f'"-L{net}/src/cortex-m4/fpv4-sp-d16-hard" -lm -lnet'
    assert link_flags([net], {"build.mcu": "cortex-m4"}) == f'"-L{net}/src/cortex-m4" -lm -lnet'
    assert link_flags([net], {}) == ""

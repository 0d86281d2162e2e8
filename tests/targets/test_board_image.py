"""What sketches are linked with for a board: it changes neither what they do nor the RAM they leave."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from board_sketches import SMALL, SPEC, Sketch
from workshop import OWN_BOARD, Workshop

from mlbench.core.execution import Functions
from mlbench.core.firmware import BoardBuild, BuildRequest, Firmware, Harness
from mlbench.elf.image import Image
from mlbench.errors import SketchError, UsageError
from mlbench.firmware import build
from mlbench.testing import Device
from mlbench.util.progress import Silent

SIGNATURES = {
    "six words, two of them on the stack": (
        "int f(int a, int b, int c, int d, int e, int g)",
        "return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * g;",
        "f(1, 20, 300, 4000, 50000, 600000)",
    ),
    "doubles and floats among integers": (
        "double f(int a, double b, float c, int d, double e)",
        "return a + b * 2 + c * 3 + d * 4 + e * 5;",
        "f(1, 2.5, 3.25f, 4, 5.125)",
    ),
    "nine floats": (
        "float f(float a, float b, float c, float d, float e, float g, float h, float i, float j)",
        "return a + b + c + d + e + g + h + i + j;",
        "f(1, 2, 3, 4, 5, 6, 7, 8, 9.5f)",
    ),
    "a structure by value": (
        "int f(Big b, int last)",
        "return b.words[0] + b.words[9] + last;",
        "f(Big{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, 11)",
    ),
    "a structure returned": (
        "Big f(int a, int b, int c, int d)",
        "return Big{{a, b, c, d, 5, 6, 7, 8, 9, a + d}};",
        "f(1, 2, 3, 4).words[9]",
    ),
    "64-bit words at even registers": (
        "long long f(int a, long long b, int c, long long d)",
        "return a + b * 2 + c + d * 3;",
        "(long)(f(1, 1LL << 33, 3, 1LL << 20) >> 3)",
    ),
    "no arguments": ("int f()", "return 42;", "f()"),
}


def sent(elf: Path, text: str) -> str:
    return Device(elf).run_until(text=text).partition(text)[0]


@pytest.mark.parametrize("name", SIGNATURES)
def test_timed_functions_get_and_give_what_they_did(workshop: Workshop, tmp_path: Path, name: str) -> None:
    head, body, call = SIGNATURES[name]
    folder = tmp_path / "sketch"
    folder.mkdir()
    big = "struct Big { int words[10]; };\n"
    (folder / "sketch.ino").write_text(
        f"#include <Arduino.h>\n{big}{head};\nvoid setup() {{\n"
        f'  Serial.begin(115200);\n  auto got = {call};\n  Serial.print("got "); Serial.println(got);\n'
        '  Serial.println("done");\n}\nvoid loop() {}\n'
    )
    (folder / "f.cpp").write_text(f"{big}{head} {{ {body} }}\n")
    harness = Harness(inference="f")
    request = BuildRequest(folder, OWN_BOARD, board=BoardBuild(harness))
    built = build(request, workshop.tools, workshop.folder / "cache", Silent())
    assert built.board is not None
    assert not built.board.missing
    plain = sent(built.elf, "done")
    assert plain.startswith("got ")
    told = sent(built.board.elf, "done")
    assert plain.strip() in told
    assert "mlbench span 1 " in told


def test_it_takes_no_ram(small: Sketch, static: Sketch) -> None:
    for sketch in (small, static):
        image = sketch.firmware.board
        assert image is not None
        assert image.extra_ram == 0
        plain, board = Image.load(sketch.firmware.probe_elf), Image.load(image.elf)
        assert plain.symbol("__HeapBase") == board.symbol("__HeapBase")


def test_it_moves_neither_code_nor_constants_within_their_lines(small: Sketch, static: Sketch) -> None:
    for sketch in (small, static):
        assert sketch.firmware.board is not None
        plain, board = Image.load(sketch.firmware.probe_elf), Image.load(sketch.firmware.board.elf)
        there = {symbol.name: symbol.address for symbol in board.symbols}
        for symbol in plain.symbols:
            if symbol.kind == "func" and (sketch is small or "infer" in symbol.name):
                # A sketch that had no micros() gets it, among its own functions.
                assert there[symbol.name] == symbol.address, symbol.name
            elif symbol.kind == "object":
                # Flash is read and cached in lines of 16 bytes.
                assert there[symbol.name] % 16 == symbol.address % 16, symbol.name


def test_the_plain_image_stays_as_it_is(workshop: Workshop, small: Sketch) -> None:
    folder = workshop.folder / "small"
    alone = build(BuildRequest(folder, OWN_BOARD), workshop.tools, workshop.folder / "cache", Silent())
    assert alone.board is None
    assert alone.elf.read_bytes() == small.firmware.elf.read_bytes()


def test_a_function_called_in_its_own_file_cannot_be_timed(sketch_of: Callable[..., Sketch]) -> None:
    inside = {
        "inside.ino": "#include <Arduino.h>\nvolatile int sink;\n"
        "__attribute__((noinline)) int infer(int n) { return n * 3; }\n"
        "void setup() { sink = infer(sink); }\nvoid loop() {}\n"
    }
    spec = replace(SPEC, name="inside", sketch=Path("inside"), functions=Functions(None, "infer(int)"))
    sketch = sketch_of(inside, spec)
    assert sketch.firmware.board is not None
    said = sketch.firmware.board.missing
    assert "infer(int) is called only from its own source file" in said
    assert "MLBench library" in said


def test_only_sketches_of_the_template_can_be_searched_faithfully(small: Sketch, on_board) -> None:
    found = on_board(small, ram_search="faithful")
    assert found.profile.failure is not None
    assert "$alloc_size" in found.profile.failure.message


def test_boards_without_an_image_are_refused(small: Sketch, on_board) -> None:
    bare = replace(small, firmware=replace(small.firmware, board=None))
    found = on_board(bare)
    assert found.profile.failure is not None
    assert found.profile.failure.exit_status == 2


def test_a_sketch_that_does_not_fit_has_no_image(workshop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "huge"
    folder.mkdir()
    (folder / "huge.ino").write_text(
        "#include <Arduino.h>\nchar all[300000];\nvoid setup() { all[millis()] = 1; }\nvoid loop() {}\n"
    )
    request = BuildRequest(folder, OWN_BOARD, board=BoardBuild(Harness()))
    built: Firmware = build(request, workshop.tools, workshop.folder / "cache", Silent())
    assert not built.fits
    assert built.board is None


def test_a_literal_is_what_a_template_becomes(workshop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "template.ino").write_text(
        "#include <Arduino.h>\nstatic char *ptr;\nvoid setup() { ptr = (char *)malloc($alloc_size); "
        "Serial.begin(115200); }\nvoid loop() { Serial.println(1); free(ptr); ptr = nullptr; }\n"
    )
    made = [
        build(
            BuildRequest(folder, OWN_BOARD, board=BoardBuild(), literal=n),
            workshop.tools,
            workshop.folder / "cache",
            Silent(),
        )
        for n in (1234, 4321)
    ]
    images = [Image.load(one.board.elf) for one in made if one.board is not None]
    assert all(image.symbol("mlbench_alloc_size") is None for image in images)
    assert len({image.digest for image in images}) == 2


def test_names_that_do_not_resolve_are_told_as_elsewhere(sketch_of: Callable[..., Sketch], on_board) -> None:
    spec = replace(SPEC, functions=Functions(None, "no_such_function"))
    with pytest.raises((UsageError, SketchError)):
        raise_for(sketch_of(SMALL, spec), on_board)


def raise_for(sketch: Sketch, on_board) -> None:
    failure = on_board(sketch).profile.failure
    assert failure is not None
    assert "no_such_function" in failure.message
    raise UsageError(failure.message)


def test_it_asks_for_nothing_of_the_c_library_but_malloc(workshop: Workshop, static: Sketch) -> None:
    """Whatever else it pulled in would lie among the sketch's code, and move it."""
    assert static.firmware.board is not None
    plain, board = Image.load(static.firmware.probe_elf), Image.load(static.firmware.board.elf)
    new = {symbol.name for symbol in board.functions} - {symbol.name for symbol in plain.functions}
    assert not new & {"memset", "memcpy", "memmove", "strlen", "__aeabi_uldivmod"}


@pytest.mark.parametrize(("declared", "linked"), [("int32_t", True), ("static int32_t", False)])
def test_a_global_variable_is_an_output(
    workshop: Workshop, tmp_path: Path, declared: str, linked: bool
) -> None:
    folder = tmp_path / "sketch"
    folder.mkdir()
    (folder / "sketch.ino").write_text(
        "#include <Arduino.h>\nvoid infer();\nvoid setup() { Serial.begin(115200); infer();\n"
        '  Serial.println("done"); }\nvoid loop() {}\n'
    )
    (folder / "infer.cpp").write_text(
        f"#include <Arduino.h>\n{declared} scores[2];\n"
        "void infer() { scores[0] = micros() > 0 ? 7 : 8; scores[1] = micros() > 0 ? 9 : 8; }\n"
        "int32_t sum() { return scores[0] + scores[1]; }\n"
    )
    harness = Harness(inference="infer()", objects=(("scores", 8),))
    request = BuildRequest(folder, OWN_BOARD, board=BoardBuild(harness))
    built = build(request, workshop.tools, workshop.folder / "cache", Silent())
    if not linked:
        assert built.board is not None
        assert "scores is known in its own source file only" in built.board.missing
        return
    assert built.board is not None
    (line,) = [line for line in sent(built.board.elf, "done").splitlines() if "mlbench span 1 " in line]
    checksum = zlib.crc32((7).to_bytes(4, "little") + (9).to_bytes(4, "little"))
    assert f"{checksum:08x}" in line or str(checksum) in line, line

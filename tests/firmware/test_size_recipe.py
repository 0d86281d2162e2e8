"""The platform's own count of flash: as its recipe has it, beside that of the image's sections."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from build_bench import OWN_BOARD, Bench

from mlbench.core.firmware import MemoryLimits
from mlbench.elf.image import Image
from mlbench.firmware.size_recipe import Counts, limits_of, platform_counts

SKETCH = """\
char arena[60000];
const char table[500] = "t";
volatile int turn;
void setup() { arena[turn] = table[turn]; }
void loop() {}
"""
PRINTED = """\
net.ino.elf  :
section       size        addr
.vectors       512   218103808
.text         1000   218104320
.data           24   218105320
.bss        616688   218105344
Total       618224
"""
LIKE_SPRESENSE = r"recipe.size.regex=^(?:\.text|\.rodata|\.isr_vector|\.ARM\.exidx|\.data|\.bss)\s+([0-9]+).*"


def sections(elf: Path) -> tuple[int, int]:
    image = Image.load(elf)
    return sum(size for _, size in image.flash_bytes()), dict(image.static_ram()).get(".bss", 0)


@pytest.mark.parametrize("text", [SKETCH, "void setup() {}\nvoid loop() {}\n"], ids=["arena", "empty"])
def test_the_projects_own_platform_counts_what_the_sections_have(bench: Bench, text: str) -> None:
    sketch = bench.sketch("own", text)
    firmware = bench.build(sketch, OWN_BOARD)
    assert firmware.platform_bytes == sections(firmware.elf)[0]
    assert firmware.notes == ()
    assert firmware.limits == MemoryLimits(983_040, 262_144)
    again = bench.build(sketch, OWN_BOARD)
    assert again.cached
    assert (again.platform_bytes, again.limits) == (firmware.platform_bytes, firmware.limits)


def test_a_platform_that_counts_bss_as_program_storage(bench: Bench) -> None:
    sketch = bench.sketch("whole", SKETCH)
    firmware = bench.build(sketch, "acme:classic:nano", build_properties=(LIKE_SPRESENSE,))
    flash, bss = sections(firmware.elf)
    assert bss >= 60_000
    assert firmware.platform_bytes == flash + bss
    counted = f"flash is {flash + bss:,} bytes as the platform counts it (recipe.size.regex)"
    assert firmware.notes == (f"{counted}; the image's sections have {flash:,}",)


def test_what_the_platform_counts_is_held_against_its_limit(bench: Bench) -> None:
    properties = (LIKE_SPRESENSE, "upload.maximum_size=50000")
    firmware = bench.build(bench.sketch("large", SKETCH), "acme:classic:nano", build_properties=properties)
    assert firmware.platform_bytes is not None
    overflow = firmware.platform_bytes - 50_000
    assert [(over.region, over.bytes) for over in firmware.overflows] == [("FLASH", overflow)]


def recipe(folder: Path, printed: str, **others: str) -> dict[str, str]:
    (folder / "printed").write_text(printed)
    program = "import sys; print(open(sys.argv[1]).read())"
    command = shlex.join([sys.executable, "-c", program])
    return {"recipe.size.pattern": f'{command} "{{build.path}}/printed"', "build.path": str(folder), **others}


@pytest.mark.parametrize(
    ("regex", "bytes_"),
    [
        (r"^(?:\.text|\.data)\s+([0-9]+).*", 1_024),
        (r"^(?:\.vectors|\.text|\.data|\.bss)\s+([0-9]+).*", 618_224),
        (r"^\.text\s+([0-9]+)[\s\S]*^\.data\s+([0-9]+)", 1_024),
        (r"^\.flash\s+([0-9]+)", None),
        (r"^\.text\s+([0-9]+", None),
        ("", None),
    ],
)
def test_all_groups_of_all_matches_are_summed(tmp_path: Path, regex: str, bytes_: int | None) -> None:
    properties = recipe(tmp_path, PRINTED, **{"recipe.size.regex": regex})
    assert platform_counts(properties, tmp_path, "").storage == bytes_


def test_variables_are_counted_by_an_expression_of_their_own(tmp_path: Path) -> None:
    properties = recipe(tmp_path, PRINTED, **{"recipe.size.regex.data": r"^(?:\.data|\.bss)\s+([0-9]+).*"})
    assert platform_counts(properties, tmp_path, "") == Counts(None, 616_712)


@pytest.mark.parametrize(
    ("printed", "bytes_"),
    [
        (json.dumps({"sections": [{"name": "data", "size": 7}, {"name": "text", "size": 900}]}), 900),
        (json.dumps({"sections": [{"name": "data", "size": 7}]}), None),
        ("[]", None),
        ("no JSON", None),
    ],
)
def test_an_advanced_recipe_goes_first(tmp_path: Path, printed: str, bytes_: int | None) -> None:
    properties = recipe(tmp_path, printed, **{"recipe.size.regex": "([0-9]+)"})
    properties["recipe.advanced_size.pattern"] = properties["recipe.size.pattern"]
    assert platform_counts(properties, tmp_path, "").storage == bytes_


@pytest.mark.parametrize("pattern", ["", "/no/such/program x", '"unbalanced', f"{sys.executable} -c exit(3)"])
def test_a_recipe_that_fails_counts_nothing(tmp_path: Path, pattern: str) -> None:
    properties = {"recipe.size.pattern": pattern, "recipe.size.regex": "([0-9]+)"}
    assert platform_counts(properties, tmp_path, "") == Counts()


def test_limits_are_numbers_or_not_known() -> None:
    properties = {
        "upload.maximum_size": "{menu.size}",
        "menu.size": "32256",
        "upload.maximum_data_size": "2 KB",
    }
    assert limits_of(properties) == MemoryLimits(32_256, None)
    assert limits_of({}) == MemoryLimits()

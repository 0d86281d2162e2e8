"""docs/names.md is true: its sources are compiled, its names looked up, its messages compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elf_firmware import build_elf, run_tool

from mlbench.elf.image import Image
from mlbench.elf.names import find_functions
from mlbench.errors import UsageError

PAGE = (Path(__file__).parents[2] / "docs" / "names.md").read_text()
ASKED = {
    "has no function (\\S+);": None,
    "stripped.elf: has no symbol table, so (\\S+) cannot": None,
    "(\\S+) names \\d": None,
    "has no (\\S+),": None,
    "(\\S+) is not in (\\S+),": "{1}:{0}",
    "(\\S+) (?:has no code|was compiled|is a variable)": None,
}


@pytest.fixture(scope="module")
def sketch(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("page")
    sources = dict(re.findall(r"```cpp\n// (\S+)\n(.*?)```", PAGE, re.DOTALL))
    # The first line of each block is the file's name, and counts as its first line.
    sources = {name: f"\n{text}" for name, text in sources.items()}
    assert set(sources) == {"model.h", "model.cpp", "report.cpp", "main.cpp"}
    elf = build_elf(folder, sources, ["-Os", "-g", f"-ffile-prefix-map={folder}=/sketch"])
    run_tool("strip", "-o", folder / "stripped.elf", elf)
    return Image.load(elf.rename(folder / "sketch.elf"))


def messages() -> list[str]:
    return [
        line for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
    ]


def asked(message: str) -> str:
    for pattern, form in ASKED.items():
        found = re.search(pattern, message)
        if found:
            return form.format(*found.groups()) if form else found[1]
    raise AssertionError(message)


@pytest.mark.parametrize("message", messages())
def test_messages(sketch: Image, message: str) -> None:
    image = Image.load(sketch.path.parent / message.partition(":")[0])
    with pytest.raises(UsageError) as caught:
        find_functions(image, asked(message))
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


def test_ways_to_write(sketch: Image) -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert len(rows) == 7
    found = [find_functions(sketch, name) for name in rows]
    assert found[0] == found[1] != found[2] == found[4]
    assert [len(symbols) for symbols in found] == [1] * 7
    assert found[6][0].file == "report.cpp"

"""Options of a board are given to arduino-builder in full, which knows no defaults."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from build_bench import Bench

from mlbench.elf.image import Image
from mlbench.errors import UsageError
from mlbench.firmware.board_options import with_options

BOARDS = """\
menu.cpu=Processor
menu.speed=Speed
mega.name=Mega
mega.menu.cpu.large=Large (first)
mega.menu.cpu.large.build.extra_flags=-DTELL=2
mega.menu.cpu.small=Small
mega.menu.cpu.small.build.extra_flags=-DTELL=3
# mega.menu.cpu.none=none
  mega.menu.speed.fast = Fast
megan.menu.cpu.other=Other
plain.name=Plain
"""


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    (tmp_path / "boards.txt").write_text(BOARDS)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("a:b:mega", "a:b:mega:cpu=large,speed=fast"),
        ("a:b:mega:cpu=small", "a:b:mega:cpu=small,speed=fast"),
        ("a:b:mega:speed=fast,cpu=large", "a:b:mega:cpu=large,speed=fast"),
        ("a:b:plain", "a:b:plain"),
        ("a:b:unknown", "a:b:unknown"),
    ],
)
def test_what_is_not_named_is_the_first_value(platform: Path, given: str, whole: str) -> None:
    assert with_options(given, platform) == whole


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a:b:mega:cpu=what", "has no option cpu=what; its values are: large, small"),
        ("a:b:mega:colour=red", "has no option colour=red; its options are: cpu, speed"),
        ("a:b:plain:cpu=large", "has no option cpu=large; its options are: none"),
    ],
)
def test_what_a_board_has_not_is_refused(platform: Path, given: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_options(given, platform)
    assert str(caught.value) == f"{given}: {words}"


def test_a_build_has_the_first_value_of_an_option(
    bench: Bench, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(book / "hardware/acme/classic", tmp_path / "book/hardware/acme/menus")
    (tmp_path / "book/libraries").mkdir()
    boards = tmp_path / "book/hardware/acme/menus/boards.txt"
    boards.write_text(boards.read_text() + BOARDS.replace("mega", "nano").replace("nanon", "other"))
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(tmp_path / "book"))
    sketch = bench.sketch("any", "void setup() {}\nvoid loop() {}\n")
    images = [
        Image.load(bench.build(sketch, f"acme:menus:nano{options}").elf).digest
        for options in ("", ":cpu=large", ":cpu=small")
    ]
    assert images[0] == images[1] != images[2]

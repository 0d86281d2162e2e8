"""Boards and their chips: a board whose memory is not its chip's is refused."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from bare_image import Compiler
from workshop import compiler_or_skip

from mlbench.boards import board_for, default_board, load_boards
from mlbench.boards.board import Region
from mlbench.boards.catalog import VARIABLE
from mlbench.cli.main import main
from mlbench.emulator.chips import chip_of
from mlbench.errors import UsageError
from mlbench.testing import Device

NANO = files("mlbench.boards").joinpath("nano33ble.yml").read_text(encoding="utf-8")
RAM = "ram: {start: 0x20000000, size: 0x40000}"
FLASH = "flash: {start: 0x10000, size: 0xF0000}"
CONTRADICTIONS = {
    "less RAM": (RAM, "ram: {start: 0x20000000, size: 0x10000}", "0x10000 bytes at 0x20000000 of RAM"),
    "more RAM": (RAM, "ram: {start: 0x20000000, size: 0x80000}", "0x80000 bytes at 0x20000000 of RAM"),
    "RAM elsewhere": (RAM, "ram: {start: 0x20008000, size: 0x38000}", "0x38000 bytes at 0x20008000 of RAM"),
    "more flash": (FLASH, "flash: {start: 0x10000, size: 0x100000}", "0x100000 bytes at 0x10000 of flash"),
    "flash elsewhere": (
        FLASH,
        "flash: {start: 0x8000000, size: 0x80000}",
        "0x80000 bytes at 0x8000000 of flash",
    ),
}
CHIPS = {RAM: "0x40000 bytes at 0x20000000", FLASH: "0x100000 bytes at 0x0"}


def own(folder: Path, monkeypatch: pytest.MonkeyPatch, *change: str) -> Path:
    """A board of the user's, like the Nano but for what is changed."""
    assert change[0] in NANO
    path = folder / "own.yml"
    path.write_text(NANO.replace(*change))
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.mark.parametrize("board", [board for board in load_boards() if board.emulator], ids=lambda b: b.id)
def test_each_board_that_comes_along_is_like_its_chip(board) -> None:
    assert chip_of(board).name == board.emulator.chip


@pytest.mark.parametrize(
    ("fqbn", "chip", "start", "size"),
    [
        ("Seeeduino:nrf52:xiaonRF52840Sense", "nrf52840", 0x27000, 811_008),
        ("Seeeduino:mbed:xiaonRF52840", "nrf52840", 0x27000, 811_008),
        ("adafruit:nrf52:feather52840:softdevice=s140v6,debug=l0", "nrf52840", 0x26000, 815_104),
        ("adafruit:nrf52:pca10056", "nrf52840", 0x26000, 815_104),
        ("sandeepmistry:nRF5:nRF52DK", "nrf52832", 0, 524_288),
        ("sandeepmistry:nRF5:nRF52DK:softdevice=s132", "nrf52832", 0x1C000, 409_600),
        ("sandeepmistry:nRF5:BBCmicrobitV2:softdevice=none", "nrf52833", 0, 524_288),
        ("arduino:mbed_nicla:nicla_sense", "nrf52832", 0x10000, 458_752),
    ],
)
def test_boards_of_other_cores_have_their_chip_and_their_place_in_flash(
    fqbn: str, chip: str, start: int, size: int
) -> None:
    """The sizes are those that the cores' boards.txt allow a sketch; the Nicla's allows too much."""
    board = board_for(fqbn)
    assert chip_of(board).name == chip
    assert board.flash == Region(start, size)
    assert board.untried


def test_an_image_runs_on_the_nano_where_no_board_is_named() -> None:
    assert default_board().id == "nano33ble"


def test_the_list_says_which_boards_are_untried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 0
    parts = capsys.readouterr().out.split("\n    untried")
    assert len(parts) - 1 == sum(board.untried for board in load_boards())
    assert parts[0].splitlines()[-2].startswith("feather_nrf52840: ")


def test_the_list_says_which_boards_were_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "met.yml"
    file.write_text(f'{NANO}met: "2026-11-29"\n')
    monkeypatch.setenv(VARIABLE, str(file))
    assert main(["boards"]) == 0
    out = capsys.readouterr().out
    assert out.split("nano33ble: ")[1].splitlines()[2] == "    met on 2026-11-29"
    assert out.count("\n    never met") == len(load_boards()) - 1


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Firmware of the Nano's."""
    compiler_or_skip()
    return str(Compiler(tmp_path_factory.mktemp("bare")).image("int main(void) { return 0; }").path)


@pytest.mark.parametrize("name", CONTRADICTIONS)
@pytest.mark.parametrize("verb", ["run", "boards", "elf", "monitor", "simulate-board"])
def test_memory_that_is_not_the_chips_is_told_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    elf: str,
    name: str,
    verb: str,
) -> None:
    ours, theirs, has = CONTRADICTIONS[name]
    path = own(tmp_path, monkeypatch, ours, theirs)
    sketch = tmp_path / "blink"
    sketch.mkdir()
    (sketch / "blink.ino").write_text("void setup() {}\nvoid loop() {}\n")
    words = {
        "run": [str(sketch), "--board", "mlbench:nrf52840:nano33ble", "--offline", "--no-install"],
        "boards": [],
        "elf": [elf, "--board", "nano33ble"],
        "monitor": [elf, "--board", "nano33ble"],
        "simulate-board": ["--board", "nano33ble", "--link", str(tmp_path / "port")],
    }
    assert main([verb, *words[verb]]) == 2
    out, err = capsys.readouterr()
    do = "correct the board's memory, or leave out its emulator"
    assert err == f"mlbench: {path}: board nano33ble has {has}, its chip nrf52840 {CHIPS[ours]}; {do}\n"
    assert out == ""


def test_a_test_of_firmware_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(tmp_path, monkeypatch, RAM, CONTRADICTIONS["less RAM"][1])
    with pytest.raises(
        UsageError, match="board nano33ble has 0x10000 bytes at 0x20000000 of RAM, its chip nrf52840"
    ):
        Device(tmp_path / "any.elf")


def test_a_bootloader_may_take_of_the_chips_flash() -> None:
    board = board_for("nano33ble")
    assert chip_of(board).flash == Region(0, 0x100000)
    smaller = replace(board, flash=Region(0x26000, 0x10000))
    assert chip_of(smaller) == chip_of(board)


def test_a_layout_of_an_option_is_held_against_the_chip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "options: {split: {half: {ram: {start: 0x20000000, size: 0x20000}}, whole: {}}}\nserial:\n"
    path = own(tmp_path, monkeypatch, "serial:\n", options)
    assert chip_of(board_for("mlbench:nrf52840:nano33ble:split=whole")).name == "nrf52840"
    assert main(["monitor", str(path), "--board", "mlbench:nrf52840:nano33ble:split=half"]) == 2
    assert "has 0x20000 bytes at 0x20000000 of RAM, its chip nrf52840 0x40000" in capsys.readouterr().err


@pytest.mark.parametrize("table", ["", "  cost_table: nrf52840\n"])
def test_the_cost_table_is_the_chips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    own(tmp_path, monkeypatch, "  chip: nrf52840\n", f"  chip: nrf52840\n{table}")
    assert chip_of(board_for("nano33ble")).cost_table == "nrf52840"


def test_another_cost_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own(tmp_path, monkeypatch, "  chip: nrf52840\n", "  chip: nrf52840\n  cost_table: mine\n")
    assert main(["boards"]) == 2
    what = "board nano33ble has the cost table 'mine', its chip nrf52840 'nrf52840'"
    assert capsys.readouterr().err == f"mlbench: {path}: {what}; leave cost_table out\n"


def test_a_board_of_another_chip_without_emulator_is_not_held_against_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = NANO.replace(RAM, CONTRADICTIONS["less RAM"][1])
    (tmp_path / "own.yml").write_text(text[: text.index("emulator:")])
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert main(["boards"]) == 0
    assert "RAM 65,536 bytes" in capsys.readouterr().out
    with pytest.raises(UsageError, match="board nano33ble has no emulator"):
        chip_of(board_for("nano33ble"))

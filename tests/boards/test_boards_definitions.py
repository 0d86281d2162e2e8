"""Definitions of boards: those that come with mlbench, and a user's own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from mlbench.boards import board_for, load_boards
from mlbench.boards.board import Region
from mlbench.boards.catalog import VARIABLE, check, read_definition
from mlbench.cli.main import main
from mlbench.errors import UsageError
from mlbench.util.yaml_lines import parse

ROOT = Path(__file__).parents[2]
OWN = """\
id: bluepill
name: Blue Pill
fqbns: ["STMicroelectronics:stm32:GenF1"]
cpu: Cortex-M3
clock_hz: 72000000
memory:
  flash: {start: 0x08000000, size: 0x10000}
  ram: {start: 0x20000000, size: 0x5000}
serial: {by: bridge, baud: 9600}
upload: {by: command, command: [st-flash, write, "{bin}", "0x8000000"], seconds: 30}
"""
BROUGHT = sorted(item.name for item in files("mlbench.boards").iterdir() if item.name.endswith(".yml"))


@pytest.mark.parametrize("name", BROUGHT)
def test_each_board_that_comes_along_keeps_to_the_schema(name: str) -> None:
    """They are read without it, for speed."""
    text = files("mlbench.boards").joinpath(name).read_text(encoding="utf-8")
    check(parse(text, name))
    board = read_definition(text, name)
    assert name == f"{board.id}.yml"


@pytest.mark.parametrize("board", load_boards(), ids=lambda board: board.id)
def test_each_fact_of_a_board_has_its_source(board) -> None:
    import yaml

    data = yaml.safe_load(files("mlbench.boards").joinpath(f"{board.id}.yml").read_text(encoding="utf-8"))
    wanted = {"clock", "memory", "serial", "upload"} | {
        "micros",
        "keeps",
        "watchdog",
        "options",
    } & data.keys()
    assert wanted <= data["sources"].keys()


@pytest.mark.parametrize("board", load_boards(), ids=lambda board: board.id)
def test_each_board_can_be_found_uploaded_to_and_reset(board) -> None:
    assert board.serial is not None
    assert board.serial.usb
    assert board.upload.by == "arduino-cli"
    assert board.micros_us
    # A bridge's port stays through a reset; the chip's own goes, and touching it leads to the bootloader.
    if board.reset.by == "dtr":
        assert board.serial.by == "bridge"


def test_records_of_the_nano_lie_in_its_last_page_of_flash() -> None:
    board = board_for("nano33ble")
    records = board.keeps.records
    assert records is not None
    assert records.start % board.keeps.page == records.size % board.keeps.page == 0
    assert records.start + records.size == board.flash.start + board.flash.size
    (cleared,) = board.keeps.cleared
    assert cleared.start + cleared.size - 1 == 0x20009E13


def test_layouts_of_memory_are_options_of_the_fqbn() -> None:
    fqbn = "SPRESENSE:spresense:spresense"
    assert board_for(fqbn).ram == Region(0x0D000000, 768 * 1024)
    assert board_for(f"{fqbn}:Memory=1536,Core=Main").ram.size == 1536 * 1024
    assert board_for(f"{fqbn}:Debug=Enabled").ram.size == 768 * 1024
    portenta = "arduino:mbed_portenta:envie_m7"
    assert board_for(f"{portenta}:target_core=cm7,split=100_0").flash.size == 1_835_008


@pytest.mark.parametrize(
    ("fqbn", "words"),
    [
        ("SPRESENSE:spresense:spresense:Memory=700", "has no Memory=700; use one of: Memory=128, Memory=256"),
        ("SPRESENSE:spresense:spresense:Core=Sub1", "has no Core=Sub1; use one of: Core=Main"),
        ("arduino:mbed_portenta:envie_m7:target_core=cm4", "use one of: target_core=cm7"),
        ("mlbench:nrf52840:nano33bel", "did you mean 'mlbench:nrf52840:nano33ble'?"),
        ("arduino:avr", "board 'arduino:avr' is not known"),
        ("uno:", "board 'uno:' is not known"),
    ],
)
def test_what_a_board_has_not_is_told(fqbn: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        board_for(fqbn)
    assert words in str(caught.value)


def test_a_board_of_ones_own_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (tmp_path / "bluepill.yml").write_text(OWN)
    (tmp_path / "README.md").write_text("not a board")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    board = board_for("STMicroelectronics:stm32:GenF1:pnum=X")
    assert board.upload.command == ("st-flash", "write", "{bin}", "0x8000000")
    assert board.upload.seconds == 30
    assert main(["boards"]) == 0
    out = capsys.readouterr().out
    assert f"described in {tmp_path / 'bluepill.yml'}" in out
    assert "nano33ble" in out
    monkeypatch.setenv(VARIABLE, str(tmp_path / "bluepill.yml"))
    assert board_for("bluepill").name == "Blue Pill"


def test_a_board_of_ones_own_takes_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(load_boards())
    text = OWN.replace("id: bluepill", "id: uno").replace("STMicroelectronics:stm32:GenF1", "arduino:avr:uno")
    (tmp_path / "uno.yml").write_text(text)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert board_for("arduino:avr:uno").name == "Blue Pill"
    assert len(load_boards()) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("cpu: Cortex-M3", "cpu: [a]"), ":4: cpu must be text"),
        (("clock_hz: 72000000", "clock_hz: fast"), ":5: clock_hz must be a whole number"),
        (("0x5000}", "0}"), ":8: memory.ram.size 0 is not as expected"),
        (("baud: 9600", "bauds: 9600"), ":9: unknown key 'bauds'; did you mean 'baud'?"),
        (("cpu: Cortex-M3\n", ""), ":1: the file needs the key 'cpu'"),
        (('"{bin}"', '"{elff}"'), ":10: unknown placeholder {elff}; there are: {port}"),
        (('"{bin}"', '"{bin.__class__}"'), ":10: unknown placeholder {bin.__class__}"),
        (('"{bin}"', '"{bin:>9}"'), ":10: unknown placeholder {bin>9}"),
        (('"{bin}"', '"{bin"'), ":10: '{bin': "),
        (("by: command, ", "by: arduino-cli, "), ":10: upload by a command needs one"),
        (("GenF1", "GenF1:opt=1"), ":3: fqbns[0] 'STMicroelectronics:stm32:GenF1:opt=1' is not as expected"),
        (("clock_hz: 72000000", "clock_hz: 1\nclock_hz: 2"), ":6: key 'clock_hz' is given twice"),
        (("STMicroelectronics:stm32:GenF1", "arduino:avr:uno"), ": arduino:avr:uno is board 'uno' already"),
        (("Blue Pill", "\xff"), ":2: not UTF-8 text"),
        ((OWN, "- a"), ":1: a board must be a mapping"),
    ],
)
def test_a_wrong_definition_names_its_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], words: str, capsys
) -> None:
    assert change[0] in OWN
    (tmp_path / "own.yml").write_bytes(OWN.replace(*change).encode("latin-1"))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert main(["boards"]) == 2
    out, err = capsys.readouterr()
    assert f"{tmp_path}/own.yml{words}" in err
    assert err.count("\n") == 1
    assert not out


def test_two_files_for_one_board_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yml").write_text(OWN)
    (tmp_path / "b.yml").write_text(OWN)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(UsageError, match=r"b\.yml: board 'bluepill' is described twice, in .*a\.yml too"):
        load_boards()


@pytest.mark.parametrize("place", ["gone", "empty"])
def test_a_place_without_boards_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / place))
    with pytest.raises(UsageError) as caught:
        load_boards()
    assert str(tmp_path / place) in str(caught.value)


def test_the_list_is_quick_without_boards_of_ones_own() -> None:
    """The schema's library and the lines of YAML are for a user's files alone."""
    code = (
        "import sys; from mlbench.cli.main import main; main(['boards']); print('jsonschema' in sys.modules)"
    )
    environ = {key: value for key, value in os.environ.items() if key != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout.endswith("False\n")

"""Folders of firmware from elsewhere: read as they were written, and damaged in every way."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from firmware_bundles import ODD, OWN_BOARD, edit, failed, outcome, written
from hypothesis import given
from hypothesis import strategies as st

from mlbench.cli.main import main
from mlbench.core.firmware import Firmware
from mlbench.errors import EnvironmentFault, MLBenchError, UsageError
from mlbench.pipeline import firmware_dir
from mlbench.pipeline.firmware_dir import FILE, MOST_ENTRIES, Found, Recorded, read_folder, take, write_entry
from mlbench.results.result_file import read
from mlbench.results.values import Status
from mlbench.util.untrusted_dir import Folder

CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {}


def damage(words: str) -> Callable[[Callable[[Path], Any]], Callable[[Path], Any]]:
    def keep(function: Callable[[Path], Any]) -> Callable[[Path], Any]:
        CHANGES[function.__name__] = (function, words)
        return function

    return keep


def first(data: dict[str, Any], **more: Any) -> None:
    data["files"][0].update(more)


@damage("is not there")
def no_json(entry: Path) -> None:
    (entry / FILE).unlink()


@damage("not JSON")
def cut(entry: Path) -> None:
    (entry / FILE).write_text((entry / FILE).read_text()[:200])


@damage("no text")
def binary(entry: Path) -> None:
    (entry / FILE).write_bytes(b"\xff\xfe\x00")


@damage("larger than")
def huge_json(entry: Path) -> None:
    (entry / FILE).write_text(" " * (firmware_dir.MOST_JSON + 1))


@damage("not JSON")
def deep(entry: Path) -> None:
    (entry / FILE).write_text("[" * 100_000)


@damage("the file must be a mapping")
def a_list(entry: Path) -> None:
    edit(entry, lambda data: [data])


@damage("schema is")
def newer(entry: Path) -> None:
    edit(entry, lambda data: data.update(schema="mlbench/firmware/2"))


@damage("unknown key")
def more_keys(entry: Path) -> None:
    edit(entry, lambda data: data.update({"pre\x1b[31mpare": "rm -rf /"}))


@damage("out of bounds")
def huge_number(entry: Path) -> None:
    (entry / FILE).write_text((entry / FILE).read_text().replace('"size": ', '"size": 9' + "9" * 4000, 1))


@damage("not as expected")
def large_file(entry: Path) -> None:
    edit(entry, lambda data: first(data, size=1 << 40))


@damage("timeout_us")
def endless(entry: Path) -> None:
    edit(entry, lambda data: data.update(timeout_us=1e15))


@damage("NaN is not a JSON number")
def not_a_number(entry: Path) -> None:
    edit(entry, lambda data: data.update(timeout_us=float("nan")))


@damage("not as expected")
def thousands_of_files(entry: Path) -> None:
    edit(entry, lambda data: data.update(files=data["files"] * 1000))


@damage("listed twice")
def twice(entry: Path) -> None:
    edit(entry, lambda data: data["files"].append(data["files"][0]))


@damage("name '../../001-good/kws.elf' is not as expected")
def traversal(entry: Path) -> None:
    edit(entry, lambda data: first(data, name="../../001-good/kws.elf"))


@damage("is not as expected")
def absolute(entry: Path) -> None:
    edit(entry, lambda data: first(data, name="/etc/passwd"))


@damage("which none is that is measured or uploaded")
def other_suffix(entry: Path) -> None:
    edit(entry, lambda data: data["files"][-1].update(name="platform.txt"))


@damage("which none is that is measured or uploaded")
def line_break(entry: Path) -> None:
    edit(entry, lambda data: first(data, name="kws.elf\n"))


@damage("is not as expected")
def an_option(entry: Path) -> None:
    edit(entry, lambda data: first(data, name="--exec.elf"))


@damage("is not among its files")
def unlisted(entry: Path) -> None:
    edit(entry, lambda data: data["firmware"].update(probe_elf="other.elf"))


@damage("no image for a board")
def only_uploads(entry: Path) -> None:
    edit(entry, lambda data: data["firmware"].update(board=None))


@damage("a firmware, or a failure instead")
def neither(entry: Path) -> None:
    edit(entry, lambda data: data.update(firmware=None))


@damage("max is below min")
def crossed(entry: Path) -> None:
    edit(entry, lambda data: data.update(ram={"search": "bisect", "min": 9, "max": 8}))


@damage("is not the file that was built")
def other_content(entry: Path) -> None:
    content = (entry / "kws.elf").read_bytes()
    (entry / "kws.elf").write_bytes(content[:-1] + b"!")


@damage("bytes, not")
def cut_file(entry: Path) -> None:
    (entry / "upload" / "kws.ino.bin").write_bytes(b"")


@damage("is not there")
def no_file(entry: Path) -> None:
    (entry / "upload" / "kws.ino.elf").unlink()


@damage("which is not followed")
def a_link(entry: Path) -> None:
    (entry / "kws.elf").rename(entry.parent.parent / "kws.elf")
    (entry / "kws.elf").symlink_to(entry.parent.parent / "kws.elf")


@damage("which is not followed")
def linked_folder(entry: Path) -> None:
    (entry / "upload").rename(entry.parent.parent / "upload")
    (entry / "upload").symlink_to(entry.parent.parent / "upload")


@damage("which is not followed")
def linked_json(entry: Path) -> None:
    (entry / FILE).rename(entry.parent.parent / FILE)
    (entry / FILE).symlink_to(entry.parent.parent / FILE)


@damage("is no plain file")
def a_pipe(entry: Path) -> None:
    (entry / "kws.elf").unlink()
    os.mkfifo(entry / "kws.elf")


@damage("is no plain file")
def a_folder(entry: Path) -> None:
    (entry / FILE).unlink()
    (entry / FILE).mkdir()


@damage("board 'mlbench:avr:none' is not known")
def unknown_board(entry: Path) -> None:
    edit(entry, lambda data: data.update(board="mlbench:avr:none"))


@damage("board ")
def hostile_board(entry: Path) -> None:
    edit(entry, lambda data: data.update(board=f"{OWN_BOARD};reboot"))


@damage("a line break is where none belongs")
def board_with_a_line_break(entry: Path) -> None:
    edit(entry, lambda data: data.update(board=f"{OWN_BOARD}\n"))


@damage("name ")
def escape_in_a_name(entry: Path) -> None:
    edit(entry, lambda data: data.update(name="\x1b]0;x\x07"))


@damage("is there twice")
def same_name(entry: Path) -> None:
    edit(entry, lambda data: data.update(name="good"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two entries, a good one and one to damage."""
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    place = tmp_path / "project"
    (place / ".git").mkdir(parents=True)
    monkeypatch.chdir(place)
    return written(place, outcome(tmp_path, "good"), outcome(tmp_path, "other"))


def plain(text: str) -> bool:
    """Whether a terminal shows it as it is."""
    return all(character in "\n " or unicodedata.category(character)[0] not in "CZ" for character in text)


def test_what_is_written_is_read(folder: Path, tmp_path: Path) -> None:
    made = outcome(tmp_path, "good")
    one, _ = read_folder(folder)
    firmware = take(folder, one, tmp_path / "own")
    assert (one.spec.name, one.spec.board, one.overhead) == ("good", OWN_BOARD, 636)
    assert one.spec == replace(made.spec, source=one.spec.source, where="good", sketch=one.spec.sketch)
    assert made.firmware is not None
    assert firmware.board is not None
    same = replace(
        made.firmware,
        source=firmware.source,
        elf=firmware.elf,
        probe_elf=firmware.probe_elf,
        diagnostics=firmware.diagnostics,
        board=firmware.board,
    )
    assert firmware == same
    # How a board is talked to is the reader's own definition, which here is the same.
    assert firmware.board.harness == made.firmware.board.harness
    assert firmware.board == replace(
        made.firmware.board, folder=firmware.board.folder, elf=firmware.board.elf
    )
    for path in (firmware.elf, firmware.probe_elf, firmware.board.elf, firmware.board.folder / "kws.ino.bin"):
        assert path.is_relative_to(tmp_path / "own")
        assert path.read_bytes() == f"good {path.name}".encode()


def test_harness_is_the_readers_own(folder: Path, tmp_path: Path) -> None:
    """A stranger must not say where on the chip it is read and written."""
    text = (folder / "001-good" / FILE).read_text()
    assert "records" not in text
    assert "scratch" not in text


@pytest.mark.parametrize("name", CHANGES)
def test_damage_is_one_line_and_hides_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    change, words = CHANGES[name]
    change(folder / "002-other")
    found = read_folder(folder)
    assert len(found) == 2
    take(folder, found[0], tmp_path / "good")
    with pytest.raises(UsageError) as caught:
        take(folder, found[1], tmp_path / "bad")
    assert words in str(caught.value)
    # On the command line: the good one is tried (and is no firmware), the other one is a line.
    status = main(["run", "--firmware-dir", str(folder), "--backend", "emulator", "--json", "out.json"])
    out, err = capsys.readouterr()
    assert status == 2
    assert "Traceback" not in out + err
    assert plain(out + err)
    good, bad = read(Path("out.json")).results
    assert good.sketch == "good"
    assert good.failure is not None
    assert "kws.elf" in good.failure.message
    assert bad.status is Status.FAILED
    assert bad.failure is not None
    assert words in bad.failure.message
    assert "\n" not in bad.failure.message
    assert len(bad.failure.message) < 1000
    assert bad.failure.exit_status == 2


def test_a_failure_goes_into_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    folder = written(tmp_path, failed("broken"), outcome(tmp_path, "whole"))
    one, two = read_folder(folder)
    assert isinstance(one.error, Recorded)
    assert two.error is None
    assert main(["run", "--firmware-dir", str(folder), "--only", "broken", "--markdown", "out.md"]) == 3
    out, _ = capsys.readouterr()
    assert "was not declared" in out
    assert plain(out)
    (result,) = read(Path("mlbench-result.json")).results
    assert result.failure is not None
    assert result.failure.message == f"{ODD} was not declared"
    assert "[x](y)" not in Path("out.md").read_text()


def test_more_than_a_folder_may_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3000):
        (folder / f"{number}-x").mkdir()
    assert main(["run", "--firmware-dir", str(folder)]) == 2
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert f"more in it than the {MOST_ENTRIES}" in err


def test_more_bytes_than_a_folder_may_hold(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware_dir, "MOST_TOTAL", 100)
    one, two = read_folder(folder)
    assert one.error is None
    assert "100 bytes together" in str(two.error)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--firmware-dir", "none"], "no folder"),
        (["--firmware-dir", "empty"], "no firmware in it"),
        (["sketch", "--firmware-dir", "firmware"], "a sketch and --firmware-dir exclude each other"),
        (["--board", "a:b:c", "--firmware-dir", "firmware"], "--board and --firmware-dir"),
        (["--library", "x", "--firmware-dir", "firmware"], "--library and"),
        (["--build-property", "x=y", "--firmware-dir", "firmware"], "--build-property and"),
        (["--inference", "f", "--firmware-dir", "firmware"], "--inference and"),
        (["--skip-unchanged", "--firmware-dir", "firmware"], "--skip-unchanged and"),
        (["--firmware-dir", "firmware", "--baseline", "main"], "is no result file"),
        (["--firmware-dir", "firmware", "--only", "none"], "no sketch is named 'none'"),
        (["--firmware-dir", "firmware", "--thresholds", "none.yml"], "cannot read the suite"),
        (["--thresholds", "none.yml"], "--thresholds goes with --firmware-dir"),
    ],
)
def test_mistakes_on_the_command_line(folder: Path, capsys, words: list[str], said: str) -> None:
    Path("empty").mkdir()
    assert main(["run", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_names_of_strangers_are_told_escaped(folder: Path, capsys) -> None:
    edit(folder / "002-other", lambda data: data.update(name="\u202e\x9b31m"))
    assert main(["run", "--firmware-dir", str(folder), "--only", "none"]) == 2
    assert plain(capsys.readouterr().err)


def test_what_is_odd_in_the_folder_is_one_line_each(folder: Path, tmp_path: Path) -> None:
    (folder / "a\x1b[31m").mkdir()
    (folder / os.fsdecode(b"b\xff")).mkdir()
    (folder / "c-link").symlink_to(folder / "001-good")
    (folder / "d-file").write_text("")
    (folder / ".hidden").mkdir()
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(tmp_path / "socket"))
        (tmp_path / "socket").rename(folder / "e-socket")
        found = read_folder(folder)
    bad = [entry for entry in found if entry.error is not None]
    assert len(bad) == 6
    assert len(found) == 8
    assert all(plain(str(entry.error)) and plain(entry.spec.name) for entry in bad)


def test_the_folder_that_is_named_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert [entry.error for entry in read_folder(tmp_path / "link")] == [None, None]


def test_a_file_that_grows_while_it_is_read_is_another(tmp_path: Path) -> None:
    (tmp_path / "x.elf").write_bytes(b"abc")
    with Folder.at(tmp_path) as folder, pytest.raises(UsageError, match="3 bytes, not 2"):
        folder.copy("x.elf", 2, "0" * 64, tmp_path / "y")


def test_what_cannot_be_read_again_is_not_written(tmp_path: Path) -> None:
    made = outcome(tmp_path, "long")
    assert made.firmware is not None
    assert made.firmware.board is not None
    cases = {
        "timeout_us": replace(made, spec=replace(made.spec, timeout_us=1e12)),
        "name": replace(made, spec=replace(made.spec, name="x" * 300)),
    }
    (made.firmware.board.folder / "odd name.ino.bin").write_bytes(b"")
    cases["odd name.ino.bin"] = made
    for number, (words, case) in enumerate(cases.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        failure = write_entry(folder, 1, case)
        assert failure is not None
        assert words in failure.message
        (entry,) = read_folder(folder)
        assert isinstance(entry.error, Recorded)
        assert words in str(entry.error)


def test_a_folder_with_something_in_it_is_left_alone(folder: Path, capsys) -> None:
    (folder.parent / "kws").mkdir()
    (folder.parent / "kws" / "kws.ino").write_text("void setup() {}\nvoid loop() {}\n")
    assert main(["build", "--firmware-dir", str(folder)]) == 2
    assert "something in it already" in capsys.readouterr().err


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in JSON data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in items for place in places(value, (*path, key)))]


@given(st.data())
def test_whatever_an_entry_says_its_neighbour_is_read(data: st.DataObject) -> None:
    """And it is a firmware of checked files in a place of ours, or one line."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = written(place, outcome(place, "good"), outcome(place, "other"))
        (place / "own").mkdir()
        said = json.loads((folder / "002-other" / FILE).read_text())
        for _ in range(data.draw(st.integers(1, 3))):
            path = data.draw(st.sampled_from(places(said)))
            value = data.draw(JSON | st.sampled_from(["../x.elf", "a\nb", 1e300, -1, 2**70, "x" * 3000, 3.0]))
            if not path:
                said = value
                break
            at = said
            for key in path[:-1]:
                at = at[key]
            if data.draw(st.booleans()) and isinstance(at, dict):
                del at[path[-1]]
                break
            at[path[-1]] = value
            if not isinstance(said, dict):
                break
        (folder / "002-other" / FILE).write_text(json.dumps(said))
        found = read_folder(folder)
        assert len(found) == 2
        assert take(folder, found[0], place / "own").elf.read_bytes() == b"good kws.elf"
        firmware, error = taken(folder, found[1], place / "own")
        if firmware is None:
            assert error is not None
            assert not isinstance(error, EnvironmentFault)
            assert "\n" not in str(error) or isinstance(error, Recorded)
            assert error.exit_status in (2, 3, 4)
            return
        for path in (firmware.elf, firmware.probe_elf, *([firmware.board.elf] if firmware.board else [])):
            assert path.resolve().is_relative_to((place / "own").resolve())
            assert path.read_bytes().startswith(b"other ")
        assert type(found[1].spec.inferences) is int
        assert 0 < found[1].spec.timeout_us <= 3.6e9


def taken(folder: Path, entry: Found, place: Path) -> tuple[Firmware | None, MLBenchError | None]:
    try:
        return take(folder, entry, place), None
    except MLBenchError as error:
        return None, error

"""The command line as a user meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlbench.cli.main import _verb_first, main, parsers
from mlbench.host.cache_dir import BUILDS, cache_area
from mlbench.results.result_file import read

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty project to stand in, and a home of its own for what is kept."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    return folder


def mlbench(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mlbench", *arguments]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120)


def sketch(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{folder.name}.ino").write_text("void setup() {}\nvoid loop() {}\n")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["run"]),
        (["--json", "out.json"], ["run", "--json", "out.json"]),
        (["kws", "--board", "x:y:z"], ["run", "kws", "--board", "x:y:z"]),
        (["boards"], ["boards"]),
        (["--offline", "doctor"], ["doctor", "--offline"]),
        (["--json", "elf", "run"], ["run", "--json", "elf"]),
        (["--json", "out.json", "elf", "a.elf", "--ram"], ["elf", "--json", "out.json", "a.elf", "--ram"]),
        (["--json=-", "elf", "a.elf"], ["elf", "--json=-", "a.elf"]),
        (["--version"], ["--version"]),
    ],
)
def test_the_verb_may_be_left_out_or_stand_behind_options(given, expected):
    assert _verb_first(given, parsers()[1]) == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bords"], "did you mean `mlbench boards`?"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["cache", "drop"], "invalid choice: 'drop'"),
        (["cache", "list", "bilds"], "did you mean 'builds'?"),
        (["run", "--min", "x"], "'x' is not a whole number"),
        (["run", "--output", "3"], "ARG:BYTES"),
        (["elf"], "FIRMWARE"),
        (["elf", "none.elf"], "no such file"),
        (["run", "none.yml"], "cannot read the suite"),
        ([], "no mlbench.yml and no sketch here"),
    ],
)
def test_mistakes_are_one_line_and_status_2(place, capsys, arguments, words):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mlbench: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "mlbench.yml:1: the suite is empty"),
        ("[a, b]", "mlbench.yml:1: a suite must be a mapping"),
        ("sketches:\n  - path: [\n", "mlbench.yml:3: not valid YAML"),
        ("sketches:\n- path: a\n- path: b\n  name: a\n", "in lines 2 and 4"),
        ("sketches:\n- path: a\n  init: f\n- path: b\n  timeout: 1\n", "mlbench.yml:5: "),
    ],
)
def test_a_bad_suite_is_one_line_and_status_2(place, capsys, text, words):
    (place / "mlbench.yml").write_text(text)
    assert main([]) == 2
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sketches:\n- path: kws\n  board: 'mlbench:nrf52840:nano33bel'\n- path: gone\n", 3),
        ("sketches:\n- path: kws\n  board:\n  - arduino:avr:uno\n  - mlbench:nrf52840:nano33bel\n", 5),
        ("defaults:\n  board: mlbench:nrf52840:nano33bel\nsketches:\n- path: kws\n", 2),
    ],
)
def test_an_unknown_board_is_told_before_anything_is_built(place, capsys, text, line):
    sketch(place / "kws")
    (place / "mlbench.yml").write_text(text)
    assert main(["--json", "out.json", "--no-install"]) == 2
    out, err = capsys.readouterr()
    assert f"mlbench.yml:{line}: board 'mlbench:nrf52840:nano33bel' is not known" in err
    assert "did you mean 'mlbench:nrf52840:nano33ble'? there are: " in err
    assert err.count("\n") == 1
    assert not out
    assert not (place / "out.json").exists()


def test_an_unknown_board_of_the_command_line_is_told_as_such(place, capsys):
    sketch(place / "kws")
    assert main(["kws", "--board", "unoo"]) == 2
    assert "--board: board 'unoo' is not known" in capsys.readouterr().err
    assert main(["kws", "--board", "arduino:avr:unoo", "--backend", "renode"]) == 2
    said = "--board: no board file has arduino:avr:unoo, so nothing measures it on the backend 'renode'"
    assert said in capsys.readouterr().err


def test_sketches_that_are_not_there_keep_apart(place, capsys):
    """Two entries that cannot work: each says why, and the file has both."""
    (place / "mlbench.yml").write_text("sketches:\n- {path: away}\n- {path: gone}\n")
    assert main(["--json", "out.json", "--no-install"]) == 2
    out, _ = capsys.readouterr()
    assert "mlbench.yml:2: path 'away' does not exist" in out
    assert "mlbench.yml:3: path 'gone' does not exist" in out
    assert [result.failure.exit_status for result in read(place / "out.json").results] == [2, 2]


def test_json_to_standard_output_is_nothing_but_json(place):
    (place / "mlbench.yml").write_text("sketches:\n- {path: gone}\n")
    done = mlbench("--json", "-", cwd=place)
    assert done.returncode == 2
    assert json.loads(done.stdout)["schema"] == "mlbench/result/1"
    assert "failed: gone" in done.stderr


def test_results_are_kept_where_no_place_is_named(place, capsys):
    (place / "mlbench.yml").write_text("sketches:\n- {path: gone}\n")
    main([])
    assert read(place / "mlbench-result.json").results[0].sketch == "gone"
    main(["--markdown", "out.md"])
    assert "| Implementation |" in (place / "out.md").read_text()


def test_a_full_disk_costs_the_file_and_not_the_table(place, capsys):
    """Status 2 of the sketch's path comes before 4 of the disk."""
    (place / "mlbench.yml").write_text("sketches:\n- {path: gone}\n")
    assert main(["--json", "/dev/full"]) == 2
    out, err = capsys.readouterr()
    assert "failed: gone" in out
    assert "mlbench: /dev/full: cannot write the results: No space left on device; free some space" in err


def test_only_chooses_and_names_what_there_is(place, capsys):
    (place / "mlbench.yml").write_text("sketches:\n- {path: one}\n- {path: two}\n")
    assert main(["--only", "two"]) == 2
    assert [result.sketch for result in read(place / "mlbench-result.json").results] == ["two"]
    assert main(["--only", "tow"]) == 2
    assert "did you mean 'two'?" in capsys.readouterr().err
    assert main(["--init", "f"]) == 2
    assert "--init is for one sketch" in capsys.readouterr().err


def test_boards_are_listed():
    done = mlbench("boards")
    assert done.returncode == 0
    assert "mlbench:nrf52840:nano33ble" in done.stdout
    assert "arduino:mbed_nano:nano33ble" in done.stdout


def test_boards_need_neither_emulator_nor_terminal_library():
    code = (
        "import sys; from mlbench.cli.main import main; main(['boards']); "
        "print([*sys.modules], file=sys.stderr)"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert "'mlbench.boards'" in done.stderr
    for module in ("unicorn", "rich", "jsonschema", "requests", "elftools"):
        assert f"'{module}'" not in done.stderr


def test_help_and_version_go_to_standard_output():
    done = mlbench("--help")
    assert done.returncode == 0
    for verb in ("run", "elf", "boards", "doctor", "cache", "uninstall"):
        assert re.search(rf"^    {verb}\s", done.stdout, re.MULTILINE)
    assert mlbench("--version").stdout.startswith("mlbench 0.")


def test_cache_and_uninstall(place, capsys):
    home = Path(os.environ["MLBENCH_HOME"])
    assert main(["uninstall"]) == 0
    assert "nothing to remove" in capsys.readouterr().err
    (cache_area(BUILDS) / "x").write_bytes(b"1" * 3_000_000)
    assert main(["cache", "list"]) == 0
    assert re.search(r"3\.0 MB +x", capsys.readouterr().out)
    assert main(["cache", "clean", "builds"]) == 0
    assert "freed 3.0 MB" in capsys.readouterr().out
    assert main(["uninstall"]) == 0
    assert not home.exists()


def test_doctor_looks_at_the_machine(place, capsys):
    assert main(["doctor"]) in (0, 4)
    assert re.search(r"^ok +Python: 3\.", capsys.readouterr().out, re.MULTILINE)


def test_a_bug_of_ours_is_one_line_unless_debugging(place, capsys, monkeypatch):
    """A home that no system call takes stands for a case nobody thought of."""

    def broken() -> None:
        raise ZeroDivisionError("of\nours")

    monkeypatch.setattr("mlbench.boards.load_boards", broken)
    assert main(["boards"]) == 4
    assert capsys.readouterr().err == (
        "mlbench: internal error: ZeroDivisionError: of ours; run with --debug and report it\n"
    )
    assert main(["boards", "--debug"]) == 4
    assert "Traceback" in capsys.readouterr().err


def test_whoever_stops_reading_gets_no_traceback():
    command = f"{sys.executable} -m mlbench boards | true"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr

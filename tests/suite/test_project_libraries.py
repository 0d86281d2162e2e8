"""Repositories as they are: libraries with examples, side by side, in circles, and what sketches need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlbench.errors import UsageError
from mlbench.source.project import Project, libraries_of
from mlbench.suite.discovery import discover
from mlbench.suite.options import RunOptions
from mlbench.suite.project_libraries import find_libraries
from mlbench.suite.selection import select

SETUP = "void setup() {}\nvoid loop() {}\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project" / ".git").mkdir(parents=True)
    return tmp_path / "project"


def needed(start: Path) -> dict[str, list[str]]:
    return {spec.name: [folder.as_posix() for folder in spec.libraries] for spec in discover(start).specs}


@pytest.mark.parametrize("header", ["src/Net.h", "Net.h"], ids=["src", "flat"])
def test_a_repository_that_is_a_library_gives_its_examples_the_library(project: Path, header: str) -> None:
    tree(
        project,
        {
            "library.properties": "name=Net\n",
            header: "",
            "examples/one/one.ino": f"#include <Net.h>\n{SETUP}",
            "examples/two/two.ino": SETUP,
            "extras/three/three.ino": SETUP,
            "test/four/four.ino": SETUP,
        },
    )
    assert needed(project) == {"one": ["."], "two": ["."]}
    assert discover(project).notes == (
        "extras: passed over with 1 sketch: no example of the library; `run extras` measures them",
        "test: passed over with 1 sketch: no example of the library; `run test` measures them",
    )
    # From within, and named by its path.
    assert needed(project / "examples") == {"one": [str(project)], "two": [str(project)]}
    (spec,) = select(RunOptions(sketch="examples/one"), project).specs
    assert spec.libraries == (project,)


def test_a_library_without_git_is_found_from_its_examples(tmp_path: Path) -> None:
    tree(tmp_path / "Net-main", {"library.properties": "", "src/Net.h": "", "examples/one/one.ino": SETUP})
    assert needed(tmp_path / "Net-main" / "examples") == {"one": [str(tmp_path / "Net-main")]}


def test_libraries_side_by_side_are_the_project_where_there_is_nothing_else(project: Path) -> None:
    tree(
        project,
        {
            "A/library.properties": "name=A\ndepends=B (>=1.0), Sensor\n",
            "A/src/A.h": "#include <B.h>\n",
            "A/examples/a/a.ino": f"#include <A.h>\n#include <Sensor.h>\n{SETUP}",
            "B/library.properties": "name=B\ndepends=A\n",
            "B/B.h": "#include <A.h>\n",
            "B/examples/b/b.ino": f"#include <B.h>\n{SETUP}",
            "C/library.properties": "name=C\n",
            "C/C.h": "",
        },
    )
    assert needed(project) == {"a": ["A", "B"], "b": ["B", "A"]}, "whatever depends on whom"
    assert discover(project).notes == (
        'a: Sensor, which A depends on, is not in the project: `arduino-cli lib install "Sensor"` gets it',
    )


def test_sketches_take_what_they_include_of_the_libraries_beside_them(project: Path) -> None:
    tree(
        project,
        {
            "libraries/Old/Old.h": "",
            "libraries/Deep/src/Deep.h": "",
            "lib/Pio/src/Pio.h": "",
            "vendor/Net/library.properties": "name=Net\n",
            "vendor/Net/src/Net.h": "#include <Old.h>\n",
            "vendor/Net/examples/demo/demo.ino": SETUP,
            "plain/plain.ino": SETUP,
            "app/app.ino": f'#include "own.h"\n{SETUP}',
            "app/own.h": "#include <Net.h>\n",
            "app/src/part.cpp": "#include <Pio.h>\n#include <Deep.h>\n",
        },
    )
    assert needed(project) == {
        "app": ["libraries/Deep/src", "vendor/Net", "lib/Pio/src", "libraries/Old"],
        "plain": [],
    }
    (note,) = discover(project).notes
    assert note.startswith("vendor/Net: passed over with 1 sketch: a library of the project")


def test_one_header_in_two_libraries_and_names_that_differ_in_case(project: Path) -> None:
    tree(
        project,
        {
            "One/library.properties": "name=One\n",
            "One/Net.h": "",
            "Net/library.properties": "name=Net\n",
            "Net/Net.h": "",
            "Two/library.properties": "name=Two\n",
            "Two/Big.h": "",
            "app/app.ino": f"#include <Net.h>\n#include <big.h>\n{SETUP}",
        },
    )
    assert needed(project) == {"app": ["Net"]}
    assert discover(project).notes == (
        "app: Net.h is in several libraries: Net is taken, not One",
        "app: big.h is called Big.h in the library Two: names differ in case",
    )


def test_platformio_is_told_how(project: Path) -> None:
    tree(project, {"platformio.ini": "[env:nano33ble]\n", "src/main.cpp": "#include <Arduino.h>\n"})
    with pytest.raises(
        UsageError, match=r"platformio.ini: has PlatformIO's layout, .*lib/ under `libraries`"
    ):
        discover(project)


def test_links_in_circles_and_folders_without_end_do_no_harm(project: Path) -> None:
    tree(project, {"library.properties": "", "a.h": "", "x/y/z/library.properties": "", "x/y/z/b.h": ""})
    (project / "x" / "loop").symlink_to(project)
    assert [library.folder.name for library in find_libraries(project)] == ["project", "z"]


def test_libraries_of_the_sketchbook_are_called_by_name(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketchbook = tree(
        tmp_path / "sketchbook",
        {
            "libraries/Sensor/library.properties": "name=Sensor\n",
            "libraries/Sensor/src/Sensor.h": "#include <Bus.h>\n",
            "libraries/Bus/Bus.h": "",
            "libraries/Mine/Mine.h": "",
            "libraries/Other/Other.h": "",
        },
    )
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(sketchbook))
    tree(
        project,
        {
            "libraries/Mine/Mine.h": "",
            "kws/kws.ino": f"#include <Sensor.h>\n#include <Mine.h>\n{SETUP}",
        },
    )
    discovery = discover(project)
    assert discovery.notes == ("kws: Bus is your sketchbook's", "kws: Sensor is your sketchbook's") or (
        discovery.notes == ("kws: Sensor is your sketchbook's", "kws: Bus is your sketchbook's")
    )
    (spec,) = discovery.specs
    assert set(map(str, spec.libraries)) == {"libraries/Mine", "Sensor", "Bus"}
    found = libraries_of(Project(project, project), spec)
    assert set(found) == {
        project / "libraries/Mine",
        *(sketchbook / "libraries" / n for n in ("Sensor", "Bus")),
    }
    # Given as folders, as the action gives what it installed, they stand for these names.
    given = RunOptions(libraries=(str(sketchbook / "libraries/Sensor"),), sketch="kws")
    (spec,) = select(given, project).specs
    assert [str(folder) for folder in spec.libraries].count("Sensor") == 0
    with pytest.raises(UsageError, match="nor in your sketchbook"):
        libraries_of(Project(project, project), replace(spec, libraries=(Path("Gone"),)))

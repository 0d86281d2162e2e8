from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlbench.errors import UsageError
from mlbench.suite.discovery import discover, find_sketches, find_suite, lines_to_add, project_root
from mlbench.suite.suite_file import parse_suite


def sketch(folder: Path, text: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / f"{folder.name}.ino").write_text(text)
    return folder


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    return root


def test_a_suite_is_looked_for_up_to_the_git_root(project, tmp_path):
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "mlbench.yml").touch()
    assert find_suite(deep) is None
    (project / "mlbench.yml").touch()
    assert find_suite(deep) == project / "mlbench.yml"
    (project / "a" / "mlbench.yaml").touch()
    assert find_suite(deep) == project / "a" / "mlbench.yaml"


@pytest.mark.parametrize("place", [".github", "sketches"])
def test_other_places_of_a_suite(project, place):
    (project / place).mkdir()
    (project / place / "mlbench.yml").touch()
    (project / "src").mkdir()
    assert find_suite(project / "src") == project / place / "mlbench.yml"


def test_without_git_the_folder_is_the_project(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "a" / "mlbench.yml").touch()
    assert find_suite(folder) is None
    assert project_root(folder) == folder


def test_sketches_are_folders_with_a_main_tab_of_their_name(project):
    one = sketch(project / "one")
    two = sketch(project / "deep" / "er" / "two")
    old = project / "old"
    old.mkdir()
    (old / "old.pde").touch()
    inner = sketch(one / "examples" / "inner")
    sketch(one / "src" / "part")
    sketch(project / ".hidden" / "four")
    sketch(project / "build" / "five")
    found = find_sketches(project)
    assert found.sketches == (two, old, one, inner)
    assert found.notes == ("build: passed over with 1 sketch: build output; `run build` measures them",)


def test_a_folder_of_another_name_counts_by_its_tabs_or_is_told_of(project):
    for path, text in {
        "app/hello.ino": "void setup() {}\nvoid loop() {}\n",
        "app/parts.ino": "int f() { return 1; }\n",
        "Case/case.ino": "extern int x;\nvoid loop( ) {}\n",
        "Own/main.pde": "int main() { return 0; }\n",
        "none/part.ino": "int f() { return 1; }\n",
    }.items():
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text)
    found = discover(project)
    assert {entry.name: str(entry.sketch) for entry in found.specs} == {
        "hello": "app/hello.ino",
        "case": "Case/case.ino",
        "main": "Own/main.pde",
    }
    assert found.notes == (
        "Case/case.ino: taken by its file: it differs from its folder's name, Case, in upper and lower case",
        "Own/main.pde: taken by its file: it is not named after its folder, Own",
        "app/hello.ino: taken by its file: it is not named after its folder, app",
        "none/part.ino: passed over: it is not named after its folder, none, and defines no setup()",
    )


def test_libraries_in_a_project_are_passed_over_but_a_library_shows_its_examples(project):
    library = project / "libraries" / "Model"
    example = sketch(library / "examples" / "demo")
    (library / "library.properties").touch()
    kws = sketch(project / "kws")
    found = find_sketches(project)
    assert found.sketches == (kws,)
    (note,) = found.notes
    assert note == (
        "libraries/Model: passed over with 1 sketch: a library of the project; "
        "`run libraries/Model` measures them"
    )
    assert find_sketches(library).sketches == (example,)


def test_links_in_circles_do_no_harm(project):
    kws = sketch(project / "kws")
    (project / "loop").symlink_to(project)
    assert find_sketches(project).sketches == (kws,)


def test_entries_of_what_is_found(project):
    sketch(project / "a" / "kws")
    sketch(project / "b" / "kws")
    person = sketch(project / "person")
    (person / "sketch.yaml").write_text("profiles: {}\ndefault_fqbn: arduino:mbed_nano:nano33ble\n")
    entries = discover(project).specs
    assert [(entry.name, entry.board) for entry in entries] == [
        ("a/kws", "mlbench:nrf52840:nano33ble"),
        ("b/kws", "mlbench:nrf52840:nano33ble"),
        ("person", "arduino:mbed_nano:nano33ble"),
    ]
    assert entries[0].source.folder / entries[0].sketch == project / "a" / "kws"


def test_the_board_of_a_default_profile_and_a_wrong_file_beside_it(project):
    kws, wrong = sketch(project / "kws"), sketch(project / "wrong")
    text = "default_fqbn: a:b:c\ndefault_profile: mini\nprofiles:\n  mini:\n    fqbn: arduino:avr:mini\n"
    (kws / "sketch.yaml").write_text(text)
    (wrong / "sketch.yaml").write_text("profiles: 5\n")
    discovery = discover(project)
    assert [entry.board for entry in discovery.specs] == ["arduino:avr:mini", "mlbench:nrf52840:nano33ble"]
    assert [note.partition("sketch.yaml")[2] for note in discovery.notes] == [
        ":1: needs keys with values; mend this line"
    ]


def test_from_a_folder_without_sketches_the_whole_project_is_searched(project):
    sketch(project / "kws")
    (project / "docs").mkdir()
    assert [entry.name for entry in discover(project / "docs").specs] == ["kws"]
    with pytest.raises(UsageError, match="no sketch here"):
        discover(project / "docs", whole_project=False)


def test_nothing_at_all(project):
    with pytest.raises(UsageError, match=r"no mlbench.yml and no sketch here; name a sketch .*mlbench.yml"):
        discover(project)


def test_the_line_to_add_can_be_added(project):
    """The advice, followed to the letter, is a suite that says what was advised."""
    sketch(project / "my kws")
    (entry,) = discover(project).specs
    (line,) = lines_to_add(entry, ["Net::run(void*)", "Net::init()"])
    assert "Net::init()" in line
    text = line.partition("mlbench.yml: ")[2].rpartition(" (and init")[0]
    (found,) = parse_suite(text, "mlbench.yml", project)
    assert found.functions.inference == "Net::run(void*)"
    assert found.sketch == entry.sketch


def test_the_advice_names_where_it_goes(project):
    sketch(project / "kws")
    (entry,) = discover(project).specs
    assert '--inference "f()"' in lines_to_add(entry, ["f()"], named=True)[0]
    listed = replace(entry, where="mlbench.yml:7")
    assert 'mlbench.yml:7: inference: "f()"' in lines_to_add(listed, ["f()"])[0]

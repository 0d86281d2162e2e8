"""Which sketches a change does not touch. Where that cannot be known, they are measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlbench.baseline.unchanged import ASKED, inputs_digest, unchanged_jobs
from mlbench.core.execution import Functions
from mlbench.core.firmware import BuildRequest
from mlbench.core.inputs import TypedText
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.source.project import Project
from mlbench.suite.inputs import InputFiles
from mlbench.suite.suite_file import SketchSpec, Source


class Services:
    """Finds sketches below the folder of their source."""

    def obtain(self, spec: SketchSpec) -> Project:
        if spec.source.url:
            raise EnvironmentFault("out of reach")
        return Project(spec.source.folder, spec.source.folder)

    def locate(self, project: Project, spec: SketchSpec) -> BuildRequest:
        libraries = tuple(project.folder / path for path in spec.libraries)
        return BuildRequest(project.folder / spec.sketch, spec.board, spec.build_properties, libraries)


def entry(folder: Path, text: str = "void setup() {}\n", name: str = "kws", **files: str) -> SketchSpec:
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.ino").write_text(text)
    for key, content in files.items():
        (place / key.replace("_", ".")).write_text(content)
    return SketchSpec(name, Path(name), "board", Source(folder=folder), own_folder=folder)


@pytest.fixture
def both(tmp_path: Path) -> tuple[SketchSpec, SketchSpec]:
    return entry(tmp_path / "head"), entry(tmp_path / "base")


def same(head: SketchSpec, base: SketchSpec) -> bool:
    return bool(unchanged_jobs([head], [base], Services()))


def test_equal_sketches_in_two_folders(both):
    head, base = both
    assert same(head, base)
    assert same(replace(head, where="mlbench.yml:7"), base)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("build_properties", ("build.extra_flags=-DX",)),
        ("functions", Functions("a", "b")),
        ("marks", "library"),
        ("inferences", 4),
        ("timeout_us", 1.0),
        ("serial", "ignore"),
        ("ram_search", "none"),
        ("ram_min", 3),
        ("ram_max", 4),
        ("trace_limit", 5),
        ("asks_for", ("go\n",)),
        ("board", "other"),
        ("backend", "board"),
    ],
)
def test_what_the_suite_asks_counts(both, name, value):
    head, base = both
    assert not same(replace(head, **{name: value}), base)


def test_every_key_of_a_sketch_is_thought_of():
    by_files = {"sketch", "source", "libraries", "overlay", "prepare", "own_folder", "inputs"}
    # Where a search on a board begins: no limit depends on it, and a board is asked again in any case.
    of_no_effect = {"name", "where", "board_where", "thresholds", "ram_expected", "build_timeout_s"}
    of_no_effect |= {"link_modes"}  # an option of the board's FQBN
    assert set(SketchSpec.__dataclass_fields__) == {*ASKED, *by_files, *of_no_effect}


def test_inputs_count(both):
    head, base = both
    assert not same(replace(head, inputs=InputFiles((TypedText("go"),))), base)
    rows = "t,ax,ay,az,gx,gy,gz\n0,{},0,1,0,0,0\n"
    for spec, value in ((head, 1), (base, 1)):
        (spec.own_folder / "ring.csv").write_text(rows.format(value))
    fed = InputFiles(imu="ring.csv")
    assert same(replace(head, inputs=fed), replace(base, inputs=fed))
    (head.own_folder / "ring.csv").write_text(rows.format(2))
    assert not same(replace(head, inputs=fed), replace(base, inputs=fed))


def test_any_content_counts(tmp_path, both):
    _, base = both
    assert not same(entry(tmp_path / "head", "void setup() { }\n"), base)
    assert not same(entry(tmp_path / "more", new_h=""), base)


def test_libraries_count(tmp_path, both):
    head, base = (replace(spec, libraries=(Path("lib"),)) for spec in both)
    for spec in (head, base):
        (spec.source.folder / "lib").mkdir()
        (spec.source.folder / "lib" / "a.h").write_text("// a")
    assert same(head, base)
    (head.source.folder / "lib" / "a.h").write_text("// b")
    assert not same(head, base)


@pytest.mark.parametrize(
    "text",
    [
        '#include "../shared.h"\n',
        '  #  include "../../shared.h"\n',
        '#include "/somewhere/shared.h"\n',
        "#include <sub/../../shared.h>\n",
        'asm(".incbin \\"weights.bin\\"");\n',
    ],
)
def test_what_leads_elsewhere_is_measured(tmp_path, text):
    assert not same(entry(tmp_path / "head", text), entry(tmp_path / "base", text))


def test_a_property_that_may_name_a_file_is_measured(both):
    head, base = (replace(spec, build_properties=("build.extra_flags=-I../inc",)) for spec in both)
    assert not same(head, base)


def test_a_sketch_with_something_wrong_is_measured(tmp_path, both):
    head, base = both
    (head.source.folder / "kws" / "kws.ino").unlink()
    (base.source.folder / "kws" / "kws.ino").unlink()
    assert inputs_digest(head, Services()) == ""
    assert not same(head, base)
    away = replace(both[0], source=Source(url="https://x.example/y"))
    assert not same(away, away)


def test_a_new_sketch_is_measured(both):
    assert unchanged_jobs([both[0]], [], Services()) == frozenset()


def test_the_faults_of_the_rooms_are_no_faults_here(both):
    class Broken(Services):
        def locate(self, project: Project, spec: SketchSpec) -> BuildRequest:
            raise UsageError("path does not exist")

    assert unchanged_jobs([both[0]], [both[1]], Broken()) == frozenset()

"""Formats of other tools, held against what those tools say of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import junitparser
import pytest
import samples
from foreign_text import EVIL, foreign
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from lxml import etree
from rendered import OURS, page, row_widths

from mlbench.compare import compare
from mlbench.core.measures import keys, rows
from mlbench.reports.annotations import annotations_of
from mlbench.reports.badge import to_badge
from mlbench.reports.bencher import to_bencher
from mlbench.reports.benchmark_action import to_benchmark_json
from mlbench.reports.comment import comment_markdown
from mlbench.reports.junit import to_junit
from mlbench.reports.sketches_report import to_sketches_report
from mlbench.reports.summary import summary_markdown
from mlbench.results.comparison import (
    Comparison,
    Delta,
    Figure,
    JobChange,
    JobState,
    KeyChange,
    Limit,
    Side,
    SymbolChange,
    Threshold,
    Verdict,
)
from mlbench.results.values import Absent

MEASURES = keys()
BIGGER_IS_BETTER = {measure.key for measure in rows() if measure.more_is_better}

ALL = samples.comparisons()
EVERYTHING = ALL["everything"]
RESULTS = [job.head for job in EVERYTHING.jobs if job.head is not None]


@pytest.fixture(scope="module")
def jenkins(request, tmp_path_factory) -> etree.XMLSchema:
    """The schema of Jenkins' xUnit plugin; pytest tests its reports with it and has it in its sources."""
    kept = request.config.cache.mkdir("junit") / f"junit-10-of-pytest-{pytest.__version__}.xsd"
    if not kept.is_file():
        fetched = tmp_path_factory.mktemp("pytest")
        wanted = [f"pytest=={pytest.__version__}", "--no-deps", "--no-binary", "pytest", "-d", str(fetched)]
        # Environments of this project may be made by the pip of the Python that they come from.
        for python in (sys.executable, getattr(sys, "_base_executable", sys.executable)):
            pip = [python, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
            done = subprocess.run([*pip, *wanted], capture_output=True, text=True, timeout=300, check=False)
            if not done.returncode:
                break
        else:
            pytest.skip(f"the schema cannot be had: {done.stderr.strip().splitlines()[-1:]}")
        (archive,) = fetched.glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            member = next(member for member in packed if member.name.endswith("/junit-10.xsd"))
            source = packed.extractfile(member)
            assert source is not None
            part = fetched / "junit-10.xsd"
            part.write_bytes(source.read())
        shutil.move(part, kept)
    return etree.XMLSchema(etree.parse(kept))


@pytest.mark.parametrize("name", ALL)
def test_junit_is_valid_for_jenkins(name, jenkins):
    jenkins.assertValid(etree.fromstring(to_junit(ALL[name]).encode()))


@settings(max_examples=30)
@given(text=EVIL | st.text(st.characters()))
def test_junit_of_any_text_is_valid(text, jenkins):
    xml = to_junit(foreign(text))
    jenkins.assertValid(etree.fromstring(xml.encode()))
    assert xml == xml.encode().decode()


def test_junit_as_its_consumers_read_it(tmp_path):
    file = tmp_path / "junit.xml"
    file.write_text(to_junit(EVERYTHING), encoding="utf-8")
    report = junitparser.JUnitXml.fromfile(str(file))
    cases = {(case.classname, case.name): case for suite in report for case in suite}
    there = [job for job in EVERYTHING.jobs if job.state is not JobState.REMOVED]
    assert len(cases) == report.tests == len(there) * (1 + len(MEASURES))
    failing = {key for key, case in cases.items() if case.is_failure}
    expected = {
        (job.sketch, "builds and runs") for job in there if job.state in (JobState.BROKEN, JobState.FAILED)
    }
    names = dict(
        zip(
            MEASURES,
            ("flash", "unused RAM", "static RAM", "RAM need", "initialization", "inference"),
            strict=True,
        )
    )
    expected |= {
        (job.sketch, names[delta.measure])
        for job in there
        for delta in job.deltas
        if delta.verdict is Verdict.FAIL
    }
    assert failing == expected
    assert report.failures == len(expected)
    assert report.errors == 0
    skipped = {key for key, case in cases.items() if case.is_skipped}
    absent = {
        (job.sketch, names[delta.measure])
        for job in there
        for delta in job.deltas
        if delta.head.value is None and delta.verdict is not Verdict.FAIL
    }
    assert skipped == absent | {("skipped", "builds and runs")}
    (suite,) = report
    assert {(item.name, item.value) for item in suite.properties()} >= {
        ("board", samples.OWN),
        ("backend", "emulator"),
    }
    assert suite.time == pytest.approx(sum(s for result in RESULTS for _, s in result.seconds))
    failure = cases["kws graph", "flash"].result[0]
    assert failure.message == "over limit (+1,024 bytes or +5 %)"
    assert "148,152 -> 150,200 bytes; +2,048" in failure.text
    assert "'x' was not declared" in cases["hopeless", "builds and runs"].result[0].text


def test_sketches_reports_have_what_report_size_deltas_reads():
    """Its README, 'Sketches reports', and what its action takes from them."""
    files = to_sketches_report(EVERYTHING, commit_url="https://github.com/owner/demo/commit/a")
    assert list(files) == ["mlbench-nrf52840-nano33ble.json"]
    data = json.loads(files["mlbench-nrf52840-nano33ble.json"])
    assert data["commit_hash"] == "a" * 40
    (board,) = data["boards"]
    assert board["board"] == samples.OWN
    sketches = {sketch["name"]: sketch for sketch in board["sketches"]}
    flash, ram, need = sketches["kws graph"]["sizes"]
    assert [size["name"] for size in (flash, ram, need)] == ["flash", "RAM for global variables", "RAM need"]
    assert flash == {
        "name": "flash",
        "maximum": 0xF0000,
        "current": {"absolute": 150_200, "relative": 15.28},
        "previous": {"absolute": 148_152, "relative": 15.07},
        "delta": {"absolute": 2_048, "relative": 0.21},
    }
    assert ram["delta"]["absolute"] == 24
    assert not sketches["hopeless"]["compilation_success"]
    assert sketches["hopeless"]["sizes"][0]["current"] == {"absolute": "N/A", "relative": "N/A"}
    assert sketches["breaks"]["compilation_success"]  # it compiles, and fails when it runs
    assert sketches["added"]["sizes"][0]["delta"] == {"absolute": "N/A", "relative": "N/A"}
    absolutes = [s["sizes"][0]["delta"]["absolute"] for s in board["sketches"]]
    known = [value for value in absolutes if value != "N/A"]
    assert board["sizes"][0]["delta"]["absolute"] == {"minimum": min(known), "maximum": max(known)}
    assert board["sizes"][0]["maximum"] == 0xF0000


def test_sketches_reports_without_a_baseline_have_no_deltas():
    (text,) = to_sketches_report(ALL["no-baseline"]).values()
    (board,) = json.loads(text)["boards"]
    assert "sizes" not in board
    assert set(board["sketches"][0]["sizes"][0]) == {"name", "maximum", "current"}


@given(st.lists(st.text(), max_size=4, unique=True))
def test_names_of_sketches_reports_stay_in_their_folder(boards):
    results = tuple(replace(samples.BEFORE[0], board=board) for board in boards)
    files = to_sketches_report(compare(None, results))
    assert len(files) == len(boards)
    for name in files:
        assert re.fullmatch(r"[A-Za-z0-9_,=-][A-Za-z0-9_.,=-]*\.json", name)
    unknown = [json.loads(text)["boards"][0]["sketches"][0]["sizes"][0] for text in files.values()]
    for size in unknown:
        assert size["maximum"] == "N/A"
        assert size["current"] == {"absolute": 148_152, "relative": "N/A"}


def test_benchmark_json_is_split_by_direction():
    """README of github-action-benchmark: an array of name, unit, value, and optional range and extra."""
    smaller, bigger = (json.loads(text) for text in to_benchmark_json(RESULTS))
    entry = {
        "type": "object",
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "unit": {"type": "string"},
            "value": {"type": "number"},
            "range": {"type": "string"},
            "extra": {"type": "string"},
        },
    }
    for entries in (smaller, bigger):
        Draft7Validator({"type": "array", "minItems": 1, "items": entry}).validate(entries)
    names = [one["name"] for one in smaller + bigger]
    assert len(set(names)) == len(names)
    assert {name.rpartition(": ")[2] for name in (one["name"] for one in bigger)} == BIGGER_IS_BETTER
    assert {one["name"].rpartition(": ")[2] for one in smaller} == set(MEASURES) - BIGGER_IS_BETTER
    time = next(one for one in smaller if one["name"] == f"same 1 / {samples.OWN} / emulator: inference_time")
    assert (time["value"], time["unit"], time["range"]) == (53_654.0, "us", "± 1.500")
    there = sum(not isinstance(result.measures.of(name), Absent) for result in RESULTS for name in MEASURES)
    assert len(names) == there


# bencher.dev/bmf.json, and what the reference says of the lengths and slugs of names.
BENCHER = {
    "type": "object",
    "propertyNames": {"minLength": 1, "maxLength": 1024},
    "additionalProperties": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
        "additionalProperties": {
            "type": "object",
            "required": ["value"],
            "additionalProperties": False,
            "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
        },
    },
}


@given(EVIL | st.just("x" * 5_000))
def test_bencher_metrics(name):
    data = json.loads(to_bencher([*RESULTS, replace(RESULTS[0], sketch=name)]))
    Draft7Validator(BENCHER).validate(data)
    metrics = data[f"same 1 / {samples.OWN} / emulator"]
    assert metrics["flash"] == {"value": 148_152}
    assert metrics["inference-time"] == {"value": 53_654.0, "lower_value": 53_653.0, "upper_value": 53_656.0}
    for metric in metrics.values():
        assert metric.get("lower_value", metric["value"]) <= metric["value"]
        assert metric.get("upper_value", metric["value"]) >= metric["value"]


def test_a_badge_without_a_baseline_tells_failures():
    assert json.loads(to_badge(ALL["no-baseline"]))["message"].startswith("1 sketch failed, ")


@pytest.mark.parametrize(
    ("name", "color"),
    [("everything", "red"), ("unchanged", "brightgreen"), ("accepted", "yellow"), ("empty", "lightgrey"),
     ("better", "brightgreen"), ("no-baseline", "red")],
)  # fmt: skip
def test_badges(name, color):
    """Properties and their kinds as in the schema of shields.io/badges/endpoint-badge."""
    data = json.loads(to_badge(ALL[name]))
    assert set(data) <= {
        "schemaVersion",
        "label",
        "message",
        "color",
        "labelColor",
        "isError",
        "namedLogo",
        "style",
    }
    assert data["schemaVersion"] == 1
    assert data["label"]
    assert data["message"]
    assert data["color"] == color
    assert isinstance(data["isError"], bool)


SUITE = """\
defaults: {board: "mlbench:nrf52840:nano33ble"}
sketches:
  - path: kws
    name: kws graph
  - path: elsewhere
    name: kws aot
    source: {url: "https://example.com/models.git", ref: main}
  - path: broken
    name: hopeless
"""


@pytest.fixture
def repository(tmp_path) -> Path:
    (tmp_path / "mlbench.yml").write_text(SUITE, encoding="utf-8")
    for name in ("kws", "broken"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ino").write_text("void setup() {}\n", encoding="utf-8")
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    return tmp_path


def test_annotations_stand_on_files_and_lines(repository):
    found = annotations_of(EVERYTHING, repository)
    assert [item.level for item in found] == sorted(
        (item.level for item in found), key=["error", "warning", "notice"].index
    )
    places = {(item.title, item.level): (item.file, item.line) for item in found}
    assert places["kws graph: flash", "error"] == ("kws/kws.ino", 1)
    assert places["hopeless failed", "error"] == ("broken/broken.ino", 7)
    assert places["hopeless failed", "warning"] == ("broken/broken.ino", 2)
    assert places["kws aot: inference", "warning"] == ("mlbench.yml", 5)
    assert places["breaks failed", "error"] == ("", 0)
    (flash,) = (item for item in found if item.title == "kws graph: flash")
    assert flash.message.startswith(
        "148,152 → 150,200 bytes, +2,048 (+1.4 %): over limit (+1,024 bytes or +5 %)"
    )
    (broke,) = (item for item in found if item.title == "breaks failed")
    assert broke.message.splitlines()[:2] == [
        "hung: hung in TVMPlatformAbort",
        "in TVMPlatformAbort (model.c:88)",
    ]


def test_what_is_accepted_is_a_notice(repository):
    found = annotations_of(ALL["accepted"], repository)
    assert {(item.level, item.title) for item in found} == {("notice", "kws graph: flash")}


@settings(max_examples=15)
@given(text=EVIL)
def test_annotations_name_no_file_outside_of_the_repository(text, tmp_path_factory):
    root = tmp_path_factory.getbasetemp()
    for path in (text, "../" * 20 + "etc/passwd", "/etc/passwd", "\0", "x" * 9_999):
        for item in annotations_of(foreign(path), root):
            assert item.file == "" or (root / item.file).resolve().is_relative_to(root.resolve())
            assert "passwd" not in item.file
            assert "\n" not in item.title
            assert item.message.replace("\n", "").isprintable()


NUMBERS = st.floats(-(2.0**53), 2.0**53)
WHOLE = st.integers(0, 2**53)
TEXTS = st.sampled_from(
    ["", "a", "| x", "@octocat", "</details>", "\ud800\n", "`" * 5, "mlbench:nrf52840:nano33ble"]
)


def _any_comparison() -> st.SearchStrategy[Comparison]:
    """Whatever a file can hold: it may come from a job that nobody trusts."""
    figure = st.builds(
        Figure, value=st.none() | NUMBERS, low=st.none() | NUMBERS, high=st.none() | NUMBERS,
        steady=st.none() | NUMBERS, absent=TEXTS,
    )  # fmt: skip
    limit = st.builds(Limit, amount=st.none() | NUMBERS, percent=st.none() | NUMBERS)
    deltas = st.tuples(
        *(
            st.builds(
                Delta, measure=st.just(measure), base=st.none() | figure, head=st.none() | figure,
                change=st.none() | NUMBERS, percent=st.none() | NUMBERS, verdict=st.sampled_from(Verdict),
                threshold=st.builds(Threshold, warn=limit, fail=limit), note=TEXTS,
            )
            for measure in MEASURES
        )
    )  # fmt: skip
    results = st.none() | st.sampled_from(RESULTS)
    job = st.builds(
        JobChange, sketch=TEXTS, board=TEXTS, backend=TEXTS, state=st.sampled_from(JobState), deltas=deltas,
        build_changes=st.lists(st.builds(KeyChange, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
        symbols=st.lists(st.builds(SymbolChange, TEXTS, WHOLE, WHOLE), max_size=3).map(tuple),
        instrument_changes=st.just(()),
        base=results, head=results, notes=st.just(()),
    )  # fmt: skip
    side = st.builds(Side, commit=TEXTS, ref=TEXTS, label=TEXTS)
    return st.builds(
        Comparison, jobs=st.lists(job, max_size=4).map(tuple), head=side, base=st.none() | side,
        notes=st.lists(TEXTS, max_size=2).map(tuple), accepted=TEXTS,
    )  # fmt: skip


@settings(max_examples=40)
@given(comparison=_any_comparison())
def test_no_comparison_breaks_a_report(comparison, tmp_path_factory):
    for text in (comment_markdown(comparison, title="x"), summary_markdown(comparison)):
        shown = page(text)
        assert shown.elements <= OURS
        assert shown.unbalanced == []
        assert all(len(widths) == 1 for widths in row_widths(re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", text)))
    etree.fromstring(to_junit(comparison).encode())
    for text in (to_badge(comparison), *to_sketches_report(comparison).values()):
        json.loads(text)
    annotations_of(comparison, tmp_path_factory.getbasetemp())

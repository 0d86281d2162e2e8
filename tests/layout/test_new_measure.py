"""A measure is a row, and an entry that takes it: then every report, threshold and schema has it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mlbench.action.figures import measures_json
from mlbench.compare import compare
from mlbench.core import measures
from mlbench.core.execution import Outcome, RunResult
from mlbench.core.firmware import Firmware
from mlbench.core.measures import Measure, MeasureKind, MemoryKind
from mlbench.errors import UsageError
from mlbench.measure import further
from mlbench.reports.annotations import annotations_of
from mlbench.reports.badge import to_badge
from mlbench.reports.bencher import to_bencher
from mlbench.reports.benchmark_action import to_benchmark_json
from mlbench.reports.comment import comment_markdown
from mlbench.reports.comparison_table import change_table
from mlbench.reports.junit import to_junit
from mlbench.reports.markdown import to_markdown
from mlbench.reports.sketches_report import to_sketches_report
from mlbench.reports.summary import summary_markdown
from mlbench.reports.table import make_table, plain
from mlbench.results import comparison_file, result_file
from mlbench.results.comparison import Comparison, Limit, Side, Threshold, Verdict
from mlbench.results.result_file import Document, RunInfo
from mlbench.results.values import Absent, Amount, Flash, Measures, Result, Status, Time
from mlbench.suite.suite_file import parse_suite, suite_schema
from mlbench.suite.thresholds import Thresholds, limit_of
from mlbench.testing.profiling import Profiled
from mlbench.testing.units import nbytes

BOARD = "mlbench:nrf52840:nano33ble"
ROWS = {
    MeasureKind.BYTES: Measure(
        "noted_bytes", "noted bytes", "Noted", MeasureKind.BYTES, memory=MemoryKind.RAM
    ),
    MeasureKind.TIME: Measure("wake_time", "wake-up", "Wake-up", MeasureKind.TIME),
    MeasureKind.COUNT: Measure("switches", "context switches", "Switches", MeasureKind.COUNT),
}
UNITS = {MeasureKind.BYTES: " bytes", MeasureKind.TIME: " ms", MeasureKind.COUNT: ""}
SHOWN = {
    MeasureKind.BYTES: ("4,000", "5,000"),
    MeasureKind.TIME: ("4.000", "5.000"),
    MeasureKind.COUNT: ("4,000", "5,000"),
}


@pytest.fixture(params=ROWS, ids=[kind.value for kind in ROWS])
def row(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Measure:
    made: Measure = ROWS[request.param]
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, made))
    monkeypatch.setattr(further, "OF_IMAGE", {})
    monkeypatch.setitem(further.TAKEN, made.key, lambda _firmware, run: Amount(run.virtual_us))
    return made


def result(row: Measure, amount: float | None) -> Result:
    none = Absent("not asked for")
    time = Time(1000.0, 1000.0, 1000.0, 3, 64_000, 32_000, 0)
    value = none if amount is None else Amount(amount)
    found = Measures(Flash(1000, (("text", 1000),)), none, none, time, time, ((row.key, value),))
    return Result("kws", BOARD, "emulator", Status.OK, found)


def comparison(row: Measure) -> Comparison:
    rules = ((row.key, Threshold(fail=Limit(percent=10))),)
    sides = {"base_side": Side(label="base"), "head_side": Side(label="head")}
    return compare([result(row, 4000)], [result(row, 5000)], Thresholds(rules), **sides)


def test_it_is_taken_and_kept(row: Measure) -> None:
    run = RunResult(Outcome.PASSED, "", b"", (), 12.0)
    firmware = Firmware.__new__(Firmware)
    assert further.take(firmware, run) == ((row.key, Amount(12.0)),)
    document = Document((result(row, 4000), replace(result(row, None), sketch="other")), RunInfo("0"))
    text = result_file.to_json(document)
    assert json.loads(text)["results"][0]["measures"][row.key] == {"amount": 4000}
    assert result_file.from_json(text, "it").results == document.results
    with pytest.raises(UsageError, match="not a valid result file"):
        result_file.from_json(text.replace('"amount": 4000', '"amount": "many"'), "it")


def test_older_files_lack_it(row: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    both, known = comparison(row), measures.MEASURES
    with monkeypatch.context() as before:
        before.setattr(measures, "MEASURES", known[:-1])
        older = replace(both, jobs=tuple(replace(job, deltas=job.deltas[:-1]) for job in both.jobs))
        old_comparison = comparison_file.to_json(older)
        old_result = result_file.to_json(Document((replace(result(row, 1)),), RunInfo("0")))
        assert result_file.from_json(old_result, "it").results[0].measures.further == ()
    data = json.loads(old_result)
    del data["results"][0]["measures"][row.key]
    (found,) = result_file.from_json(json.dumps(data), "it").results
    assert isinstance(found.measures.of(row.key), Absent)
    (job,) = comparison_file.from_json(old_comparison, "it").jobs
    assert [delta.measure for delta in job.deltas] == list(measures.keys())
    assert job.deltas[-1].verdict is Verdict.NOT_COMPARED


def test_a_failed_sketch_has_it_absent_for_the_same_reason(row: Measure) -> None:
    found = Measures.none(Absent("it does not compile"))
    assert all(value == Absent("it does not compile") for _, value in found.items())


def test_it_is_judged(row: Measure) -> None:
    found = comparison(row)
    delta = found.jobs[0].deltas[-1]
    assert (delta.measure, delta.change, delta.percent, delta.verdict) == (row.key, 1000, 25, Verdict.FAIL)
    text = comparison_file.to_json(found)
    assert comparison_file.from_json(text, "it") == found


def test_it_has_thresholds(row: Measure, tmp_path: Path) -> None:
    unit = {MeasureKind.BYTES: "2 KiB", MeasureKind.TIME: "2 ms", MeasureKind.COUNT: "2000"}[row.kind]
    value = {MeasureKind.BYTES: 2048, MeasureKind.TIME: 2000, MeasureKind.COUNT: 2000}[row.kind]
    text = f"thresholds: {{{row.key}: {{warn: 1 %, fail: '{unit}'}}}}\nsketches: [{{path: kws}}]\n"
    (rule,) = parse_suite(text, "mlbench.yml", tmp_path)[0].thresholds
    assert rule == (row.key, Threshold(Limit(percent=1), Limit(value)))
    assert limit_of(row.key, "5 %") == Limit(percent=5)
    assert row.key in suite_schema()["$defs"]["thresholds"]["properties"]
    with pytest.raises(UsageError, match=row.key):
        parse_suite(text.replace(unit, "5 parsecs"), "mlbench.yml", tmp_path)


def test_every_report_has_it(row: Measure, tmp_path: Path) -> None:
    both, head = comparison(row), result(row, 5000)
    before, after = SHOWN[row.kind]
    assert f"{row.column}" in plain(make_table([head])).splitlines()[1]
    assert after in plain(make_table([head]))
    assert row.title in to_markdown([head])
    assert after in to_markdown([head])
    for text in (plain(change_table(both)), comment_markdown(both, title="mlbench"), summary_markdown(both)):
        lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in text.splitlines()]
        assert any(row.name in line and before in line and after in line for line in lines)
        assert "25.0 %" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert f"{row.name}: {after}{UNITS[row.kind]}" in summary_markdown(both)
    cases = ElementTree.fromstring(to_junit(both)).iter("testcase")
    (case,) = (case for case in cases if case.get("name") == row.name)
    assert case.find("failure") is not None
    (metric,) = json.loads(to_bencher([head])).values()
    assert metric[row.key.replace("_", "-")]["value"] == 5000
    smaller, bigger = map(json.loads, to_benchmark_json([head]))
    assert any(entry["name"].endswith(row.key) and entry["value"] == 5000 for entry in smaller)
    assert not any(entry["name"].endswith(row.key) for entry in bigger)
    assert any(row.name in item.title for item in annotations_of(both, tmp_path))
    assert row.name in json.loads(to_badge(both))["message"]
    assert json.loads(measures_json(both))[0][row.key]["head"] == 5000
    (report,) = to_sketches_report(both).values()
    names = [size["name"] for size in json.loads(report)["boards"][0]["sketches"][0]["sizes"]]
    assert (row.name in names) is (row.kind is not MeasureKind.TIME), "of times that format has none"


def test_tests_of_firmware_have_it(row: Measure) -> None:
    found = Profiled(result(row, 5000).measures, baseline=result(row, 4000).measures)
    assert found.figures()[row.key] == 5000
    assert "4" in repr(found.of(row.key))
    if row.kind is MeasureKind.BYTES:
        assert found.of(row.key) < nbytes(5001)
    if row.kind is MeasureKind.COUNT:
        assert found.of(row.key) <= 5000
    with pytest.raises(UsageError, match="not asked for"):
        Profiled(result(row, None).measures).of(row.key)


def test_the_shipped_schemas_name_the_shipped_measures() -> None:
    """What tools of others read lists the same measures that the code fills in."""
    from mlbench.results import schemas
    from mlbench.util.schema import load_schema

    assert schemas.result_schema() == load_schema("mlbench.results", schemas.RESULT_FILE)
    assert schemas.comparison_schema() == load_schema("mlbench.results", schemas.COMPARISON_FILE)
    assert suite_schema() == load_schema("mlbench.suite", "suite.schema.json")

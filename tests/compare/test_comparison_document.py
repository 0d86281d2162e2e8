"""Comparison files: read back as they were, or refused."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import jsonschema
import pytest
from comparables import result, sets
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compare import all_thresholds

from mlbench.compare import Thresholds, accepted, compare
from mlbench.core.measures import keys
from mlbench.errors import UsageError
from mlbench.results import comparison_file as comparison_document
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
from mlbench.results.comparison_file import from_json, read, to_json, write
from mlbench.util.schema import load_schema

SCHEMA = load_schema("mlbench.results", "comparison.schema.json")
LIMITS = Thresholds((("flash", Threshold(Limit(1, 2.5), Limit(percent=5))),))


@settings(max_examples=40)
@given(st.none() | sets, sets, all_thresholds, st.text())
def test_what_is_written_is_read_back(base, head, thresholds, text):
    made = compare(base, head, thresholds, base_side=Side("a" * 40, text, "base"), notes=[text])
    made = accepted(made, text)
    assert from_json(to_json(made), "x") == made
    assert json.loads(to_json(made))["regressed"] == made.regressed


def test_it_goes_through_a_file(tmp_path):
    made = compare([result()], [result()], LIMITS)
    write(made, str(tmp_path / "c.json"))
    assert read(tmp_path / "c.json") == made


def test_the_schema_names_every_field():
    kinds = {
        "job": JobChange,
        "delta": Delta,
        "figure": Figure,
        "side": Side,
        "key": KeyChange,
        "symbol": SymbolChange,
        "threshold": Threshold,
        "limit": Limit,
    }
    for name, kind in kinds.items():
        assert is_dataclass(kind)
        assert set(SCHEMA["$defs"][name]["properties"]) == {item.name for item in fields(kind)}, name
    top = {item.name for item in fields(Comparison)} | {"schema", "regressed"}
    assert set(SCHEMA["properties"]) == top
    delta = SCHEMA["$defs"]["delta"]["properties"]
    assert delta["measure"]["anyOf"][0]["enum"] == list(keys())
    assert set(delta["verdict"]["enum"]) == {verdict.value for verdict in Verdict}
    assert set(SCHEMA["$defs"]["job"]["properties"]["state"]["enum"]) == {state.value for state in JobState}
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def written() -> dict[str, object]:
    return json.loads(to_json(compare([result()], [result("har")], LIMITS)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema="mlbench/comparison/2"), "update mlbench"),
        (lambda d: d.update(schema="mlbench/result/1"), "not a comparison"),
        (lambda d: d.pop("jobs"), "needs the key 'jobs'"),
        (lambda d: d["jobs"][0].update(state="wonderful"), "wonderful"),
        (lambda d: d["jobs"][0]["deltas"].pop(), "one delta a measure"),
        (lambda d: d["jobs"][0]["deltas"].reverse(), "one delta a measure"),
        (lambda d: d["jobs"][0]["deltas"][0].update(verdict=7), "verdict"),
        (lambda d: d["jobs"][0]["head"].update(sketch=["x"]), "sketch"),
        (lambda d: d["jobs"][0]["deltas"][0]["head"].update(value="1"), "value"),
        (lambda d: d.update(head=None), "head"),
    ],
)
def test_what_is_not_as_the_schema_has_it_is_refused(change, said):
    data = written()
    change(data)
    with pytest.raises(UsageError, match=re.escape(said)):
        from_json(json.dumps(data), "part.json")


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "1e300", "-9007199254740993"]
)
def test_numbers_that_no_measure_can_have_are_refused(number):
    text = json.dumps(written()).replace("148152", number, 1)
    assert number in text
    with pytest.raises(UsageError, match=r"part\.json"):
        from_json(text, "part.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"schema": "mlbench/comparison/1"', "null", "7", '"x"']
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(UsageError, match=r"^part\.json"):
        from_json(text, "part.json")


def test_deep_nesting_is_refused():
    data = '{"schema": "mlbench/comparison/1", "jobs": %s}' % ("[" * 900 + "]" * 900)
    with pytest.raises(UsageError):
        from_json(data, "part.json")


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="name a file that exists"):
        read(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not a comparison"):
        read(tmp_path / "binary.json")
    monkeypatch.setattr(comparison_document, "MOST_BYTES", 100)
    (tmp_path / "large.json").write_text(" " * 101)
    with pytest.raises(UsageError, match="larger than 100 bytes"):
        read(tmp_path / "large.json")


def test_keys_of_a_later_version_are_passed_over():
    data = written()
    data["later"] = data["jobs"][0]["later"] = data["jobs"][0]["deltas"][0]["later"] = 1
    assert from_json(json.dumps(data), "x") == compare([result()], [result("har")], LIMITS)

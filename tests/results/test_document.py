from __future__ import annotations

import copy
import io
import json
import os
import resource
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.call_tree import CallPath, CallTree
from mlbench.errors import EnvironmentFault, UsageError
from mlbench.results.result_file import Document, RunInfo, from_json, read, to_json, write
from mlbench.results.values import (
    Absent,
    CanonicalTime,
    Flash,
    Measures,
    RamNeed,
    Result,
    Status,
    Time,
    UnusedRam,
)
from mlbench.util.schema import load_schema

ROOT = Path(__file__).parents[2]
NOTHING = Absent("nothing was measured")
RESULT = Result(
    sketch="kws",
    board="mlbench:nrf52840:nano33ble",
    backend="emulator",
    status=Status.OK,
    measures=Measures(
        flash=Flash(70_000, ((".text", 60_000), (".data", 10_000)), overhead=9_000, symbols=(("main", 60),)),
        unused_ram=UnusedRam(154_464, "replay", True, 3, 90, islands=((160_000, 160_007),)),
        ram_need=RamNeed(50_000, 20_000, 25_000, 5_000, ((".bss", 20_000),)),
        init_time=Time(14_526.0, 14_526.0, 14_526.0, 1, cycles=929_664),
        inference_time=NOTHING,
    ),
    seconds=(("build", 1.5), ("measure", 0.25)),
)
DOCUMENT = Document((RESULT,), RunInfo("0.1.0", "2026-01-02T03:04:05Z", 2.5))


def test_a_document_reads_back_as_written():
    assert from_json(to_json(DOCUMENT), "x") == DOCUMENT


RESULTS = st.lists(st.builds(Result), max_size=4, unique_by=lambda r: (r.sketch, r.board, r.backend)).map(
    lambda results: tuple(replace(r, seconds=tuple(dict(r.seconds).items())) for r in results)
)
st.register_type_strategy(float, st.floats(0, 1e12, allow_nan=False))
st.register_type_strategy(int, st.integers(0, 2**32))
SYMBOLS = st.dictionaries(st.text(), st.integers(0, 2**32)).map(lambda names: tuple(names.items()))
st.register_type_strategy(Flash, st.builds(Flash, symbols=SYMBOLS))
st.register_type_strategy(RamNeed, st.builds(RamNeed, symbols=SYMBOLS))
st.register_type_strategy(CanonicalTime, st.builds(CanonicalTime, functions=SYMBOLS))
# Further measures are rows of their own; tests of them are in tests/layout.
st.register_type_strategy(
    CallTree,
    st.lists(
        st.tuples(st.integers(-1, 20), st.text(max_size=5), st.integers(0, 2**40), st.integers(0, 9))
    ).map(
        lambda rows: CallTree(
            tuple(CallPath(min(parent, index - 1), *rest) for index, (parent, *rest) in enumerate(rows))
        )
    ),
)
st.register_type_strategy(Measures, st.builds(Measures, further=st.just(())))


@given(st.builds(Document, results=RESULTS))
def test_every_document_reads_back_as_written(document):
    text = to_json(document)
    assert from_json(text, "x") == document
    assert to_json(from_json(text, "x")) == text
    assert text.isascii()


def closed(schema):
    """The schema, with every key that it does not name forbidden."""
    schema = copy.deepcopy(schema)

    def walk(node):
        if isinstance(node, dict):
            if "properties" in node and node.get("required") != ["absent"]:
                node["additionalProperties"] = False
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema)
    return schema


@given(st.builds(Document, results=RESULTS))
def test_the_schema_names_every_key_that_is_written(document):
    jsonschema.validate(
        json.loads(to_json(document)), closed(load_schema("mlbench.results", "result.schema.json"))
    )


def test_every_field_of_a_result_is_in_the_schema():
    definitions = load_schema("mlbench.results", "result.schema.json")["$defs"]
    names = {
        "Flash": "flash",
        "UnusedRam": "unused_ram",
        "RamNeed": "ram_need",
        "Time": "time",
        "Result": "result",
    }
    for kind in (Flash, UnusedRam, RamNeed, Time, Result):
        assert is_dataclass(kind)
        definition = definitions[names[kind.__name__]]
        known = definition.get("else", definition)["properties"]
        assert {f.name for f in fields(kind)} - {"seconds", "cached"} == set(known)


def test_host_time_is_apart_from_what_is_compared():
    again = Document((replace(RESULT, seconds=(("build", 9.0),)),), RunInfo("0.1.0", "2027", 99.0))
    one, two = json.loads(to_json(DOCUMENT)), json.loads(to_json(again))
    assert json.dumps(one["results"]) == json.dumps(two["results"])
    assert one["run"] != two["run"]


def test_a_file_without_symbols_stays_readable():
    data = json.loads(to_json(DOCUMENT))
    for measure in ("flash", "ram_need"):
        for key in ("symbols", "unlisted"):
            del data["results"][0]["measures"][measure][key]
    (result,) = from_json(json.dumps(data), "x").results
    assert result.measures.flash == replace(RESULT.measures.flash, symbols=())
    assert result.measures.flash.unnamed == 70_000
    assert RESULT.measures.flash.unnamed == 69_940


CLOCKED = Time(87_817.0, 87_790.0, 87_902.0, 12, first_us=88_100.0, mad_us=12.0, resolution_us=1.0)


def test_what_a_boards_clock_says_of_itself_is_kept():
    measures = replace(RESULT.measures, inference_time=CLOCKED)
    document = Document((replace(RESULT, measures=measures),), RunInfo("0.1.0"))
    assert from_json(to_json(document), "x") == document


def test_a_time_without_a_clock_says_nothing_of_one():
    """In files of today and in those that were written before boards were measured."""
    data = json.loads(to_json(DOCUMENT))
    time = data["results"][0]["measures"]["init_time"]
    for key in ("first_us", "mad_us", "resolution_us"):
        assert time.pop(key) is None
    assert from_json(json.dumps(data), "x") == DOCUMENT


def test_an_absent_measure_says_why():
    data = json.loads(to_json(DOCUMENT))
    assert data["results"][0]["measures"]["inference_time"] == {"absent": "nothing was measured"}


def test_older_and_newer_files_of_this_format_are_read():
    data = json.loads(to_json(DOCUMENT))
    result = data["results"][0]
    for key in ("overflows", "failure", "notes", "serial", "instrument", "build"):
        del result[key]
    del result["measures"]["flash"]["overhead"]
    del data["run"]["jobs"]
    result["something_new"] = {"a": 1}
    result["measures"]["flash"]["new"] = 3
    (found,) = from_json(json.dumps(data), "x").results
    flash = replace(RESULT.measures.flash, overhead=None)
    assert found == replace(RESULT, seconds=(), measures=replace(RESULT.measures, flash=flash))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: "[1, 2", "x:1: not JSON"),
        (lambda data: "[1, 2]", "not a result file"),
        (lambda data: '{"schema": 3}', "not a result file"),
        (lambda data: "[" * 100_000, "not JSON"),
        (lambda data: {**data, "schema": "mlbench/result/2"}, "update mlbench"),
        (lambda data: {**data, "results": 3}, "results must be a list"),
        (lambda data: {"schema": data["schema"], "results": []}, "'run'"),
        (lambda data: {**data, "results": [{}]}, "results[0] needs the key"),
    ],
)
def test_what_is_not_a_result_file_is_named(change, words):
    changed = change(json.loads(to_json(DOCUMENT)))
    with pytest.raises(UsageError) as caught:
        from_json(changed if isinstance(changed, str) else json.dumps(changed), "x")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_number_that_json_does_not_have_is_refused():
    text = to_json(DOCUMENT).replace("14526.0", "NaN")
    with pytest.raises(UsageError, match="NaN is not a JSON number"):
        from_json(text, "x")


def test_a_missing_file(tmp_path):
    with pytest.raises(UsageError, match="cannot read the results"):
        read(tmp_path / "none.json")


def test_writing_makes_folders_and_leaves_nothing_else_behind(tmp_path):
    file = tmp_path / "a" / "b" / "out.json"
    write(DOCUMENT, str(file))
    write(DOCUMENT, str(file))
    assert read(file) == DOCUMENT
    assert [p.name for p in file.parent.iterdir()] == ["out.json"]


def test_the_mode_and_a_link_survive(tmp_path):
    file, link = tmp_path / "out.json", tmp_path / "link.json"
    file.write_text("old")
    file.chmod(0o600)
    link.symlink_to(file)
    write(DOCUMENT, str(link))
    assert link.is_symlink()
    assert read(file) == DOCUMENT
    assert file.stat().st_mode & 0o777 == 0o600


def test_dash_is_standard_output():
    out = io.StringIO()
    write(DOCUMENT, "-", out)
    assert from_json(out.getvalue(), "x") == DOCUMENT


def test_a_device_is_written_to_and_not_replaced():
    with pytest.raises(EnvironmentFault, match="No space left on device; free some space"):
        write(DOCUMENT, "/dev/full")
    assert Path("/dev/full").is_char_device()


def test_when_writing_fails_the_old_file_stays(tmp_path):
    """A file size limit stands for a full disk: the write itself fails half-way."""
    file = tmp_path / "out.json"
    write(DOCUMENT, str(file))
    before = file.read_bytes()
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mlbench.errors import MLBenchError\n"
        "from mlbench.results.result_file import read, write\n"
        "try:\n    write(read(Path(sys.argv[1])), sys.argv[1])\n"
        "except MLBenchError as error:\n    print(error); sys.exit(error.exit_status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.count("\n") == 1
    assert "the file that was there is unchanged; free some space" in done.stdout
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_a_folder_in_place_of_the_file(tmp_path):
    with pytest.raises(EnvironmentFault, match="choose another place"):
        write(DOCUMENT, str(tmp_path))

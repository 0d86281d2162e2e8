from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlbench.core.execution import OutputBuffer
from mlbench.errors import UsageError
from mlbench.results.comparison import Limit, Threshold
from mlbench.suite.suite_file import load_suite, parse_suite, virtual_us
from mlbench.suite.thresholds import thresholds_of

FOLDER = Path("/suite")


def read(text: str):
    return parse_suite(text, "mlbench.yml", FOLDER)


def error(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_shortest_suite_gives_the_defaults():
    (entry,) = read("sketches:\n  - path: models/kws\n")
    assert entry.name == "kws"
    assert entry.sketch == Path("models/kws")
    assert entry.board == "mlbench:nrf52840:nano33ble"
    assert entry.backend == "emulator"
    assert entry.source.url == ""
    assert entry.source.folder == FOLDER
    assert entry.where == "mlbench.yml:2"
    assert entry.timeout_us == 60e6
    assert entry.inferences == 3


def test_every_key_reaches_its_field():
    (entry,) = read(
        """\
version: 1
source: {url: "https://example.org/a.git", ref: v1, folder: sub, submodules: false}
sketches:
  - name: kws
    path: app/kws.ino
    board: arduino:mbed_nano:nano33ble
    backend: renode
    init: "Model::Model()"
    inference: "Model::inference(void*, void*)"
    output: {arg: 2, bytes: 4}
    libraries: [lib/one, lib/two]
    overlay: mend
    prepare: "python3 'make it.py' --fast"
    build_properties: {compiler.cpp.extra_flags: -DX=1, build.number: 7}
    ram: {min: 4, max: 200000, search: bisect}
    inferences: 5
    timeout: 500 ms
    serial: ignore
"""
    )
    assert entry.source.url == "https://example.org/a.git"
    assert entry.source.ref == "v1"
    assert entry.source.folder == Path("sub")
    assert not entry.source.submodules
    assert entry.backend == "renode"
    assert entry.functions.init == "Model::Model()"
    assert entry.functions.inference == "Model::inference(void*, void*)"
    assert entry.functions.outputs == (OutputBuffer(2, 4),)
    assert entry.libraries == (Path("lib/one"), Path("lib/two"))
    assert entry.overlay == (Path("mend"),)
    assert entry.prepare == ("python3", "make it.py", "--fast")
    assert entry.build_properties == ("compiler.cpp.extra_flags=-DX=1", "build.number=7")
    assert (entry.ram_min, entry.ram_max, entry.ram_search) == (4, 200000, "bisect")
    assert entry.inferences == 5
    assert entry.timeout_us == 500e3
    assert entry.serial == "ignore"
    assert entry.own_folder == FOLDER


def test_lists_of_boards_and_backends_make_several_entries_in_order():
    entries = read("sketches:\n  - {name: a, board: [x:y:one, x:y:two], backend: [emulator, renode]}\n")
    assert [(e.board, e.backend) for e in entries] == [
        ("x:y:one", "emulator"),
        ("x:y:one", "renode"),
        ("x:y:two", "emulator"),
        ("x:y:two", "renode"),
    ]


def test_a_sketch_overrides_the_defaults():
    one, two = read(
        "defaults: {board: x:y:z, inferences: 9, libraries: [l]}\n"
        "sketches:\n  - path: a\n  - {path: b, board: x:y:w, libraries: []}\n"
    )
    assert (one.board, one.inferences, one.libraries) == ("x:y:z", 9, (Path("l"),))
    assert (two.board, two.inferences, two.libraries) == ("x:y:w", 9, ())


def test_a_sketch_can_have_a_source_of_its_own_or_none():
    one, two, three = read(
        "source: {url: u, ref: r}\n"
        "sketches:\n  - path: a\n  - {path: b, source: {url: v}}\n  - {path: c, source: }\n"
    )
    assert (one.source.url, two.source.url, three.source.url) == ("u", "v", "")


def test_a_repository_may_be_a_folder_beside_the_suite():
    (entry,) = read("source: {url: ../models}\nsketches:\n  - path: a\n")
    assert entry.source.url == "/models"


def test_anchors_and_merge_keys_work():
    one, two = read("sketches:\n  - &a {path: a, inferences: 7}\n  - {<<: *a, path: b}\n")
    assert (one.name, one.inferences) == ("a", 7)
    assert (two.name, two.inferences) == ("b", 7)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("# nothing\n\n", 1, "empty"),
        ("- a\n- b\n", 1, "must be a mapping"),
        ("just text\n", 1, "must be a mapping"),
        ("defaults: {}\n", 1, "'sketches'"),
        ("sketches: []\n", 1, "sketches"),
        ("sketches:\n  - path: a\n    path: b\n", 3, "given twice, first in line 2"),
        ("sketches:\n  - path: a\n  inferences: 2\n", 3, "not valid YAML"),
        ("sketches:\n  - path: [a\n", 3, "not valid YAML"),
        ("sketches:\n  - path: a\n    inferance: f\n", 3, "did you mean 'inference'"),
        ("sketchs:\n  - path: a\n", 1, "sketches"),
        (
            "sketches:\n  - path: a\n    board: 12\n",
            3,
            "must be text or a list, not a number; put it in quotes",
        ),
        ("source:\n  url: u\n  ref: 1.10\nsketches:\n  - path: a\n", 3, "put it in quotes"),
        ("sketches:\n  - path: a\n    name: no\n", 3, "must be text, not false; put it in quotes"),
        ("sketches:\n  - path: a\n    timeout: 60\n", 3, "timeout"),
        ("sketches:\n  - path: a\n    timeout: '60'\n", 3, "with its unit"),
        ("sketches:\n  - path: a\n    backend: emulater\n", 3, "emulator, renode, board or none"),
        ("sketches:\n  - path: a\n    serial: maybe\n", 3, "exact, ignore"),
        ("sketches:\n  - path: a\n    output: {arg: 1}\n", 3, "'bytes'"),
        (
            "sketches:\n  - path: a\n    output:\n     - {arg: 1, bytes: 4}\n     - {arg: -1, bytes: 1}\n",
            5,
            "arg",
        ),
        ("sketches:\n  - path: a\n    ram: {min: 9, max: 3}\n", 3, "below min"),
        ("sketches:\n  - path: a\n    build_properties: [novalue]\n", 3, "key=value"),
        ('sketches:\n  - path: a\n    prepare: "say \'x"\n', 3, "arguments"),
        ("sketches:\n  - inferences: 3\n", 2, "needs its path"),
        ("sketches:\n  - path: ..\n", 2, "no name"),
        ("sketches:\n  - path: a\n    marks: library\n    init: f\n", 3, "exclude each other"),
        ("source:\n  ref: v1\nsketches:\n  - path: a\n", 2, "needs a url"),
        ("source:\n  url: u\n  folder: ../x\nsketches:\n  - path: a\n", 3, "outside the checkout"),
        ("sketches:\n  - path: a\n    true: 1\n", 3, "a key must be text"),
        ("sketches:\n  - path: a\n    name: 2020-13-45\n", 3, "put it in quotes"),
        (
            "sketches:\n  - path: a\n    name: !!python/object:os.system x\n",
            3,
            "not of a kind that is read here",
        ),
        ("sketches: &s\n  - *s\n", 1, "holds itself"),
        ("sketches:\n  - path: a\n\x07\n", 3, "not allowed"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
    ],
)
def test_bad_suites_name_their_line(text, line, words):
    message = error(text)
    assert message.startswith(f"mlbench.yml:{line}: "), message
    assert words in message


def test_two_sketches_of_one_name_name_both_lines():
    message = error("sketches:\n  - path: a/kws\n\n  - path: b\n  - path: c\n    name: kws\n")
    assert message == "mlbench.yml:6: two sketches are named 'kws', in lines 2 and 6; rename one of them"


def test_one_sketch_for_two_boards_is_not_two_sketches_of_one_name():
    assert len(read("sketches:\n  - {path: kws, board: [a:b:c, a:b:d]}\n")) == 2


def test_aliases_that_multiply_are_stopped():
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "too many values" in error("\n".join(rows))


def test_deep_nesting_is_one_line():
    assert "nested too deeply" in error("sketches: " + "[" * 5000 + "]" * 5000)


def test_a_file_is_named_as_the_user_sees_it(tmp_path, monkeypatch):
    (tmp_path / "mlbench.yml").write_text("sketches: 3\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^mlbench.yml:1: sketches must be a list"):
        load_suite(tmp_path / "mlbench.yml")


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(UsageError, match="cannot read the suite"):
        load_suite(tmp_path / "none.yml")
    (tmp_path / "mlbench.yml").write_bytes(b"sketches:\n  - path: \xff\xfe\n")
    with pytest.raises(UsageError, match=r"mlbench.yml:2: not UTF-8"):
        load_suite(tmp_path / "mlbench.yml")


@pytest.mark.parametrize(
    ("text", "us"), [("60 s", 60e6), ("500ms", 500e3), ("1.5 s", 1.5e6), ("2 min", 120e6)]
)
def test_times(text, us):
    assert virtual_us(text) == us


NAMES = st.text("abcdefghij", min_size=1, max_size=8)


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
def test_each_entry_knows_the_line_it_stands_in(names, data):
    """Whatever lies between the entries, an entry's line in the file is where its text is."""
    rows = ["sketches:"]
    for name in names:
        rows += data.draw(st.lists(st.sampled_from(["", "  # a remark", "# another"]), max_size=3))
        rows.append(f"  - path: {name}")
        rows += data.draw(st.lists(st.just("    # within"), max_size=2))
        rows.append("    inferences: 4")
    for entry in read("\n".join(rows)):
        line = int(entry.where.rpartition(":")[2])
        assert rows[line - 1] == f"  - path: {entry.name}"


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.data())
def test_an_unknown_key_is_named_with_its_line(names, data):
    rows = ["sketches:"]
    for name in names:
        rows += data.draw(st.lists(st.just("# remark"), max_size=2))
        rows += [f"  - path: {name}", "    serial: exact"]
    at = data.draw(st.sampled_from([i for i, row in enumerate(rows) if "serial" in row]))
    rows[at] = "    serail: exact"
    message = error("\n".join(rows))
    assert message.startswith(f"mlbench.yml:{at + 1}: unknown key 'serail'; did you mean 'serial'?")


KEYS = st.sampled_from(["sketches", "path", "name", "ram", "output", "source", "url", "board"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200) | VALUES.map(lambda value: yaml.safe_dump({"sketches": value})))
def test_no_text_at_all_breaks_the_reader(text):
    """Anything is either a suite or one usage error."""
    message = None
    try:
        read(text)
    except UsageError as caught:
        message = str(caught)
    if message is not None:
        assert message.startswith("mlbench.yml:")
        assert "\n" not in message


def test_an_output_is_an_argument_or_a_variable_or_ignored():
    one, two, three = read(
        "defaults: {output: {arg: 1, bytes: 4}, returns: ignore}\n"
        "sketches:\n  - path: a\n  - {path: b, output: [{symbol: scores, bytes: 40}], returns: exact}\n"
        "  - {path: c, output: ignore}\n"
    )
    assert (one.functions.outputs, one.functions.returns) == ((OutputBuffer(1, 4),), False)
    assert (two.functions.outputs, two.functions.returns) == ((OutputBuffer(None, 40, "scores"),), True)
    assert three.functions.outputs == ()


@pytest.mark.parametrize("output", ["{bytes: 4}", "{arg: 1, symbol: s, bytes: 4}"])
def test_an_output_names_one_place(output: str):
    said = error(f"sketches:\n  - path: a\n    output: {output}\n")
    assert said.startswith("mlbench.yml:3: an output names either an argument or a global variable")


def test_functions_have_limits_that_sketches_override(tmp_path: Path) -> None:
    text = """
thresholds:
  flash: {fail: 5 %}
  functions: {"tiny::dot": {warn: 1 %, fail: 5 %}, softmax: {fail: 50 us}}
sketches:
  - path: kws
    thresholds: {functions: {softmax: {fail: never}, "Model::run()": {fail: 2 ms}}}
"""
    file = tmp_path / "mlbench.yml"
    file.write_text(text)
    thresholds = thresholds_of(load_suite(file))
    assert thresholds.functions_of("kws") == ("function tiny::dot", "function Model::run()")
    assert thresholds.of("kws", "function tiny::dot") == Threshold(Limit(percent=1), Limit(percent=5))
    assert thresholds.of("another", "function softmax") == Threshold(fail=Limit(amount=50))
    with pytest.raises(UsageError, match="has no unit 'KiB'") as error:
        parse_suite(text.replace("2 ms", "2 KiB"), "mlbench.yml", tmp_path)
    assert error.value.where == "mlbench.yml:7"

"""YAML that anybody may have written: plain data, or one line with file and line, in bounded memory."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlbench.boards.catalog import read_definition
from mlbench.errors import UsageError
from mlbench.suite.discovery import default_board
from mlbench.suite.suite_file import load_suite, suite_of
from mlbench.util.yaml_lines import MOST_BYTES, parse

NASTY = {
    '!!int ""': "not a whole number",
    "!!int _": "not a whole number",
    "!!int '-'": "not a whole number",
    "!!int 09": "not a whole number",
    "!!int 1:x": "not a whole number",
    "!!int [1]": "may not stand here",
    "!!bool maybe": "not true or false",
    "!!float x": "not a number",
    '!!float ""': "not a number",
    "!!float 1:x": "not a number",
    "!!null 7": "not empty",
    "!!timestamp soon": "not of a kind that is read here",
    "2020-02-31": "not of a kind that is read here",
    "2020-02-03": "not of a kind that is read here",
    "!!binary aGVsbG8=": "not of a kind that is read here",
    "!!binary x": "not of a kind that is read here",
    "!!set {a, b}": "may not stand here",
    "!!python/object/apply:os.getcwd []": "may not stand here",
    "!mine x": "not of a kind that is read here",
    "=": "not of a kind that is read here",
    ".inf": "out of bounds",
    "-.inf": "out of bounds",
    ".nan": "out of bounds",
    "1.0e+300": "out of bounds",
    "0x" + "f" * 5000: "out of bounds",
    "0b" + "1" * 9000: "out of bounds",
    "0" + "7" * 9000: "out of bounds",
    "9" * 9000: "out of bounds",
    "1" + ":59" * 3000: "out of bounds",
    "1" + ":59" * 3000 + ".5": "out of bounds",
    '"\\U00110000"': "no character",
    '"\\Uffffffff"': "no character",
    '"\\ud800"': "no character",
    '"\\0"': "no character",
}


@pytest.mark.parametrize("text", NASTY, ids=lambda text: str(text)[:40])
def test_values_that_cannot_be_read(text: str):
    with pytest.raises(UsageError) as caught:
        parse(f"a: 1\nb:\n  - {text}\n", "mine.yml")
    assert str(caught.value).startswith("mine.yml:3: ")
    assert NASTY[text] in caught.value.what
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("text", NASTY, ids=lambda text: str(text)[:40])
def test_keys_that_cannot_be_read(text: str):
    with pytest.raises(UsageError, match=r"mine\.yml:2: "):
        parse(f"a: 1\n? {text}\n: 2\n", "mine.yml")


def test_ordinary_values():
    text = (
        "{a: 1, b: -0x10, c: 1.5, d: yes, e: , f: ~, g: 1_000, h: 1:30, i: 017, j: '2020-02-03', k: !!str 7}"
    )
    values = {"a": 1, "b": -16, "c": 1.5, "d": True, "e": None, "f": None, "g": 1000, "h": 90, "i": 15}
    assert parse(text, "mine.yml").data == {**values, "j": "2020-02-03", "k": "7"}


def test_merged_keys():
    text = "a: &a {x: 1, y: {z: 2}}\nb: &b\n  <<: *a\n  x: 3\nc: *b\nd:\n  <<: [*b, {x: 4, w: 5}]\n"
    document = parse(text, "mine.yml")
    merged = {"x": 3, "y": {"z": 2}}
    assert document.data["b"] == document.data["c"] == merged
    assert document.data["d"] == {**merged, "w": 5}
    assert document.line(("b", "x")) == 4
    assert document.line(("b", "y", "z")) == 1


def bomb(levels: int, first: str, level: str) -> str:
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {level.format(*[f'*a{n - 1}'] * 9)}" for n in range(1, levels)]
    return "\n".join(lines)


BOMBS = {
    "lists": (bomb(12, "[x]", "[{}, {}, {}, {}, {}, {}, {}, {}, {}]"), "too many values"),
    "merges": (bomb(12, "{k: x}", "{{<<: [{}, {}, {}, {}, {}, {}, {}, {}, {}]}}"), "too many values"),
    "merges inside": (
        f"a: &m0 {{<<: [{'&m1 {<<: ['}{'&m2 {<<: [&m3 {<<: [&m4 {<<: [&m5 {<<: [&m6 {k: 1}'}"
        + "".join(f"{', *m' + str(n)} " * 30 + "]}" for n in range(6, 0, -1)),
        "too many values",
    ),
    "unknown keys": ("".join(f"key{n}: 1\n" for n in range(60_000)), "too many values"),
    "long text": (f"a: &a {'x' * 500_000}\nb: [{'*a, ' * 90_000}]", "too many values"),
    "long key": (f"a: &a\n  ? {'x' * 500_000}\n  : 1\nb: [{'*a, ' * 90_000}]", "too many values"),
    "long chain": ("a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000)), "deep"),
    "flow": ("a: " + "[" * 100_000, "deep"),
    "block": ("- " * 5000 + "x", "deep"),
    "keys": ("? " * 5000 + "x", "deep"),
    "itself": ("a: &a [*a]", "holds itself"),
    "merged itself": ("a: &a {<<: *a}", "holds itself"),
    "key itself": ("a: &a {? *a : 1}", "must be text"),
    "size": ("# " + "x" * MOST_BYTES, "more than 1 MiB"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_bounded_memory(name: str, tmp_path: Path):
    text, what = BOMBS[name]
    file = tmp_path / "mlbench.yml"
    file.write_text(text, encoding="utf-8")
    script = (
        "import resource, sys, pathlib, yaml, jsonschema\n"
        "from mlbench.suite.suite_file import load_suite\n"
        "resource.setrlimit(resource.RLIMIT_AS, (768 << 20, 768 << 20))\n"
        "load_suite(pathlib.Path(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, file], capture_output=True, text=True, timeout=300)
    last = done.stderr.splitlines()[-1]
    assert "UsageError" in last, last[:300]
    assert what in last
    assert "mlbench.yml:" in last or name == "size"
    assert len(last) < 400


def test_a_sketch_file_that_is_too_large(tmp_path: Path):
    (tmp_path / "sketch.yaml").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=r"sketch\.yaml: more than 1 MiB"):
        default_board(tmp_path)


def test_a_file_without_an_end(tmp_path: Path):
    suite = tmp_path / "mlbench.yml"
    suite.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="more than 1 MiB"):
        load_suite(suite)


PLACES = (
    "sketches: [{{path: a, name: {0}}}]",
    "sketches:\n  - path: {0}",
    "sketches: [{{path: a}}]\ndefaults: {{board: {0}, build: {0}}}",
    "sketches: [{{path: a, ram: {{min: {0}, max: {0}}}, inferences: {0}, timeout: {0}}}]",
    "sketches: [{{path: a, thresholds: {{flash: {0}}}, output: {{arg: {0}, bytes: {0}}}}}]",
    "sketches: [{{path: a, init: {0}, prepare: {0}, libraries: [{0}], source: {{git: {0}, ref: {0}}}}}]",
    "{0}: 1",
    "? {0}\n: {0}",
    "id: {0}\nname: {0}\nflash: {{size: {0}}}\nram: {0}\nsources: [{0}]\nupload: {{command: [{0}]}}",
    "a: &a {0}\nb: {{<<: *a, c: *a}}\nd: [*a, {0}]",
)
TAGS = (
    *(
        "",
        "",
        "",
        "!!int ",
        "!!float ",
        "!!bool ",
        "!!null ",
        "!!str ",
        "!!timestamp ",
        "!!binary ",
        "!!map ",
    ),
    *("!!seq ", "!!set ", "!!omap ", "!!merge ", "!!value ", "!x ", "&b ", "*b ", "! "),
)
PIECES = (
    *("0x", "0b", "0o", "0", "7", "9", "1_", "_", ":59", ":", ".", "e+", "E-9", "+", "-", ".inf", ".NaN"),
    *(
        "true",
        "NO",
        "~",
        "null",
        "2020-01-01",
        "T1:2:3",
        "Z",
        '"',
        "'",
        "\\U00110000",
        "\\ud800",
        "\\x00",
        "\\",
    ),
    *("[", "]", "{", "}", ",", "? ", "<<", "=", "|", ">", "@", "`", "%", "#", "*a", "&c ", "a"),
    *("\t", "\n", " ", "\u2028", "\x85", "\ufeff", "\x01", "\U0001f600", "\xe4"),
)


def scalar(choice: random.Random) -> str:
    text = "".join(choice.choice(PIECES) for _ in range(choice.randrange(7)))
    text *= choice.choice((1, 1, 1, 1, 2, 50, 3000))
    if choice.random() < 0.3:
        text = f'"{text}"'
    return choice.choice(TAGS) + text


def readings(text: str) -> list[str]:
    messages = []
    for read in (
        lambda: parse(text, "mine.yml"),
        lambda: suite_of(text, "mine.yml", Path("mine.yml")),
        lambda: read_definition(text, "mine.yml"),
    ):
        try:
            result: Any = read()
            str(result).encode("utf-8")
        except UsageError as error:
            messages.append(str(error))
    return messages


def test_generated_scalars():
    seed = 20261129
    print(f"seed {seed}")
    choice = random.Random(seed)
    for number in range(1500):
        text = choice.choice(PLACES).format(scalar(choice))
        try:
            messages = readings(text)
        except Exception as error:
            raise AssertionError(f"text {number}: {text[:400]!r}") from error
        for message in messages:
            assert message.startswith("mine.yml:"), (number, text[:400])
            assert len(message.splitlines()) == 1, (number, message)
            assert len(message) < 2000, (number, len(message))

"""Mutations of mlbench.yml: texts with every key, changed by lines, values and characters."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from mlbench.compare import thresholds_of
from mlbench.errors import UsageError
from mlbench.suite.options import RunOptions
from mlbench.suite.selection import select

TEXTS = (
    """\
version: 1
source: {url: "https://example.org/a.git", ref: v1, folder: sub, submodules: false}
defaults: &all
  backend: emulator
  inferences: 5
sketches:
  - name: kws
    path: app/kws.ino
    board: mlbench:nrf52840:nano33ble
    init: "Model::Model()"
    inference: "Model::inference(void*, void*)"
    output: {arg: 2, bytes: 4}
    libraries: [lib/one, lib/two]
    overlay: mend
    prepare: "python3 'make it.py' --fast"
    build_properties: {compiler.cpp.extra_flags: -DX=1, build.number: 7}
    ram: {min: 4, max: 200000, search: bisect}
    inferences: 5
    timeout: 2 min
  - path: app/other.ino
    board: [mlbench:nrf52840:nano33ble, arduino:mbed_nano:nano33ble]
    output: [{symbol: result, bytes: 4}, {arg: 0, bytes: 10}]
    returns: ignore
    serial: exact
thresholds:
  flash: {fail: 1 KiB}
  unused_ram: {warn: 512 B, fail: [5 %, 2 KiB]}
  inference_time: {fail: 2 %}
  init_time: {warn: 1 %, fail: never}
""",
    """\
sketches:
- path: models/kws
- path: models/person   # a comment
  thresholds: {flash: {fail: 5 %}}
- {path: 'models/person', name: "p\\u00e9", timeout: 500 ms, marks: library}
""",
    """\
version: 1
defaults: &base {board: 'mlbench:nrf52840:nano33ble', inference: infer}
sketches:
- {<<: *base, path: one}
- <<: [*base, {inferences: 7}]
  path: two
  prepare: |
    make model
""",
)
"""Each is right, and has other things in it."""
_VALUES = (
    *('""', "~", "null", "yes", "no", "1", "-1", "0", "1e400", ".inf", ".nan", "0x7fffffffffffffff", "1_000"),
    *("190:20:30", "0o17", "99999999999999999999", "'text'", "[]", "{}", "[[[[[[]]]]]]", "{a: {b: {c: 1}}}"),
    *("!!int ''", "!!bool maybe", "!!float x", "!!binary '?'", "!!timestamp x", "!!python/name:os.system ''"),
    *('"\\U00110000"', '"\\ud800"', '"\\0"', '"a\\nb"', "'\x1b[2J'", "&a [*a]", "*missing", "2001-01-01"),
    *(
        "../../../../etc/passwd",
        "/dev/zero",
        "C:\\x",
        "~root",
        "a" * 5000,
        "é\u202e",
        "- - - -",
        "? x",
        "|2\n x",
    ),
    *("{<<: 1}", "!!set {a, b}", "!!omap [a: 1]", "!local x", "%YAML 9.9", "--- x", "1 % %", "-5 %", "5 kB"),
)
_KEYS = ("version", "source", "sketches", "path", "name", "board", "backend", "init", "inference", "output",
         "libraries", "overlay", "prepare", "build_properties", "ram", "inferences", "timeout", "thresholds",
         "flash", "serial", "<<", "symbol", "arg", "bytes", "unknown", "1", "?", "!!null ''")  # fmt: skip
_CHARACTERS = "\t\r\0\x07\x85\u2028\ufeff:-#&*!|>'\"%@`{}[],? \n"


def text_of(seed: str, number: int) -> str:
    """The text that a seed has by this number."""
    draw = random.Random(f"{seed} yml {number}")
    text = draw.choice(TEXTS)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        text = draw.choice((_value,) * 6 + (_key, _key, _line, _lines, _character, _deep))(draw, text)
    return text


def _value(draw: random.Random, text: str) -> str:
    """Another value behind a colon or a dash."""
    places = [n for n in range(len(text) - 1) if text[n : n + 2] in (": ", "- ")]
    if not places:
        return text
    at = draw.choice(places) + 2
    end = min((place for sign in "\n,}]" if (place := text.find(sign, at)) >= 0), default=len(text))
    return text[:at] + draw.choice(_VALUES) + text[end:]


def _key(draw: random.Random, text: str) -> str:
    """Another key in front of a colon, or one more line."""
    lines = text.splitlines()
    at = draw.randrange(len(lines) + 1)
    indent = " " * draw.choice((0, 2, 4))
    lines.insert(at, f"{indent}{draw.choice(_KEYS)}: {draw.choice(_VALUES)}")
    return "\n".join(lines) + "\n"


def _line(draw: random.Random, text: str) -> str:
    """A line that is gone, comes twice, or is indented otherwise."""
    lines = text.splitlines() or [""]
    at = draw.randrange(len(lines))
    kind = draw.randrange(3)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    else:
        lines[at] = draw.choice((" ", "    ", "\t", "- ")) + lines[at].lstrip()
    return "\n".join(lines) + "\n"


def _lines(draw: random.Random, text: str) -> str:
    """Many lines alike."""
    lines = text.splitlines() or [""]
    at = draw.randrange(len(lines))
    return "\n".join([*lines[:at], *[lines[at]] * draw.choice((10, 1000)), *lines[at:]]) + "\n"


def _character(draw: random.Random, text: str) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] + draw.choice(_CHARACTERS) * draw.choice((1, 1, 3)) + text[at + draw.randrange(2) :]


def _deep(draw: random.Random, text: str) -> str:
    """Values within values, or names that stand for names."""
    if draw.random() < 0.5:
        signs = draw.choice(("[", "{a: ", "- ", "? ", "!!seq ["))
        return text + "deep: " + signs * draw.choice((20, 200, 3000)) + "\n"
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    return f"l0: &l0 [x, x]\n{levels}{text}"


def ask_suite(text: str, folder: Path) -> str:
    """What mlbench says of a suite of this text, which is an error of usage; empty where it takes it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for place in ("models/kws", "models/person", "app", "one", "two", "sub/app"):
        (folder / place).mkdir(parents=True)
    for place in ("models/kws/kws.ino", "models/person/person.ino", "app/kws.ino", "app/other.ino"):
        (folder / place).write_text("void setup() {}\nvoid loop() {}\n")
    path = folder / "mlbench.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        selection = select(RunOptions(), folder)
        assert selection.suite is not None
        thresholds_of(selection.suite)
    except UsageError as error:
        return str(error)
    return ""

"""What is shown, against golden files. To renew them: MLBENCH_GOLDEN=write pytest tests/reports."""

from __future__ import annotations

import io
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendered import OURS, page, row_widths
from test_escaping import EVIL as ANYTHING

from mlbench.core.execution import Frame
from mlbench.core.firmware import Diagnostic, Overflow
from mlbench.reports.markdown import to_markdown
from mlbench.reports.table import make_table, plain
from mlbench.reports.terminal import show
from mlbench.results.values import (
    Absent,
    Amount,
    Failure,
    Flash,
    Measures,
    RamNeed,
    Result,
    Status,
    Time,
    UnusedRam,
)
from mlbench.util.text import printable

GOLDEN = Path(__file__).parent / "golden"
NANO = "arduino:mbed_nano:nano33ble"
OWN = "mlbench:nrf52840:nano33ble"
MEASURES = Measures(
    flash=Flash(148_152, ((".text", 148_000), (".data", 152)), overhead=83_400),
    unused_ram=UnusedRam(137_332, "replay", True, 3, 41),
    ram_need=RamNeed(98_304, 60_000, 30_000, 8_304),
    init_time=Time(14_526.25, 14_526.25, 14_526.25, 1),
    inference_time=Time(53_654.0, 53_654.0, 53_654.0, 3),
)
GOOD = Result("kws graph", OWN, "emulator", Status.OK, MEASURES)
ISLANDS = ((231_000, 231_007), (235_000, 236_000))
FLAGGED = replace(
    GOOD,
    sketch="kws aot",
    measures=replace(
        MEASURES,
        unused_ram=UnusedRam(230_836, "replay", True, 9, 300, ISLANDS, overlap=9_896),
        inference_time=Time(53_654.0, 53_100.5, 54_000.0, 3),
    ),
)
UNFIT = Absent("does not fit the board: it cannot run")
STARRED = replace(
    GOOD,
    sketch="person aot",
    status=Status.DOES_NOT_FIT,
    measures=Measures(Flash(530_624, (), starred=True, overhead=83_400), UNFIT, UNFIT, UNFIT, UNFIT),
    overflows=(Overflow("RAM", 42_300),),
)
UNNAMED = replace(
    GOOD,
    sketch="plain",
    measures=replace(
        MEASURES,
        **dict.fromkeys(("unused_ram", "init_time", "inference_time"), Absent("no functions are named")),
    ),
    notes=('to measure the rest, add to mlbench.yml: inference: "infer(void*)"',),
)
PROPOSED = replace(
    GOOD,
    sketch="proposed",
    measures=replace(
        MEASURES,
        unused_ram=replace(MEASURES.unused_ram, proposed="Net::predict(float)"),
        init_time=replace(MEASURES.init_time, proposed="Net::Net()"),
        inference_time=replace(MEASURES.inference_time, proposed="Net::predict(float)"),
    ),
)
TWELVE = Time(87_817.0, 87_790.0, 87_902.0, 12, first_us=88_100.0, mad_us=12.0, resolution_us=1.0)
DEAD = Absent("the sketch failed")
FAULTED = replace(
    GOOD,
    sketch="hangs",
    status=Status.FAILED,
    measures=Measures(MEASURES.flash, DEAD, DEAD, DEAD, DEAD),
    failure=Failure(
        "hung in TVMPlatformAbort",
        (
            Frame(0x10100, "TVMPlatformAbort", "model.c", 88),
            Frame(0x10200, "Model::Model()"),
            Frame(0x10300, ""),
        ),
    ),
)
BROKEN = replace(
    GOOD,
    sketch="broken",
    status=Status.FAILED,
    measures=Measures(DEAD, DEAD, DEAD, DEAD, DEAD),
    failure=Failure(
        "the sketch does not compile",
        diagnostics=(
            Diagnostic("warning", "unused", "broken.ino", 2, 1),
            Diagnostic("error", "'x' was not declared", "broken.ino", 7, 3),
        ),
    ),
)
ALL = (GOOD, FLAGGED, STARRED, UNNAMED, FAULTED, BROKEN)
CLOCKED = tuple(
    replace(
        GOOD, sketch=name, backend="board", measures=replace(MEASURES, init_time=init, inference_time=time)
    )
    for name, init, time in (
        ("twelve", Time(14_526.0, 14_526.0, 14_526.0, 1, resolution_us=1.0), TWELVE),
        (
            "two",
            Time(14_526.0, 14_520.0, 14_530.0, 2, mad_us=0.5, resolution_us=1.0),
            replace(TWELVE, count=1, mad_us=None),
        ),
        ("once", Absent("no functions are named"), Time(87_817.0, 87_817.0, 87_817.0, 1, resolution_us=1.0)),
    )
)
TWO_BOARDS = (GOOD, replace(GOOD, board=NANO), replace(STARRED, board=NANO, backend="renode"))


def golden(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("MLBENCH_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "results"),
    [
        ("one", (GOOD,)),
        ("all", ALL),
        ("boards", TWO_BOARDS),
        ("proposed", (GOOD, PROPOSED)),
        ("clock", CLOCKED),
        ("clock-and-emulator", (GOOD, *CLOCKED)),
    ],
)
def test_tables_are_as_in_the_golden_files(name, results):
    golden(f"{name}.txt", plain(make_table(results)))
    golden(f"{name}.md", to_markdown(results))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(results, monkeypatch, **environment) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = Terminal()
    show(make_table(results), out)
    return out.getvalue()


def test_a_terminal_gets_lines_and_colours(monkeypatch):
    text = shown(ALL, monkeypatch, TERM="xterm-256color", COLUMNS="140")
    assert "\x1b[31m" in text
    assert "╭" in text
    for figure in ("148,152", "530,624*", "137,332", "14.526", "hung in TVMPlatformAbort"):
        assert figure in text


def test_no_color_is_respected(monkeypatch):
    text = shown(ALL, monkeypatch, TERM="xterm-256color", COLUMNS="140", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)
    assert "╭" in text


def test_a_dumb_terminal_and_a_pipe_get_plain_text(monkeypatch):
    expected = plain(make_table(ALL))
    assert shown(ALL, monkeypatch, TERM="dumb") == expected
    out = io.StringIO()
    show(make_table(ALL), out)
    assert out.getvalue() == expected


EVIL = replace(
    FAULTED,
    sketch="[red]x[/red]\x1b[2J\n| @octocat #1 <img src=x> \u202e`",
    failure=Failure("printed \x1b]0;title\x07", (Frame(1, "f\x1b[31m"),)),
    notes=("a\r\nb",),
)


def test_what_a_sketch_says_cannot_steer_the_report(monkeypatch):
    for text in (
        plain(make_table((EVIL,))),
        shown((EVIL,), monkeypatch, TERM="xterm", COLUMNS="300", NO_COLOR="1"),
    ):
        bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert "\x1b" not in bare
        assert "\x07" not in bare
        assert "\u202e" not in bare
        assert "[red]x[/red]\\x1b[2J\\n| @octocat" in bare
    text = to_markdown((EVIL,))
    assert "\x1b" not in text
    assert "@octocat" not in text
    assert "<img" not in text
    row = next(line for line in text.splitlines() if "img" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 8


@given(st.text())
def test_printable_text_is_one_harmless_line(text):
    shown = printable(text)
    assert all(c == " " or unicodedata.category(c)[0] not in "CZ" for c in shown)
    assert printable(shown) == shown
    if text.isascii() and text.isprintable():
        assert shown == text


@given(ANYTHING)
def test_the_markdown_table_stays_one(text):
    evil = replace(
        FAULTED,
        sketch=text,
        failure=Failure(text),
        measures=replace(UNNAMED.measures, init_time=Absent(text)),
    )
    markdown = to_markdown((evil, replace(UNNAMED, sketch=text), replace(BROKEN, sketch=text), GOOD))
    assert row_widths(markdown) == [{7}]
    shown = page(markdown)
    assert shown.elements <= OURS | {"sup"}
    assert shown.tables == [[7, 7, 7, 7, 7]]
    assert shown.links == []
    assert shown.unbalanced == []
    assert "" not in shown.cells


STATIC = ("static_ram", Amount(1_234))
NOT_RUN = Measures.none(Absent("nothing runs it"), Flash(5_000, ()), (STATIC,))


def headings(*results: Result) -> list[str]:
    table = make_table(results)
    text = plain(table)
    assert all(("Static RAM" in drawn) == ("Static RAM" in text) for drawn in (to_markdown(results), text))
    return [column.name for column in table.columns if column.figures]


def test_static_ram_has_a_column_where_nothing_on_a_board_has_a_ram_need() -> None:
    usual = ["Flash", "Overhead", "Unused RAM", "RAM need", "Init", "Inference"]
    ran = replace(GOOD, measures=replace(MEASURES, further=(STATIC,)))
    unnamed = replace(GOOD, sketch="empty", measures=NOT_RUN)
    elsewhere = replace(unnamed, board="acme:classic:one", backend="none")
    assert headings(ran) == headings(ran, unnamed) == usual
    assert headings(unnamed) == headings(ran, elsewhere) == [*usual[:3], "Static RAM", *usual[3:]]
    lines = plain(make_table((ran, elsewhere))).splitlines()
    assert [line.split().count("1,234") for line in lines if "kws" in line or "empty" in line] == [1, 1]

"""Thresholds as suites say them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlbench.compare import Thresholds, changed_thresholds, thresholds_of
from mlbench.core.measures import MeasureKind, keys, rows
from mlbench.errors import UsageError
from mlbench.results.comparison import Limit, Threshold
from mlbench.suite.suite_file import load_suite, suite_of
from mlbench.suite.thresholds import ThresholdError, limit_of, shown_limit

MEASURES = keys()
TIMES = {measure.key for measure in rows() if measure.kind is MeasureKind.TIME}


def read(text: str) -> Thresholds:
    return thresholds_of(suite_of(text, "mlbench.yml", Path("/suite/mlbench.yml")))


@pytest.mark.parametrize(
    ("measure", "given", "limit"),
    [
        ("flash", "5 %", Limit(percent=5)),
        ("flash", "5%", Limit(percent=5)),
        ("flash", "0.5 %", Limit(percent=0.5)),
        ("flash", "+1 KiB", Limit(1024)),
        ("flash", "1.5 kB", Limit(1500)),
        ("ram_need", "2 MiB", Limit(2 * 1024 * 1024)),
        ("unused_ram", "0 B", Limit(0)),
        ("init_time", "2 ms", Limit(2000)),
        ("inference_time", "70 us", Limit(70)),
        ("inference_time", ["5 %", "0.1 s"], Limit(100_000, 5)),
        ("flash", ["1 KiB", "5 %"], Limit(1024, 5)),
        ("flash", "never", Limit()),
    ],
)
def test_limits(measure, given, limit):
    assert limit_of(measure, given) == limit


@pytest.mark.parametrize(
    ("measure", "given"),
    [
        ("flash", 5),
        ("flash", "5"),
        ("flash", "-5 %"),
        ("flash", "5 ms"),
        ("flash", "5 KB"),
        ("init_time", "5 KiB"),
        ("init_time", "5 min"),
        ("flash", "nan %"),
        ("flash", "1e9 %"),
        ("flash", ""),
        ("flash", []),
        ("flash", ["5 %", "6 %"]),
        ("flash", ["never", "5 %"]),
        ("flash", True),
    ],
)
def test_what_is_no_limit(measure, given):
    with pytest.raises(ThresholdError):
        limit_of(measure, given)


@given(st.sampled_from(MEASURES), st.integers(0, 10**9), st.integers(0, 1000))
def test_amounts_come_back(measure, amount, percent):
    unit = "us" if measure in TIMES else "B"
    limit = limit_of(measure, [f"{amount} {unit}", f"{percent} %"])
    assert limit == Limit(amount, percent)
    shown = shown_limit(measure, limit)
    assert f"{percent} %" in shown
    assert f"{amount:,}" in shown


def test_a_sketch_goes_before_the_defaults_and_those_before_the_top():
    found = read(
        "thresholds: {flash: {warn: 1 B, fail: 1 %}, ram_need: {fail: 3 B}}\n"
        "defaults:\n  thresholds: {flash: {fail: 2 %}}\n"
        "sketches:\n  - path: a\n  - path: b\n"
        "    thresholds: {flash: {fail: never}, init_time: {warn: 1 ms}}\n"
    )
    assert found.of("a", "flash") == Threshold(Limit(1), Limit(percent=2))
    assert found.of("a", "ram_need") == Threshold(fail=Limit(3))
    assert found.of("b", "flash") == Threshold(Limit(1))
    assert found.of("b", "init_time") == Threshold(Limit(1000))
    assert found.of("a", "init_time") == Threshold()
    assert found.of("not in the suite", "flash") == Threshold(Limit(1), Limit(percent=2))


def test_without_thresholds_there_is_none():
    assert not read("sketches: [{path: a}]\n")
    assert not read("thresholds:\nsketches: [{path: a}]\n")
    assert not read("thresholds: {flash: {warn: never}}\nsketches: [{path: a}]\n")
    assert read("thresholds: {flash: {warn: 1 B}}\nsketches: [{path: a}]\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flash: {fail: 5}", "mlbench.yml:2: thresholds: flash: 5 is no limit"),
        ("flash: {fail: 5 ms}", "mlbench.yml:2: thresholds: flash has no unit 'ms'; use one of: %, B"),
        ("init_time: {warn: [1 ms, 2 ms]}", "mlbench.yml:2: thresholds: init_time: '2 ms' is the second"),
        ("flsh: {fail: 5 %}", "mlbench.yml:2: unknown key 'flsh'; did you mean 'flash'"),
        ("flash: {fial: 5 %}", "mlbench.yml:2: unknown key 'fial'; did you mean 'fail'"),
        ("flash: 5 %", "mlbench.yml:2: thresholds.flash must be a mapping"),
        ("flash: {fail: }", "mlbench.yml:2: thresholds.flash.fail must be"),
    ],
)
def test_errors_name_the_line(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mlbench.yml").write_text(f"thresholds:\n  {text}\nsketches: [{{path: a}}]\n")
    with pytest.raises(UsageError) as error:
        load_suite(Path("mlbench.yml"))
    assert str(error.value).startswith(said)


def test_an_error_in_a_sketch_names_its_own_line():
    with pytest.raises(UsageError, match=r"^mlbench.yml:4: "):
        read(
            "thresholds: {flash: {fail: 5 %}}\nsketches:\n  - path: a\n    thresholds: {flash: {warn: 5 x}}\n"
        )


# -- changes of thresholds -----------------------------------------------------------------------

STRICT = (("flash", Threshold(fail=Limit(percent=5))),)
LOOSE = (("flash", Threshold(fail=Limit(percent=50))),)


def test_equal_thresholds_are_no_news():
    base = Thresholds(STRICT, (("kws", STRICT),))
    assert changed_thresholds(base, base) == ()
    assert changed_thresholds(base, replace(base, sketches=(*base.sketches, ("new", LOOSE)))) == ()


def test_a_general_change_is_told_once():
    base, head = Thresholds(STRICT, (("kws", STRICT),)), Thresholds(LOOSE, (("kws", LOOSE),))
    said = "the threshold of every sketch (flash, fail) is changed from 5 % to 50 %"
    assert changed_thresholds(base, head) == (said,)


def test_one_sketchs_change_is_told():
    base, head = Thresholds(STRICT, (("kws", STRICT),)), Thresholds(STRICT, (("kws", ()),))
    said = "the threshold of kws (flash, fail) is changed from 5 % to never"
    assert changed_thresholds(base, head) == (said,)


def test_new_and_dropped_thresholds_are_told():
    said = "the threshold of every sketch (flash, fail) is changed from never to 5 %"
    assert changed_thresholds(Thresholds(), Thresholds(STRICT)) == (said,)
    gone = changed_thresholds(Thresholds(STRICT, (("kws", STRICT),)), Thresholds())
    assert gone == ("the threshold of every sketch (flash, fail) is changed from 5 % to never",)

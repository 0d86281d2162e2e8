"""What the terminal shows of a comparison."""

from __future__ import annotations

from dataclasses import replace

from comparables import BUILD, INSTRUMENT, emulated, failed, result, sets, skipped
from hypothesis import given, settings

from mlbench.compare import Thresholds, accepted, compare
from mlbench.reports.comparison_table import change_table
from mlbench.reports.table import plain
from mlbench.results.comparison import Limit, Side, Threshold
from mlbench.results.values import Absent, Flash, RamNeed, UnusedRam

FAILING = Thresholds((("flash", Threshold(fail=Limit(0))),))


def lines(*args: object, **keys: object) -> list[str]:
    return plain(change_table(compare(*args, **keys))).splitlines()


def flash(size: int) -> object:
    return result(flash=Flash(size, ()))


def test_a_measure_that_moved_has_a_row():
    said = lines(
        [flash(1000)], [flash(1100)], FAILING, base_side=Side("a" * 40, label="merge base with main")
    )
    assert said[0] == "change against merge base with main aaaaaaaaaaaa"
    (row,) = (line for line in said if line.startswith("kws "))
    assert row.split() == [
        "kws",
        "flash",
        "bytes",
        "1,000",
        "1,100",
        "+100",
        "+10",
        "%",
        "FAIL",
    ] or row.split()[-2:] == ["%", "FAIL"]


def test_what_did_not_move_is_one_line():
    said = lines([result(), result("har")], [result(), result("har")])
    assert said[-2] == "note: unchanged: kws, har"


def test_a_sketch_of_which_only_flash_is_known_is_unchanged_too():
    absent = Absent("no functions are named")
    only = result(unused_ram=absent, ram_need=absent, init_time=absent, inference_time=absent)
    assert lines([only], [only])[-2] == "note: unchanged: kws"
    assert "note: kws: nothing that is on both sides has changed" in lines([result()], [only])


def test_what_was_compared_is_told_also_where_nothing_changed():
    absent = Absent("no functions are named")
    only = result("har", unused_ram=absent, ram_need=absent, init_time=absent, inference_time=absent)
    found = lines([result(), only], [result(), only])
    assert not [line for line in found if line.startswith("Sketch")]
    (told,) = (line for line in found if line.startswith("note: compared: "))
    assert told.startswith("note: compared: flash of 2 sketches, unused RAM of 1 sketch, ")
    assert lines([], [])[-1] == "note: compared: nothing, as no figure is on both sides"


def test_ram_need_stands_beside_unused_ram():
    head = result(unused_ram=UnusedRam(95_904, "replay", True, 3, 9))
    said = lines([result()], [head])
    assert any("RAM need" in line and "60,000" in line for line in said)
    others = [line for line in lines([flash(1)], [flash(2)]) if not line.startswith("note: compared")]
    assert not any("RAM need" in line for line in others)
    grown = result(ram_need=RamNeed(60_001, 0, 0, 0))
    assert not any(line.startswith("kws") and "unused" in line for line in lines([result()], [grown]))


def test_a_change_that_is_not_the_difference_of_its_sides_says_why():
    said = lines([result(inference_time=emulated(64_000, 6_400))], [result(inference_time=emulated(70_400))])
    (row,) = (line for line in said if line.startswith("kws "))
    assert row.split()[2:6] == ["ms", "1.000", "1.100", "+0.200"]
    assert "note: kws: inference: +0.100 ms with alignment cycles, which are not judged" in said
    plainly = lines([result()], [result(inference_time=emulated(70_400, 640))])
    assert not any("alignment" in line for line in plainly)


def test_states_keys_and_notes_are_told():
    head = result(
        build=replace(BUILD, compiler="gcc 14"), instrument=replace(INSTRUMENT, cost_table="nrf52840/9")
    )
    said = lines([result(), failed("a"), result("b")], [head, result("a"), skipped("b"), result("c")])
    for line in (
        "note: kws: compiler: gcc 12.2 -> gcc 14",
        "note: kws: cost table: nrf52840/3 -> nrf52840/9",
        "note: a: fixed: it failed at the base",
        "note: b: skipped: not touched by the change",
        "note: c: new",
    ):
        assert line in said
    assert "failed: kws: it does not compile" in lines([result()], [failed()])
    assert "note: kws: removed" in lines([result()], [])


def test_symbols_are_told_largest_first():
    base = result(flash=Flash(100, (), symbols=tuple((f"f{n}", 10) for n in range(9))))
    head = result(flash=Flash(145, (), symbols=tuple((f"f{n}", 10 + n) for n in range(9))))
    said = [line for line in lines([base], [head]) if " bytes in " in line or " more " in line]
    assert said[0] == "note: kws: +8 bytes in f8"
    assert said[-1] == "note: kws: and 3 more functions and objects changed"


def test_without_a_baseline():
    said = lines(None, [result()], notes=["the branch is new"])
    assert said[0] == "no baseline"
    assert said[-1] == "note: the branch is new"


def test_names_of_firmware_cannot_steer_the_terminal():
    bad = "kws\x1b[2J"
    text = "\n".join(lines([replace(flash(1), sketch=bad)], [replace(flash(2), sketch=bad)], notes=["\x07"]))
    assert "\x1b" not in text
    assert "\x07" not in text


def test_who_accepted_is_told():
    found = accepted(compare([flash(1)], [flash(2)], FAILING), "label of maintainer")
    assert plain(change_table(found)).splitlines()[-1] == "note: accepted: label of maintainer"


@settings(max_examples=30)
@given(sets, sets)
def test_any_comparison_can_be_shown(base, head):
    text = plain(change_table(compare(base, head, FAILING)))
    for item in (*base, *head):
        assert item.sketch in text

"""How a change is judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from comparables import (
    BOARD,
    BUILD,
    INSTRUMENT,
    clocked,
    emulated,
    failed,
    on_board,
    result,
    results,
    sets,
    skipped,
    spilled,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlbench.compare import Thresholds, accepted, compare
from mlbench.core.measures import keys, rows
from mlbench.results.comparison import (
    Comparison,
    Delta,
    JobChange,
    JobState,
    KeyChange,
    Limit,
    Side,
    SymbolChange,
    Threshold,
    Verdict,
)
from mlbench.results.values import Absent, Amount, Flash, RamNeed, Result, UnusedRam

MEASURES = keys()
BIGGER_IS_BETTER = {measure.key for measure in rows() if measure.more_is_better}

TIME_LIMITS = Thresholds((("inference_time", Threshold(Limit(percent=1), Limit(percent=5))),))


def flash_limits(warn: Limit = Limit(), fail: Limit = Limit()) -> Thresholds:  # noqa: B008 (frozen)
    return Thresholds((("flash", Threshold(warn, fail)),))


def job(base: Result | None, head: Result | None, thresholds: Thresholds = Thresholds()) -> JobChange:  # noqa: B008
    found = compare([base] if base else [], [head] if head else [], thresholds)
    assert len(found.jobs) == 1
    return found.jobs[0]


def delta(
    measure: str,
    base: Result | None,
    head: Result | None,
    thresholds: Thresholds = Thresholds(),  # noqa: B008
) -> Delta:
    change = job(base, head, thresholds)
    assert tuple(item.measure for item in change.deltas) == MEASURES
    return change.deltas[MEASURES.index(measure)]


def flash(size: int, **keys: object) -> Result:
    return result(flash=Flash(size, (), **keys))


# -- one measure ---------------------------------------------------------------------------------


def test_the_change_is_absolute_and_per_cent():
    found = delta("flash", flash(100_000), flash(101_500))
    assert (found.change, found.percent, found.verdict) == (1500, 1.5, Verdict.WORSE)
    assert (found.base.value, found.head.value) == (100_000, 101_500)


def test_only_figures_of_the_same_proposed_function_are_subtracted():
    """Nobody named them, and the change may have moved the work elsewhere."""
    first, second = (
        result(inference_time=replace(emulated(us), proposed=name))
        for us, name in ((128_000, "score"), (64_000, "predict"))
    )
    found = delta("inference_time", first, second)
    assert (found.change, found.note) == (None, "of other functions (score and predict): not subtracted")
    named = result(inference_time=emulated(128_000))
    assert delta("inference_time", named, first).note.startswith("of other functions (a named one and score)")
    assert delta("inference_time", first, first).verdict is Verdict.UNCHANGED


@pytest.mark.parametrize(
    ("measure", "more"),
    [
        ("flash", result(flash=Flash(200_000, ()))),
        ("ram_need", result(ram_need=RamNeed(70_000, 0, 0, 0))),
        ("init_time", result(init_time=emulated(12_800))),
        ("inference_time", result(inference_time=emulated(128_000))),
    ],
)
def test_more_is_worse_of_what_is_used(measure, more):
    assert delta(measure, result(), more).verdict is Verdict.WORSE
    assert delta(measure, more, result()).verdict is Verdict.BETTER


def test_more_is_better_of_what_is_left():
    more = result(unused_ram=UnusedRam(104_096, "replay", True, 3, 9))
    assert delta("unused_ram", result(), more).verdict is Verdict.BETTER
    assert delta("unused_ram", more, result()).verdict is Verdict.WORSE


@pytest.mark.parametrize(
    ("grown", "verdict"),
    [
        (0, Verdict.UNCHANGED),
        (1, Verdict.WORSE),
        (1024, Verdict.WORSE),
        (1025, Verdict.WARN),
        (5000, Verdict.WARN),
        (5001, Verdict.FAIL),
        (-9000, Verdict.BETTER),
    ],
)
def test_a_limit_is_passed_by_more_than_it(grown, verdict):
    limits = flash_limits(Limit(1024), Limit(percent=5))
    assert delta("flash", flash(100_000), flash(100_000 + grown), limits).verdict is verdict


def test_of_two_limits_the_first_that_is_passed_counts():
    limits = flash_limits(fail=Limit(1000, 5))
    assert delta("flash", flash(100_000), flash(101_001), limits).verdict is Verdict.FAIL
    assert delta("flash", flash(1000), flash(1051), limits).verdict is Verdict.FAIL
    assert delta("flash", flash(1000), flash(1050), limits).verdict is Verdict.WORSE


def test_growth_from_nothing_passes_every_percentage():
    found = delta("flash", flash(0), flash(1), flash_limits(fail=Limit(percent=1000)))
    assert (found.percent, found.verdict) == (None, Verdict.FAIL)


def test_thresholds_of_one_sketch_go_before_the_general_ones():
    limits = Thresholds(
        (("flash", Threshold(fail=Limit(0))),), (("kws", (("flash", Threshold(warn=Limit(0))),)),)
    )
    assert delta("flash", flash(1), flash(2), limits).verdict is Verdict.WARN
    other = replace(flash(1), sketch="har"), replace(flash(2), sketch="har")
    assert delta("flash", *other, limits).verdict is Verdict.FAIL


# -- emulated times ------------------------------------------------------------------------------


def test_placement_alone_is_noise():
    base, head = result(inference_time=emulated(64_000, 640)), result(inference_time=emulated(64_640, 1280))
    found = delta("inference_time", base, head, TIME_LIMITS)
    assert (found.verdict, found.change) == (Verdict.NOISE, 0)
    assert (found.base.value, found.head.value, found.head.steady) == (1000, 1010, 990)
    assert found.note == "+10.000 us of alignment cycles alone"


def test_the_verdict_counts_cycles_without_placement():
    base, head = result(inference_time=emulated(100_000)), result(inference_time=emulated(102_000, 1_500))
    found = delta("inference_time", base, head, TIME_LIMITS)
    assert found.percent == pytest.approx(0.5)
    assert found.verdict is Verdict.WORSE
    worse = result(inference_time=emulated(106_000, 0))
    assert delta("inference_time", base, worse, TIME_LIMITS).verdict is Verdict.FAIL


OVER = "over the limit for failing as measured, within it without what the verdict sets aside"


@pytest.mark.parametrize(
    ("placement", "verdict"),
    [(5_001, Verdict.WARN), (6_000, Verdict.WARN), (7_000, Verdict.WARN), (500, Verdict.FAIL)],
    ids=["a little worse", "equal without", "better without", "worse anyway"],
)
def test_a_time_over_a_limit_is_never_praised(placement, verdict):
    """Whatever placement explains of it: 6 % more, where 5 % are too much."""
    base, head = result(inference_time=emulated(100_000)), result(inference_time=emulated(106_000, placement))
    found = delta("inference_time", base, head, TIME_LIMITS)
    assert found.verdict is verdict
    assert (OVER in found.note) is (verdict is Verdict.WARN)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_verdict_hides_a_time_over_its_limit(cycles, more, one, other):
    base, head = emulated(cycles + one, one), emulated(cycles + more + other, other)
    limits = TIME_LIMITS
    found = delta("inference_time", result(inference_time=base), result(inference_time=head), limits)
    if head.median_us > 1.05 * base.median_us * (1 + 1e-12):
        assert found.verdict in (Verdict.FAIL, Verdict.WARN)


@given(st.integers(1, 10**8), st.integers(0, 10**6), st.integers(0, 10**6))
def test_equal_cycles_without_placement_are_equal(cycles, one, other):
    base, head = emulated(cycles + one, one), emulated(cycles + other, other)
    found = delta("inference_time", result(inference_time=base), result(inference_time=head))
    assert found.change == 0


# -- times of boards -----------------------------------------------------------------------------


def test_a_difference_inside_the_spread_is_noise():
    base, head = result(inference_time=clocked(100, 95, 110)), result(inference_time=clocked(108, 104, 115))
    found = delta("inference_time", base, head)
    assert found.verdict is Verdict.NOISE
    assert found.note == "inside the spread: 95.000-110.000 us and 104.000-115.000 us overlap"


def test_a_difference_outside_the_spread_is_a_change():
    base, head = result(inference_time=clocked(100, 95, 103)), result(inference_time=clocked(108, 104, 115))
    assert delta("inference_time", base, head, TIME_LIMITS).verdict is Verdict.FAIL


def test_what_was_measured_once_says_so():
    base, head = result(init_time=clocked(100, count=1)), result(init_time=clocked(101, count=1))
    found = delta("init_time", base, head)
    assert found.verdict is Verdict.WORSE
    assert "how far it spreads is not known" in found.note


@pytest.mark.parametrize("mads", [(12, 12), (12, 0), (0, 12)])
def test_a_change_within_three_deviations_of_either_side_is_noise(mads):
    base = result(inference_time=on_board(10_000, mads[0]))
    for change, verdict in ((36, Verdict.NOISE), (37, Verdict.WORSE), (-36, Verdict.NOISE)):
        head = result(inference_time=on_board(10_000 + change, mads[1]))
        found = delta("inference_time", base, head)
        assert found.verdict is verdict
        assert found.change == change
        noisy = "inside the noise: 3 median absolute deviations are 36.000 us"
        assert found.note == (noisy if verdict is Verdict.NOISE else "")
    better = result(inference_time=on_board(10_000 - 37, mads[1]))
    assert delta("inference_time", base, better).verdict is Verdict.BETTER


@pytest.mark.parametrize("steps", [(4.0, 4.0), (1.0, 4.0), (4.0, 1.0)])
@pytest.mark.parametrize("count", [2, 12])
def test_a_step_of_the_clock_is_noise(steps, count):
    base = result(inference_time=on_board(10_000, 0, count=count, resolution=steps[0]))
    for change, verdict in (
        (4, Verdict.NOISE),
        (5, Verdict.WORSE),
        (-4, Verdict.NOISE),
        (-5, Verdict.BETTER),
    ):
        time = on_board(10_000 + change, 0, count=count, resolution=steps[1])
        found = delta("inference_time", base, result(inference_time=time))
        assert found.verdict is verdict
        assert found.note == ("inside the noise: the clock steps by 4 us" if abs(change) == 4 else "")


def test_noise_passes_no_limit():
    """A limit below what a board can tell apart would fail by chance; what passes it is told all the same."""
    base, head = (result(inference_time=on_board(us, 400, 900)) for us in (10_000, 11_100))
    found = delta("inference_time", base, head, TIME_LIMITS)
    assert found.verdict is Verdict.WARN
    assert found.note == f"inside the noise: 3 median absolute deviations are 1,200.000 us; {OVER}"
    assert delta("inference_time", head, base, TIME_LIMITS).verdict is Verdict.NOISE
    quiet = result(inference_time=on_board(11_100, 10, 900))
    quieter = result(inference_time=on_board(10_000, 10, 900))
    assert delta("inference_time", quieter, quiet, TIME_LIMITS).verdict is Verdict.FAIL


def test_one_run_that_was_held_up_hides_no_change_of_many():
    late = replace(on_board(10_000, 5, 10), maximum_us=30_000.0)
    base, head = result(inference_time=late), result(inference_time=on_board(10_500, 5, 10))
    assert delta("inference_time", base, head).verdict is Verdict.WORSE


@pytest.mark.parametrize(
    "changes", [{"count": 8}, {"mad_us": None, "first_us": None, "resolution_us": None}], ids=["few", "old"]
)
def test_of_few_runs_or_unknown_deviations_the_range_counts_too(changes):
    time = replace(on_board(10_000, 5, 400), **changes)
    base, head = result(inference_time=time), result(inference_time=on_board(10_500, 5, 400))
    assert delta("inference_time", base, head).note.startswith("inside the spread: ")
    apart = result(inference_time=on_board(10_900, 5, 400))
    assert delta("inference_time", base, apart).verdict is Verdict.WORSE


def test_an_emulated_spread_is_no_noise():
    """Its inferences differ by what they do, and do so each time."""
    base = result(inference_time=replace(emulated(64_000), minimum_us=900.0, maximum_us=1100.0))
    head = result(inference_time=replace(emulated(64_064), minimum_us=900.0, maximum_us=1100.0))
    assert delta("inference_time", base, head).verdict is Verdict.WORSE


# -- RAM and flash beside what explains them -----------------------------------------------------


def test_unused_ram_names_the_step_and_ram_need():
    head = result(
        unused_ram=UnusedRam(95_904, "replay", True, 3, 9), ram_need=RamNeed(60_008, 50_008, 8000, 2000)
    )
    found = delta("unused_ram", result(), head)
    assert (found.change, found.verdict) == (-4096, Verdict.WORSE)
    assert found.note == "the allocator takes memory in steps of 4,096 bytes; RAM need +8 bytes"


def test_overhead_is_told_apart_from_the_sketchs_own_growth():
    found = delta("flash", flash(100_000, overhead=80_000), flash(101_500, overhead=81_200))
    assert found.note == "core and start-up code +1,200 bytes, the sketch's own +300 bytes"
    hidden = delta("flash", flash(100_000, overhead=80_000), flash(100_000, overhead=80_100))
    assert hidden.note == "core and start-up code +100 bytes, the sketch's own -100 bytes"
    assert delta("flash", flash(100_000, overhead=1), flash(100_001, overhead=1)).note == ""
    assert delta("flash", flash(100_000), flash(100_001, overhead=1)).note == ""


def test_symbols_come_largest_change_first():
    base = flash(100, symbols=(("gone()", 40), ("same", 30), ("tanh", 20)))
    head = flash(100, symbols=(("same", 30), ("tanh", 10), ("new()", 50)))
    assert job(base, head).symbols == (
        SymbolChange("new()", 0, 50),
        SymbolChange("gone()", 40, 0),
        SymbolChange("tanh", 20, 10),
    )
    assert job(base, flash(100)).symbols == ()


def test_a_side_that_lists_its_largest_only_says_nothing_of_others():
    base = flash(100, symbols=(("large", 40),), unlisted=60)
    head = flash(101, symbols=(("large", 41), ("small", 10)))
    assert job(base, head).symbols == (SymbolChange("large", 40, 41),)


# -- keys ----------------------------------------------------------------------------------------


def test_another_library_version_is_named_and_subtracted():
    head = result(
        build=replace(BUILD, libraries=("MLBench@0.2.0",)), flash=Flash(148_153, (), overhead=80_000)
    )
    found = job(result(), head)
    assert found.build_changes == (KeyChange("library MLBench", "0.1.0", "0.2.0"),)
    assert found.deltas[0].change == 1


def test_only_the_version_of_a_library_changes_no_figure():
    found = job(result(), result(build=replace(BUILD, libraries=("MLBench@0.2.0", "New"))))
    assert found.build_changes == (
        KeyChange("library MLBench", "0.1.0", "0.2.0"),
        KeyChange("library New", "", "without a version"),
    )
    assert {delta.verdict for delta in found.deltas} == {Verdict.UNCHANGED}


@pytest.mark.parametrize("key", ["compiler", "platform", "builder", "fqbn"])
def test_other_tools_are_named_and_subtracted(key):
    found = job(result(), result(build=replace(BUILD, **{key: "another"})))
    assert found.build_changes == (KeyChange(key, getattr(BUILD, key), "another"),)
    assert all(delta.change == 0 for delta in found.deltas)


@pytest.mark.parametrize(
    ("field", "name"), [("version", "version"), ("cost_table", "cost table"), ("board", "board")]
)
def test_another_instrument_stands_beside_but_flash_is_subtracted(field, name):
    head = result(
        instrument=replace(INSTRUMENT, **{field: "new"}),
        flash=Flash(148_153, ()),
        inference_time=emulated(640_000),
    )
    found = job(result(), head, TIME_LIMITS)
    assert [change.key for change in found.instrument_changes] == [name]
    by_name = {delta.measure: delta for delta in found.deltas}
    assert by_name["flash"].change == 1
    assert by_name["static_ram"].change == 0
    for measure in set(MEASURES) - {"flash", "static_ram"}:
        assert by_name[measure].verdict is Verdict.NOT_COMPARED
        assert by_name[measure].change is None
        assert name in by_name[measure].note
    assert by_name["inference_time"].head.value == 10_000


# -- states --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "head", "state"),
    [
        (result(), result(), JobState.COMPARED),
        (None, result(), JobState.NEW),
        (None, failed(), JobState.NEW),
        (result(), None, JobState.REMOVED),
        (result(), failed(), JobState.BROKEN),
        (failed(), result(), JobState.FIXED),
        (failed(), failed(), JobState.FAILED),
        (result(), skipped(), JobState.SKIPPED),
        (failed(), skipped(), JobState.SKIPPED),
        (skipped(), result(), JobState.COMPARED),
    ],
)
def test_every_job_has_its_place(base, head, state):
    found = job(base, head)
    assert found.state is state
    assert (found.base, found.head) == (base, head)
    if state is not JobState.COMPARED:
        assert {item.verdict for item in found.deltas} == {Verdict.NOT_COMPARED}


def test_without_a_baseline_nothing_is_new():
    found = compare(None, [result(), failed("har"), skipped("tiny")], notes=["the first run"])
    assert found.base is None
    assert [item.state for item in found.jobs] == [JobState.COMPARED, JobState.FAILED, JobState.SKIPPED]
    assert found.notes == ("the first run",)
    assert not found.regressed
    assert all(delta.base is None for item in found.jobs for delta in item.deltas)


def test_a_sketch_that_no_longer_fits_has_passed_every_limit():
    every = Threshold(Limit(10**9), Limit(10**9))
    limits = Thresholds(tuple((measure, every) for measure in MEASURES))
    found = job(result(), spilled(), limits)
    lost = [item for item in found.deltas if item.measure != "static_ram"]  # known without a run
    assert {item.verdict for item in lost} == {Verdict.FAIL}
    assert all(item.note.startswith("no longer fits the board") for item in lost)
    assert job(result(), spilled()).deltas[0].verdict is Verdict.WORSE
    assert {item.verdict for item in job(spilled(), spilled(), limits).deltas} <= {
        Verdict.UNCHANGED,
        Verdict.NOT_COMPARED,
    }


def test_a_measure_with_a_limit_that_goes_missing_is_no_silent_pass():
    gone = result(inference_time=Absent("f was not called"))
    assert delta("inference_time", result(), gone, TIME_LIMITS).verdict is Verdict.WARN
    found = delta("inference_time", result(), gone)
    assert (found.verdict, found.note) == (Verdict.NOT_COMPARED, "not measured any more: f was not called")
    assert delta("inference_time", gone, result(), TIME_LIMITS).verdict is Verdict.NOT_COMPARED


def test_a_job_that_is_there_twice_is_told():
    found = compare([result()], [flash(1), flash(2), result("har")])
    assert [item.sketch for item in found.jobs] == ["kws", "har"]
    assert found.jobs[0].deltas[0].head.value == 1
    assert found.notes == (f"kws on {BOARD} (emulator) is twice in the head; the first one counts",)
    assert compare([result(), result()], [result()]).notes == ()


def test_accepting_turns_failures_and_nothing_else():
    limits = flash_limits(fail=Limit(0))
    found = compare([flash(1), result("har")], [flash(2), result("har")], limits)
    assert found.regressed
    after = accepted(found, "label of a maintainer")
    assert not after.regressed
    assert after.accepted == "label of a maintainer"
    assert after.jobs[0].deltas[0].verdict is Verdict.ACCEPTED
    assert after.jobs[1] == found.jobs[1]
    quiet = compare([result()], [result()], limits)
    assert accepted(quiet, "somebody") == quiet


# -- laws ----------------------------------------------------------------------------------------

limits = st.builds(Limit, st.none() | st.integers(0, 5000), st.none() | st.integers(0, 50))
all_thresholds = st.lists(
    st.tuples(st.sampled_from(MEASURES), st.builds(Threshold, limits, limits)), unique_by=lambda r: r[0]
).map(lambda rules: Thresholds(tuple(rules)))

fewer = settings(max_examples=40)
"""Sets of results take their time to make up."""

GRAVITY = {
    Verdict.BETTER: 0,
    Verdict.UNCHANGED: 1,
    Verdict.NOISE: 1,
    Verdict.WORSE: 2,
    Verdict.WARN: 3,
    Verdict.FAIL: 4,
}


def by_job(found: Comparison) -> dict[tuple[str, str, str], JobChange]:
    return {(item.sketch, item.board, item.backend): item for item in found.jobs}


@fewer
@given(sets, all_thresholds)
def test_nothing_differs_from_itself(mine, thresholds):
    found = compare(mine, mine, thresholds, base_side=Side("a"), head_side=Side("b"))
    assert not found.regressed
    for item in found.jobs:
        assert item.state in (JobState.COMPARED, JobState.FAILED, JobState.SKIPPED)
        assert (item.build_changes, item.instrument_changes, item.symbols) == ((), (), ())
        assert {delta.verdict for delta in item.deltas} <= {Verdict.UNCHANGED, Verdict.NOT_COMPARED}


@fewer
@given(sets, sets, all_thresholds)
def test_swapping_the_sides_negates_every_change(base, head, thresholds):
    there, back = by_job(compare(base, head, thresholds)), by_job(compare(head, base, thresholds))
    assert there.keys() == back.keys()
    for key, item in there.items():
        other = back[key]
        assert [(k.key, k.head, k.base) for k in other.build_changes] == [
            (k.key, k.base, k.head) for k in item.build_changes
        ]
        assert {(s.name, s.head, s.base) for s in other.symbols} == {
            (s.name, s.base, s.head) for s in item.symbols
        }
        for mine, its in zip(item.deltas, other.deltas, strict=True):
            assert (mine.base, mine.head) == (its.head, its.base)
            assert mine.change == (None if its.change is None else -its.change)
            fits_no_more = "no longer fits" in its.note
            if mine.verdict in (Verdict.UNCHANGED, Verdict.NOISE) and not fits_no_more:
                assert its.verdict is mine.verdict
            if mine.verdict is Verdict.BETTER:
                assert its.verdict in (Verdict.WORSE, Verdict.WARN, Verdict.FAIL)


@given(st.data(), st.sampled_from(MEASURES), all_thresholds)
def test_a_larger_change_for_the_worse_is_never_judged_milder(data, measure, thresholds):
    value = {
        "flash": lambda n: Flash(n, ()),
        "unused_ram": lambda n: UnusedRam(n, "replay", True, 3, 9),
        "static_ram": Amount,
        "ram_need": lambda n: RamNeed(n, 0, 0, 0),
        "init_time": lambda n: clocked(n, max(0, n - 7), n + 7),
        "inference_time": data.draw(
            st.sampled_from([emulated, lambda n: on_board(n, 9, 20), lambda n: on_board(n, 9, 20, 3, 50)])
        ),
    }[measure]
    number = st.integers(0, 20_000)
    before = data.draw(number)
    less, more = sorted((data.draw(number), data.draw(number)), reverse=measure in BIGGER_IS_BETTER)
    base = result(**{measure: value(before)})
    one, other = (delta(measure, base, result(**{measure: value(n)}), thresholds) for n in (less, more))
    assert GRAVITY[one.verdict] <= GRAVITY[other.verdict]


@fewer
@given(sets, sets, all_thresholds, st.randoms(use_true_random=False))
def test_the_order_of_results_changes_only_the_order_of_jobs(base, head, thresholds, random):
    mixed_base, mixed_head = random.sample(base, len(base)), random.sample(head, len(head))
    assert by_job(compare(base, head, thresholds)) == by_job(compare(mixed_base, mixed_head, thresholds))


@fewer
@given(sets, sets, all_thresholds)
def test_every_job_is_there_once_and_a_fail_needs_a_limit(base, head, thresholds):
    found = compare(base, head, thresholds)
    keys = [(r.sketch, r.board, r.backend) for r in (*head, *base)]
    assert [(i.sketch, i.board, i.backend) for i in found.jobs] == list(dict.fromkeys(keys))
    assert found.regressed == any(d.verdict is Verdict.FAIL for i in found.jobs for d in i.deltas)
    for item in found.jobs:
        for delta in item.deltas:
            if delta.verdict is Verdict.FAIL:
                assert delta.threshold.fail != Limit()
            if delta.verdict is Verdict.WARN:
                assert delta.threshold != Threshold()
            if delta.percent is not None:
                assert delta.percent == delta.percent  # no NaN
                assert delta.change is not None


@fewer
@given(sets, sets)
def test_without_thresholds_nothing_fails(base, head):
    verdicts = {d.verdict for i in compare(base, head).jobs for d in i.deltas}
    assert not verdicts & {Verdict.FAIL, Verdict.WARN, Verdict.ACCEPTED}


@given(results(), results(), all_thresholds)
@example(result(), spilled(), flash_limits(fail=Limit(0)))
def test_what_is_not_there_is_never_subtracted(base, head, thresholds):
    head = replace(head, sketch=base.sketch, board=base.board, backend=base.backend)
    for item in compare([base], [head], thresholds).jobs[0].deltas:
        if item.base.value is None or item.head.value is None:
            assert item.change is None
            assert item.percent is None


def test_a_part_is_told_where_the_whole_is_not_compared_or_it_has_a_limit():
    more = result(static_ram=Amount(50_100), ram_need=RamNeed(60_100, 50_100, 8_000, 2_000))
    plain, limited = (
        job(result(), more, limits)
        for limits in (Thresholds(), Thresholds((("static_ram", Threshold(fail=Limit(50))),)))
    )
    assert "static_ram" not in {item.measure for item in plain.shown_deltas}
    assert [item.verdict for item in limited.shown_deltas if item.measure == "static_ram"] == [Verdict.FAIL]
    lost = Absent("nothing runs it")
    (there, here) = (result(static_ram=Amount(size), ram_need=lost) for size in (50_000, 50_100))
    assert [item.change for item in job(there, here).shown_deltas if item.measure == "static_ram"] == [100]


def counted(by_sections: int, by_platform: int | None) -> Result:
    return result(flash=Flash(by_sections, ((".text", by_sections),), platform_bytes=by_platform))


@pytest.mark.parametrize(
    ("base", "head", "change"),
    [
        ((500, 900), (520, 980), 80),
        ((500, 500), (520, 980), 480),
        ((500, None), (520, 980), 20),
        ((500, 900), (520, None), 20),
        ((500, None), (520, 520), 20),
        ((500, None), (520, None), 20),
    ],
)
def test_flash_is_subtracted_by_one_count(base, head, change):
    (flash, *_) = job(counted(*base), counted(*head)).deltas
    assert flash.change == change == flash.head.value - flash.base.value
    one_sided = (base[1] is None) != (head[1] is None) and 520 not in (base[1], head[1])
    assert ("by the image's sections" in flash.note) == one_sided


def test_one_side_is_shown_as_the_platform_counts_it():
    (found,) = compare(None, [counted(500, 900)]).jobs
    assert found.deltas[0].head.value == 900

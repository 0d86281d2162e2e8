"""Which functions changed a time: sums, callers, and the one that moved it most."""

from __future__ import annotations

from dataclasses import replace

import pytest
from comparables import emulated, result
from hypothesis import given
from hypothesis import strategies as st

from mlbench.compare import compare
from mlbench.compare.functions import function_changes, operator_changes, time_change
from mlbench.core.call_tree import CallPath, CallTree
from mlbench.core.measures import row
from mlbench.reports.comment import comment_markdown
from mlbench.results.call_codec import decode_calls, encode_calls
from mlbench.results.comparison import Limit, Verdict
from mlbench.results.comparison_file import from_json, to_json
from mlbench.suite.thresholds import Thresholds, rules_of


def tree(*rows: tuple[str, int, int]) -> CallTree:
    """Paths as ``a;b``, each behind that of its caller, with cycles and calls."""
    places: dict[str, int] = {}
    paths = []
    for stack, cycles, calls in rows:
        above, _, name = stack.rpartition(";")
        paths.append(CallPath(places.get(above, -1), name, cycles, calls))
        places[stack] = len(paths) - 1
    return CallTree(tuple(paths))


BASE = tree(("run", 1_000, 1), ("run;conv", 2_000, 2), ("run;conv;dot", 40_000, 50), ("run;dot", 20_000, 20))
HEAD = tree(
    ("run", 1_000, 1), ("run;conv", 1_900, 2), ("run;conv;dot", 44_000, 50), ("run;dot", 30_000, 30)
)  # fmt: skip


@st.composite
def trees(draw: st.DrawFn) -> CallTree:
    count = draw(st.integers(0, 12))
    return CallTree(
        tuple(
            CallPath(
                draw(st.integers(-1, index - 1)),
                draw(st.sampled_from("abcd")),
                draw(st.integers(0, 1000)),
                draw(st.integers(0, 9)),
            )
            for index in range(count)
        )
    )


@given(trees(), trees())
def test_changes_add_up_and_swap_their_signs(base: CallTree, head: CallTree) -> None:
    changes = function_changes(base, head)
    assert sum(each.change for each in changes) == head.total - base.total
    assert {each.name: -each.change for each in function_changes(head, base)} == {
        each.name: each.change for each in changes
    }
    for each in changes:
        assert sum(caller.head - caller.base for caller in each.callers) == each.change


@given(trees())
def test_functions_take_what_their_paths_take(calls: CallTree) -> None:
    assert sum(function.cycles for function in calls.functions) == calls.total
    for function in calls.functions:
        assert function.cycles <= function.inclusive <= calls.total
    trimmed = calls.trimmed(4)
    assert trimmed.total == calls.total
    assert len(trimmed.paths) <= max(4, len(calls.paths))
    assert len(trimmed.paths) <= 2 * 4


def test_a_function_that_calls_itself_counts_once() -> None:
    calls = tree(("f", 1, 1), ("f;g", 10, 1), ("f;g;f", 100, 1))
    assert calls.function("f").inclusive == 111
    assert calls.function("f").cycles == 101


def test_the_function_that_moved_a_time_most_is_named_with_its_callers() -> None:
    head = result(inference_time=replace(emulated(76_900), calls=HEAD))
    base = result(inference_time=replace(emulated(63_000), calls=BASE))
    job = compare([base], [head]).jobs[0]
    change = time_change(job, "inference_time")
    assert change is not None
    assert change.main is not None
    assert (change.main.name, change.main.change, change.total) == ("dot", 14_000, 13_900)
    assert [(caller.caller, caller.head - caller.base) for caller in change.main.callers] == [
        ("run", 10_000), ("conv", 4_000),
    ]  # fmt: skip
    assert change.us(64) == 1.0


def test_nothing_is_told_where_a_side_does_not_know() -> None:
    head, base = result(inference_time=replace(emulated(76_900), calls=HEAD)), result()
    assert time_change(compare([base], [head]).jobs[0], "inference_time") is None


def test_a_function_has_a_limit_of_its_own() -> None:
    limits = rules_of(
        {"function dot": {"fail": Limit(percent=5)}, "function conv": {"warn": Limit(percent=1)}}
    )
    thresholds = Thresholds(limits)
    base = result(inference_time=replace(emulated(63_000), calls=BASE))
    head = result(inference_time=replace(emulated(76_900), calls=HEAD))
    comparison = compare([base], [head], thresholds)
    dot, conv = comparison.jobs[0].deltas[-2:]
    assert (dot.measure, dot.verdict, dot.change) == ("function dot", Verdict.FAIL, 14_000 / 64)
    assert (conv.measure, conv.verdict) == ("function conv", Verdict.WARN)
    assert comparison.regressed
    assert from_json(to_json(comparison), "here") == comparison
    text = comment_markdown(comparison, title="mlbench")
    assert "| dot(), ms |" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert compare([base], [base], thresholds).jobs[0].deltas[-1].verdict is Verdict.UNCHANGED


def test_a_function_that_is_gone_is_a_warning() -> None:
    thresholds = Thresholds(rules_of({"function dot": {"fail": Limit(percent=5)}}))
    base = result(inference_time=replace(emulated(63_000), calls=BASE))
    head = result(inference_time=replace(emulated(3_000), calls=tree(("run", 3_000, 1))))
    (delta,) = compare([base], [head], thresholds).jobs[0].deltas[-1:]
    assert delta.verdict is Verdict.WARN
    assert delta.head is not None
    assert delta.head.absent == "not called, or inlined"


def test_names_of_functions_mean_nothing_in_reports() -> None:
    name = row("function a::<b>www.x.com/@me|`dot`(int)").name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz_:()")


def test_operators_are_paired_where_the_graph_is_the_same() -> None:
    def graph(*cycles: int) -> CallTree:
        kernel = "tflite::conv::Eval(TfLiteContext*, TfLiteNode*)"
        calls = (CallPath(0, kernel, each, 1) for each in cycles)
        return CallTree((CallPath(-1, "tflite::MicroInterpreter::Invoke()", 10, 1), *calls))

    changes = operator_changes(graph(100, 200, 300), graph(110, 200, 200))
    assert [(each.index, each.name, each.head - each.base) for each in changes] == [
        (2, "CONV", -100), (0, "CONV", 10),
    ]  # fmt: skip
    assert operator_changes(graph(100, 200), graph(100, 200, 300)) == ()


def test_a_tree_of_too_many_calls_is_refused() -> None:
    data = encode_calls(BASE)
    assert decode_calls(data) == BASE
    with pytest.raises(ValueError, match="more than 5,000 calls"):
        decode_calls({**data, "paths": data["paths"][:1] * 5_001})
    with pytest.raises(ValueError, match="not a tree"):
        decode_calls({**data, "paths": ["0 0 1 1"]})

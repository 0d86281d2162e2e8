"""Where a time changed, in the comment, the summary and on a terminal."""

from __future__ import annotations

from dataclasses import replace

from comparables import emulated, result
from rendered import page

from mlbench.compare import compare
from mlbench.core.call_tree import CallPath, CallTree
from mlbench.reports.comment import comment_markdown
from mlbench.reports.comparison_table import change_table
from mlbench.reports.wording import own_name, short_name
from mlbench.results.comparison import Comparison, Side

DOT = "tiny::(anonymous namespace)::dot(signed char const*, int)"


def calls(dot: int, count: int = 20, *, more: int = 0) -> CallTree:
    paths = (
        CallPath(-1, "Model::run()", 6_400, 1),
        CallPath(0, "tiny::conv<int (*)(int)>(Filter const&)", 64_000, 1),
        CallPath(1, DOT, dot, count),
        *((CallPath(0, "memcpy", more, 3),) if more else ()),
    )
    return CallTree(paths)


def comparison(base: CallTree, head: CallTree, placement: int = 0) -> Comparison:
    sides = [
        result(inference_time=replace(emulated(tree.total, placement if tree is head else 0), calls=tree))
        for tree in (base, head)
    ]
    return compare(sides[:1], sides[1:], base_side=Side("a" * 40), head_side=Side("b" * 40))


def test_the_row_names_the_function_that_moved_the_time() -> None:
    moved = comparison(calls(640_000), calls(876_800, more=6_400))
    text = page(comment_markdown(moved, title="mlbench")).text
    assert "dot() +3.70 of +3.80 ms" in text
    assert "Where time changed: dot() +3.70 ms" in text
    assert "memcpy" in text
    remarks = change_table(moved).remarks
    assert any("inference: dot() +3.70 of +3.80 ms" in remark for remark in remarks)


def test_calls_that_became_more_are_told() -> None:
    text = page(comment_markdown(comparison(calls(640_000, 20), calls(960_000, 30)), title="mlbench")).text
    assert "dot() +5.00 of +5.00 ms, 30 calls instead of 20" in text
    assert "20 → 30" in text
    first = page(comment_markdown(comparison(calls(640_000), calls(640_000, more=64_000)), title="x")).text
    assert "memcpy +1.00 of +1.00 ms, not called before" in first


def test_what_alignment_cycles_did_is_blamed_on_no_function() -> None:
    text = page(comment_markdown(comparison(calls(640_000), calls(700_000), 59_000), title="mlbench")).text
    assert "dot() +" not in text.partition("Where time changed")[0]


def test_names_lose_their_arguments_and_namespaces() -> None:
    assert short_name(DOT) == "tiny::(anonymous namespace)::dot()"
    assert own_name(DOT) == "dot()"
    assert own_name("Model::Model()") == "Model::Model()"
    assert own_name("arm_nn_dot") == "arm_nn_dot"

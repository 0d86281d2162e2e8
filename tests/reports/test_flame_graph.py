"""Flame graphs and tables of where a time goes."""

from __future__ import annotations

import re
from dataclasses import replace

from comparables import emulated, result
from lxml import etree
from rendered import page

from mlbench.compare import compare
from mlbench.core.call_tree import CallPath, CallTree
from mlbench.reports.flame_graph import flame_graphs
from mlbench.reports.formats import Heading, find
from mlbench.reports.summary import summary_markdown

EVIL = "<script>alert(1)</script>"
KERNEL = "tflite::ops::micro::conv::Eval(TfLiteContext*, TfLiteNode*)"


def calls(slow: int) -> CallTree:
    return CallTree(
        (
            CallPath(-1, "tflite::MicroInterpreter::Invoke()", 1_000, 1),
            CallPath(0, KERNEL, 3_000, 1),
            CallPath(1, "dot", slow, 40),
            CallPath(0, KERNEL, 20_000, 1),
            CallPath(-1, f"SysTick {EVIL}", 6_000, 3),
        )
    )


def bars(graph: str) -> dict[str, float]:
    """Widths by the beginning of their tooltips, together."""
    widths: dict[str, float] = {}
    svg = etree.fromstring(graph)
    for bar in svg.iter("svg"):
        title = bar.find("title")
        if title is not None:
            name = re.split(r": (?=[0-9.,]+ ms)", title.text)[0]
            widths[name] = widths.get(name, 0) + float(bar.get("width").rstrip("%"))
    return widths


def test_bars_are_as_wide_as_what_they_stand_for() -> None:
    head = result(inference_time=replace(emulated(calls(70_000).total), calls=calls(70_000)))
    (graph,) = re.findall(
        r"<svg class=.*?\n</svg>\n</details>", flame_graphs(compare(None, [head])), re.DOTALL
    )
    widths = bars(graph.removesuffix("</details>"))
    assert widths["tflite::MicroInterpreter::Invoke()"] == 94.0
    assert widths[KERNEL] == 93.0
    assert widths["dot"] == 70.0


def test_a_change_has_a_graph_of_its_own_and_names_are_text() -> None:
    sides = [
        result(inference_time=replace(emulated(calls(slow).total), calls=calls(slow)))
        for slow in (70_000, 90_000)
    ]
    html = find("html").write(compare(sides[:1], sides[1:]), Heading())
    assert isinstance(html, str)
    assert html.count('class="flame"') == 2
    assert "dot: 1.406 ms (75.0 %), 40 calls; +0.312 ms" in html
    assert "Change: +0.312 ms" in html
    assert EVIL not in html
    same = find("html").write(compare(sides[:1], sides[:1]), Heading())
    assert isinstance(same, str)
    assert same.count('class="flame"') == 1


def test_the_summary_has_functions_and_operators() -> None:
    head = result(inference_time=replace(emulated(calls(70_000).total), calls=calls(70_000)))
    text = page(summary_markdown(compare(None, [head]))).text
    assert "Operator of inference" in text
    rows = summary_markdown(compare(None, [head])).split("Operator of inference")[1]
    assert [line.split(" | ")[2] for line in rows.split("\n")[2:5]] == ["73,000", "20,000", "93,000"]
    assert "Most time of inference" in text

"""A sketch that its loader does not start has a line of its own in reports, and its limits in figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import samples

from mlbench.compare import compare
from mlbench.core.firmware import MemoryLimit
from mlbench.pipeline.run import exit_status
from mlbench.reports.annotations import annotations_of
from mlbench.reports.comment import comment_markdown
from mlbench.reports.junit import to_junit
from mlbench.reports.markdown import to_markdown
from mlbench.reports.summary import summary_markdown
from mlbench.reports.table import make_table, plain
from mlbench.results.result_file import Document, RunInfo, from_json, to_json
from mlbench.results.values import Failure, Result

REASON = "the loader's LLEXT heap has 98,304 bytes, and the sketch takes 204,800"
MEMORIES = (
    MemoryLimit("sketch partition", 204_816, 557_056, (("header", 0), ("sketch", 204_816))),
    MemoryLimit("LLEXT heap", 204_800, 98_304, ((".rodata", 200_000), (".text", 4_800))),
    MemoryLimit("main stack", 0, None, unknown="there is no ELF file"),
)


def refused() -> Result:
    failing = samples.failed("spotter", Failure(REASON, outcome="not started"), flash=204_816)
    return replace(failing, memories=MEMORIES)


def test_the_table_has_a_line_of_its_own() -> None:
    lines = plain(make_table((refused(),))).splitlines()
    assert any(line.startswith("not started: spotter on ") and line.endswith(REASON) for line in lines)
    assert not any(line.startswith("failed: ") for line in lines)
    shares = (
        "sketch partition 204,816 of 557,056 bytes (37 %); LLEXT heap 204,800 of 98,304 bytes (208 %); "
        "main stack of a size that is not known"
    )
    assert f"note: spotter: {shares}" in lines


@pytest.mark.parametrize("report", [comment_markdown, summary_markdown])
def test_the_comment_and_the_summary_say_it(report: object) -> None:
    comparison = compare(None, (refused(),), head_side=samples.HEAD)
    assert f"not started: {REASON}" in report(comparison, title="mlbench")  # type: ignore[operator]


def test_the_markdown_table_says_it() -> None:
    text = to_markdown((refused(),))
    assert f"<code>spotter</code> not started: {REASON}" in text
    assert "| not started |" in text


def test_junit_has_a_failure_of_its_own_type() -> None:
    root = ElementTree.fromstring(to_junit(compare(None, (refused(),), head_side=samples.HEAD)))
    (failure,) = root.iter("failure")
    assert failure.get("type") == "not started"
    assert failure.get("message") == f"not started: {REASON}"


def test_annotations_and_the_exit_status(tmp_path: Path) -> None:
    (annotation,) = annotations_of(compare(None, (refused(),), head_side=samples.HEAD), tmp_path)
    assert annotation.title == "spotter not started"
    assert exit_status((refused(),)) == 3


def test_a_result_file_keeps_it() -> None:
    document = Document((refused(),), RunInfo("0.1.0"))
    assert from_json(to_json(document), "x").results == document.results

"""What firmware printed last stands beside its failure, in every report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from test_escaping import EVIL

from mlbench.compare import compare
from mlbench.reports.annotations import annotations_of
from mlbench.reports.comment import comment_markdown
from mlbench.reports.formats import Heading, find
from mlbench.reports.junit import to_junit
from mlbench.reports.last_lines import last_line, last_lines
from mlbench.reports.markdown import to_markdown
from mlbench.reports.summary import summary_markdown
from mlbench.reports.table import make_table, plain
from mlbench.results.comparison import Comparison

NEEDED = "Arena size is too small for all buffers. Needed 3000 but only 2000 was available."
FAILED = "AllocateTensors() failed"
PRINTED = f"model v3\r\n{NEEDED}\r\n{FAILED}\r\n"


def failing(serial: str = PRINTED):
    return replace(samples.failed("arena", samples.CRASH, flash=3_952), serial=serial)


def comparison(serial: str = PRINTED) -> Comparison:
    return compare(None, (failing(serial),), head_side=samples.HEAD)


def test_the_table_has_them_below_the_failure():
    text = plain(make_table((failing(),)))
    assert (
        f"    the last lines that it printed:\n        model v3\n        {NEEDED}\n        {FAILED}\n" in text
    )


@pytest.mark.parametrize("report", [comment_markdown, summary_markdown])
def test_markdown_names_the_last_one_and_shows_the_others(report):
    text = report(comparison(), title="mlbench")
    item = next(line for line in text.splitlines() if "hung in TVMPlatformAbort" in line)
    assert f"it printed last: <code>{FAILED}</code>" in item
    assert f"```text\nmodel v3\n{NEEDED}\n{FAILED}\n```" in text


def test_the_markdown_table_names_the_last_one():
    assert f"it printed last: <code>{FAILED}</code>" in to_markdown((failing(),))


def test_the_html_page_has_them():
    assert f"{NEEDED}\n{FAILED}\n</code></pre>" in find("html").write(comparison(), Heading())


def test_junit_has_them_as_output_of_the_failing_case():
    root = ElementTree.fromstring(to_junit(comparison()))
    (case,) = (case for case in root.iter("testcase") if case.find("failure") is not None)
    assert case.findtext("system-out") == f"model v3\n{NEEDED}\n{FAILED}"


def test_annotations_have_them(tmp_path: Path):
    (annotation,) = annotations_of(comparison(), tmp_path)
    assert annotation.message.endswith(f"the last lines that it printed:\nmodel v3\n{NEEDED}\n{FAILED}")


def test_a_silent_sketch_adds_nothing(tmp_path: Path):
    for text in (
        plain(make_table((failing(" \r\n"),))),
        comment_markdown(comparison(""), title="mlbench"),
        to_markdown((failing(""),)),
        annotations_of(comparison(""), tmp_path)[0].message,
    ):
        assert "printed" not in text
    (case,) = (
        case
        for case in ElementTree.fromstring(to_junit(comparison(""))).iter("testcase")
        if case.find("failure") is not None
    )
    assert case.find("system-out") is None


def test_a_sketch_that_works_has_none():
    assert last_lines(samples.result("works")) == ()
    assert last_lines(None) == ()


def test_ten_lines_are_kept_and_the_cut_is_marked():
    lines = last_lines(failing("".join(f"{number}\n" for number in range(30))))
    assert lines == ("…", *(str(number) for number in range(20, 30)))


@given(st.lists(EVIL, max_size=30).map("\n".join) | st.text(min_size=990, max_size=1_200))
def test_they_are_bounded_printable_and_the_end(serial):
    lines = last_lines(failing(serial))
    assert len(lines) <= 11
    assert sum(map(len, lines)) <= 1_001
    assert all("\n" not in line and "\x1b" not in line for line in lines)
    if lines:
        assert last_line(failing(serial)) in lines

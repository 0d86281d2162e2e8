"""Foreign text in Markdown, as GitHub's own parser shows it."""

from __future__ import annotations

import pytest
from foreign_text import EVIL
from hypothesis import given
from hypothesis import strategies as st
from rendered import LINKED, page

from mlbench.reports.escaping import code, fence, link, prose
from mlbench.util.text import elide, printable


def squeezed(text: str) -> str:
    """Blanks as a browser shows them."""
    return " ".join(text.split())


@given(EVIL)
def test_prose_shows_the_text_and_nothing_else(text):
    for around, elements in (
        ("before {} after", {"p", "code"}),
        ("- {}", {"ul", "li", "code"}),
        ("{}", {"p", "code"}),
    ):
        shown = page(around.format(prose(text, 9_999)))
        assert shown.elements <= elements
        expected = printable(text)
        assert squeezed(shown.text) == squeezed(around.removeprefix("- ").format(expected))
        assert not LINKED.search(shown.plain), shown.plain
        assert shown.links == []


@given(EVIL)
def test_code_shows_the_text_and_nothing_else(text):
    for around in ("before {} after", "{}"):
        shown = page(around.format(code(text, 9_999)))
        assert shown.elements == {"p", "code"}
        assert shown.attributes == set()
        assert squeezed(shown.text) == squeezed(around.format(printable(text).strip() or "(no name)"))


@given(EVIL, EVIL)
def test_cells_stay_cells(first, second):
    row = f"| {code(first, 9_999)} | {prose(second, 9_999)} |"
    shown = page(f"| a | b |\n| --- | --- |\n{row}\n| {prose(first, 9_999)} | x |")
    assert shown.tables == [[2, 2, 2]]
    assert shown.elements <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    expected = ["a", "b", printable(first).strip() or "(no name)", printable(second), printable(first), "x"]
    assert [squeezed(cell) for cell in shown.cells] == [squeezed(cell) for cell in expected]
    assert not LINKED.search(shown.plain)


@given(st.lists(EVIL, max_size=5).map("\n".join))
def test_nothing_ends_a_fence(text):
    shown = page(f"before\n\n{fence(text)}\n\nafter")
    assert shown.elements == {"p", "pre", "code"}
    lines = text.rstrip("\n").split("\n")
    assert shown.blocks == ["".join(f"{printable(line)}\n" for line in lines)]


@given(EVIL, st.integers(3, 60))
def test_what_is_too_long_loses_its_middle(text, limit):
    short = elide(text, limit)
    whole = printable(text)
    assert len(short) <= limit
    assert (
        short == whole
        if len(whole) <= limit
        else short[0] == whole[0] and short[-1] == whole[-1] and "…" in short
    )


def test_ordinary_names_stay_readable_in_the_source():
    assert code("keyword_spotting_graph") == "<code>keyword_spotting_graph</code>"
    assert code("Model::inference(float const&)") == "<code>Model::inference(float const&#38;)</code>"
    assert prose("hung in TVMPlatformAbort (model.c:88)") == "hung in TVMPlatformAbort (model.c:88)"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.yz/)[", "https://x.yz/ a", "https://x.yz/<b>", ""]
)
def test_only_plain_addresses_are_linked(url):
    assert link("the run", url) == "the run"
    assert page(link("the run", "https://x.yz/a/b?c=d&e=f%20")).links == ["https://x.yz/a/b?c=d&e=f%20"]

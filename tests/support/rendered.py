"""Markdown as GitHub shows it: its own parser, and a look at what its filters would make links of."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

OURS = {
    *("h3", "h4", "p", "code", "pre", "details", "summary", "strong", "sub", "br", "a", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
"""The elements that the reports are made of."""

# What GitHub's filters make a link or a picture of in text outside of <code> and <pre>.
LINKED = re.compile(
    r"(?<![\w`])@[a-z0-9][\w-]*|#\d|\b(?:gh|[a-z][a-z0-9]+)-\d|\bghsa-|:[\w+-]+:|https?:|www\.|[\w.]@\w"
    r"|(?<![^\W_])[0-9a-f]{7,40}(?![^\W_])",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """What a page consists of.

    ``tables`` has the number of cells of each row, ``blocks`` the texts of <pre>, ``plain`` the text outside
    of code and links. Pieces that only comments part are together, as GitHub drops those.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.links: list[str] = []
        self.tables: list[list[int]] = []
        self.unbalanced: list[str] = []
        self._text: list[str] = []
        self._plain: list[str] = []
        self._cells: list[list[str]] = []
        self._blocks: list[list[str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.unbalanced += self._open
        self.text, self.plain = "".join(self._text), "".join(self._plain)
        self.cells = ["".join(pieces) for pieces in self._cells]
        self.blocks = ["".join(pieces) for pieces in self._blocks]

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self._plain.append("\n")
        if tag == "br":
            return
        self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append(0)
        elif tag in ("td", "th"):
            self.tables[-1][-1] += 1
            self._cells.append([])
        elif tag == "pre":
            self._blocks.append([])

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)
        self._plain.append("\n")

    def handle_data(self, data):
        self._text.append(data)
        inside = set(self._open)
        if not {"code", "pre", "a"} & inside:
            self._plain.append(data)
        if {"td", "th"} & inside:
            self._cells[-1].append(data)
        if "pre" in inside:
            self._blocks[-1].append(data)


def html(markdown: str) -> str:
    """As GitHub's parser renders a comment. Raw HTML stays, as it does there for the elements we use."""
    return cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)


def page(markdown: str) -> Page:
    return Page(html(markdown))


def row_widths(markdown: str) -> list[set[int]]:
    """How many cells the rows of each table are written with: the parser drops those too many in silence."""
    tables: list[set[int]] = []
    inside = False
    for line in markdown.splitlines():
        row = line.startswith("|")
        if row and not inside:
            tables.append(set())
        if row:
            tables[-1].add(line.count("|") - 1)
        inside = row
    return tables

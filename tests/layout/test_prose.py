"""The docs and the messages: words that users know, links that lead somewhere, messages that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "SECURITY.md"])
PRIVATE = re.compile(
    r"\b(rooms|wiring|handed (?:in|on|over)|foretold|foretell|calm|let_rest|live board|wish(?:es)?|manners?|"
    r"way of|hot path|placement|faithful|islands?|untouched|counterparts?|believed|gathered|legs?|homes|"
    r"reads of a build|lend|seal(?:ed)?|perturb\w*|neighbours|gone mad|look over this machine)\b",
    re.IGNORECASE,
)
"""The project's former words. Keys and options that users have written stay, in code spans."""


def prose(text: str) -> str:
    """The text without code blocks, code spans, and the targets of links."""
    text = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`]*`", "``", text)
    return re.sub(r"\]\([^)]*\)", "]", text)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    body = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", body, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    body = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", body))
    return [target for target in targets if "://" not in target]


@cache
def texts_of_the_package() -> tuple[tuple[Path, int, str], ...]:
    """Each text constant of the package but docstrings."""
    texts = []
    for path in sorted((ROOT / "mlbench").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                texts.append((path.relative_to(ROOT), node.lineno, node.value))
    return tuple(texts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_uses_no_private_word(page: Path) -> None:
    assert PRIVATE.findall(prose(page.read_text(encoding="utf-8"))) == []


def test_messages_use_no_private_word() -> None:
    """Texts with a blank in them; a key or an option alone is no prose."""
    bad = [
        (str(path), line, match.group())
        for path, line, text in texts_of_the_package()
        if " " in text.strip()
        for match in [PRIVATE.search(re.sub(r"`[^`]*`|--[\w|-]+", "", text))]
        if match
    ]
    assert bad == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for target in links(page):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


def test_the_index_leads_to_every_page() -> None:
    named = {target.partition("#")[0] for target in links(ROOT / "docs" / "index.md")}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - named - {"index.md"} == set()


def test_troubleshooting_quotes_messages_that_exist() -> None:
    """Each piece between the ``...`` of a quoted message stands in the code."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    messages = re.findall(r"^\| `([^`]+)`[^|]*\|", text, flags=re.MULTILINE)
    assert len(messages) > 20
    known = "\0".join(text for _, _, text in texts_of_the_package())
    pieces = [piece.strip() for message in messages for piece in message.split("...")]
    assert [piece for piece in pieces if len(piece) > 3 and piece not in known] == []

"""One meaning a word: class names are unique, and the project's former private words stay away."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = {
    *("Rooms", "Handed", "Foretold", "Kept", "Awake", "Orders", "Order", "Live", "Claims", "ClaimedBoard"),
    *("Wish", "Manner", "Marked", "MarkKind", "Named", "HotPath", "Death", "Counterpart", "Homes"),
    *("foretell", "foretold", "calm", "let_rest", "way_of", "named_functions", "parse_wish", "of_death"),
    *("counterpart", "find_untouched", "lend_core", "perturb", "believed", "gathered"),
}
"""Names of classes and functions; what the field says instead is in the modules that hold them now."""


def definitions(*kinds: type[ast.AST]) -> dict[str, list[str]]:
    """Where the package defines each name, by what sort of definition it is."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "mlbench").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kinds):
                found[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_a_class_name_has_one_meaning() -> None:
    found = definitions(ast.ClassDef)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_no_private_word_names_a_class_or_function() -> None:
    found = definitions(ast.ClassDef, ast.FunctionDef)
    assert {name: places for name, places in found.items() if name in PRIVATE} == {}

"""One meaning a word: class names are unique, private words stay away, variables have telling names."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = {
    *("Rooms", "Handed", "Foretold", "Kept", "Awake", "Orders", "Order", "Live", "Claims", "ClaimedBoard"),
    *("Wish", "Manner", "Marked", "MarkKind", "Named", "HotPath", "Death", "Counterpart", "Homes"),
    *("foretell", "foretold", "calm", "let_rest", "way_of", "named_functions", "parse_wish", "of_death"),
    *("counterpart", "find_untouched", "lend_core", "perturb", "believed", "gathered"),
}
"""Names of classes and functions; what the field says instead is in the modules that hold them now."""
VAGUE = {"found", "said", "told", "asked", "made", "kept", "here"}
"""Names that do not say what a variable holds; a noun does: ``symbols``, ``match``, ``port``."""
NAMED_BY_NOUNS = (
    *("action", "arduino", "baseline", "boards", "cli", "compare", "core", "cycles", "devtools", "elf"),
    *("emulator", "firmware", "github", "host", "measure", "pipeline", "ports", "renode", "reports"),
    *("results", "simulated", "source", "suite", "targets", "testing", "util"),
)
"""Folders in which no variable has a vague name. A folder is added when its variables have been renamed."""


def definitions(*kinds: type[ast.AST]) -> dict[str, list[str]]:
    """Where the package defines each name, by what sort of definition it is."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "mlbench").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kinds):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return places


def test_a_class_name_has_one_meaning() -> None:
    defined = definitions(ast.ClassDef)
    assert {name: places for name, places in defined.items() if len(places) > 1} == {}


def test_no_private_word_names_a_class_or_function() -> None:
    defined = definitions(ast.ClassDef, ast.FunctionDef)
    assert {name: places for name, places in defined.items() if name in PRIVATE} == {}


def variables(function: ast.AST) -> Iterator[tuple[str, int]]:
    """Parameters and local variables of a function, with their lines; fields of classes are neither."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs) and node.name:
            yield node.name, node.lineno


def vague_variables(source: str) -> set[tuple[int, str]]:
    """The variables with vague names in a module's functions, each with its line."""
    functions = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )
    return {(line, name) for function in functions for name, line in variables(function) if name in VAGUE}


@pytest.mark.parametrize("folder", NAMED_BY_NOUNS)
def test_variables_are_named_by_what_they_hold(folder: str) -> None:
    package = ROOT / "mlbench"
    paths = sorted((package / folder).rglob("*.py"))
    assert paths
    vague = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in paths
        for line, name in sorted(vague_variables(path.read_text(encoding="utf-8")))
    ]
    assert vague == []


@pytest.mark.parametrize(
    "code",
    [
        "found = 1",
        "found: int = 1",
        "for found in (): pass",
        "with open('f') as found: pass",
        "if (found := 1): pass",
        "return [found for found in ()]",
        "try: pass\n    except OSError as found: pass",
        "first, *found = ()",
        "return lambda found: 1",
    ],
)
def test_every_way_to_name_a_variable_is_seen(code: str) -> None:
    assert {name for _, name in vague_variables(f"def function():\n    {code}\n")} == {"found"}


def test_parameters_are_variables_and_fields_are_not() -> None:
    assert vague_variables("def function(found, *, kept=1): ...") == {(1, "found"), (1, "kept")}
    assert vague_variables("class Upload:\n    asked: bool = False\n") == set()

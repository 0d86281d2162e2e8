"""The page on results, held to the schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlbench.errors import STATUS_ORDER
from mlbench.util.schema import load_schema

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")


def keys_of(node: Any) -> set[str]:
    found = set()
    if isinstance(node, dict):
        found |= set(node.get("properties", {}))
        for value in node.values():
            found |= keys_of(value)
    return found


def test_every_key_is_explained():
    schema = load_schema("mlbench.results", "result.schema.json")
    named = set(re.findall(r"`(\w+)`", PAGE)) | {"absent"}
    assert keys_of(schema) <= named


def test_every_exit_status_is_listed():
    table = PAGE.partition("## Exit status")[2]
    assert {int(status) for status in re.findall(r"^\| (\d) \|", table, re.MULTILINE)} == set(STATUS_ORDER)
